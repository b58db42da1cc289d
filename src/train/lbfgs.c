/* lbfgs.c - L-BFGS over the full batch, from the first update on or behind another optimizer (key
 * `then`). One update, and so one global_step and one epoch, is one iteration: a direction by the
 * two-loop recursion, and a line search of one or more losses and gradients.
 *
 * The same bits on any ranks: every inner product is ls_update_dot's, every loss the slice tree's,
 * all else is scalars that all ranks have or element by element. A checkpoint falls between two
 * iterations only, so that it holds the weights and the pairs; loss and gradient at the weights are
 * made again behind a resume, to the same bits, since the samples stand in one order throughout.
 * The pair of update t is in place (t - 1) % pairs; one that is all 0 is none, as before the
 * first. */
#include "train/lbfgs.h"

#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "optim/gradient.h"
#include "train/trainer.h"

typedef struct {
  char *g;         /* (hi - lo) real: the gradient; with weight decay */
  double f;        /* the loss; with weight decay */
  ls_stats *stats; /* (slices) this rank's */
} iterate;

struct ls_lbfgs {
  const ls_optim_spec *spec;
  int64_t begin;                  /* global_step of its first update */
  int pairs;                      /* kept */
  int64_t n;                      /* parameters of this rank's shard */
  char *memory;                   /* what the vectors are in */
  char *vector[2 * LS_PAIRS_MAX]; /* (n) real each: s of each pair, then y; checkpoints know them
                                       by these addresses */
  double sy[LS_PAIRS_MAX], yy[LS_PAIRS_MAX];
  iterate here, there; /* where an iteration begins; the last that its search has asked for */
  char *w, *d;         /* (n) real: weights where it begins, direction */
  bool known;          /* `here` is that of the present weights, and sy, yy of the pairs */
  bool settled; /* not even along the gradient did the loss get less: as far as rounding goes */
};

static char *weights(const ls_run *run) {
  int64_t lo, hi;
  ls_exchange_shard(run->exchange, &lo, &hi);
  return (char *)ls_exchange_weights(run->exchange) +
         (size_t)lo * ls_dtype_size(run->config->precision);
}

static size_t bytes_of(const ls_run *run) {
  return (size_t)run->lbfgs->n * ls_dtype_size(run->config->precision);
}

static char *s_of(const ls_run *run, int64_t i) { return run->lbfgs->vector[i]; }
static char *y_of(const ls_run *run, int64_t i) {
  return run->lbfgs->vector[run->lbfgs->pairs + i];
}

static double dot(const ls_run *run, const void *a, const void *b) {
  return ls_update_dot(run->update, a, b);
}

/* a += factor b */
static void along(const ls_run *run, void *a, const void *b, double factor) {
  LS_REAL_OF(run->config->precision, ls_gradient_along)(a, b, run->lbfgs->n, factor);
}

static void times(const ls_run *run, void *a, double factor) {
  LS_REAL_OF(run->config->precision, ls_gradient_times)(a, run->lbfgs->n, factor);
}

/* ---- a loss and a gradient ---- */

/* What is frozen takes no part: its gradient is 0, and so are its direction and its pairs. */
static void clear_frozen(const ls_run *run, char *g) {
  const size_t size = ls_dtype_size(run->config->precision);
  int tensors;
  int64_t lo, hi;
  const ls_tensor *tensor = ls_model_tensors(run->model, &tensors);
  ls_exchange_shard(run->exchange, &lo, &hi);
  for (int i = 0; i < tensors; i++) {
    int64_t at = tensor[i].offset, end = at + tensor[i].rows * tensor[i].cols;
    at = ls_max(at, lo);
    end = ls_min(end, hi);
    if (tensor[i].frozen && at < end)
      memset(g + (size_t)(at - lo) * size, 0, (size_t)(end - at) * size);
  }
}

/* At the present weights. *flags: all ranks'. */
static void loss_here(ls_run *run, iterate *p, ls_batch *batch, uint32_t *flags) {
  const double decay = run->lbfgs->spec->weight_decay;
  const uint32_t all = ls_run_summed_gradient(run, *flags & ~(uint32_t)LS_FLAG_NONFINITE, batch);
  double now = ls_time();
  *flags |= all & ~(uint32_t)LS_FLAG_NONFINITE;
  ls_update_gradient(run->update, p->g);
  ls_run_lap(run, LS_TIME_UPDATE, now);
  ls_run_split_update(run);
  memcpy(p->stats, run->slice_stats, (size_t)run->slices * sizeof *p->stats);
  /* which sums slice_stats in place */
  p->f = ls_step_loss(run, batch->total);
  if (decay > 0) {
    p->f += 0.5 * decay * dot(run, weights(run), weights(run));
    along(run, p->g, weights(run), decay);
    clear_frozen(run, p->g);
  }
}

/* At w + a d; the weights stay there. Between anyone's last look at the weights and here there is a
 * product of vectors, which all ranks meet in. */
