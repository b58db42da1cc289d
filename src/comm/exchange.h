/* exchange.h - the gradient exchange: who owns which part of the parameters, how gradients are
 * summed (in the tree's order), and how new weights reach everyone. Hides whether weights are
 * shared on the node, sharded or replicated.
 *
 * A step:  ls_exchange_claim, model writes its parts  ->  ls_exchange_reduce  ->  for each block of
 * my shard: ls_exchange_grad, update in place in ls_exchange_weights  ->  ls_exchange_publish. With
 * several bands, ls_exchange_ready, _offer and _await have it go layer by layer.
 * Kinds: one (a single rank: nothing moves), shared (one window a node, messages between nodes),
 * tree (point to point, no window), mpi (MPI_Allreduce, right to rounding only), apart (nothing
 * moves: each rank has weights and whole gradients of its own, for train.mode); auto measures
 * shared and tree and takes one. The comment on top of each exchange_*.c says
 * how. */
#ifndef LS_COMM_EXCHANGE_H
#define LS_COMM_EXCHANGE_H

#include "base/real.h"
#include "base/team.h"
#include "base/tree.h"
#include "comm/comm.h"

typedef struct ls_exchange ls_exchange;

typedef struct {
  const char *kind; /* "auto", "shared", "tree", "mpi", "apart"; in tests "halved", "banded" */
  int64_t n, grid;  /* parameters; shards are cut at multiples of `grid` of them */
  int slices;
  ls_dtype precision;
  ls_team *team; /* of this rank, for sums of its node; NULL: none */
  /* Where the layers begin, ascending: their gradients may come one layer after the other, the last
   * one first (ls_exchange_ready). None: all at once. */
  const int64_t *layer;
  int layers;
} ls_exchange_spec;

/* Collective; every rank gets the same status. */
ls_status ls_exchange_new(ls_comm *comm, const ls_exchange_spec *spec, ls_exchange **out);
void ls_exchange_free(ls_exchange **exchange);
const char *ls_exchange_kind(const ls_exchange *exchange);

void *ls_exchange_weights(
    ls_exchange *exchange); /* (n) real, readable everywhere, written in [lo, hi) only */
/* The parameters lie in bands of layers, and a rank's shard is a stretch of each of them, [lo, hi);
 * together they are one where no layers were given. Shards cover all, in any order of ranks. */
int ls_exchange_bands(const ls_exchange *exchange);
void ls_exchange_stretch_of(const ls_exchange *exchange, int rank, int band, int64_t *lo,
                            int64_t *hi);
/* This rank's, one after the other: parameters [lo, hi), which vectors as long as its shard have
 * from `at` on. Begin with {0}; false behind the last one. */
typedef struct {
  int bands; /* so many have been gone through, this one's too */
  int64_t lo, hi, at;
} ls_stretch;
bool ls_exchange_next(const ls_exchange *exchange, ls_stretch *stretch);
int64_t ls_exchange_own(const ls_exchange *exchange); /* parameters of this rank's shard */
/* This rank's shard, where there is one band only. */
void ls_exchange_shard(const ls_exchange *exchange, int64_t *lo, int64_t *hi);
bool ls_exchange_replicated(
    const ls_exchange *exchange); /* every rank updates everything (mpi, one, apart) */
/* The ranks of a node share one copy of the weights (shared). */
bool ls_exchange_shares_weights(const ls_exchange *exchange);

/* This rank's parts: node[i] of the slice tree is to be summed into grad[i], (n) real. */
int ls_exchange_parts(const ls_exchange *exchange, const ls_tree_node **node, void *const **grad);
/* This rank reads no weights any more in this step: its shard's are fetched into its own cache, to
 * be written. Of a small network that takes longer at the update than the update itself. */
void ls_exchange_claim(const ls_exchange *exchange);
/* This rank's parts are written from parameter `from` on: what can go on its way does. A step need
 * not say it. */
void ls_exchange_ready(ls_exchange *exchange, int64_t from);
/* All ranks' parts are written: make sums readable. Returns the OR of all ranks' `flags` (a stop
 * asked for, not finite ...). */
uint32_t ls_exchange_reduce(ls_exchange *exchange, uint32_t flags);
/* The summed gradient of parameters [lo, lo + count), all of my shard: in place where it lies
 * already, else in scratch (count real). */
const void *ls_exchange_grad(ls_exchange *exchange, int64_t lo, int64_t count, void *scratch);
/* My stretches of the bands up to this one have their new weights: what can go on its way does. The
 * others come in the next offer, or in publish. A step need not say it. */
void ls_exchange_offer(ls_exchange *exchange, int band);
/* Everything has been offered: on return the weights up to parameter `to` are everyone's. A pass
 * that asks so for one layer after the other need not wait for all. */
void ls_exchange_await(ls_exchange *exchange, int64_t to);
/* My shard's weights are new: on return everyone's are. It (or the await of all) is also what lets
 * the ranks write parts again behind a reduce; without a reduce before it, or twice, it does no
 * harm. */
void ls_exchange_publish(ls_exchange *exchange);
/* Bytes this rank moves between ranks in a step (received), for bench. */
int64_t ls_exchange_bytes(const ls_exchange *exchange);

#endif
