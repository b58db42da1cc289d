/* How a run begins and ends for people and programs: the start and end events, warnings, the
 * summary, --dry-run. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/weights.h"
#include "io/json.h"
#include "train/trainer.h"

static int64_t rank_samples(const ls_run *run, int rank, int64_t batch) {
  int ranks = ls_comm_size(run->comm);
  return ls_tree_row(batch, run->slices, ls_tree_first(run->slices, ranks, rank + 1)) -
         ls_tree_row(batch, run->slices, ls_tree_first(run->slices, ranks, rank));
}

/* Samples of an epoch that each rank works on. */
static json_t *samples_per_rank(const ls_run *run) {
  int64_t rows = ls_data_rows(run->data, LS_SPLIT_TRAIN), full = rows / run->batch,
          rest = rows % run->batch;
  if (full == run->plan->steps) rest = 0; /* dropped, or there is none */
  json_t *list = json_array();
  for (int r = 0; r < ls_comm_size(run->comm); r++)
    json_array_append_new(
        list, json_integer(full * rank_samples(run, r, run->batch) + rank_samples(run, r, rest)));
  return list;
}

ls_status ls_start_event(ls_trainer *t) {
  const ls_run *run = t->run;
  json_t *event = json_object();
  json_object_set_new(event, "event", json_string("start"));
  json_object_set_new(event, "ranks", json_integer(ls_comm_size(t->comm)));
  json_object_set_new(event, "threads", json_integer(ls_team_size(run->team)));
  json_object_set_new(event, "parameters", json_integer(run->parameters));
  json_object_set_new(event, "train_samples",
                      json_integer(ls_data_rows(run->data, LS_SPLIT_TRAIN)));
  json_object_set_new(event, "validation_samples",
                      json_integer(ls_data_rows(run->data, LS_SPLIT_VALIDATION)));
  json_object_set_new(event, "test_samples", json_integer(ls_data_rows(run->data, LS_SPLIT_TEST)));
  json_object_set_new(event, "steps_per_epoch", json_integer(run->plan->steps));
  json_object_set_new(event, "steps", json_integer(run->steps));
  json_object_set_new(event, "batch", json_integer(run->batch));
  json_object_set_new(event, "slices", json_integer(run->slices));
  json_object_set_new(event, "samples_per_rank", samples_per_rank(run));
  json_object_set_new(event, "exchange", json_string(ls_exchange_kind(run->exchange)));
  json_object_set_new(event, "precision", json_string(ls_dtype_name(t->config->precision)));
  json_object_set_new(event, "kernel", json_string(ls_model_kernel()));
  if (run->state.global_step > 0)
    json_object_set_new(event, "resumed_from", json_integer(run->state.global_step));
  return ls_metrics_event(t->metrics, event);
}

/* The chapter's advice: know how fast your rate drops. */
static void warn_of_small_rate(const ls_trainer *t) {
  const ls_schedule_spec *s = &t->run->schedule;
  int64_t lo = 0, hi = t->run->steps / 2;
  double floor = ls_dtype_half_ulp(t->config->precision);
  if (!(ls_schedule_at(s, hi) < floor * s->lr)) return;
  while (hi - lo > 1) {
    int64_t mid = lo + (hi - lo) / 2;
    if (ls_schedule_at(s, mid) < floor * s->lr)
      hi = mid;
    else
      lo = mid;
  }
  ls_log(LS_LOG_WARN,
         "from step %lld of %lld on the learning rate is below %.2g of its first value: too small "
         "to move a weight; see 'lockstep schedule'",
         (long long)hi, (long long)t->run->steps, floor);
}

/* Why validation has what train has not, and what would help. */
static void explain(const ls_trainer *t, char *out, size_t size) {
  const ls_share_spec *share = &t->config->data.validation;
  if (!(share->share > 0))
    snprintf(out, size, "data.train has none of it");
  else if (share->how == LS_SHARE_LAST)
    snprintf(
        out, size,
        "validation is the last %g %% of train; data.validation={share: %g, how: random} draws "
        "it at random",
        100 * share->share, share->share);
  else if (share->how == LS_SHARE_GROUP)
    snprintf(out, size,
             "its groups by '%s' have all been drawn; another data.validation.seed "
             "draws others",
             share->by);
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
    snprintf(name, sizeof name, "%lld", (long long)class);
  explain(t, why, sizeof why);
  if (validation > 0)
    ls_log(LS_LOG_WARN, "%s: class %s has no sample in train and %lld in validation: %s", file,
           name, (long long)validation, why);
  else
    ls_log(LS_LOG_WARN, "%s: class %s has no sample in train", file, name);
}

