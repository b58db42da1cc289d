/* idx.c - the IDX files of MNIST and its relatives, plain or gzip: in a folder by their four
 * standard names, or by any names (data.train.images and so on). Big-endian: 0 0 TYPE DIMENSIONS,
 * one int32 a dimension, then the values (http://yann.lecun.com/exdb/mnist). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/columns.h"
#include "data/format.h"
#include "data/formats/array.h"

enum { IMAGES = 0x803, LABELS = 0x801, DIMENSIONS_MAX = 32, LISTED = 16 };
enum { QMNIST_COLUMNS = 8 };

typedef struct {
  ls_source base;
  ls_array array[2]; /* images, labels (gz NULL: none) */
} idx;

/* ---- a folder without the standard names ---- */

/* What it holds, and which of these are probably meant. */
typedef struct {
  char *listed;      /* the first few names */
  char *guess[2][2]; /* by train or test, images or labels: the first such name; NULL: none */
} folder;

static bool has_word(const char *name, const char *a, const char *b) {
  return strstr(name, a) || strstr(name, b);
}

static void list_name(folder *f, const char *format, const char *text) {
  char *before = f->listed, *next = ls_mem_format(format, text);
  f->listed = ls_mem_format("%s%s", before ? before : "", next);
  LS_FREE(before);
  LS_FREE(next);
}

static void guess_role(folder *f, const char *name) {
  const bool is[2] = {has_word(name, "image", "Image"), has_word(name, "label", "Label")};
  const bool of[2] = {has_word(name, "train", "Train"), has_word(name, "t10k", "test")};
  for (int s = 0; s < 2; s++)
    for (int k = 0; k < 2; k++)
      if (of[s] && is[k] && !of[1 - s] && !f->guess[s][k]) f->guess[s][k] = ls_mem_text(name);
}

/* In order of their names: those of one set come together. */
static void look_into(const char *dir, folder *f) {
  struct dirent **entry;
  int n = scandir(dir, &entry, NULL, alphasort), listed = 0;
  for (int i = 0; i < n; i++) {
    const char *name = entry[i]->d_name;
    if (*name != '.' && ++listed <= LISTED) list_name(f, listed > 1 ? ", %s" : "%s", name);
    if (*name != '.') guess_role(f, name);
    free(entry[i]);
  }
  if (listed > LISTED) list_name(f, "%s", ", ...");
  if (n >= 0) free(entry);
}

/* ": there are a, b; say data.train: {images: DIR/a, labels: DIR/b}" in place of data.dir. */
static char *advice(const char *dir, const folder *f) {
  char *const *train = f->guess[0], *const *test = f->guess[1];
  struct stat about;
  if (stat(dir, &about) == 0 && S_ISREG(about.st_mode))
    return ls_mem_format(
        "data.dir is a folder; of files in a zip archive say data.train: {images: %s/FILE, labels: "
        "%s/FILE}",
        dir, dir);
  if (!f->listed) return ls_mem_text("data.dir must hold the four files of an IDX set");
  if (!train[0] || !train[1])
    return ls_mem_format(
        "there are %s; files of other names go into data.train: {images: FILE, labels: FILE}, "
        "the same for test, in place of data.dir",
        f->listed);
  char *more = test[0] && test[1] ? ls_mem_format(", test: {images: %s/%s, labels: %s/%s}", dir,
                                                  test[0], dir, test[1])
                                  : ls_mem_text("");
  char *text = ls_mem_format(
      "there are %s; in place of data.dir say data: {..., train: {images: %s/%s, labels: %s/%s}%s}",
      f->listed, dir, train[0], dir, train[1], more);
  LS_FREE(more);
  return text;
}

