/* lbfgs.h - what a checkpoint asks of L-BFGS at work (lbfgs.c). */
#ifndef LS_TRAIN_LBFGS_H
#define LS_TRAIN_LBFGS_H

#include "optim/lbfgs.h"
#include "train/mode.h"

/* *vector: of each step, then of each change of the gradient, (hi - lo) real of this rank's shard;
 * their number, 0 where the run has no L-BFGS. */
int ls_lbfgs_vectors(const ls_run *run, char *const **vector);

#endif
