#include "train/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/durable.h"
#include "io/json.h"

static const char *const columns[] = {
    "epoch", "global_step", "loss",          "accuracy", "mae",       "rmse",
    "r2",    "val_loss",    "val_accuracy",  "val_rmse", "test_loss", "test_accuracy",
    "lr",    "grad_norm",   "samples_per_s", "seconds",  NULL};
enum { METRICS_LIMIT = 1 << 30 };

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
  if (!m || m->jsonl < 0 || fdatasync(m->jsonl) == 0) return LS_OK;
  return ls_fail(LS_EIO, "%s/metrics.jsonl: can't reach the disk: %s", m->dir, strerror(errno));
}

/* ---- cutting back ---- */

typedef struct {
  char *text; /* kept lines */
  size_t bytes;
  bool has_checkpoint;
} kept;

static void keep(kept *k, const char *line, size_t bytes) {
  memcpy(k->text + k->bytes, line, bytes);
  k->bytes += bytes;
}

static void sift_line(kept *k, const char *line, size_t bytes, int64_t step) {
  json_t *event = json_loadb(line, bytes, 0, NULL);
  json_t *at = json_object_get(event, "global_step");
  bool start = is_event(event, "start");
  if (event && !is_event(event, "end") && (start || (at && json_integer_value(at) <= step))) {
    keep(k, line, bytes);
    if (is_event(event, "checkpoint") && json_integer_value(at) == step) k->has_checkpoint = true;
  }
  json_decref(event);
}

/* A line of metrics.csv; global_step is its second column, and no number in the header. */
static void sift_row(kept *k, const char *line, size_t bytes, int64_t step) {
  const char *comma = memchr(line, ',', bytes);
  char *end;
  if (comma && strtoll(comma + 1, &end, 10) <= step && end > comma + 1) keep(k, line, bytes);
}

/* What of an old file belongs to a run that has come to `step`. */
static ls_status sift(const char *dir, const char *name,
                      void (*line_of)(kept *, const char *, size_t, int64_t), int64_t step,
                      kept *k) {
  char *path = ls_mem_format("%s/%s", dir, name), *old = NULL;
  size_t bytes = 0;
  ls_status status =
      access(path, F_OK) == 0 ? ls_file_read(path, &old, &bytes, METRICS_LIMIT) : LS_OK;
  LS_FREE(path);
  LS_TRY(status);
  LS_NEW(k->text, bytes + 1);
  for (const char *line = old, *end; line && line < old + bytes; line = end + 1) {
    end = memchr(line, '\n', (size_t)(old + bytes - line));
    if (!end) break; /* a line that was not finished */
    line_of(k, line, (size_t)(end + 1 - line), step);
  }
  LS_FREE(old);
  return LS_OK;
}

static ls_status rebuild_csv(const ls_metrics *m, const kept *k) {
  const char *end;
  for (const char *line = k->text; line < k->text + k->bytes; line = end + 1) {
    end = memchr(line, '\n', (size_t)(k->text + k->bytes - line));
    json_t *event = json_loadb(line, (size_t)(end - line), 0, NULL);
    ls_status status = is_event(event, "epoch") ? put_line((ls_metrics *)(uintptr_t)m, m->csv,
                                                           "metrics.csv", csv_line(event))
                                                : LS_OK;
    json_decref(event);
    LS_TRY(status);
  }
  return LS_OK;
}

static ls_status open_one(ls_metrics *m, const char *name, bool empty, int *fd) {
  char *path = ls_mem_format("%s/%s", m->dir, name);
  *fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (empty ? O_TRUNC : 0), 0666);
  ls_status status =
      *fd >= 0 ? LS_OK : ls_fail(LS_EIO, "%s: can't open for writing: %s", path, strerror(errno));
  LS_FREE(path);
  return status;
}

/* rows: of the old metrics.csv, where there are no events to make them of again. */
static ls_status open_files(ls_metrics *m, bool jsonl, bool csv, const kept *k, const kept *rows) {
  if (k->bytes > 0 || (jsonl && k->text))
    LS_TRY(ls_durable_write(m->dir, "metrics.jsonl", k->text, k->bytes, true));
  if (jsonl) LS_TRY(open_one(m, "metrics.jsonl", !k->text, &m->jsonl));
  if (!csv) return LS_OK;
  LS_TRY(open_one(m, "metrics.csv", true, &m->csv));
  LS_TRY(put_line(m, m->csv, "metrics.csv", csv_header()));
  if (k->text) LS_TRY(rebuild_csv(m, k));
  return append(m, m->csv, "metrics.csv", rows->text, rows->bytes);
}

ls_status ls_metrics_open(const char *dir, bool jsonl, bool csv, int64_t resume_step,
                          const char *checkpoint_file, ls_metrics **out) {
  ls_metrics *m;
  kept k = {0}, rows = {0};
  LS_NEW(m, 1);
  *out = m;
  *m = (ls_metrics){-1, -1, ls_mem_text(dir)};
  if (resume_step >= 0) LS_TRY(sift(dir, "metrics.jsonl", sift_line, resume_step, &k));
  ls_status status =
      k.text && k.bytes == 0 ? sift(dir, "metrics.csv", sift_row, resume_step, &rows) : LS_OK;
  if (status == LS_OK) status = open_files(m, jsonl, csv, &k, &rows);
  if (status == LS_OK && k.text && checkpoint_file && !k.has_checkpoint)
    status = ls_metrics_event(
        m, json_pack("{s:s, s:I, s:s, s:n, s:n}", "event", "checkpoint", "global_step",
                     (json_int_t)resume_step, "file", checkpoint_file, "stall_ms", "commit_ms"));
  LS_FREE(k.text);
  LS_FREE(rows.text);
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
