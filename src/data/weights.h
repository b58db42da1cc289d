/* weights.h - what each training sample counts: its weight in the data times the weight of its
 * class. Private to data/ and the data commands. */
#ifndef LS_DATA_WEIGHTS_H
#define LS_DATA_WEIGHTS_H

#include "base/texts.h"
#include "data/refuse.h"
#include "data/splits.h"

typedef struct {
  const ls_data_spec *spec;
  const ls_cut *train;
  double *weight; /* (rows of train's source) */
  /* Where classes have weights: */
  int64_t classes;
  const ls_texts *names; /* of the classes, as far as they have some */
  const int64_t *count;  /* (classes) training samples of each */
  const int32_t *label;  /* (rows of train's source) */
} ls_weights;

/* What stands behind the targets in each row's y as the weights (rows). LS_EDATA, located, for one
 * that is negative or not finite. */
ls_status ls_weights_store(double *weight, const ls_chunk *chunk);
/* What each class counts, (classes), 0 for one without samples where that is by their counts. Takes
 * of `weights` spec, classes, names and count. LS_ECONFIG for a class that there is not. */
ls_status ls_weights_of_classes(const ls_weights *weights, double *factor);
/* All of train has been read: times the classes' weights. LS_ECONFIG for a class that there is not;
 * LS_EDATA where all weights are 0, or their sum is too large for a double. */
ls_status ls_weights_finish(const ls_weights *weights);

#endif
