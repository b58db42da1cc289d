/* exchange_tree.c - tree: each rank sends its parts of every shard straight to the shard's owner,
 * who finishes the tree; then allgather. (R-1)/R of the gradient out and in where each rank has one
 * part: what a reduce-scatter moves. Persistent requests. */
#include "base/mem.h"
#include "comm/exchange_kind.h"

static ls_status tree_prepare(ls_exchange *x) {
  const int64_t bytes = ls_exchange_shard_bytes(x, 0, ls_comm_rank(x->comm));
  LS_TRY(ls_exchange_fits(x, " or exchange: shared"));
  LS_TRY(ls_exchange_own_memory(x));
  LS_TRY(ls_letters_new(&x->letters, x->sources + x->parts * ls_comm_size(x->comm)));
  return ls_mem_new(&x->inbox, (size_t)x->sources, (size_t)bytes);
}

/* This rank's shard is summed from its own parts where they lie, and the others' as they come. */
static void receive_parts(ls_exchange *x) {
  const int me = ls_comm_rank(x->comm);
  const int64_t lo = x->first[me], count = x->first[me + 1] - lo;
  char *next = x->inbox;
  ls_exchange_source *source = x->source;
  for (int r = 0; r < ls_comm_size(x->comm); r++) {
    ls_tree_node node[LS_PARTS_MAX];
    const int parts = ls_exchange_rank_parts(x, r, node);
    for (int i = 0; i < parts; i++, source++) {
      *source = (ls_exchange_source){x->grad[i], 0, node[i].level};
      if (r == me) continue;
      *source = (ls_exchange_source){next, lo, node[i].level};
      if (count > 0) ls_letters_receive(x, &x->letters, next, count, r, i);
      next += ls_exchange_shard_bytes(x, 0, me);
    }
  }
}

static void tree_open(ls_exchange *x) {
  const int ranks = ls_comm_size(x->comm), me = ls_comm_rank(x->comm);
  receive_parts(x);
  for (int k = 1; k < ranks; k++) {
    const int to = (me + k) % ranks; /* everyone starts at another peer */
    const int64_t lo = x->first[to], count = x->first[to + 1] - lo;
    for (int i = 0; i < x->parts && count > 0; i++)
      ls_letters_send(x, &x->letters, (char *)x->grad[i] + lo * (int64_t)x->size, count, to, i);
  }
}

static uint32_t tree_reduce(ls_exchange *x, uint32_t flags) {
  ls_letters_start(&x->letters);
  ls_letters_wait(x, &x->letters);
  return ls_comm_or(x->comm, flags);
}

static void tree_publish(ls_exchange *x) {
  ls_comm_allgatherv(x->comm, x->weights, x->first, x->size);
}

const ls_exchange_ops ls_exchange_tree = {.name = "tree",
                                          .prepare = tree_prepare,
                                          .open = tree_open,
                                          .reduce = tree_reduce,
                                          .publish = tree_publish};
