/* shared: one window a node holds the weights and every local rank's parts. A rank reads the parts
 * of its shard where they lie and updates the node's one copy of the weights in place; a barrier on
 * each side, which spins, then yields.
 *
 * With several nodes, the parts of a node are first summed as far as the slice tree allows
 * (neighbours on one node are mostly one subtree), and for each shard one rank of every other node,
 * its agent there, sends those sums to the owner and takes the new weights back into the node's
 * window. So what crosses the network does not grow with the ranks on a node. */
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "comm/exchange_private.h"

enum { SPINS = 20000 };

/* One rank's line in the window: how many barriers it has reached, and its flags for the running
 * reduce. */
typedef struct {
  _Alignas(64) _Atomic uint64_t reached;
  _Atomic uint32_t flags;
} line;

/* Consecutive parts of one node that make up one node of the slice tree: parts [first, first +
 * count) of all. */
typedef struct {
  int node, lo, level, first, count;
} group;

/* A shard of another node's rank that this rank is the agent for: its sums go out, its new weights
 * come in. */
typedef struct {
  int owner;
  char *out; /* (groups of this node, shard) */
} errand;

struct ls_window {
  ls_shared block;
  line *lines; /* (ranks of the node) */
  uint64_t barriers;
  int spins;
  int parts;                /* of all ranks, in slice order */
  int *part_node;           /* (parts) */
  ls_exchange_source *part; /* (parts) data only where it lies in this window */
  int groups;
  group *group;
  int errands;
  errand *errand;
  char *outbox;
  MPI_Request *send;    /* sums of errand e, group k: send[e * own_groups + k] */
  MPI_Request *publish; /* new weights: to the agents, and of the errands */
  int *send_peer, *publish_peer;
  int own_groups, publishes, receives;
};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/* Everything that the node's others wrote before they reached this point is visible after it. */
static void window_barrier(ls_exchange *x) {
  struct ls_window *w = x->window;
  int ranks = x->comm->node_size, me = x->comm->node_rank;
  uint64_t goal = ++w->barriers;
  ls_comm_enter(x->comm);
  atomic_store_explicit(&w->lines[me].reached, goal, memory_order_release);
  for (int i = 1; i < ranks; i++) {
    line *other = &w->lines[(me + i) % ranks];
    for (int spin = 0; atomic_load_explicit(&other->reached, memory_order_acquire) < goal; spin++)
      if (spin < w->spins)
        relax();
      else
        sched_yield();
  }
  ls_comm_leave(x->comm);
}

/* ---- laying out ---- */

/* The window: lines, weights, the local ranks' parts. Fills part[] and this rank's grad[]. */
static ls_status open_window(ls_exchange *x) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  ls_tree_node node[LS_PARTS_MAX];
  int64_t local = 0;
  for (int r = 0; r < comm->size; r++)
    if (comm->node_of[r] == comm->node_of[comm->rank]) local += ls_exchange_rank_parts(x, r, node);
  int64_t lines = (int64_t)comm->node_size * (int64_t)sizeof(line);
  LS_TRY(ls_comm_shared_new(x->comm, (size_t)(lines + x->stride * (1 + local)), &w->block));
  w->lines = w->block.data;
  w->spins = comm->node_size <= (int)sysconf(_SC_NPROCESSORS_ONLN) ? SPINS : 0;
  x->weights = (char *)w->block.data + lines;
  char *next = x->weights + x->stride;
  for (int r = 0, p = 0; r < comm->size; r++) {
    int count = ls_exchange_rank_parts(x, r, node);
    for (int i = 0; i < count; i++, p++) {
      w->part_node[p] = comm->node_of[r];
      w->part[p] = (ls_exchange_source){NULL, 0, node[i].level};
      if (comm->node_of[r] != comm->node_of[comm->rank]) continue;
      w->part[p].data = next;
      if (r == comm->rank) x->grad[i] = next;
      next += x->stride;
    }
  }
  return LS_OK;
}

/* Join each node's parts into groups: a binary counter over all parts that never joins across
 * nodes. */
