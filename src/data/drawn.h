/* drawn.h - which of n samples are drawn that are not those at the end: a bit for each, and how
 * many come before every block of them, so that the i-th of either side is found without a list of
 * numbers. It lies in memory of the caller's (one copy a node). */
#ifndef LS_DATA_DRAWN_H
#define LS_DATA_DRAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct {
  int64_t n;
  int64_t *taken;  /* one number: of the n, how many are taken */
  int64_t *before; /* (blocks + 1) how many of them come before each block */
  uint64_t *bits;  /* (words) 1: taken */
} ls_drawn;

size_t ls_drawn_bytes(int64_t n);
/* Lay it out in zeroed memory of ls_drawn_bytes(n), or find it there. */
void ls_drawn_lay(ls_drawn *drawn, int64_t n, void *memory);
/* Take one of them; then, once all that are taken are so, count them. */
void ls_drawn_take(ls_drawn *drawn, int64_t sample);
void ls_drawn_count(ls_drawn *drawn);
/* Take exactly `count` of them, from that position of the drawn order on: the same ones for every
 * run with this seed and n, and none twice from other positions. */
void ls_drawn_random(ls_drawn *drawn, int64_t from, int64_t count, uint64_t seed);
/* Take whole groups, samples of the same key (n): in an order drawn from the seed, each one that
 * does not bring the samples taken above `most`. *groups: how many there are. Maybe none is taken.
 */
ls_status ls_drawn_groups(ls_drawn *drawn, int64_t most, uint64_t seed, const uint64_t *key,
                          int64_t *groups);
/* The same, but fold n of k: in the drawn order each group goes to the fold that has the fewest
 * samples so far. None is taken where there are fewer groups than folds and this one has none. */
ls_status ls_drawn_fold(ls_drawn *drawn, int64_t k, int64_t n, uint64_t seed, const uint64_t *key,
                        int64_t *groups);

static inline bool ls_drawn_is(const ls_drawn *drawn, int64_t sample) {
  return drawn->bits[sample / 64] >> (sample % 64) & 1;
}
/* How many samples that are taken come before `sample`, 0 to n. */
int64_t ls_drawn_before(const ls_drawn *drawn, int64_t sample);
/* The i-th sample, from 0 and in their order, of those that are taken, or of those that are not. */
int64_t ls_drawn_sample(const ls_drawn *drawn, bool taken, int64_t i);

#endif
