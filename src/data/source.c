/* source.c - what is the same for every format: filling in what is missing, behind each read,
 * and going through all rows and back to the begin (ls_source_visit). */
#include "data/source.h"

#include <math.h>

#include "base/clamp.h"
#include "base/mem.h"

enum { CHUNK_BYTES = 1 << 20 };

ls_status ls_source_new(const ls_format *format, size_t size, int files, ls_source **out) {
  LS_TRY(ls_mem_new((void **)out, 1, size));
  (*out)->format = format;
  ls_status status =
      files ? ls_mem_new((void **)&(*out)->file, (size_t)files, sizeof *(*out)->file) : LS_OK;
  if (status != LS_OK)
    LS_FREE(*out);
  else
    (*out)->files = files;
  return status;
}

void ls_source_close(ls_source **out) {
  ls_source *source = *out;
  if (!source) return;
  source->format->close(source);
  for (int i = 0; i < source->files; i++) LS_FREE(source->file[i].path);
  LS_FREE(source->file);
  LS_FREE(*out);
}

/* ---- reading ---- */

static void fill(const ls_source *source, int64_t rows, ls_dtype cell, void *x) {
  const int64_t features = source->shape.features, n = rows * features;
  if (cell == LS_U8 || !(source->fills || source->mean)) return;
  for (int64_t i = 0; i < n; i++) {
    if (!isnan(ls_dtype_get(cell, x, i))) continue;
    ls_dtype_put(cell, x, i, source->mean ? source->mean[i % features] : source->filling);
    if (source->filled && !source->loose) source->filled[i % features]++;
  }
}

ls_status ls_source_read(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  LS_TRY(source->format->read(source, rows, cell, x, y));
  if (x) fill(source, rows, cell, x);
  return LS_OK;
}

ls_status ls_source_read_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                            double *y) {
  LS_TRY(source->format->read_at(source, lo, rows, cell, x, y));
  if (x) fill(source, rows, cell, x);
  return LS_OK;
}

ls_status ls_source_keys(ls_source *source, const char *by, const bool *asked, uint64_t *key) {
  if (source->format->keys) return source->format->keys(source, by, asked, key);
  return ls_fail(LS_ECONFIG,
                 "data.validation.how: group: %s files have no column or dataset to group by; use "
                 "random or last",
                 source->format->name);
}

/* ---- through, and back to the begin ---- */

typedef struct {
  ls_source *source;
  double *x, *y; /* (step, features), (step, columns) of y */
  int64_t step;
} reader;

static ls_status visit_rows(reader *r, ls_row_visit *each, void *arg) {
  const ls_shape *shape = &r->source->shape;
  const int64_t columns = ls_shape_columns(shape);
  r->step = CHUNK_BYTES / 8 / (shape->features + columns) + 1;
  LS_NEW(r->x, r->step * shape->features);
  LS_NEW(r->y, r->step * columns);
  for (int64_t row = 0, rows; row < shape->rows; row += rows) {
    rows = ls_min(shape->rows - row, r->step);
    LS_TRY(ls_source_read(r->source, rows, LS_F64, r->x, r->y));
    for (int64_t k = 0; k < rows; k++)
      each(arg, row + k, r->x + k * shape->features, r->y + k * columns);
  }
  return r->source->format->rewind(r->source);
}

ls_status ls_source_visit(ls_source *source, ls_row_visit *each, void *arg) {
  reader r = {.source = source};
  source->loose = true;
  ls_status status = visit_rows(&r, each, arg);
  source->loose = false;
  LS_FREE(r.x);
  LS_FREE(r.y);
  return status;
}
