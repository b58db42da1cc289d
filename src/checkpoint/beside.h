/* beside.h - weights that a run keeps beside those in /model: slots of a checkpoint, behind the
 * optimizer's. */
#ifndef LS_CHECKPOINT_BESIDE_H
#define LS_CHECKPOINT_BESIDE_H

#include "config/config.h"

typedef enum {
  LS_BESIDE_BEST, /* train.restore_best: those of the best evaluation; zeros before there is one */
  /* train.average: in a checkpoint, and while the average is shown (ls_beside_show), those that
   * updates go on from; while training, the average. */
  LS_BESIDE_OTHER,
  LS_BESIDES
} ls_beside;

extern const char *const ls_beside_names[]; /* of the slots: "best", "trained" */
bool ls_beside_kept(const ls_config *config, ls_beside which);

#endif
