/* server.c - two windows: the shards, under a lock each, and on rank 0 two counters, which only
 * atomic calls touch. On one host Open MPI's windows are shared memory, and nobody need take part
 * in what happens to its shard. Between hosts a rank that serves listens while it computes
 * (ls_comm_listen). */
#include "comm/server.h"

#include <limits.h>
#include <sched.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "comm/comm_private.h"

/* What `stop` adds to the next number: beyond any end, and still far from overflowing with a
 * million ranks. */
static const int64_t STOPPED = (int64_t)1 << 42;
enum { NEXT, MADE, COUNTERS, VECTORS_MAX = 8 };

struct ls_server {
  ls_comm *comm;
  int64_t *first; /* (nodes + 1) node k's shard is [first[k], first[k + 1]) */
  size_t size;    /* of a real */
  MPI_Datatype real;
  int vectors;
  char *scratch; /* (vectors, parameters of the largest shard) while it is changed */
  char *shard;   /* (vectors, this rank's shard), which the window shows; NULL: serves none */
  int64_t *counter;
  MPI_Win shards, counters; /* where there are several ranks */
  int64_t end, ahead;       /* ahead: the number that has been asked for, once it is here */
};

/* ---- up and down ---- */

static int64_t shard_size(const ls_server *s, int node) {
  return s->first[node + 1] - s->first[node];
}

static bool serves(const ls_server *s) { return s->comm->node_rank == 0; }
static bool alone(const ls_server *s) { return s->comm->size == 1; }

static int64_t largest(const ls_server *s) {
  int64_t most = 1;
  for (int k = 0; k < s->comm->nodes; k++)
    if (shard_size(s, k) > most) most = shard_size(s, k);
  return most;
}

static void cut_shards(ls_server *s, int64_t n, int64_t grid) {
  const int64_t blocks = (n + grid - 1) / grid;
  for (int k = 0; k <= s->comm->nodes; k++) {
    const int64_t at = blocks * k / s->comm->nodes * grid;
    s->first[k] = ls_min(at, n);
  }
}

/* What this rank can do alone. */
static ls_status prepare(ls_server *s, int64_t n, int64_t grid) {
  void *memory;
  LS_NEW(s->first, s->comm->nodes + 1);
  cut_shards(s, n, grid);
  if (largest(s) > INT_MAX)
    return ls_fail(LS_ECONFIG,
                   "train.mode is downpour, and the %jd parameters on %d hosts: a host's share of "
                   "them is too big for one message; use more hosts",
                   n, s->comm->nodes);
  LS_TRY(ls_mem_new(&memory, (size_t)(s->vectors * largest(s)), s->size));
  s->scratch = memory;
  if (serves(s)) LS_TRY(ls_comm_listen(s->comm));
  if (!alone(s)) return LS_OK;
  LS_TRY(ls_mem_new(&memory, (size_t)(s->vectors * n), s->size));
  s->shard = memory;
  LS_NEW(s->counter, COUNTERS);
  return LS_OK;
}

/* MPI's own memory: only such is shared memory on a host. */
static ls_status open_windows(ls_server *s) {
  const int64_t mine = serves(s) ? s->vectors * shard_size(s, s->comm->node_number) : 0;
  const int64_t counts = s->comm->rank == 0 ? COUNTERS : 0;
  MPI_Comm_set_errhandler(s->comm->world, MPI_ERRORS_RETURN);
  ls_comm_enter(s->comm);
  int bad = MPI_Win_allocate((MPI_Aint)mine * (MPI_Aint)s->size, (int)s->size, MPI_INFO_NULL,
                             s->comm->world, &s->shard, &s->shards);
  if (!bad)
    bad = MPI_Win_allocate(counts * (MPI_Aint)sizeof(int64_t), sizeof(int64_t), MPI_INFO_NULL,
                           s->comm->world, &s->counter, &s->counters);
  ls_comm_leave(s->comm);
  MPI_Comm_set_errhandler(s->comm->world, MPI_ERRORS_ARE_FATAL);
  if (bad)
    return ls_fail(LS_EIO, "MPI has no window of %.1f MB for train.mode downpour",
                   (double)mine * (double)s->size / 1e6);
  if (counts) memset(s->counter, 0, sizeof(int64_t) * COUNTERS);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, s->counters);
  return LS_OK;
}

ls_status ls_server_new(ls_comm *comm, int64_t n, int64_t grid, int vectors, ls_dtype precision,
                        ls_server **out) {
  ls_server *s;
  LS_COMM_NEW(comm, s, 1);
  *out = s;
  *s = (ls_server){.comm = comm,
                   .size = ls_dtype_size(precision),
                   .real = precision == LS_F32 ? MPI_FLOAT : MPI_DOUBLE,
                   .vectors = vectors,
                   .shards = MPI_WIN_NULL,
                   .counters = MPI_WIN_NULL};
  LS_TRY(ls_comm_agree(comm, prepare(s, n, grid)));
  return alone(s) ? LS_OK : ls_comm_agree(comm, open_windows(s));
}

static void close_windows(ls_server *s) {
  if (s->counters != MPI_WIN_NULL) {
    MPI_Win_unlock_all(s->counters);
    MPI_Win_free(&s->counters);
  }
  if (s->shards != MPI_WIN_NULL) MPI_Win_free(&s->shards);
}

