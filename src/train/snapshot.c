/* snapshot.c - checkpoints during a run: when, from all ranks into rank 0's image, and what became
 * of them. The image is written by the saver's thread while the loop goes on. Begin with
 * ls_snapshot_take. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/json.h"
#include "train/agree.h"
#include "train/beside.h"
#include "train/trainer.h"

/* checkpoint.keep.best: none is "", not given is NULL. */
static bool keeps_best(const ls_trainer *t) {
  return t->best_metric && (!t->config->keep_best || *t->config->keep_best);
}

bool ls_snapshot_due(const ls_trainer *t, uint32_t flags, bool epoch_end) {
  const ls_every *every = &t->config->save_every;
  const ls_state *s = &t->run->state;
  if (t->new_best && keeps_best(t) && every->unit != LS_EVERY_NEVER) return true;
  switch (every->unit) {
    case LS_EVERY_STEPS:
      return s->global_step % (int64_t)every->n == 0;
    case LS_EVERY_EPOCHS:
      return epoch_end && s->epoch % (int64_t)every->n == 0;
    case LS_EVERY_SECONDS:
      return (flags & LS_FLAG_SAVE) != 0; /* rank 0's clock decides for all */
    case LS_EVERY_NEVER:
      break;
  }
  return false;
}

static bool shard_finite(const ls_run *run) {
  const size_t size = ls_dtype_size(run->config->precision);
  const char *w = ls_exchange_weights(run->exchange);
  double sum = 0;
  for (ls_stretch s = {0}; ls_exchange_next(run->exchange, &s);)
    sum += ls_gradient_square_sum(run->config->precision, w + (size_t)s.lo * size, s.hi - s.lo);
  return isfinite(sum);
}

/* ---- saving ---- */

/* Rank 0 gets an image to fill; false where the writer is still busy and this one may be skipped.
 * All ranks learn which. With `wait` it always goes ahead, so nothing is sent. */
static bool begin(ls_trainer *t, bool wait, ls_image **image) {
  int go = 1;
  *image = NULL;
  if (t->saver) {
    *image = ls_saver_begin(t->saver, wait);
    go = *image != NULL;
    if (!go)
      ls_log(LS_LOG_WARN,
             "step %jd: the checkpoint before this one is still being written; this one is "
             "skipped (checkpoint.busy)",
             t->run->state.global_step);
  }
  if (!wait) ls_comm_bcast(t->comm, &go, sizeof go, 0);
  return go;
}

/* Are the weights the same everywhere, and finite? Collective. */
static ls_status check_weights(ls_run *run) {
  LS_TRY(ls_desync_check(run));
  if (!ls_comm_or(run->comm, shard_finite(run) ? 0 : 1)) return LS_OK;
  return ls_comm_agree(run->comm,
                       ls_fail(LS_EDIVERGED,
                               "step %jd: weights are not finite; they are not saved. Lower "
                               "optimizer.lr, set train.clip_norm, or see train.nonfinite",
                               run->state.global_step));
}

static ls_status image_of_present(ls_trainer *t, ls_image **out) {
  const bool root = ls_comm_rank(t->comm) == 0;
  *out = NULL;
  LS_TRY(check_weights(t->run));
  LS_TRY(ls_comm_agree(t->comm, root ? ls_image_new(&t->contents.checkpoint, out) : LS_OK));
  ls_state_capture(t->run, &t->contents, *out);
  return LS_OK;
}

ls_status ls_snapshot_image(ls_trainer *t, ls_image **out) {
  const bool shown = ls_beside_show(t->run);
  ls_status status = image_of_present(t, out);
  if (shown) ls_beside_hide(t->run);
  return status;
}

static ls_status take_present(ls_trainer *t, const char *name, bool must) {
  double start = ls_time();
  ls_run *run = t->run;
  LS_TRY(check_weights(run));
  ls_image *image;
  if (!begin(t, must || !t->config->save_skip_busy, &image)) return LS_OK;
  ls_state_capture(run, &t->contents, image);
  ls_status status = LS_OK;
  if (t->saver) {
    char file[48];
    if (name)
      snprintf(file, sizeof file, "%s", name);
    else
      snprintf(file, sizeof file, "ckpt-%jd.h5", run->state.global_step);
    status = ls_events_sync(t->events);
    if (status == LS_OK)
      ls_saver_submit(t->saver, run->state.global_step, file,
                      keeps_best(t) ? run->state.best_step : -1, ls_time() - start);
    if (!t->config->save_async && status == LS_OK) status = ls_snapshot_poll(t);
  }
  t->save_seconds = ls_time() - start;
  t->checkpoint_seconds += t->save_seconds;
  t->last_save = ls_time();
  return ls_comm_agree(t->comm, status);
}

ls_status ls_snapshot_take(ls_trainer *t, const char *name, bool must) {
  const bool shown = ls_beside_show(t->run);
  ls_status status = take_present(t, name, must);
  if (shown) ls_beside_hide(t->run);
  return status;
}

static ls_status report(ls_trainer *t, const ls_saver_outcome *done) {
  if (done->status != LS_OK) {
    LS_TRY(ls_lock_check(t->lock)); /* another run's folder: nothing goes on */
    ls_log(LS_LOG_WARN,
           "checkpoint of step %jd failed: %s; training goes on, older checkpoints are untouched",
           done->step, done->error);
    snprintf(t->failed_text, sizeof t->failed_text, "%s", done->error);
    if (++t->failed_saves < 3) return LS_OK;
    return ls_fail(LS_EIO, "three checkpoints in a row could not be written; the last one: %s",
                   done->error);
  }
  t->failed_saves = 0;
  if (t->save_seconds < done->commit_ms / 1e3) t->save_seconds = done->commit_ms / 1e3;
  ls_progress_committed(t->progress, done->step, t->dir, done->name);
  json_t *event = ls_event("checkpoint");
  ls_put(event, "global_step", done->step);
  ls_put(event, "file", done->name);
  ls_put(event, "stall_ms", done->stall_ms);
  ls_put(event, "commit_ms", done->commit_ms);
  return ls_events_put(t->events, event);
}

ls_status ls_snapshot_poll(ls_trainer *t) {
  ls_saver_outcome done;
  while (t->saver && ls_saver_poll(t->saver, &done)) LS_TRY(report(t, &done));
  return LS_OK;
}

ls_status ls_snapshot_wait(ls_trainer *t) {
  if (t->saver) ls_saver_finish(t->saver);
  return ls_snapshot_poll(t);
}

ls_status ls_snapshot_finish(ls_trainer *t) { return ls_comm_agree(t->comm, ls_snapshot_wait(t)); }
