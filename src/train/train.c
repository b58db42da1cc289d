/* train.c - a training run from the claim of its folder to its report: begin at the bottom, with
 * ls_train, then train, loop, after_step. What ranks decide together, and when, is here alone. */
#include "train/train.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "checkpoint/find.h"
#include "train/agree.h"
#include "train/beside.h"
#include "train/folder.h"
#include "train/mode.h"
#include "train/trainer.h"
#include "view/understood.h"

enum { ROLLBACKS_MAX = 3, SKIPS_MAX = 100 };

/* ---- signals ---- */

static volatile sig_atomic_t signalled, looping;

/* Each asks for a checkpoint and the end. Before there is anything to save, Ctrl-C is what it
 * usually is. */
static void on_signal(int number) {
  signalled = number;
  if (number == SIGINT && !looping) raise(number);
}

/* SIGINT is caught once: the second ends the process at once, whatever it is in the middle of. */
void ls_train_signals(void) {
  static const int asking[] = {SIGUSR1, SIGTERM, SIGINT};
  for (size_t i = 0; i < sizeof asking / sizeof *asking; i++) {
    struct sigaction before, action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (asking[i] == SIGINT) action.sa_flags |= SA_RESETHAND;
    sigaction(asking[i], NULL, &before);
    if (asking[i] != SIGINT || before.sa_handler != SIG_IGN) sigaction(asking[i], &action, NULL);
  }
  signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write(2), not the end */
}

bool ls_train_signalled(void) { return signalled != 0; }

static void tell_of_signal(const ls_trainer *t) {
  ls_log(LS_LOG_INFO, "asked to stop: writing a checkpoint of step %jd%s",
         t->run->state.global_step,
         signalled == SIGINT ? "; Ctrl-C again ends at once, without it" : "");
}

/* Seconds from the start to shortly before Slurm ends the job, by the only look at a clock that can
 * be set: SLURM_JOB_END_TIME is in seconds since 1970. 0: no end is known. */
static double slurm_limit(void) {
  const char *end = getenv("SLURM_JOB_END_TIME");
  return end ? fmax(strtod(end, NULL) - (double)time(NULL) - 30, 1e-3) : 0;
}

/* Seconds since the start at which a checkpoint must begin, so that it is done within the limit. */
static double stop_time(const ls_trainer *t) {
  double limit = t->options->time_limit > 0 ? t->options->time_limit : t->slurm_limit;
  return limit <= 0 ? (double)INFINITY : limit - 2 * t->save_seconds - 2 * t->longest;
}

static uint32_t my_flags(const ls_trainer *t) {
  uint32_t flags = signalled ? LS_FLAG_SIGNAL : 0;
  if (ls_comm_rank(t->comm) != 0) return flags;
  if (t->pending != LS_OK) flags |= LS_FLAG_FAILED;
  if (t->options->stops && t->options->stops(t->options->arg)) flags |= LS_FLAG_SIGNAL;
  const ls_every *every = &t->config->save_every;
  bool clocked =
      every->unit == LS_EVERY_SECONDS || t->options->time_limit > 0 || t->slurm_limit > 0;
  if (!clocked) return flags;
  double now = ls_time();
  if (now - t->started >= stop_time(t)) flags |= LS_FLAG_TIME;
  if (every->unit == LS_EVERY_SECONDS && now - t->last_save >= every->n) flags |= LS_FLAG_SAVE;
  return flags;
}

/* Rank 0 failed where the others are not waiting to hear of it: the next step's flags tell them. */
static void put_off(ls_trainer *t, ls_status status) {
  if (status == LS_OK || t->pending != LS_OK) return;
  t->pending = status;
  snprintf(t->pending_text, sizeof t->pending_text, "%s", ls_error_text());
}

/* What was put off is everyone's failure now. */
static ls_status agree_on_put_off(ls_trainer *t) {
  if (t->pending != LS_OK) ls_fail(t->pending, "%s", t->pending_text);
  return ls_comm_agree(t->comm, t->pending);
}

/* ---- once in a while ---- */

static bool desync_due(const ls_trainer *t) {
  const ls_every *every = &t->config->desync_every;
  return every->unit == LS_EVERY_STEPS && t->run->state.global_step % (int64_t)every->n == 0;
}

static ls_status diverged(ls_trainer *t, const char *format, int count) {
  char text[96];
  snprintf(text, sizeof text, format, count);
  ls_fail(LS_EDIVERGED, "step %jd: %s; lower optimizer.lr or set train.clip_norm",
          t->run->state.global_step, text);
  return ls_comm_agree(t->comm, LS_EDIVERGED);
}

