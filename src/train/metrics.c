#include "train/metrics.h"

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

static const char *const columns[] = {
    "epoch", "global_step", "loss",          "accuracy", "mae",       "rmse",
    "r2",    "val_loss",    "val_accuracy",  "val_rmse", "test_loss", "test_accuracy",
    "lr",    "grad_norm",   "samples_per_s", "seconds",  NULL};

struct ls_metrics {
  int jsonl, csv; /* file descriptors, -1: not wanted */
  char *dir;
};

static ls_status append(const ls_metrics *m, int fd, const char *name, const char *text,
                        size_t bytes) {
  while (bytes > 0) {
    ssize_t wrote = write(fd, text, bytes);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return ls_fail(LS_EIO, "%s/%s: can't write: %s", m->dir, name, strerror(errno));
    text += wrote;
    bytes -= (size_t)wrote;
  }
  return LS_OK;
}

static char *csv_header(void) {
  char *text = ls_mem_text(columns[0]);
  for (int i = 1; columns[i]; i++) {
    char *longer = ls_mem_format("%s,%s", text, columns[i]);
    LS_FREE(text);
    text = longer;
  }
  return text;
}

static char *csv_cell(const json_t *value) {
  if (!value || json_is_null(value)) return ls_mem_text("");
  if (json_is_integer(value)) return ls_mem_format("%lld", (long long)json_integer_value(value));
  return ls_mem_format("%.17g", json_real_value(value));
}

static char *csv_line(const json_t *event) {
  char *text = ls_mem_text("");
  for (int i = 0; columns[i]; i++) {
    char *cell = csv_cell(json_object_get(event, columns[i]));
    char *longer = ls_mem_format("%s%s%s", text, i ? "," : "", cell);
    LS_FREE(cell);
    LS_FREE(text);
    text = longer;
  }
  return text;
}

static ls_status put_line(ls_metrics *m, int fd, const char *name, char *line) {
  char *whole = ls_mem_format("%s\n", line); /* one write a line */
  ls_status status = append(m, fd, name, whole, strlen(whole));
  LS_FREE(whole);
  LS_FREE(line);
  return status;
}

static bool is_event(const json_t *event, const char *name) {
  const char *text = json_string_value(json_object_get(event, "event"));
  return text && strcmp(text, name) == 0;
}

ls_status ls_metrics_event(ls_metrics *m, json_t *event) {
  ls_status status = LS_OK;
  if (m && m->jsonl >= 0) status = put_line(m, m->jsonl, "metrics.jsonl", ls_json_line(event));
  if (m && m->csv >= 0 && status == LS_OK && is_event(event, "epoch"))
    status = put_line(m, m->csv, "metrics.csv", csv_line(event));
  json_decref(event);
  return status;
}

ls_status ls_metrics_sync(ls_metrics *m) {
  if (m && m->jsonl >= 0 && fdatasync(m->jsonl) != 0)
    return ls_fail(LS_EIO, "%s/metrics.jsonl: can't reach the disk: %s", m->dir, strerror(errno));
  if (m && m->csv >= 0 && fdatasync(m->csv) != 0)
    return ls_fail(LS_EIO, "%s/metrics.csv: can't reach the disk: %s", m->dir, strerror(errno));
  return LS_OK;
}

/* ---- cutting back, from the end ---- */

/* Lines come in the order of the steps, but for a checkpoint's, which tells when it was durable. So
 * the file's end is looked at backwards, to the last line that surely stays; the few behind it that
 * stay too are put at its heels. */
enum { LATE_BYTES = 1 << 26 };
typedef struct late {
  struct late *next;
  size_t bytes;
  char text[];
} late;
typedef struct {
  int64_t base; /* bytes that stay as they are */
  late *late;   /* in the file's order */
  size_t late_bytes;
  bool has_checkpoint;
  int64_t last_epoch; /* global_step of the last epoch event that stays; -1: none */
} cut;

typedef enum { GOES, STAYS, STAYS_LATE } fate;

static fate fate_of(const json_t *event, int64_t step) {
  const json_t *at = json_object_get(event, "global_step");
  if (is_event(event, "start")) return STAYS_LATE;
  if (!at || is_event(event, "end") || json_integer_value(at) > step) return GOES;
  return is_event(event, "checkpoint") ? STAYS_LATE : STAYS;
}

static ls_status keep_late(cut *c, const ls_line *line) {
  late *l;
  c->late_bytes += line->bytes + 1;
  if (c->late_bytes > LATE_BYTES)
    return ls_fail(LS_EIO,
                   "metrics.jsonl has more than %d bytes of starts and checkpoints at its end",
                   LATE_BYTES);
  LS_TRY(ls_mem_new((void **)&l, sizeof *l + line->bytes + 1, 1));
  *l = (late){c->late, line->bytes + 1};
  memcpy(l->text, line->text, line->bytes);
  l->text[line->bytes] = '\n';
  c->late = l;
  return LS_OK;
}

