#include <limits.h>

#include "base/mem.h"
#include "comm/exchange_private.h"

/* ---- tree: each rank sends its parts of every shard straight to the shard's owner, who finishes
 * the tree; then allgather. (R-1)/R of the gradient out and in where each rank has one part: what a
 * reduce-scatter moves. Persistent requests. ---- */

static void tree_receive(ls_exchange *x, int rank, int parts, char **inbox, int64_t shard) {
  for (int i = 0; i < parts; i++, *inbox += ls_round_up(shard * (int64_t)x->size)) {
    x->peer[x->requests] = rank;
    MPI_Recv_init(*inbox, (int)shard, ls_real_type(x), rank, 1 + i, x->comm->world,
                  &x->request[x->requests++]);
  }
}

static ls_status tree_open(ls_exchange *x) {
  int ranks = ls_comm_size(x->comm), me = ls_comm_rank(x->comm);
  LS_TRY(ls_exchange_own_memory(x));
  int64_t lo, hi;
  ls_exchange_shard(x, &lo, &hi);
  if (x->n / ranks > INT_MAX / 2)
    return ls_fail(LS_ECONFIG,
                   "%lld parameters on %d ranks: a shard is too big for one message; use more "
                   "ranks or exchange: shared",
                   (long long)x->n, ranks);
  LS_NEW(x->request, x->sources + x->parts * ranks);
  LS_NEW(x->peer, x->sources + x->parts * ranks);
  LS_TRY(
      ls_mem_new(&x->inbox, (size_t)x->sources, (size_t)ls_round_up((hi - lo) * (int64_t)x->size)));
  char *next = x->inbox;
  ls_tree_node node[LS_PARTS_MAX];
  for (int r = 0, s = 0; r < ranks; r++) {
    int count = ls_exchange_rank_parts(x, r, node);
    for (int i = 0; i < count; i++)
      x->source[s++] =
          r == me ? (ls_exchange_source){x->grad[i], 0, node[i].level}
                  : (ls_exchange_source){next + i * ls_round_up((hi - lo) * (int64_t)x->size), lo,
                                         node[i].level};
    if (r != me && hi > lo) tree_receive(x, r, count, &next, hi - lo);
  }
  for (int k = 1; k < ranks; k++) {
    int to = (me + k) % ranks; /* everyone starts at another peer */
    int64_t from = x->first[to], count = x->first[to + 1] - from;
    for (int i = 0; i < x->parts && count > 0; i++) {
      x->peer[x->requests] = to;
      MPI_Send_init((char *)x->grad[i] + from * (int64_t)x->size, (int)count, ls_real_type(x), to,
                    1 + i, x->comm->world, &x->request[x->requests++]);
    }
  }
  return LS_OK;
}

static uint32_t tree_reduce(ls_exchange *x, uint32_t flags) {
  MPI_Startall(x->requests, x->request);
  ls_comm_wait(x->comm, x->requests, x->request, x->peer);
  return ls_comm_or(x->comm, flags);
}

static void tree_publish(ls_exchange *x) {
  ls_comm_allgatherv(x->comm, x->weights, x->first, x->size);
}

static void tree_close(ls_exchange *x) {
  for (int i = 0; i < x->requests; i++) MPI_Request_free(&x->request[i]);
}

const ls_exchange_ops ls_exchange_tree = {"tree",       tree_open,  tree_reduce,
                                          tree_publish, tree_close, false};
