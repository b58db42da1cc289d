/* The numbers of a run while it goes: sums over slices, evaluation, and the events step, epoch and
 * eval. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/json.h"
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

/* Running means of the epoch: each sample with the weights of its own step. */
ls_score ls_running_score(ls_run *run) {
  const ls_stats *all = all_slices(run, run->running);
  double n = (double)run->state.epoch_samples, values = n * (double)ls_data_outputs(run->data);
  ls_score s = {run->state.epoch_samples,
                slice_total(run, all, offsetof(ls_stats, loss)) / n,
                NAN,
                NAN,
                NAN,
                NAN,
                NULL};
  if (ls_metric_fits(run->config, LS_METRIC_ACCURACY))
    s.accuracy = slice_total(run, all, offsetof(ls_stats, correct)) / n;
  if (ls_run_task(run) == LS_TASK_REGRESSION) {
    double unit = ls_run_target_unit(run);
    s.mae = unit * slice_total(run, all, offsetof(ls_stats, abs_err)) / values;
    s.rmse = unit * sqrt(slice_total(run, all, offsetof(ls_stats, sq_err)) / values);
  }
  return s;
}

void ls_set_score(const ls_trainer *t, json_t *event, const char *prefix, const ls_score *s) {
  const struct {
    ls_metric metric;
    double value;
  } row[] = {{LS_METRIC_ACCURACY, s->accuracy},
             {LS_METRIC_MAE, s->mae},
             {LS_METRIC_RMSE, s->rmse},
             {LS_METRIC_R2, s->r2}};
  char name[32];
  snprintf(name, sizeof name, "%sloss", prefix);
  json_object_set_new(event, name, ls_json_real(s->loss));
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    if (!ls_config_wants(t->config, row[i].metric)) continue;
    snprintf(name, sizeof name, "%s%s", prefix, ls_metric_names[row[i].metric]);
    json_object_set_new(event, name, ls_json_real(row[i].value));
  }
  if (s->more) ls_figures_json(s->more, ls_data_outputs(t->run->data), prefix, event);
}

static double metric_value(const ls_trainer *t, const char *metric) {
  const ls_score *s = &t->train_score;
  if (strncmp(metric, "val_", 4) == 0) s = &t->val_score, metric += 4;
  if (strcmp(metric, "loss") == 0) return s->loss;
  if (strcmp(metric, "accuracy") == 0) return s->accuracy;
  if (strcmp(metric, "mae") == 0) return s->mae;
  if (strcmp(metric, "rmse") == 0) return s->rmse;
  return s->r2;
}

static bool higher_is_better(const char *metric) {
  return strstr(metric, "accuracy") || strstr(metric, "r2");
}

/* Every rank has the same numbers and decides the same. Returns true if training should stop early.
 */
static bool look_for_best(ls_trainer *t) {
  ls_state *s = &t->run->state;
  if (!t->best_metric) return false;
  bool *fresh = strncmp(t->best_metric, "val_", 4) == 0 ? &t->val_fresh : &t->train_fresh;
  if (!*fresh) return false; /* a number counts once */
  *fresh = false;
  double value = metric_value(t, t->best_metric);
  if (isnan(value)) return false;
  bool better = isnan(s->best_value) ||
                (higher_is_better(t->best_metric) ? value > s->best_value : value < s->best_value);
  if (better) {
    s->best_value = value;
    s->best_step = s->global_step;
    t->new_best = true;
    s->early_bad = 0;
  } else {
    s->early_bad++;
  }
  return t->config->early_metric && s->early_bad >= t->config->early_patience;
}

bool ls_eval_wants(const ls_trainer *t, ls_split split) {
  bool named = t->config->eval_on_given ? t->config->eval_on[split]
                                        : split == LS_SPLIT_VALIDATION || split == LS_SPLIT_TEST;
  return named && ls_data_rows(t->run->data, split) > 0;
}

