#include "data/refuse.h"

#include "data/gather.h"

const char ls_not_finite[] = "missing, not finite or too large for the precision";

ls_status ls_refuse(const ls_origin *origin, int64_t k, int64_t column, const char *what,
                    double value) {
  const ls_source *source = origin->source;
  char place[512];
  source->format->place(source, origin->row ? origin->row[k] : origin->first + k, column, place,
                        sizeof place);
  return ls_fail(LS_EDATA, "%s: %s (%.17g)", place, what, value);
}

ls_status ls_refuse_not_finite(const ls_origin *origin, int role, int64_t rows, int64_t n,
                               int64_t stride, ls_dtype type, const void *value) {
  size_t width = (size_t)stride * ls_dtype_size(type);
  int64_t together = n == stride ? rows : 1; /* rows that are looked at at once */
  for (int64_t k = 0; k < rows; k += together) {
    const char *at = (const char *)value + (size_t)k * width;
    int64_t bad = ls_first_not_finite(type, at, together * n);
    if (bad == together * n) continue;
    return ls_refuse(origin, k + bad / n, role == LS_ROLE_X ? bad % n : -1 - bad % n, ls_not_finite,
                     ls_dtype_get(type, at, bad));
  }
  return LS_OK;
}
