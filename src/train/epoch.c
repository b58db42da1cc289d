/* epoch.c - the numbers of a run while it goes: sums over slices, evaluation, and the events step,
 * epoch and eval. What follows from a new number (the best, early stop, plateau) is decided in
 * look_at_scores, on every rank alike. Begin with ls_epoch_end. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/json.h"
#include "train/beside.h"
#include "train/mode.h"
#include "train/trainer.h"

enum { LOGGED_WEIGHTS = 64 };

/* Sum the ranks' slices (own ones in `mine`) into the run's scratch, on every rank. */
static const ls_stats *all_slices(ls_run *run, const ls_stats *mine) {
  if (mine != run->slice_stats) memcpy(run->slice_stats, mine, (size_t)run->slices * sizeof *mine);
  ls_comm_sum(run->comm, (double *)run->slice_stats, (int64_t)run->slices * LS_STATS_N);
  return run->slice_stats;
}

static double slice_total(const ls_run *run, const ls_stats *stats, size_t offset) {
  return ls_tree_sum((const double *)(const void *)((const char *)stats + offset), run->slices,
                     LS_STATS_N);
}

/* Each sample with the weights of its own step. What is missing does not count: where targets are
 * masked, `correct` counts samples, each by the fraction of its targets that are there. */
ls_score ls_running_score(ls_run *run) {
  const ls_stats *all = all_slices(run, run->running);
  const double n = ls_data_masked(run->data) ? slice_total(run, all, offsetof(ls_stats, correct))
                                             : (double)run->state.epoch_samples,
               values = n * (double)ls_data_outputs(run->data);
  ls_score s = ls_score_none(slice_total(run, all, offsetof(ls_stats, loss)) / n);
  s.samples = run->state.epoch_samples;
  if (ls_metric_fits(run->config, LS_METRIC_ACCURACY))
    s.value[LS_METRIC_ACCURACY] = slice_total(run, all, offsetof(ls_stats, correct)) / n;
  if (ls_metric_fits(run->config, LS_METRIC_MAE) && !ls_run_log_target(run)) {
    double unit = ls_run_target_unit(run);
    s.value[LS_METRIC_MAE] = unit * slice_total(run, all, offsetof(ls_stats, abs_err)) / values;
    s.value[LS_METRIC_RMSE] =
        unit * sqrt(slice_total(run, all, offsetof(ls_stats, sq_err)) / values);
  }
  return s;
}

/* A loss above that of always predicting the mean of the targets is never kept as the best, however
 * good it is beside others; until there is one below, the best of them is remembered alone. */
static bool is_best(const ls_trainer *t, double value, bool keeps) {
  const ls_state *s = &t->run->state;
  const bool kept = s->best_step > 0;
  if (kept != keeps) return keeps;
  return isnan(s->best_value) || ls_metric_better(t->best_metric, value, s->best_value, 0);
}

static void look_for_best(ls_trainer *t, const ls_score *score, double value) {
  ls_state *s = &t->run->state;
  const bool keeps = !ls_score_is_poor(score);
  if (!is_best(t, value, keeps)) return;
  s->best_value = value;
  t->new_best = keeps;
  if (!keeps) return;
  s->best_step = s->global_step;
  ls_beside_note(t->run);
}

/* A new value of the metric: does it count as better? */
static void watch(ls_watch *w, const char *metric, double value, double min_delta) {
  w->bad++;
  if (!isnan(w->value) && !ls_metric_better(metric, value, w->value, min_delta)) return;
  *w = (ls_watch){value, 0};
}

/* The metric where it was made since the last look: a number counts once. NaN: it was not. */
static double fresh_value(const ls_trainer *t, const char *metric, const ls_score **score) {
  if (!metric) return (double)NAN;
  const bool validates = ls_metric_validates(metric);
  *score = &t->score[validates ? LS_SPLIT_VALIDATION : LS_SPLIT_TRAIN];
  return (validates ? t->val_fresh : t->train_fresh) ? ls_metric_value(*score, metric)
                                                     : (double)NAN;
}

/* Schedule plateau: is the rate to be cut? In the order of torch.optim's ReduceLROnPlateau, whose
 * patience is one less. */
static void watch_plateau(ls_trainer *t, const ls_plateau *plateau, double value) {
  ls_state *s = &t->run->state;
  ls_schedule_spec *schedule = &t->run->schedule;
  watch(&s->plateau, plateau->metric, value, plateau->min_delta);
  if (s->plateau_rest > 0) {
    s->plateau_rest--;
    s->plateau.bad = 0;
  }
  if (s->plateau.bad < plateau->patience) return;
  const int64_t late = INT64_C(1) << 53; /* no warm-up any more */
  schedule->cuts = s->plateau_cuts;
  const double before = ls_schedule_at(schedule, late);
  schedule->cuts = s->plateau_cuts + 1;
  const double after = ls_schedule_at(schedule, late);
  s->plateau.bad = 0;
  s->plateau_rest = plateau->cooldown;
  if (!(after < before)) return; /* min_lr */
  s->plateau_cuts++;
  ls_log(LS_LOG_INFO,
         "step %jd: no better %s in %jd evaluations: the learning rate goes from %g to %g",
         s->global_step, plateau->metric, plateau->patience, before, after);
}

