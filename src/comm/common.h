/* common.h - what the ranks of one host share while each makes updates of its own: one copy of the
 * weights, and the numbers of the updates that are still to be made. */
#ifndef LS_COMM_COMMON_H
#define LS_COMM_COMMON_H

#include "comm/comm.h"

typedef struct ls_common ls_common;

/* `bytes` of weights. LS_ECONFIG where the ranks are on several hosts. Collective. */
ls_status ls_common_new(ls_comm *comm, size_t bytes, ls_common **out);
void ls_common_free(ls_common **common);
void *ls_common_weights(ls_common *common);

/* Updates [first, end) are to be made; the others see what rank 0 has written before. Collective.
 */
void ls_common_open(ls_common *common, int64_t first, int64_t end);
/* The next of them, for this rank alone; -1: there is none left, or a rank has called stop. Who is
 * slow takes fewer. */
int64_t ls_common_take(ls_common *common);
void ls_common_stop(ls_common *common);
/* All have come here, and see what all have written. Collective. */
void ls_common_meet(ls_common *common);

int64_t ls_common_made(const ls_common *common); /* updates of all ranks that are in the weights */
int64_t ls_common_count(ls_common *common);      /* one more; returns how many were before it */

#endif