static void make_groups(struct ls_window *w) {
  int lo = 0;
  for (int p = 0; p < w->parts; p++) {
    group g = {w->part_node[p], lo, w->part[p].level, p, 1};
    lo += 1 << g.level;
    while (w->groups > 0) {
      group *left = &w->group[w->groups - 1];
      if (left->node != g.node || left->level != g.level || left->lo % (2 << g.level) != 0) break;
      g = (group){g.node, left->lo, g.level + 1, left->first, left->count + g.count};
      w->groups--;
    }
    w->group[w->groups++] = g;
  }
}

static int agent_of(const ls_comm *comm, int owner, int node) {
  int members = 0, nth = 0;
  for (int r = 0; r < comm->size; r++) members += comm->node_of[r] == node;
  for (int r = 0; r < comm->size; r++)
    if (comm->node_of[r] == node && nth++ == owner % members) return r;
  return -1;
}

static int64_t shard_bytes(const ls_exchange *x, int rank) {
  return ls_round_up((x->first[rank + 1] - x->first[rank]) * (int64_t)x->size);
}

/* What this rank's shard is summed from: local parts where they lie, other nodes' groups as they
 * come in. */
static ls_status open_inbox(ls_exchange *x) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  int here = comm->node_of[comm->rank], remote = 0;
  int64_t lo = x->first[comm->rank], bytes = shard_bytes(x, comm->rank);
  for (int k = 0; k < w->groups; k++) remote += w->group[k].node != here;
  LS_TRY(ls_mem_new(&x->inbox, (size_t)remote, (size_t)bytes));
  char *next = x->inbox;
  x->sources = 0;
  for (int k = 0; k < w->groups; k++) {
    const group *g = &w->group[k];
    if (g->node == here) {
      for (int p = 0; p < g->count; p++) x->source[x->sources++] = w->part[g->first + p];
      continue;
    }
    x->source[x->sources++] = (ls_exchange_source){next, lo, g->level};
    if (bytes > 0) {
      int agent = x->peer[w->receives] = agent_of(comm, comm->rank, g->node);
      MPI_Recv_init(next, (int)(x->first[comm->rank + 1] - lo), ls_real_type(x), agent, 1 + k,
                    comm->world, &x->request[w->receives++]);
    }
    next += bytes;
  }
  return LS_OK;
}

/* The shards of other nodes' ranks that this rank is the agent for. */
static ls_status open_errands(ls_exchange *x) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  int here = comm->node_of[comm->rank];
  int64_t bytes = 0;
  for (int k = 0; k < w->groups; k++) w->own_groups += w->group[k].node == here;
  for (int r = 0; r < comm->size; r++)
    if (comm->node_of[r] != here && agent_of(comm, r, here) == comm->rank &&
        shard_bytes(x, r) > 0) {
      w->errand[w->errands++] = (errand){r, NULL};
      bytes += w->own_groups * shard_bytes(x, r);
    }
  void *outbox;
  LS_TRY(ls_mem_new(&outbox, 1, (size_t)bytes));
  w->outbox = outbox;
  LS_NEW(w->send, w->errands * w->own_groups);
  LS_NEW(w->send_peer, w->errands * w->own_groups);
  char *next = w->outbox;
  for (int e = 0; e < w->errands; e++) {
    int owner = w->errand[e].owner, sends = 0;
    int64_t count = x->first[owner + 1] - x->first[owner];
    w->errand[e].out = next;
    for (int k = 0; k < w->groups; k++) {
      if (w->group[k].node != here) continue;
      w->send_peer[e * w->own_groups + sends] = owner;
      MPI_Send_init(next, (int)count, ls_real_type(x), owner, 1 + k, comm->world,
                    &w->send[e * w->own_groups + sends++]);
      next += shard_bytes(x, owner);
    }
    w->publish_peer[w->publishes] = owner;
    MPI_Recv_init(x->weights + x->first[owner] * (int64_t)x->size, (int)count, ls_real_type(x),
                  owner, 0, comm->world, &w->publish[w->publishes++]);
  }
  int64_t mine = x->first[comm->rank + 1] - x->first[comm->rank];
  for (int node = 0; node < comm->nodes && mine > 0; node++) {
    if (node == here) continue;
    int agent = w->publish_peer[w->publishes] = agent_of(comm, comm->rank, node);
    MPI_Send_init(x->weights + x->first[comm->rank] * (int64_t)x->size, (int)mine, ls_real_type(x),
                  agent, 0, comm->world, &w->publish[w->publishes++]);
  }
  return LS_OK;
}

