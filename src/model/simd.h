/* simd.h - vectors of `real` for one kind of CPU: the few operations that the kernels of a *_simd.c
 * file are made of. */
#ifndef LS_MODEL_SIMD_H
#define LS_MODEL_SIMD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/real.h"
#if defined(LS_ISA_avx512) || defined(LS_ISA_avx2)
#include <immintrin.h>
#elif defined(LS_ISA_neon)
#include <arm_neon.h>
#elif defined(__x86_64__) && !defined(__FMA__)
#define WITHOUT_FMA /* in what all CPUs of the kind have */
#include "model/fused.h"
#else
#include <math.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* Registers: ROWS * VECS sums, VECS of B, one broadcast; on NEON, which multiplies by a number
 * where it lies in a vector, the ROWS of A. EACH_HALF: where there are enough for the sums of two
 * slices side by side (with AVX2's sixteen it costs 5 % of a step; with NEON it was not tried). */
#if defined(LS_ISA_avx512)
#define BYTES 64
#define VECS 2
#define EACH_HALF(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define EACH_ROWS(X) EACH_HALF(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
enum { ROWS = 14, MASKS = 1 }; /* MASKS: loading part of a vector costs nothing */
#elif defined(LS_ISA_avx2)
#define BYTES 32
#define VECS 3
#define EACH_ROWS(X) X(1) X(2) X(3) X(4)
enum { ROWS = 4, MASKS = 0 };
#elif defined(LS_ISA_neon)
#define BYTES 16
#define VECS 3
#define EACH_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
enum { ROWS = 7, MASKS = 0 };
#else
#define BYTES 16
#define VECS 2
#define EACH_ROWS(X) X(1) X(2) X(3) X(4)
enum { ROWS = 4, MASKS = 0 };
#endif

enum { WIDTH = BYTES / sizeof(real), PANEL = VECS * WIDTH };

typedef real vec __attribute__((vector_size(BYTES)));
typedef real vec_at __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));

/* One rounding, whatever the compiler's options. */
INLINE vec fused(vec a, vec b, vec c) {
#if defined(LS_ISA_avx512) && LS_REAL_BITS == 32
  return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(LS_ISA_avx512)
  return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(LS_ISA_avx2) && LS_REAL_BITS == 32
  return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(LS_ISA_avx2)
  return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(LS_ISA_neon) && LS_REAL_BITS == 32
  return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(LS_ISA_neon)
  return (vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#elif defined(WITHOUT_FMA) && LS_REAL_BITS == 32
  return ls_fused_floats(a, b, c);
#elif defined(WITHOUT_FMA)
  return ls_fused_doubles(a, b, c);
#else
  for (int i = 0; i < WIDTH; i++)
    c[i] = LS_REAL_BITS == 32 ? fmaf((float)a[i], (float)b[i], (float)c[i]) : fma(a[i], b[i], c[i]);
  return c;
#endif
}

INLINE vec load(const real *p) { return *(const vec_at *)p; }
INLINE void store(real *p, vec v) { *(vec_at *)p = v; }

#ifdef LS_ISA_avx2
INLINE __m256i first(int count) {
  static const int32_t from[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256(
      (const __m256i *)(const void *)(from + 8 - count * (LS_REAL_BITS / 32)));
}
#endif

/* The first `count` (1 to WIDTH) numbers. */
INLINE void store_some(real *p, vec v, int count) {
#if defined(LS_ISA_avx512) && LS_REAL_BITS == 32
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif defined(LS_ISA_avx512)
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << count) - 1), (__m512d)v);
#elif defined(LS_ISA_avx2) && LS_REAL_BITS == 32
  _mm256_maskstore_ps(p, first(count), (__m256)v);
#elif defined(LS_ISA_avx2)
  _mm256_maskstore_pd(p, first(count), (__m256d)v);
#else
  memcpy(p, &v, (size_t)count * sizeof *p);
#endif
}

/* The first `count` (1 to WIDTH) numbers, then zeros; reads no further. */
INLINE vec load_some(const real *p, int count) {
#if defined(LS_ISA_avx512) && LS_REAL_BITS == 32
  return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif defined(LS_ISA_avx512)
  return (vec)_mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), p);
#elif defined(LS_ISA_avx2) && LS_REAL_BITS == 32
  return (vec)_mm256_maskload_ps(p, first(count));
#elif defined(LS_ISA_avx2)
  return (vec)_mm256_maskload_pd(p, first(count));
#else
  vec v = {0};
  memcpy(&v, p, (size_t)count * sizeof *p);
  return v;
#endif
}

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Element e of the mixtures of rows a and b that swap blocks of `h` columns: a matrix is transposed
 * by doing so for every power of two h, on the pairs of rows that are h apart. */
#define LOW(h, e) ((e) & (h) ? WIDTH + (e) - (h) : (e))
#define HIGH(h, e) ((e) & (h) ? WIDTH + (e) : (e) + (h))
#if BYTES / (LS_REAL_BITS / 8) == 16
#define EACH(f, h)                                                                          \
  f(h, 0), f(h, 1), f(h, 2), f(h, 3), f(h, 4), f(h, 5), f(h, 6), f(h, 7), f(h, 8), f(h, 9), \
      f(h, 10), f(h, 11), f(h, 12), f(h, 13), f(h, 14), f(h, 15)
#elif BYTES / (LS_REAL_BITS / 8) == 8
#define EACH(f, h) f(h, 0), f(h, 1), f(h, 2), f(h, 3), f(h, 4), f(h, 5), f(h, 6), f(h, 7)
#elif BYTES / (LS_REAL_BITS / 8) == 4
#define EACH(f, h) f(h, 0), f(h, 1), f(h, 2), f(h, 3)
#else
#define EACH(f, h) f(h, 0), f(h, 1)
#endif
#define SWAP(r, h)                                                                 \
  UNROLL for (int i = 0; i < ((h) < WIDTH ? WIDTH : 0); i++) if (!(i & (h))) {     \
    const vec a = r[i], b = r[(i + (h)) % WIDTH];                                  \
    r[i] = __builtin_shufflevector(a, b, EACH(LOW, (h) % WIDTH));                  \
    r[(i + (h)) % WIDTH] = __builtin_shufflevector(a, b, EACH(HIGH, (h) % WIDTH)); \
  }
INLINE void transpose(vec r[WIDTH]) {
  SWAP(r, 1)
  SWAP(r, 2)
  SWAP(r, 4)
  SWAP(r, 8)
}

#endif
