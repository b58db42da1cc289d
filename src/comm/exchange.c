#include "comm/exchange.h"

#include <assert.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "comm/comm_private.h"
#include "comm/sum.h"

/* FOLD elements at a time go through the tree, so that its intermediate sums stay in the first-level cache. */
enum { FOLD = 512, SPINS = 20000 };

/* One rank's line in the window: how many barriers it has reached, and its flags for the running reduce. */
typedef struct {
  _Alignas(64) _Atomic uint64_t reached;
  _Atomic uint32_t flags;
} line;

/* A part of some rank as this rank reads it: element i of the parameters lies at data + (i - from) * size. */
typedef struct {
  const char *data;
  int64_t from;
  int level;
} source;

typedef struct exchange_ops {
  const char *name;
  ls_status (*open)(ls_exchange *);
  uint32_t (*reduce)(ls_exchange *, uint32_t flags);
  void (*publish)(ls_exchange *);
  void (*close)(ls_exchange *);
  bool replicated;
} exchange_ops;

struct ls_exchange {
  const exchange_ops *ops;
  ls_comm *comm;
  int64_t n, stride; /* parameters; bytes from one part to the next */
  size_t size;       /* of a real */
  int slices;
  int64_t *first; /* (ranks + 1) shard bounds */
  int parts;      /* of this rank */
  ls_tree_node node[LS_PARTS_MAX];
  void *grad[LS_PARTS_MAX];
  int sources; /* parts of all ranks, in slice order */
  source *source;
  char *weights;
  void (*sum)(void *, const void *, const void *, int64_t);
  ls_shared window; /* shared: lines, weights, every rank's parts */
  line *lines;
  uint64_t barriers;
  int spins;
  char *memory; /* other kinds: weights, own parts */
  char *inbox;  /* tree: the others' parts of my shard; mpi: the sum */
  MPI_Request *request;
  int requests;
};

/* ---- shared: one window a node; everyone reads its shard from everyone's parts and updates the one copy of the weights ---- */

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/* Everything that the others wrote before they reached this point is visible after it. Spin, then give the core away. */
static void window_barrier(ls_exchange *x) {
  int ranks = ls_comm_size(x->comm), me = ls_comm_rank(x->comm);
  uint64_t goal = ++x->barriers;
  ls_comm_enter(x->comm);
  atomic_store_explicit(&x->lines[me].reached, goal, memory_order_release);
  for (int i = 1; i < ranks; i++) {
    line *other = &x->lines[(me + i) % ranks];
    for (int spin = 0; atomic_load_explicit(&other->reached, memory_order_acquire) < goal; spin++)
      if (spin < x->spins)
        relax();
      else
        sched_yield();
  }
  ls_comm_leave(x->comm);
}

static int64_t round_up(int64_t bytes) { return (bytes + LS_ALIGN - 1) / LS_ALIGN * LS_ALIGN; }

static int rank_parts(const ls_exchange *x, int rank, ls_tree_node *node) {
  int ranks = ls_comm_size(x->comm);
  return ls_tree_cover(x->slices, ls_tree_first(x->slices, ranks, rank), ls_tree_first(x->slices, ranks, rank + 1), node);
}

static ls_status shared_open(ls_exchange *x) {
  int ranks = ls_comm_size(x->comm), me = ls_comm_rank(x->comm);
  size_t lines = (size_t)ranks * sizeof(line);
  LS_TRY(ls_comm_shared_new(x->comm, lines + (size_t)(x->stride * (1 + x->sources)), &x->window));
  x->lines = x->window.data;
  x->weights = (char *)x->window.data + lines;
  char *part = x->weights + x->stride;
  ls_tree_node node[LS_PARTS_MAX];
  for (int r = 0, s = 0; r < ranks; r++) {
    int count = rank_parts(x, r, node);
    for (int i = 0; i < count; i++, s++, part += x->stride) {
      x->source[s] = (source){part, 0, node[i].level};
      if (r == me) x->grad[i] = part;
    }
  }
  x->spins = ranks <= (int)sysconf(_SC_NPROCESSORS_ONLN) ? SPINS : 0;
  return LS_OK;
}

