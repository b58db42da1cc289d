#include "train/train.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/json.h"
#include "train/folder.h"
#include "train/trainer.h"

enum { ROLLBACKS_MAX = 3, SKIPS_MAX = 100, LOGGED_WEIGHTS = 64 };

/* ---- signals ---- */

static volatile sig_atomic_t signalled;
static void on_signal(int number) { signalled = number; }

void ls_train_signals(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write(2), not the end */
}

/* Seconds since the start at which a checkpoint must begin, so that it is done within the limit. */
static double stop_time(const ls_trainer *t) {
  double limit = t->options->time_limit;
  const char *slurm = getenv("SLURM_JOB_END_TIME"); /* seconds since 1970 */
  if (limit <= 0 && slurm) limit = ls_time() - t->started + strtod(slurm, NULL) - (double)time(NULL) - 30;
  return limit <= 0 ? (double)INFINITY : limit - 2 * t->save_seconds - 2 * t->longest;
}

static uint32_t my_flags(const ls_trainer *t) {
  uint32_t flags = signalled ? LS_FLAG_SIGNAL : 0;
  if (ls_comm_rank(t->comm) != 0) return flags;
  if (t->pending != LS_OK) flags |= LS_FLAG_FAILED;
  const ls_every *every = &t->config->save_every;
  bool clocked = every->unit == LS_EVERY_SECONDS || t->options->time_limit > 0 || getenv("SLURM_JOB_END_TIME");
  if (!clocked) return flags;
  double now = ls_time();
  if (now - t->started >= stop_time(t)) flags |= LS_FLAG_TIME;
  if (every->unit == LS_EVERY_SECONDS && now - t->last_save >= every->n) flags |= LS_FLAG_SAVE;
  return flags;
}

/* Rank 0 failed where the others are not waiting to hear of it. */
static void defer(ls_trainer *t, ls_status status) {
  if (status == LS_OK || t->pending != LS_OK) return;
  t->pending = status;
  snprintf(t->pending_text, sizeof t->pending_text, "%s", ls_error_text());
}

/* ---- the epoch's numbers ---- */

/* Sum the ranks' slices (own ones in `mine`) into the run's scratch, on every rank. */
static const ls_stats *all_slices(ls_run *run, const ls_stats *mine) {
  if (mine != run->slice_stats) memcpy(run->slice_stats, mine, (size_t)run->slices * sizeof *mine);
  ls_comm_sum(run->comm, (double *)run->slice_stats, (int64_t)run->slices * LS_STATS_N);
  return run->slice_stats;
}

static double slice_total(const ls_run *run, const ls_stats *stats, size_t offset) {
  return ls_tree_sum((const double *)(const void *)((const char *)stats + offset), run->slices, LS_STATS_N);
}

/* Running means of the epoch: each sample with the weights of its own step. */
static ls_score running_score(ls_run *run) {
  const ls_stats *all = all_slices(run, run->running);
  double n = (double)run->state.epoch_samples, values = n * (double)ls_data_outputs(run->data);
  ls_score s = {run->state.epoch_samples, slice_total(run, all, offsetof(ls_stats, loss)) / n, NAN, NAN, NAN, NAN};
  if (ls_run_task(run) != LS_TASK_REGRESSION) {
    s.accuracy = slice_total(run, all, offsetof(ls_stats, correct)) / n;
  } else {
    s.mae = slice_total(run, all, offsetof(ls_stats, abs_err)) / values;
    s.rmse = sqrt(slice_total(run, all, offsetof(ls_stats, sq_err)) / values);
  }
  return s;
}

static void set_score(json_t *event, const char *prefix, const ls_score *s) {
  struct {
    const char *name;
    double value;
  } row[] = {{"loss", s->loss}, {"accuracy", s->accuracy}, {"mae", s->mae}, {"rmse", s->rmse}, {"r2", s->r2}};
  bool classes = !isnan(s->accuracy);
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    if (i > 0 && classes != (i == 1)) continue; /* accuracy, or mae, rmse and r2 */
    char name[32];
    snprintf(name, sizeof name, "%s%s", prefix, row[i].name);
    json_object_set_new(event, name, ls_json_real(row[i].value));
  }
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

