/* scale.h - the numbers by which columns are scaled, and back. Private to data/ but for what stands
 * first. */
#ifndef LS_DATA_SCALE_H
#define LS_DATA_SCALE_H

#include "base/dtype.h"
#include "base/elementary.h"
#include "base/status.h"
#include "data/spec.h"

/* A column's value in its own units as the network has it, and back; slope: the derivative of the
 * own value by the scaled one. */
double ls_affine_own(const ls_affine *affine, int64_t column, double scaled);
double ls_affine_slope(const ls_affine *affine, int64_t column, double scaled);
static inline bool ls_affine_is_log(const ls_affine *affine, int64_t column) {
  return affine->logs > 0 && affine->log[column] != 0;
}
static inline double ls_affine_scaled(const ls_affine *affine, int64_t column, double own) {
  if (ls_affine_is_log(affine, column)) own = ls_logarithm(own);
  return (own - affine->shift[column]) / affine->divisor[column];
}
/* What a variance of a column that has no logarithm is in its own units, of one as the network has
 * it: it goes by the square, and is never shifted. */
static inline double ls_affine_variance(const ls_affine *affine, int64_t column) {
  return affine->divisor[column] * affine->divisor[column];
}

/* Are there columns that a float32 cannot tell apart: is its spacing where they are more than a few
 * thousandths of how far they spread? Time stamps are such, of some 1.7e9 and seconds apart. */
bool ls_affine_needs_double(const ls_affine *affine);

ls_status ls_affine_new(int64_t n, bool logs, ls_affine **out);
void ls_affine_free(ls_affine **affine);
/* A checkpoint's. LS_EDATA where it is not for n columns; what: "features". */
ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out);

/* Rows from memory or from a file: rows [lo, lo + rows) as (rows, n) cells in *x, at most `most` at
 * once. */
typedef struct {
  ls_status (*rows)(void *arg, int64_t lo, int64_t rows, const void **x);
  void *arg;
  ls_dtype cell;
  int64_t count, n, most;
} ls_matrix;

/* That of n columns, scaled as `how` (n) says, but for what takes statistics. */
ls_status ls_affine_make(int64_t n, const ls_scaling *how, ls_affine **out);
/* These too, of (count, n) cells. Rows are summed in fixed blocks, so the bits depend on nothing
 * else. */
ls_status ls_affine_measure(const ls_matrix *m, const ls_scaling *how, ls_affine *affine);

#endif
