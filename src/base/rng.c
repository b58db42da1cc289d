/* rng.c - which bits become which number: the counter of a Philox block is (index, stream), its
 * key the seed; a uniform is the block's first half, a normal takes both, a redraw counts in
 * the index's highest byte. Many at a time are the same functions in a loop (LS_CLONES). */
#define LS_REAL_BITS 64 /* `real` is double here */
#include "base/rng.h"

#include <Random123/philox.h>
#include <math.h>

#include "base/vmath.h"

LS_INLINE philox4x32_ctr_t block(uint64_t seed, uint64_t stream, uint64_t index) {
  philox4x32_ctr_t counter = {
      {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
  philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  return philox4x32(counter, key);
}

LS_INLINE uint64_t half_of(philox4x32_ctr_t b, int i) {
  return (uint64_t)b.v[2 * i + 1] << 32 | b.v[2 * i];
}

/* (k + 1/2) 2^-52 with k in [0, 2^52): neither 0 nor 1. */
LS_INLINE double unit(uint64_t bits) { return (ls_double_from(bits >> 12) + 0.5) * 0x1p-52; }

LS_INLINE double normal(philox4x32_ctr_t b) {
  return sqrt(-2.0 * ls_ln(unit(half_of(b, 0)))) *
         ls_cos(6.283185307179586476925 * unit(half_of(b, 1)));
}

uint64_t ls_rng_u64(uint64_t seed, uint64_t stream, uint64_t index) {
  return half_of(block(seed, stream, index), 0);
}
double ls_rng_uniform(uint64_t seed, uint64_t stream, uint64_t index) {
  return unit(ls_rng_u64(seed, stream, index));
}
double ls_rng_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  return normal(block(seed, stream, index));
}

LS_CLONES void ls_rng_uniforms(uint64_t seed, uint64_t stream, uint64_t first, int64_t n,
                               double *out) {
  for (int64_t i = 0; i < n; i++)
    out[i] = unit(half_of(block(seed, stream, first + (uint64_t)i), 0));
}
LS_CLONES void ls_rng_normals(uint64_t seed, uint64_t stream, uint64_t first, int64_t n,
                              double *out) {
  for (int64_t i = 0; i < n; i++) out[i] = normal(block(seed, stream, first + (uint64_t)i));
}

/* 4.6 % are redrawn; indices stay far below 2^56. */
static double redrawn(uint64_t seed, uint64_t stream, uint64_t index) {
  for (uint64_t draw = 1;; draw++) {
    double z = ls_rng_normal(seed, stream, index | draw << 56);
    if (fabs(z) <= 2.0) return z;
    if (draw == 255) return copysign(2.0, z);
  }
}
void ls_rng_truncated_normals(uint64_t seed, uint64_t stream, uint64_t first, int64_t n,
                              double *out) {
  ls_rng_normals(seed, stream, first, n, out);
  for (int64_t i = 0; i < n; i++)
    if (!(fabs(out[i]) <= 2.0)) out[i] = redrawn(seed, stream, first + (uint64_t)i);
}
