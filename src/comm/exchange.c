/* exchange.c - the kinds that need no file of their own (one, apart, mpi), the list of all, and
 * how any is opened: prepare alone, agree once, open. Begin at "the interface": ls_exchange_new
 * -> choose or, for auto, probe_both -> open_kind. */
#include "comm/exchange.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "comm/exchange_kind.h"
#include "comm/sum.h"

/* ---- one: a single rank; its one part is the sum ---- */

static ls_status one_prepare(ls_exchange *x) {
  LS_TRY(ls_exchange_own_memory(x));
  assert(x->parts == 1 && x->sources == 1);
  x->source[0] = (ls_exchange_source){x->grad[0], 0, 0};
  return LS_OK;
}

static uint32_t one_reduce(ls_exchange *x, uint32_t flags) { return (void)x, flags; }

/* ---- apart: each rank has weights and the gradient of a whole minibatch of its own, and what
 * becomes of them is not the exchange's (train.mode) ---- */

static ls_status apart_prepare(ls_exchange *x) {
  x->parts = ls_tree_cover(x->slices, 0, x->slices, x->node);
  return ls_exchange_own_memory(x);
}

/* ---- mpi: MPI_Allreduce as it comes and every rank updates everything: the reference, right to
 * rounding only ---- */

static ls_status mpi_prepare(ls_exchange *x) {
  LS_TRY(ls_exchange_own_memory(x));
  LS_TRY(ls_mem_new(&x->inbox, 1, (size_t)x->stride));
  x->sources = 1;
  x->source[0] = (ls_exchange_source){x->inbox, 0, 0};
  return LS_OK;
}

static uint32_t mpi_reduce(ls_exchange *x, uint32_t flags) {
  enum { MOST = INT_MAX / 2 }; /* of a message: MPI counts are int */
  const MPI_Datatype type = x->size == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE;
  memcpy(x->inbox, x->grad[0], (size_t)x->n * x->size);
  for (int i = 1; i < x->parts; i++) x->sum(x->inbox, x->inbox, x->grad[i], x->n);
  ls_comm_enter(x->comm);
  for (int64_t done = 0; done < x->n; done += MOST) {
    int count = x->n - done < MOST ? (int)(x->n - done) : MOST;
    MPI_Allreduce(MPI_IN_PLACE, (char *)x->inbox + done * (int64_t)x->size, count, type, MPI_SUM,
                  x->comm->world);
  }
  ls_comm_leave(x->comm);
  return ls_comm_or(x->comm, flags);
}

static const ls_exchange_ops exchange_one = {
    .name = "one", .prepare = one_prepare, .reduce = one_reduce};
static const ls_exchange_ops exchange_apart = {
    .name = "apart", .prepare = apart_prepare, .reduce = one_reduce};
static const ls_exchange_ops exchange_mpi = {
    .name = "mpi", .prepare = mpi_prepare, .reduce = mpi_reduce};
static const ls_exchange_ops *const kinds[] = {
    &exchange_one,   &ls_exchange_shared, &ls_exchange_tree,  &exchange_mpi,
    &exchange_apart, &ls_exchange_halved, &ls_exchange_banded};

static const ls_exchange_ops *choose(const ls_comm *comm, const char *kind) {
  if (ls_comm_size(comm) == 1) return &exchange_one;
  for (size_t i = 1; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i]->name, kind) == 0) return kinds[i];
  return NULL;
}

/* ---- who owns what ---- */

/* A band must be worth messages of its own, and an owner's stretch of it a few blocks, or a node
 * would get more than another. */
static int64_t least_band(const ls_exchange *x) {
  enum { WORTH = 1 << 16, BLOCKS = 4 };
  if (x->ops == &ls_exchange_banded) return x->grid;
  const int64_t least = (int64_t)BLOCKS * x->grid * ls_comm_node_count(x->comm);
  return ls_max(ls_max(least, WORTH), x->n / LS_BANDS_MAX);
}

/* Layers are joined, from the last one on. What a layer begins within a block of is the band's
 * before it, which comes later. */
static void cut_bands(ls_exchange *x, const ls_exchange_spec *spec) {
  const bool can = x->ops->ready && ls_comm_node_count(x->comm) > 1;
  const int64_t least = least_band(x);
  int64_t start[LS_BANDS_MAX], layer[LS_BANDS_MAX], end = x->n;
  x->bands = 1;
  for (int i = spec->layers - 1; can && i > 0 && x->bands < LS_BANDS_MAX; i--) {
    const int64_t at = (spec->layer[i] + x->grid - 1) / x->grid * x->grid;
    if (end - at < least || at < least) continue;
    start[x->bands] = end = at;
    layer[x->bands++] = spec->layer[i];
  }
  for (int b = 1; b < x->bands; b++) {
    x->band[x->bands - b] = start[b];
    x->layer[x->bands - b] = layer[b];
  }
  x->band[x->bands] = x->n;
}