static bool higher_is_better(const char *metric) { return strstr(metric, "accuracy") || strstr(metric, "r2"); }

/* Every rank has the same numbers and decides the same. Returns true if training should stop early. */
static bool look_for_best(ls_trainer *t) {
  ls_state *s = &t->run->state;
  if (!t->best_metric) return false;
  double value = metric_value(t, t->best_metric);
  if (isnan(value)) return false;
  bool better = isnan(s->best_value) || (higher_is_better(t->best_metric) ? value > s->best_value : value < s->best_value);
  if (better) {
    s->best_value = value;
    s->best_step = s->global_step;
    s->early_bad = 0;
  } else {
    s->early_bad++;
  }
  return t->config->early_metric && s->early_bad >= t->config->early_patience;
}

/* ---- once in a while ---- */

static bool wants(const ls_trainer *t, ls_split split) { return t->config->eval_on[split] && ls_data_rows(t->run->data, split) > 0; }

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
    if (!wants(t, row[i].split) || (row[i].split == LS_SPLIT_TEST && !t->config->eval_on_given)) continue;
    ls_score score;
    LS_TRY(ls_evaluate(t->run, row[i].split, &score, NULL));
    if (row[i].score) *row[i].score = score;
    set_score(event, row[i].prefix, &score);
  }
  t->eval_seconds += ls_time() - start;
  return LS_OK;
}

static double trained_seconds(const ls_run *run) {
  double sum = 0;
  for (int k = 0; k < LS_TIMES; k++) sum += run->time[k];
  return sum;
}

static bool eval_due(const ls_trainer *t, bool epoch_end) {
  const ls_every *every = &t->config->eval_every;
  const ls_state *s = &t->run->state;
  if (every->unit == LS_EVERY_STEPS) return s->global_step % (int64_t)every->n == 0;
  if (every->unit == LS_EVERY_EPOCHS) return epoch_end && s->epoch % (int64_t)every->n == 0;
  return false;
}

static void show_epoch(ls_trainer *t, bool evaluated, double rate) {
  const ls_run *run = t->run;
  ls_progress_row row = {run->state.epoch, run->state.global_step, t->train_score.loss, t->train_score.accuracy, NAN, NAN, run->lr, rate};
  if (evaluated && t->val_score.samples > 0) row.val_loss = t->val_score.loss, row.val_accuracy = t->val_score.accuracy;
  ls_progress_epoch(t->progress, &row);
}

static json_t *epoch_event(ls_trainer *t) {
  const ls_run *run = t->run;
  bool full = wants(t, LS_SPLIT_TRAIN);
  json_t *event = json_pack("{s:s, s:I, s:I}", "event", "epoch", "epoch", (json_int_t)run->state.epoch, "global_step",
                            (json_int_t)run->state.global_step);
  set_score(event, "", &t->train_score);
  json_object_set_new(event, "loss_kind", json_string(full ? "full" : "running"));
  return event;
}

/* The end of an epoch: its means, evaluation, a line for people and one for programs, the best so far. */
static ls_status end_epoch(ls_trainer *t, bool *stop) {
  ls_run *run = t->run;
  double trained = trained_seconds(run) - t->epoch_trained, rate = (double)run->state.epoch_samples / trained;
  bool evaluate = eval_due(t, true);
  t->train_score = running_score(run);
  json_t *event = epoch_event(t);
  ls_status status = evaluate ? evaluate_splits(t, event) : LS_OK;
  if (status == LS_OK) {
    json_object_set_new(event, "lr", ls_json_real(run->lr));
    json_object_set_new(event, "grad_norm", ls_json_real(run->grad_norm));
    json_object_set_new(event, "samples_per_s", ls_json_real(rate));
    json_object_set_new(event, "seconds", ls_json_real(ls_time() - t->epoch_started));
    run->state.last_loss = t->train_score.loss;
    run->state.last_grad_norm = run->grad_norm;
    if (!(t->best_loss <= t->train_score.loss)) t->best_loss = t->train_score.loss;
    *stop = look_for_best(t);
    show_epoch(t, evaluate, rate);
    status = ls_comm_rank(t->comm) == 0 ? ls_metrics_event(t->metrics, json_incref(event)) : LS_OK;
  }
  json_decref(event);
  memset(run->running, 0, (size_t)run->slices * sizeof *run->running);
  run->state.epoch_samples = 0;
  t->epoch_started = ls_time();
  t->epoch_trained = trained_seconds(run);
  return ls_comm_agree(t->comm, status);
}

