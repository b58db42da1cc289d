/* refuse.c - the one shape of a located message, "PLACE: what (it is 3); remedy"; places come
 * from the source's format. Begin with ls_refuse_missing. */
#include "data/refuse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/gather.h"

const char ls_not_finite[] = "missing, not finite or too large for the precision";

/* An infinite number, which may mean that there is none. */
static ls_status propose_finite(const ls_source *source, bool target, double value) {
  if (strcmp(source->format->name, "csv") != 0) /* the only one that has words for it */
    return ls_fail(LS_EDATA, "%s; if it means that the value is missing, write NaN there",
                   ls_error_text());
  return ls_fail(LS_EDATA,
                 "%s; if it means that the value is missing, data.missing: {text: [%g], %s: drop} "
                 "leaves the sample out",
                 ls_error_text(), value, target ? "y" : "x");
}

ls_status ls_refuse_missing(const ls_chunk *chunk, int64_t k, int64_t column, const char *what,
                            double value, const char *remedy) {
  const ls_source *source = chunk->source;
  const int64_t row = chunk->row ? chunk->row[k] : chunk->first + k;
  char place[512], shown[40];
  source->format->place(source, row, column, place, sizeof place);
  if (what == ls_not_finite)
    what = isnan(value) ? "missing" : "not finite, or too large for the precision";
  snprintf(shown, sizeof shown, isfinite(value) ? "it is %.17g" : "%g", value);
  ls_status status = ls_fail(LS_EDATA, "%s: %s (%s)", place, what, shown);
  if (!remedy || isfinite(value)) return status;
  return isnan(value) ? ls_fail(status, "%s%s", ls_error_text(), remedy)
                      : propose_finite(source, column < 0, value);
}

ls_status ls_refuse(const ls_chunk *chunk, int64_t k, int64_t column, const char *what,
                    double value) {
  return ls_refuse_missing(chunk, k, column, what, value, NULL);
}

ls_status ls_refuse_not_finite(const ls_chunk *chunk, int64_t n, ls_dtype type, const void *value,
                               const char *remedy) {
  const int64_t count = chunk->rows * n, bad = ls_first_not_finite(type, value, count);
  if (bad == count) return LS_OK;
  return ls_refuse_missing(chunk, bad / n, bad % n, ls_not_finite, ls_dtype_get(type, value, bad),
                           remedy);
}

ls_status ls_refuse_targetless(ls_status status) {
  return ls_fail(status,
                 "%s; without targets there is nothing to compare with: predict takes inputs alone",
                 ls_error_text());
}