/* The network never learns such a class. */
static void warn_of_classes(const ls_trainer *t) {
  enum { TOLD = 5 };
  const int64_t *train = ls_data_class_counts(t->run->data, LS_SPLIT_TRAIN),
                *validation = ls_data_class_counts(t->run->data, LS_SPLIT_VALIDATION);
  int64_t missing = 0, classes = ls_data_outputs(t->run->data);
  for (int64_t c = 0; train && c < classes; c++)
    if (train[c] == 0 && missing++ < TOLD) warn_of_class(t, c, validation[c]);
  if (missing > TOLD)
    ls_log(LS_LOG_WARN, "%lld more classes have no sample in train", (long long)(missing - TOLD));
}

ls_status ls_start_progress(ls_trainer *t) {
  const ls_run *run = t->run;
  ls_progress_plan plan = {run->state.global_step,
                           run->steps,
                           run->plan->steps,
                           run->batch,
                           ls_metric_fits(t->config, LS_METRIC_ACCURACY),
                           ls_data_rows(run->data, LS_SPLIT_VALIDATION) > 0,
                           run->plan->moved};
  int threads = ls_team_size(run->team), cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  ls_show_header(t);
  if (t->config->slices == 0)
    ls_log(LS_LOG_WARN,
           "train.slices is 0: one slice a rank, so the bits depend on the number of ranks");
  if (ls_comm_node_size(t->comm) * threads > cores)
    ls_log(LS_LOG_WARN,
           "%d ranks x %d threads on %d cores of %s: oversubscribed, expect it to be slow",
           ls_comm_node_size(t->comm), threads, cores, ls_comm_host(t->comm));
  if (run->state.global_step > 0)
    ls_log(LS_LOG_INFO, "resuming at step %lld of %lld", (long long)run->state.global_step,
           (long long)run->steps);
  warn_of_classes(t);
  warn_of_small_rate(t);
  return ls_progress_new(t->options->progress, &plan, &t->progress);
}

enum { SHARES = LS_TIMES + 4 };

/* Where `seconds` went, all of them: times (ranks, LS_TIMES) of the steps, this rank's own clock
 * for what all ranks do together. */
static void share_out(const ls_trainer *t, const double *times, double seconds,
                      ls_progress_share share[SHARES]) {
  int ranks = ls_comm_size(t->comm);
  double rest = seconds;
  for (int k = 0; k < LS_TIMES; k++) {
    share[k] = (ls_progress_share){ls_time_names[k], INFINITY, 0, 0};
    for (int q = 0; q < ranks; q++) {
      double s = times[q * LS_TIMES + k];
      if (s < share[k].min) share[k].min = s;
      if (s > share[k].max) share[k].max = s;
      share[k].avg += s / ranks;
    }
    rest -= share[k].avg;
  }
  const struct {
    const char *name;
    double seconds;
  } other[] = {{"eval", t->eval_seconds},
               {"checkpoint", t->checkpoint_seconds},
               {"start", t->start_seconds},
               {"rest", 0}};
  for (int k = 0; k < SHARES - LS_TIMES; k++) {
    double s = k == SHARES - LS_TIMES - 1 ? fmax(rest, 0) : other[k].seconds;
    share[LS_TIMES + k] = (ls_progress_share){other[k].name, s, s, s};
    rest -= s;
  }
}

