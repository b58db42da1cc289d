/* one_hot.c - a source around a source: `within` reads rows as wide as they are into `wide`,
 * class_of makes a number of each. All else is passed on, with the columns' names as those of
 * the classes. Begin with read_hot; shares are looked for in ls_one_hot_soft. */
#include "data/one_hot.h"

#include <math.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "data/columns.h"
#include "data/refuse.h"

enum { CHUNK_BYTES = 1 << 18 };
static const double SHARES_OFF = 1e-5; /* what a float32 file leaves of a sum of 1 */

typedef struct {
  ls_source base;
  ls_format format; /* base.format: has what the source within has */
  ls_source *within;
  int64_t row;  /* rows that `read` has read */
  int64_t step; /* rows that are read at once */
  double *wide; /* (step, columns + weights) y of the source within */
} one_hot;

static const char unlike[] =
    "several columns of y are classes as rows of one 1 and zeros, or of shares of the classes, "
    "numbers >= 0 that sum to 1, and this row is neither; numbers of any kind go with a regression "
    "loss, several 0 or 1 a sample with binary_cross_entropy";

/* The class of row k (columns) of the source within; `found` is NaN where a value is missing. */
static ls_status class_of(const one_hot *h, const ls_chunk *chunk, int64_t k, const double *row,
                          double *found) {
  const int64_t columns = h->within->shape.outputs;
  int64_t ones = 0, at = 0, odd = -1;
  *found = (double)NAN;
  for (int64_t c = 0; c < columns; c++) {
    if (isnan(row[c])) return LS_OK;
    bool second = row[c] == 1 && ones++ > 0;
    if (odd < 0 && (second || (row[c] != 0 && row[c] != 1))) odd = c;
    if (row[c] == 1) at = c;
  }
  *found = ones == 1 && odd < 0 ? (double)at : HUGE_VAL;
  if (isfinite(*found) || h->base.loose) return LS_OK;
  at = ls_max(odd, 0);
  return ls_refuse(chunk, k, -1 - at, unlike, row[at]);
}

/* Rows of `wide`, of which the first is row `first` of the source, with their weights or not. */
static ls_status narrow(const one_hot *h, int64_t first, int64_t rows, int64_t weights, double *y) {
  const ls_chunk chunk = {.source = h->within, .first = first};
  const int64_t columns = h->within->shape.outputs;
  for (int64_t k = 0; k < rows; k++) {
    const double *row = h->wide + k * (columns + weights);
    double *to = y + k * (1 + weights);
    LS_TRY(class_of(h, &chunk, k, row, to));
    if (weights) to[1] = row[columns];
  }
  return LS_OK;
}

static ls_status read_hot(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  one_hot *h = (one_hot *)source;
  const int64_t weights = source->shape.weights;
  const size_t width = (size_t)source->shape.features * ls_dtype_size(cell);
  h->within->loose = source->loose;
  for (int64_t k = 0, n; k < rows; k += n) {
    n = ls_min(rows - k, h->step);
    void *to = x ? (char *)x + (size_t)k * width : NULL;
    LS_TRY(h->within->format->read(h->within, n, cell, to, h->wide));
    LS_TRY(narrow(h, h->row, n, weights, y + k * (1 + weights)));
    h->row += n;
  }
  return LS_OK;
}

static ls_status read_hot_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                             double *y) {
  one_hot *h = (one_hot *)source;
  h->within->loose = source->loose;
  if (x) LS_TRY(h->within->format->read_at(h->within, lo, rows, cell, x, NULL));
  for (int64_t k = 0, n; y && k < rows; k += n) {
    n = ls_min(rows - k, h->step);
    LS_TRY(h->within->format->read_at(h->within, lo + k, n, cell, NULL, h->wide));
    LS_TRY(narrow(h, lo + k, n, 0, y + k));
  }
  return LS_OK;
}

static void soon_hot(ls_source *source, int64_t lo, int64_t rows) {
  ls_source *within = ((one_hot *)source)->within;
  within->format->soon(within, lo, rows);
}

static void rest_hot(ls_source *source) {
  ls_source *within = ((one_hot *)source)->within;
  within->format->rest(within);
}

static ls_status rewind_hot(ls_source *source) {
  one_hot *h = (one_hot *)source;
  h->row = 0;
  return h->within->format->rewind(h->within);
}

static ls_status keys_hot(ls_source *source, const char *by, const bool *asked, uint64_t *key) {
  return ls_source_keys(((one_hot *)source)->within, by, asked, key);
}