/* Weights and optimizer go back to the last checkpoint; the data and the counters go on. */
static ls_status roll_back(ls_trainer *t) {
  ls_state *s = &t->run->state; /* the checkpoint's, once that is restored */
  ls_state kept = *s;
  ls_checkpoint *checkpoint = NULL;
  char *path = NULL;
  ls_status status = LS_OK;
  LS_TRY(ls_snapshot_finish(t));
  if (s->rollbacks >= ROLLBACKS_MAX)
    return diverged(t, "not finite again after %d rollbacks", ROLLBACKS_MAX);
  if (ls_comm_rank(t->comm) == 0) {
    status = ls_checkpoint_newest(t->dir, false, &path, &checkpoint);
    if (status == LS_OK && !path)
      status =
          ls_fail(LS_EDIVERGED, "step %jd: not finite, and there is no checkpoint to go back to",
                  s->global_step);
  }
  status = ls_comm_agree(t->comm, status);
  if (status == LS_OK) status = ls_state_restore(t->run, &t->contents, checkpoint);
  if (status == LS_OK) {
    ls_log(LS_LOG_WARN,
           "step %jd: not finite; weights and optimizer go back to step %jd, the data go on",
           kept.global_step, s->global_step);
    kept.t = s->t;
    kept.best_value = s->best_value; /* what is kept of the best is the checkpoint's */
    kept.best_step = s->best_step;
    kept.rollbacks++;
    kept.epoch_samples = 0;
    *s = kept;
    memset(t->run->running, 0, (size_t)t->run->slices * sizeof *t->run->running);
  }
  ls_checkpoint_free(&checkpoint);
  LS_FREE(path);
  return status;
}

/* Where the policy is not to stop. */
static ls_status after_nonfinite(ls_trainer *t) {
  const ls_state *s = &t->run->state;
  if (t->config->nonfinite == LS_NONFINITE_ROLLBACK) return roll_back(t);
  ls_log(LS_LOG_WARN, "step %jd: not finite; the update is skipped (%jd in a row)", s->global_step,
         s->nonfinite_row);
  if (s->nonfinite_row < SKIPS_MAX) return LS_OK;
  return diverged(t, "%d steps in a row were not finite", SKIPS_MAX);
}

/* Is the run to pause here, and to go on another time? */
static bool at_rung(const ls_trainer *t) {
  const ls_run *run = t->run;
  const ls_state *s = &run->state;
  return t->options->until > 0 && s->epoch >= t->options->until && s->global_step < run->steps &&
         ls_calendar_within(run->calendar, s->global_step) == 0;
}

/* Everything that is not the step itself. Decisions come from what all ranks have agreed on. */
static ls_status after_step(ls_trainer *t, uint32_t flags, int64_t samples, bool *stop) {
  const ls_state *s = &t->run->state;
  bool epoch_end = ls_calendar_within(t->run->calendar, s->global_step) == 0, early = false;
  bool interrupted = flags & (LS_FLAG_SIGNAL | LS_FLAG_TIME);
  if (flags & LS_FLAG_FAILED) return agree_on_put_off(t);
  if (flags & LS_FLAG_NONFINITE)
    LS_TRY(after_nonfinite(t));
  else if (t->config->step_every > 0 && s->global_step % t->config->step_every == 0)
    put_off(t, ls_step_event(t, samples));
  if (epoch_end)
    LS_TRY(ls_epoch_end(t, &early));
  else if (ls_eval_due(t, false))
    LS_TRY(ls_eval_event(t, &early));
  if (desync_due(t)) LS_TRY(ls_desync_check(t->run));
  const bool rung = !early && at_rung(t);
  if (early) t->exit = "early_stop";
  if (rung) t->exit = "rung";
  if (flags & LS_FLAG_TIME) t->exit = "time_limit";
  if (flags & LS_FLAG_SIGNAL) {
    t->exit = "signal";
    tell_of_signal(t);
  }
  *stop = interrupted || early || rung || s->global_step == t->run->steps;
  if (interrupted || rung || ls_snapshot_due(t, flags, epoch_end))
    LS_TRY(ls_snapshot_take(t, NULL, interrupted || rung));
  t->new_best = false;
  ls_progress_step(t->progress, s->global_step);
  return LS_OK;
}

/* ---- the loop ---- */

