/* mean.c - two sums of one list: a plain one for the mean, Welford's for the deviation. */
#include "view/mean.h"

#include <math.h>
#include <stdlib.h>

/* The mean is that of the plain sum, so that equal numbers in another order tie; squares are of
 * distances, so that no digits are lost where the spread is small beside the mean. */
void ls_mean_add(ls_mean *m, double value) {
  if (!isfinite(value)) return;
  const double before = value - m->near;
  m->n++;
  m->sum += value;
  m->near += before / (double)m->n;
  m->squares += before * (value - m->near);
}

double ls_mean_value(const ls_mean *m) { return m->n > 0 ? m->sum / (double)m->n : (double)NAN; }

double ls_mean_deviation(const ls_mean *m) {
  return m->n > 1 ? sqrt(m->squares / (double)(m->n - 1)) : (double)NAN;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void ls_numbers_sort(double *x, int64_t n) { qsort(x, (size_t)n, sizeof *x, by_value); }
