/* progress.c - the clock is looked at each so many steps that it is about every 25 ms (look). A
 * row of the table is found again on the terminal by how many lines were written since (mark).
 * Begin with ls_progress_step and ls_progress_epoch; hints for the end are `advice`. */
#include "view/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "comm/comm.h"
#include "view/terminal.h"
#include "view/text.h"

enum { HEADER_EVERY = 50, LINES_WANTED = 200, ROWS_KEPT = 16, BAR_LEAST = 8, BAR_MOST = 40 };
static const double DRAW_SECONDS = 0.1, LOOK_SECONDS = 0.025, SLOW_SECONDS = 2.0,
                    HEARTBEAT_SECONDS = 60.0;

struct ls_progress {
  ls_progress_args args;
  bool bar, table;
  int wide;                    /* columns of the terminal; 0: there is none */
  int64_t left;                /* steps until the clock is looked at */
  double start, looked, spoke; /* seconds: begin, last look at the clock, last line or bar */
  int64_t looked_step;
  int64_t each; /* epochs a printed line */
  int lines;    /* since the header */
  bool marks;   /* a person looks at a terminal, whose rows can be marked */
  struct {
    int64_t step, at; /* at: ls_log_lines() before it */
  } row[ROWS_KEPT];   /* (rows) the latest */
  int rows;
  int64_t shown; /* step of the latest row */
  char *saved;   /* ls_mem: the line of a checkpoint whose row is still to come; NULL: none */
};

/* The clock's time `seconds` from now; with the day where it is not today. */
static char *finish(double seconds, char *out) {
  if (!(seconds >= 0 && seconds < 1e9)) return memcpy(out, "-", 2);
  time_t now = time(NULL), then = now + (time_t)seconds;
  struct tm today, day;
  localtime_r(&now, &today);
  localtime_r(&then, &day);
  strftime(
      out, LS_TEXT,
      today.tm_yday == day.tm_yday && today.tm_year == day.tm_year ? "%H:%M" : "%a %d %b %H:%M",
      &day);
  return out;
}

/* ---- up and down ---- */

static int64_t nice_each(int64_t epochs) {
  int64_t each = 1;
  for (int i = 0; epochs / each > LINES_WANTED; i++)
    each = i % 3 == 1 ? each / 2 * 5 : each * 2; /* 1 2 5 10 20 50 ... */
  return each;
}

typedef enum { AUTO, BAR, LINE, NONE, STYLES } style_kind;

static style_kind style_of(const char *style) {
  static const char *const word[STYLES] = {"auto", "bar", "line", "none"};
  style_kind kind = AUTO;
  while (kind < STYLES && strcmp(style, word[kind]) != 0) kind++;
  return kind;
}

ls_status ls_progress_check(const char *style) {
  if (style_of(style) < STYLES) return LS_OK;
  return ls_fail(LS_EUSAGE, "--progress %s: it is one of auto, bar, line, none", style);
}

ls_status ls_progress_new(const char *style, const ls_progress_args *args, ls_progress **out) {
  *out = NULL;
  LS_TRY(ls_progress_check(style));
  const style_kind kind = style_of(style);
  ls_progress *p;
  LS_NEW(p, 1);
  *out = p;
  p->args = *args;
  int columns = ls_terminal_columns(STDERR_FILENO);
  p->wide = columns > 0 ? columns : 0;
  p->bar = kind == BAR || (kind == AUTO && columns > 0);
  p->marks = p->bar && columns > 0 && !ls_log_shows(LS_LOG_DEBUG);
  p->table = kind != NONE;
  ls_log_columns(columns);
  p->start = p->looked = p->spoke = ls_time();
  p->looked_step = args->first_step;
  p->left = 1;
  p->each = args->steps_per_epoch > 0
                ? nice_each((args->steps - args->moved) / args->steps_per_epoch)
                : 1;
  return LS_OK;
}

static void bar_off(ls_progress *p) {
  if (p->bar) ls_log_live(false);
}

/* The row that it was to be a mark in does not come. */
static void tell_saved(ls_progress *p) {
  if (p->saved) ls_log_plain("%s", p->saved);
  LS_FREE(p->saved);
}

