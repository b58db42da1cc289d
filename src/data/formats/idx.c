/* idx.c - the IDX files of MNIST and its relatives: four standard names, plain or gzip.
 * Big-endian: 0 0 TYPE DIMENSIONS, one int32 a dimension, then the values
 * (http://yann.lecun.com/exdb/mnist). */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/columns.h"
#include "io/gz.h"

enum { IMAGES = 0x803, LABELS = 0x801, CHUNK = 1 << 16 };

typedef struct {
  ls_source base;
  ls_gz *gz[2]; /* images, labels (or NULL) */
  int64_t row;  /* rows read */
} idx;

/* dir/name or dir/name.gz, whichever is there. */
static ls_status find(const char *dir, const char *name, char **path) {
  *path = ls_mem_format("%s/%s", dir, name);
  if (access(*path, F_OK) == 0) return LS_OK;
  LS_FREE(*path);
  *path = ls_mem_format("%s/%s.gz", dir, name);
  if (access(*path, F_OK) == 0) return LS_OK;
  bool debian = strncmp(dir, "/usr/share/datasets/", 20) == 0;
  return ls_fail(LS_EDATA, "%s/%s: no such file, with or without .gz; %s%s", dir, name,
                 debian ? "install the data: apt-get install dataset-"
                        : "data.dir must hold the four files of an IDX set",
                 debian ? dir + 20 : "");
}

