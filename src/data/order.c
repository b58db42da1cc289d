/* order.c - begin with ls_share_samples, which puts all together: which epoch and position a
 * step is (calendar), which rows are whose (base/tree.h), which sample stands there (permute,
 * in_blocks). Every constant here is part of a run's bits. */
#include "data/order.h"

#include <assert.h>

#include "base/clamp.h"
#include "base/rng.h"
#include "base/tree.h"

/* Half the bits of the smallest even power of two that is at least n; 3 at least, as smaller
 * networks favour some orders of 5. */
static inline int half_bits(uint64_t n) {
  int bits = n > 64 ? 64 - __builtin_clzll(n - 1) : 6;
  return (bits + 1) / 2;
}

static void init(ls_order *order, int64_t n, ls_order_kind kind, int64_t features, uint64_t seed,
                 uint64_t stream) {
  assert(n >= 1 && n <= INT64_C(1) << 62 && features >= 1);
  *order = (ls_order){.n = (uint64_t)n, .kind = kind};
  order->block = features < LS_ORDER_BLOCK ? LS_ORDER_BLOCK / (uint64_t)features : 1;
  if (order->block > order->n) order->block = order->n;
  order->blocks = order->n / order->block;
  order->pools = (order->blocks + LS_ORDER_POOL - 1) / LS_ORDER_POOL;
  for (int r = 0; r < LS_ORDER_ROUNDS && kind != LS_ORDER_SEQUENTIAL; r++)
    order->key[r] = ls_rng_u64(seed, stream, (uint64_t)r);
}

void ls_order_init(ls_order *order, int64_t n, ls_order_kind kind, int64_t features, uint64_t seed,
                   int64_t epoch) {
  assert(epoch >= 0);
  init(order, n, kind, features, seed, ls_rng_stream(LS_STREAM_ORDER, (uint64_t)epoch));
}

void ls_order_init_draw(ls_order *order, int64_t n, uint64_t seed) {
  init(order, n, LS_ORDER_SHUFFLE, 1, seed, ls_rng_stream(LS_STREAM_SHARE, 0));
}

/* The round function: the top bits of a keyed finalizer (the constants are those of splitmix64's).
 */
static inline uint64_t mix(uint64_t x, uint64_t key, int bits) {
  x ^= key;
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return (x ^ x >> 31) >> (64 - bits);
}

/* Where x of 0..n-1 goes. tweak: another permutation for each. */
static inline uint64_t permute(const ls_order *order, uint64_t n, uint64_t tweak, uint64_t x) {
  const int half = half_bits(n);
  tweak *= UINT64_C(0x9e3779b97f4a7c15);
  do {
    uint64_t left = x >> half, right = x & ((UINT64_C(1) << half) - 1);
    for (int r = 0; r < LS_ORDER_ROUNDS; r++) {
      uint64_t next = left ^ mix(right, order->key[r] ^ tweak, half);
      left = right;
      right = next;
    }
    x = left << half | right;
  } while (x >= n);
  return x;
}

/* Pool i is blocks [i blocks / pools, (i + 1) blocks / pools) of the permuted ones. */
static uint64_t in_blocks(const ls_order *o, uint64_t p) {
  uint64_t at = p / o->block < o->blocks ? p / o->block : o->blocks - 1;
  uint64_t pool =
      ((at + 1) * o->pools - 1) / o->blocks; /* the last one that begins at or before it */
  uint64_t lo = pool * o->blocks / o->pools, hi = (pool + 1) * o->blocks / o->pools,
           whole = (hi - lo) * o->block;
  uint64_t rest = hi == o->blocks ? o->n - o->blocks * o->block : 0;
  uint64_t q = permute(o, whole + rest, pool + 1, p - lo * o->block);
  if (q >= whole) return o->blocks * o->block + q - whole;
  return permute(o, o->blocks, 0, lo + q / o->block) * o->block + q % o->block;
}

int64_t ls_order_at(const ls_order *order, int64_t position) {
  uint64_t x = (uint64_t)position;
  assert(x < order->n);
  if (order->kind == LS_ORDER_SHUFFLE) x = permute(order, order->n, 0, x);
  if (order->kind == LS_ORDER_BLOCKS) x = in_blocks(order, x);
  return (int64_t)x;
}

ls_status ls_calendar_make(int64_t n, int64_t batch, bool drop_last, ls_calendar *calendar) {
  if (batch > n && drop_last)
    return ls_fail(
        LS_ECONFIG,
        "data.last_batch: drop leaves nothing: train.batch is %jd and there are %jd samples", batch,
        n);
  *calendar = (ls_calendar){.n = n, .batch = batch < 1 || batch > n ? n : batch};
  calendar->steps = drop_last ? n / calendar->batch : (n + calendar->batch - 1) / calendar->batch;
  calendar->used = drop_last ? calendar->steps * calendar->batch : n;
  return LS_OK;
}

int64_t ls_calendar_epoch(const ls_calendar *calendar, int64_t step) {
  assert(step >= calendar->moved);
  return (step - calendar->moved) / calendar->steps;
}

int64_t ls_calendar_within(const ls_calendar *calendar, int64_t step) {
  assert(step >= calendar->moved);
  return (step - calendar->moved) % calendar->steps;
}

int64_t ls_calendar_end(const ls_calendar *calendar, int64_t epochs) {
  int64_t step;
  bool over = __builtin_mul_overflow(epochs, calendar->steps, &step) ||
              __builtin_add_overflow(step, calendar->moved, &step);
  return over ? INT64_MAX : step;
}

int64_t ls_calendar_samples(const ls_calendar *calendar, int64_t epochs) {
  return calendar->moved_samples + epochs * calendar->used;
}

int64_t ls_calendar_minibatch(const ls_calendar *calendar, int64_t step, int64_t *total) {
  int64_t start = ls_calendar_within(calendar, step) * calendar->batch;
  *total = ls_min(calendar->used - start, calendar->batch);
  return start;
}

static int64_t share_rows(const ls_share *share, int64_t total) {
  return ls_tree_row(total, share->slices, share->slice_hi) -
         ls_tree_row(total, share->slices, share->slice_lo);
}

int64_t ls_share_most(const ls_share *share) {
  const ls_calendar *calendar = &share->calendar;
  const int64_t last = calendar->used - (calendar->steps - 1) * calendar->batch;
  return ls_max(share_rows(share, calendar->batch), share_rows(share, last));
}

int64_t ls_share_samples(ls_share *share, int64_t step, int64_t *index, int64_t *total,
                         int64_t *first) {
  int64_t epoch = ls_calendar_epoch(&share->calendar, step);
  *first = ls_calendar_minibatch(&share->calendar, step, total);
  *first += ls_tree_row(*total, share->slices, share->slice_lo);
  if (epoch != share->epoch) {
    share->epoch = epoch;
    ls_order_init(&share->order, share->calendar.n, share->kind, share->features, share->seed,
                  epoch);
  }
  int64_t rows = share_rows(share, *total);
  for (int64_t k = 0; k < rows && index; k++) index[k] = ls_order_at(&share->order, *first + k);
  return rows;
}
