/* order.h - the order of one epoch's samples, as a function instead of an index array.
 *
 * A balanced Feistel network on the next even power of two permutes 0..2^(2h)-1; numbers from n on
 * are sent through again until one below n comes out (cycle walking: fewer than 4 times on average
 * from n = 17 on), which leaves a bijection of 0..n-1 for every n. The round keys are Philox
 * numbers of (seed, epoch), so no seed, epoch and rank can stand for one another.
 *
 * Blocks: B = 2^18 / features rows each (1 MB of float32), permuted by the same network; runs of at
 * most 64 of them are pools, and each pool's samples are permuted among themselves by a network of
 * its own keys. Samples behind the last whole block belong to the last pool.
 */
#ifndef LS_DATA_ORDER_H
#define LS_DATA_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "data/spec.h"

enum {
  LS_ORDER_ROUNDS = 8,
  LS_ORDER_BLOCK = 1 << 18,
  LS_ORDER_POOL = 64
}; /* values of a block, blocks of a pool */

typedef struct {
  uint64_t n;
  ls_order_kind kind;
  uint64_t block, blocks, pools; /* rows of a block; how many there are */
  uint64_t key[LS_ORDER_ROUNDS];
} ls_order;

/* n >= 1; epoch from 0; features: values of a sample, for blocks. */
void ls_order_init(ls_order *order, int64_t n, ls_order_kind kind, int64_t features, uint64_t seed,
                   int64_t epoch);
/* Shuffled, of a stream of its own: which samples are drawn (drawn.h). */
void ls_order_init_draw(ls_order *order, int64_t n, uint64_t seed);
/* The sample at position 0 <= p < n. */
int64_t ls_order_at(const ls_order *order, int64_t position);

/* How an epoch of n samples is cut into minibatches: the one truth of which epoch an update belongs
 * to. */
typedef struct ls_calendar {
  int64_t n;
  int64_t batch; /* the largest minibatch */
  int64_t steps; /* of one epoch */
  int64_t used;  /* samples of one epoch: n, or fewer where the last minibatch is dropped */
  /* Epochs before this calendar may have had minibatches of another size: update j is the one that
   * would be number j - moved had all epochs been as this one, and so with samples. 0: they were.
   */
  int64_t moved, moved_samples;
} ls_calendar;

/* batch < 1: full. LS_ECONFIG where drop_last leaves no minibatch at all. */
ls_status ls_calendar_make(int64_t n, int64_t batch, bool drop_last, ls_calendar *calendar);
/* The position in its epoch where the minibatch of `step` begins, and how many samples it has. */
int64_t ls_calendar_minibatch(const ls_calendar *calendar, int64_t step, int64_t *total);
/* The epoch of update `step`, from 0: how many are finished before it. */
int64_t ls_calendar_epoch(const ls_calendar *calendar, int64_t step);
/* How many updates of its epoch come before update `step`. */
int64_t ls_calendar_within(const ls_calendar *calendar, int64_t step);
/* global_step when so many epochs are finished; INT64_MAX where that is too large a number. */
int64_t ls_calendar_end(const ls_calendar *calendar, int64_t epochs);
/* Samples seen when so many epochs are finished. */
int64_t ls_calendar_samples(const ls_calendar *calendar, int64_t epochs);

/* The samples of slices [slice_lo, slice_hi) of every minibatch. */
typedef struct {
  ls_calendar calendar;
  ls_order_kind kind;
  int64_t features;
  uint64_t seed;
  int slices, slice_lo, slice_hi;
  int64_t epoch; /* that `order` is of; -1: none yet */
  ls_order order;
} ls_share;

/* The most samples that a share has. */
int64_t ls_share_most(const ls_share *share);
/* The samples of the share of `step`, in order, into index (NULL: not wanted); how many there are.
 * The minibatch has *total; *first: position in the epoch of the share's first sample. */
int64_t ls_share_samples(ls_share *share, int64_t step, int64_t *index, int64_t *total,
                         int64_t *first);

#endif
