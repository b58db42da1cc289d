/* report.c - complaints in order of their places, with the line and a caret. */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "config/config.h"

enum { SHOWN_MAX = 60, LINE_SHOWN = 160 };

typedef struct ls_complaint {
  ls_place at;
  const char *path, *what;
  struct ls_complaint *next;
} complaint;

static bool before(ls_place a, ls_place b) {
  if (a.source != b.source) return a.source < b.source;
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

void ls_report_add(ls_report *report, ls_place at, const char *path, const char *format, ...) {
  char what[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  /* What is missing by default has no place of its own: the whole file's. */
  if (at.source == LS_SOURCE_DEFAULT) at = (ls_place){LS_SOURCE_FILE, 1, 1};
  complaint *fresh = ls_node_arena_new(report->arena, sizeof *fresh);
  *fresh = (complaint){at, ls_node_arena_text(report->arena, path, strlen(path)),
                       ls_node_arena_text(report->arena, what, strlen(what)), NULL};
  complaint **link = &report->first;
  while (*link && !before(at, (*link)->at)) link = &(*link)->next;
  fresh->next = *link;
  *link = fresh;
  report->count++;
}

const char *ls_report_hint(ls_report *report, const char *word, const char *const *words) {
  const char *near = ls_nearest(word, words);
  return near ? ls_node_arena_format(report->arena, "; did you mean '%s'?", near) : "";
}

/* What a terminal would act upon must not get there out of somebody's file. */
static void add_clean(ls_buffer *out, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '\t') c = ' ';
    ls_buffer_add(out, "%c", c < 0x20 || c == 0x7f ? '?' : c);
  }
}

static const char *line_start(const char *text, const char *end, int line) {
  for (; line > 1 && text < end; text++)
    if (*text == '\n') line--;
  return line > 1 ? NULL : text;
}

/* The line, cut where it is very long, and a caret under the column. */
static void add_source_line(ls_buffer *out, const ls_report *report, ls_place at) {
  const char *end = report->text + report->bytes, *line = line_start(report->text, end, at.line);
  if (!line) return;
  const char *stop = memchr(line, '\n', (size_t)(end - line));
  if (!stop) stop = end;
  if (stop > line && stop[-1] == '\r') stop--;
  if (memchr(line, 0, (size_t)(stop - line))) return; /* no text to be shown */
  int column = 1, from = at.column > LINE_SHOWN - 20 ? at.column - LINE_SHOWN / 2 : 1;
  while (line < stop && column < from) {
    do line++;
    while (line < stop && !ls_utf8_begins(*line));
    column++;
  }
  size_t length = (size_t)(stop - line) < LINE_SHOWN ? (size_t)(stop - line) : LINE_SHOWN;
  while (length && length < (size_t)(stop - line) && !ls_utf8_begins(line[length])) length--;
  ls_buffer_add(out, "\n  ");
  add_clean(out, line, length);
  ls_buffer_add(out, "\n  %*s^", at.column - from, "");
}

static void add_complaint(ls_buffer *out, const ls_report *report, const complaint *it) {
  if (it->at.source == LS_SOURCE_FILE)
    ls_buffer_add(out, "%s:%d:%d: error: ", report->name, it->at.line, it->at.column);
  else {
    ls_buffer_add(out, "command line: '");
    add_clean(out, report->override[it->at.source - 1],
              strlen(report->override[it->at.source - 1]));
    ls_buffer_add(out, "': error: ");
  }
  add_clean(out, it->what, strlen(it->what));
  if (it->path[0]) {
    ls_buffer_add(out, " [");
    add_clean(out, it->path, strlen(it->path));
    ls_buffer_add(out, "]");
  }
  if (it->at.source == LS_SOURCE_FILE) add_source_line(out, report, it->at);
}

void ls_report_broken(ls_report *report) {
  report->broken = ls_node_arena_format(report->arena, "%s", ls_error_text());
  report->count++; /* what was asked for is not there */
}

ls_status ls_report_end(const ls_report *report) {
  if (report->broken) return ls_fail(LS_FAIL, "%s", report->broken);
  if (!report->count) return LS_OK;
  ls_buffer out = {0};
  int shown = 0;
  for (const complaint *it = report->first; it && shown < SHOWN_MAX; it = it->next) {
    if (shown++) ls_buffer_add(&out, "\n");
    add_complaint(&out, report, it);
  }
  if (report->count > shown)
    ls_buffer_add(&out, "\n%s: and %d more errors", report->name, report->count - shown);
  ls_status status = ls_fail(LS_ECONFIG, "%s", out.text);
  LS_FREE(out.text);
  return status;
}
