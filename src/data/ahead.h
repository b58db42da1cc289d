/* ahead.h - minibatches of a stream, read ahead: a thread fills one window while minibatches are
 * taken from the other. A window is this rank's samples of the next few thousand steps, sorted by
 * their place in the file, so that the file is gone through once a window. Private to data/. */
#ifndef LS_DATA_AHEAD_H
#define LS_DATA_AHEAD_H

#include "base/batch.h"
#include "data/order.h"
#include "data/stream.h"

typedef struct ls_ahead ls_ahead;

/* LS_ECONFIG where the budget does not hold one minibatch. */
ls_status ls_ahead_new(const ls_stream *stream, const ls_share *share, ls_ahead **out);
void ls_ahead_free(ls_ahead **ahead);
/* Before the first batch: steps count as this share's calendar says. */
void ls_ahead_move(ls_ahead *ahead, const ls_share *share);
/* x, labels and targets of out->rows samples of this rank's share of `step`, from number `from` of
 * it on; steps in order need no waiting where the files are fast enough. */
ls_status ls_ahead_batch(ls_ahead *ahead, int64_t step, int64_t from, ls_batch *out);

#endif