void ls_progress_free(ls_progress **progress) {
  if (!*progress) return;
  bar_off(*progress);
  tell_saved(*progress);
  LS_FREE(*progress);
}

/* ---- while it runs ---- */

static double seconds_left(const ls_progress *p, int64_t step, double now) {
  int64_t done = step - p->args.first_step;
  return done > 0 ? (now - p->start) / (double)done * (double)(p->args.steps - step) : NAN;
}

/* In which a step is, from 1. */
static int64_t epoch_of(const ls_progress *p, int64_t step) {
  const int64_t per = p->args.steps_per_epoch > 0 ? p->args.steps_per_epoch : p->args.steps;
  return (step - p->args.moved + per - 1) / per;
}

/* "epoch 3/100  step 2500/120000 (2%)  17.2 k samples/s  0:01:10 left, until 14:32" */
static void where(const ls_progress *p, int64_t step, double now, char *out, size_t size) {
  char rate[LS_TEXT], left_text[LS_TEXT], clock[LS_TEXT];
  const int64_t steps = p->args.steps;
  const double left = seconds_left(p, step, now),
               speed = (double)(step - p->args.first_step) / (now - p->start),
               percent = floor(100.0 * (double)step / (double)steps);
  int length = snprintf(out, size, "epoch %jd/%jd  step %jd/%jd (%.0f%%)", epoch_of(p, step),
                        epoch_of(p, steps), step, steps, percent);
  if (length < (int)size)
    snprintf(out + length, size - (size_t)length, "  %s samples/s  %s left, until %s",
             ls_text_count(speed * (double)p->args.batch, rate), ls_text_duration(left, left_text),
             finish(left, clock));
}

static void draw(const ls_progress *p, int64_t step, double now) {
  char text[200], bar[128];
  const int shown = ls_terminal_columns(STDERR_FILENO), columns = shown > 0 ? shown : 80;
  where(p, step, now, text, columns < (int)sizeof text ? (size_t)columns : sizeof text);
  const int rest = columns - (int)strlen(text) - 5, room = rest > BAR_MOST ? BAR_MOST : rest;
  const int full = (int)((double)room * (double)step / (double)p->args.steps);
  bar[0] = '\0';
  if (room >= BAR_LEAST)
    snprintf(bar, sizeof bar, "[%.*s%.*s] ", full, "########################################",
             room - full, "........................................");
  ls_log_live(true);
  char line[360];
  int length = snprintf(line, sizeof line, "\r\033[K%s%s", bar, text);
  if (write(STDERR_FILENO, line, (size_t)length) < 0)
    return; /* the bar is no result: nothing depends on it */
}

static void look(ls_progress *p, int64_t step) {
  double now = ls_time(), passed = now - p->looked;
  double stride = passed > 0 ? (double)(step - p->looked_step) * LOOK_SECONDS / passed : 1;
  p->left = (int64_t)fmin(fmax(stride, 1), 1e6);
  p->looked = now;
  p->looked_step = step;
  if (now - p->spoke < (p->bar ? DRAW_SECONDS : HEARTBEAT_SECONDS) || !p->table ||
      p->args.steps <= 0)
    return;
  p->spoke = now;
  if (p->bar) {
    draw(p, step, now);
    return;
  }
  char text[200];
  where(p, step, now, text, sizeof text);
  ls_log_plain("  %s", text);
}

void ls_progress_step(ls_progress *p, int64_t step) {
  if (p && --p->left <= 0) look(p, step);
}

/* ---- the table ---- */

/* Its columns, each as wide as here and behind a blank. */
enum { EPOCH, LOSS, ACCURACY, BESIDE_LOSS, BESIDE_ACCURACY, RATE, SPEED, PASSED, LEFT, COLUMNS };
static const int width[COLUMNS] = {8, 10, 6, 10, 7, 8, 9, 7, 7};
typedef char cells[COLUMNS][LS_TEXT];

static bool has_column(const ls_progress *p, int column) {
  if (column == ACCURACY) return p->args.accuracy;
  if (column == BESIDE_LOSS) return p->args.beside;
  return column != BESIDE_ACCURACY || (p->args.beside && p->args.accuracy);
}

