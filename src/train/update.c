/* update.c - begin with ls_update_step: passes over pieces, by threads. Kept gradients, squares
 * and norms only where they are wanted; one pass that makes a piece's gradient and updates it
 * at once where they are not. How pieces are cut (cut_pieces) is part of the bits. */
#include "train/update.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "optim/gradient.h"

/* SPAN: parameters that one call of a kernel takes at most; a few slots of them stay in the
 * second-level cache. DEFERRED: of which a deferred gradient is made at once: it has rows enough
 * for its products, and is still there when it is used. */
enum { SPAN = 16384, DEFERRED = 32768, SCRATCH = DEFERRED + 2 * LS_DEFER_WIDTH };

typedef struct {
  int64_t lo, n;
  int64_t at; /* in vectors of this rank's shard, which have its stretches one behind the other */
  int64_t number; /* over all shards */
  int tensor;
} piece;

struct ls_update {
  ls_comm *comm;
  ls_exchange *exchange;
  ls_model *model;
  const ls_optim_spec *spec;
  ls_gradient_spec gradient;
  ls_team *team;
  uint64_t seed;
  ls_dtype precision;
  size_t size;
  int64_t own; /* parameters of my shard */
  void *slot[LS_SLOTS_MAX];
  int tensors;
  int64_t *tensor_piece; /* (tensors + 1) number of each tensor's first piece, over all shards */
  int64_t pieces, mine;  /* all; in my shard */
  piece *piece;          /* (mine) */
  int64_t *band_end;     /* (bands of the exchange) of the pieces of each, and those before */
  char *scratch;         /* (threads, SCRATCH) */
  char *kept;            /* (own) transformed gradient where several passes may need it, or NULL */
  double *square;        /* (pieces) a sum over each, that sum_pieces makes */
  double *sum;           /* (pieces, norms) what ops->reduce makes */
  double *norm;          /* (tensors, norms) */
  bool check_finite;
  bool needs_norm; /* every update does, of the gradient */
  bool across;     /* a span may go from one tensor into the next */
  /* of the running step */
  bool keeps; /* its gradient is in `kept` */
  double lr, factor, reduce_seconds, gradient_seconds;
  int64_t t, global_step;
  const char *a, *b; /* (own) what `dot` multiplies */
};

int64_t ls_update_grid(int64_t n) {
  if (n <= 1 << 18) return 512;
  return n <= 1 << 24 ? 2048 : 16384;
}

static bool transforms(const ls_update *u) {
  return u->gradient.noise_eta > 0 || u->gradient.clip_value > 0;
}

/* Where parameter i stands in vectors of my shard; -1: it is another rank's. */
static int64_t place_of(const ls_update *u, int64_t i) {
  for (ls_stretch s = {0}; ls_exchange_next(u->exchange, &s);)
    if (i >= s.lo && i < s.hi) return s.at + i - s.lo;
  return -1;
}

/* Walk grid and tensors together; count everything, keep what lies in my shard. A frozen tensor has
 * no pieces: no norm, noise, decay or update knows of it. */
static void cut_pieces(ls_update *u, const ls_tensor *tensor, int64_t grid, bool keep) {
  u->pieces = u->mine = 0;
  for (int i = 0; i < u->tensors; i++) {
    int64_t at = tensor[i].offset, end = at + tensor[i].rows * tensor[i].cols;
    u->tensor_piece[i] = u->pieces;
    for (; at < end && !tensor[i].frozen; u->pieces++) {
      const int64_t next = ls_min((at / grid + 1) * grid, end);
      const int64_t place = place_of(u, at);
      if (place >= 0 && keep) u->piece[u->mine] = (piece){at, next - at, place, u->pieces, i};
      if (place >= 0) u->mine++;
      at = next;
    }
  }
  u->tensor_piece[u->tensors] = u->pieces;
}

static ls_status end_bands(ls_update *u) {
  int64_t i = 0;
  LS_NEW(u->band_end, ls_exchange_bands(u->exchange));
  for (ls_stretch s = {0}; ls_exchange_next(u->exchange, &s);) {
    while (i < u->mine && u->piece[i].lo < s.hi) i++;
    u->band_end[s.bands - 1] = i;
  }
  return LS_OK;
}

