/* announce.c - how a run begins and ends for people and programs: the start and end events,
 * warnings, the summary, --dry-run. Begin with ls_start_event and ls_end_report; whether a network
 * is dead is decided in judge. */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/weights.h"
#include "data/account.h"
#include "io/json.h"
#include "model/blas.h"
#include "model/gemm.h"
#include "train/trainer.h"
#include "view/understood.h"

static int64_t rank_samples(const ls_run *run, int rank, int64_t batch) {
  int ranks = ls_comm_size(run->comm);
  return ls_tree_row(batch, run->slices, ls_tree_first(run->slices, ranks, rank + 1)) -
         ls_tree_row(batch, run->slices, ls_tree_first(run->slices, ranks, rank));
}

/* Samples of an epoch that each rank works on. */
static json_t *samples_per_rank(const ls_run *run) {
  int64_t rows = ls_data_rows(run->data, LS_SPLIT_TRAIN), full = rows / run->batch,
          rest = rows % run->batch;
  if (full == run->calendar->steps) rest = 0; /* dropped, or there is none */
  json_t *list = json_array();
  for (int r = 0; r < ls_comm_size(run->comm); r++)
    json_array_append_new(
        list, json_integer(full * rank_samples(run, r, run->batch) + rank_samples(run, r, rest)));
  return list;
}

ls_status ls_start_event(ls_trainer *t) {
  const ls_run *run = t->run;
  json_t *event = ls_event("start");
  ls_put(event, "ranks", ls_comm_size(t->comm));
  ls_put(event, "threads", ls_team_size(run->team));
  ls_put(event, "parameters", run->parameters);
  ls_put(event, "train_samples", ls_data_rows(run->data, LS_SPLIT_TRAIN));
  ls_put(event, "validation_samples", ls_data_rows(run->data, LS_SPLIT_VALIDATION));
  ls_put(event, "test_samples", ls_data_rows(run->data, LS_SPLIT_TEST));
  ls_put(event, "steps_per_epoch", run->calendar->steps);
  ls_put(event, "steps", run->steps);
  ls_put(event, "batch", run->batch);
  ls_put(event, "slices", run->slices);
  ls_put(event, "samples_per_rank", samples_per_rank(run));
  ls_put(event, "exchange", ls_exchange_kind(run->exchange));
  ls_put(event, "precision", ls_dtype_name(t->config->precision));
  ls_put(event, "kernel", ls_model_kernel(run->model));
  if (run->state.global_step > 0) ls_put(event, "resumed_from", run->state.global_step);
  return ls_events_put(t->events, event);
}

/* Products that are many times slower than they could be. */
static void warn_of_products(const ls_run *run) {
  const char *kernel = ls_model_kernel(run->model);
  if (run->config->gemm == LS_GEMM_BLAS && ls_blas_advice())
    ls_log(LS_LOG_WARN,
           "%s is a kernel for much older CPUs than this one, and several times slower: set %s",
           kernel, ls_blas_advice());
  if (run->config->gemm == LS_GEMM_OWN && ls_gemm_cpu_is_slow())
    ls_log(
        LS_LOG_WARN,
        "kernels %s: this CPU has no fused multiply-add, or a virtual machine hides it, and each "
        "is made of many instructions; train.gemm=blas is two or three times as fast, with "
        "float64 more (to other bits)",
        kernel);
}

/* The chapter's advice: know how fast your rate drops. */
static void warn_of_small_rate(const ls_trainer *t) {
  const ls_schedule_spec *s = &t->run->schedule;
  int64_t lo = 0, hi = t->run->steps / 2;
  double floor = ls_dtype_half_ulp(t->config->precision);
  double middle = ls_schedule_at(s, hi), last = ls_schedule_at(s, t->run->steps - 1);
  if (!(fmax(middle, last) < floor * s->lr)) return; /* of periods, one may end in the middle */
  while (hi - lo > 1) {
    int64_t mid = lo + (hi - lo) / 2;
    if (ls_schedule_at(s, mid) < floor * s->lr)
      hi = mid;
    else
      lo = mid;
  }
  ls_log(LS_LOG_WARN,
         "from step %jd of %jd on the learning rate is below %.2g of its first value: too small "
         "to move a weight; see 'lockstep schedule'",
         hi, t->run->steps, floor);
}

