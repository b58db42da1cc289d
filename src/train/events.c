/* events.c - the hard part is going on: metrics.jsonl is read backwards to the last line that
 * surely stays (find_sure), the few behind it that stay are moved up (keep_late), and the rest
 * is cut; metrics.csv is made anew where it does not fit. Begin with resume. */
#include "train/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/json.h"
#include "io/lines.h"
#include "io/regular.h"
#include "view/history.h"

static const char *const columns[] = {
    "epoch", "global_step", "loss",          "accuracy", "mae",       "rmse",
    "r2",    "val_loss",    "val_accuracy",  "val_rmse", "test_loss", "test_accuracy",
    "lr",    "grad_norm",   "samples_per_s", "seconds",  NULL};

typedef struct {
  int fd; /* -1: not wanted, and not there */
  char *name;
} log_file;

struct ls_events {
  log_file jsonl, csv;
  bool more; /* events are to be written; else metrics.jsonl is only cut back */
  /* of a resume */
  int64_t step;
  int64_t end;        /* of metrics.jsonl, in bytes */
  int64_t last_epoch; /* global_step of the last epoch event that stays; -1: none */
  int64_t start;      /* step of the last start that stays behind `end`; -1: none */
  int64_t saved;      /* the same of a checkpoint, and its file */
  char saved_file[64];
};

/* ---- writing ---- */

/* offset -1: at the end. */
static ls_status write_at(const log_file *f, const char *text, size_t bytes, int64_t offset) {
  while (bytes > 0) {
    ssize_t wrote = offset < 0 ? write(f->fd, text, bytes) : pwrite(f->fd, text, bytes, offset);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return ls_fail(LS_EIO, "%s: cannot write: %s", f->name, strerror(errno));
    text += wrote;
    bytes -= (size_t)wrote;
    if (offset >= 0) offset += wrote;
  }
  return LS_OK;
}

/* One write a line; takes it. */
static ls_status put_line(const log_file *f, char *line) {
  char *whole = ls_mem_format("%s\n", line);
  ls_status status = write_at(f, whole, strlen(whole), -1);
  LS_FREE(whole);
  LS_FREE(line);
  return status;
}

static char *csv_cell(const json_t *event, const char *column) {
  const json_t *value = json_object_get(event, column);
  if (!event) return ls_mem_text(column);
  if (!value || json_is_null(value)) return ls_mem_text("");
  if (json_is_integer(value)) return ls_mem_format("%lld", (long long)json_integer_value(value));
  return ls_mem_format("%.17g", json_real_value(value));
}

/* event NULL: the header. */
static ls_status put_row(ls_events *e, const json_t *event) {
  char *text = ls_mem_text("");
  for (int i = 0; columns[i]; i++) {
    char *cell = csv_cell(event, columns[i]),
         *longer = ls_mem_format("%s%s%s", text, i ? "," : "", cell);
    LS_FREE(cell);
    LS_FREE(text);
    text = longer;
  }
  return put_line(&e->csv, text);
}

static const char *text_of(const json_t *event, const char *key) {
  const char *text = json_string_value(json_object_get(event, key));
  return text ? text : "";
}

static bool is_event(const json_t *event, const char *name) {
  return !strcmp(text_of(event, "event"), name);
}

static int64_t number_of(const json_t *event, const char *key) {
  return json_integer_value(json_object_get(event, key));
}

static bool is_told(const ls_events *e, const json_t *event) {
  return is_event(event, "checkpoint") && number_of(event, "global_step") == e->saved &&
         !strcmp(text_of(event, "file"), e->saved_file);
}

json_t *ls_event(const char *name) {
  json_t *event = json_object();
  ls_put(event, "event", name);
  return event;
}

ls_status ls_events_put(ls_events *e, json_t *event) {
  ls_status status = LS_OK;
  if (e && e->more && !is_told(e, event)) status = put_line(&e->jsonl, ls_json_line(event));
  if (e && e->csv.fd >= 0 && status == LS_OK && is_event(event, "epoch"))
    status = put_row(e, event);
  json_decref(event);
  return status;
}

static ls_status sync_file(const log_file *f) {
  if (f->fd < 0 || fdatasync(f->fd) == 0) return LS_OK;
  return ls_fail(LS_EIO, "%s: cannot reach the disk: %s", f->name, strerror(errno));
}

ls_status ls_events_sync(ls_events *e) {
  if (!e) return LS_OK;
  LS_TRY(sync_file(&e->jsonl));
  return sync_file(&e->csv);
}

/* ---- cutting back ---- */