void ls_update_reset(ls_update *u) {
  const ls_optim_ops *ops = u->spec->ops;
  for (int s = 0; s < ops->slots; s++) {
    if (!u->slot[s]) continue; /* these hyper-parameters need no such slot */
    double start = ops->slot_start ? ops->slot_start(u->spec->hyper, s) : 0.0;
    for (int64_t i = 0; i < u->own; i++) ls_dtype_put(u->precision, u->slot[s], i, start);
  }
}

ls_status ls_update_new(ls_comm *comm, ls_exchange *exchange, ls_model *model,
                        const ls_optim_spec *spec, const ls_gradient_spec *gradient, uint64_t seed,
                        bool check_finite, ls_team *team, ls_update **out) {
  ls_update *u;
  LS_NEW(u, 1);
  *out = u;
  *u = (ls_update){.comm = comm,
                   .exchange = exchange,
                   .model = model,
                   .spec = spec,
                   .gradient = *gradient,
                   .team = team,
                   .seed = seed};
  u->precision = ls_model_precision(model);
  u->size = ls_dtype_size(u->precision);
  u->check_finite = check_finite;
  u->across = !spec->file && !spec->ops->reduce;
  u->own = ls_exchange_own(exchange);
  const ls_tensor *tensor = ls_model_tensors(model, &u->tensors);
  const int64_t grid = ls_update_grid(ls_model_parameters(model)), own = u->own;
  LS_NEW(u->tensor_piece, u->tensors + 1);
  cut_pieces(u, tensor, grid, false);
  LS_NEW(u->piece, u->mine);
  cut_pieces(u, tensor, grid, true);
  LS_TRY(end_bands(u));
  void *memory;
  unsigned used = ls_optim_slots(spec->ops, spec->hyper);
  for (int s = 0; s < spec->ops->slots; s++)
    if (used >> s & 1) LS_TRY(ls_mem_new(&u->slot[s], (size_t)own, u->size));
  LS_TRY(ls_mem_new(&memory, (size_t)ls_team_size(team) * SCRATCH, u->size));
  u->scratch = memory;
  u->needs_norm = check_finite || gradient->clip_norm > 0 || spec->ops->reduce;
  if (u->needs_norm || ls_model_defers(model, -1)) {
    LS_TRY(ls_mem_new(&memory, (size_t)own, u->size));
    u->kept = memory;
  }
  LS_NEW(u->square, u->pieces);
  if (spec->ops->reduce) {
    LS_NEW(u->sum, u->pieces * LS_NORMS_MAX);
    LS_NEW(u->norm, u->tensors * LS_NORMS_MAX);
  }
  ls_update_reset(u);
  return LS_OK;
}

void ls_update_free(ls_update **out) {
  ls_update *u = *out;
  if (!u) return;
  for (int s = 0; s < LS_SLOTS_MAX; s++) LS_FREE(u->slot[s]);
  LS_FREE(u->tensor_piece);
  LS_FREE(u->piece);
  LS_FREE(u->band_end);
  LS_FREE(u->scratch);
  LS_FREE(u->kept);
  LS_FREE(u->square);
  LS_FREE(u->sum);
  LS_FREE(u->norm);
  LS_FREE(*out);
}

void *ls_update_slot(ls_update *u, int slot) { return u->slot[slot]; }

double ls_update_reduce_seconds(const ls_update *u) { return u->reduce_seconds; }
double ls_update_gradient_seconds(const ls_update *u) { return u->gradient_seconds; }

/* The sum over the ranks: of their parts, or made here. */
static const void *summed_gradient(ls_update *u, const piece *p, int thread, void *scratch) {
  if (ls_model_defers(u->model, p->tensor))
    return ls_model_piece(u->model, p->tensor, p->lo, p->n, thread, scratch);
  return ls_exchange_grad(u->exchange, p->lo, p->n, scratch);
}

/* The same, its time taken apart where there is something to make; the threads' times are alike. */
static const void *timed_gradient(ls_update *u, const piece *p, int thread, void *scratch) {
  const bool deferred = ls_model_defers(u->model, p->tensor);
  if (thread != 0 || (ls_exchange_replicated(u->exchange) && !deferred))
    return summed_gradient(u, p, thread, scratch);
  double *seconds = deferred ? &u->gradient_seconds : &u->reduce_seconds;
  const double start = ls_time();
  const void *g = summed_gradient(u, p, thread, scratch);
  *seconds += ls_time() - start;
  return g;
}

