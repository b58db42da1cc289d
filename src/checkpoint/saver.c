/* saver.c - a queue of at most two, under one lock; `taken` says whose a buffer is. Begin with
 * writer -> commit -> prune. Files of earlier processes are verified once before they count as
 * something to fall back on (to_fall_back_on). */
#include "checkpoint/saver.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/thread.h"
#include "checkpoint/block.h"
#include "checkpoint/find.h"
#include "comm/comm.h"

enum { BUFFERS = 2, FINISHED_MAX = 16 };

typedef struct {
  int buffer;
  int64_t step, best_step;
  char name[64];
  double stall_s;
} job;

struct ls_saver {
  char *dir;
  ls_lock *folder_lock; /* or NULL */
  int64_t keep_last;
  int64_t trusted; /* files of this step and later are known to be good */
  ls_image *image[BUFFERS];
  int buffers; /* 1: no thread, submit commits */
  int filling; /* the buffer of the last begin; -1 none */
  pthread_t thread;
  pthread_mutex_t mutex; /* over all below */
  pthread_cond_t changed;
  bool taken[BUFFERS]; /* being filled, waiting or being written */
  job queue[BUFFERS];
  int queued; /* queue[0] is the one being written */
  ls_saver_outcome finished[FINISHED_MAX];
  int finished_count;
  bool stop;
};

/* ---- what stays in the folder ---- */

/* Files from before this process are looked at once, when one of them is about to count as a file
 * to fall back on. */
static bool to_fall_back_on(ls_saver *s, const ls_saved *row, const char *path) {
  if (row->step < s->trusted && ls_checkpoint_verify(path) != LS_OK) {
    ls_log(LS_LOG_WARN, "%s; it is not counted as a checkpoint to keep", ls_error_text());
    return false;
  }
  if (row->step < s->trusted) s->trusted = row->step;
  return true;
}

/* Newest first: `keep_last` good ones stay, and the best; final.h5 always. Only after a commit, so
 * a new good one is there. */
static void prune(ls_saver *s, int64_t best_step) {
  ls_saved *row;
  int count;
  int64_t kept = 0;
  if (ls_checkpoint_list(s->dir, &row, &count, NULL) != LS_OK)
    ls_log(LS_LOG_WARN, "old checkpoints stay: %s", ls_error_text());
  for (int i = 0; count > s->keep_last && i < count; i++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", s->dir, row[i].name);
    if (ls_saved_final(&row[i])) continue;
    if (kept < s->keep_last)
      kept += to_fall_back_on(s, &row[i], path);
    else if (row[i].step != best_step && unlink(path) != 0)
      ls_log(LS_LOG_WARN, "cannot remove the old checkpoint '%s': %s", path, strerror(errno));
  }
  ls_mem_free(row);
}

/* ---- one commit ---- */

static ls_saver_outcome commit(ls_saver *s, const job *j) {
  ls_saver_outcome out = {.step = j->step, .stall_ms = 1e3 * j->stall_s};
  double start = ls_time();
  (void)ls_trip("commit", 0);
  memcpy(out.name, j->name, sizeof out.name);
  out.status = ls_image_commit_locked(s->image[j->buffer], s->folder_lock, s->dir, j->name);
  out.commit_ms = 1e3 * (ls_time() - start);
  if (s->buffers == 1) out.stall_ms += out.commit_ms;
  if (out.status != LS_OK) {
    snprintf(out.error, sizeof out.error, "%s", ls_error_text());
    return out;
  }
  if (j->step < s->trusted) s->trusted = j->step;
  prune(s, j->best_step);
  return out;
}

static void finish_job(ls_saver *s, int buffer, const ls_saver_outcome *out) {
  assert(s->finished_count < FINISHED_MAX);
  s->finished[s->finished_count++] = *out;
  s->taken[buffer] = false;
}