/* Lines come in the order of the steps, but for a checkpoint's, which tells when it was durable.
 * So the file is looked at backwards, to the last line that surely stays; the few behind it that
 * stay too are then put at its heels. Where a kill ends that, some are there twice: the order of
 * their steps tells, when it is cut again. */

static bool is_sure(const ls_events *e, const json_t *event) {
  bool late = is_event(event, "start") || is_event(event, "checkpoint") || is_event(event, "end");
  return json_object_get(event, "global_step") && !late &&
         number_of(event, "global_step") <= e->step;
}

static void note_saved(ls_events *e, int64_t step, const char *file) {
  e->saved = step;
  snprintf(e->saved_file, sizeof e->saved_file, "%s", file);
}

static bool stays_late(ls_events *e, const json_t *event) {
  int64_t step = number_of(event, is_event(event, "start") ? "resumed_from" : "global_step");
  if (is_event(event, "start") && step > e->start && step < e->step) {
    e->start = step;
    return true;
  }
  if (!is_event(event, "checkpoint") || step > e->step || step < e->saved || is_told(e, event))
    return false;
  note_saved(e, step, text_of(event, "file"));
  return true;
}

static ls_status find_sure(ls_events *e, ls_lines *lines) {
  ls_line line;
  while (e->last_epoch < 0) {
    LS_TRY(ls_lines_previous(lines, &line));
    if (!line.text) return LS_OK;
    if (e->end > 0 && ls_history_step_line(&line)) continue;
    json_t *event = json_loadb(line.text, line.bytes, 0, NULL);
    bool sure = is_sure(e, event);
    if (sure && e->end == 0) e->end = line.offset + (int64_t)line.bytes + 1;
    if (sure && is_event(event, "epoch")) e->last_epoch = number_of(event, "global_step");
    json_decref(event);
  }
  return LS_OK;
}

/* The next line that is no step's, and its event; text NULL at the end. */
static ls_status next_event(ls_lines *lines, ls_line *line, json_t **event) {
  do LS_TRY(ls_lines_next(lines, line));
  while (line->text && ls_history_step_line(line));
  *event = line->text ? json_loadb(line->text, line->bytes, 0, NULL) : NULL;
  return LS_OK;
}

static ls_status keep_late(ls_events *e, ls_lines *lines) {
  ls_line line;
  json_t *event;
  for (;;) {
    LS_TRY(next_event(lines, &line, &event));
    if (!line.text) return LS_OK;
    bool stays = stays_late(e, event);
    json_decref(event);
    if (!stays) continue;
    /* never behind what has been read */
    LS_TRY(write_at(&e->jsonl, line.text, line.bytes, e->end));
    LS_TRY(write_at(&e->jsonl, "\n", 1, e->end + (int64_t)line.bytes));
    e->end += (int64_t)line.bytes + 1;
  }
}

static ls_status put_epochs(ls_events *e, ls_lines *lines) {
  ls_line line;
  json_t *event;
  for (;;) {
    LS_TRY(next_event(lines, &line, &event));
    if (!line.text) return LS_OK;
    ls_status status = is_event(event, "epoch") ? put_row(e, event) : LS_OK;
    json_decref(event);
    LS_TRY(status);
  }
}

/* Go through metrics.jsonl from `offset` on, or backwards from its end. */
static ls_status walk(ls_events *e, int64_t offset, ls_status (*visit)(ls_events *, ls_lines *)) {
  ls_lines *lines;
  if (lseek(e->jsonl.fd, offset, SEEK_SET) < 0)
    return ls_fail(LS_EIO, "cannot read '%s' again: %s", e->jsonl.name, strerror(errno));
  LS_TRY(ls_lines_new(e->jsonl.fd, e->jsonl.name, 0, &lines));
  ls_status status = visit(e, lines);
  ls_lines_free(&lines);
  return status;
}

static ls_status end_at(const log_file *f, int64_t bytes) {
  if (ftruncate(f->fd, bytes) == 0 && lseek(f->fd, bytes, SEEK_SET) == bytes) return sync_file(f);
  return ls_fail(LS_EIO, "cannot cut '%s' back: %s", f->name, strerror(errno));
}

static ls_status cut_jsonl(ls_events *e) {
  LS_TRY(walk(e, 0, find_sure));
  LS_TRY(walk(e, e->end, keep_late));
  return end_at(&e->jsonl, e->end);
}