static uint32_t shared_reduce(ls_exchange *x, uint32_t flags) {
  atomic_store_explicit(&x->lines[ls_comm_rank(x->comm)].flags, flags, memory_order_relaxed);
  window_barrier(x);
  for (int r = 0; r < ls_comm_size(x->comm); r++) flags |= atomic_load_explicit(&x->lines[r].flags, memory_order_relaxed);
  return flags;
}

/* ---- one: a single rank; its one part is the sum ---- */

static ls_status own_memory(ls_exchange *x) {
  void *memory;
  LS_TRY(ls_mem_new(&memory, (size_t)(1 + x->parts), (size_t)x->stride));
  x->memory = memory;
  x->weights = x->memory;
  for (int i = 0; i < x->parts; i++) x->grad[i] = x->memory + (i + 1) * x->stride;
  return LS_OK;
}

static ls_status one_open(ls_exchange *x) {
  LS_TRY(own_memory(x));
  assert(x->parts == 1 && x->sources == 1);
  x->source[0] = (source){x->grad[0], 0, 0};
  return LS_OK;
}

static uint32_t one_reduce(ls_exchange *x, uint32_t flags) { return (void)x, flags; }
static void nothing(ls_exchange *x) { (void)x; }

/* ---- tree: each rank sends its parts of every shard straight to the shard's owner, who finishes the tree; then allgather.
 * (R-1)/R of the gradient out and in where each rank has one part: what a reduce-scatter moves. Persistent requests. ---- */

static MPI_Datatype real_type(const ls_exchange *x) { return x->size == 4 ? MPI_FLOAT : MPI_DOUBLE; }

static void tree_receive(ls_exchange *x, int rank, int parts, char **inbox, int64_t shard) {
  for (int i = 0; i < parts; i++, *inbox += round_up(shard * (int64_t)x->size))
    MPI_Recv_init(*inbox, (int)shard, real_type(x), rank, 1 + i, x->comm->world, &x->request[x->requests++]);
}

static ls_status tree_open(ls_exchange *x) {
  int ranks = ls_comm_size(x->comm), me = ls_comm_rank(x->comm);
  LS_TRY(own_memory(x));
  int64_t lo, hi;
  ls_exchange_shard(x, &lo, &hi);
  if (x->n / ranks > INT_MAX / 2)
    return ls_fail(LS_ECONFIG, "%lld parameters on %d ranks: a shard is too big for one message; use more ranks or exchange: shared",
                   (long long)x->n, ranks);
  LS_NEW(x->request, x->sources + x->parts * ranks);
  void *inbox;
  LS_TRY(ls_mem_new(&inbox, (size_t)x->sources, (size_t)round_up((hi - lo) * (int64_t)x->size)));
  x->inbox = inbox;
  char *next = x->inbox;
  ls_tree_node node[LS_PARTS_MAX];
  for (int r = 0, s = 0; r < ranks; r++) {
    int count = rank_parts(x, r, node);
    for (int i = 0; i < count; i++)
      x->source[s++] =
          r == me ? (source){x->grad[i], 0, node[i].level} : (source){next + i * round_up((hi - lo) * (int64_t)x->size), lo, node[i].level};
    if (r != me && hi > lo) tree_receive(x, r, count, &next, hi - lo);
  }
  for (int k = 1; k < ranks; k++) {
    int to = (me + k) % ranks; /* everyone starts at another peer */
    int64_t from = x->first[to], count = x->first[to + 1] - from;
    for (int i = 0; i < x->parts && count > 0; i++)
      MPI_Send_init((char *)x->grad[i] + from * (int64_t)x->size, (int)count, real_type(x), to, 1 + i, x->comm->world,
                    &x->request[x->requests++]);
  }
  return LS_OK;
}

