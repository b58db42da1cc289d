#include "data/bad_value.h"

#include <stdio.h>

const char ls_not_finite[] = "missing, not finite or too large for the precision";

ls_status ls_bad_value(const ls_source *source, int64_t row, int64_t column, const char *what,
                       double value) {
  char place[512];
  source->format->place(source, row, column, place, sizeof place);
  return ls_fail(LS_EDATA, "%s: %s (%.17g)", place, what, value);
}

ls_status ls_check_finite(const ls_source *source, int64_t row, int64_t rows, ls_dtype cell,
                          const void *x) {
  int64_t features = source->shape.features, n = rows * features,
          bad = ls_first_not_finite(cell, x, n);
  if (bad == n) return LS_OK;
  return ls_bad_value(source, row + bad / features, bad % features, ls_not_finite,
                      ls_dtype_get(cell, x, bad));
}

ls_status ls_check_finite_targets(const ls_source *source, int64_t row, int64_t rows, ls_dtype cell,
                                  const void *y) {
  int64_t outputs = source->shape.outputs, n = rows * outputs,
          bad = ls_first_not_finite(cell, y, n);
  if (bad == n) return LS_OK;
  return ls_bad_value(source, row + bad / outputs, -1 - bad % outputs, ls_not_finite,
                      ls_dtype_get(cell, y, bad));
}