/* Between epochs, where eval.every is in steps. */
static ls_status eval_event(ls_trainer *t) {
  json_t *event = json_pack("{s:s, s:I}", "event", "eval", "global_step", (json_int_t)t->run->state.global_step);
  ls_status status = evaluate_splits(t, event);
  if (status == LS_OK && ls_comm_rank(t->comm) == 0) status = ls_metrics_event(t->metrics, json_incref(event));
  json_decref(event);
  return ls_comm_agree(t->comm, status);
}

static json_t *logged_weights(const ls_run *run) {
  json_t *list = json_array();
  const void *w = ls_exchange_weights(run->exchange);
  for (int64_t i = 0; i < run->parameters && i < LOGGED_WEIGHTS; i++)
    json_array_append_new(list, ls_json_real(run->config->precision == LS_F32 ? (double)((const float *)w)[i] : ((const double *)w)[i]));
  return list;
}

static void step_event(ls_trainer *t, int64_t samples) {
  ls_run *run = t->run;
  double loss = slice_total(run, all_slices(run, run->slice_stats), offsetof(ls_stats, loss)) / (double)samples;
  if (ls_comm_rank(t->comm) != 0) return;
  json_t *event = json_pack("{s:s, s:I, s:o, s:o}", "event", "step", "global_step", (json_int_t)run->state.global_step, "loss",
                            ls_json_real(loss), "lr", ls_json_real(run->lr));
  if (t->config->log_weights) json_object_set_new(event, "weights", logged_weights(run));
  defer(t, ls_metrics_event(t->metrics, event));
}

static bool desync_due(const ls_trainer *t) {
  const ls_every *every = &t->config->desync_every;
  return every->unit == LS_EVERY_STEPS && t->run->state.global_step % (int64_t)every->n == 0 &&
         strcmp(ls_exchange_kind(t->run->exchange), "shared") != 0;
}

/* A step that was not finite, where the policy is not to stop: count, and go back to the last checkpoint's weights if asked. */
static ls_status after_nonfinite(ls_trainer *t) {
  ls_state *s = &t->run->state;
  long long step = (long long)s->global_step;
  if (t->config->nonfinite == LS_NONFINITE_SKIP) {
    ls_log(LS_LOG_WARN, "step %lld: not finite; the update is skipped (%lld in a row)", step, (long long)s->nonfinite_row);
    if (s->nonfinite_row < SKIPS_MAX) return LS_OK;
    return ls_fail(LS_EDIVERGED, "step %lld: %d steps in a row were not finite; lower optimizer.lr or set train.clip_norm", step,
                   SKIPS_MAX);
  }
  LS_TRY(ls_save_finish(t));
  if (s->rollbacks >= ROLLBACKS_MAX)
    return ls_fail(LS_EDIVERGED, "step %lld: not finite again after %d rollbacks; lower optimizer.lr or set train.clip_norm", step,
                   ROLLBACKS_MAX);
  char *path = NULL;
  ls_checkpoint *checkpoint = NULL;
  ls_status status = LS_OK;
  if (ls_comm_rank(t->comm) == 0) {
    status = ls_checkpoint_newest(t->dir, false, &path);
    if (status == LS_OK && !path) status = ls_fail(LS_EDIVERGED, "step %lld: not finite, and there is no checkpoint to go back to", step);
    if (status == LS_OK) status = ls_checkpoint_read(path, &checkpoint);
  }
  status = ls_comm_agree(t->comm, status);
  ls_state now = *s; /* the data and the counters go on; weights, slots and t go back */
  if (status == LS_OK) status = ls_state_restore(t->run, &t->plan, checkpoint);
  if (status == LS_OK) {
    ls_log(LS_LOG_WARN, "step %lld: not finite; weights and optimizer go back to step %lld, the data go on", step,
           (long long)s->global_step);
    now.t = s->t;
    now.rollbacks++;
    *s = now;
    memset(t->run->running, 0, (size_t)t->run->slices * sizeof *t->run->running);
    s->epoch_samples = 0;
  }
  ls_checkpoint_free(&checkpoint);
  LS_FREE(path);
  return status;
}

