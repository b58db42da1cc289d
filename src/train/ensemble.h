/* ensemble.h - the outputs of several networks for the same samples: their mean, and their spread.
 * Sums run in the order of the networks, so the bits depend on that order alone. */
#ifndef LS_TRAIN_ENSEMBLE_H
#define LS_TRAIN_ENSEMBLE_H

#include <stdint.h>

#include "base/dtype.h"
#include "base/status.h"

typedef struct {
  int64_t width;
  int networks;             /* so far, with the one that is being added */
  double *mean, *deviation; /* (rows, width) deviation: the sum of squared ones from the mean */
} ls_ensemble;

ls_status ls_ensemble_new(int64_t rows, int64_t width, ls_ensemble **out);
void ls_ensemble_free(ls_ensemble **ensemble);
/* What is added from here on is another network's. */
void ls_ensemble_next(ls_ensemble *ensemble);
/* Its outputs y (rows, width) of the samples [first, first + rows), once each. */
void ls_ensemble_add(ls_ensemble *ensemble, int64_t first, int64_t rows, ls_dtype type,
                     const void *y);
/* Of the same samples: mean (rows, width) of `type` and, behind it in `out`, the spread: the
 * standard deviation of the networks' mixture, that is with the number of networks as divisor
 * (Lakshminarayanan, Pritzel and Blundell 2017, section 2.4). */
void ls_ensemble_get(const ls_ensemble *ensemble, int64_t first, int64_t rows, ls_dtype type,
                     void *out);

#endif
