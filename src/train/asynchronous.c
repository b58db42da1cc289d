/* asynchronous.c - what a rank does between meetings is counted in its tally; from everyone's
 * tallies all come to the same state (sum_up). Begin at the bottom: ls_asynchronous_advance ->
 * update -> fresh_gradient, made twice if too many updates came between. */
#include "train/asynchronous.h"

#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"

enum {
  ROW_MAX = 100, /* updates of a rank in a row that are skipped before all must meet */
  USUAL = 4      /* updates of each rank while one makes its own, at most */
};

/* By default more than ranks of about the same speed come to, so that it is for one that the system
 * has put aside in the middle of its minibatch. */
static int64_t most_behind(const ls_run *run) {
  const ls_config *c = run->config;
  if (c->staleness >= 0) return c->staleness;
  return USUAL * ls_comm_size(run->comm) * c->downpour_fetch;
}

ls_status ls_asynchronous_open(ls_run *run, const ls_ways *ways) {
  LS_COMM_NEW(run->comm, run->asynchronous, 1);
  run->asynchronous->ways = ways;
  run->asynchronous->most = most_behind(run);
  LS_COMM_NEW(run->comm, run->asynchronous->all, ls_comm_size(run->comm));
  if (run->calendar->steps < ls_comm_size(run->comm))
    ls_log(LS_LOG_WARN,
           "an epoch has %jd minibatch%s, each of one rank: of %d ranks some have nothing to do; "
           "lower train.batch",
           run->calendar->steps, run->calendar->steps == 1 ? "" : "es", ls_comm_size(run->comm));
  return LS_OK;
}

void ls_asynchronous_close(ls_run *run) {
  if (!run->asynchronous) return;
  run->asynchronous->ways->close(run);
  LS_FREE(run->asynchronous->all);
  LS_FREE(run->asynchronous);
}

void ls_asynchronous_note(ls_run *run, int64_t updates, int64_t others, int64_t most) {
  ls_staleness *s = &run->asynchronous->mine.stale;
  s->updates += updates;
  s->sum += (double)others;
  s->most = ls_max(s->most, most);
}

const ls_staleness *ls_asynchronous_staleness(const ls_run *run) {
  return &run->asynchronous->stale;
}

/* ---- one update ---- */

static void *whole_gradient(const ls_run *run, const ls_tree_node **root, void *const **grad) {
  ls_exchange_parts(run->exchange, root, grad);
  return **grad;
}

/* The minibatch's gradient by this rank's copy of the weights; NULL where it is not finite. */
static void *make_gradient(ls_run *run, const ls_batch *batch) {
  const ls_tree_node *root;
  void *const *grad;
  void *g = whole_gradient(run, &root, &grad);
  ls_run_clear(run);
  ls_model_forward(run->model, batch, true, run->config->seed);
  bool finite = ls_run_collect(run, batch);
  ls_model_backward(run->model, batch);
  ls_model_gradient(run->model, batch, 1, root, grad);
  if (run->config->nonfinite != LS_NONFINITE_STOP)
    finite &= isfinite(ls_gradient_square_sum(run->config->precision, g, run->parameters)) != 0;
  return finite ? g : NULL;
}

/* Noise and clip_value; frozen tensors get neither. */
static void transform(const ls_run *run, char *g, int64_t step) {
  const ls_gradient_spec *spec = &run->config->gradient;
  const ls_dtype precision = run->config->precision;
  const size_t size = ls_dtype_size(precision);
  int tensors;
  const ls_tensor *tensor = ls_model_tensors(run->model, &tensors);
  for (int i = 0; i < tensors; i++) {
    const int64_t lo = tensor[i].offset, n = tensor[i].rows * tensor[i].cols;
    void *part = g + (size_t)lo * size;
    if (tensor[i].frozen) continue;
    if (spec->noise_eta > 0)
      ls_gradient_noise(precision, part, n, lo, spec, run->config->seed, step);
    if (spec->clip_value > 0) ls_gradient_clip_value(precision, part, n, spec->clip_value);
  }
}

static void skip(ls_run *run) {
  struct ls_asynchronous *a = run->asynchronous;
  a->mine.flags |= LS_FLAG_NONFINITE;
  a->mine.skipped++;
  a->mine.row++;
  if (run->config->nonfinite != LS_NONFINITE_SKIP || a->mine.row >= ROW_MAX) a->ways->stop(run);
}

static void count(ls_run *run, const ls_batch *batch) {
  ls_tally *mine = &run->asynchronous->mine;
  ls_run_add(run, batch);
  mine->row = 0;
  mine->good++;
  mine->counted += batch->total;
}

static void *read_and_make(ls_run *run, const ls_batch *batch, bool anew) {
  double now = ls_time();
  ls_comm_at(run->comm, "reading the weights");
  run->asynchronous->ways->read(run, anew);
  ls_run_weights_changed(run);
  now = ls_run_lap(run, LS_TIME_WAIT, now);
  ls_comm_at(run->comm, "forward and backward");
  ls_comm_lend(run->comm);
  void *gradient = make_gradient(run, batch);
  ls_comm_reclaim(run->comm);
  ls_run_lap(run, LS_TIME_COMPUTE, now);
  return gradient;
}

