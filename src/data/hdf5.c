/* hdf5.c - datasets of an HDF5 file (io/h5.h): x and y, one sample a row; further dimensions are flattened, the last one fastest. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "data/format.h"
#include "io/gz.h"
#include "io/h5.h"

_Static_assert((int)LS_CELL_U8 == LS_H5_CELL_U8 && (int)LS_CELL_F32 == LS_H5_CELL_F32 && (int)LS_CELL_F64 == LS_H5_CELL_F64, "one meaning");

/* Sets are open only while they are read: a source may have thousands of files, and each open set is a process. */
typedef struct {
  ls_source base;
  ls_h5set *x, *y, *at; /* of read (y NULL: there is none, or not open) and of read_at */
  char *name[2];        /* paths of x and y in their files; y NULL: none */
  int y_file;           /* which of the files y is in */
  struct stat seen[2];  /* of the files, when their digests were made */
  int64_t row;
} hdf5;

/* "/data/x" lies in the source's file, "labels.h5:/y" in another one. */
static void split_name(const char *text, const char *own, char **file, char **name) {
  const char *colon = text[0] == '/' ? NULL : strstr(text, ":/");
  *file = colon ? ls_mem_format("%.*s", (int)(colon - text), text) : ls_mem_text(own);
  *name = ls_mem_text(colon ? colon + 1 : text);
}

static ls_status open_one(hdf5 *h, int i, const char *text, const ls_opening *what, ls_h5set **set) {
  ls_data_file *file = &h->base.file[i];
  split_name(text, what->file, &file->path, &h->name[i]);
  (void)stat(file->path, &h->seen[i]); /* opening it tells of any trouble */
  if (!what->quick) LS_TRY(ls_file_digest(file->path, &file->bytes, file->digest));
  LS_TRY(ls_h5set_open(file->path, h->name[i], set));
  file->samples = ls_h5set_shape(*set)->rows;
  return LS_OK;
}

static ls_status check_shapes(hdf5 *h) {
  const ls_h5_shape *x = ls_h5set_shape(h->x), *y = h->y ? ls_h5set_shape(h->y) : NULL;
  if (y && y->rows != x->rows)
    return ls_fail(LS_EDATA, "%s: %s has %lld rows for the %lld of %s", h->base.file[1].path, h->name[1], (long long)y->rows,
                   (long long)x->rows, h->name[0]);
  h->base.shape = (ls_shape){.rows = x->rows, .features = x->width, .outputs = y ? y->width : 0, .bytes = x->bytes};
  return LS_OK;
}

static void close_sets(hdf5 *h) {
  ls_h5set_close(&h->x);
  ls_h5set_close(&h->y);
}

static ls_status open_sets(hdf5 *h, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  if (!spec->x) return ls_fail(LS_EDATA, "%s: which dataset are the inputs? lockstep data info lists them", what->file);
  LS_TRY(open_one(h, 0, spec->x, what, &h->x));
  if (spec->y && !what->spec->inputs) LS_TRY(open_one(h, 1, spec->y, what, &h->y));
  LS_TRY(check_shapes(h));
  close_sets(h);
  bool one_file = !h->base.file[1].path || strcmp(h->base.file[0].path, h->base.file[1].path) == 0;
  if (one_file) LS_FREE(h->base.file[1].path);
  h->base.files = one_file ? 1 : 2;
  h->y_file = one_file ? 0 : 1;
  return LS_OK;
}

static ls_status open_hdf5(const ls_opening *what, ls_source **out) {
  LS_TRY(ls_source_new(&ls_format_hdf5, sizeof(hdf5), 2, out));
  ls_status status = open_sets((hdf5 *)*out, what);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* Behind each read: the values belong to the digest only if the file is still what it was then. */
static ls_status check_unchanged(const hdf5 *h, int file) {
  struct stat now;
  const struct stat *then = &h->seen[file];
  const char *path = h->base.file[file].path;
  bool same = stat(path, &now) == 0 && now.st_ino == then->st_ino && now.st_size == then->st_size &&
              now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
  return same || ls_without("data-watch") ? LS_OK : ls_fail(LS_EDATA, "%s: has changed since training began to read it", path);
}

/* Open a set again: it must be what it was. */
static ls_status open_again(const hdf5 *h, bool y, ls_h5set **set) {
  const char *file = h->base.file[y ? h->y_file : 0].path;
  if (*set) return LS_OK;
  LS_TRY(ls_h5set_open(file, h->name[y], set));
  const ls_h5_shape *shape = ls_h5set_shape(*set);
  if (shape->rows == h->base.shape.rows && shape->width == (y ? h->base.shape.outputs : h->base.shape.features)) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %s has changed while it was read", file, h->name[y]);
}

static ls_status read_hdf5(ls_source *source, int64_t rows, ls_cell cell, void *x, double *y) {
  hdf5 *h = (hdf5 *)source;
  if (x) LS_TRY(open_again(h, false, &h->x));
  if (x) LS_TRY(ls_h5set_read(h->x, h->row, rows, (ls_h5_cell)cell, x));
  if (h->name[1]) LS_TRY(open_again(h, true, &h->y));
  if (h->name[1]) LS_TRY(ls_h5set_read(h->y, h->row, rows, LS_H5_CELL_F64, y));
  h->row += rows;
  if (h->row < source->shape.rows) return LS_OK;
  close_sets(h);
  LS_TRY(check_unchanged(h, 0));
  return check_unchanged(h, h->y_file);
}

static ls_status read_hdf5_at(ls_source *source, int64_t lo, int64_t rows, ls_cell cell, void *x) {
  hdf5 *h = (hdf5 *)source;
  LS_TRY(open_again(h, false, &h->at));
  LS_TRY(ls_h5set_read(h->at, lo, rows, (ls_h5_cell)cell, x));
  return check_unchanged(h, 0);
}

static void rest_hdf5(ls_source *source) { ls_h5set_close(&((hdf5 *)source)->at); }

static void place_hdf5(const ls_source *source, int64_t row, int64_t column, char *text, size_t size) {
  const hdf5 *h = (const hdf5 *)source;
  bool y = column < 0;
  snprintf(text, size, "%s: %s: row %lld, value %lld", source->file[y ? h->y_file : 0].path, h->name[y], (long long)row,
           (long long)(y ? -1 - column : column));
}

static void close_hdf5(ls_source *source) {
  hdf5 *h = (hdf5 *)source;
  close_sets(h);
  rest_hdf5(source);
  for (int i = 0; i < 2; i++) LS_FREE(h->name[i]);
}

const ls_format ls_format_hdf5 = {"hdf5", open_hdf5, read_hdf5, read_hdf5_at, rest_hdf5, place_hdf5, close_hdf5};
