/* pass.c - what steps of every mode are made of (mode.h): the samples of slices, their forward and
 * backward pass, the epoch's sums, and the clock beside it. step.c joins them to an update;
 * accumulate.c takes the passes in rounds. */
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "base/mutant.h"
#include "train/run.h"

const char *const ls_time_names[] = {"data", "compute", "wait", "reduce", "update", NULL};

double ls_run_lap(ls_run *run, ls_time_kind kind, double since) {
  double now = ls_time();
  run->time[kind] += now - since;
  ls_trace_add(run->trace, ls_time_names[kind], since, now);
  return now;
}

static void move_time(ls_run *run, ls_time_kind kind, double seconds) {
  run->time[kind] += seconds;
  run->time[LS_TIME_UPDATE] -= seconds;
}

void ls_run_split_update(ls_run *run) {
  move_time(run, LS_TIME_REDUCE, ls_update_reduce_seconds(run->update));
  move_time(run, LS_TIME_COMPUTE, ls_update_gradient_seconds(run->update));
}

void ls_run_weights_changed(ls_run *run) {
  ls_model_load(run->model, run->from ? run->from->weights : ls_exchange_weights(run->exchange));
}

void ls_run_clear(ls_run *run) {
  memset(run->slice_stats, 0, (size_t)run->slices * sizeof *run->slice_stats);
}

bool ls_run_collect(ls_run *run, const ls_batch *batch) {
  bool finite = true;
  if (batch->rows > 0) ls_model_stats(run->model, batch, run->slice_stats + batch->slice_lo);
  for (int s = batch->slice_lo; s < batch->slice_hi; s++)
    finite &= isfinite(run->slice_stats[s].loss);
  return finite;
}

/* Not before everyone agreed that this step counts: a skipped one must leave the sums alone. */
void ls_run_add(ls_run *run, const ls_batch *batch) {
  const double there = batch->masked ? batch->there / (double)batch->total : 1;
  for (int s = batch->slice_lo; s < batch->slice_hi; s++) {
    ls_stats slice = run->slice_stats[s];
    slice.loss *= there;
    double *sum = (double *)&run->running[s], *term = (double *)&slice;
    for (int k = 0; k < LS_STATS_N; k++) sum[k] += term[k];
  }
  run->state.epoch_samples += batch->total;
}

/* The sums of an epoch stay, and go into checkpoints, until the next one begins. */
void ls_run_begin_epoch(ls_run *run) {
  if (ls_calendar_within(run->calendar, run->state.global_step) != 0) return;
  memset(run->running, 0, (size_t)run->slices * sizeof *run->running);
  run->state.epoch_samples = 0;
}

void ls_run_advance(ls_run *run, int64_t updates, int64_t samples) {
  ls_state *s = &run->state;
  s->global_step += updates;
  s->samples_seen += samples;
  s->epoch = ls_calendar_epoch(run->calendar, s->global_step);
  s->begin_step = s->global_step - ls_calendar_within(run->calendar, s->global_step);
  s->begin_sample = ls_calendar_samples(run->calendar, s->epoch);
}

/* The others are on their way into the exchange, so there is no way back. */
void ls_run_load(ls_run *run, int lo, int hi, ls_batch *batch) {
  const double start = ls_time();
  const int64_t step = run->one_order ? ls_max(run->calendar->moved, 0) : run->state.global_step;
  ls_comm_at(run->comm, "gather");
  const ls_status status = ls_loader_slices(run->loader, step, lo, hi, batch);
  if (status != LS_OK) ls_comm_abort(run->comm, status, "%s", ls_error_text());
  ls_run_lap(run, LS_TIME_DATA, start);
}

/* From the last layer to the first: sums of what is done may be on their way to other nodes while
 * the rest is made. */
static void back_by_layers(ls_run *run, const ls_batch *batch, int parts, const ls_tree_node *node,
                           void *const *grad) {
  for (int l = ls_model_layers(run->model, NULL) - 1; l >= 0; l--)
    ls_exchange_ready(run->exchange, ls_model_descend(run->model, batch, l, parts, node, grad));
}

/* From the first layer to the last, each as soon as its weights are there: those of the update
 * before may still be on their way from other nodes. */
static double forward_by_layers(ls_run *run, const ls_batch *batch, double now) {
  const int layers = ls_model_layers(run->model, NULL);
  for (int l = 0; l < layers; l++) {
    now = ls_run_lap(run, LS_TIME_COMPUTE, now);
    ls_exchange_await(run->exchange, l + 1 < layers ? run->layer_at[l + 1] : run->parameters);
    now = ls_run_lap(run, LS_TIME_WAIT, now);
    if (batch->rows > 0) ls_model_ascend(run->model, batch, l, true, run->config->seed);
  }
  return now;
}

static void back_at_once(ls_run *run, const ls_batch *batch, int parts, const ls_tree_node *node,
                         void *const *grad) {
  ls_model_backward(run->model, batch);
  ls_exchange_claim(run->exchange);
  ls_model_gradient(run->model, batch, parts, node, grad);
}

bool ls_run_pass(ls_run *run, const ls_batch *batch, int parts, const ls_tree_node *node,
                 void *const *grad) {
  const bool layered = ls_exchange_bands(run->exchange) > 1;
  double start = ls_time();
  ls_comm_at(run->comm, "forward and backward");
  if (layered)
    start = forward_by_layers(run, batch, start);
  else if (batch->rows > 0)
    ls_model_forward(run->model, batch, true, run->config->seed);
  const bool finite = ls_run_collect(run, batch);
  ls_batch mine = *batch;
  if (ls_mutant("unweighted") && mine.rows > 0)
    mine.total = mine.rows * ls_comm_size(run->comm); /* a mean of the ranks' means */
  if (layered)
    back_by_layers(run, &mine, parts, node, grad);
  else
    back_at_once(run, &mine, parts, node, grad);
  ls_run_lap(run, LS_TIME_COMPUTE, start);
  return finite;
}
