/* sum_real.c - one addition an element, so that no width of vectors can change a bit. */
#include "base/real.h"
#include "comm/sum.h"

LS_CLONES void LS_R(ls_sum)(void *dst, const void *a, const void *b, int64_t n) {
  real *d = dst;
  const real *x = a, *y = b;
  LS_EACH
  for (int64_t i = 0; i < n; i++) d[i] = x[i] + y[i];
}