static void note_epoch(cut *c, const json_t *event) {
  if (is_event(event, "epoch"))
    c->last_epoch = json_integer_value(json_object_get(event, "global_step"));
}

static ls_status judge_line(cut *c, const ls_line *line, int64_t step, bool *found) {
  json_t *event = json_loadb(line->text, line->bytes, 0, NULL);
  fate f = fate_of(event, step);
  ls_status status = LS_OK;
  if (f == STAYS_LATE) {
    status = keep_late(c, line);
    c->has_checkpoint |= is_event(event, "checkpoint") &&
                         json_integer_value(json_object_get(event, "global_step")) == step;
  }
  *found = f == STAYS;
  if (f == STAYS) {
    c->base = line->offset + (int64_t)line->bytes + 1;
    note_epoch(c, event);
  }
  json_decref(event);
  return status;
}

/* Our own lines begin with their event: what is not asked for need not be parsed. */
static bool is_step(const ls_line *line) {
  static const char begin[] = "{\"event\":\"step\"";
  return line->bytes >= sizeof begin - 1 && !memcmp(line->text, begin, sizeof begin - 1);
}

static ls_status find_epoch(ls_lines *lines, cut *c) {
  ls_line line;
  while (c->last_epoch < 0) {
    LS_TRY(ls_lines_previous(lines, &line));
    if (!line.text) return LS_OK;
    if (is_step(&line)) continue;
    json_t *event = json_loadb(line.text, line.bytes, 0, NULL);
    note_epoch(c, event);
    json_decref(event);
  }
  return LS_OK;
}

static ls_status find_cut(ls_lines *lines, int64_t step, cut *c) {
  ls_line line;
  for (bool found = false; !found;) {
    LS_TRY(ls_lines_previous(lines, &line));
    if (!line.text) return LS_OK;
    LS_TRY(judge_line(c, &line, step, &found));
  }
  return find_epoch(lines, c);
}

/* First the lines that stay, then the new end: a kill in between leaves a file that can be cut
 * again. */
static ls_status write_at(int fd, const char *name, int64_t offset, const char *text,
                          size_t bytes) {
  while (bytes > 0) {
    ssize_t wrote = pwrite(fd, text, bytes, offset);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return ls_fail(LS_EIO, "cannot write '%s': %s", name, strerror(errno));
    text += wrote;
    bytes -= (size_t)wrote;
    offset += wrote;
  }
  return LS_OK;
}

static ls_status put_late(int fd, const char *name, cut *c) {
  for (const late *l = c->late; l; l = l->next) {
    LS_TRY(write_at(fd, name, c->base, l->text, l->bytes));
    c->base += (int64_t)l->bytes;
  }
  return LS_OK;
}

static void free_late(late *l) {
  for (late *next; l; l = next) {
    next = l->next;
    ls_mem_free(l);
  }
}

static ls_status end_at(int fd, const char *name, int64_t bytes) {
  if (ftruncate(fd, bytes) == 0 && fdatasync(fd) == 0) return LS_OK;
  return ls_fail(LS_EIO, "cannot cut '%s' back: %s", name, strerror(errno));
}