static ls_status no_file(const char *dir, const char *name) {
  static const char debian[] = "/usr/share/datasets/";
  folder f = {0};
  if (access(dir, F_OK) != 0 && strncmp(dir, debian, sizeof debian - 1) == 0)
    return ls_fail(LS_EDATA,
                   "%s/%s: no such file, with or without .gz; install the data: apt-get install "
                   "dataset-%s",
                   dir, name, dir + sizeof debian - 1);
  look_into(dir, &f);
  char *text = advice(dir, &f);
  ls_status status =
      ls_fail(LS_EDATA, "%s/%s: no such file, with or without .gz; %s", dir, name, text);
  LS_FREE(text);
  LS_FREE(f.listed);
  for (int i = 0; i < 4; i++) LS_FREE(f.guess[i / 2][i % 2]);
  return status;
}

/* ---- which files ---- */

/* dir/name or dir/name.gz, whichever is there; NULL: neither. */
static char *find(const char *dir, const char *name) {
  char *path = ls_mem_format("%s/%s", dir, name);
  if (access(path, F_OK) == 0) return path;
  LS_FREE(path);
  path = ls_mem_format("%s/%s.gz", dir, name);
  if (access(path, F_OK) != 0) LS_FREE(path);
  return path;
}

/* Of a folder: train must be there, test may be. */
static ls_status find_pair(const char *dir, ls_split split, char *path[2]) {
  static const char *const what[2] = {"images-idx3", "labels-idx1"};
  char name[64];
  for (int k = 0; k < 2; k++) {
    snprintf(name, sizeof name, "%s-%s-ubyte", split == LS_SPLIT_TRAIN ? "train" : "t10k", what[k]);
    path[k] = find(dir, name);
    bool left_out = split == LS_SPLIT_TEST && !path[0];
    if (!path[k] && !left_out) return no_file(dir, name);
  }
  if (path[0] || !path[1]) return LS_OK;
  return no_file(dir, "t10k-images-idx3-ubyte");
}

/* ---- headers ---- */