/* Everything that is not the step itself. Decisions come from what all ranks have agreed on. */
static ls_status after_step(ls_trainer *t, uint32_t flags, int64_t samples, bool *stop) {
  ls_run *run = t->run;
  const ls_state *s = &run->state;
  bool epoch_end = s->global_step % run->steps_per_epoch == 0, last = s->global_step == run->steps, early = false;
  if (flags & LS_FLAG_FAILED) {
    if (t->pending != LS_OK) ls_fail(t->pending, "%s", t->pending_text);
    return ls_comm_agree(t->comm, t->pending);
  }
  if (flags & LS_FLAG_NONFINITE)
    LS_TRY(after_nonfinite(t));
  else if (t->config->step_every > 0 && s->global_step % t->config->step_every == 0)
    step_event(t, samples);
  if (epoch_end)
    LS_TRY(end_epoch(t, &early));
  else if (eval_due(t, false))
    LS_TRY(eval_event(t));
  if (desync_due(t)) LS_TRY(ls_desync_check(t));
  if (flags & LS_FLAG_SIGNAL)
    t->exit = "signal";
  else if (flags & LS_FLAG_TIME)
    t->exit = "time_limit";
  else if (early)
    t->exit = "early_stop";
  bool interrupted = flags & (LS_FLAG_SIGNAL | LS_FLAG_TIME);
  *stop = interrupted || early || last;
  if (interrupted || ls_save_due(t, flags, epoch_end)) LS_TRY(ls_save(t, NULL));
  ls_progress_step(t->progress, s->global_step);
  return LS_OK;
}

static bool norm_due(const ls_run *run) {
  int64_t next = run->state.global_step + 1;
  return next % run->steps_per_epoch == 0 || next == run->steps;
}

static ls_status loop(ls_trainer *t) {
  ls_run *run = t->run;
  bool stop = run->state.global_step >= run->steps;
  double before = ls_time();
  while (!stop) {
    defer(t, ls_save_poll(t));
    uint32_t flags = my_flags(t);
    int64_t seen = run->state.samples_seen;
    LS_TRY(ls_run_step(run, norm_due(run), &flags));
    LS_TRY(after_step(t, flags, run->state.samples_seen - seen, &stop));
    if (t->options->time_limit > 0) {
      double now = ls_time();
      if (now - before > t->longest) t->longest = now - before;
      before = now;
    }
  }
  return LS_OK;
}

/* ---- start ---- */

static int64_t rank_samples(const ls_run *run, int rank, int64_t batch) {
  int ranks = ls_comm_size(run->comm);
  return ls_tree_row(batch, run->slices, ls_tree_first(run->slices, ranks, rank + 1)) -
         ls_tree_row(batch, run->slices, ls_tree_first(run->slices, ranks, rank));
}

/* Samples of an epoch that each rank works on. */
static json_t *samples_per_rank(const ls_run *run) {
  int64_t rows = ls_data_rows(run->data, LS_SPLIT_TRAIN), full = rows / run->batch, rest = rows % run->batch;
  if (full == run->steps_per_epoch) rest = 0; /* dropped, or there is none */
  json_t *list = json_array();
  for (int r = 0; r < ls_comm_size(run->comm); r++)
    json_array_append_new(list, json_integer(full * rank_samples(run, r, run->batch) + rank_samples(run, r, rest)));
  return list;
}

