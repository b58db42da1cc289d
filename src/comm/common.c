/* common.c - one shared block: two counters, each on a cache line of its own, then the weights.
 * Who adds 1 to `next` has that update; stop adds 2^42, which is beyond any end, so that no
 * other flag is needed. */
#include "comm/common.h"

#include "base/mem.h"
#include "comm/comm_private.h"

/* What `stop` adds to the next number: beyond any end, and still far from overflowing with a
 * million ranks. */
static const int64_t STOPPED = (int64_t)1 << 42;

typedef struct {
  _Alignas(64) _Atomic int64_t next; /* number to be taken */
  _Alignas(64) _Atomic int64_t made;
} counters;

struct ls_common {
  ls_comm *comm;
  ls_shared block; /* counters, weights */
  counters *count;
  int64_t end;
};

ls_status ls_common_new(ls_comm *comm, size_t bytes, ls_common **out) {
  ls_common *c;
  if (ls_comm_node_count(comm) > 1)
    return ls_fail(LS_ECONFIG,
                   "train.mode is hogwild, and the ranks are on %d hosts: they update one copy of "
                   "the weights in memory that only the ranks of a host share; start all of them "
                   "on one host, or set train.mode=synchronous",
                   ls_comm_node_count(comm));
  LS_COMM_NEW(comm, c, 1);
  *out = c;
  c->comm = comm;
  LS_TRY(ls_comm_shared_new(comm, sizeof(counters) + bytes, &c->block));
  c->count = c->block.data;
  return LS_OK;
}

void ls_common_free(ls_common **common) {
  if (!*common) return;
  ls_comm_shared_free((*common)->comm, &(*common)->block);
  LS_FREE(*common);
}

void *ls_common_weights(ls_common *c) { return (char *)c->block.data + sizeof(counters); }

void ls_common_open(ls_common *c, int64_t first, int64_t end) {
  c->end = end;
  if (ls_comm_rank(c->comm) == 0) atomic_store(&c->count->next, first);
  ls_common_meet(c);
}

int64_t ls_common_take(ls_common *c) {
  const int64_t mine = atomic_fetch_add_explicit(&c->count->next, 1, memory_order_relaxed);
  if (mine < c->end) return mine;
  return -1;
}

void ls_common_stop(ls_common *c) { atomic_fetch_add(&c->count->next, STOPPED); }

void ls_common_meet(ls_common *c) {
  atomic_thread_fence(memory_order_seq_cst);
  ls_comm_node_barrier(c->comm);
  atomic_thread_fence(memory_order_seq_cst);
}

int64_t ls_common_made(const ls_common *c) {
  return atomic_load_explicit(&c->count->made, memory_order_relaxed);
}

int64_t ls_common_count(ls_common *c) {
  return atomic_fetch_add_explicit(&c->count->made, 1, memory_order_relaxed);
}