/* Why validation has what train has not, and what would help. */
static void explain(const ls_trainer *t, char *out, size_t size) {
  const ls_validation_spec *validation = &t->config->data.validation;
  if (t->config->data.fold.k > 0)
    snprintf(out, size, "all of it is in this fold; another data.validation.seed draws others");
  else if (!(validation->share > 0))
    snprintf(out, size, "data.train has none of it");
  else if (validation->how == LS_DRAW_LAST)
    snprintf(
        out, size,
        "validation is the last %g %% of train; data.validation={share: %g, how: random} draws "
        "it at random",
        100 * validation->share, validation->share);
  else if (validation->how == LS_DRAW_GROUP)
    snprintf(out, size,
             "its groups by '%s' have all been drawn; another data.validation.seed "
             "draws others",
             validation->by);
  else
    snprintf(out, size, "all of it has been drawn; another data.validation.seed draws others");
}

static void warn_of_class(const ls_trainer *t, int64_t class, int64_t validation) {
  int files;
  const ls_texts *names = ls_data_names(t->run->data);
  const char *file = ls_data_files(t->run->data, &files)->path;
  char name[256], why[256] = "";
  if (class < names->count)
    snprintf(name, sizeof name, "'%s'", names->text[class]);
  else
    snprintf(name, sizeof name, "%jd", class);
  explain(t, why, sizeof why);
  if (validation > 0)
    ls_log(LS_LOG_WARN, "%s: class %s has no sample in train and %jd in validation: %s", file, name,
           validation, why);
  else
    ls_log(LS_LOG_WARN, "%s: class %s has no sample in train", file, name);
}

/* The network never learns such a class. */
static void warn_of_classes(const ls_trainer *t) {
  enum { TOLD = 5 };
  const int64_t *train = ls_data_class_counts(t->run->data, LS_SPLIT_TRAIN),
                *validation = ls_data_class_counts(t->run->data, LS_SPLIT_VALIDATION);
  int64_t missing = 0, classes = ls_data_outputs(t->run->data);
  if (t->run->classes_noted) return;
  for (int64_t c = 0; train && c < classes; c++)
    if (train[c] == 0 && missing++ < TOLD) warn_of_class(t, c, validation[c]);
  if (missing > TOLD)
    ls_log(LS_LOG_WARN, "%jd more classes have no sample in train", missing - TOLD);
}

static const char *shown_beside(const ls_trainer *t) {
  const ls_split split = ls_split_beside(t);
  if (split == LS_SPLIT_ALL) return "all";
  return ls_data_rows(t->run->data, split) > 0 ? "val" : NULL;
}

ls_status ls_start_progress(ls_trainer *t) {
  const ls_run *run = t->run;
  const ls_progress_args args = {.first_step = run->state.global_step,
                                 .steps = run->steps,
                                 .steps_per_epoch = run->calendar->steps,
                                 .batch = run->batch,
                                 .accuracy = ls_metric_fits(t->config, LS_METRIC_ACCURACY),
                                 .beside = shown_beside(t),
                                 .moved = run->calendar->moved};
  int threads = ls_team_size(run->team), cores = ls_comm_node_cores(t->comm);
  ls_show_header(t);
  if (t->config->slices == 0)
    ls_log(LS_LOG_WARN,
           "train.slices is 0: one slice a rank, so the bits depend on the number of ranks");
  if (ls_comm_node_size(t->comm) * threads > cores)
    ls_log(LS_LOG_WARN,
           "%d ranks x %d threads on %d cores of %s: oversubscribed, expect it to be slow",
           ls_comm_node_size(t->comm), threads, cores, ls_comm_host(t->comm));
  if (run->state.global_step > 0)
    ls_log(LS_LOG_INFO, "resuming at step %jd of %jd", run->state.global_step, run->steps);
  warn_of_products(run);
  warn_of_classes(t);
  warn_of_small_rate(t);
  return ls_progress_new(t->options->progress, &args, &t->progress);
}

/* ---- the end ---- */

enum { TIMES = LS_TIMES + 4 };

/* Where `seconds` went, all of them: all ranks' times of the steps, this rank's own clock for what
 * all ranks do together. */
static void sum_times(const ls_trainer *t, double seconds, ls_progress_time time[TIMES]) {
  const char *const other[] = {"eval", "checkpoint", "start", "rest"};
  double spent[] = {t->eval_seconds, t->checkpoint_seconds, t->start_seconds, seconds};
  int ranks = ls_comm_size(t->comm);
  for (int k = 0; k < LS_TIMES; k++) {
    time[k] = (ls_progress_time){ls_time_names[k], INFINITY, 0, 0};
    for (int q = 0; q < ranks; q++) {
      double s = t->times[q * LS_TIMES + k];
      time[k].min = fmin(time[k].min, s);
      time[k].max = fmax(time[k].max, s);
      time[k].avg += s / ranks;
    }
    spent[3] -= time[k].avg;
  }
  for (int k = 0; k < 3; k++) spent[3] -= spent[k];
  spent[3] = fmax(spent[3], 0);
  for (int k = 0; k < 4; k++)
    time[LS_TIMES + k] = (ls_progress_time){other[k], spent[k], spent[k], spent[k]};
}

