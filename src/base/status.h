/* status.h - result codes, the error text, and the two checks.
 *
 * A status is the process's exit code (sysexits where one fits), so that no table maps one to the
 * other. Errors of the user or the machine are returned as a status with a text; our own bugs are
 * assert()s. */
#ifndef LS_BASE_STATUS_H
#define LS_BASE_STATUS_H

#include <stdint.h>

typedef enum {
  LS_OK = 0,
  LS_FAIL = 1,       /* anything that does not fit below; out of memory */
  LS_EUSAGE = 64,    /* unknown command or option, missing argument */
  LS_EDATA = 65,     /* data or checkpoint missing, damaged or not as the config says */
  LS_EINTERNAL = 70, /* ranks disagree, internal error */
  LS_EDIVERGED = 71, /* loss or weights not finite */
  LS_EIO = 74,       /* run folder not writable, not empty, locked; write errors */
  LS_ESTOPPED = 75,  /* stopped on a signal or time limit, checkpoint written */
  LS_ECONFIG = 78    /* config missing, wrong or contradictory */
} ls_status;

/* Record `text` (printf-style) as this thread's error and return `code`. A later call replaces the
 * text. */
ls_status ls_fail(ls_status code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Put "prefix: " before the recorded text; returns `code` so that it can end a function. */
ls_status ls_fail_prefix(ls_status code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* In a text an int64_t is a %jd, which on every Linux is of the same type. */
_Static_assert(_Generic((int64_t)0, intmax_t : 1, default : 0), "%jd prints an int64_t");
enum { LS_ERROR_TEXT = 32768 }; /* bytes that a text may have, its zero included */
/* The text recorded last on this thread ("" if none). Valid until the next ls_fail on this thread.
 */
const char *ls_error_text(void);

/* Return at once if `expr` fails. */
#define LS_TRY(expr)                      \
  do {                                    \
    ls_status ls_try_ = (expr);           \
    if (ls_try_ != LS_OK) return ls_try_; \
  } while (0)

/* Go to `label` if `expr` fails, with the code in `status` (a local of the caller). */
#define LS_TRY_TO(label, expr)       \
  do {                               \
    status = (expr);                 \
    if (status != LS_OK) goto label; \
  } while (0)

#endif
