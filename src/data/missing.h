/* missing.h - data.missing where it takes all samples to know what comes of one: which are dropped,
 * and train's means, which both read the sources through once more, before they are read for
 * training; and which targets are there. Private to data/. */
#ifndef LS_DATA_MISSING_H
#define LS_DATA_MISSING_H

#include "data/refuse.h"
#include "data/splits.h"

bool ls_kept_asked(const ls_data_spec *spec); /* may samples of the sources be dropped? */
/* Bytes that it takes to know which samples of the sources are kept; 0: all are. */
size_t ls_kept_room(const ls_data_spec *spec, const int64_t rows[3]);
/* `memory` is as large and zeroed, or they have been found already. */
void ls_kept_place(const int64_t rows[3], void *memory, ls_drawn kept[3]);
/* All samples of the open sources but those of which something is missing that is to drop them. A
 * sample that cannot be read is kept: if a split uses it, it will be refused. */
ls_status ls_kept_find(const ls_data_spec *spec, ls_source *source[3], ls_drawn kept[3]);

/* The mean (features) of the numbers that are there in each column of train's samples. LS_EDATA,
 * located, where there are none. */
ls_status ls_missing_means(ls_source *train, const ls_splits *splits, double *mean);

/* What is there of the targets that may be missing. */
typedef struct {
  const ls_cut *train;
  double *share;    /* (rows of train's source) of each row's targets */
  int64_t *samples; /* (targets) training samples that have each of them */
} ls_mask;

/* Count the targets of rows of train's source, y (rows, stride). */
void ls_mask_add(const ls_mask *mask, const ls_origin *origin, int64_t rows, const double *y,
                 int64_t stride);
/* All have been: LS_EDATA, located, for a target that no training sample has. */
ls_status ls_mask_check(const ls_mask *mask, const ls_source *train);

#endif