static void show_summary(ls_trainer *t, const ls_train_result *r) {
  const ls_run *run = t->run;
  ls_progress_time time[TIMES];
  sum_times(t, r->seconds, time);
  ls_progress_summary summary = {.exit = t->exit,
                                 .run = t->dir,
                                 .epochs = run->state.epoch - t->first_epoch,
                                 .steps = run->state.global_step - t->first_step,
                                 .samples = run->state.samples_seen - t->first_sample,
                                 .ranks = ls_comm_size(t->comm),
                                 .seconds = r->seconds,
                                 .samples_per_s = r->samples_per_s,
                                 .best_metric = t->best_metric,
                                 .best_value = run->state.best_value,
                                 .best_step = run->state.best_step,
                                 .loss = r->loss,
                                 .accuracy = r->accuracy,
                                 .test_loss = r->test_loss,
                                 .test_accuracy = r->test_accuracy,
                                 .time = time,
                                 .times = TIMES,
                                 .streamed = t->config->data.stream,
                                 .full_batch = t->config->batch == 0,
                                 .evaluates = t->config->eval_every.unit != LS_EVERY_NEVER,
                                 .saves = t->config->save_every.unit != LS_EVERY_NEVER,
                                 .async = t->config->save_async};
  char *next = ls_next_command(t);
  summary.next = next;
  ls_progress_end(t->progress, &summary);
  LS_FREE(next);
}

static ls_status end_event(ls_trainer *t, const ls_train_result *r) {
  json_t *event = ls_event("end");
  ls_put(event, "global_step", r->global_step);
  for (ls_split s = LS_SPLIT_TRAIN; s <= LS_SPLIT_TEST; s++)
    if (s == LS_SPLIT_TRAIN || t->score[s].samples > 0)
      ls_score_json(t->run, &t->score[s], ls_metric_prefix[s], event);
  ls_put(event, "weights_hash", r->weights_hash);
  ls_put(event, "samples_per_s", r->samples_per_s);
  ls_put(event, "seconds", r->seconds);
  if (t->run->state.restored) ls_put(event, "restored_step", t->run->state.best_step);
  if (r->dead) ls_put(event, "dead", r->dead);
  ls_put(event, "exit", t->exit);
  return ls_events_put(t->events, event);
}

/* r2 of the latest evaluation, else of the last epoch's running means as far as they tell; NaN:
 * unknown. *of: of which split. */
static double latest_r2(const ls_trainer *t, ls_split *of) {
  static const ls_split order[] = {LS_SPLIT_TEST, LS_SPLIT_VALIDATION, LS_SPLIT_TRAIN};
  for (int i = 0; i < 3; i++) {
    *of = order[i];
    const double r2 = t->score[*of].value[LS_METRIC_R2];
    if (t->score[*of].samples > 0 && isfinite(r2)) return r2;
  }
  const ls_account *account = ls_data_account(t->run->data);
  const double rmse = t->score[LS_SPLIT_TRAIN].value[LS_METRIC_RMSE],
               spread = ls_spread_deviation(&account->target);
  const bool one = account->side[LS_ROLE_Y].constant.columns == 1 && spread > 0;
  return one ? 1 - rmse / spread * rmse / spread : (double)NAN;
}

static void judge_regression(const ls_trainer *t) {
  ls_split split;
  const ls_state *s = &t->run->state;
  const double r2 = latest_r2(t, &split);
  const ls_scale_spec *scale = &t->config->data.scale;
  const bool scaled = scale->all.kind != LS_SCALE_NONE || scale->columns.count > 0;
  if (!(r2 < 0) || s->epoch == 0) return;
  ls_log(LS_LOG_WARN,
         "r2 is %.3g on %s: the loss is above that of always predicting the mean of the targets; "
         "try more epochs, another optimizer.lr%s",
         r2, ls_split_names[split], scaled ? "" : ", or data.scale={type: standard}");
}

/* A result that is not better than guessing after at least an epoch, or hardly better where nothing
 * moves any more or the network is dead, is said to be one; dead is a network whose units are seen
 * to be. */
