/* journal.c - a run is known by the last line of its metrics.jsonl, by final.h5 and by
 * failed.json (ls_sweep_row_read). The second half ranks trials: a merge sort, so that equals
 * stay in order; sweep.csv has the machine's timings last. */
#include "cli/sweep/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/metric.h"
#include "config/number.h"
#include "io/durable.h"
#include "io/lines.h"
#include "io/regular.h"
#include "view/mean.h"
#include "view/text.h"

static const char failure_file[] = "failed.json";

/* ---- a run ---- */

/* The last whole line of a file; *out NULL: it is no event, or there is no such file. */
static ls_status last_event(const char *path, json_t **out) {
  ls_lines *lines;
  ls_line line;
  int fd;
  *out = NULL;
  if (access(path, F_OK) != 0) return LS_OK;
  LS_TRY(ls_regular_open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, &fd));
  ls_status status = ls_lines_new(fd, path, 0, &lines);
  if (status == LS_OK) status = ls_lines_previous(lines, &line);
  if (status == LS_OK && line.text) *out = json_loadb(line.text, line.bytes, 0, NULL);
  ls_lines_free(&lines);
  close(fd);
  return status;
}

static const char *text_member(const json_t *object, const char *name) {
  const char *text = json_string_value(json_object_get(object, name));
  return text ? text : "";
}

/* The end event of a run that has ended and is there, or waits at a rung. */
static void take_end(const char *folder, json_t *event, ls_sweep_row *row) {
  const char *exit = text_member(event, "exit");
  const bool whole = strcmp(exit, "done") == 0 || strcmp(exit, "early_stop") == 0,
             dead = json_is_true(json_object_get(event, "dead"));
  const bool ended = strcmp(text_member(event, "event"), "end") == 0;
  row->paused = ended && strcmp(exit, "rung") == 0;
  if (row->paused) row->end = json_incref(event);
  row->over = ended && (whole ? ls_file_in(folder, "final.h5") : strcmp(exit, "diverged") == 0);
  if (!row->over) return;
  row->good = whole && !dead;
  row->end = json_incref(event);
  snprintf(row->status, sizeof row->status, "%s", dead ? "dead" : exit);
}

static void take_failure(json_t *failure, ls_sweep_row *row) {
  const json_t *code = json_object_get(failure, "code");
  if (!json_is_integer(code)) return;
  row->over = true;
  snprintf(row->status, sizeof row->status, "failed %d", (int)json_integer_value(code));
  row->text = ls_mem_text(text_member(failure, "text"));
}

ls_status ls_sweep_row_read(const char *dir, const char *run, ls_sweep_row *row) {
  char *folder = ls_mem_format("%s/%s", dir, run),
       *events = ls_mem_format("%s/metrics.jsonl", folder),
       *failure = ls_mem_format("%s/%s", folder, failure_file);
  json_t *event = NULL, *failed = NULL;
  ls_sweep_row_free(row);
  snprintf(row->status, sizeof row->status, "unfinished");
  ls_status status = last_event(events, &event);
  if (status == LS_OK && event) take_end(folder, event, row);
  if (status == LS_OK && !row->over) status = last_event(failure, &failed);
  if (failed) take_failure(failed, row);
  json_decref(event);
  json_decref(failed);
  LS_FREE(folder);
  LS_FREE(events);
  LS_FREE(failure);
  return status;
}

void ls_sweep_row_free(ls_sweep_row *row) {
  LS_FREE(row->text);
  json_decref(row->end);
  *row = (ls_sweep_row){.rung = row->rung};
}

static ls_status find_epoch(ls_lines *lines, int64_t epoch, const char *metric, int64_t *last,
                            bool *found, double *value) {
  for (;;) {
    ls_line line;
    LS_TRY(ls_lines_previous(lines, &line));
    if (!line.text) return LS_OK;
    json_t *event = json_loadb(line.text, line.bytes, 0, NULL);
    const json_t *number = json_object_get(event, metric);
    const int64_t at = strcmp(text_member(event, "event"), "epoch") == 0
                           ? json_integer_value(json_object_get(event, "epoch"))
                           : 0;
    if (at > *last) *last = at;
    *found = at == epoch;
    if (*found && json_is_number(number)) *value = json_number_value(number);
    json_decref(event);
    if (at > 0 && at <= epoch) return LS_OK;
  }
}