static ls_status start_event(ls_trainer *t) {
  const ls_run *run = t->run;
  json_t *event = json_object();
  json_object_set_new(event, "event", json_string("start"));
  json_object_set_new(event, "ranks", json_integer(ls_comm_size(t->comm)));
  json_object_set_new(event, "threads", json_integer(ls_team_size(run->team)));
  json_object_set_new(event, "parameters", json_integer(run->parameters));
  json_object_set_new(event, "train_samples", json_integer(ls_data_rows(run->data, LS_SPLIT_TRAIN)));
  json_object_set_new(event, "validation_samples", json_integer(ls_data_rows(run->data, LS_SPLIT_VALIDATION)));
  json_object_set_new(event, "test_samples", json_integer(ls_data_rows(run->data, LS_SPLIT_TEST)));
  json_object_set_new(event, "steps_per_epoch", json_integer(run->steps_per_epoch));
  json_object_set_new(event, "steps", json_integer(run->steps));
  json_object_set_new(event, "batch", json_integer(run->batch));
  json_object_set_new(event, "slices", json_integer(run->slices));
  json_object_set_new(event, "samples_per_rank", samples_per_rank(run));
  json_object_set_new(event, "exchange", json_string(ls_exchange_kind(run->exchange)));
  json_object_set_new(event, "precision", json_string(ls_real_name(t->config->precision)));
  json_object_set_new(event, "kernel", json_string(ls_model_kernel()));
  if (run->state.global_step > 0) json_object_set_new(event, "resumed_from", json_integer(run->state.global_step));
  return ls_metrics_event(t->metrics, event);
}

/* The chapter's advice: know how fast your rate drops. */
static void warn_of_small_rate(const ls_trainer *t) {
  const ls_schedule_spec *s = &t->config->schedule;
  int64_t lo = 0, hi = t->run->steps / 2;
  double floor = t->config->precision == LS_F32 ? 0x1p-24 : 0x1p-53;
  if (!(ls_schedule_at(s, hi) < floor * s->lr)) return;
  while (hi - lo > 1) {
    int64_t mid = lo + (hi - lo) / 2;
    if (ls_schedule_at(s, mid) < floor * s->lr)
      hi = mid;
    else
      lo = mid;
  }
  ls_log(
      LS_LOG_WARN,
      "from step %lld of %lld on the learning rate is below %.2g of its first value: too small to move a weight; see 'lockstep schedule'",
      (long long)hi, (long long)t->run->steps, floor);
}

static ls_status start_progress(ls_trainer *t) {
  const ls_run *run = t->run;
  ls_progress_plan plan = {run->state.global_step,
                           run->steps,
                           run->steps_per_epoch,
                           run->batch,
                           ls_run_task(run) != LS_TASK_REGRESSION,
                           ls_data_rows(run->data, LS_SPLIT_VALIDATION) > 0};
  int ranks = ls_comm_size(t->comm), threads = ls_team_size(run->team), cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  ls_log(LS_LOG_INFO,
         "%lld parameters, %lld samples, %lld steps an epoch, batch %lld in %d slices on %d rank%s x %d thread%s (exchange %s, kernels %s)",
         (long long)run->parameters, (long long)ls_data_rows(run->data, LS_SPLIT_TRAIN), (long long)run->steps_per_epoch,
         (long long)run->batch, run->slices, ranks, ranks == 1 ? "" : "s", threads, threads == 1 ? "" : "s",
         ls_exchange_kind(run->exchange), ls_model_kernel());
  if (t->config->slices == 0) ls_log(LS_LOG_WARN, "train.slices is 0: one slice a rank, so the bits depend on the number of ranks");
  if (ls_comm_node_size(t->comm) * threads > cores)
    ls_log(LS_LOG_WARN, "%d ranks x %d threads on %d cores of %s: oversubscribed, expect it to be slow", ls_comm_node_size(t->comm),
           threads, cores, ls_comm_host(t->comm));
  if (run->state.global_step > 0)
    ls_log(LS_LOG_INFO, "resuming at step %lld of %lld", (long long)run->state.global_step, (long long)run->steps);
  warn_of_small_rate(t);
  return ls_progress_new(t->options->progress, &plan, &t->progress);
}

