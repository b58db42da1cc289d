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
#include "base/typed.h"
#include "data/format.h"
#include "data/formats/array.h"
#include "io/h5sign.h"
#include "io/signature.h"

enum { IMAGES = 0x803, LABELS = 0x801, DIMENSIONS_MAX = 32, LISTED = 16 };
enum { QMNIST_COLUMNS = 8 };

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
  const unsigned is = (unsigned)big_endian(head);
  ls_dtype type;
  if (standard && is == magic[1 - i])
    return ls_fail(LS_EDATA,
                   "%s: magic number 0x%08x where 0x%08x belongs (%s of unsigned bytes): this "
                   "is a file of %s",
                   a->path, is, (unsigned)magic[i], what[i], what[1 - i]);
  if (ls_idx_magic(head, &type)) return LS_OK;
  const ls_signature *other =
      ls_h5_signature(a->path) >= 0 ? ls_signature_hdf5 : ls_h5_instead(a->path);
  if (other)
    return ls_fail_remedy(ls_fail(LS_EDATA, "%s: no IDX file but %s", a->path, other->what),
                          other->remedy, a->path);
  return ls_fail(LS_EDATA,
                 "%s: magic number 0x%08x: this is no IDX file (two zeros, a type of 0x08 to "
                 "0x0e, 1 to %d dimensions)",
                 a->path, is, DIMENSIONS_MAX);
}

static ls_status ends_within(const ls_array *a, size_t got, size_t bytes) {
  return ls_fail(LS_EDATA, "%s: ends after %zu bytes, within the header of %zu", a->path, got,
                 bytes);
}

static ls_status read_header(ls_array *a, int role, const ls_opening *what) {
  unsigned char head[4 + 4 * DIMENSIONS_MAX];
  int64_t dimension[DIMENSIONS_MAX];
  size_t got;
  LS_TRY(ls_gz_read(a->gz, head, 4, &got));
  if (got < 4) return ends_within(a, got, 4);
  LS_TRY(check_magic(a, head, role, !what->file));
  ls_idx_magic(head, &a->type);
  a->big = true;
  a->header = 4 + 4 * (size_t)head[3];
  LS_TRY(ls_gz_read(a->gz, head + 4, a->header - 4, &got));
  if (got < a->header - 4) return ends_within(a, got + 4, a->header);
  for (int k = 0; k < head[3]; k++) dimension[k] = big_endian(head + 4 + 4 * k);
  return ls_array_shape(a, dimension, head[3]);
}

static ls_status check_labels(const ls_arrays *files, bool classes) {
  const ls_array *x = &files->array[0], *y = &files->array[1];
  if (y->rows != x->rows)
    return ls_fail(LS_EDATA, "%s: %jd labels for the %jd images of %s", y->path, y->rows, x->rows,
                   x->path);
  if (classes && y->width > 1 && x->width == 1)
    return ls_fail(LS_EDATA,
                   "%s: %jd numbers a label, and one an image in %s: are images and labels each "
                   "other's?",
                   y->path, y->width, x->path);
  if (classes && y->width == QMNIST_COLUMNS && y->type == LS_I32)
    return ls_fail(LS_EDATA,
                   "%s: 8 numbers a label: QMNIST's extended labels, of which the first is the "
                   "class; write that alone as an IDX file: "
                   "numpy.frombuffer(data, '>i4', offset=12).reshape(-1, 8)[:, 0].astype('u1')",
                   y->path);
  return LS_OK;
}

static const ls_array_kind kind = {&ls_format_idx, read_header, check_labels};

/* A pair of files, or (for predict) one of images, or what of the split is in a folder, which has
 * no validation. */
static ls_status open_idx(const ls_opening *what, ls_source **out) {
  const ls_data_spec *spec = what->spec;
  char *pair[2] = {(char *)what->file, spec->inputs ? NULL : spec->source[what->split].y};
  if (what->file) return ls_arrays_open(&kind, what, pair, out);
  if (what->split == LS_SPLIT_VALIDATION) return LS_OK;
  char *found[2] = {NULL, NULL};
  ls_status status = find_pair(spec->dir, what->split, found);
  if (status == LS_OK && found[0]) status = ls_arrays_open(&kind, what, found, out);
  LS_FREE(found[0]);
  LS_FREE(found[1]);
  return status;
}

static void place_idx(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  snprintf(text, size, "%s: sample %jd", source->file[column < 0].path, row);
}

const ls_format ls_format_idx = {
    .name = "idx",
    .open = open_idx,
    .read = ls_arrays_read,
    .rewind = ls_arrays_rewind,
    .place = place_idx,
    .columns = ls_arrays_columns,
    .close = ls_arrays_close,
};
