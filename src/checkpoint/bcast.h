/* bcast.h - a checkpoint that rank 0 has read, for the other ranks. */
#ifndef LS_CHECKPOINT_BCAST_H
#define LS_CHECKPOINT_BCAST_H

#include "checkpoint/fields.h"
#include "comm/comm.h"

/* *c: rank 0's, as read; elsewhere NULL, and made (ls_checkpoint_free) with all fields and the
 * weights, but without tensors and slots. Collective; every rank gets the same status. */
ls_status ls_checkpoint_bcast(ls_comm *comm, ls_checkpoint **c);

#endif
