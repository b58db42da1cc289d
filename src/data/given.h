/* given.h - samples from a program's memory, made into the rows of a minibatch as those of files
 * are. */
#ifndef LS_DATA_GIVEN_H
#define LS_DATA_GIVEN_H

#include "base/dtype.h"
#include "data/spec.h"

/* How inputs become what a network was trained on. */
typedef struct {
  int64_t features;
  const ls_affine *scale; /* n 0: none */
  const ls_filling *mean; /* what takes the place of a NaN; n 0: nothing */
} ls_given_inputs;

/* Rows of x (rows, features), LS_F32 or LS_F64, into out (rows, ldx) of `precision`, whose columns
 * behind `features` stay as they are. LS_EDATA, with row and input, for one that is not finite
 * then; rows are counted from `first`. */
ls_status ls_given_x(const ls_given_inputs *inputs, ls_dtype type, int64_t first, int64_t rows,
                     const void *x, ls_dtype precision, void *out, int64_t ldx);

#endif