static int64_t sooner(const ls_trainer *t, int64_t meeting, const ls_every *every) {
  if (every->unit != LS_EVERY_STEPS) return meeting;
  const int64_t n = (int64_t)every->n;
  return ls_min((t->run->state.global_step / n + 1) * n, meeting);
}

/* The next update behind which there is something to do that takes all ranks. */
static int64_t next_meeting(void *context) {
  const ls_trainer *t = context;
  const ls_run *run = t->run;
  const int64_t now = run->state.global_step;
  const int64_t epoch = now - ls_calendar_within(run->calendar, now) + run->calendar->steps;
  const int64_t meeting = sooner(t, ls_min(epoch, run->steps), &t->config->eval_every);
  return sooner(t, meeting, &t->config->save_every);
}

static uint32_t flags_now(void *context) { return my_flags(context); }

/* Has after_step nothing to do behind the next update? */
static bool goes_on(void *context) {
  const ls_trainer *t = context;
  const int64_t next = t->run->state.global_step + 1;
  int64_t meeting = sooner(t, next_meeting(context), &t->config->desync_every);
  if (t->config->step_every > 0)
    meeting = sooner(t, meeting, &(ls_every){LS_EVERY_STEPS, (double)t->config->step_every});
  return next < meeting;
}

/* A checkpoint of the step at which training ended early is resumed to its end, not past it. */
static bool ended_early(const ls_trainer *t) {
  return t->config->early_metric && t->run->state.early.bad >= t->config->early_patience;
}

static ls_status loop(ls_trainer *t) {
  ls_run *run = t->run;
  const ls_leg leg = {next_meeting, flags_now, goes_on, t};
  const bool done = run->state.global_step >= run->steps;
  const bool early = !done && ended_early(t);
  const bool rung = !early && at_rung(t);
  bool stop = done || early || rung;
  if (early) t->exit = "early_stop";
  if (rung) t->exit = "rung";
  for (double before = ls_time(), now; !stop; before = now) {
    put_off(t, ls_snapshot_poll(t));
    put_off(t, ls_lock_check(t->lock));
    uint32_t flags = my_flags(t);
    const int64_t seen = run->state.samples_seen, from = run->state.global_step;
    LS_TRY(run->mode->advance(run, &leg, &flags));
    LS_TRY(after_step(t, flags, run->state.samples_seen - seen, &stop));
    now = ls_time();
    t->longest = fmax(t->longest, (now - before) / (double)(run->state.global_step - from));
  }
  return LS_OK;
}

/* ---- start and end ---- */

/* Everything that only rank 0 has, once config and data are accepted. */
static ls_status open_outputs(ls_trainer *t, const ls_checkpoint *from, const char *path) {
  const ls_config *c = t->config;
  const char *file = path ? ls_path_name(path) : NULL;
  LS_TRY(ls_folder_take(t->dir, t->options->force && !from, &t->lock));
  if (from) LS_TRY(ls_folder_supersede(t->dir, from->state.global_step, file));
  LS_TRY(ls_events_open(t->dir, c->log_jsonl, c->log_csv, from ? from->state.global_step : -1, file,
                        &t->events));
  LS_TRY(ls_saver_new(&t->contents.checkpoint, t->dir, c->save_async, c->keep_last, &t->saver));
  ls_saver_guard(t->saver, t->lock);
  LS_TRY(ls_start_progress(t));
  return ls_start_event(t);
}

static ls_status choose_metrics(ls_trainer *t) {
  const ls_config *c = t->config;
  t->best_metric = ls_config_best_metric(c, ls_data_rows(t->run->data, LS_SPLIT_VALIDATION) > 0);
  t->early_metric = c->early_metric ? c->early_metric : t->best_metric;
  if (c->restore_best && !t->best_metric)
    return ls_fail(LS_ECONFIG,
                   "train.restore_best: which evaluation is the best? There are no validation "
                   "samples, and checkpoint.keep.best names no metric");
  if (c->restore_best && ls_metric_validates(t->best_metric) &&
      c->eval_every.unit == LS_EVERY_NEVER)
    return ls_fail(LS_ECONFIG, "train.restore_best: there is no %s where eval.every is never",
                   t->best_metric);
  return LS_OK;
}

/* What all evaluations, and the report at the end, need. */
static ls_status make_figures(ls_trainer *t) {
  LS_NEW(t->times, ls_comm_size(t->comm) * LS_TIMES);
  for (int s = 0; s < LS_SPLITS; s++)
    LS_TRY(ls_figures_new(t->config, ls_data_outputs(t->run->data), &t->figures[s]));
  return LS_OK;
}