static int64_t big_endian(const unsigned char *b) {
  return (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static const char *kind(int64_t magic) {
  if (magic == IMAGES) return "this is a file of images";
  return magic == LABELS ? "this is a file of labels" : "this is no IDX file of unsigned bytes";
}

/* Read and check one header; dimension[0..dimensions). */
static ls_status read_header(idx *r, int i, int64_t magic, int dimensions, int64_t *dimension) {
  const char *path = r->base.file[i].path;
  unsigned char head[16];
  size_t got, bytes = 4 + 4 * (size_t)dimensions;
  LS_TRY(ls_gz_read(r->gz[i], head, bytes, &got));
  if (got >= 4 && big_endian(head) != magic)
    return ls_fail(LS_EDATA,
                   "%s: magic number 0x%08llx where 0x%08llx belongs (%s of unsigned bytes): %s",
                   path, (unsigned long long)big_endian(head), (unsigned long long)magic,
                   magic == IMAGES ? "images" : "labels", kind(big_endian(head)));
  if (got < bytes)
    return ls_fail(LS_EDATA, "%s: ends after %zu bytes, within the header of %zu", path, got,
                   bytes);
  int64_t values = 1;
  for (int k = 0; k < dimensions; k++) {
    dimension[k] = big_endian(head + 4 + 4 * k);
    if (dimension[k] == 0)
      return ls_fail(LS_EDATA, "%s: holds no samples: dimension %d is 0", path, k + 1);
    if (__builtin_mul_overflow(values, dimension[k], &values)) values = INT64_MAX;
  }
  if (values > ls_gz_bound(r->gz[i]) - (int64_t)bytes)
    return ls_fail(LS_EDATA,
                   "%s: its header declares %lld samples, more than its %lld bytes can hold; "
                   "truncated or damaged",
                   path, (long long)dimension[0], (long long)ls_gz_size(r->gz[i]));
  return LS_OK;
}

static ls_status open_images(idx *r, const char *path) {
  int64_t images[3] = {0};
  r->base.file[0].path = ls_mem_text(path);
  LS_TRY(ls_gz_open(path, &r->gz[0]));
  LS_TRY(read_header(r, 0, IMAGES, 3, images));
  r->base.shape = (ls_shape){.rows = images[0], .features = images[1] * images[2], .bytes = true};
  return LS_OK;
}

static ls_status open_pair(idx *r, const char *dir, ls_split split) {
  const char *part = split == LS_SPLIT_TRAIN ? "train" : "t10k";
  char *images = NULL, name[64];
  int64_t labels = 0;
  snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
  ls_status status = find(dir, name, &images);
  snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
  if (status == LS_OK) status = find(dir, name, &r->base.file[1].path);
  if (status == LS_OK) status = open_images(r, images);
  LS_FREE(images);
  LS_TRY(status);
  LS_TRY(ls_gz_open(r->base.file[1].path, &r->gz[1]));
  LS_TRY(read_header(r, 1, LABELS, 1, &labels));
  r->base.shape.outputs = 1;
  if (labels == r->base.shape.rows) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %lld labels for the %lld images of %s", r->base.file[1].path,
                 (long long)labels, (long long)r->base.shape.rows, r->base.file[0].path);
}

/* A folder of the four files, or (for predict) one file of images. */
static ls_status open_idx(const ls_opening *what, ls_source **out) {
  if (what->split == LS_SPLIT_VALIDATION) return LS_OK; /* IDX sets have none of their own */
  LS_TRY(ls_source_new(&ls_format_idx, sizeof(idx), what->file ? 1 : 2, out));
  idx *r = (idx *)*out;
  ls_status status =
      what->file ? open_images(r, what->file) : open_pair(r, what->spec->dir, what->split);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* ---- rows ---- */

static ls_status ends_early(const idx *r, int i, int64_t row) {
  return ls_fail(LS_EDATA, "%s: truncated: ends within sample %lld, its header declares %lld",
                 r->base.file[i].path, (long long)row, (long long)r->base.shape.rows);
}

static ls_status read_images(idx *r, int64_t rows, ls_dtype cell, void *x) {
  size_t got, count = (size_t)(rows * r->base.shape.features);
  if (cell == LS_U8) {
    LS_TRY(ls_gz_read(r->gz[0], x, count, &got));
    return got == count ? LS_OK : ends_early(r, 0, r->row + (int64_t)got / r->base.shape.features);
  }
  unsigned char part[CHUNK];
  for (size_t done = 0; done < count; done += got) {
    size_t want = count - done < CHUNK ? count - done : CHUNK;
    LS_TRY(ls_gz_read(r->gz[0], part, want, &got));
    if (got < want)
      return ends_early(r, 0, r->row + (int64_t)(done + got) / r->base.shape.features);
    ls_dtype_convert(LS_U8, part, (int64_t)got, cell, (char *)x + done * ls_dtype_size(cell));
  }
  return LS_OK;
}

static ls_status read_labels(idx *r, int64_t rows, double *y) {
  unsigned char part[CHUNK];
  size_t got;
  for (int64_t done = 0; done < rows; done += (int64_t)got) {
    size_t want = rows - done < CHUNK ? (size_t)(rows - done) : CHUNK;
    LS_TRY(ls_gz_read(r->gz[1], part, want, &got));
    if (got < want) return ends_early(r, 1, r->row + done + (int64_t)got);
    for (size_t k = 0; k < got; k++) y[done + (int64_t)k] = part[k];
  }
  return LS_OK;
}

static ls_status check_end(idx *r) {
  for (int i = 0; i < r->base.files; i++) {
    char more;
    size_t got;
    LS_TRY(ls_gz_read(r->gz[i], &more, 1, &got));
    if (got)
      return ls_fail(LS_EDATA, "%s: longer than its header declares (%lld samples)",
                     r->base.file[i].path, (long long)r->base.shape.rows);
    r->base.file[i].bytes = ls_gz_size(r->gz[i]);
    r->base.file[i].samples = r->base.shape.rows;
    ls_gz_digest(r->gz[i], r->base.file[i].digest);
  }
  return LS_OK;
}

static ls_status read_idx(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  idx *r = (idx *)source;
  LS_TRY(read_images(r, rows, cell, x));
  if (r->gz[1]) LS_TRY(read_labels(r, rows, y));
  r->row += rows;
  return r->row == r->base.shape.rows ? check_end(r) : LS_OK;
}

static void place_idx(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  snprintf(text, size, "%s: sample %lld", source->file[column < 0].path, (long long)row);
}

static void close_idx(ls_source *source) {
  for (int i = 0; i < 2; i++) ls_gz_close(&((idx *)source)->gz[i]);
}

static ls_status columns_idx(const ls_source *source, ls_columns *out) {
  for (int k = 0; k < source->files; k++) strcpy(out->stored[k], "uint8");
  return LS_OK;
}

const ls_format ls_format_idx = {"idx", open_idx, read_idx,  NULL,        NULL,
                                 NULL,  NULL,     place_idx, columns_idx, close_idx};