/* The piece's gradient, summed over the ranks, with noise and clip_value; in scratch unless it can
 * be read where it lies. */
static const void *fresh_gradient(ls_update *u, const piece *p, int thread) {
  const ls_gradient_spec *spec = &u->gradient;
  char *scratch = u->scratch + (size_t)thread * SCRATCH * u->size;
  const void *g = timed_gradient(u, p, thread, scratch);
  if (!transforms(u)) return g;
  if (g != scratch) memmove(scratch, g, (size_t)p->n * u->size);
  if (spec->noise_eta > 0)
    ls_gradient_noise(u->precision, scratch, p->n, p->lo, spec, u->seed, u->global_step);
  if (spec->clip_value > 0) ls_gradient_clip_value(u->precision, scratch, p->n, spec->clip_value);
  return scratch;
}

static ls_optim_span span_of(ls_update *u, const piece *p, const void *g) {
  ls_optim_span span = {.n = p->n,
                        .first = p->lo,
                        .tensor = p->tensor,
                        .precision = (int)u->precision,
                        .g = g,
                        .lr = u->lr,
                        .t = u->t};
  span.p = (char *)ls_exchange_weights(u->exchange) + (size_t)p->lo * u->size;
  for (int s = 0; s < u->spec->ops->slots; s++)
    if (u->slot[s]) span.slot[s] = (char *)u->slot[s] + (size_t)p->at * u->size;
  span.global_step = u->global_step;
  span.weight_decay = u->spec->weight_decay;
  span.seed = u->seed;
  span.hyper = u->spec->hyper;
  span.norm = u->norm ? u->norm + p->tensor * u->spec->ops->norms : NULL;
  return span;
}

static char *kept_of(ls_update *u, const piece *p) { return u->kept + (size_t)p->at * u->size; }

/* Neighbouring pieces, up to SPAN or DEFERRED parameters, as one: no norm is made here, and a
 * kernel's call has its price. A plug-in may care which tensor its span lies in, and so do norms
 * and gradients that are made here. */
static piece join_pieces(const ls_update *u, int64_t *i, int64_t hi) {
  piece p = u->piece[(*i)++];
  const bool deferred = ls_model_defers(u->model, p.tensor);
  const int64_t most = deferred ? DEFERRED : SPAN;
  for (; *i < hi; ++*i) {
    const piece *next = &u->piece[*i];
    const bool alike = next->tensor == p.tensor ||
                       (u->across && !deferred && !ls_model_defers(u->model, next->tensor));
    if (next->lo != p.lo + p.n || next->at != p.at + p.n || !alike || p.n + next->n > most) break;
    p.n += next->n;
  }
  return p;
}

/* ---- passes over the pieces of this rank's shard ---- */

typedef struct {
  ls_update *u;
  void (*visit)(ls_update *u, const piece *p, int thread);
  bool joined; /* neighbours as one */
  int64_t from, to;
} pass;

static void visit_range(void *arg, int thread, int threads) {
  const pass *all = arg;
  ls_update *u = all->u;
  int64_t i, hi;
  ls_team_range(all->to - all->from, 1, thread, threads, &i, &hi);
  i += all->from;
  hi += all->from;
  while (i < hi) {
    const piece p = all->joined ? join_pieces(u, &i, hi) : u->piece[i++];
    all->visit(u, &p, thread);
  }
}

static void each_piece(ls_update *u, void (*visit)(ls_update *, const piece *, int)) {
  ls_team_run(u->team, visit_range, &(pass){u, visit, false, 0, u->mine});
}
static void each_joined(ls_update *u, void (*visit)(ls_update *, const piece *, int)) {
  ls_team_run(u->team, visit_range, &(pass){u, visit, true, 0, u->mine});
}

/* First, where later passes want the transformed gradient. */
static void keep(ls_update *u, const piece *p, int thread) {
  memcpy(kept_of(u, p), fresh_gradient(u, p, thread), (size_t)p->n * u->size);
}

static const void *gradient_of(ls_update *u, const piece *p, int thread) {
  return u->keeps ? kept_of(u, p) : fresh_gradient(u, p, thread);
}