/* Everything that only rank 0 has, once config and data are accepted. */
static ls_status open_outputs(ls_trainer *t, const ls_checkpoint *from, const char *path) {
  const ls_config *c = t->config;
  const char *slash = path ? strrchr(path, '/') : NULL, *file = slash ? slash + 1 : path;
  LS_TRY(ls_folder_take(t->dir, t->options->force && !from, &t->lock));
  if (from) LS_TRY(ls_folder_supersede(t->dir, (long long)from->state.global_step, file));
  LS_TRY(ls_metrics_open(t->dir, c->log_jsonl, c->log_csv, from ? from->state.global_step : -1, file, &t->metrics));
  LS_TRY(ls_saver_new(&t->plan.plan, t->dir, c->save_async, c->keep_last, &t->saver));
  LS_TRY(start_progress(t));
  return start_event(t);
}

static void choose_best_metric(ls_trainer *t) {
  const ls_config *c = t->config;
  bool validation = ls_data_rows(t->run->data, LS_SPLIT_VALIDATION) > 0;
  t->best_metric = c->early_metric                 ? c->early_metric
                   : c->keep_best && *c->keep_best ? c->keep_best
                   : !c->keep_best && validation   ? "val_loss"
                                                   : NULL;
}

/* Build the run and bring it to where it starts: fresh weights, a file's, or a checkpoint's state. */
static ls_status build(ls_trainer *t, const ls_checkpoint *from) {
  LS_TRY(ls_run_new(t->comm, t->config, t->options->threads, &t->run));
  ls_state_plan_make(t->run, &t->plan);
  int resumed = from != NULL;
  ls_comm_bcast(t->comm, &resumed, sizeof resumed, 0);
  if (resumed) {
    LS_TRY(ls_comm_agree(t->comm, from ? ls_resume_check_data(t, from) : LS_OK));
    LS_TRY(ls_state_restore(t->run, &t->plan, from));
  } else if (t->config->init.kind == LS_INIT_FILE) {
    LS_TRY(ls_state_load_weights(t->run, t->config->init.file));
  }
  choose_best_metric(t);
  t->first_step = t->run->state.global_step;
  t->train_score.loss = t->run->state.last_loss;
  t->train_score.accuracy = NAN;
  return LS_OK;
}

/* ---- end ---- */

static void show_summary(ls_trainer *t, const ls_train_result *r, const double *times) {
  const ls_run *run = t->run;
  int ranks = ls_comm_size(t->comm);
  ls_progress_share share[LS_TIMES + 2];
  for (int k = 0; k < LS_TIMES; k++) {
    share[k] = (ls_progress_share){ls_time_names[k], INFINITY, 0, 0};
    for (int q = 0; q < ranks; q++) {
      double s = times[q * LS_TIMES + k];
      if (s < share[k].min) share[k].min = s;
      if (s > share[k].max) share[k].max = s;
      share[k].avg += s / ranks;
    }
  }
  share[LS_TIMES] = (ls_progress_share){"eval", t->eval_seconds, t->eval_seconds, t->eval_seconds};
  share[LS_TIMES + 1] = (ls_progress_share){"checkpoint", t->checkpoint_seconds, t->checkpoint_seconds, t->checkpoint_seconds};
  int64_t steps = run->state.global_step - t->first_step;
  ls_progress_summary summary = {.exit = t->exit,
                                 .run = t->dir,
                                 .epochs = steps / run->steps_per_epoch,
                                 .steps = steps,
                                 .samples = steps * run->batch,
                                 .ranks = ranks,
                                 .seconds = r->seconds,
                                 .samples_per_s = r->samples_per_s,
                                 .best_metric = t->best_metric,
                                 .best_value = run->state.best_value,
                                 .best_step = run->state.best_step,
                                 .loss = r->loss,
                                 .accuracy = r->accuracy,
                                 .test_loss = r->test_loss,
                                 .test_accuracy = r->test_accuracy,
                                 .share = share,
                                 .shares = LS_TIMES + 2};
  ls_progress_end(t->progress, &summary);
}

static ls_status end_event(ls_trainer *t, ls_train_result *r) {
  json_t *event = json_pack("{s:s, s:I}", "event", "end", "global_step", (json_int_t)r->global_step);
  set_score(event, "", &t->train_score);
  if (t->val_score.samples > 0) set_score(event, "val_", &t->val_score);
  if (t->test_score.samples > 0) set_score(event, "test_", &t->test_score);
  json_object_set_new(event, "weights_hash", json_string(r->weights_hash));
  json_object_set_new(event, "samples_per_s", ls_json_real(r->samples_per_s));
  json_object_set_new(event, "seconds", ls_json_real(r->seconds));
  if (r->dead) json_object_set_new(event, "dead", json_true());
  json_object_set_new(event, "exit", json_string(t->exit));
  return ls_metrics_event(t->metrics, event);
}