/* A line of metrics.csv: global_step is its second column, and no number in the header (-1). */
static int64_t row_step(const ls_line *line) {
  const char *comma = memchr(line->text, ',', line->bytes);
  char *end, number[32] = "";
  if (!comma) return -1;
  snprintf(number, sizeof number, "%.*s", (int)(line->text + line->bytes - comma - 1), comma + 1);
  int64_t step = strtoll(number, &end, 10);
  return end > number ? step : -1;
}

/* *bytes: of the rows up to the step; *last: that of the last, -1: there is none but the header. */
static ls_status cut_csv(ls_events *e, int64_t *bytes, int64_t *last) {
  ls_lines *lines;
  ls_line line;
  *bytes = 0;
  *last = -1;
  LS_TRY(ls_lines_new(e->csv.fd, e->csv.name, 0, &lines));
  ls_status status = LS_OK;
  do status = ls_lines_previous(lines, &line);
  while (status == LS_OK && line.text && row_step(&line) > e->step);
  if (status == LS_OK && line.text) {
    *bytes = line.offset + (int64_t)line.bytes + 1;
    *last = row_step(&line);
  }
  ls_lines_free(&lines);
  return status == LS_OK ? end_at(&e->csv, *bytes) : status;
}

/* What a kill, another output.log or an older lockstep left out is made again from the events. */
static ls_status mend_csv(ls_events *e) {
  int64_t bytes, last;
  LS_TRY(cut_csv(e, &bytes, &last));
  if (bytes > 0 && (e->end == 0 || last == e->last_epoch)) return LS_OK;
  LS_TRY(end_at(&e->csv, 0));
  LS_TRY(put_row(e, NULL));
  return e->end > 0 ? walk(e, 0, put_epochs) : LS_OK;
}

/* ---- opening ---- */

static ls_status append_only(const log_file *f) {
  int flags = f->fd < 0 ? 0 : fcntl(f->fd, F_GETFL);
  if (f->fd < 0 || (flags >= 0 && fcntl(f->fd, F_SETFL, flags | O_APPEND) == 0)) return LS_OK;
  return ls_fail(LS_EIO, "cannot append to '%s': %s", f->name, strerror(errno));
}

/* metrics.jsonl is cut back where it is there, also if no more is to be written to it. */
static ls_status resume(ls_events *e, const char *checkpoint_file) {
  if (e->jsonl.fd >= 0) LS_TRY(cut_jsonl(e));
  if (e->csv.fd >= 0) LS_TRY(mend_csv(e));
  const bool told = e->end == 0 || !checkpoint_file || e->saved >= e->step;
  if (told) return LS_OK;
  json_t *event = ls_event("checkpoint");
  ls_put(event, "global_step", e->step);
  ls_put(event, "file", checkpoint_file);
  ls_put(event, "stall_ms", json_null());
  ls_put(event, "commit_ms", json_null());
  LS_TRY(ls_events_put(e, event));
  note_saved(e, e->step, checkpoint_file);
  return LS_OK;
}

static ls_status open_files(ls_events *e, bool csv, const char *checkpoint_file) {
  bool fresh = e->step < 0;
  int flags = O_RDWR | O_CREAT | O_NOFOLLOW | (fresh ? O_TRUNC : 0);
  if (e->more || (!fresh && access(e->jsonl.name, F_OK) == 0))
    LS_TRY(ls_regular_open(e->jsonl.name, flags, &e->jsonl.fd));
  if (csv) LS_TRY(ls_regular_open(e->csv.name, flags, &e->csv.fd));
  if (!fresh)
    LS_TRY(resume(e, checkpoint_file));
  else if (csv)
    LS_TRY(put_row(e, NULL));
  LS_TRY(append_only(&e->jsonl));
  return append_only(&e->csv);
}

ls_status ls_events_open(const char *dir, bool jsonl, bool csv, int64_t resume_step,
                         const char *checkpoint_file, ls_events **out) {
  LS_NEW(*out, 1);
  **out = (ls_events){.jsonl = {-1, ls_mem_format("%s/metrics.jsonl", dir)},
                      .csv = {-1, ls_mem_format("%s/metrics.csv", dir)},
                      .more = jsonl,
                      .step = resume_step,
                      .last_epoch = -1,
                      .start = -1,
                      .saved = -1};
  return open_files(*out, csv, checkpoint_file);
}

void ls_events_close(ls_events **out) {
  ls_events *e = *out;
  if (!e) return;
  if (e->jsonl.fd >= 0) close(e->jsonl.fd);
  if (e->csv.fd >= 0) close(e->csv.fd);
  LS_FREE(e->jsonl.name);
  LS_FREE(e->csv.name);
  LS_FREE(*out);
}
