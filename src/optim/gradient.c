/* gradient.c - what is done to a gradient before the optimizer sees it. */
#include "optim/gradient.h"

#include <math.h>

#include "base/clamp.h"
#include "base/elementary.h"
#include "base/rng.h"
#include "optim/optim.h"

void ls_gradient_noise(ls_dtype precision, void *g, int64_t n, int64_t first,
                       const ls_gradient_spec *spec, uint64_t seed, int64_t global_step) {
  double sigma = sqrt(ls_gradient_noise_variance(spec, global_step));
  uint64_t stream = ls_rng_stream(LS_STREAM_NOISE, (uint64_t)global_step);
  double noise[256];
  const int64_t most = sizeof noise / sizeof *noise;
  for (int64_t lo = 0; lo < n; lo += most) {
    const int64_t count = ls_min(n - lo, most);
    ls_rng_normals(seed, stream, (uint64_t)(first + lo), count, noise);
    void *at = (char *)g + lo * (int64_t)ls_dtype_size(precision);
    LS_REAL_OF(precision, ls_gradient_add)(at, count, sigma, noise);
  }
}

double ls_gradient_noise_variance(const ls_gradient_spec *spec, int64_t global_step) {
  return spec->noise_eta / ls_power(1 + (double)global_step, spec->noise_gamma);
}

void ls_gradient_clip_value(ls_dtype precision, void *g, int64_t n, double limit) {
  LS_REAL_OF(precision, ls_gradient_clip)(g, n, limit);
}

double ls_gradient_clip_factor(double limit, double norm) {
  return norm > limit ? limit / norm : 1;
}

void ls_gradient_scale(ls_dtype precision, void *g, int64_t n, double factor) {
  LS_REAL_OF(precision, ls_gradient_times)(g, n, factor);
}

double ls_gradient_square_sum(ls_dtype precision, const void *g, int64_t n) {
  return LS_REAL_OF(precision, ls_gradient_squares)(g, n);
}