/* A narrow terminal shows the first columns, as many as fit. */
static void tell_row(const ls_progress *p, cells cell) {
  char line[256];
  size_t used = 0;
  int room = p->wide > 0 ? p->wide : (int)sizeof line;
  for (int c = 0; c < COLUMNS; c++) {
    if (!has_column(p, c)) continue;
    const char *between = c == EPOCH ? "" : " ";
    room -= width[c] + (int)strlen(between);
    if (room < 0) break;
    used += (size_t)snprintf(line + used, sizeof line - used, "%s%*s", between, width[c], cell[c]);
  }
  ls_log_plain("%s", line);
}

static void header(ls_progress *p) {
  cells cell = {"epoch", "loss", "acc", "", "", "lr", "samples/s", "time", "left"};
  const char *beside = p->args.beside ? p->args.beside : "";
  if (p->lines++ % HEADER_EVERY != 0) return;
  if (p->each > 1) ls_log_plain("   (each %jdth epoch; metrics.jsonl has all)", p->each);
  if (p->marks && p->lines == 1) ls_log_plain("   + a checkpoint is saved, * the best so far");
  snprintf(cell[BESIDE_LOSS], LS_TEXT, "%s_loss", beside);
  snprintf(cell[BESIDE_ACCURACY], LS_TEXT, "%s_acc", beside);
  tell_row(p, cell);
}

/* A column has no room for more. */
static void whole_days(char *duration) {
  char *days = strstr(duration, " d");
  if (days) days[2] = '\0';
}

static void keep_row(ls_progress *p, int64_t step) {
  if (p->rows == ROWS_KEPT) memmove(p->row, p->row + 1, (size_t)--p->rows * sizeof *p->row);
  p->row[p->rows].step = p->shown = step;
  p->row[p->rows++].at = ls_log_lines();
}

void ls_progress_epoch(ls_progress *p, const ls_progress_row *row) {
  if (!p || !p->table) return;
  double now = ls_time();
  bool last = row->last || row->step >= p->args.steps;
  if (row->epoch % p->each != 0 && row->epoch != 1 && !last && now - p->spoke < SLOW_SECONDS)
    return;
  bar_off(p);
  p->spoke = now;
  header(p);
  cells cell;
  const char saved = p->saved ? '+' : ' ', best = row->best ? '*' : ' ';
  snprintf(cell[EPOCH], LS_TEXT, "%c%c%6jd", saved, best, row->epoch);
  ls_text_number(row->loss, 'g', 5, cell[LOSS]);
  ls_text_number(row->accuracy, 'f', 4, cell[ACCURACY]);
  ls_text_number(row->beside_loss, 'g', 5, cell[BESIDE_LOSS]);
  ls_text_number(row->beside_accuracy, 'f', 4, cell[BESIDE_ACCURACY]);
  ls_text_number(row->lr, 'g', 3, cell[RATE]);
  ls_text_count(row->samples_per_s, cell[SPEED]);
  whole_days(ls_text_duration(now - p->start, cell[PASSED]));
  whole_days(ls_text_duration(seconds_left(p, row->step, now), cell[LEFT]));
  keep_row(p, row->step);
  tell_row(p, cell);
  LS_FREE(p->saved);
}

/* Into the row of its epoch: up to it, and back to where the cursor was. False where it has left
 * the screen. */
static bool mark(const ls_progress *p, int row) {
  char keys[48];
  const int64_t up = ls_log_lines() - p->row[row].at;
  if (up >= ls_terminal_rows(STDERR_FILENO)) return false;
  int length = snprintf(keys, sizeof keys, "\0337\033[%jdA\r+\0338", up);
  return write(STDERR_FILENO, keys, (size_t)length) == length;
}

void ls_progress_committed(ls_progress *p, int64_t step, const char *dir, const char *name) {
  int row = 0;
  char *line = ls_mem_format("committed %jd %s/%s", step, dir, name);
  while (p && row < p->rows && p->row[row].step < step) row++;
  const bool marks = p && p->marks;
  if (marks && row == p->rows && step > p->shown && p->args.steps > step) {
    LS_FREE(p->saved);
    p->saved = line;
    return;
  }
  if (!marks || row == p->rows || !mark(p, row)) ls_log_plain("%s", line);
  LS_FREE(line);
}

