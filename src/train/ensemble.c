/* ensemble.c - Welford's update a network, so the running mean is a mean at any time and
 * nothing is kept of single networks. */
#include "train/ensemble.h"

#include <math.h>

#include "base/mem.h"

ls_status ls_ensemble_new(int64_t rows, int64_t width, ls_ensemble **out) {
  LS_NEW(*out, 1);
  (*out)->width = width;
  LS_NEW((*out)->mean, rows * width);
  LS_NEW((*out)->deviation, rows * width);
  return LS_OK;
}

void ls_ensemble_free(ls_ensemble **out) {
  if (!*out) return;
  LS_FREE((*out)->mean);
  LS_FREE((*out)->deviation);
  LS_FREE(*out);
}

void ls_ensemble_next(ls_ensemble *e) { e->networks++; }

/* Welford 1962: no digits are lost where the spread is small beside the mean. */
void ls_ensemble_add(ls_ensemble *e, int64_t first, int64_t rows, ls_dtype type, const void *y) {
  for (int64_t i = 0; i < rows * e->width; i++) {
    const int64_t at = first * e->width + i;
    const double value = ls_dtype_get(type, y, i), before = value - e->mean[at];
    e->mean[at] += before / e->networks;
    e->deviation[at] += before * (value - e->mean[at]);
  }
}

void ls_ensemble_get(const ls_ensemble *e, int64_t first, int64_t rows, ls_dtype type, void *out) {
  const int64_t count = rows * e->width;
  for (int64_t i = 0; i < count; i++) {
    const int64_t at = first * e->width + i;
    ls_dtype_put(type, out, i, e->mean[at]);
    ls_dtype_put(type, out, count + i, sqrt(e->deviation[at] / e->networks));
  }
}