/* test is left for the end unless it was asked for by name. */
static ls_status evaluate_splits(ls_trainer *t, json_t *event) {
  double start = ls_time();
  struct {
    ls_split split;
    ls_score *score;
    const char *prefix;
  } row[] = {{LS_SPLIT_TRAIN, &t->train_score, ""},
             {LS_SPLIT_VALIDATION, &t->val_score, "val_"},
             {LS_SPLIT_TEST, &t->test_score, "test_"},
             {LS_SPLIT_ALL, NULL, "all_"}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    if (!ls_eval_wants(t, row[i].split) ||
        (row[i].split == LS_SPLIT_TEST && !t->config->eval_on_given))
      continue;
    ls_score score;
    LS_TRY(ls_evaluate(t->run, row[i].split, &score, &t->figures[row[i].split]));
    if (row[i].score) *row[i].score = score;
    if (row[i].split == LS_SPLIT_VALIDATION) t->val_fresh = true;
    if (row[i].split == LS_SPLIT_TRAIN) t->train_fresh = true;
    ls_set_score(t, event, row[i].prefix, &score);
  }
  t->scored_step = t->run->state.global_step;
  t->eval_seconds += ls_time() - start;
  return LS_OK;
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

static void show_epoch(ls_trainer *t, bool evaluated, double rate) {
  const ls_run *run = t->run;
  ls_progress_row row = {run->state.epoch,
                         run->state.global_step,
                         t->train_score.loss,
                         t->train_score.accuracy,
                         NAN,
                         NAN,
                         run->lr,
                         rate,
                         t->best_metric && run->state.best_step == run->state.global_step};
  if (evaluated && t->val_score.samples > 0)
    row.val_loss = t->val_score.loss, row.val_accuracy = t->val_score.accuracy;
  ls_progress_epoch(t->progress, &row);
}

static json_t *epoch_event(const ls_trainer *t, bool evaluate) {
  const ls_run *run = t->run;
  bool full = evaluate && ls_eval_wants(t, LS_SPLIT_TRAIN);
  json_t *event =
      json_pack("{s:s, s:I, s:I}", "event", "epoch", "epoch", (json_int_t)run->state.epoch,
                "global_step", (json_int_t)run->state.global_step);
  ls_set_score(t, event, "",
               &t->train_score); /* evaluation puts its own in the place of running means */
  json_object_set_new(event, "loss_kind", json_string(full ? "full" : "running"));
  return event;
}

/* The end of an epoch: its means, evaluation, a line for people and one for programs, the best so
 * far. */
ls_status ls_epoch_end(ls_trainer *t, bool *stop) {
  ls_run *run = t->run;
  double trained = ls_trained_seconds(run) - t->epoch_trained,
         rate = (double)run->state.epoch_samples / trained;
  bool evaluate = ls_eval_due(t, true);
  t->train_score = ls_running_score(run);
  t->train_fresh = true;
  json_t *event = epoch_event(t, evaluate);
  ls_status status = evaluate ? evaluate_splits(t, event) : LS_OK;
  if (status == LS_OK) {
    json_object_set_new(event, "lr", ls_json_real(run->lr));
    json_object_set_new(event, "grad_norm", ls_json_real(run->grad_norm));
    json_object_set_new(event, "samples_per_s", ls_json_real(rate));
    json_object_set_new(event, "seconds", ls_json_real(ls_time() - t->epoch_started));
    t->stands_still =
        fabs(t->train_score.loss - run->state.last_loss) <= 1e-5 * fabs(run->state.last_loss);
    run->state.last_loss = t->train_score.loss;
    run->state.last_grad_norm = run->grad_norm;
    *stop = look_for_best(t);
    show_epoch(t, evaluate, rate);
    status = ls_comm_rank(t->comm) == 0 ? ls_metrics_event(t->metrics, json_incref(event)) : LS_OK;
  }
  json_decref(event);
  t->epoch_started = ls_time();
  t->epoch_trained = ls_trained_seconds(run);
  return ls_comm_agree(t->comm, status);
}

/* Between epochs, where eval.every is in steps. */
ls_status ls_eval_event(ls_trainer *t, bool *stop) {
  json_t *event = json_pack("{s:s, s:I}", "event", "eval", "global_step",
                            (json_int_t)t->run->state.global_step);
  ls_status status = evaluate_splits(t, event);
  if (status == LS_OK) *stop = look_for_best(t);
  if (status == LS_OK && ls_comm_rank(t->comm) == 0)
    status = ls_metrics_event(t->metrics, json_incref(event));
  json_decref(event);
  return ls_comm_agree(t->comm, status);
}

static json_t *logged_weights(const ls_run *run) {
  json_t *list = json_array();
  const void *w = ls_exchange_weights(run->exchange);
  for (int64_t i = 0; i < run->parameters && i < LOGGED_WEIGHTS; i++)
    json_array_append_new(list, ls_json_real(ls_dtype_get(run->config->precision, w, i)));
  return list;
}

void ls_step_event(ls_trainer *t, int64_t samples) {
  ls_run *run = t->run;
  double loss = slice_total(run, all_slices(run, run->slice_stats), offsetof(ls_stats, loss)) /
                (double)samples;
  if (ls_comm_rank(t->comm) != 0) return;
  json_t *event = json_pack("{s:s, s:I, s:o, s:o}", "event", "step", "global_step",
                            (json_int_t)run->state.global_step, "loss", ls_json_real(loss), "lr",
                            ls_json_real(run->lr));
  if (t->config->log_weights) json_object_set_new(event, "weights", logged_weights(run));
  ls_trainer_defer(t, ls_metrics_event(t->metrics, event));
}