static void *writer(void *arg) {
  ls_saver *s = arg;
  pthread_mutex_lock(&s->mutex);
  for (;;) {
    while (!s->queued && !s->stop) pthread_cond_wait(&s->changed, &s->mutex);
    if (!s->queued) break;
    job j = s->queue[0];
    pthread_mutex_unlock(&s->mutex);
    ls_saver_outcome out = commit(s, &j);
    pthread_mutex_lock(&s->mutex);
    finish_job(s, j.buffer, &out);
    s->queue[0] = s->queue[1];
    s->queued--;
    pthread_cond_broadcast(&s->changed);
  }
  pthread_mutex_unlock(&s->mutex);
  return NULL;
}

static ls_status start_writer(ls_saver *s) {
  ls_status status = ls_thread_start(&s->thread, "the checkpoint writer's thread", writer, s);
  if (status != LS_OK) s->buffers = 1; /* there is no thread to end */
  return status;
}

static ls_status open_buffers(ls_saver *s, const ls_checkpoint *checkpoint, bool async) {
  LS_TRY(ls_image_new(checkpoint, &s->image[0]));
  if (!async) return LS_OK;
  LS_TRY(ls_image_clone(s->image[0], &s->image[1]));
  s->buffers = BUFFERS;
  return start_writer(s);
}

ls_status ls_saver_new(const ls_checkpoint *checkpoint, const char *dir, bool async,
                       int64_t keep_last, ls_saver **out) {
  LS_NEW(*out, 1);
  ls_saver *s = *out;
  s->dir = ls_mem_text(dir);
  s->keep_last = keep_last > 0 ? keep_last : 1;
  s->trusted = INT64_MAX;
  s->buffers = 1;
  s->filling = -1;
  pthread_mutex_init(&s->mutex, NULL);
  pthread_cond_init(&s->changed, NULL);
  ls_status status = open_buffers(s, checkpoint, async);
  if (status != LS_OK) ls_saver_free(out);
  return status;
}

void ls_saver_guard(ls_saver *s, ls_lock *lock) { s->folder_lock = lock; }

void ls_saver_free(ls_saver **saver) {
  ls_saver *s = *saver;
  if (!s) return;
  if (s->buffers > 1) ls_thread_stop(s->thread, &s->mutex, &s->changed, &s->stop);
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->mutex);
  for (int i = 0; i < BUFFERS; i++) ls_image_free(&s->image[i]);
  ls_mem_free(s->dir);
  LS_FREE(*saver);
}

/* ---- the training loop's side ---- */

static int idle_buffer(const ls_saver *s) {
  for (int i = 0; i < s->buffers; i++)
    if (!s->taken[i]) return i;
  return -1;
}

ls_image *ls_saver_begin(ls_saver *s, bool wait) {
  if (s->filling >= 0)
    return s->image[s->filling]; /* the caller gave up between begin and submit */
  pthread_mutex_lock(&s->mutex);
  while ((s->filling = idle_buffer(s)) < 0 && wait) pthread_cond_wait(&s->changed, &s->mutex);
  if (s->filling >= 0) s->taken[s->filling] = true;
  pthread_mutex_unlock(&s->mutex);
  return s->filling >= 0 ? s->image[s->filling] : NULL;
}

void ls_saver_submit(ls_saver *s, int64_t step, const char *name, int64_t best_step,
                     double stall_s) {
  job j = {.buffer = s->filling, .step = step, .best_step = best_step, .stall_s = stall_s};
  assert(s->filling >= 0);
  snprintf(j.name, sizeof j.name, "%s", name);
  s->filling = -1;
  if (s->buffers == 1) {
    ls_saver_outcome out = commit(s, &j);
    finish_job(s, j.buffer, &out);
    return;
  }
  pthread_mutex_lock(&s->mutex);
  s->queue[s->queued++] = j;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->mutex);
}

bool ls_saver_poll(ls_saver *s, ls_saver_outcome *out) {
  pthread_mutex_lock(&s->mutex);
  bool any = s->finished_count > 0;
  if (any) {
    *out = s->finished[0];
    memmove(s->finished, s->finished + 1, (size_t)--s->finished_count * sizeof *out);
  }
  pthread_mutex_unlock(&s->mutex);
  return any;
}

void ls_saver_finish(ls_saver *s) {
  pthread_mutex_lock(&s->mutex);
  while (s->queued) pthread_cond_wait(&s->changed, &s->mutex);
  pthread_mutex_unlock(&s->mutex);
}
