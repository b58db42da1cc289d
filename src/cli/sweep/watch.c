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
#include "view/terminal.h"
#include "view/text.h"

enum { BEST = 5, WIDTH_MAX = 400 };

struct ls_sweep_watch {
  const char *dir, *metric;
  const ls_sweep_plan *plan;
  ls_sweep_row *row;
  double started;
  int64_t over, over_before, open; /* runs; open: the first that is not over */
  int columns, drawn;              /* of the terminal, 0: none; lines of the table on it */
  bool dirty, runs, stop;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
};

/* ---- what people see ---- */

/* Time left, by how long the runs of this start took. */
static char *format_eta(const ls_sweep_watch *w, char out[LS_TEXT]) {
  const int64_t made = w->over - w->over_before, left = w->plan->runs - w->over;
  return ls_text_duration((ls_time() - w->started) / (double)made * (double)left, out);
}

/* "val_loss 0.312 +- 0.004" */
static void format_trial(const ls_sweep_watch *w, const ls_sweep_trial *t, char *out, size_t size) {
  if (isnan(t->deviation))
    snprintf(out, size, "%s %.6g", w->metric, t->mean);
  else
    snprintf(out, size, "%s %.6g +- %.2g", w->metric, t->mean, t->deviation);
}

static void tell_run(const ls_sweep_watch *w, int64_t index) {
  const ls_sweep_row *row = &w->row[index];
  char eta[LS_TEXT], value[64] = "";
  const double x = ls_sweep_row_value(row, w->metric);
  if (!isnan(x)) snprintf(value, sizeof value, ", %s %.6g", w->metric, x);
  if (row->text)
    ls_log(LS_LOG_WARN, "%s: %s: %s", w->plan->run[index].name, row->status, row->text);
  if (w->columns == 0)
    ls_log(LS_LOG_INFO, "%lld of %lld: %s: %s%s; ETA %s", (long long)w->over,
           (long long)w->plan->runs, w->plan->run[index].name, row->status, value,
           format_eta(w, eta));
}

static void add_line(char *all, size_t size, int columns, const char *line) {
  const size_t used = strlen(all);
  snprintf(all + used, size - used, "%.*s\033[K\n", columns - 1, line);
}

static void add_trial(const ls_sweep_watch *w, const ls_sweep_trial *t, char *all, size_t size) {
  char line[WIDTH_MAX], value[128];
  char *label = ls_sweep_label(w->plan, t->trial);
  format_trial(w, t, value, sizeof value);
  snprintf(line, sizeof line, "  trial %-4lld %s %s", (long long)t->trial, value, label);
  add_line(all, size, w->columns, line);
  LS_FREE(label);
}

/* The table of the best over the one drawn before; messages in between move it down. */
static void draw(ls_sweep_watch *w) {
  char all[(BEST + 2) * (WIDTH_MAX + 8)] = "", line[WIDTH_MAX], eta[LS_TEXT];
  ls_sweep_trial *t;
  if (w->columns == 0 || ls_sweep_rank(w->plan, w->row, w->metric, &t) != LS_OK) return;
  if (w->drawn > 0) snprintf(all, sizeof all, "\033[%dA\r", w->drawn);
  snprintf(line, sizeof line, "%lld of %lld runs, ETA %s", (long long)w->over,
           (long long)w->plan->runs, format_eta(w, eta));
  add_line(all, sizeof all, w->columns, line);
  w->drawn = 1;
  for (int64_t i = 0; i < w->plan->trials && i < BEST && !isnan(t[i].mean); i++, w->drawn++)
    add_trial(w, &t[i], all, sizeof all);
  ls_log_plain("%s", all);
  LS_FREE(t);
}

/* ---- looking ---- */

static ls_status look(ls_sweep_watch *w) {
  const int64_t runs = w->plan->runs;
  while (w->open < runs && w->row[w->open].over) w->open++;
  for (int64_t i = w->open; i < runs; i++) {
    if (w->row[i].over) continue;
    if (!ls_claims_taken(w->dir, i)) return LS_OK; /* they are taken in order */
    LS_TRY(ls_sweep_row_read(w->dir, w->plan->run[i].name, &w->row[i]));
    if (!w->row[i].over) continue;
    w->over++;
    w->dirty = true;
    if (w->columns > 0 && w->row[i].text) w->drawn = 0;
    tell_run(w, i);
  }
  return LS_OK;
}

static ls_status refresh(ls_sweep_watch *w, bool last) {
  LS_TRY(look(w));
  if (w->dirty || last) {
    draw(w);
    LS_TRY(ls_sweep_csv_write(w->dir, w->plan, w->row));
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
  for (int64_t i = 0; i < w->plan->runs; i++) w->over += w->row[i].over;
  w->over_before = w->over;
}

static void end_thread(ls_sweep_watch *w) {
  if (!w->runs) return;
  pthread_mutex_lock(&w->lock);
  w->stop = true;
  pthread_cond_signal(&w->wake);
  pthread_mutex_unlock(&w->lock);
  pthread_join(w->thread, NULL);
}

ls_status ls_sweep_watch_start(const char *dir, const char *metric, const ls_sweep_plan *plan,
                               ls_sweep_row *row, ls_sweep_watch **out) {
  LS_NEW(*out, 1);
  ls_sweep_watch *w = *out;
  w->dir = dir;
  w->metric = metric;
  w->plan = plan;
  w->row = row;
  prepare(w);
  ls_status status = ls_sweep_csv_write(dir, plan, row);
  if (status == LS_OK) status = ls_thread_start(&w->thread, "the sweep's thread", watch, w);
  w->runs = status == LS_OK;
  return status;
}

ls_status ls_sweep_watch_stop(ls_sweep_watch **watch) {
  ls_sweep_watch *w = *watch;
  if (!w) return LS_OK;
  end_thread(w);
  const ls_status status = w->runs ? refresh(w, true) : LS_OK;
  pthread_cond_destroy(&w->wake);
  pthread_mutex_destroy(&w->lock);
  LS_FREE(*watch);
  return status;
}
