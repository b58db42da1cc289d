/* widen.h - what a checkpoint says of its targets becomes what it says of the network's outputs, of
 * which a loss may have several for each target: a mean and a variance, or quantiles. */
#ifndef LS_CHECKPOINT_WIDEN_H
#define LS_CHECKPOINT_WIDEN_H

#include "checkpoint/fields.h"
#include "config/config.h"

/* Once, where it is to predict, not to be compared with data: outputs, y_affine and names. */
ls_status ls_checkpoint_widen(ls_checkpoint *checkpoint, const ls_config *config);
static inline int64_t ls_checkpoint_targets(const ls_checkpoint *c) {
  return c->heads > 0 ? c->outputs / c->heads : c->outputs;
}

#endif
