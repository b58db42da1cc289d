/* drawn.c - one block of memory: how many are taken, the counts before every 512 samples, then
 * a bit for each, so that the i-th is a binary search and eight words away. What is drawn
 * follows order.h's permutation of samples or, in draw_groups, of the sorted keys. */
#include "data/drawn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "data/order.h"

enum { BLOCK = 512 }; /* samples between two counts: eight words */

static int64_t blocks_of(int64_t n) { return (n + BLOCK - 1) / BLOCK; }

size_t ls_drawn_bytes(int64_t n) {
  int64_t blocks = blocks_of(n);
  return (size_t)(1 + blocks + 1 + blocks * (BLOCK / 64)) * sizeof(int64_t);
}

void ls_drawn_lay(ls_drawn *d, int64_t n, void *memory) {
  int64_t *at = memory, blocks = blocks_of(n);
  *d = (ls_drawn){n, at, at + 1, (uint64_t *)(at + 1 + blocks + 1)};
}

void ls_drawn_take(ls_drawn *d, int64_t sample) {
  d->bits[sample / 64] |= UINT64_C(1) << (sample % 64);
}

void ls_drawn_count(ls_drawn *d) {
  int64_t sum = 0, blocks = blocks_of(d->n);
  for (int64_t b = 0; b < blocks; b++) {
    d->before[b] = sum;
    for (int w = 0; w < BLOCK / 64; w++) sum += __builtin_popcountll(d->bits[b * (BLOCK / 64) + w]);
  }
  d->before[blocks] = *d->taken = sum;
}

void ls_drawn_random(ls_drawn *d, int64_t from, int64_t count, uint64_t seed) {
  ls_order order;
  ls_order_init_draw(&order, d->n, seed);
  for (int64_t p = from; p < from + count; p++) ls_drawn_take(d, ls_order_at(&order, p));
  ls_drawn_count(d);
}

/* ---- groups ---- */

typedef struct {
  uint64_t key;
  int64_t samples;
  bool taken;
} group;

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b; /* a group begins with its key */
  return (x > y) - (x < y);
}

/* The different keys, ascending, with their counts; returns how many. */
static int64_t list_groups(const uint64_t *sorted, int64_t n, group *out) {
  int64_t groups = 0;
  for (int64_t i = 0; i < n; i++) {
    if (i == 0 || sorted[i] != sorted[i - 1]) out[groups++] = (group){.key = sorted[i]};
    out[groups - 1].samples++;
  }
  return groups;
}

static void choose_most(group *list, int64_t groups, int64_t most, uint64_t seed) {
  ls_order order;
  int64_t sum = 0;
  ls_order_init_draw(&order, groups, seed);
  for (int64_t p = 0; p < groups; p++) {
    group *g = &list[ls_order_at(&order, p)];
    g->taken = g->samples <= most - sum;
    if (g->taken) sum += g->samples;
  }
}

static ls_status choose_fold(group *list, int64_t groups, int64_t k, int64_t n, uint64_t seed) {
  ls_order order;
  int64_t *samples; /* (k) of each fold so far */
  LS_NEW(samples, k);
  ls_order_init_draw(&order, groups, seed);
  for (int64_t p = 0; p < groups; p++) {
    group *g = &list[ls_order_at(&order, p)];
    int64_t least = 0;
    for (int64_t fold = 1; fold < k; fold++)
      if (samples[fold] < samples[least]) least = fold;
    samples[least] += g->samples;
    g->taken = least == n;
  }
  LS_FREE(samples);
  return LS_OK;
}

/* list: (d->n) */
static int64_t find_groups(const ls_drawn *d, const uint64_t *key, uint64_t *sorted, group *list) {
  memcpy(sorted, key, (size_t)d->n * sizeof *sorted);
  qsort(sorted, (size_t)d->n, sizeof *sorted, by_value);
  return list_groups(sorted, d->n, list);
}

static void take_groups(ls_drawn *d, const uint64_t *key, const group *list, int64_t groups) {
  for (int64_t i = 0; i < d->n; i++) {
    const group *g = bsearch(&key[i], list, (size_t)groups, sizeof *list, by_value);
    if (g->taken) ls_drawn_take(d, i);
  }
  ls_drawn_count(d);
}

/* k 0: as many as fit into `most`. */
static ls_status draw_groups(ls_drawn *d, int64_t most, int64_t k, int64_t n, uint64_t seed,
                             const uint64_t *key, int64_t *groups) {
  uint64_t *sorted;
  group *list = NULL;
  LS_NEW(sorted, d->n);
  ls_status status = ls_mem_new((void **)&list, (size_t)d->n, sizeof *list);
  if (status == LS_OK) *groups = find_groups(d, key, sorted, list);
  if (status == LS_OK && k > 0) status = choose_fold(list, *groups, k, n, seed);
  if (status == LS_OK && k == 0) choose_most(list, *groups, most, seed);
  if (status == LS_OK) take_groups(d, key, list, *groups);
  LS_FREE(sorted);
  LS_FREE(list);
  return status;
}

ls_status ls_drawn_groups(ls_drawn *d, int64_t most, uint64_t seed, const uint64_t *key,
                          int64_t *groups) {
  return draw_groups(d, most, 0, 0, seed, key, groups);
}

ls_status ls_drawn_fold(ls_drawn *d, int64_t k, int64_t n, uint64_t seed, const uint64_t *key,
                        int64_t *groups) {
  return draw_groups(d, 0, k, n, seed, key, groups);
}

/* ---- the i-th one ---- */

static int64_t samples_before(const ls_drawn *d, bool taken, int64_t block) {
  return taken ? d->before[block] : ls_min(block * BLOCK, d->n) - d->before[block];
}

int64_t ls_drawn_before(const ls_drawn *d, int64_t sample) {
  int64_t block = sample / BLOCK, sum = d->before[block];
  for (int64_t w = block * (BLOCK / 64); w < sample / 64; w++)
    sum += __builtin_popcountll(d->bits[w]);
  if (sample % 64)
    sum += __builtin_popcountll(d->bits[sample / 64] & ((UINT64_C(1) << sample % 64) - 1));
  return sum;
}

int64_t ls_drawn_sample(const ls_drawn *d, bool taken, int64_t i) {
  int64_t lo = 0, hi = blocks_of(d->n); /* it lies in a block of [lo, hi) */
  assert(i >= 0 && i < samples_before(d, taken, hi));
  while (hi - lo > 1) {
    int64_t middle = lo + (hi - lo) / 2;
    if (samples_before(d, taken, middle) <= i)
      lo = middle;
    else
      hi = middle;
  }
  i -= samples_before(d, taken, lo);
  for (int64_t w = lo * (BLOCK / 64);; w++) {
    uint64_t bits = taken ? d->bits[w] : ~d->bits[w];
    int here = __builtin_popcountll(bits);
    if (i >= here) {
      i -= here;
      continue;
    }
    while (i-- > 0) bits &= bits - 1;
    return w * 64 + __builtin_ctzll(bits);
  }
}