/* One that is made from weights of long ago does harm: it is made a second time, and then it is as
 * it is, so that a rank which is always slow gets on. */
static void *fresh_gradient(ls_run *run, const ls_batch *batch) {
  struct ls_asynchronous *a = run->asynchronous;
  void *gradient = read_and_make(run, batch, false);
  if (a->ways->behind(run) <= a->most) return gradient;
  a->mine.stale.again++;
  return read_and_make(run, batch, true);
}

static void update(ls_run *run, int64_t step) {
  struct ls_asynchronous *a = run->asynchronous;
  ls_batch batch;
  double now = ls_time();
  ls_comm_at(run->comm, "gather");
  ls_status status = ls_loader_batch(run->loader, step, &batch);
  if (status != LS_OK) ls_comm_abort(run->comm, status, "%s", ls_error_text());
  ls_run_lap(run, LS_TIME_DATA, now);
  void *gradient = fresh_gradient(run, &batch);
  now = ls_time();
  ls_comm_at(run->comm, "update");
  a->mine.made++;
  a->mine.samples += batch.total;
  run->lr = ls_schedule_at(&run->schedule, step);
  if (gradient) {
    transform(run, gradient, step);
    a->ways->write(run, gradient, step);
    count(run, &batch);
  } else {
    skip(run);
  }
  ls_run_lap(run, LS_TIME_UPDATE, now);
}

/* ---- a leg ---- */

static void begin(ls_run *run, int64_t end) {
  struct ls_asynchronous *a = run->asynchronous;
  const double now = ls_time();
  const int64_t counted = run->state.epoch_samples, row = run->state.nonfinite_row;
  ls_run_begin_epoch(run);
  if (counted != run->state.epoch_samples) a->stale = (ls_staleness){0};
  a->mine = (ls_tally){.row = row};
  a->ways->begin(run, end);
  ls_run_lap(run, LS_TIME_WAIT, now);
}

/* The next minibatch of this rank. Others may have its core meanwhile: that is waiting too. */
static int64_t take(ls_run *run) {
  const double now = ls_time();
  const int64_t step = run->asynchronous->ways->take(run);
  ls_run_lap(run, LS_TIME_WAIT, now);
  return step;
}

/* The same on every rank, from what all have done: how many updates. */
static int64_t sum_up(ls_run *run, uint32_t *flags) {
  struct ls_asynchronous *a = run->asynchronous;
  ls_state *s = &run->state;
  int64_t made = 0, samples = 0, row = 0;
  ls_comm_allgather(run->comm, &a->mine, a->all, sizeof a->mine);
  for (int r = 0; r < ls_comm_size(run->comm); r++) {
    const ls_tally *t = &a->all[r];
    made += t->made;
    samples += t->samples;
    s->t += t->good;
    s->epoch_samples += t->counted;
    s->nonfinite_total += t->skipped;
    row = ls_max(row, t->row);
    *flags |= (uint32_t)t->flags;
    a->stale.updates += t->stale.updates;
    a->stale.sum += t->stale.sum;
    a->stale.again += t->stale.again;
    a->stale.most = ls_max(a->stale.most, t->stale.most);
  }
  s->nonfinite_row = row;
  ls_run_advance(run, made, samples);
  run->lr = ls_schedule_at(&run->schedule, s->global_step - 1);
  return made;
}

static ls_status verdict(ls_run *run, uint32_t flags, int64_t made) {
  if (!(flags & LS_FLAG_NONFINITE) || run->config->nonfinite != LS_NONFINITE_STOP) return LS_OK;
  ls_fail(LS_EDIVERGED,
          "within the %jd updates up to step %jd: a loss is not finite (learning rate %g); lower "
          "optimizer.lr, or see train.nonfinite",
          made, run->state.global_step, run->lr);
  return ls_comm_agree(run->comm, LS_EDIVERGED);
}

ls_status ls_asynchronous_advance(ls_run *run, const ls_leg *leg, uint32_t *flags) {
  struct ls_asynchronous *a = run->asynchronous;
  int64_t step;
  begin(run, leg->end(leg->context));
  const int64_t before = run->state.epoch_samples;
  while ((step = take(run)) >= 0) {
    update(run, step);
    *flags = leg->flags(leg->context);
    if (*flags) a->ways->stop(run);
  }
  double now = ls_time();
  run->state.epoch_samples = before; /* sum_up adds this rank's with those of the others */
  a->mine.flags |= *flags;
  ls_comm_at(run->comm, "meeting the other ranks");
  a->ways->settle(run);
  ls_run_weights_changed(run);
  const int64_t made = sum_up(run, flags);
  ls_comm_barrier(run->comm); /* nobody writes the next leg's weights before all have read these */
  ls_run_lap(run, LS_TIME_WAIT, now);
  return verdict(run, *flags, made);
}