static void show_summary(ls_trainer *t, const ls_train_result *r, const double *times) {
  const ls_run *run = t->run;
  int ranks = ls_comm_size(t->comm);
  ls_progress_share share[SHARES];
  share_out(t, times, r->seconds, share);
  int64_t steps = run->state.global_step - t->first_step;
  ls_progress_summary summary = {.exit = t->exit,
                                 .run = t->dir,
                                 .epochs = run->state.epoch - t->first_epoch,
                                 .steps = steps,
                                 .samples = run->state.samples_seen - t->first_sample,
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
                                 .shares = SHARES,
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

static ls_status end_event(ls_trainer *t, ls_train_result *r) {
  json_t *event =
      json_pack("{s:s, s:I}", "event", "end", "global_step", (json_int_t)r->global_step);
  ls_set_score(t, event, "", &t->train_score);
  if (t->val_score.samples > 0) ls_set_score(t, event, "val_", &t->val_score);
  if (t->test_score.samples > 0) ls_set_score(t, event, "test_", &t->test_score);
  json_object_set_new(event, "weights_hash", json_string(r->weights_hash));
  json_object_set_new(event, "samples_per_s", ls_json_real(r->samples_per_s));
  json_object_set_new(event, "seconds", ls_json_real(r->seconds));
  if (r->dead) json_object_set_new(event, "dead", json_true());
  json_object_set_new(event, "exit", json_string(t->exit));
  return ls_metrics_event(t->metrics, event);
}

/* Dead units, or a rate far too high: not better than guessing after at least an epoch, or hardly
 * better and nothing moves any more. */
static bool is_dead(const ls_trainer *t) {
  double classes = (double)ls_data_outputs(t->run->data), accuracy = t->train_score.accuracy;
  if (!ls_config_has_classes(t->config) || classes < 2 || t->run->state.epoch == 0) return false;
  return accuracy < 1.2 / classes || (t->stands_still && accuracy <= fmin(2.5 / classes, 0.5));
}

ls_status ls_end_report(ls_trainer *t, ls_train_result *r) {
  ls_run *run = t->run;
  int ranks = ls_comm_size(t->comm);
  double *times, trained = ls_trained_seconds(run);
  LS_COMM_NEW(t->comm, times, ranks * LS_TIMES);
  ls_comm_allgather(t->comm, run->time, times, sizeof run->time);
  r->global_step = run->state.global_step;
  r->parameters = run->parameters;
  r->loss = t->train_score.loss;
  r->accuracy = t->train_score.accuracy;
  r->test_loss = t->test_score.samples > 0 ? t->test_score.loss : NAN;
  r->test_accuracy = t->test_score.samples > 0 ? t->test_score.accuracy : NAN;
  r->seconds = ls_time() - t->started;
  r->samples_per_s =
      trained > 0 ? (double)(run->state.samples_seen - t->first_sample) / trained : 0;
  r->exit = t->exit;
  r->dead = is_dead(t);
  ls_weights_hash(ls_exchange_weights(run->exchange), run->parameters, t->config->precision,
                  r->weights_hash);
  ls_status status = LS_OK;
  if (ls_comm_rank(t->comm) == 0) {
    status = end_event(t, r);
    show_summary(t, r, times);
    if (r->dead)
      ls_log(LS_LOG_WARN,
             "accuracy %.3f is %s better than guessing one of %lld classes: the network is dead "
             "(units that never fire, or a learning rate "
             "far too high)",
             r->accuracy, r->accuracy * (double)ls_data_outputs(run->data) < 1.2 ? "no" : "hardly",
             (long long)ls_data_outputs(run->data));
  }
  LS_FREE(times);
  return ls_comm_agree(t->comm, status);
}

static json_t *tensor_shapes(const ls_model *model) {
  json_t *list = json_array();
  int count;
  const ls_tensor *tensor = ls_model_tensors(model, &count);
  for (int i = 0; i < count; i++)
    json_array_append_new(
        list, json_pack("{s:o, s:[I, I]}", "name",
                        json_sprintf("/model/%04d/%s", tensor[i].layer, tensor[i].name), "shape",
                        (json_int_t)tensor[i].rows, (json_int_t)tensor[i].cols));
  return list;
}

/* Bytes: what the ranks of a node share (data, weights, gradients), what rank 0 has for itself, and
 * the two largest parts of that. */
static json_t *memory(const ls_run *run) {
  const ls_config *c = run->config;
  int64_t lo, hi, slots = 0;
  ls_exchange_shard(run->exchange, &lo, &hi);
  for (unsigned used = ls_optim_slots(c->optimizer.ops, c->optimizer.hyper); used; used >>= 1)
    slots += used & 1;
  return json_pack(
      "{s:I, s:I, s:I, s:I}", "node_shared", (json_int_t)ls_comm_shared_bytes(run->comm), "rank",
      (json_int_t)ls_comm_private_bytes(run->comm), "optimizer",
      (json_int_t)(slots * (hi - lo) * (int64_t)ls_dtype_size(c->precision)), "activations",
      (json_int_t)ls_model_bytes(run->model, ls_loader_max_rows(run->loader)));
}

/* Shapes, memory and steps without training: what a person wants to know before the queue. */
json_t *ls_dry_run_report(const ls_trainer *t) {
  const ls_run *run = t->run;
  json_t *o = json_object();
  json_object_set_new(o, "tensors", tensor_shapes(run->model));
  json_object_set_new(o, "parameters", json_integer(run->parameters));
  json_object_set_new(o, "train_samples", json_integer(ls_data_rows(run->data, LS_SPLIT_TRAIN)));
  json_object_set_new(o, "batch", json_integer(run->batch));
  json_object_set_new(o, "slices", json_integer(run->slices));
  json_object_set_new(o, "steps_per_epoch", json_integer(run->plan->steps));
  json_object_set_new(o, "steps", json_integer(run->steps));
  json_object_set_new(o, "ranks", json_integer(ls_comm_size(t->comm)));
  json_object_set_new(o, "memory", memory(run));
  return o;
}