static int64_t big_endian(const unsigned char *b) {
  return (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

bool ls_idx_magic(const unsigned char head[4], ls_dtype *type) {
  static const struct {
    int code;
    ls_dtype type;
  } known[] = {{0x08, LS_U8},  {0x09, LS_I8},  {0x0B, LS_I16},
               {0x0C, LS_I32}, {0x0D, LS_F32}, {0x0E, LS_F64}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    *type = known[k].type;
    if (head[2] == known[k].code)
      return head[0] == 0 && head[1] == 0 && head[3] >= 1 && head[3] <= DIMENSIONS_MAX;
  }
  return false;
}

/* A folder's names say what is what, so images and labels that are each other's are a mistake. */
static ls_status check_magic(const ls_array *a, const unsigned char head[4], int i, bool standard) {
  static const int64_t magic[2] = {IMAGES, LABELS};
  static const char *const what[2] = {"images", "labels"};
  const unsigned long long is = (unsigned long long)big_endian(head);
  ls_dtype type;
  if (standard && big_endian(head) == magic[1 - i])
    return ls_fail(LS_EDATA,
                   "%s: magic number 0x%08llx where 0x%08llx belongs (%s of unsigned bytes): this "
                   "is a file of %s",
                   a->path, is, (unsigned long long)magic[i], what[i], what[1 - i]);
  if (ls_idx_magic(head, &type)) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: magic number 0x%08llx: this is no IDX file (two zeros, a type of 0x08 to "
                 "0x0e, 1 to %d dimensions)",
                 a->path, is, DIMENSIONS_MAX);
}

static ls_status ends_within(const ls_array *a, size_t got, size_t bytes) {
  return ls_fail(LS_EDATA, "%s: ends after %zu bytes, within the header of %zu", a->path, got,
                 bytes);
}

static ls_status open_array(idx *r, int i, const char *path, bool standard) {
  ls_array *a = &r->array[i];
  unsigned char head[4 + 4 * DIMENSIONS_MAX];
  int64_t dimension[DIMENSIONS_MAX];
  size_t got;
  a->path = r->base.file[i].path = ls_mem_text(path);
  LS_TRY(ls_gz_open(path, &a->gz));
  LS_TRY(ls_gz_read(a->gz, head, 4, &got));
  if (got < 4) return ends_within(a, got, 4);
  LS_TRY(check_magic(a, head, i, standard));
  ls_idx_magic(head, &a->type);
  a->big = true;
  a->header = 4 + 4 * (size_t)head[3];
  LS_TRY(ls_gz_read(a->gz, head + 4, a->header - 4, &got));
  if (got < a->header - 4) return ends_within(a, got + 4, a->header);
  for (int k = 0; k < head[3]; k++) dimension[k] = big_endian(head + 4 + 4 * k);
  return ls_array_shape(a, dimension, head[3]);
}

static ls_status check_labels(const idx *r, bool classes) {
  const ls_array *y = &r->array[1];
  if (y->rows != r->base.shape.rows)
    return ls_fail(LS_EDATA, "%s: %lld labels for the %lld images of %s", y->path,
                   (long long)y->rows, (long long)r->base.shape.rows, r->base.file[0].path);
  if (classes && y->width == QMNIST_COLUMNS && y->type == LS_I32)
    return ls_fail(LS_EDATA,
                   "%s: 8 numbers a label: QMNIST's extended labels, of which the first is the "
                   "class; write that alone as an IDX file: "
                   "numpy.frombuffer(data, '>i4', offset=12).reshape(-1, 8)[:, 0].astype('u1')",
                   y->path);
  return LS_OK;
}

/* path[1] NULL: images alone. */
static ls_status open_pair(const ls_opening *what, char *const path[2], bool standard,
                           ls_source **out) {
  LS_TRY(ls_source_new(&ls_format_idx, sizeof(idx), path[1] ? 2 : 1, out));
  idx *r = (idx *)*out;
  ls_status status = open_array(r, 0, path[0], standard);
  if (status == LS_OK) ls_array_inputs(&r->array[0], &r->base.shape);
  if (status == LS_OK && path[1]) status = open_array(r, 1, path[1], standard);
  if (status == LS_OK && path[1]) status = check_labels(r, what->classes);
  if (status == LS_OK) r->base.shape.outputs = r->array[1].width;
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* A pair of files, or (for predict) one of images, or what of the split is in a folder, which has
 * no validation. */
static ls_status open_idx(const ls_opening *what, ls_source **out) {
  const ls_data_spec *spec = what->spec;
  char *pair[2] = {(char *)what->file, spec->inputs ? NULL : spec->source[what->split].y};
  if (what->file) return open_pair(what, pair, false, out);
  if (what->split == LS_SPLIT_VALIDATION) return LS_OK;
  char *found[2] = {NULL, NULL};
  ls_status status = find_pair(spec->dir, what->split, found);
  if (status == LS_OK && found[0]) status = open_pair(what, found, true, out);
  LS_FREE(found[0]);
  LS_FREE(found[1]);
  return status;
}

/* ---- rows ---- */

static ls_status read_idx(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  idx *r = (idx *)source;
  if (x) LS_TRY(ls_array_read(&r->array[0], rows, cell, x));
  if (r->array[1].gz) LS_TRY(ls_array_read(&r->array[1], rows, LS_F64, y));
  for (int i = 0; i < source->files && r->array[0].row == source->shape.rows; i++)
    ls_array_about(&r->array[i], &source->file[i]);
  return LS_OK;
}

static ls_status rewind_idx(ls_source *source) {
  idx *r = (idx *)source;
  LS_TRY(ls_array_rewind(&r->array[0]));
  return r->array[1].gz ? ls_array_rewind(&r->array[1]) : LS_OK;
}

static void place_idx(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  snprintf(text, size, "%s: sample %lld", source->file[column < 0].path, (long long)row);
}

static void close_idx(ls_source *source) {
  for (int i = 0; i < 2; i++) ls_gz_close(&((idx *)source)->array[i].gz);
}

static ls_status columns_idx(const ls_source *source, ls_columns *out) {
  for (int k = 0; k < source->files; k++)
    ls_array_type(&((const idx *)source)->array[k], out->stored[k], sizeof out->stored[k]);
  return LS_OK;
}

const ls_format ls_format_idx = {
    .name = "idx",
    .open = open_idx,
    .read = read_idx,
    .rewind = rewind_idx,
    .place = place_idx,
    .columns = columns_idx,
    .close = close_idx,
};