static void loss_along(ls_run *run, double a, ls_batch *batch, uint32_t *flags) {
  struct ls_lbfgs *l = run->lbfgs;
  memcpy(weights(run), l->w, bytes_of(run));
  along(run, weights(run), l->d, a);
  ls_run_publish(run);
  loss_here(run, &l->there, batch, flags);
  ls_exchange_publish(run->exchange); /* every reduce has its end */
}

/* ---- pairs ---- */

static void forget(ls_run *run) {
  struct ls_lbfgs *l = run->lbfgs;
  for (int v = 0; v < 2 * l->pairs; v++) memset(l->vector[v], 0, bytes_of(run));
  memset(l->sy, 0, sizeof l->sy);
  memset(l->yy, 0, sizeof l->yy);
}

static void measure(ls_run *run, int64_t i) {
  struct ls_lbfgs *l = run->lbfgs;
  l->sy[i] = dot(run, s_of(run, i), y_of(run, i));
  l->yy[i] = dot(run, y_of(run, i), y_of(run, i));
}

/* Of the step from w to the present weights; none where the curvature along it is not above what
 * rounding makes of none. */
static void keep_pair(ls_run *run) {
  struct ls_lbfgs *l = run->lbfgs;
  const int64_t i = run->state.t % l->pairs;
  memcpy(s_of(run, i), weights(run), bytes_of(run));
  along(run, s_of(run, i), l->w, -1);
  memcpy(y_of(run, i), l->there.g, bytes_of(run));
  along(run, y_of(run, i), l->here.g, -1);
  measure(run, i);
  if (l->sy[i] > 1e-15 * l->yy[i]) return;
  memset(s_of(run, i), 0, bytes_of(run));
  memset(y_of(run, i), 0, bytes_of(run));
  l->sy[i] = l->yy[i] = 0;
}

/* ---- the direction ---- */

/* The pair of `back` updates ago; -1: there is none. */
static int64_t pair(const ls_run *run, int back) {
  const struct ls_lbfgs *l = run->lbfgs;
  const int64_t t = run->state.t - back;
  if (t < 0 || !(l->sy[t % l->pairs] > 0)) return -1;
  return t % l->pairs;
}

/* d = - H g (Nocedal and Wright, algorithm 7.4). Is there a pair that H knows of? */
static bool direct(ls_run *run) {
  struct ls_lbfgs *l = run->lbfgs;
  double alpha[LS_PAIRS_MAX];
  int64_t newest = -1, i;
  memcpy(l->d, l->here.g, bytes_of(run));
  times(run, l->d, -1);
  for (int back = 1; back <= l->pairs; back++) {
    if ((i = pair(run, back)) < 0) continue;
    if (newest < 0) newest = i;
    alpha[i] = dot(run, s_of(run, i), l->d) / l->sy[i];
    along(run, l->d, y_of(run, i), -alpha[i]);
  }
  if (newest < 0) return false;
  times(run, l->d, l->sy[newest] / l->yy[newest]);
  for (int back = l->pairs; back >= 1; back--)
    if ((i = pair(run, back)) >= 0)
      along(run, l->d, s_of(run, i), alpha[i] - dot(run, y_of(run, i), l->d) / l->sy[i]);
  return true;
}

/* ---- the search ---- */

static double rounding(const ls_run *run) {
  return run->config->precision == LS_F32 ? 16 * 0x1p-23 : 16 * 0x1p-52;
}

/* From w along d: is there a better place? The weights and `there` are then that place's; else the
 * weights are w again. */
static bool search(ls_run *run, double slope, double first, ls_batch *batch, uint32_t *flags) {
  struct ls_lbfgs *l = run->lbfgs;
  ls_search s;
  ls_search_state state = LS_SEARCH_ON;
  run->lr = 0;
  if (!(slope < 0)) return false;
  ls_search_begin(&s, l->spec->hyper, l->here.f, slope, first, rounding(run));
  while (state == LS_SEARCH_ON) {
    loss_along(run, s.ask, batch, flags);
    run->lr = s.ask;
    state = ls_search_answer(&s, l->there.f, dot(run, l->there.g, l->d));
  }
  if (state == LS_SEARCH_FOUND) return true;
  const bool better = s.low.a > 0 && s.low.f < l->here.f;
  if (better && s.low.a != run->lr) loss_along(run, s.low.a, batch, flags);
  run->lr = better ? s.low.a : 0;
  if (better) return true;
  memcpy(weights(run), l->w, bytes_of(run));
  ls_run_publish(run);
  return false;
}

/* Along the direction of the pairs, or, where there is none or it leads nowhere, down the gradient,
 * by a step of length 1 at first. */
static bool find_step(ls_run *run, ls_batch *batch, uint32_t *flags) {
  struct ls_lbfgs *l = run->lbfgs;
  const double lr = l->spec->lr;
  memcpy(l->w, weights(run), bytes_of(run));
  if (direct(run)) {
    if (search(run, dot(run, l->here.g, l->d), lr, batch, flags)) return true;
    forget(run);
    direct(run);
  }
  const double square = dot(run, l->here.g, l->here.g);
  return search(run, -square, lr * fmin(1, 1 / sqrt(square)), batch, flags);
}

