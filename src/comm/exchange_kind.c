/* exchange_kind.c - what kinds are made of: memory nobody else sees, persistent requests
 * (letters), and the fold that finishes the slice tree over parts wherever they lie, FOLD
 * elements at a time so that sums stay in the cache. Begin with fold_block, as ls_tree_sum. */
#include "comm/exchange_kind.h"

#include <limits.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "base/mutant.h"

/* FOLD elements at a time go through the tree, so that its intermediate sums stay in the
 * first-level cache. Fewer than ALONE are not worth waking a team for. */
enum { FOLD = 512, ALONE = 128 * FOLD };

int ls_exchange_rank_parts(const ls_exchange *x, int rank, ls_tree_node *node) {
  int ranks = ls_comm_size(x->comm);
  return ls_tree_cover(x->slices, ls_tree_first(x->slices, ranks, rank),
                       ls_tree_first(x->slices, ranks, rank + 1), node);
}

ls_status ls_exchange_own_memory(ls_exchange *x) {
  void *memory;
  LS_TRY(ls_mem_new(&memory, (size_t)(1 + x->parts), (size_t)x->stride));
  x->memory = memory;
  x->weights = x->memory;
  for (int i = 0; i < x->parts; i++) x->grad[i] = x->memory + (i + 1) * x->stride;
  return LS_OK;
}

ls_status ls_exchange_fits(const ls_exchange *x, const char *way) {
  if (x->n / ls_comm_size(x->comm) <= INT_MAX / 2) return LS_OK;
  return ls_fail(LS_ECONFIG,
                 "%jd parameters on %d ranks: a shard is too big for one message; use more "
                 "ranks%s",
                 x->n, ls_comm_size(x->comm), way);
}

void ls_exchange_cut_shards(ls_exchange *x) {
  const int ranks = ls_comm_size(x->comm);
  int64_t *first = x->first;
  for (int b = 0; b < x->bands; b++) {
    const int64_t lo = x->band[b], hi = x->band[b + 1], blocks = (hi - lo + x->grid - 1) / x->grid;
    for (int r = 0; r <= ranks; r++) {
      const int64_t at = lo + blocks * r / ranks * x->grid;
      *first++ = ls_min(at, hi);
    }
  }
}

void ls_exchange_join_bands(ls_exchange *x) {
  x->bands = 1;
  x->band[1] = x->n;
  ls_exchange_cut_shards(x);
}

/* ---- letters ---- */

ls_status ls_letters_new(ls_letters *letters, int count) {
  LS_NEW(letters->request, count);
  LS_NEW(letters->peer, count);
  return LS_OK;
}

static MPI_Datatype real_type(const ls_exchange *x) {
  return x->size == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE;
}

void ls_letters_send(const ls_exchange *x, ls_letters *letters, const void *data, int64_t count,
                     int to, int tag) {
  letters->peer[letters->count] = to;
  MPI_Send_init(data, (int)count, real_type(x), to, tag, x->comm->world,
                &letters->request[letters->count++]);
}

void ls_letters_receive(const ls_exchange *x, ls_letters *letters, void *data, int64_t count,
                        int from, int tag) {
  letters->peer[letters->count] = from;
  MPI_Recv_init(data, (int)count, real_type(x), from, tag, x->comm->world,
                &letters->request[letters->count++]);
}

void ls_letters_send_flags(const ls_exchange *x, ls_letters *letters, const uint32_t *flags, int to,
                           int tag) {
  letters->peer[letters->count] = to;
  MPI_Send_init(flags, 1, MPI_UINT32_T, to, tag, x->comm->world,
                &letters->request[letters->count++]);
}

void ls_letters_receive_flags(const ls_exchange *x, ls_letters *letters, uint32_t *flags, int from,
                              int tag) {
  letters->peer[letters->count] = from;
  MPI_Recv_init(flags, 1, MPI_UINT32_T, from, tag, x->comm->world,
                &letters->request[letters->count++]);
}

void ls_letters_start(ls_letters *letters) {
  if (letters->count > 0) MPI_Startall(letters->count, letters->request);
}

bool ls_letters_arrived(ls_letters *letters) {
  int all = 0;
  MPI_Testall(letters->count, letters->request, &all, MPI_STATUSES_IGNORE);
  return all;
}

void ls_letters_wait(ls_exchange *x, ls_letters *letters) {
  ls_comm_wait(x->comm, letters->count, letters->request, letters->peer);
}

void ls_letters_free(ls_letters *letters) {
  int down = 0;
  if (letters->count > 0) MPI_Finalized(&down); /* by a program that we are a part of */
  for (int i = 0; i < letters->count && !down; i++) MPI_Request_free(&letters->request[i]);
  LS_FREE(letters->request);
  LS_FREE(letters->peer);
}

/* ---- the rest of the tree ---- */

/* Finish the tree for n <= FOLD elements: a binary counter whose digits are partial sums, as in
 * ls_tree_sum. Operands are read where they lie; a sum goes into the buffer of its stack position,
 * the last one into out. */
static void fold_block(const ls_exchange *x, const ls_exchange_source *source, int sources,
                       int64_t lo, int64_t n, void *out) {
  _Alignas(LS_ALIGN) char
      fold[LS_TREE_DEPTH][FOLD * sizeof(double)]; /* on the stack: several threads may be here */
  const void *wait[LS_TREE_DEPTH + 1];
  int level[LS_TREE_DEPTH + 1], depth = 0;
  for (int s = 0; s < sources; s++) {
    const void *sum = source[s].data + (lo - source[s].from) * (int64_t)x->size;
    bool last = s == sources - 1; /* then all that waits joins: absent right children */
    int at = source[s].level;
    while (depth > 0 && (level[depth - 1] == at || last || ls_mutant("rank-order"))) {
      depth--;
      void *to = depth == 0 && last ? out : (void *)fold[depth];
      x->sum(to, wait[depth], sum, n);
      sum = to;
      at++;
    }
    wait[depth] = sum;
    level[depth++] = at;
  }
  if (sources == 1) memcpy(out, wait[0], (size_t)n * x->size);
}

void ls_exchange_fold(const ls_exchange *x, const ls_exchange_source *source, int sources,
                      int64_t lo, int64_t n, void *out) {
  for (int64_t done = 0; done < n; done += FOLD)
    fold_block(x, source, sources, lo + done, ls_min(n - done, FOLD),
               (char *)out + done * (int64_t)x->size);
}

typedef struct {
  const ls_exchange *x;
  const ls_exchange_source *source;
  int sources;
  int64_t lo, n;
  char *out;
} folding;

/* Elements do not know of one another: the same additions, whoever makes them. */
static void fold_job(void *arg, int thread, int threads) {
  const folding *f = arg;
  int64_t from, to;
  ls_team_range(f->n, FOLD, thread, threads, &from, &to);
  ls_exchange_fold(f->x, f->source, f->sources, f->lo + from, to - from,
                   f->out + from * (int64_t)f->x->size);
}

void ls_exchange_fold_all(const ls_exchange *x, const ls_exchange_source *source, int sources,
                          int64_t lo, int64_t n, void *out) {
  folding f = {x, source, sources, lo, n, out};
  ls_team_run(n < ALONE ? NULL : x->team, fold_job, &f);
}