static uint32_t tree_reduce(ls_exchange *x, uint32_t flags) {
  ls_comm_enter(x->comm);
  MPI_Startall(x->requests, x->request);
  MPI_Waitall(x->requests, x->request, MPI_STATUSES_IGNORE);
  ls_comm_leave(x->comm);
  return ls_comm_or(x->comm, flags);
}

static void tree_publish(ls_exchange *x) { ls_comm_allgatherv(x->comm, x->weights, x->first, x->size); }

static void tree_close(ls_exchange *x) {
  for (int i = 0; i < x->requests; i++) MPI_Request_free(&x->request[i]);
}

/* ---- mpi: MPI_Allreduce as it comes and every rank updates everything: the reference, right to rounding only ---- */

static ls_status mpi_open(ls_exchange *x) {
  LS_TRY(own_memory(x));
  void *inbox;
  LS_TRY(ls_mem_new(&inbox, 1, (size_t)x->stride));
  x->inbox = inbox;
  x->sources = 1;
  x->source[0] = (source){x->inbox, 0, 0};
  return LS_OK;
}

static uint32_t mpi_reduce(ls_exchange *x, uint32_t flags) {
  memcpy(x->inbox, x->grad[0], (size_t)x->n * x->size);
  for (int i = 1; i < x->parts; i++) x->sum(x->inbox, x->inbox, x->grad[i], x->n);
  ls_comm_enter(x->comm);
  for (int64_t done = 0; done < x->n; done += INT_MAX / 2) {
    int count = x->n - done < INT_MAX / 2 ? (int)(x->n - done) : INT_MAX / 2;
    MPI_Allreduce(MPI_IN_PLACE, x->inbox + done * (int64_t)x->size, count, real_type(x), MPI_SUM, x->comm->world);
  }
  ls_comm_leave(x->comm);
  return ls_comm_or(x->comm, flags);
}

static const exchange_ops ops_table[] = {
    {"one", one_open, one_reduce, nothing, nothing, true},
    {"shared", shared_open, shared_reduce, window_barrier, nothing, false},
    {"tree", tree_open, tree_reduce, tree_publish, tree_close, false},
    {"mpi", mpi_open, mpi_reduce, nothing, nothing, true},
};

/* ---- the interface ---- */

static const exchange_ops *choose(const ls_comm *comm, const char *kind) {
  if (ls_comm_size(comm) == 1)
    kind = "one";
  else if (strcmp(kind, "auto") == 0)
    kind = ls_comm_node_count(comm) == 1 ? "shared" : "tree";
  for (size_t i = 0; i < sizeof ops_table / sizeof *ops_table; i++)
    if (strcmp(ops_table[i].name, kind) == 0) return &ops_table[i];
  return NULL;
}

static void cut_shards(ls_exchange *x, int64_t block) {
  int ranks = ls_comm_size(x->comm);
  int64_t blocks = (x->n + block - 1) / block;
  for (int r = 0; r <= ranks; r++) {
    int64_t at = blocks * r / ranks * block;
    x->first[r] = at < x->n ? at : x->n;
  }
}

ls_status ls_exchange_new(ls_comm *comm, const char *kind, int64_t n, int64_t block, int slices, ls_precision precision,
                          ls_exchange **out) {
  ls_exchange *x;
  LS_NEW(x, 1);
  *out = x;
  x->ops = choose(comm, kind);
  if (!x->ops) return ls_fail(LS_ECONFIG, "no exchange is called '%s'", kind);
  if (strcmp(x->ops->name, "shared") == 0 && ls_comm_node_count(comm) > 1)
    return ls_fail(LS_ECONFIG, "exchange: shared needs all ranks on one host, and there are %d hosts; use auto or tree",
                   ls_comm_node_count(comm));
  *x = (ls_exchange){.ops = x->ops, .comm = comm, .n = n, .size = ls_real_size(precision), .slices = slices};
  x->sum = precision == LS_F32 ? ls_sum_f32 : ls_sum_f64;
  x->stride = round_up((n > 0 ? n : 1) * (int64_t)x->size);
  LS_NEW(x->first, ls_comm_size(comm) + 1);
  cut_shards(x, block);
  x->parts = rank_parts(x, ls_comm_rank(comm), x->node);
  ls_tree_node node[LS_PARTS_MAX];
  for (int r = 0; r < ls_comm_size(comm); r++) x->sources += rank_parts(x, r, node);
  LS_NEW(x->source, x->sources);
  return x->ops->open(x);
}