ls_status ls_sweep_row_at(const char *dir, const char *run, int64_t epoch, const char *metric,
                          int64_t *last, bool *found, double *value) {
  char *path = ls_mem_format("%s/%s/metrics.jsonl", dir, run);
  ls_lines *lines = NULL;
  int fd = -1;
  const bool there = access(path, F_OK) == 0;
  *last = 0;
  *found = false;
  *value = (double)NAN;
  ls_status status = there ? ls_regular_open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, &fd) : LS_OK;
  if (status == LS_OK && there) status = ls_lines_new(fd, path, 0, &lines);
  if (status == LS_OK && there) status = find_epoch(lines, epoch, metric, last, found, value);
  ls_lines_free(&lines);
  if (fd >= 0) close(fd);
  LS_FREE(path);
  return status;
}

double ls_sweep_row_value(const ls_sweep_row *row, const char *metric) {
  const json_t *value = json_object_get(row->end, metric);
  return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

ls_status ls_sweep_row_fail(const char *dir, const char *run, ls_status code, const char *text) {
  char *folder = ls_mem_format("%s/%s", dir, run);
  json_t *failure = json_object(), *why = json_string(text);
  ls_put(failure, "code", (int)code);
  ls_put(failure, "text", why ? why : json_string("?"));
  ls_status status = ls_make_dirs(folder);
  if (status == LS_OK)
    status = ls_json_write(folder, failure_file, failure);
  else
    json_decref(failure);
  LS_FREE(folder);
  return status;
}

ls_status ls_sweep_row_retry(const char *dir, const char *run) {
  char *path = ls_mem_format("%s/%s/%s", dir, run, failure_file);
  const bool gone = unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR;
  ls_status status =
      gone ? LS_OK : ls_fail(LS_EIO, "%s: cannot remove it: %s", path, strerror(errno));
  LS_FREE(path);
  return status;
}

/* ---- sweep.csv ---- */

/* Members of the end event that depend on the machine and its load stand last. */
static bool is_timing(const char *name) {
  return strcmp(name, "seconds") == 0 || strcmp(name, "samples_per_s") == 0;
}

/* Names of columns: numbers that some end event has, in the order in which they are met. */
static json_t *metric_names(const ls_sweep *s) {
  json_t *names = json_object();
  for (int64_t i = 0; i < s->plan->runs; i++) {
    const char *name;
    json_t *value;
    json_object_foreach(s->row[i].end, name, value) {
      const bool number = json_is_number(value) || json_is_null(value);
      if (number && !is_timing(name) && !json_object_get(names, name))
        ls_put(names, name, json_null());
    }
  }
  return names;
}

static void put_number(FILE *to, const json_t *value) {
  char text[LS_NUMBER_TEXT] = "";
  if (json_is_integer(value))
    snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
  else if (json_is_number(value))
    ls_number_print(json_number_value(value), text);
  fprintf(to, ",%s", text);
}

static void put_head(FILE *to, const ls_sweep_plan *plan, json_t *names) {
  const char *name;
  json_t *none;
  fputs("trial,fold", to);
  for (int k = 0; k < plan->varies; k++) {
    fputc(',', to);
    ls_text_put_field(to, "", plan->vary[k].key);
  }
  fputs(",seed", to);
  json_object_foreach(names, name, none) fprintf(to, ",%s", name);
  fputs(",status,run,seconds,samples_per_s\n", to);
}

static void put_row(FILE *to, const ls_sweep *s, int64_t i, json_t *names) {
  const ls_sweep_plan *plan = s->plan;
  const ls_sweep_run *run = &plan->run[i];
  const ls_sweep_row *row = &s->row[i];
  const char *name;
  json_t *none;
  fprintf(to, "%jd,", run->trial);
  if (run->fold >= 0) fprintf(to, "%jd", run->fold);
  for (int k = 0; k < plan->varies; k++) {
    char *value = ls_sweep_value(plan, k, run->trial);
    fputc(',', to);
    ls_text_put_field(to, "", value);
    LS_FREE(value);
  }
  fprintf(to, ",%ju", run->seed);
  json_object_foreach(names, name, none) put_number(to, json_object_get(row->end, name));
  fprintf(to, ",%s,%s", row->status, run->name);
  put_number(to, json_object_get(row->end, "seconds"));
  put_number(to, json_object_get(row->end, "samples_per_s"));
  fputc('\n', to);
}

ls_status ls_sweep_csv_write(const ls_sweep *s) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *to = open_memstream(&text, &bytes);
  if (!to) return ls_fail(LS_FAIL, "no memory for sweep.csv");
  json_t *names = metric_names(s);
  put_head(to, s->plan, names);
  for (int64_t i = 0; i < s->plan->runs; i++) put_row(to, s, i, names);
  json_decref(names);
  const bool whole = fclose(to) == 0;
  ls_status status = whole ? ls_durable_write(s->dir, "sweep.csv", text, bytes, true)
                           : ls_fail(LS_FAIL, "no memory for sweep.csv");
  free(text);
  return status;
}