/* Every rank has the same numbers and decides the same. Returns true if training should stop early.
 */
static bool look_at_scores(ls_trainer *t) {
  ls_state *s = &t->run->state;
  const ls_config *c = t->config;
  const ls_score *score;
  ls_plateau plateau;
  double value = fresh_value(t, t->best_metric, &score);
  if (!isnan(value)) look_for_best(t, score, value);
  value = fresh_value(t, t->early_metric, &score);
  if (!isnan(value)) watch(&s->early, t->early_metric, value, c->early_min_delta);
  const bool stop = !isnan(value) && c->early_metric && s->early.bad >= c->early_patience;
  if (ls_schedule_plateau(&t->run->schedule, &plateau)) {
    value = fresh_value(t, plateau.metric, &score);
    if (!isnan(value)) watch_plateau(t, &plateau, value);
  }
  t->val_fresh = t->train_fresh = false;
  if (stop && t->best_metric && s->best_step == 0)
    ls_log(LS_LOG_WARN,
           "step %jd: stopping early, and no evaluation was better than always predicting the "
           "mean of the targets: none is kept as the best",
           s->global_step);
  return stop;
}

bool ls_eval_wants(const ls_trainer *t, ls_split split) {
  bool named = t->config->eval_on_given ? t->config->eval_on[split]
                                        : split == LS_SPLIT_VALIDATION || split == LS_SPLIT_TEST;
  return named && ls_data_rows(t->run->data, split) > 0;
}

/* All samples where there is no validation, and they were asked for. */
ls_split ls_split_beside(const ls_trainer *t) {
  const bool validation = ls_data_rows(t->run->data, LS_SPLIT_VALIDATION) > 0;
  return !validation && ls_eval_wants(t, LS_SPLIT_ALL) ? LS_SPLIT_ALL : LS_SPLIT_VALIDATION;
}

ls_status ls_eval_split(ls_trainer *t, ls_split split) {
  double start = ls_time();
  ls_status status = ls_evaluate(t->run, split, &t->score[split], &t->figures[split]);
  if (split == LS_SPLIT_VALIDATION) t->val_fresh = true;
  if (split == LS_SPLIT_TRAIN) t->train_fresh = true;
  t->eval_seconds += ls_time() - start;
  return status;
}

/* test is left for the end unless it was asked for by name. */
static ls_status evaluate_present(ls_trainer *t, json_t *event) {
  for (ls_split s = 0; s < LS_SPLITS; s++) {
    if (!ls_eval_wants(t, s) || (s == LS_SPLIT_TEST && !t->config->eval_on_given)) continue;
    LS_TRY(ls_eval_split(t, s));
    ls_score_json(t->run, &t->score[s], ls_metric_prefix[s], event);
  }
  t->scored_step = t->run->state.global_step;
  return LS_OK;
}

static ls_status evaluate_splits(ls_trainer *t, json_t *event) {
  const bool shown = ls_beside_show(t->run);
  ls_status status = evaluate_present(t, event);
  if (shown) ls_beside_hide(t->run);
  return status;
}

double ls_trained_seconds(const ls_run *run) {
  double sum = 0;
  for (int k = 0; k < LS_TIMES; k++) sum += run->time[k];
  return sum;
}

bool ls_eval_due(const ls_trainer *t, bool epoch_end) {
  const ls_every *every = &t->config->eval_every;
  const ls_state *s = &t->run->state;
  if (every->unit == LS_EVERY_STEPS) return s->global_step % (int64_t)every->n == 0;
  if (every->unit == LS_EVERY_EPOCHS) return epoch_end && s->epoch % (int64_t)every->n == 0;
  return false;
}

/* How many updates of others came between reading the weights and changing them. */
static void staleness(const ls_run *run, json_t *event) {
  if (!run->mode->staleness) return;
  const ls_staleness *s = run->mode->staleness(run);
  const double mean = s->updates > 0 ? s->sum / (double)s->updates : (double)NAN;
  ls_put(event, "staleness_mean", mean);
  ls_put(event, "staleness_max", s->most);
  ls_put(event, "made_again", s->again);
  if (ls_comm_rank(run->comm) == 0)
    ls_log(LS_LOG_INFO,
           "epoch %jd: staleness %.2f on average, at most %jd updates of others; %jd gradients "
           "made again",
           run->state.epoch, mean, s->most, s->again);
}

