/* gradient.c - what is done to a gradient before the optimizer sees it. */
#include "optim/gradient.h"

#include <math.h>

#include "base/rng.h"
#include "optim/optim.h"

void ls_gradient_noise(ls_dtype precision, void *g, int64_t n, int64_t first,
                       const ls_gradient_spec *spec, uint64_t seed, int64_t global_step) {
  double sigma = sqrt(ls_gradient_noise_variance(spec, global_step));
  uint64_t stream = ls_rng_stream(LS_STREAM_NOISE, (uint64_t)global_step);
  for (int64_t i = 0; i < n; i++) {
    double noise = sigma * ls_rng_normal(seed, stream, (uint64_t)(first + i));
    if (precision == LS_F32)
      ((float *)g)[i] += (float)noise; /* rounded before it is added */
    else
      ((double *)g)[i] += noise;
  }
}

double ls_gradient_noise_variance(const ls_gradient_spec *spec, int64_t global_step) {
  return spec->noise_eta / pow(1 + (double)global_step, spec->noise_gamma);
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