void ls_server_free(ls_server **out) {
  ls_server *s = *out;
  if (!s) return;
  ls_comm_deafen(s->comm);
  if (alone(s)) {
    LS_FREE(s->shard);
    LS_FREE(s->counter);
  } else {
    close_windows(s);
  }
  LS_FREE(s->first);
  LS_FREE(s->scratch);
  LS_FREE(*out);
}

/* ---- numbers ---- */

/* *before: counter `which` before `add` came to it; not to be looked at before arrived(). Both must
 * stay where they are until then. */
static void ask(ls_server *s, int which, const int64_t *add, int64_t *before) {
  if (alone(s)) {
    *before = s->counter[which];
    s->counter[which] += *add;
    return;
  }
  MPI_Fetch_and_op(add, before, MPI_INT64_T, 0, which, MPI_SUM, s->counters);
}

static void arrived(ls_server *s) {
  if (alone(s)) return;
  ls_comm_enter_for(s->comm, 0);
  MPI_Win_flush(0, s->counters);
  ls_comm_leave(s->comm);
}

static int64_t count(ls_server *s, int which, int64_t add) {
  int64_t before;
  ask(s, which, &add, &before);
  arrived(s);
  return before;
}

static const int64_t one = 1;

/* More ranks than cores: the system takes the core from each of them now and then. Best here, where
 * a rank holds nothing that grows old: between a fetch and a push it would be a gradient. With a
 * core for each, only other programs would gain. */
int64_t ls_server_take(ls_server *s) {
  if (s->comm->node_size > s->comm->node_cores) sched_yield();
  arrived(s);
  const int64_t mine = s->ahead;
  if (mine >= s->end) return -1;
  ask(s, NEXT, &one, &s->ahead);
  return mine;
}

void ls_server_stop(ls_server *s) { count(s, NEXT, STOPPED); }
int64_t ls_server_made(ls_server *s) { return count(s, MADE, 0); }
int64_t ls_server_count(ls_server *s, int64_t more) { return count(s, MADE, more); }

/* ---- shards ---- */

static void lock(ls_server *s, int kind, int node) {
  if (alone(s)) return;
  ls_comm_enter_for(s->comm, s->comm->node_first[node]);
  MPI_Win_lock(kind, s->comm->node_first[node], 0, s->shards);
}

static void unlock(ls_server *s, int node) {
  if (alone(s)) return;
  MPI_Win_unlock(s->comm->node_first[node], s->shards);
  ls_comm_leave(s->comm);
}

/* Vector v of a node's shard into `to`, once it is flushed or unlocked. */
static void get(ls_server *s, int node, int v, char *to) {
  const int64_t n = shard_size(s, node);
  if (alone(s))
    memcpy(to, s->shard + (size_t)(v * n) * s->size, (size_t)n * s->size);
  else
    MPI_Get(to, (int)n, s->real, s->comm->node_first[node], v * n, (int)n, s->real, s->shards);
}

static void put(ls_server *s, int node, int v, const char *from) {
  const int64_t n = shard_size(s, node);
  if (alone(s))
    memcpy(s->shard + (size_t)(v * n) * s->size, from, (size_t)n * s->size);
  else
    MPI_Put(from, (int)n, s->real, s->comm->node_first[node], v * n, (int)n, s->real, s->shards);
}

/* The i-th shard that this rank turns to: its own host's first, so that not all come to one. */
static int turn(const ls_server *s, int i) { return (s->comm->node_number + i) % s->comm->nodes; }

void ls_server_fetch(ls_server *s, char *const *vector, int count) {
  for (int i = 0; i < s->comm->nodes; i++) {
    const int node = turn(s, i);
    lock(s, MPI_LOCK_SHARED, node);
    for (int v = 0; v < count; v++) get(s, node, v, vector[v] + (size_t)s->first[node] * s->size);
    unlock(s, node);
  }
}

static void change_shard(ls_server *s, int node, ls_server_change *change, void *context) {
  const int64_t n = shard_size(s, node);
  char *part[VECTORS_MAX];
  lock(s, MPI_LOCK_EXCLUSIVE, node);
  for (int v = 0; v < s->vectors; v++) {
    part[v] = s->scratch + (size_t)(v * n) * s->size;
    get(s, node, v, part[v]);
  }
  if (!alone(s)) MPI_Win_flush(s->comm->node_first[node], s->shards);
  change(context, s->first[node], n, part);
  for (int v = 0; v < s->vectors; v++) put(s, node, v, part[v]);
  unlock(s, node);
}

void ls_server_push(ls_server *s, ls_server_change *change, void *context) {
  for (int i = 0; i < s->comm->nodes; i++) change_shard(s, turn(s, i), change, context);
}

/* ---- a leg ---- */

void ls_server_open(ls_server *s, char *const *vector, int64_t first, int64_t end) {
  const int node = s->comm->node_number;
  s->end = end;
  if (serves(s)) {
    lock(s, MPI_LOCK_EXCLUSIVE, node);
    for (int v = 0; v < s->vectors; v++)
      put(s, node, v, vector[v] + (size_t)s->first[node] * s->size);
    unlock(s, node);
  }
  if (s->comm->rank == 0) count(s, NEXT, first - count(s, NEXT, 0));
  ls_comm_barrier(s->comm);
  ask(s, NEXT, &one, &s->ahead);
}
