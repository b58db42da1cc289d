/* hogwild: the ranks of a host update one copy of the weights without locks (Recht and others,
 * 2011). An update: take the next minibatch's number, copy the weights, make the whole minibatch's
 * gradient from the copy, take it off the weights as they are by then. Nobody waits for anybody
 * until the leg's end, where all copies become the common weights (docs/asynchronous.md). */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "comm/common.h"
#include "optim/relaxed.h"
#include "train/mode.h"

enum { ROW_MAX = 100 }; /* updates of a rank in a row that are skipped before all must meet */

/* What a rank did in a leg; 8 bytes each. */
typedef struct {
  int64_t made, good;       /* minibatches; of them in the weights */
  int64_t samples, counted; /* of the minibatches; in the running sums */
  int64_t row, skipped;     /* not finite: in a row, all */
  int64_t flags;
  ls_staleness stale;
} tally;

struct ls_asynchronous {
  ls_common *common;
  tally mine, *all;   /* (ranks) */
  ls_staleness stale; /* of all ranks, in this epoch */
  void (*copy)(const void *, void *, int64_t);
  void (*descend)(void *, const void *, int64_t, double, double);
};

static ls_status hogwild_open(ls_run *run) {
  struct ls_asynchronous *a;
  const ls_dtype precision = run->config->precision;
  LS_COMM_NEW(run->comm, a, 1);
  run->asynchronous = a;
  a->copy = LS_REAL_OF(precision, ls_relaxed_copy);
  a->descend = LS_REAL_OF(precision, ls_relaxed_descend);
  LS_COMM_NEW(run->comm, a->all, ls_comm_size(run->comm));
  return ls_common_new(run->comm, (size_t)run->parameters * ls_dtype_size(precision), &a->common);
}

static void hogwild_close(ls_run *run) {
  if (!run->asynchronous) return;
  ls_common_free(&run->asynchronous->common);
  LS_FREE(run->asynchronous->all);
  LS_FREE(run->asynchronous);
}

/* ---- one update ---- */

static void *whole_gradient(const ls_run *run, const ls_tree_node **root, void *const **grad) {
  ls_exchange_parts(run->exchange, root, grad);
  return **grad;
}

/* The minibatch's gradient by this rank's copy of the weights; is it finite? */
static bool make_gradient(ls_run *run, const ls_batch *batch) {
  const ls_tree_node *root;
  void *const *grad;
  void *g = whole_gradient(run, &root, &grad);
  ls_model_forward(run->model, batch, true, run->config->seed);
  bool finite = ls_run_collect(run, batch);
  ls_model_backward(run->model, batch);
  ls_model_gradient(run->model, batch, 1, root, grad);
  if (run->config->nonfinite != LS_NONFINITE_STOP)
    finite &= isfinite(ls_gradient_square_sum(run->config->precision, g, run->parameters)) != 0;
  return finite;
}

static void transform(const ls_run *run, void *g, int64_t lo, int64_t n, int64_t step) {
  const ls_gradient_spec *spec = &run->config->gradient;
  const ls_dtype precision = run->config->precision;
  if (spec->noise_eta > 0) ls_gradient_noise(precision, g, n, lo, spec, run->config->seed, step);
  if (spec->clip_value > 0) ls_gradient_clip_value(precision, g, n, spec->clip_value);
}

static void descend(ls_run *run, int64_t step) {
  const ls_tree_node *root;
  void *const *grad;
  struct ls_asynchronous *a = run->asynchronous;
  const size_t size = ls_dtype_size(run->config->precision);
  char *g = whole_gradient(run, &root, &grad), *w = ls_common_weights(a->common);
  int tensors;
  const ls_tensor *tensor = ls_model_tensors(run->model, &tensors);
  run->lr = ls_schedule_at(&run->schedule, step);
  for (int i = 0; i < tensors; i++) {
    const int64_t lo = tensor[i].offset, n = tensor[i].rows * tensor[i].cols;
    const size_t at = (size_t)lo * size;
    if (tensor[i].frozen) continue;
    transform(run, g + at, lo, n, step);
    a->descend(w + at, g + at, n, run->lr, run->config->optimizer.weight_decay);
  }
}

static void note_staleness(ls_staleness *s, int64_t others) {
  s->updates++;
  s->sum += (double)others;
  if (others > s->most) s->most = others;
}

static void skip(ls_run *run) {
  tally *mine = &run->asynchronous->mine;
  mine->flags |= LS_FLAG_NONFINITE;
  mine->skipped++;
  mine->row++;
  if (run->config->nonfinite != LS_NONFINITE_SKIP || mine->row >= ROW_MAX)
    ls_common_stop(run->asynchronous->common);
}

