/* instead.c - asked before YAML is tried, in this order: another Unicode, a known signature (if
 * there is a NUL byte too), HDF5 behind a user block, a table (two lines with separators, and
 * no key in the first). Begin at the bottom. */
#include "config/instead.h"

#include <string.h>

#include "base/decimal.h"
#include "base/utf8.h"
#include "io/h5sign.h"
#include "io/signature.h"

#define DATA "; a config names its data (lockstep config init prints one to start from)"

/* The next line of a text; its end. */
static const char *end_of_line(const char *at, const char *end) {
  const char *line_end = memchr(at, '\n', (size_t)(end - at));
  return line_end ? line_end : end;
}

static bool has_mark(const char *at, const char *end) {
  for (; at < end; at++)
    if (strchr(",;\t", *at) && *at) return true;
  return false;
}

/* Are there several numbers between blanks? */
static bool has_numbers(const char *at, const char *end) {
  int numbers = 0;
  double value;
  for (const char *from = at; from <= end; from = at + 1) {
    for (at = from; at < end && !strchr(" \r\n", *at);) at++;
    numbers += ls_decimal(from, (size_t)(at - from), &value);
  }
  return numbers > 1;
}

/* Do the first two lines have separators, and the first neither a key nor what begins a list, a
 * comment or the like? */
static bool is_table(const char *text, size_t bytes) {
  const char *end = text + bytes, *first = end_of_line(text, end);
  const char *second = first < end ? end_of_line(first + 1, end) : first;
  if (first == text || strchr("{[-#%?", *text) || first[-1] == ':') return false;
  if (memmem(text, (size_t)(first - text), ": ", 2)) return false;
  return (has_mark(text, first) && has_mark(first, second)) ||
         (first < end && has_numbers(first + 1, second));
}

bool ls_config_is_else(ls_report *report, const char *text, size_t bytes) {
  const ls_place top = {LS_SOURCE_FILE, 1, 1};
  const ls_signature *known = ls_signature_of(text, bytes);
  const char *unicode = ls_utf8_instead(text, bytes);
  const bool binary = bytes > 0 && memchr(text, 0, bytes);
  if (unicode)
    ls_report_add(report, top, "", "%s text; save it as UTF-8 (iconv -f %s -t utf-8)",
                  unicode[4] == '3' ? "UTF-32" : "UTF-16", unicode);
  else if (known && binary)
    ls_report_add(report, top, "", "%s, where a config must be" DATA, known->what);
  else if (binary && ls_h5_signature_in(text, bytes) >= 0)
    ls_report_add(report, top, "",
                  "an HDF5 file, where a config must be; of a run that is "
                  "config.yaml in its folder");
  else if (is_table(text, bytes))
    ls_report_add(report, top, "", "a table, where a config must be" DATA);
  else
    return false;
  return true;
}
