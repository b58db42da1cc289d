/* status.c - one text a thread, in static memory, so that an error needs none. A new one is
 * made beside it first, as its arguments may point into the old one. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Config errors come many at once; a longer text is cut, with a mark. Static: an error must not
 * need memory. */
enum { TEXT_MAX = LS_ERROR_TEXT };
static _Thread_local char text[TEXT_MAX];

static void mark_cut(int length) {
  if (length >= TEXT_MAX) memcpy(text + TEXT_MAX - 5, " ...", 5);
}

ls_status ls_fail(ls_status code, const char *format, ...) {
  char fresh[TEXT_MAX]; /* the arguments may point into the old text */
  va_list args;
  va_start(args, format);
  int length = vsnprintf(fresh, sizeof fresh, format, args);
  va_end(args);
  memcpy(text, fresh, sizeof text);
  mark_cut(length);
  return code;
}

ls_status ls_fail_prefix(ls_status code, const char *format, ...) {
  char fresh[TEXT_MAX];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(fresh, sizeof fresh, format, args);
  va_end(args);
  if (length >= 0 && length < TEXT_MAX)
    length += snprintf(fresh + length, sizeof fresh - (size_t)length, ": %s", text);
  memcpy(text, fresh, sizeof text);
  mark_cut(length);
  return code;
}

const char *ls_error_text(void) { return text; }
