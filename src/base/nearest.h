/* nearest.h - "did you mean 'x'?" */
#ifndef LS_BASE_NEAREST_H
#define LS_BASE_NEAREST_H

#include "base/status.h"

/* Nearest word within a sensible edit distance, or NULL. words: NULL-terminated. */
const char *ls_nearest(const char *word, const char *const *words);
/* `code` with a text: what the format says, then "; did you mean 'near'?" or, where that is NULL,
 * `otherwise`. */
ls_status ls_fail_near(ls_status code, const char *near, const char *otherwise, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));

#endif
