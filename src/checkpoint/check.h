/* check.h - does a checkpoint agree with itself? */
#ifndef LS_CHECKPOINT_CHECK_H
#define LS_CHECKPOINT_CHECK_H

#include "checkpoint/read.h"

/* LS_EDATA, with `name`, the field and what it contradicts; LS_EIO where the config in it cannot be
 * read, as one of a newer lockstep. */
ls_status ls_checkpoint_check(const char *name, const ls_checkpoint *checkpoint);

#endif
