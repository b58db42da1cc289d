/* missing.h - data.missing where it takes all samples to know what comes of one, other than those
 * that are dropped (kept.h): train's means, which read it through once more, and which targets are
 * there. Private to data/. */
#ifndef LS_DATA_MISSING_H
#define LS_DATA_MISSING_H

#include "data/refuse.h"
#include "data/splits.h"

/* The mean (features) of the numbers that are there in each column of train's samples. LS_EDATA,
 * located, where there are none. */
ls_status ls_missing_means(ls_source *train, const ls_splits *splits, double *mean);

/* What is there of the targets that may be missing. */
typedef struct {
  const ls_cut *train;
  double *there;    /* (rows of train's source) the fraction of its targets that are */
  int64_t *samples; /* (targets) training samples that have each of them */
} ls_mask;

/* Count the targets of rows of train's source. */
void ls_mask_add(const ls_mask *mask, const ls_chunk *chunk);
/* All have been: LS_EDATA, located, for a target that no training sample has. */
ls_status ls_mask_check(const ls_mask *mask, const ls_source *train);

#endif
