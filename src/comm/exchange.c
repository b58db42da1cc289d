#include "comm/exchange.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "comm/exchange_private.h"
#include "comm/sum.h"

/* FOLD elements at a time go through the tree, so that its intermediate sums stay in the
 * first-level cache. */
enum { FOLD = 512 };

int ls_exchange_rank_parts(const ls_exchange *x, int rank, ls_tree_node *node) {
  int ranks = ls_comm_size(x->comm);
  return ls_tree_cover(x->slices, ls_tree_first(x->slices, ranks, rank),
                       ls_tree_first(x->slices, ranks, rank + 1), node);
}

/* ---- one: a single rank; its one part is the sum ---- */

ls_status ls_exchange_own_memory(ls_exchange *x) {
  void *memory;
  LS_TRY(ls_mem_new(&memory, (size_t)(1 + x->parts), (size_t)x->stride));
  x->memory = memory;
  x->weights = x->memory;
  for (int i = 0; i < x->parts; i++) x->grad[i] = x->memory + (i + 1) * x->stride;
  return LS_OK;
}

static ls_status one_open(ls_exchange *x) {
  LS_TRY(ls_exchange_own_memory(x));
  assert(x->parts == 1 && x->sources == 1);
  x->source[0] = (ls_exchange_source){x->grad[0], 0, 0};
  return LS_OK;
}

static uint32_t one_reduce(ls_exchange *x, uint32_t flags) { return (void)x, flags; }
static void nothing(ls_exchange *x) { (void)x; }

/* ---- mpi: MPI_Allreduce as it comes and every rank updates everything: the reference, right to
 * rounding only ---- */

static ls_status mpi_open(ls_exchange *x) {
  LS_TRY(ls_exchange_own_memory(x));
  LS_TRY(ls_mem_new(&x->inbox, 1, (size_t)x->stride));
  x->sources = 1;
  x->source[0] = (ls_exchange_source){x->inbox, 0, 0};
  return LS_OK;
}

static uint32_t mpi_reduce(ls_exchange *x, uint32_t flags) {
  memcpy(x->inbox, x->grad[0], (size_t)x->n * x->size);
  for (int i = 1; i < x->parts; i++) x->sum(x->inbox, x->inbox, x->grad[i], x->n);
  ls_comm_enter(x->comm);
  for (int64_t done = 0; done < x->n; done += INT_MAX / 2) {
    int count = x->n - done < INT_MAX / 2 ? (int)(x->n - done) : INT_MAX / 2;
    MPI_Allreduce(MPI_IN_PLACE, (char *)x->inbox + done * (int64_t)x->size, count, ls_real_type(x),
                  MPI_SUM, x->comm->world);
  }
  ls_comm_leave(x->comm);
  return ls_comm_or(x->comm, flags);
}

static const ls_exchange_ops exchange_one = {"one", one_open, one_reduce, nothing, nothing, true};
static const ls_exchange_ops exchange_mpi = {"mpi", mpi_open, mpi_reduce, nothing, nothing, true};
static const ls_exchange_ops *const kinds[] = {&exchange_one, &ls_exchange_shared,
                                               &ls_exchange_tree, &exchange_mpi};

/* ---- the interface ---- */

static const ls_exchange_ops *choose(const ls_comm *comm, const char *kind) {
  if (ls_comm_size(comm) == 1) return &exchange_one;
  for (size_t i = 1; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i]->name, kind) == 0) return kinds[i];
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

static ls_status lay_out(ls_exchange *x, int64_t block, ls_precision precision) {
  x->sum = precision == LS_F32 ? ls_sum_f32 : ls_sum_f64;
  x->stride = ls_round_up((x->n > 0 ? x->n : 1) * (int64_t)x->size);
  LS_NEW(x->first, ls_comm_size(x->comm) + 1);
  cut_shards(x, block);
  x->parts = ls_exchange_rank_parts(x, ls_comm_rank(x->comm), x->node);
  ls_tree_node node[LS_PARTS_MAX];
  for (int r = 0; r < ls_comm_size(x->comm); r++) x->sources += ls_exchange_rank_parts(x, r, node);
  LS_NEW(x->source, x->sources);
  return LS_OK;
}

ls_status ls_exchange_new(ls_comm *comm, const char *kind, int64_t n, int64_t block, int slices,
                          ls_precision precision, ls_exchange **out) {
  ls_exchange *x;
  if (ls_comm_size(comm) > 1 && strcmp(kind, "auto") == 0)
    LS_TRY(ls_exchange_probe(comm, n, slices, precision, &kind));
  const ls_exchange_ops *ops = choose(comm, kind);
  if (!ops) return ls_fail(LS_ECONFIG, "no exchange is called '%s'", kind);
  LS_COMM_NEW(comm, x, 1);
  *out = x;
  *x = (ls_exchange){
      .ops = ops, .comm = comm, .n = n, .size = ls_real_size(precision), .slices = slices};
  LS_TRY(ls_comm_agree(comm, lay_out(x, block, precision))); /* open communicates */
  return ls_comm_agree(comm, ops->open(x));
}

void ls_exchange_free(ls_exchange **out) {
  ls_exchange *x = *out;
  if (!x) return;
  if (x->ops) x->ops->close(x);
  LS_FREE(x->memory);
  LS_FREE(x->inbox);
  LS_FREE(x->request);
  LS_FREE(x->peer);
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

/* Lines that several caches hold are refused to a writer until all have dropped them. From CLAIMED
 * bytes on, the hardware sees the stream of writes and asks ahead by itself. */
void ls_exchange_claim(const ls_exchange *x) {
#if defined(__x86_64__)
  enum { CLAIMED = 1 << 16 };
  if (ls_comm_size(x->comm) == 1 || x->ops->replicated) return;
  const int rank = ls_comm_rank(x->comm);
  const int64_t lo = x->first[rank] * (int64_t)x->size, hi = x->first[rank + 1] * (int64_t)x->size;
  for (int64_t at = lo; at < hi && at < lo + CLAIMED; at += LS_ALIGN)
    __asm__ volatile("prefetchw %0" : : "m"(x->weights[at]));
#else
  (void)x;
#endif
}

uint32_t ls_exchange_reduce(ls_exchange *x, uint32_t flags) { return x->ops->reduce(x, flags); }
void ls_exchange_publish(ls_exchange *x) { x->ops->publish(x); }

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
    fold_block(x, source, sources, lo + done, n - done < FOLD ? n - done : FOLD,
               (char *)out + done * (int64_t)x->size);
}

const void *ls_exchange_grad(ls_exchange *x, int64_t lo, int64_t count, void *scratch) {
  if (x->sources == 1) return x->source[0].data + (lo - x->source[0].from) * (int64_t)x->size;
  ls_exchange_fold(x, x->source, x->sources, lo, count, scratch);
  return scratch;
}

int64_t ls_exchange_bytes(const ls_exchange *x) {
  int ranks = ls_comm_size(x->comm);
  int64_t lo, hi, all = x->n * (int64_t)x->size;
  if (ranks == 1) return 0;
  if (x->ops->replicated) return 2 * (ranks - 1) * all / ranks;
  ls_exchange_shard(x, &lo, &hi);
  return (x->sources - x->parts) * (hi - lo) * (int64_t)x->size + all -
         (hi - lo) * (int64_t)x->size;
}
