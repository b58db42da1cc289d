/* idx.c - the IDX files of MNIST and its relatives: four standard names, plain or gzip.
 * Big-endian: 0 0 TYPE DIMENSIONS, one int32 a dimension, then the values
 * (http://yann.lecun.com/exdb/mnist). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/columns.h"
#include "data/formats/array.h"

enum { IMAGES = 0x803, LABELS = 0x801 };

typedef struct {
  ls_source base;
  ls_array array[2]; /* images, labels (gz NULL: none) */
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

static ls_status open_array(idx *r, int i, const char *path, int64_t magic, int dimensions) {
  ls_array *a = &r->array[i];
  unsigned char head[16];
  int64_t dimension[3];
  const size_t bytes = 4 + 4 * (size_t)dimensions;
  size_t got;
  r->base.file[i].path = ls_mem_text(path);
  *a = (ls_array){.path = r->base.file[i].path, .type = LS_U8, .big = true, .header = bytes};
  LS_TRY(ls_gz_open(path, &a->gz));
  LS_TRY(ls_gz_read(a->gz, head, bytes, &got));
  if (got >= 4 && big_endian(head) != magic)
    return ls_fail(LS_EDATA,
                   "%s: magic number 0x%08llx where 0x%08llx belongs (%s of unsigned bytes): %s",
                   path, (unsigned long long)big_endian(head), (unsigned long long)magic,
                   magic == IMAGES ? "images" : "labels", kind(big_endian(head)));
  if (got < bytes)
    return ls_fail(LS_EDATA, "%s: ends after %zu bytes, within the header of %zu", path, got,
                   bytes);
  for (int k = 0; k < dimensions; k++) dimension[k] = big_endian(head + 4 + 4 * k);
  return ls_array_shape(a, dimension, dimensions);
}

static ls_status open_images(idx *r, const char *path) {
  LS_TRY(open_array(r, 0, path, IMAGES, 3));
  ls_array_inputs(&r->array[0], &r->base.shape);
  return LS_OK;
}

static ls_status open_labels(idx *r, const char *path) {
  LS_TRY(open_array(r, 1, path, LABELS, 1));
  r->base.shape.outputs = 1;
  if (r->array[1].rows == r->base.shape.rows) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %lld labels for the %lld images of %s", path,
                 (long long)r->array[1].rows, (long long)r->base.shape.rows, r->base.file[0].path);
}

static ls_status open_pair(idx *r, const char *dir, ls_split split) {
  const char *part = split == LS_SPLIT_TRAIN ? "train" : "t10k";
  char *images = NULL, *labels = NULL, name[64];
  snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
  ls_status status = find(dir, name, &images);
  snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
  if (status == LS_OK) status = find(dir, name, &labels);
  if (status == LS_OK) status = open_images(r, images);
  if (status == LS_OK) status = open_labels(r, labels);
  LS_FREE(images);
  LS_FREE(labels);
  return status;
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

static ls_status read_idx(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  idx *r = (idx *)source;
  LS_TRY(ls_array_read(&r->array[0], rows, cell, x));
  if (r->array[1].gz) LS_TRY(ls_array_read(&r->array[1], rows, LS_F64, y));
  for (int i = 0; i < source->files && r->array[0].row == source->shape.rows; i++)
    ls_array_about(&r->array[i], &source->file[i]);
  return LS_OK;
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

const ls_format ls_format_idx = {"idx", open_idx, read_idx,  NULL,        NULL,
                                 NULL,  NULL,     place_idx, columns_idx, close_idx};