/* Not better than guessing after at least an epoch: dead units, or a rate far too high. */
static bool is_dead(const ls_trainer *t) {
  double classes = (double)ls_data_outputs(t->run->data);
  return ls_run_task(t->run) == LS_TASK_CLASSES && classes > 1 && t->run->state.epoch > 0 && t->train_score.accuracy < 1.2 / classes;
}

static ls_status report_end(ls_trainer *t, ls_train_result *r) {
  ls_run *run = t->run;
  int ranks = ls_comm_size(t->comm);
  double *times, trained = trained_seconds(run);
  LS_NEW(times, ranks * LS_TIMES);
  ls_comm_allgather(t->comm, run->time, times, sizeof run->time);
  r->global_step = run->state.global_step;
  r->parameters = run->parameters;
  r->loss = t->train_score.loss;
  r->accuracy = t->train_score.accuracy;
  r->test_loss = t->test_score.samples > 0 ? t->test_score.loss : NAN;
  r->test_accuracy = t->test_score.samples > 0 ? t->test_score.accuracy : NAN;
  r->seconds = ls_time() - t->started;
  r->samples_per_s = trained > 0 ? (double)((run->state.global_step - t->first_step) * run->batch) / trained : 0;
  r->exit = t->exit;
  r->dead = is_dead(t);
  ls_weights_hash(ls_exchange_weights(run->exchange), run->parameters, t->config->precision, r->weights_hash);
  ls_status status = LS_OK;
  if (ls_comm_rank(t->comm) == 0) {
    status = end_event(t, r);
    show_summary(t, r, times);
    if (r->dead)
      ls_log(LS_LOG_WARN,
             "accuracy %.3f is no better than guessing one of %lld classes: the network is dead (units that never fire, or a learning rate "
             "far too high)",
             r->accuracy, (long long)ls_data_outputs(run->data));
  }
  LS_FREE(times);
  return ls_comm_agree(t->comm, status);
}

/* The last evaluation, final.h5, and the report. */
static ls_status finish(ls_trainer *t, ls_train_result *r) {
  ls_run *run = t->run;
  bool whole = strcmp(t->exit, "done") == 0 || strcmp(t->exit, "early_stop") == 0;
  if (run->state.epoch_samples > 0) t->train_score = running_score(run); /* the run ends inside an epoch */
  if (whole && ls_data_rows(run->data, LS_SPLIT_TEST) > 0 && (!t->config->eval_on_given || t->config->eval_on[LS_SPLIT_TEST]))
    LS_TRY(ls_evaluate(run, LS_SPLIT_TEST, &t->test_score, NULL));
  if (whole && t->val_score.samples == 0 && wants(t, LS_SPLIT_VALIDATION))
    LS_TRY(ls_evaluate(run, LS_SPLIT_VALIDATION, &t->val_score, NULL));
  if (whole) LS_TRY(ls_save(t, "final.h5"));
  LS_TRY(ls_save_finish(t));
  LS_TRY(report_end(t, r));
  return whole ? LS_OK
               : ls_fail(LS_ESTOPPED, "stopped at step %lld of %lld (%s), a checkpoint is written; go on with --resume=auto",
                         (long long)run->state.global_step, (long long)run->steps, t->exit);
}

/* The loop failed, on all ranks alike: say so in the metrics, and let what is under way reach the disk. */
static ls_status fail_run(ls_trainer *t, ls_train_result *r, ls_status status) {
  char text[1024];
  snprintf(text, sizeof text, "%s", ls_error_text());
  if (t->saver) ls_saver_finish(t->saver);
  ls_save_poll(t);
  if (status == LS_EDIVERGED) {
    t->exit = "diverged";
    report_end(t, r);
  }
  return ls_fail(status, "%s", text);
}

