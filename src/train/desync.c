/* desync.c - do all copies of the weights hold the same bits? Every rank has a copy, or every node
 * where its ranks share one.
 *
 * An exchange overwrites copies with their owners' weights in each step, so a copy that was wrong
 * for one step only would leave no trace but a wrong gradient: therefore each step adds a digest of
 * what it used, and these sums are compared once in a while and before anything is saved. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "train/agree.h"

enum { BLOCK = 1 << 16, NAMED = 8 }; /* bytes hashed at once; ranks named at most */

static int copies(const ls_run *run) {
  return ls_exchange_shares_weights(run->exchange) ? ls_comm_node_count(run->comm)
                                                   : ls_comm_size(run->comm);
}
static int copy_of(const ls_run *run, int rank) {
  return ls_exchange_shares_weights(run->exchange) ? ls_comm_node_of(run->comm, rank) : rank;
}

typedef struct {
  const char *weights;
  int64_t bytes, lo, hi; /* of the copy; this rank's part of it */
  uint64_t key;
  _Atomic uint64_t sum;
} digest;

/* A sum of the blocks' digests, keyed by step and block: the same however the blocks are dealt to
 * ranks and threads. */
static void hash_blocks(void *arg, int thread, int threads) {
  digest *d = arg;
  int64_t lo, hi;
  uint64_t sum = 0;
  ls_team_range(d->hi - d->lo, BLOCK, thread, threads, &lo, &hi);
  for (int64_t at = d->lo + lo; at < d->lo + hi; at += BLOCK)
    sum += XXH3_64bits_withSeed(d->weights + at,
                                (size_t)(d->bytes - at < BLOCK ? d->bytes - at : BLOCK),
                                d->key + (uint64_t)(at / BLOCK));
  atomic_fetch_add(&d->sum, sum);
}

static void look(ls_run *run) {
  digest d = {.weights = ls_exchange_weights(run->exchange),
              .key = (uint64_t)run->state.global_step << 32};
  d.bytes = d.hi = run->parameters * (int64_t)ls_dtype_size(run->config->precision);
  if (ls_exchange_shares_weights(run->exchange))
    ls_team_range(d.bytes, BLOCK, ls_comm_node_rank(run->comm), ls_comm_node_size(run->comm), &d.lo,
                  &d.hi);
  ls_team_run(run->team, hash_blocks, &d);
  run->weights_seen += d.sum;
}

void ls_desync_note(ls_run *run) {
  if (run->config->desync_every.unit != LS_EVERY_NEVER && copies(run) > 1) look(run);
}

/* The weights that most copies hold are right; with two nobody can tell. */
static uint64_t majority(const uint64_t *sum, int count) {
  int best = 0, best_votes = 0;
  for (int c = 0; c < count; c++) {
    int votes = 0;
    for (int other = 0; other < count; other++) votes += sum[other] == sum[c];
    if (votes > best_votes) best_votes = votes, best = c;
  }
  return sum[best];
}

static ls_status name_odd(const ls_run *run, const uint64_t *sum) {
  char text[1024] = "";
  int odd = 0;
  uint64_t right = majority(sum, copies(run));
  for (int r = 0; r < ls_comm_size(run->comm); r++)
    if (sum[copy_of(run, r)] != right && odd++ < NAMED)
      snprintf(text + strlen(text), sizeof text - strlen(text), "%srank %d (%s)",
               odd > 1 ? ", " : "", r, ls_comm_host_of(run->comm, r));
  return ls_fail(LS_EINTERNAL,
                 "step %jd: the weights of %s%s differ from those of the other ranks%s; nothing "
                 "of it was saved (faulty memory?)",
                 run->state.global_step, text, odd > NAMED ? " and others" : "",
                 copies(run) == 2 ? " (of two copies, either may be the wrong one)" : "");
}

ls_status ls_desync_check(ls_run *run) {
  int ranks = ls_comm_size(run->comm), count = copies(run);
  if (count == 1) return LS_OK;
  uint64_t *all = run->seen_of, *sum = all + ranks; /* of each rank, of each copy */
  memset(sum, 0, (size_t)ranks * sizeof *sum);
  ls_comm_at(run->comm, "comparing the ranks' weights");
  look(run);
  ls_comm_allgather(run->comm, &run->weights_seen, all, sizeof *all);
  run->weights_seen = 0;
  for (int r = 0; r < ranks; r++) sum[copy_of(run, r)] += all[r];
  bool same = true;
  for (int c = 1; c < count; c++) same &= sum[c] == sum[0];
  return same ? LS_OK : ls_comm_agree(run->comm, name_odd(run, sum));
}