ls_status ls_trainer_build(ls_trainer *t, ls_checkpoint *from) {
  LS_TRY(ls_run_new_with(t->comm, t->config, ls_mode_of(t->config), t->options->threads,
                         t->options->data, &t->run));
  ls_state_contents_make(t->run, &t->contents);
  int resumed = from != NULL;
  if (t->options->resume != LS_RESUME_NO) ls_comm_bcast(t->comm, &resumed, sizeof resumed, 0);
  if (resumed)
    LS_TRY(ls_resume_apply(t, from));
  else if (t->config->init.kind == LS_INIT_FILE)
    LS_TRY(ls_state_load_weights(t->run));
  LS_TRY(choose_metrics(t));
  t->first_step = t->run->state.global_step;
  t->first_epoch = t->run->state.epoch;
  t->first_sample = t->run->state.samples_seen;
  t->scored_step = -1;
  LS_TRY(ls_comm_agree(t->comm, make_figures(t)));
  /* until this process has made its own */
  t->score[LS_SPLIT_TRAIN] = ls_score_none(t->run->state.last_loss);
  return LS_OK;
}

/* What final.h5 is to hold takes the place of the last weights. */
static void restore_best(ls_trainer *t) {
  const ls_state *s = &t->run->state;
  if (!t->config->restore_best) return;
  ls_beside_restore_best(t->run);
  if (!s->restored) {
    ls_log(LS_LOG_WARN,
           "train.restore_best: no evaluation gave weights worth keeping: final.h5 holds the last "
           "ones, of step %jd",
           s->global_step);
    return;
  }
  t->scored_step = -1; /* of other weights */
  ls_log(LS_LOG_INFO, "final.h5 holds the weights of step %jd, the best by %s (%.6g)", s->best_step,
         t->best_metric, s->best_value);
}

/* How a run stands when its loop is over. */
typedef enum { BROKEN_OFF, AT_RUNG, WHOLE } standing;

static standing stands(const ls_trainer *t) {
  if (strcmp(t->exit, "done") == 0 || strcmp(t->exit, "early_stop") == 0) return WHOLE;
  return strcmp(t->exit, "rung") == 0 ? AT_RUNG : BROKEN_OFF;
}

/* Scores of the final weights for the end event, not those of an earlier step: a run that was
 * resumed since then has not made them. Running means are of weights that came and went, and of
 * none that were restored. */
static ls_status final_scores(ls_trainer *t, standing now) {
  ls_run *run = t->run;
  ls_score *train = &t->score[LS_SPLIT_TRAIN];
  bool fresh = t->scored_step == run->state.global_step, full = ls_eval_wants(t, LS_SPLIT_TRAIN);
  if (run->state.epoch_samples > 0 && !(full && fresh)) *train = ls_running_score(run);
  if (now == BROKEN_OFF) return LS_OK;
  if (train->samples == 0 || run->state.restored || (full && !fresh))
    LS_TRY(ls_eval_split(t, LS_SPLIT_TRAIN));
  if (!fresh && ls_eval_wants(t, LS_SPLIT_VALIDATION))
    LS_TRY(ls_eval_split(t, LS_SPLIT_VALIDATION));
  if (now == AT_RUNG) return LS_OK;
  return ls_eval_wants(t, LS_SPLIT_TEST) ? ls_eval_split(t, LS_SPLIT_TEST) : LS_OK;
}

/* The last evaluation, final.h5, and the report; LS_EIO where the last checkpoint did not reach the
 * disk. */
static ls_status finish(ls_trainer *t, ls_train_result *r) {
  ls_run *run = t->run;
  const standing now = stands(t);
  const bool whole = now == WHOLE;
  LS_TRY(agree_on_put_off(t)); /* of the last step */
  ls_beside_show(run);         /* for good */
  if (whole) restore_best(t);
  LS_TRY(final_scores(t, now));
  if (whole) LS_TRY(ls_snapshot_take(t, "final.h5", true));
  const bool root = ls_comm_rank(t->comm) == 0;
  ls_status status = root && run->state.restored ? ls_record_write(t) : LS_OK;
  double start = ls_time();
  if (status == LS_OK) status = ls_snapshot_wait(t);
  t->checkpoint_seconds += ls_time() - start;
  if (status == LS_OK && t->failed_saves > 0) /* the last, which the run is nothing without */
    status = ls_fail(LS_EIO, "the last checkpoint could not be written: %s", t->failed_text);
  LS_TRY(ls_comm_agree(t->comm, status));
  LS_TRY(ls_end_report(t, r));
  if (now != BROKEN_OFF) return LS_OK;
  ls_fail(LS_ESTOPPED,
          "stopped at step %jd of %jd (%s), a checkpoint is written; go on with --resume=auto",
          run->state.global_step, run->steps, t->exit);
  return ls_comm_agree(t->comm, LS_ESTOPPED);
}