/* ---- an iteration ---- */

static void change_places(iterate *a, iterate *b) {
  const iterate c = *a;
  *a = *b;
  *b = c;
}

/* Loss and gradient where it begins: made for the last search, but for the first time. */
static void look_around(ls_run *run, ls_batch *batch, uint32_t *flags) {
  struct ls_lbfgs *l = run->lbfgs;
  if (l->known && !l->settled) return;
  loss_here(run, &l->here, batch, flags);
  ls_exchange_publish(run->exchange);
  for (int64_t i = 0; i < l->pairs && !l->known; i++) measure(run, i);
  l->known = true;
}

static ls_status make_step(ls_run *run, uint32_t *flags) {
  struct ls_lbfgs *l = run->lbfgs;
  ls_state *s = &run->state;
  ls_batch batch = {.total = run->batch};
  ls_run_begin_epoch(run);
  look_around(run, &batch, flags);
  run->grad_norm = sqrt(dot(run, l->here.g, l->here.g));
  ls_status status = LS_OK;
  if (!isfinite(l->here.f) || !isfinite(run->grad_norm)) {
    *flags |= LS_FLAG_NONFINITE;
    status = ls_run_not_finite(
        run, "; other first weights, data.scale, or some epochs of another optimizer first");
  } else if (!l->settled && find_step(run, &batch, flags)) {
    keep_pair(run);
    change_places(&l->here, &l->there);
  } else if (!l->settled) {
    l->settled = true;
    look_around(run, &batch, flags); /* the search may have asked nothing, and nobody's flags */
    ls_log(LS_LOG_INFO,
           "step %jd: lbfgs finds no lower loss down the gradient and stays here: as low as "
           "rounding lets it, or a search may take too few evaluations (%g)",
           s->global_step + 1, l->spec->hyper[LS_LBFGS_EVALUATIONS]);
  }
  /* what counts is where the iteration began */
  const ls_stats *began = l->settled ? l->here.stats : l->there.stats;
  memcpy(run->slice_stats, began, (size_t)run->slices * sizeof *began);
  if (status == LS_OK) {
    ls_run_add(run, &batch);
    s->t++;
  }
  ls_run_advance(run, 1, batch.total);
  return status;
}

/* ---- the mode ---- */

static ls_status advance(ls_run *run, const ls_leg *leg, uint32_t *flags) {
  if (run->state.global_step < run->lbfgs->begin)
    return ls_mode_synchronous.advance(run, leg, flags);
  run->one_order = true;
  return make_step(run, flags);
}

static ls_status prepare(ls_run *run, struct ls_lbfgs *l) {
  const size_t each = (bytes_of(run) / LS_ALIGN + 1) * LS_ALIGN;
  char **const others[] = {&l->here.g, &l->there.g, &l->w, &l->d};
  LS_NEW(l->memory, each * (size_t)(2 * l->pairs + 4));
  char *at = l->memory;
  for (int v = 0; v < 2 * l->pairs; v++, at += each) l->vector[v] = at;
  for (int v = 0; v < 4; v++, at += each) *others[v] = at;
  LS_NEW(l->here.stats, run->slices);
  LS_NEW(l->there.stats, run->slices);
  return LS_OK;
}

static ls_status lbfgs_open(ls_run *run) {
  const ls_config *c = run->config;
  struct ls_lbfgs *l;
  int64_t lo, hi;
  LS_COMM_NEW(run->comm, l, 1);
  run->lbfgs = l;
  l->spec = ls_config_lbfgs(c);
  l->pairs = (int)l->spec->hyper[LS_LBFGS_PAIRS];
  if (l->spec == &c->then.optimizer)
    l->begin = (int64_t)(c->then.epochs ? round(c->then.after * (double)run->calendar->steps)
                                        : c->then.after);
  ls_exchange_shard(run->exchange, &lo, &hi);
  l->n = hi - lo;
  if (l->begin >= run->steps)
    ls_log(LS_LOG_WARN, "then: lbfgs begins behind update %jd, and the run ends at %jd", l->begin,
           run->steps);
  return ls_comm_agree(run->comm, prepare(run, l));
}

static void lbfgs_close(ls_run *run) {
  struct ls_lbfgs *l = run->lbfgs;
  if (!l) return;
  LS_FREE(l->memory);
  LS_FREE(l->here.stats);
  LS_FREE(l->there.stats);
  LS_FREE(run->lbfgs);
}

int ls_lbfgs_vectors(const ls_run *run, char *const **vector) {
  *vector = run->lbfgs ? run->lbfgs->vector : NULL;
  return run->lbfgs ? 2 * run->lbfgs->pairs : 0;
}

const ls_mode ls_mode_lbfgs = {
    .name = "lbfgs", .open = lbfgs_open, .close = lbfgs_close, .advance = advance};
