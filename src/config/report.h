/* report.h - every error of a config, collected, sorted by place and shown with its line and a
 * caret. */
#ifndef LS_CONFIG_REPORT_H
#define LS_CONFIG_REPORT_H

#include <stdbool.h>

#include "config/node.h"

typedef struct {
  ls_node_arena *arena;
  const char *name; /* the file, as the user called it */
  const char *text; /* its bytes */
  size_t bytes;
  char *const *override;
  struct ls_complaint *first; /* sorted by place */
  int count;
  const char *broken; /* ls_report_broken */
} ls_report;

/* `what` about `path` ("" for the whole file), found at `at`. */
void ls_report_add(ls_report *report, ls_place at, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* ls_error_text() is the machine's fault and none of the file's: it is all that the report says. */
void ls_report_broken(ls_report *report);
/* LS_OK; LS_ECONFIG with all of them as the text; LS_FAIL where something was broken. */
ls_status ls_report_end(const ls_report *report);
/* "; did you mean 'x'?" for the word of `words` (NULL-terminated) nearest to `word`, or "". In the
 * arena. */
const char *ls_report_hint(ls_report *report, const char *word, const char *const *words);

#endif