static ls_status make_lists(ls_exchange *x) {
  const ls_comm *comm = x->comm;
  struct ls_window *w;
  LS_NEW(w, 1);
  x->window = w;
  w->parts = x->sources;
  LS_NEW(w->part_node, w->parts);
  LS_NEW(w->part, w->parts);
  LS_NEW(w->group, w->parts);
  LS_NEW(w->errand, comm->size);
  LS_NEW(x->peer, w->parts);
  LS_NEW(w->publish, comm->size + comm->nodes);
  LS_NEW(w->publish_peer, comm->size + comm->nodes);
  LS_NEW(x->request, w->parts);
  if (comm->nodes > 1 && x->n / comm->size > INT_MAX / 2)
    return ls_fail(
        LS_ECONFIG,
        "%lld parameters on %d ranks: a shard is too big for one message; use more ranks",
        (long long)x->n, comm->size);
  return LS_OK;
}

static ls_status shared_open(ls_exchange *x) {
  LS_TRY(
      ls_comm_agree(x->comm, make_lists(x))); /* before the window, which all ranks make together */
  LS_TRY(open_window(x));
  make_groups(x->window);
  LS_TRY(open_inbox(x));
  return open_errands(x);
}

/* ---- at work ---- */

/* Sum this node's groups for the shards of other nodes' owners, and send each as soon as it is
 * there. */
static void run_errands(ls_exchange *x) {
  struct ls_window *w = x->window;
  int here = x->comm->node_of[x->comm->rank];
  for (int e = 0; e < w->errands; e++) {
    int owner = w->errand[e].owner, sends = 0;
    char *out = w->errand[e].out;
    for (int k = 0; k < w->groups; k++) {
      if (w->group[k].node != here) continue;
      ls_exchange_fold(x, w->part + w->group[k].first, w->group[k].count, x->first[owner],
                       x->first[owner + 1] - x->first[owner], out);
      MPI_Start(&w->send[e * w->own_groups + sends++]);
      out += shard_bytes(x, owner);
    }
  }
}

static uint32_t shared_reduce(ls_exchange *x, uint32_t flags) {
  struct ls_window *w = x->window;
  MPI_Startall(w->receives, x->request);
  atomic_store_explicit(&w->lines[x->comm->node_rank].flags, flags, memory_order_relaxed);
  window_barrier(x);
  for (int r = 0; r < x->comm->node_size; r++)
    flags |= atomic_load_explicit(&w->lines[r].flags, memory_order_relaxed);
  if (x->comm->nodes == 1) return flags;
  run_errands(x);
  ls_comm_wait(x->comm, w->errands * w->own_groups, w->send, w->send_peer);
  ls_comm_wait(x->comm, w->receives, x->request, x->peer);
  return ls_comm_or(x->comm, flags);
}

static void shared_publish(ls_exchange *x) {
  struct ls_window *w = x->window;
  if (x->comm->nodes >
      1) { /* also where nothing is to be sent or received: all ranks meet the same collectives */
    MPI_Startall(w->publishes, w->publish);
    ls_comm_wait(x->comm, w->publishes, w->publish, w->publish_peer);
  }
  window_barrier(x);
}

static void free_requests(MPI_Request *request, int count) {
  for (int i = 0; i < count; i++) MPI_Request_free(&request[i]);
}

static void shared_close(ls_exchange *x) {
  struct ls_window *w = x->window;
  if (!w) return;
  if (x->request) free_requests(x->request, w->receives);
  if (w->send) free_requests(w->send, w->errands * w->own_groups);
  if (w->publish) free_requests(w->publish, w->publishes);
  ls_comm_shared_free(x->comm, &w->block);
  LS_FREE(w->part_node);
  LS_FREE(w->part);
  LS_FREE(w->group);
  LS_FREE(w->errand);
  LS_FREE(w->outbox);
  LS_FREE(w->send);
  LS_FREE(w->send_peer);
  LS_FREE(w->publish);
  LS_FREE(w->publish_peer);
  LS_FREE(x->window);
}

const ls_exchange_ops ls_exchange_shared = {"shared",       shared_open,  shared_reduce,
                                            shared_publish, shared_close, false};