ls_status ls_exchange_prepare(ls_exchange **out, ls_comm *comm, const ls_exchange_ops *ops,
                              const ls_exchange_spec *spec) {
  ls_exchange *x;
  LS_NEW(x, 1);
  *out = x;
  *x = (ls_exchange){
      .ops = ops, .comm = comm, .team = spec->team, .n = spec->n, .slices = spec->slices};
  x->grid = spec->grid;
  x->size = ls_dtype_size(spec->precision);
  x->sum = LS_REAL_OF(spec->precision, ls_sum);
  x->stride = ls_round_up((x->n > 0 ? x->n : 1) * (int64_t)x->size);
  cut_bands(x, spec);
  LS_NEW(x->first, x->bands * (ls_comm_size(x->comm) + 1));
  ls_exchange_cut_shards(x);
  for (int r = 0; r < ls_comm_size(x->comm); r++)
    x->sources += ls_exchange_rank_parts(x, r, x->node);
  x->parts = ls_exchange_rank_parts(x, ls_comm_rank(x->comm), x->node);
  LS_NEW(x->source, x->bands * x->sources);
  return x->ops->prepare(x);
}

static ls_status open_kind(ls_comm *comm, const ls_exchange_ops *ops, const ls_exchange_spec *spec,
                           ls_exchange **out) {
  ls_status status = ls_exchange_prepare(out, comm, ops, spec);
  if (ops->window) {
    const size_t bytes = status == LS_OK ? ops->window(*out) : 0;
    ls_shared made;
    LS_TRY(ls_comm_shared_after(comm, status, bytes, &made));
    (*out)->block = made;
  } else {
    LS_TRY(ls_comm_agree(comm, status));
  }
  if (ops->open) ops->open(*out);
  return LS_OK;
}

/* ---- auto: on one host the window, from which everyone reads in place. On several, some exchanges
 * of each kind that promises the same bits, before the first step: the window is taken unless
 * messages take clearly less time, since a probe of a few milliseconds is noisy, and the window
 * moves less between hosts. From MANY ranks on it is the window without a probe: messages would
 * open a connection between any two ranks for it. ---- */

enum { PROBED = 1 << 18, BLOCK = 512, ROUNDS = 4, MANY = 48 };
static const double CLEARLY = 2.0 / 3;

/* Seconds of the fastest of ROUNDS exchanges on this rank: what other processes on the machine took
 * away matters less. */
static double time_rounds(ls_exchange *x, void *scratch) {
  int64_t lo, hi;
  double fastest = INFINITY;
  ls_exchange_shard(x, &lo, &hi);
  for (int i = 0; i <= ROUNDS; i++) { /* the first only touches the memory */
    const double start = ls_time();
    ls_exchange_reduce(x, 0);
    ls_exchange_grad(x, lo, hi - lo, scratch);
    ls_exchange_publish(x);
    if (i > 0) fastest = fmin(fastest, ls_time() - start);
  }
  return fastest;
}

/* *seconds: of the slowest rank, the same everywhere; infinite where this kind cannot be opened. */
static ls_status probe(ls_comm *comm, const ls_exchange_ops *ops, const ls_exchange_spec *spec,
                       double *seconds) {
  ls_exchange *x = NULL;
  void *scratch = NULL;
  double *all = NULL;
  const int ranks = ls_comm_size(comm);
  *seconds = INFINITY;
  ls_status status = ls_mem_new(&scratch, (size_t)spec->n, ls_dtype_size(spec->precision));
  if (status == LS_OK) status = ls_mem_new((void **)&all, (size_t)ranks, sizeof *all);
  status = ls_comm_agree(comm, status);
  if (status == LS_OK && open_kind(comm, ops, spec, &x) == LS_OK) {
    const double mine = time_rounds(x, scratch);
    ls_comm_allgather(comm, &mine, all, sizeof mine);
    *seconds = 0;
    for (int r = 0; r < ranks; r++) *seconds = fmax(*seconds, all[r]);
  } else if (status == LS_OK) {
    ls_log(LS_LOG_WARN, "exchange: %s cannot be used here: %s", ops->name, ls_error_text());
  }
  ls_exchange_free(&x);
  LS_FREE(scratch);
  LS_FREE(all);
  return status;
}

static ls_status probe_both(ls_comm *comm, const ls_exchange_spec *spec,
                            const ls_exchange_ops **ops) {
  double window, messages;
  ls_exchange_spec few = *spec;
  few.layers = 0;
  few.grid = BLOCK;
  few.n = ls_min(few.n, PROBED);
  LS_TRY(probe(comm, &ls_exchange_shared, &few, &window));
  LS_TRY(probe(comm, &ls_exchange_tree, &few, &messages));
  *ops = messages < CLEARLY * window ? &ls_exchange_tree : &ls_exchange_shared;
  if (isfinite(window) && isfinite(messages))
    ls_log(LS_LOG_INFO,
           "exchange: auto takes %s: %.1f us by shared memory, %.1f us by messages, for %jd "
           "parameters",
           (*ops)->name, 1e6 * window, 1e6 * messages, few.n);
  return LS_OK;
}

/* ---- the interface ---- */