static void update(ls_run *run, int64_t step) {
  struct ls_asynchronous *a = run->asynchronous;
  ls_batch batch;
  double now = ls_time();
  ls_comm_at(run->comm, "gather");
  ls_status status = ls_loader_batch(run->loader, step, &batch);
  if (status != LS_OK) ls_comm_abort(run->comm, status, "%s", ls_error_text());
  now = ls_run_lap(run, LS_TIME_DATA, now);
  ls_comm_at(run->comm, "forward and backward");
  const int64_t before = ls_common_made(a->common);
  a->copy(ls_common_weights(a->common), ls_exchange_weights(run->exchange), run->parameters);
  ls_run_weights_changed(run);
  const bool finite = make_gradient(run, &batch);
  now = ls_run_lap(run, LS_TIME_COMPUTE, now);
  ls_comm_at(run->comm, "update");
  a->mine.made++;
  a->mine.samples += batch.total;
  if (!finite) {
    skip(run);
    return;
  }
  descend(run, step);
  note_staleness(&a->mine.stale, ls_common_count(a->common) - before);
  ls_run_add(run, &batch);
  a->mine.row = 0;
  a->mine.good++;
  a->mine.counted += batch.total;
  ls_run_lap(run, LS_TIME_UPDATE, now);
}

/* ---- a leg ---- */

/* The same on every rank, from what all have done. */
static void sum_up(ls_run *run, uint32_t *flags) {
  struct ls_asynchronous *a = run->asynchronous;
  ls_state *s = &run->state;
  int64_t made = 0, samples = 0, row = 0;
  ls_comm_allgather(run->comm, &a->mine, a->all, sizeof a->mine);
  for (int r = 0; r < ls_comm_size(run->comm); r++) {
    const tally *t = &a->all[r];
    made += t->made;
    samples += t->samples;
    s->t += t->good;
    s->epoch_samples += t->counted;
    s->nonfinite_total += t->skipped;
    if (t->row > row) row = t->row;
    *flags |= (uint32_t)t->flags;
    a->stale.updates += t->stale.updates;
    a->stale.sum += t->stale.sum;
    if (t->stale.most > a->stale.most) a->stale.most = t->stale.most;
  }
  s->nonfinite_row = row;
  ls_run_advance(run, made, samples);
  run->lr = ls_schedule_at(&run->schedule, s->global_step - 1);
}

static void begin(ls_run *run) {
  struct ls_asynchronous *a = run->asynchronous;
  const int64_t counted = run->state.epoch_samples, row = run->state.nonfinite_row;
  ls_run_begin_epoch(run);
  if (counted != run->state.epoch_samples) a->stale = (ls_staleness){0};
  a->mine = (tally){.row = row};
  if (ls_comm_rank(run->comm) == 0)
    a->copy(ls_exchange_weights(run->exchange), ls_common_weights(a->common), run->parameters);
}

static ls_status verdict(ls_run *run, uint32_t flags) {
  if (!(flags & LS_FLAG_NONFINITE) || run->config->nonfinite != LS_NONFINITE_STOP) return LS_OK;
  ls_fail(LS_EDIVERGED,
          "within the %lld updates up to step %lld: a loss is not finite (learning rate %g); lower "
          "optimizer.lr, or see train.nonfinite",
          (long long)run->asynchronous->mine.made, (long long)run->state.global_step, run->lr);
  return ls_comm_agree(run->comm, LS_EDIVERGED);
}

static ls_status hogwild_advance(ls_run *run, const ls_leg *leg, uint32_t *flags) {
  struct ls_asynchronous *a = run->asynchronous;
  int64_t step;
  begin(run);
  ls_common_open(a->common, run->state.global_step, leg->end(leg->context));
  const int64_t before = run->state.epoch_samples;
  while ((step = ls_common_take(a->common)) >= 0) {
    update(run, step);
    *flags = leg->flags(leg->context);
    if (*flags) ls_common_stop(a->common);
  }
  double now = ls_time();
  run->state.epoch_samples = before;
  a->mine.flags |= *flags;
  ls_comm_at(run->comm, "meeting the other ranks");
  ls_common_meet(a->common);
  a->copy(ls_common_weights(a->common), ls_exchange_weights(run->exchange), run->parameters);
  ls_run_weights_changed(run);
  sum_up(run, flags);
  ls_common_meet(a->common); /* nobody writes the next leg's weights before all have read these */
  ls_run_lap(run, LS_TIME_WAIT, now);
  return verdict(run, *flags);
}

static const ls_staleness *hogwild_staleness(const ls_run *run) {
  return &run->asynchronous->stale;
}

const ls_mode ls_mode_hogwild = {
    "hogwild", true, hogwild_open, hogwild_close, hogwild_advance, hogwild_staleness};