static void close_trainer(ls_trainer *t) {
  ls_progress_free(&t->progress);
  ls_saver_free(&t->saver);
  ls_metrics_close(&t->metrics);
  ls_lock_release(&t->lock);
  ls_state_plan_free(&t->plan);
  ls_run_free(&t->run);
  LS_FREE(t->dir);
}

/* Shapes, memory and steps without training: what a person wants to know before the queue. */
static void dry_run(const ls_trainer *t) {
  const ls_run *run = t->run;
  int tensors, slots = 0;
  const ls_tensor *tensor = ls_model_tensors(run->model, &tensors);
  unsigned used = ls_optim_slots(t->config->optimizer.ops, t->config->optimizer.hyper);
  for (; used; used >>= 1) slots += used & 1;
  int64_t lo, hi;
  ls_exchange_shard(run->exchange, &lo, &hi);
  double size = (double)ls_real_size(t->config->precision);
  ls_log_plain("layer  tensor  shape             parameters");
  for (int i = 0; i < tensors; i++)
    ls_log_plain("%5d  %-6s  %7lld x %-7lld %11lld", tensor[i].layer, tensor[i].name, (long long)tensor[i].rows, (long long)tensor[i].cols,
                 (long long)(tensor[i].rows * tensor[i].cols));
  ls_log_plain("parameters %lld, samples %lld, batch %lld in %d slices, %lld steps an epoch, %lld steps", (long long)run->parameters,
               (long long)ls_data_rows(run->data, LS_SPLIT_TRAIN), (long long)run->batch, run->slices, (long long)run->steps_per_epoch,
               (long long)run->steps);
  ls_log_plain(
      "memory of rank 0: %.1f MB in all; weights and gradients %.1f MB, optimizer %.1f MB (%d slots of its shard), activations %.1f MB",
      (double)ls_mem_bytes() / 1e6, 2 * size * (double)run->parameters / 1e6, size * slots * (double)(hi - lo) / 1e6, slots,
      (double)ls_model_bytes(run->model, ls_loader_max_rows(run->loader)) / 1e6);
}

static ls_status train(ls_trainer *t, ls_train_result *r) {
  ls_checkpoint *from = NULL;
  char *path = NULL;
  ls_status status = LS_OK;
  bool fresh = t->options->resume == LS_RESUME_NO, root = ls_comm_rank(t->comm) == 0;
  if (root) {
    t->dir = ls_folder_name(t->config, t->options->dir, !fresh);
    if (!t->options->dry_run) status = ls_folder_check(t->dir, fresh, t->options->force);
  }
  LS_TRY(ls_comm_agree(t->comm, status));
  LS_TRY_TO(end, ls_resume_find(t->comm, t->config, t->options, t->dir, &from, &path));
  LS_TRY_TO(end, build(t, from));
  if (t->options->dry_run) {
    if (root) dry_run(t);
    goto end;
  }
  LS_TRY_TO(end, ls_comm_agree(t->comm, root ? open_outputs(t, from, path) : LS_OK));
  ls_checkpoint_free(&from);
  LS_TRY_TO(end, ls_record_write(t));
  if (t->options->trace) LS_TRY_TO(end, ls_trace_new(t->comm, &t->run->trace));
  ls_comm_watchdog(t->comm, t->config->watchdog);
  t->exit = "done";
  t->last_save = t->epoch_started = ls_time();
  status = loop(t);
  status = status == LS_OK ? finish(t, r) : fail_run(t, r, status);
  ls_comm_watchdog(t->comm, 0);
  if (t->run->trace && (status == LS_OK || status == LS_ESTOPPED)) {
    ls_status written = ls_trace_write(t->comm, t->run->trace, t->options->trace);
    if (written != LS_OK) status = written;
  }
  if (root) r->dir = ls_mem_text(t->dir);
end:
  ls_checkpoint_free(&from);
  LS_FREE(path);
  return status;
}

ls_status ls_train(ls_comm *comm, ls_config *config, const ls_train_options *options, ls_train_result *result) {
  ls_trainer t = {.comm = comm, .config = config, .options = options, .started = ls_time(), .best_loss = NAN};
  *result = (ls_train_result){0};
  ls_status status = train(&t, result);
  close_trainer(&t);
  return status;
}