static void square(ls_update *u, const piece *p, int thread) {
  u->square[p->number] = ls_gradient_square_sum(u->precision, gradient_of(u, p, thread), p->n);
}

/* For optimizers with norms of their own (LARS, LAMB). */
static void reduce(ls_update *u, const piece *p, int thread) {
  const ls_optim_ops *ops = u->spec->ops;
  const ls_optim_span span = span_of(u, p, kept_of(u, p));
  (void)thread;
  ops->reduce(&span, u->sum + p->number * ops->norms);
}

static void scale(ls_update *u, const piece *p, int thread) {
  (void)thread;
  ls_gradient_scale(u->precision, kept_of(u, p), p->n, u->factor);
}

static void update(ls_update *u, const piece *p, int thread) {
  ls_optim_span span = span_of(u, p, gradient_of(u, p, thread));
  u->spec->ops->update(&span);
}

/* The first layers' band first, since the next forward pass begins with them. */
static void update_all(ls_update *u) {
  const int bands = ls_exchange_bands(u->exchange);
  int64_t from = 0;
  for (int b = 0; b < bands; from = u->band_end[b++]) {
    ls_team_run(u->team, visit_range, &(pass){u, update, true, from, u->band_end[b]});
    ls_exchange_offer(u->exchange, b);
  }
}

/* Where each rank has the whole vector (replicated) there is nothing to add up. */
static void everyones(ls_update *u, double *sums, int64_t count) {
  if (!ls_exchange_replicated(u->exchange)) ls_comm_sum(u->comm, sums, count);
}

/* Over all pieces of all ranks: what `visit` makes in `square` of each of this rank's. */
static double sum_pieces(ls_update *u, void (*visit)(ls_update *, const piece *, int)) {
  memset(u->square, 0, (size_t)u->pieces * sizeof *u->square);
  each_piece(u, visit);
  everyones(u, u->square, u->pieces);
  return ls_tree_sum(u->square, u->pieces, 1);
}

static double gradient_norm(ls_update *u) {
  if (u->keeps) each_joined(u, keep);
  return sqrt(sum_pieces(u, square));
}

static void tensor_norms(ls_update *u) {
  const int norms = u->spec->ops->norms;
  memset(u->sum, 0, (size_t)(u->pieces * norms) * sizeof *u->sum);
  each_piece(u, reduce);
  everyones(u, u->sum, u->pieces * norms);
  for (int i = 0; i < u->tensors; i++) {
    const int64_t first = u->tensor_piece[i], pieces = u->tensor_piece[i + 1] - first;
    for (int k = 0; k < norms; k++)
      u->norm[i * norms + k] = sqrt(ls_tree_sum(u->sum + first * norms + k, pieces, norms));
  }
}

bool ls_update_step(ls_update *u, double lr, int64_t t, int64_t global_step, bool want_norm,
                    double *norm) {
  const double clip = u->gradient.clip_norm;
  assert(u->spec->ops->update); /* lbfgs has none */
  u->lr = lr;
  u->reduce_seconds = u->gradient_seconds = 0;
  u->t = t;
  u->global_step = global_step;
  want_norm = want_norm || u->needs_norm;
  u->keeps = want_norm && u->kept;
  *norm = want_norm ? gradient_norm(u) : (double)NAN;
  if (u->check_finite && !isfinite(*norm)) return false;
  u->factor = clip > 0 ? ls_gradient_clip_factor(clip, *norm) : 1.0;
  if (u->factor != 1.0) each_piece(u, scale);
  if (u->spec->ops->reduce) tensor_norms(u);
  update_all(u);
  return true;
}

/* ---- for a mode that updates the weights itself ---- */

static void dot(ls_update *u, const piece *p, int thread) {
  const size_t at = (size_t)p->at * u->size;
  (void)thread;
  u->square[p->number] = LS_REAL_OF(u->precision, ls_gradient_dot)(u->a + at, u->b + at, p->n);
}

double ls_update_dot(ls_update *u, const void *a, const void *b) {
  u->a = a;
  u->b = b;
  return sum_pieces(u, dot);
}

void ls_update_gradient(ls_update *u, void *out) {
  char *kept = u->kept;
  u->reduce_seconds = u->gradient_seconds = 0;
  u->kept = out;
  each_joined(u, keep);
  u->kept = kept;
}