static ls_status cut_jsonl(int fd, const char *name, int64_t step, cut *c) {
  ls_lines *lines;
  LS_TRY(ls_lines_new(fd, name, 0, &lines));
  ls_status status = find_cut(lines, step, c);
  ls_lines_free(&lines);
  if (status == LS_OK) status = put_late(fd, name, c);
  if (status == LS_OK) status = end_at(fd, name, c->base);
  free_late(c->late);
  c->late = NULL;
  return status;
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

/* Cut back to `step`; *last: that of the last row that stays, -1: none does, not even the header.
 */
static ls_status cut_csv(int fd, const char *name, int64_t step, int64_t *last) {
  ls_lines *lines;
  ls_line line;
  int64_t end = 0;
  *last = -1;
  LS_TRY(ls_lines_new(fd, name, 0, &lines));
  ls_status status = LS_OK;
  do status = ls_lines_previous(lines, &line);
  while (status == LS_OK && line.text && row_step(&line) > step);
  if (status == LS_OK && line.text) {
    end = line.offset + (int64_t)line.bytes + 1;
    *last = row_step(&line);
  }
  ls_lines_free(&lines);
  return status == LS_OK ? end_at(fd, name, end) : status;
}

static ls_status put_epochs(ls_metrics *m, ls_lines *lines) {
  ls_line line;
  for (;;) {
    LS_TRY(ls_lines_next(lines, &line));
    if (!line.text) return LS_OK;
    if (is_step(&line)) continue;
    json_t *event = json_loadb(line.text, line.bytes, 0, NULL);
    ls_status status =
        is_event(event, "epoch") ? put_line(m, m->csv, "metrics.csv", csv_line(event)) : LS_OK;
    json_decref(event);
    LS_TRY(status);
  }
}

/* All rows again, from the events. */
static ls_status rebuild_csv(ls_metrics *m, int events, const char *name) {
  ls_lines *lines;
  if (ftruncate(m->csv, 0) != 0 || lseek(m->csv, 0, SEEK_SET) != 0)
    return ls_fail(LS_EIO, "%s/metrics.csv: cannot empty it: %s", m->dir, strerror(errno));
  LS_TRY(put_line(m, m->csv, "metrics.csv", csv_header()));
  if (events < 0) return LS_OK;
  LS_TRY(ls_lines_new(events, name, 0, &lines));
  ls_status status =
      lseek(events, 0, SEEK_SET) == 0
          ? put_epochs(m, lines)
          : ls_fail(LS_EIO, "cannot go back to the beginning of '%s': %s", name, strerror(errno));
  ls_lines_free(&lines);
  return status;
}

/* What a kill, another output.log or an older lockstep left out is made again. */
static ls_status mend_csv(ls_metrics *m, int events, const char *jsonl, const char *csv,
                          int64_t step, const cut *c) {
  int64_t last;
  LS_TRY(cut_csv(m->csv, csv, step, &last));
  bool rows_only = c->base == 0;
  if (lseek(m->csv, 0, SEEK_END) > 0 && (rows_only || last == c->last_epoch)) return LS_OK;
  return rebuild_csv(m, rows_only ? -1 : events, jsonl);
}

/* ---- opening ---- */

static ls_status append_only(int fd, const char *name) {
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_APPEND) == 0) return LS_OK;
  return ls_fail(LS_EIO, "cannot append to '%s': %s", name, strerror(errno));
}

static ls_status open_fresh(ls_metrics *m, const char *jsonl, const char *csv) {
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW;
  if (jsonl) LS_TRY(ls_regular_open(jsonl, flags, &m->jsonl));
  if (!csv) return LS_OK;
  LS_TRY(ls_regular_open(csv, flags, &m->csv));
  return put_line(m, m->csv, "metrics.csv", csv_header());
}

/* events: metrics.jsonl, cut back where it is there, also if no more is to be written to it; -1. */
static ls_status open_old(ls_metrics *m, const char *jsonl, const char *csv, bool more,
                          int64_t step, int *events, cut *c) {
  if (more || access(jsonl, F_OK) == 0)
    LS_TRY(ls_regular_open(jsonl, O_RDWR | (more ? O_CREAT : 0) | O_NOFOLLOW, events));
  if (*events >= 0) LS_TRY(cut_jsonl(*events, jsonl, step, c));
  if (csv) {
    LS_TRY(ls_regular_open(csv, O_RDWR | O_CREAT | O_NOFOLLOW, &m->csv));
    LS_TRY(mend_csv(m, *events, jsonl, csv, step, c));
    LS_TRY(append_only(m->csv, csv));
  }
  return more ? append_only(*events, jsonl) : LS_OK;
}

static ls_status resume(ls_metrics *m, const char *jsonl, const char *csv, bool more, int64_t step,
                        const char *checkpoint_file) {
  int events = -1;
  cut c = {.last_epoch = -1};
  ls_status status = open_old(m, jsonl, csv, more, step, &events, &c);
  if (more)
    m->jsonl = events;
  else if (events >= 0)
    close(events);
  if (status == LS_OK && more && c.base > 0 && checkpoint_file && !c.has_checkpoint)
    status = ls_metrics_event(
        m, json_pack("{s:s, s:I, s:s, s:n, s:n}", "event", "checkpoint", "global_step",
                     (json_int_t)step, "file", checkpoint_file, "stall_ms", "commit_ms"));
  return status;
}

ls_status ls_metrics_open(const char *dir, bool jsonl, bool csv, int64_t resume_step,
                          const char *checkpoint_file, ls_metrics **out) {
  ls_metrics *m;
  LS_NEW(m, 1);
  *out = m;
  *m = (ls_metrics){-1, -1, ls_mem_text(dir)};
  char *events = ls_mem_format("%s/metrics.jsonl", dir),
       *rows = ls_mem_format("%s/metrics.csv", dir);
  const char *table = csv ? rows : NULL;
  ls_status status;
  if (resume_step < 0)
    status = open_fresh(m, jsonl ? events : NULL, table);
  else
    status = resume(m, events, table, jsonl, resume_step, checkpoint_file);
  LS_FREE(events);
  LS_FREE(rows);
  return status;
}

void ls_metrics_close(ls_metrics **out) {
  ls_metrics *m = *out;
  if (!m) return;
  if (m->jsonl >= 0) close(m->jsonl);
  if (m->csv >= 0) close(m->csv);
  LS_FREE(m->dir);
  LS_FREE(*out);
}
