#include "base/rng.h"

#include <Random123/philox.h>
#include <math.h>

static philox4x32_ctr_t block(uint64_t seed, uint64_t stream, uint64_t index) {
  philox4x32_ctr_t counter = {
      {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
  philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  return philox4x32(counter, key);
}

static uint64_t pair(philox4x32_ctr_t b, int i) {
  return (uint64_t)b.v[2 * i + 1] << 32 | b.v[2 * i];
}

/* (k + 1/2) 2^-52 with k in [0, 2^52): neither 0 nor 1. */
static double unit(uint64_t bits) { return ((double)(bits >> 12) + 0.5) * 0x1p-52; }

static double box_muller(philox4x32_ctr_t b) {
  return sqrt(-2.0 * log(unit(pair(b, 0)))) * cos(6.283185307179586476925 * unit(pair(b, 1)));
}

uint64_t ls_rng_u64(uint64_t seed, uint64_t stream, uint64_t index) {
  return pair(block(seed, stream, index), 0);
}
double ls_rng_uniform(uint64_t seed, uint64_t stream, uint64_t index) {
  return unit(ls_rng_u64(seed, stream, index));
}
double ls_rng_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  return box_muller(block(seed, stream, index));
}

double ls_rng_truncated_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  for (uint64_t draw = 0;; draw++) { /* 4.6% are redrawn; indices stay far below 2^56 */
    double z = box_muller(block(seed, stream, index | draw << 56));
    if (fabs(z) <= 2.0) return z;
    if (draw == 255) return copysign(2.0, z);
  }
}
