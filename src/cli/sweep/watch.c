/* watch.c - once a second it looks from the first run that is not over to the first that nobody
 * has taken, since runs are taken in order. Begin with watch -> refresh -> look. The table on a
 * terminal is drawn over the one before. */
#include "cli/sweep/watch.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cli/sweep/claims.h"
#include "cli/sweep/journal.h"
#include "cli/sweep/rungs.h"
#include "view/terminal.h"
#include "view/text.h"

enum { BEST = 5, WIDTH_MAX = 400, NARROW = 64 };

struct ls_sweep_watch {
  ls_sweep *of;
  double *before; /* (runs) global_step at which a run waits since the rung before; -1: none */
  double started;
  int64_t made, open; /* runs that this rung has finished; the first that is not over */
  int64_t runs;       /* of this rung */
  int columns, drawn; /* of the terminal, 0: none; lines of the table on it */
  bool dirty, works, stop;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
};

/* ---- what people see ---- */

/* What the later rungs take, in runs of this one. */
static double later_runs(const ls_sweep_watch *w) {
  const ls_rungs *all = &w->of->rungs;
  const int rung = w->of->rung;
  const int64_t before = rung > 0 ? all->epochs[rung - 1] : 0, now = all->epochs[rung] - before;
  int64_t epochs = 0;
  for (int r = rung + 1; r < all->count; r++)
    epochs += all->trials[r] * w->of->plan->each * (all->epochs[r] - all->epochs[r - 1]);
  return now > 0 ? (double)epochs / (double)now : 0;
}

/* Time left, by how long the runs of this rung took. */
static char *format_eta(const ls_sweep_watch *w, char out[LS_TEXT]) {
  const double left = (double)w->of->left + later_runs(w);
  return ls_text_duration((ls_time() - w->started) / (double)w->made * left, out);
}

/* On a narrow terminal what can be told in fewer letters is. */
static bool is_narrow(const ls_sweep_watch *w) { return w->columns > 0 && w->columns < NARROW; }

/* "5 of 12 runs, ETA 0:01:30"; with halving "rung 2 of 4, to epoch 25: 5 of 12 runs, ..." */
static void format_stage(const ls_sweep_watch *w, char *out, size_t size) {
  char eta[LS_TEXT], where[LS_RUNG_TEXT];
  ls_rung_text(w->of, where);
  if (is_narrow(w) && *where)
    snprintf(where, sizeof where, "rung %d/%d: ", w->of->rung + 1, w->of->rungs.count);
  snprintf(out, size, "%s%jd of %jd runs, ETA %s", where, w->runs - w->of->left, w->runs,
           format_eta(w, eta));
}

static void tell_run(const ls_sweep_watch *w, int64_t index) {
  const ls_sweep_row *row = &w->of->row[index];
  const char *name = w->of->plan->run[index].name;
  char stage[160], value[64] = "";
  const double x = ls_sweep_row_value(row, w->of->metric);
  if (!isnan(x)) snprintf(value, sizeof value, ", %s %.6g", w->of->metric, x);
  if (row->text) ls_log(LS_LOG_WARN, "%s: %s: %s", name, row->status, row->text);
  if (w->columns > 0) return;
  format_stage(w, stage, sizeof stage);
  ls_log(LS_LOG_INFO, "%s: %s%s; %s", name, row->paused ? "waits" : row->status, value, stage);
}

static void add_line(char *all, size_t size, int columns, const char *line) {
  const size_t used = strlen(all);
  snprintf(all + used, size - used, "%.*s\033[K\n", columns - 1, line);
}

/* "   4  0.312 +- 0.004  optimizer.lr=0.01" */
static void add_trial(const ls_sweep_watch *w, const ls_sweep_trial *t, char *all, size_t size) {
  char line[WIDTH_MAX], spread[32] = "";
  char *label = ls_sweep_label(w->of->plan, t->trial, is_narrow(w));
  if (!isnan(t->deviation)) snprintf(spread, sizeof spread, " +- %.2g", t->deviation);
  snprintf(line, sizeof line, "%6jd  %.*g%s %s", t->trial, is_narrow(w) ? 4 : 6, t->mean, spread,
           label);
  add_line(all, size, w->columns, line);
  LS_FREE(label);
}

