/* visit.c - the order in which things are put aside and given back; begin with ls_visit. A call
 * out of a call (a program's own message function) is known by the escape that is set already:
 * it keeps the outer one's error text, and leaves what that owes to its own end. */
#include "api/visit.h"

#include <fenv.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/real.h"

static const ls_log_sink silence = {0};

/* The C locale is always there, and asks for no memory. */
static locale_t c_locale(void) { return newlocale(LC_ALL_MASK, "C", (locale_t)0); }

static ls_status guarded(ls_status (*work)(void *), void *arg) {
  jmp_buf escape;
  if (setjmp(escape)) return LS_FAIL;
  ls_mem_escape(&escape);
  return work(arg);
}

static void tell(ls_status status, lockstep_error *error) {
  if (!error) return;
  error->status = (int32_t)status;
  snprintf(error->text, sizeof error->text, "%s", status == LS_OK ? "" : ls_error_text());
}

lockstep_status ls_visit(ls_status (*work)(void *), void *arg, const ls_log_sink *sink,
                         lockstep_error *error) {
  fenv_t numbers;
  char outer_text[LS_ERROR_TEXT];
  jmp_buf *const outer = ls_mem_escape(NULL); /* of a call whose messages this program takes */
  const ls_log_sink *const outer_sink = ls_log_diverted();
  const locale_t locale = uselocale(c_locale());
  if (outer) memcpy(outer_text, ls_error_text(), sizeof outer_text);
  fegetenv(&numbers);
  fesetenv(FE_DFL_ENV);
  ls_flush_denormals();
  ls_log_divert(sink ? sink : &silence);
  ls_status status = guarded(work, arg);
  ls_mem_escape(outer);
  ls_log_divert(outer_sink);
  tell(status, error);
  if (outer) ls_fail(LS_OK, "%s", outer_text);
  if (!outer) ls_mem_settle(LS_OK); /* what nobody asked for any more is forgotten */
  fesetenv(&numbers);
  uselocale(locale);
  return (lockstep_status)status;
}
