/* scale.h - what each column is shifted and divided by. Private to data/. */
#ifndef LS_DATA_SCALE_H
#define LS_DATA_SCALE_H

#include "base/dtype.h"
#include "base/status.h"
#include "data/spec.h"

ls_status ls_affine_new(int64_t n, ls_affine **out);
void ls_affine_free(ls_affine **affine);
/* A checkpoint's. LS_EDATA where it is not for n columns; what: "features". */
ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out);

/* Are there columns that a float32 cannot tell apart: is its spacing where they are more than a few
 * thousandths of how far they spread? Time stamps are such, of some 1.7e9 and seconds apart. */
bool ls_affine_needs_double(const ls_affine *affine);

/* Rows from memory or from a file: rows [lo, lo + rows) as (rows, n) cells in *x, at most `most` at
 * once. */
typedef struct {
  ls_status (*rows)(void *arg, int64_t lo, int64_t rows, const void **x);
  void *arg;
  ls_dtype cell;
  int64_t count, n, most;
} ls_matrix;

/* shift and divisor by which (count, n) cells become what `kind` says. Rows are summed in fixed
 * blocks, so the bits depend on nothing else. */
ls_status ls_affine_measure(const ls_matrix *m, ls_scale_kind kind, ls_affine **out);
/* Those of `divide`. */
ls_status ls_affine_divide(int64_t n, double by, ls_affine **out);

#endif
