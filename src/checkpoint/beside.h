/* beside.h - weights that a run keeps beside those in /model: slots of a checkpoint, behind the
 * optimizer's. */
#ifndef LS_CHECKPOINT_BESIDE_H
#define LS_CHECKPOINT_BESIDE_H

#include "config/config.h"

typedef enum {
  LS_BESIDE_BEST, /* train.restore_best: those of the best evaluation; zeros before there is one */
  LS_BESIDE_TRAINED, /* train.average: those that updates go on from, while /model has the average
                      */
  LS_BESIDES
} ls_beside;

extern const char *const ls_beside_names[]; /* of the slots: "best", "trained" */
bool ls_beside_kept(const ls_config *config, ls_beside which);

#endif