static void show_epoch(ls_trainer *t, bool evaluated, double rate, bool last) {
  const ls_run *run = t->run;
  const ls_score *train = &t->score[LS_SPLIT_TRAIN], *beside = &t->score[ls_split_beside(t)];
  ls_progress_row row = {.epoch = run->state.epoch,
                         .step = run->state.global_step,
                         .loss = train->value[LS_METRIC_LOSS],
                         .accuracy = train->value[LS_METRIC_ACCURACY],
                         .beside_loss = (double)NAN,
                         .beside_accuracy = (double)NAN,
                         .lr = run->lr,
                         .samples_per_s = rate,
                         .best = t->best_metric && run->state.best_step == run->state.global_step,
                         .last = last};
  if (evaluated && beside->samples > 0) {
    row.beside_loss = beside->value[LS_METRIC_LOSS];
    row.beside_accuracy = beside->value[LS_METRIC_ACCURACY];
  }
  ls_progress_epoch(t->progress, &row);
}

/* On rank 0, with the reference to the event. */
static ls_status put_event(ls_trainer *t, json_t *event, ls_status status) {
  if (status == LS_OK && ls_comm_rank(t->comm) == 0)
    status = ls_events_put(t->events, event);
  else
    json_decref(event);
  return ls_comm_agree(t->comm, status);
}

/* What the next epoch is compared with, and what a checkpoint keeps. */
static void note_loss(ls_trainer *t) {
  ls_state *s = &t->run->state;
  double loss = t->score[LS_SPLIT_TRAIN].value[LS_METRIC_LOSS];
  t->stands_still = fabs(loss - s->last_loss) <= 1e-5 * fabs(s->last_loss);
  s->last_loss = loss;
  s->last_grad_norm = t->run->grad_norm;
}

ls_status ls_epoch_end(ls_trainer *t, bool *stop) {
  ls_run *run = t->run;
  double rate = (double)run->state.epoch_samples / (ls_trained_seconds(run) - t->epoch_trained);
  bool evaluate = ls_eval_due(t, true), full = evaluate && ls_eval_wants(t, LS_SPLIT_TRAIN);
  t->score[LS_SPLIT_TRAIN] = ls_running_score(run);
  t->train_fresh = true;
  json_t *event = ls_event("epoch");
  ls_put(event, "epoch", run->state.epoch);
  ls_put(event, "global_step", run->state.global_step);
  /* evaluation puts its own in the place of running means */
  ls_score_json(run, &t->score[LS_SPLIT_TRAIN], "", event);
  ls_put(event, "loss_kind", full ? "full" : "running");
  ls_status status = evaluate ? evaluate_splits(t, event) : LS_OK;
  if (status == LS_OK) {
    ls_put(event, "lr", run->lr);
    ls_put(event, "grad_norm", run->grad_norm);
    ls_put(event, "samples_per_s", rate);
    ls_put(event, "seconds", ls_time() - t->epoch_started);
    staleness(run, event);
    note_loss(t);
    *stop = look_at_scores(t);
    show_epoch(t, evaluate, rate, *stop);
  }
  status = put_event(t, event, status);
  t->epoch_started = ls_time();
  t->epoch_trained = ls_trained_seconds(run);
  return status;
}

/* Where eval.every is in steps. */
ls_status ls_eval_event(ls_trainer *t, bool *stop) {
  json_t *event = ls_event("eval");
  ls_put(event, "global_step", t->run->state.global_step);
  ls_status status = evaluate_splits(t, event);
  if (status == LS_OK) *stop = look_at_scores(t);
  return put_event(t, event, status);
}

static json_t *logged_weights(const ls_run *run) {
  json_t *list = json_array();
  const void *w = ls_exchange_weights(run->exchange);
  for (int64_t i = 0; i < run->parameters && i < LOGGED_WEIGHTS; i++)
    json_array_append_new(list, ls_json_real(ls_dtype_get(run->config->precision, w, i)));
  return list;
}

double ls_step_loss(ls_run *run, int64_t samples) {
  return slice_total(run, all_slices(run, run->slice_stats), offsetof(ls_stats, loss)) /
         (double)samples;
}

ls_status ls_step_event(ls_trainer *t, int64_t samples) {
  ls_run *run = t->run;
  const double loss = ls_step_loss(run, samples);
  if (ls_comm_rank(t->comm) != 0) return LS_OK;
  json_t *event = ls_event("step");
  ls_put(event, "global_step", run->state.global_step);
  ls_put(event, "loss", loss);
  ls_put(event, "lr", run->lr);
  if (t->config->log_weights) ls_put(event, "weights", logged_weights(run));
  return ls_events_put(t->events, event);
}
