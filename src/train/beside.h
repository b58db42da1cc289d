/* beside.h - weights beside those that are trained, at work: each rank keeps its shard of them. */
#ifndef LS_TRAIN_BESIDE_H
#define LS_TRAIN_BESIDE_H

#include "train/run.h"

ls_status ls_beside_new(ls_run *run); /* memory for what the config asks for */
void ls_beside_free(ls_run *run);
/* train.average. begin: the first weights are there. average: update t has been made. Both of this
 * rank's shard alone, and nothing where no average is kept. */
void ls_beside_begin(ls_run *run);
void ls_beside_average(ls_run *run, int64_t t);
/* It takes the place of the weights that are trained, for an evaluation or a checkpoint, until it
 * is hidden again. show: false where it is there already, or none is kept. Collective. */
bool ls_beside_show(ls_run *run);
void ls_beside_hide(ls_run *run);
/* Those that evaluations see are the best. This rank alone. */
void ls_beside_note(ls_run *run);
/* Weights and what is beside them, as a checkpoint has them, go to where a run at work has them;
 * before the weights are published. This rank alone. */
void ls_beside_resume(ls_run *run);
/* At the end, the average shown: the best weights and the last ones change places, and
 * state.restored says so. Nothing where none was kept. Collective. */
void ls_beside_restore_best(ls_run *run);

#endif
