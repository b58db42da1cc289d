/* state.h - between the ranks' shards and one file: gather the state into rank 0's checkpoint
 * image, deal it out again. */
#ifndef LS_TRAIN_STATE_H
#define LS_TRAIN_STATE_H

#include "checkpoint/image.h"
#include "optim/lbfgs.h"
#include "train/run.h"

enum { LS_STATE_SLOTS = LS_SLOTS_MAX + 2 * LS_PAIRS_MAX + LS_BESIDES };

/* Vectors as long as the parameters that are kept beside the weights: the optimizer's slots in use,
 * pairs of lbfgs, average and best. */
int ls_state_vectors(const ls_run *run);

/* What each of this run's checkpoints holds; what it points to lives as long as `run` and the
 * out-parameters. Slots in use only. */
typedef struct {
  ls_checkpoint checkpoint;
  void *slot[LS_STATE_SLOTS]; /* (hi - lo) real of this rank's shard, of each */
  char *slot_name[LS_STATE_SLOTS];
  char pair_name[2 * LS_PAIRS_MAX][LS_PAIR_NAME];
} ls_state_contents;
void ls_state_contents_make(const ls_run *run, ls_state_contents *out);
void ls_state_contents_free(ls_state_contents *contents);

/* Copy everything into image (rank 0's; NULL elsewhere). Collective. */
void ls_state_capture(ls_run *run, const ls_state_contents *contents, ls_image *image);
/* Take everything from a checkpoint (rank 0's; NULL elsewhere). Collective; LS_ECONFIG where slots
 * or shapes differ. */
ls_status ls_state_restore(ls_run *run, const ls_state_contents *contents,
                           const ls_checkpoint *checkpoint);
/* init: file - over the weights that are drawn, those of a plain HDF5 file or a checkpoint.
 * Collective. */
ls_status ls_state_load_weights(ls_run *run);

#endif