/* The loop failed, on all ranks alike: say so in the metrics, and let what is under way reach the
 * disk. */
static ls_status fail_run(ls_trainer *t, ls_train_result *r, ls_status status) {
  char text[1024];
  snprintf(text, sizeof text, "%s", ls_error_text());
  if (t->saver) ls_saver_finish(t->saver);
  ls_snapshot_poll(t);
  if (status == LS_EDIVERGED) {
    t->exit = "diverged";
    ls_end_report(t, r);
  }
  return ls_fail(status, "%s", text);
}

void ls_trainer_close(ls_trainer *t) {
  ls_progress_free(&t->progress);
  ls_saver_free(&t->saver);
  ls_events_close(&t->events);
  ls_lock_release(&t->lock);
  ls_state_contents_free(&t->contents);
  ls_run_free(&t->run);
  for (int s = 0; s < LS_SPLITS; s++) ls_figures_free(&t->figures[s]);
  LS_FREE(t->times);
  LS_FREE(t->dir);
}

/* May this run have the folder? One that goes on locks it first: what looks stale there may be
 * another run's work. */
static ls_status claim_folder(ls_trainer *t) {
  const ls_train_options *o = t->options;
  bool fresh = o->resume == LS_RESUME_NO;
  t->dir = ls_folder_name(t->config, o->dir, !fresh);
  if (o->dry_run) return LS_OK;
  LS_TRY(ls_folder_not_sweep(t->dir));
  LS_TRY(ls_folder_check(t->dir, fresh, o->force));
  bool locked_first = !fresh && access(t->dir, F_OK) == 0;
  return locked_first ? ls_lock_take(t->dir, &t->lock) : LS_OK;
}

static ls_status train(ls_trainer *t, ls_train_result *r) {
  ls_checkpoint *from = NULL;
  char *path = NULL;
  ls_status status = LS_OK;
  bool root = ls_comm_rank(t->comm) == 0;
  ls_comm_at(t->comm, "looking for checkpoints");
  LS_TRY(ls_comm_agree(t->comm, root ? claim_folder(t) : LS_OK));
  LS_TRY_TO(end, ls_resume_find(t->comm, t->config, t->options, t->dir, &from, &path));
  LS_TRY_TO(end, ls_trainer_build(t, from));
  if (t->options->dry_run) {
    if (root) r->report = ls_dry_run_report(t);
    goto end;
  }
  status = root ? open_outputs(t, from, path) : LS_OK;
  if (root && status == LS_OK) status = ls_record_write(t);
  LS_TRY_TO(end, ls_comm_agree(t->comm, status));
  ls_checkpoint_free(&from);
  if (t->options->trace) LS_TRY_TO(end, ls_trace_new(t->comm, &t->run->trace));
  t->exit = "done";
  t->last_save = t->epoch_started = ls_time();
  t->start_seconds = t->epoch_started - t->started;
  looping = 1;
  status = loop(t);
  if (status == LS_OK) status = finish(t, r);
  if (status != LS_OK && status != LS_ESTOPPED) status = fail_run(t, r, status);
  if (t->run->trace && (status == LS_OK || status == LS_ESTOPPED)) {
    ls_status written = ls_trace_write(t->comm, t->run->trace, t->options->trace);
    if (written != LS_OK) status = written;
  }
  if (root) r->dir = ls_mem_text(t->dir);
  if (root && status == LS_OK) r->understood = ls_understood_json(t->run->data);
end:
  ls_checkpoint_free(&from);
  LS_FREE(path);
  return status;
}

ls_status ls_train(ls_comm *comm, ls_config *config, const ls_train_options *options,
                   ls_train_result *result) {
  ls_trainer t = {.comm = comm, .config = config, .options = options, .started = ls_time()};
  *result = (ls_train_result){0};
  t.slurm_limit = slurm_limit();
  ls_status status = train(&t, result);
  ls_trainer_close(&t);
  return status;
}
