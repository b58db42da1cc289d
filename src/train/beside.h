/* beside.h - weights beside those that are trained, at work: each rank keeps its shard of them. */
#ifndef LS_TRAIN_BESIDE_H
#define LS_TRAIN_BESIDE_H

#include "train/run.h"

ls_status ls_beside_new(ls_run *run); /* memory for what the config asks for */
void ls_beside_free(ls_run *run);
/* Those that evaluations see now are the best. This rank alone. */
void ls_beside_note(ls_run *run);
/* What a checkpoint has in its places comes to where a run has it; before its weights are
 * published. This rank alone. */
void ls_beside_place(ls_run *run);
/* train.restore_best: the best weights and the last ones change places, and state.restored says so.
 * Nothing where none was kept. Collective. */
void ls_beside_restore_best(ls_run *run);

#endif