/* ---- the best ---- */

/* A test's metric is judged as the metric itself. */
static const char *bare(const char *metric) {
  const char *test = ls_metric_prefix[LS_SPLIT_TEST];
  const size_t length = strlen(test);
  return strncmp(metric, test, length) == 0 ? metric + length : metric;
}

bool ls_sweep_better(const char *metric, double value, double than) {
  return ls_metric_better(bare(metric), value, than, 0);
}

ls_metric ls_sweep_metric_of(const char *name, bool *test) {
  *test = bare(name) != name;
  return ls_metric_of(bare(name));
}

bool ls_sweep_metric_known(const char *metric) { return ls_metric_of(bare(metric)) < LS_NUMBERS; }

static void summarize(const ls_sweep_row *row, const double *value, ls_sweep_trial *t) {
  ls_mean all = {0};
  for (int64_t i = 0; i < t->runs; i++) {
    t->over += row[i].over;
    ls_mean_add(&all, value[i]);
  }
  t->rung = row[0].rung;
  t->good = all.n;
  t->mean = t->deviation = (double)NAN;
  if (t->good < t->runs) return;
  t->mean = ls_mean_value(&all);
  t->deviation = ls_mean_deviation(&all);
}

static bool goes_before(const char *metric, const ls_sweep_trial *a, const ls_sweep_trial *b) {
  if (a->rung != b->rung) return a->rung > b->rung;
  if (isnan(a->mean) || isnan(b->mean)) return isnan(b->mean) && !isnan(a->mean);
  return ls_sweep_better(metric, a->mean, b->mean);
}

/* Merge sort, so that equals stay in the order of their numbers. */
static void sort(const char *metric, ls_sweep_trial *t, ls_sweep_trial *room, int64_t n) {
  const int64_t half = n / 2;
  if (n < 2) return;
  sort(metric, t, room, half);
  sort(metric, t + half, room, n - half);
  memcpy(room, t, (size_t)n * sizeof *t);
  for (int64_t i = 0, a = 0, b = half; i < n; i++) {
    const bool second = a == half || (b < n && goes_before(metric, &room[b], &room[a]));
    t[i] = second ? room[b++] : room[a++];
  }
}

/* Of each run that ended well, or waits at a rung or was pruned there. */
static double value_of(const ls_sweep *s, int64_t i) {
  const ls_sweep_row *row = &s->row[i];
  return row->good || row->paused ? ls_sweep_row_value(row, s->metric) : (double)NAN;
}

/* room: for as many. */
static void rank(const ls_sweep *s, const double *value, ls_sweep_trial *t, ls_sweep_trial *room) {
  const int64_t each = s->plan->each;
  for (int64_t i = 0; i < s->plan->trials; i++) {
    t[i] = (ls_sweep_trial){.trial = i + 1, .runs = each};
    summarize(s->row + i * each, value + i * each, &t[i]);
  }
  sort(s->metric, t, room, s->plan->trials);
}

ls_status ls_sweep_rank(const ls_sweep *s, const double *value, ls_sweep_trial **out) {
  const size_t trials = (size_t)s->plan->trials;
  ls_sweep_trial *room = NULL;
  double *own;
  LS_NEW(own, s->plan->runs);
  for (int64_t i = 0; !value && i < s->plan->runs; i++) own[i] = value_of(s, i);
  ls_status status = ls_mem_new((void **)out, trials, sizeof **out);
  if (status == LS_OK) status = ls_mem_new((void **)&room, trials, sizeof *room);
  if (status == LS_OK)
    rank(s, value ? value : own, *out, room);
  else
    LS_FREE(*out);
  LS_FREE(room);
  LS_FREE(own);
  return status;
}
