#include "data/order.h"

#include <assert.h>

#include "base/rng.h"
#include "base/tree.h"
#include "data/data.h"

/* Half the bits of the smallest even power of two that is at least n; 64 at least, as smaller networks favour some orders of 5. */
static int half_bits(uint64_t n) {
  int half = 3;
  while (half < 31 && (UINT64_C(1) << 2 * half) < n) half++;
  return half;
}

void ls_order_init(ls_order *order, int64_t n, bool shuffle, uint64_t seed, int64_t epoch) {
  assert(n >= 1 && n <= INT64_C(1) << 62 && epoch >= 0);
  order->n = (uint64_t)n;
  order->shuffle = shuffle;
  order->half = half_bits(order->n);
  for (int r = 0; r < LS_ORDER_ROUNDS && shuffle; r++)
    order->key[r] = ls_rng_u64(seed, ls_stream(LS_STREAM_ORDER, (uint64_t)epoch), (uint64_t)r);
}

/* The round function: the top bits of a keyed finalizer (the constants are those of splitmix64's). */
static inline uint64_t mix(uint64_t x, uint64_t key, int bits) {
  x ^= key;
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return (x ^ x >> 31) >> (64 - bits);
}

static inline uint64_t permute(const ls_order *order, uint64_t x) {
  uint64_t left = x >> order->half, right = x & ((UINT64_C(1) << order->half) - 1);
  for (int r = 0; r < LS_ORDER_ROUNDS; r++) {
    uint64_t next = left ^ mix(right, order->key[r], order->half);
    left = right;
    right = next;
  }
  return left << order->half | right;
}

int64_t ls_order_at(const ls_order *order, int64_t position) {
  uint64_t x = (uint64_t)position;
  assert(x < order->n);
  if (!order->shuffle) return position;
  do x = permute(order, x);
  while (x >= order->n);
  return (int64_t)x;
}

int64_t ls_order_sample(int64_t n, bool shuffle, uint64_t seed, int64_t epoch, int64_t position) {
  ls_order order;
  ls_order_init(&order, n, shuffle, seed, epoch);
  return ls_order_at(&order, position);
}

ls_status ls_plan_make(int64_t n, int64_t batch, bool drop_last, ls_plan *plan) {
  if (batch > n && drop_last)
    return ls_fail(LS_ECONFIG, "data.last_batch: drop leaves nothing: train.batch is %lld and there are %lld samples", (long long)batch,
                   (long long)n);
  plan->n = n;
  plan->batch = batch < 1 || batch > n ? n : batch;
  plan->steps = drop_last ? n / plan->batch : (n + plan->batch - 1) / plan->batch;
  plan->used = drop_last ? plan->steps * plan->batch : n;
  return LS_OK;
}

int64_t ls_plan_minibatch(const ls_plan *plan, int64_t step, int64_t *total) {
  assert(step >= 0);
  int64_t start = step % plan->steps * plan->batch;
  *total = plan->used - start < plan->batch ? plan->used - start : plan->batch;
  return start;
}

static int64_t share_rows(const ls_share *share, int64_t total) {
  return ls_tree_row(total, share->slices, share->slice_hi) - ls_tree_row(total, share->slices, share->slice_lo);
}

int64_t ls_share_most(const ls_share *share) {
  const ls_plan *plan = &share->plan;
  int64_t full = share_rows(share, plan->batch), last = share_rows(share, plan->used - (plan->steps - 1) * plan->batch);
  return full > last ? full : last;
}

int64_t ls_share_samples(ls_share *share, int64_t step, int64_t *index, int64_t *total, int64_t *first) {
  int64_t epoch = step / share->plan.steps;
  *first = ls_plan_minibatch(&share->plan, step, total);
  *first += ls_tree_row(*total, share->slices, share->slice_lo);
  if (epoch != share->epoch) ls_order_init(&share->order, share->plan.n, share->shuffle, share->seed, share->epoch = epoch);
  int64_t rows = share_rows(share, *total);
  for (int64_t k = 0; k < rows; k++) index[k] = ls_order_at(&share->order, *first + k);
  return rows;
}