static void add_head(const ls_sweep_watch *w, char *all, size_t size) {
  char line[WIDTH_MAX], head[WIDTH_MAX + 64];
  format_stage(w, line, sizeof line);
  snprintf(head, sizeof head, "%s; trial, %s", line, w->of->metric);
  add_line(all, size, w->columns, head);
}

/* The table of the best over the one drawn before; messages in between move it down. */
static void draw(ls_sweep_watch *w) {
  char all[(BEST + 2) * (WIDTH_MAX + 8)] = "";
  const ls_sweep *of = w->of;
  ls_sweep_trial *t;
  if (w->columns == 0 || ls_sweep_rank(of, NULL, &t) != LS_OK) return;
  if (w->drawn > 0) snprintf(all, sizeof all, "\033[%dA\r", w->drawn);
  add_head(w, all, sizeof all);
  w->drawn = 1;
  for (int64_t i = 0; i < of->plan->trials && i < BEST && !isnan(t[i].mean); i++, w->drawn++)
    add_trial(w, &t[i], all, sizeof all);
  ls_log_plain("%s", all);
  LS_FREE(t);
}

/* ---- looking ---- */

/* At which step a run waits; -1: it does not. */
static double waits_at(const ls_sweep_row *row) {
  return row->paused ? ls_sweep_row_value(row, "global_step") : -1;
}

static ls_status look(ls_sweep_watch *w) {
  ls_sweep *of = w->of;
  while (w->open < of->plan->runs && of->over[w->open]) w->open++;
  for (int64_t i = w->open; i < of->plan->runs; i++) {
    ls_sweep_row *row = &of->row[i];
    if (of->over[i]) continue;
    if (!ls_claims_taken(of->dir, i)) return LS_OK; /* they are taken in order */
    LS_TRY(ls_sweep_row_read(of->dir, of->plan->run[i].name, row));
    of->over[i] = row->over || waits_at(row) > w->before[i];
    if (!of->over[i]) continue;
    w->made++;
    of->left--;
    w->dirty = true;
    if (w->columns > 0 && row->text) w->drawn = 0;
    tell_run(w, i);
  }
  return LS_OK;
}

static ls_status refresh(ls_sweep_watch *w, bool last) {
  LS_TRY(look(w));
  if (w->dirty || last) {
    draw(w);
    LS_TRY(ls_sweep_csv_write(w->of));
  }
  w->dirty = false;
  return LS_OK;
}

/* Each second; what fails once may not fail the next time, and the last look decides. */
static void *watch(void *arg) {
  ls_sweep_watch *w = arg;
  pthread_mutex_lock(&w->lock);
  while (!w->stop) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    (void)pthread_cond_timedwait(&w->wake, &w->lock, &until);
    if (!w->stop) (void)refresh(w, false);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

static void prepare(ls_sweep_watch *w) {
  pthread_condattr_t monotonic;
  pthread_mutex_init(&w->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&w->wake, &monotonic);
  pthread_condattr_destroy(&monotonic);
  w->started = ls_time();
  w->columns = ls_log_shows(LS_LOG_INFO) ? ls_terminal_columns(STDERR_FILENO) : 0;
  if (w->columns > WIDTH_MAX) w->columns = WIDTH_MAX;
  for (int64_t i = 0; i < w->of->plan->runs; i++) {
    w->before[i] = waits_at(&w->of->row[i]);
    w->runs += w->of->row[i].rung == w->of->rung;
  }
}

static void end_thread(ls_sweep_watch *w) {
  if (w->works) ls_thread_stop(w->thread, &w->lock, &w->wake, &w->stop);
}

static ls_status begin(ls_sweep_watch *w) {
  LS_NEW(w->before, w->of->plan->runs);
  prepare(w);
  LS_TRY(ls_sweep_csv_write(w->of));
  LS_TRY(ls_thread_start(&w->thread, "the sweep's thread", watch, w));
  w->works = true;
  return LS_OK;
}

ls_status ls_sweep_watch_start(ls_sweep *sweep, ls_sweep_watch **out) {
  LS_NEW(*out, 1);
  (*out)->of = sweep;
  return begin(*out);
}

ls_status ls_sweep_watch_stop(ls_sweep_watch **watch) {
  ls_sweep_watch *w = *watch;
  if (!w) return LS_OK;
  end_thread(w);
  const ls_status status = w->works ? refresh(w, true) : LS_OK;
  if (w->before) {
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
  }
  LS_FREE(w->before);
  LS_FREE(*watch);
  return status;
}
