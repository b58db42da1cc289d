/* history.c - line by line: a step event that is not wanted is passed over unparsed, by how it
 * begins, and when there is no room every second one is dropped and the stride doubled. Of a
 * step that is told twice the later one counts. Begin with take_lines. */
#include "view/history.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/regular.h"

const char *const ls_history_names[] = {
    "epoch", "global_step",   "loss",    "accuracy",       "val_loss",      "val_accuracy",
    "lr",    "samples_per_s", "seconds", "staleness_mean", "staleness_max", NULL};

static double real(const json_t *value) {
  return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* A number that was not finite is null: infinite here, and NaN where there is none. */
static double logged(const json_t *event, const char *key) {
  const json_t *value = json_object_get(event, key);
  return json_is_null(value) ? INFINITY : real(value);
}

static int64_t whole(const json_t *event, const char *key) {
  return json_integer_value(json_object_get(event, key));
}

static ls_status make_room(ls_history_events *e, int columns) {
  if (e->n < e->room) return LS_OK;
  e->room = e->room > 0 ? 2 * e->room : 256;
  for (int c = 0; c < columns; c++) {
    double *larger;
    LS_NEW(larger, e->room);
    for (int64_t i = 0; i < e->n; i++) larger[i] = e->column[c][i];
    LS_FREE(e->column[c]);
    e->column[c] = larger;
  }
  return LS_OK;
}

/* A run that went on from a checkpoint may tell a step twice; the later one counts. */
static void drop_repeated(ls_history_events *events, double step) {
  while (events->n > 0 && events->column[LS_H_STEP][events->n - 1] >= step) events->n--;
}

/* Every second of them. */
static void thin_out(ls_history *h) {
  ls_history_events *e = &h->step;
  e->n /= 2;
  for (int c = 0; c < LS_H_COLUMNS + h->weights; c++)
    for (int64_t i = 0; i < e->n; i++) e->column[c][i] = e->column[c][2 * i];
  h->stride *= 2;
}

/* A run that went on may have begun, or ceased, to log weights: NaN where there are none. */
static ls_status begin_weights(ls_history *h, int count) {
  ls_history_events *e = &h->step;
  if (count > LS_H_WEIGHTS || (count > 0 && h->weights > 0 && count != h->weights))
    return ls_fail(LS_EDATA, "%d weights where there were %d", count, h->weights);
  for (; h->weights < count; h->weights++) {
    double **column = &e->column[LS_H_COLUMNS + h->weights];
    LS_NEW(*column, e->room);
    for (int64_t i = 0; i < e->n; i++) (*column)[i] = (double)NAN;
  }
  return LS_OK;
}

static ls_status take_row(ls_history *h, ls_history_events *e, const json_t *event) {
  bool logs = e == &h->step;
  const json_t *weights = logs ? json_object_get(event, "weights") : NULL;
  double step = real(json_object_get(event, "global_step"));
  if (isnan(step)) return ls_fail(LS_EDATA, "an event without global_step");
  drop_repeated(e, step);
  LS_TRY(make_room(e, LS_H_COLUMNS + (logs ? h->weights : 0)));
  LS_TRY(begin_weights(h, (int)json_array_size(weights)));
  for (int c = 0; c < LS_H_ASKED; c++) e->column[c][e->n] = logged(event, ls_history_names[c]);
  e->column[LS_H_ASKED][e->n] = h->asked ? logged(event, h->asked) : (double)NAN;
  for (int w = 0; logs && w < h->weights; w++)
    e->column[LS_H_COLUMNS + w][e->n] = real(json_array_get(weights, (size_t)w));
  e->n++;
  return LS_OK;
}

static void keep_end(ls_history *h, json_t *event) {
  json_decref(h->end);
  h->end = json_incref(event);
}

static void take_start(ls_history *h, const json_t *event) {
  keep_end(h, NULL);
  h->ranks = (int)whole(event, "ranks");
  h->steps_per_epoch = whole(event, "steps_per_epoch");
  h->parameters = whole(event, "parameters");
  h->ended = false;
  h->exit[0] = '\0';
}

static void take_end(ls_history *h, json_t *event) {
  keep_end(h, event);
  const char *how = json_string_value(json_object_get(event, "exit"));
  h->ended = true;
  snprintf(h->exit, sizeof h->exit, "%s", how ? how : "");
  h->dead = json_is_true(json_object_get(event, "dead"));
}

static ls_status take_line(ls_history *h, const char *line, size_t bytes) {
  json_error_t error;
  json_t *event = json_loadb(line, bytes, 0, &error);
  if (!event) return ls_fail(LS_EDATA, "%s", error.text);
  const char *kind = json_string_value(json_object_get(event, "event"));
  ls_status status = LS_OK;
  if (!kind)
    status = ls_fail(LS_EDATA, "an object without \"event\"");
  else if (strcmp(kind, "start") == 0)
    take_start(h, event);
  else if (strcmp(kind, "end") == 0)
    take_end(h, event);
  else if (strcmp(kind, "epoch") == 0)
    status = take_row(h, &h->epoch, event);
  else if (strcmp(kind, "step") == 0)
    status = take_row(h, &h->step, event);
  json_decref(event);
  return status;
}

bool ls_history_step_line(const ls_line *line) {
  static const char begin[] = "{\"event\":\"step\"";
  return line->bytes >= sizeof begin - 1 && !memcmp(line->text, begin, sizeof begin - 1);
}

static ls_status take_lines(ls_history *h, const char *path, int64_t steps, ls_lines *lines) {
  ls_line line;
  int64_t step = 0; /* events so far */
  for (int64_t number_of_line = 1;; number_of_line++) {
    LS_TRY(ls_lines_next(lines, &line));
    if (!line.text) return LS_OK;
    bool wanted = line.bytes > 0;
    if (wanted && ls_history_step_line(&line)) wanted = steps > 0 && step++ % h->stride == 0;
    if (!wanted) continue;
    if (steps > 0 && h->step.n == steps) thin_out(h);
    ls_status status = take_line(h, line.text, line.bytes);
    if (status != LS_OK) return ls_fail_prefix(status, "%s:%jd", path, number_of_line);
  }
}

/* In a run folder a file of its own; what the user names may be a pipe: one that nobody writes into
 * has no lines, instead of being waited for. */
static ls_status open_events(const char *path, bool folder, int *fd) {
  if (folder) return ls_regular_open(path, O_RDONLY | O_NOFOLLOW, fd);
  do *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  while (*fd < 0 && errno == EINTR);
  if (*fd >= 0) fcntl(*fd, F_SETFL, 0);
  return *fd >= 0 ? LS_OK : ls_fail(LS_EIO, "cannot open '%s': %s", path, strerror(errno));
}

static ls_status read_events(ls_history *h, const char *path, bool folder, int64_t steps) {
  int fd;
  ls_lines *lines = NULL;
  ls_status status = open_events(path, folder, &fd);
  if (status != LS_OK) return ls_fail(LS_EDATA, "no run in %s: %s", h->run, ls_error_text());
  status = ls_lines_new(fd, path, 0, &lines);
  if (status == LS_OK) status = take_lines(h, path, steps, lines);
  ls_lines_free(&lines);
  close(fd);
  if (status == LS_EDATA && !folder)
    return ls_fail(status, "%s: are these events of a run? its folder is asked for",
                   ls_error_text());
  return status == LS_EIO ? ls_fail(LS_EDATA, "%s", ls_error_text()) : status;
}

ls_status ls_history_read(const char *run, int64_t steps, ls_history **out) {
  return ls_history_read_asked(run, steps, NULL, out);
}

ls_status ls_history_read_asked(const char *run, int64_t steps, const char *asked,
                                ls_history **out) {
  ls_history *h;
  LS_NEW(h, 1);
  *out = h;
  h->run = ls_mem_text(run);
  h->asked = asked;
  h->stride = 1;
  const bool folder = ls_is_folder(run);
  char *path = folder ? ls_mem_format("%s/metrics.jsonl", run) : ls_mem_text(run);
  ls_status status = read_events(h, path, folder, steps);
  LS_FREE(path);
  if (status != LS_OK) ls_history_free(out);
  return status;
}

void ls_history_free(ls_history **history) {
  ls_history *h = *history;
  if (!h) return;
  for (int c = 0; c < LS_H_COLUMNS + LS_H_WEIGHTS; c++) {
    LS_FREE(h->epoch.column[c]);
    LS_FREE(h->step.column[c]);
  }
  json_decref(h->end);
  LS_FREE(h->run);
  LS_FREE(*history);
}

bool ls_history_has(const ls_history_events *events, ls_history_column column) {
  for (int64_t i = 0; i < events->n; i++)
    if (isfinite(events->column[column][i])) return true;
  return false;
}

ls_history_column ls_history_column_of(const char *name) {
  int c = 0;
  while (ls_history_names[c] && strcmp(ls_history_names[c], name) != 0) c++;
  return (ls_history_column)c;
}

double ls_history_end(const ls_history *h, const char *name) {
  return real(json_object_get(h->end, name));
}