/* ---- the end ---- */

static const double UNEVEN = 1.25; /* slowest rank against the average, in compute */

/* What would help where one kind of work takes too much of the time; NULL: nothing that
 * is not so already. */
static const char *advice(const ls_progress_summary *s, const char *work, double fraction) {
  if (strcmp(work, "wait") == 0 && fraction > 0.25 && s->ranks > 1)
    return "ranks spend this long waiting for one another: fewer ranks, a larger train.batch, or a "
           "slow node to look for";
  if (strcmp(work, "reduce") == 0 && fraction > 0.40 && s->ranks > 1)
    return "summing gradients takes most of an update: a larger train.batch or fewer ranks";
  if (strcmp(work, "data") == 0 && fraction > 0.20 && s->streamed)
    return "the data cannot keep up: a local disk, fewer ranks a node, or data.load: memory";
  if (strcmp(work, "data") == 0 && fraction > 0.20 && !s->full_batch)
    return "gathering samples takes long: a larger train.batch";
  if (strcmp(work, "eval") == 0 && fraction > 0.30 && s->evaluates)
    return "evaluation takes long: eval.every: N epochs";
  if (strcmp(work, "checkpoint") == 0 && fraction > 0.10 && s->saves)
    return s->async ? "saving takes long: checkpoint.every: N epochs"
                    : "saving takes long: checkpoint.async: true, or checkpoint.every: N epochs";
  return NULL;
}

/* Of a run that is over in a second nothing can be said. */
static void give_hints(const ls_progress_summary *s) {
  for (int i = 0; i < s->times && s->seconds >= 1; i++) {
    const ls_progress_time *spent = &s->time[i];
    const char *text = advice(s, spent->name, spent->avg / s->seconds);
    if (text) ls_log_plain("hint: %s %.0f%%: %s", spent->name, 100 * spent->avg / s->seconds, text);
    if (strcmp(spent->name, "compute") == 0 && spent->max > UNEVEN * spent->avg && s->ranks > 1)
      ls_log_plain(
          "hint: the slowest rank computes %.1f times as long as the average: a busy or slower "
          "node, or cores shared by ranks",
          spent->max / spent->avg);
  }
}

static void tell_pair(const char *what, double loss, double accuracy) {
  char text[LS_TEXT], more[LS_TEXT + 16] = "";
  if (isnan(loss) && isnan(accuracy)) return;
  if (!isnan(accuracy)) snprintf(more, sizeof more, ", accuracy %.4f", accuracy);
  ls_log_plain("%s: loss %s%s", what, ls_text_number(loss, 'g', 6, text), more);
}

void ls_progress_end(ls_progress *p, const ls_progress_summary *s) {
  if (!p || !p->table) return;
  bar_off(p);
  tell_saved(p);
  char time_text[LS_TEXT], rate[LS_TEXT], samples[LS_TEXT];
  ls_log_plain("%s: %jd epochs, %jd updates, %s samples in %s (%s/s)", s->exit, s->epochs, s->steps,
               ls_text_count((double)s->samples, samples), ls_text_duration(s->seconds, time_text),
               ls_text_count(s->samples_per_s, rate));
  tell_pair("train", s->loss, s->accuracy);
  tell_pair("test", s->test_loss, s->test_accuracy);
  if (s->best_metric && s->best_step > 0)
    ls_log_plain("best: %s %.6g at step %jd", s->best_metric, s->best_value, s->best_step);
  else if (s->best_metric && !isnan(s->best_value))
    ls_log_plain("best: none, no %s was better than predicting the mean of the targets",
                 s->best_metric);
  if (s->times > 0 && s->seconds > 0) {
    ls_log_plain("%-18s %6s %10s %10s %10s", "where the time went", "share", "min s", "avg s",
                 "max s");
    for (int i = 0; i < s->times; i++)
      ls_log_plain("  %-17s %5.1f%% %10.4g %10.4g %10.4g", s->time[i].name,
                   100 * s->time[i].avg / s->seconds, s->time[i].min, s->time[i].avg,
                   s->time[i].max);
    give_hints(s);
  }
  if (s->run) ls_log_plain("run: %s", s->run);
  if (s->next) ls_log_plain("next: %s", s->next);
}