void ls_exchange_free(ls_exchange **out) {
  ls_exchange *x = *out;
  if (!x) return;
  if (x->request) x->ops->close(x);
  ls_comm_shared_free(x->comm, &x->window);
  LS_FREE(x->memory);
  LS_FREE(x->inbox);
  LS_FREE(x->request);
  LS_FREE(x->first);
  LS_FREE(x->source);
  LS_FREE(*out);
}

const char *ls_exchange_kind(const ls_exchange *x) { return x->ops->name; }
void *ls_exchange_weights(ls_exchange *x) { return x->weights; }
bool ls_exchange_replicated(const ls_exchange *x) { return x->ops->replicated; }

int64_t ls_exchange_shard_of(const ls_exchange *x, int rank) { return x->first[rank]; }

void ls_exchange_shard(const ls_exchange *x, int64_t *lo, int64_t *hi) {
  int me = ls_comm_rank(x->comm);
  *lo = x->ops->replicated ? 0 : x->first[me];
  *hi = x->ops->replicated ? x->n : x->first[me + 1];
}

int ls_exchange_parts(const ls_exchange *x, const ls_tree_node **node, void *const **grad) {
  *node = x->node;
  *grad = x->grad;
  return x->parts;
}

uint32_t ls_exchange_reduce(ls_exchange *x, uint32_t flags) { return x->ops->reduce(x, flags); }
void ls_exchange_publish(ls_exchange *x) { x->ops->publish(x); }

/* Finish the tree for `n` (<= FOLD) elements: a binary counter whose digits are partial sums, as in ls_tree_sum. Operands
 * are read where they lie; a sum goes into the buffer of its stack position, the last one into out. */
static void fold_block(ls_exchange *x, int64_t lo, int64_t n, void *out) {
  _Alignas(LS_ALIGN) char fold[LS_TREE_DEPTH][FOLD * sizeof(double)]; /* on the stack: several threads may be here */
  const void *wait[LS_TREE_DEPTH + 1];
  int level[LS_TREE_DEPTH + 1], depth = 0;
  for (int s = 0; s < x->sources; s++) {
    const void *sum = x->source[s].data + (lo - x->source[s].from) * (int64_t)x->size;
    bool last = s == x->sources - 1; /* then all that waits joins: absent right children */
    int at = x->source[s].level;
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
}

const void *ls_exchange_grad(ls_exchange *x, int64_t lo, int64_t count, void *scratch) {
  if (x->sources == 1) return x->source[0].data + (lo - x->source[0].from) * (int64_t)x->size;
  for (int64_t done = 0; done < count; done += FOLD)
    fold_block(x, lo + done, count - done < FOLD ? count - done : FOLD, (char *)scratch + done * (int64_t)x->size);
  return scratch;
}

int64_t ls_exchange_bytes(const ls_exchange *x) {
  int ranks = ls_comm_size(x->comm);
  int64_t lo, hi, all = x->n * (int64_t)x->size;
  if (ranks == 1) return 0;
  if (x->ops->replicated) return 2 * (ranks - 1) * all / ranks;
  ls_exchange_shard(x, &lo, &hi);
  return (x->sources - x->parts) * (hi - lo) * (int64_t)x->size + all - (hi - lo) * (int64_t)x->size;
}