/* What stands behind the class stands behind all columns of y. */
static void place_hot(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  const ls_source *within = ((const one_hot *)source)->within;
  int64_t behind = column < -1 ? within->shape.outputs - 1 : 0;
  within->format->place(within, row, column - behind, text, size);
}

static ls_status columns_hot(const ls_source *source, ls_columns *out) {
  LS_TRY(ls_columns_of(((const one_hot *)source)->within, out));
  if (out->classes.count != source->shape.classes) ls_texts_free(&out->classes);
  ls_status status = LS_OK;
  if (out->classes.count == 0 && out->name[1].count > 0)
    status = ls_columns_whole(&out->name[1], &out->unit[1], &out->classes);
  ls_texts_free(&out->name[1]);
  ls_texts_free(&out->unit[1]);
  return status;
}

static void mark_hot(const ls_source *source, const char *name, bool *const meant[2]) {
  const ls_source *within = ((const one_hot *)source)->within;
  within->format->mark(within, name, (bool *const[]){meant[0], NULL});
}

static void close_hot(ls_source *source) {
  one_hot *h = (one_hot *)source;
  source->file = NULL; /* those of the source within, which closes them */
  source->files = 0;
  LS_FREE(h->wide);
  ls_source_close(&h->within);
}

static const ls_format format_hot = {.read = read_hot,
                                     .read_at = read_hot_at,
                                     .soon = soon_hot,
                                     .rest = rest_hot,
                                     .rewind = rewind_hot,
                                     .keys = keys_hot,
                                     .place = place_hot,
                                     .columns = columns_hot,
                                     .mark = mark_hot,
                                     .close = close_hot};

/* ---- shares ---- */

bool ls_is_soft(const double *row, int64_t n) {
  double sum = 0;
  bool positive = true;
  for (int64_t c = 0; c < n; c++) {
    positive = positive && row[c] >= 0;
    sum += row[c];
  }
  return positive && fabs(sum - 1) <= SHARES_OFF;
}

static bool is_hot(const double *row, int64_t n) {
  for (int64_t c = 0; c < n; c++)
    if (row[c] != 0 && row[c] != 1) return false;
  return true;
}

static ls_status look_for_soft(one_hot *h, bool *soft) {
  const ls_shape *shape = &h->within->shape;
  const int64_t stride = ls_shape_columns(shape);
  for (int64_t row = 0, n; row < shape->rows && !*soft; row += n) {
    n = ls_min(shape->rows - row, h->step);
    LS_TRY(h->within->format->read(h->within, n, LS_F64, NULL, h->wide));
    for (int64_t k = 0; k < n && !*soft; k++) {
      const double *y = h->wide + k * stride;
      *soft = !is_hot(y, shape->outputs) && ls_is_soft(y, shape->outputs);
    }
  }
  return LS_OK;
}

ls_status ls_one_hot_soft(ls_source *source, bool *soft) {
  one_hot *h = (one_hot *)source;
  h->within->loose = true;
  ls_status status = look_for_soft(h, soft);
  h->within->loose = false;
  LS_TRY(status);
  return rewind_hot(source);
}

/* ---- opening ---- */

static ls_status check(const ls_source *source, int64_t classes) {
  const int64_t columns = source->shape.outputs;
  if (source->names)
    return ls_fail(LS_EDATA,
                   "%s: classes as texts are one column of y, here are %jd; several are rows of "
                   "one 1 and zeros",
                   source->file[0].path, columns);
  if (classes == 0 || columns == classes) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: y has %jd columns, which are as many classes (rows of one 1 and zeros), and "
                 "data.classes, or the checkpoint, says %jd",
                 source->file[0].path, columns, classes);
}

ls_status ls_one_hot_open(ls_source **source, int64_t classes) {
  ls_source *within = *source;
  const int64_t width = ls_shape_columns(&within->shape) * (int64_t)sizeof(double);
  double *wide;
  one_hot *h;
  LS_TRY(check(within, classes));
  const int64_t step = ls_max(CHUNK_BYTES / width, 1);
  LS_TRY(ls_mem_new((void **)&wide, (size_t)step, (size_t)width));
  ls_status status = ls_mem_new((void **)&h, 1, sizeof *h);
  if (status != LS_OK) {
    LS_FREE(wide);
    return status;
  }
  *h = (one_hot){.base = *within, .within = within, .step = step, .wide = wide};
  h->format = format_hot;
  h->format.name = within->format->name;
  if (!ls_source_any_row(within)) h->format.read_at = NULL;
  if (!within->format->mark) h->format.mark = NULL;
  h->base.format = &h->format;
  h->base.shape.classes = within->shape.outputs;
  h->base.shape.outputs = 1;
  *source = &h->base;
  return LS_OK;
}
