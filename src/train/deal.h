/* deal.h - samples of another program's, wherever it has them, to the ranks that work on them. */
#ifndef LS_TRAIN_DEAL_H
#define LS_TRAIN_DEAL_H

#include "base/dtype.h"
#include "comm/comm.h"

typedef struct ls_deal ls_deal;

/* Samples of so many numbers: inputs, then targets. */
ls_status ls_deal_new(ls_comm *comm, int64_t inputs, int64_t targets, ls_deal **out);
void ls_deal_free(ls_deal **deal);

/* What a rank has of a minibatch, or of what is evaluated. */
typedef struct {
  int64_t rows;
  const int64_t *number; /* (rows) of each sample, from 0, no two alike on all ranks together; NULL:
                            in the order of the ranks of the other program's communicator */
  ls_dtype type;         /* LS_F32 or LS_F64, on all ranks */
  const void *x, *y;     /* (rows, inputs), (rows, targets) */
  const void *weight;    /* (rows) what each counts; NULL: 1 */
} ls_hand;

/* How many samples all ranks have, and do some of them count differently? Collective; LS_EUSAGE for
 * a hand that cannot be. */
ls_status ls_deal_count(ls_deal *deal, const ls_hand *hand, int64_t *total, bool *weighted);
/* Of those that were counted, numbers [first[r], first[r + 1]) to each rank r: *own are this one's,
 * in order, until the next call. Where everyone has its own already, nothing is copied. Collective;
 * LS_EUSAGE where the numbers are not 0, 1, 2 ..., each once. */
ls_status ls_deal_out(ls_deal *deal, const ls_hand *hand, const int64_t *first, ls_hand *own);

#endif