ls_status ls_exchange_new(ls_comm *comm, const ls_exchange_spec *spec, ls_exchange **out) {
  const ls_exchange_ops *ops = choose(comm, spec->kind);
  if (!ops && strcmp(spec->kind, "auto") == 0) {
    if (ls_comm_node_count(comm) == 1 || ls_comm_size(comm) >= MANY)
      ops = &ls_exchange_shared;
    else
      LS_TRY(probe_both(comm, spec, &ops));
  }
  if (!ops) return ls_fail(LS_ECONFIG, "no exchange is called '%s'", spec->kind);
  return open_kind(comm, ops, spec, out);
}

void ls_exchange_free(ls_exchange **out) {
  ls_exchange *x = *out;
  if (!x) return;
  if (x->ops && x->ops->close) x->ops->close(x);
  ls_comm_shared_free(x->comm, &x->block);
  LS_FREE(x->memory);
  LS_FREE(x->inbox);
  ls_letters_free(&x->letters);
  LS_FREE(x->first);
  LS_FREE(x->place);
  LS_FREE(x->source);
  LS_FREE(*out);
}

const char *ls_exchange_kind(const ls_exchange *x) { return x->ops->name; }
void *ls_exchange_weights(ls_exchange *x) { return x->weights; }
bool ls_exchange_shares_weights(const ls_exchange *x) { return x->window != NULL; }

bool ls_exchange_replicated(const ls_exchange *x) { return !x->ops->publish; }

int ls_exchange_bands(const ls_exchange *x) { return x->bands; }

void ls_exchange_stretch_of(const ls_exchange *x, int rank, int band, int64_t *lo, int64_t *hi) {
  *lo = ls_exchange_lo(x, band, rank);
  *hi = ls_exchange_hi(x, band, rank);
  if (ls_exchange_replicated(x)) *lo = 0, *hi = x->n;
}

bool ls_exchange_next(const ls_exchange *x, ls_stretch *s) {
  s->at += s->hi - s->lo;
  if (s->bands == x->bands) return false;
  ls_exchange_stretch_of(x, ls_comm_rank(x->comm), s->bands++, &s->lo, &s->hi);
  return true;
}

void ls_exchange_shard(const ls_exchange *x, int64_t *lo, int64_t *hi) {
  assert(x->bands == 1);
  ls_exchange_stretch_of(x, ls_comm_rank(x->comm), 0, lo, hi);
}

int64_t ls_exchange_own(const ls_exchange *x) {
  ls_stretch s = {0};
  while (ls_exchange_next(x, &s)) continue;
  return s.at;
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
  if (ls_comm_size(x->comm) == 1 || ls_exchange_replicated(x)) return;
  const int rank = ls_comm_rank(x->comm);
  const int64_t lo = ls_exchange_lo(x, 0, rank) * (int64_t)x->size,
                hi = ls_exchange_hi(x, 0, rank) * (int64_t)x->size;
  for (int64_t at = lo; at < hi && at < lo + CLAIMED; at += LS_ALIGN)
    __asm__ volatile("prefetchw %0" : : "m"(x->weights[at]));
#else
  (void)x;
#endif
}

void ls_exchange_ready(ls_exchange *x, int64_t from) {
  int done = 0;
  while (done + 1 < x->bands && x->layer[x->bands - 1 - done] >= from) done++;
  if (x->bands > 1) x->ops->ready(x, done);
}

uint32_t ls_exchange_reduce(ls_exchange *x, uint32_t flags) { return x->ops->reduce(x, flags); }

void ls_exchange_offer(ls_exchange *x, int band) {
  if (x->bands > 1) x->ops->offer(x, band);
}

void ls_exchange_await(ls_exchange *x, int64_t to) {
  int bands = 0;
  while (bands < x->bands && x->band[bands] < to) bands++;
  if (x->bands > 1) x->ops->await(x, bands);
}

void ls_exchange_publish(ls_exchange *x) {
  if (x->ops->publish) x->ops->publish(x);
}

static int band_of(const ls_exchange *x, int64_t at) {
  int b = x->bands - 1;
  while (b > 0 && x->band[b] > at) b--;
  return b;
}

const void *ls_exchange_grad(ls_exchange *x, int64_t lo, int64_t count, void *scratch) {
  if (x->sources == 1) return x->source[0].data + (lo - x->source[0].from) * (int64_t)x->size;
  for (int64_t done = 0, n; done < count; done += n) {
    const int b = band_of(x, lo + done);
    n = x->band[b + 1] - (lo + done);
    if (n > count - done) n = count - done;
    ls_exchange_fold(x, x->source + b * x->sources, x->sources, lo + done, n,
                     (char *)scratch + done * (int64_t)x->size);
  }
  return scratch;
}

int64_t ls_exchange_bytes(const ls_exchange *x) {
  const int ranks = ls_comm_size(x->comm);
  const int64_t all = x->n * (int64_t)x->size, shard = ls_exchange_own(x) * (int64_t)x->size;
  if (ranks == 1) return 0;
  if (ls_exchange_replicated(x)) return 2 * (ranks - 1) * all / ranks;
  return (x->sums_read ? x->sums_read : (x->sources - x->parts) * shard) + all - shard;
}
