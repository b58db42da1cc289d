/* given.h - samples from a program's memory, made into rows as those of files are. Private to
 * data/, but for what turns inputs into a network's. */
#ifndef LS_DATA_GIVEN_H
#define LS_DATA_GIVEN_H

#include "base/dtype.h"
#include "data/source.h"

/* How inputs become what a network was trained on. */
typedef struct {
  int64_t features;
  const ls_affine *scale; /* NULL or n 0: not at all */
  const ls_filling *mean; /* what takes the place of a NaN; NULL or n 0: nothing */
} ls_given_inputs;

/* Rows of x (rows, features), LS_F32 or LS_F64, into out (rows, ldx) of `precision`, whose columns
 * behind `features` stay as they are. LS_EDATA, with sample and input, for one that is not finite
 * then; samples are counted from `first`. */
ls_status ls_given_x(const ls_given_inputs *inputs, ls_dtype type, int64_t first, int64_t rows,
                     const void *x, ls_dtype precision, void *out, int64_t ldx);

/* What a spec says of such samples, as a source: their shape, what the columns are called, and
 * which one a name means. There are no rows to be read from it. */
ls_status ls_given_source(const ls_data_spec *spec, ls_source **out);
/* The columns of inputs or targets (LS_ROLE_X, _Y) that are scaled by statistics: by those of the
 * program. LS_EUSAGE where these are none, or not wanted. */
ls_status ls_given_scale(const ls_data_spec *spec, int role, const ls_scaling *how,
                         ls_affine *affine);

#endif
