/* gradient_real.c - clipping, scaling and summing a gradient before the optimizer sees it. */
#include "optim/gradient.h"

/* 4 AVX-512 or 8 AVX2 registers of sums: enough to hide the latency of an addition. */
enum { LANES = 32 };

LS_CLONES void LS_R(ls_gradient_clip)(void *gradient, int64_t n, double limit) {
  real *restrict g = gradient;
  const real top = (real)limit;
  for (int64_t i = 0; i < n; i++) { /* NaN stays: both comparisons are false */
    real x = g[i] > top ? top : g[i];
    g[i] = x < -top ? -top : x;
  }
}

/* g += factor what (n); the product is rounded before it is added. */
LS_CLONES void LS_R(ls_gradient_add)(void *gradient, int64_t n, double factor, const double *what) {
  real *restrict g = gradient;
  for (int64_t i = 0; i < n; i++) g[i] += (real)(factor * what[i]);
}

LS_CLONES void LS_R(ls_gradient_times)(void *gradient, int64_t n, double factor) {
  real *restrict g = gradient;
  const real f = (real)factor;
  for (int64_t i = 0; i < n; i++) g[i] *= f;
}

LS_CLONES void LS_R(ls_gradient_approach)(void *from, const void *to, int64_t n, double fraction) {
  real *restrict a = from;
  const real *restrict b = to;
  const real s = (real)fraction;
  for (int64_t i = 0; i < n; i++) a[i] += s * (b[i] - a[i]);
}

LS_CLONES void LS_R(ls_gradient_along)(void *to, const void *way, int64_t n, double factor) {
  real *restrict a = to;
  const real *restrict b = way;
  const real f = (real)factor;
  for (int64_t i = 0; i < n; i++) a[i] += f * b[i];
}

/* Element i goes to lane i mod 32, in order; then the lanes fold 32 -> 16 -> 8 -> 4 ->
 * 2 -> 1, upper half onto lower. */
LS_CLONES double LS_R(ls_gradient_dot)(const void *one, const void *other, int64_t n) {
  const real *a = one, *b = other;
  double lane[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) lane[k] += (double)a[i + k] * (double)b[i + k];
  for (int k = 0; i < n; i++, k++) lane[k] += (double)a[i] * (double)b[i];
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int k = 0; k < half; k++) lane[k] += lane[k + half];
  return lane[0];
}

double LS_R(ls_gradient_squares)(const void *g, int64_t n) {
  return LS_R(ls_gradient_dot)(g, g, n);
}