static ls_status judge(ls_trainer *t, ls_train_result *r) {
  enum { DEAD = 90 }; /* percent of a layer's units */
  double classes = (double)ls_data_outputs(t->run->data), still;
  if (!ls_config_has_classes(t->config) || classes < 2 || t->run->state.epoch == 0) return LS_OK;
  bool no_better = r->accuracy < 1.2 / classes;
  if (!no_better && r->accuracy > fmin(2.5 / classes, 0.5)) return LS_OK;
  LS_TRY(ls_evaluate_units(t->run, &still));
  r->dead = 100 * still >= DEAD;
  if (!no_better && !t->stands_still && !r->dead) return LS_OK;
  char why[160] = "nothing has been learned";
  if (r->dead)
    snprintf(why, sizeof why,
             "the network is dead: %.0f %% of a layer's units give the same whatever the sample",
             100 * still);
  ls_log(LS_LOG_WARN, "accuracy %.3f is %s better than guessing one of %.0f classes; %s",
         r->accuracy, no_better ? "no" : "hardly", classes, why);
  return LS_OK;
}

ls_status ls_end_report(ls_trainer *t, ls_train_result *r) {
  ls_run *run = t->run;
  const double *train = t->score[LS_SPLIT_TRAIN].value, *test = t->score[LS_SPLIT_TEST].value;
  const bool tested = t->score[LS_SPLIT_TEST].samples > 0;
  const double trained = ls_trained_seconds(run);
  ls_comm_allgather(t->comm, run->time, t->times, sizeof run->time);
  r->global_step = run->state.global_step;
  r->updates = run->state.t;
  r->epoch = run->state.epoch;
  r->samples_seen = run->state.samples_seen;
  r->rate = run->lr;
  r->parameters = run->parameters;
  r->loss = train[LS_METRIC_LOSS];
  r->accuracy = train[LS_METRIC_ACCURACY];
  r->test_loss = tested ? test[LS_METRIC_LOSS] : (double)NAN;
  r->test_accuracy = tested ? test[LS_METRIC_ACCURACY] : (double)NAN;
  r->seconds = ls_time() - t->started;
  r->samples_per_s =
      trained > 0 ? (double)(run->state.samples_seen - t->first_sample) / trained : 0;
  r->exit = t->exit;
  ls_weights_hash(ls_exchange_weights(run->exchange), run->parameters, t->config->precision,
                  r->weights_hash);
  ls_status status = LS_OK;
  if (ls_comm_rank(t->comm) == 0) {
    status = judge(t, r);
    judge_regression(t);
    if (status == LS_OK) status = end_event(t, r);
    show_summary(t, r);
  }
  return ls_comm_agree(t->comm, status);
}

/* ---- --dry-run ---- */

static json_t *tensor_shapes(const ls_model *model) {
  json_t *list = json_array();
  int count;
  const ls_tensor *tensor = ls_model_tensors(model, &count);
  for (int i = 0; i < count; i++) {
    json_t *item = ls_put_item(list);
    ls_put(item, "name", json_sprintf("/model/%04d/%s", tensor[i].layer, tensor[i].name));
    ls_put(item, "shape", ls_list_whole((const int64_t[]){tensor[i].rows, tensor[i].cols}, 2));
  }
  return list;
}

/* Bytes: what the ranks of a node share (data, weights, gradients), what rank 0 has for itself, and
 * the two largest parts of that. */
static json_t *memory(const ls_run *run) {
  const ls_config *c = run->config;
  const int64_t vector = ls_exchange_own(run->exchange) * (int64_t)ls_dtype_size(c->precision);
  json_t *o = json_object();
  ls_put(o, "node_shared", ls_comm_shared_bytes(run->comm));
  ls_put(o, "rank", ls_comm_private_bytes(run->comm));
  ls_put(o, "optimizer", ls_state_vectors(run) * vector);
  ls_put(o, "activations",
         ls_model_bytes(run->model, ls_loader_max_rows(run->loader)) +
             run->common.bytes / (size_t)ls_comm_size(run->comm));
  return o;
}

/* Data, shapes, memory and steps without training: what a person wants to know before the queue. */
json_t *ls_dry_run_report(const ls_trainer *t) {
  const ls_run *run = t->run;
  char *data = ls_understood_text(run->data);
  json_t *report = json_object();
  ls_put(report, "understood", ls_understood_json(run->data));
  ls_put(report, "_understood", data);
  ls_put(report, "tensors", tensor_shapes(run->model));
  ls_put(report, "parameters", run->parameters);
  ls_put(report, "train_samples", ls_data_rows(run->data, LS_SPLIT_TRAIN));
  ls_put(report, "batch", run->batch);
  ls_put(report, "slices", run->slices);
  ls_put(report, "steps_per_epoch", run->calendar->steps);
  ls_put(report, "steps", run->steps);
  ls_put(report, "ranks", ls_comm_size(t->comm));
  ls_put(report, "memory", memory(run));
  LS_FREE(data);
  return report;
}
