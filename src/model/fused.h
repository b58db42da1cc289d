/* fused.h - fused multiply-adds of a CPU that has none: a * b + c rounded once, by SSE2, which all
 * of x86-64 has, in vectors of 16 bytes. libm's come one number at a time, each in a hundred
 * instructions.
 *
 * Numbers too small to be normal are 0, as ls_flush_denormals has it; with them, floats may be
 * rounded twice. */
#ifndef LS_MODEL_FUSED_H
#define LS_MODEL_FUSED_H

#include <emmintrin.h>
#include <math.h>
#include <stdint.h>

typedef float ls_floats __attribute__((vector_size(16)));
typedef double ls_doubles __attribute__((vector_size(16)));
#define LS_FUSED static inline __attribute__((always_inline))
#define LS_RARE static __attribute__((noinline, unused))

/* As instructions: gcc 12 takes vectors of truths apart. */
LS_FUSED __m128i ls_below(ls_doubles a, ls_doubles b) {
  return (__m128i)_mm_cmplt_pd((__m128d)a, (__m128d)b);
}
LS_FUSED __m128i ls_is_zero(ls_doubles a) {
  return (__m128i)_mm_cmpeq_pd((__m128d)a, _mm_setzero_pd());
}

/* p + c and what is lost by its rounding, exactly (Knuth). */
LS_FUSED ls_doubles ls_two_sum(ls_doubles p, ls_doubles c, ls_doubles *lost) {
  const ls_doubles s = p + c, b = s - p;
  *lost = (p - (s - b)) + (c - b);
  return s;
}

/* p + c to odd: if it is not exact, that of its neighbours whose last bit is 1. Rounded to two bits
 * less or fewer, that is what p + c would be at once (Boldo and Melquiond 2008). */
LS_FUSED ls_doubles ls_sum_to_odd(ls_doubles p, ls_doubles c) {
  ls_doubles lost;
  const ls_doubles s = ls_two_sum(p, c, &lost);
  const __m128i inexact = ls_below(lost, (ls_doubles){0}) | ls_below((ls_doubles){0}, lost);
  const __m128i one = _mm_srli_epi64(inexact, 63); /* with an infinity `lost` is NaN: 0 */
  const __m128i beyond = _mm_srli_epi64((__m128i)s ^ (__m128i)lost, 63) & one;
  return (ls_doubles)(_mm_sub_epi64((__m128i)s, beyond) | one);
}

/* ---- floats: the product is exact as a double ---- */

LS_FUSED ls_doubles ls_low(ls_floats a) { return (ls_doubles)_mm_cvtps_pd((__m128)a); }
LS_FUSED ls_doubles ls_high(ls_floats a) {
  return (ls_doubles)_mm_cvtps_pd(_mm_movehl_ps((__m128)a, (__m128)a));
}
LS_FUSED ls_floats ls_narrowed(ls_doubles low, ls_doubles high) {
  return (ls_floats)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
}
LS_RARE ls_floats ls_fused_floats_to_odd(ls_doubles p, ls_doubles q, ls_floats c) {
  return ls_narrowed(ls_sum_to_odd(p, ls_low(c)), ls_sum_to_odd(q, ls_high(c)));
}

/* Its sum with c is rounded twice, which differs from once only where the double lies in the middle
 * between two floats: its last 29 bits are 1000... */
LS_FUSED ls_floats ls_fused_floats(ls_floats a, ls_floats b, ls_floats c) {
  const ls_doubles p = ls_low(a) * ls_low(b), q = ls_high(a) * ls_high(b);
  const ls_doubles s = p + ls_low(c), t = q + ls_high(c);
  const __m128 last = _mm_shuffle_ps((__m128)s, (__m128)t, _MM_SHUFFLE(2, 0, 2, 0));
  const __m128i middle =
      _mm_cmpeq_epi32(_mm_slli_epi32((__m128i)last, 3), _mm_set1_epi32(INT32_MIN));
  if (__builtin_expect(_mm_movemask_epi8(middle), 0)) return ls_fused_floats_to_odd(p, q, c);
  return ls_narrowed(s, t);
}

/* ---- doubles: the product is one of two (Dekker 1971) ---- */

/* a rounded to half of its bits. */
LS_FUSED ls_doubles ls_upper(ls_doubles a) {
  const ls_doubles t = a * 0x1.0000002p27;
  return t - (t - a);
}
LS_FUSED ls_doubles ls_lost_of_product(ls_doubles a, ls_doubles b, ls_doubles p) {
  const ls_doubles au = ls_upper(a), bu = ls_upper(b), al = a - au, bl = b - bu;
  return ((au * bu - p) + au * bl + al * bu) + al * bl;
}

LS_FUSED __m128i ls_upper_words(__m128i a, __m128i b) {
  return (__m128i)_mm_shuffle_ps((__m128)a, (__m128)b, _MM_SHUFFLE(3, 1, 3, 1));
}
/* Both are 0, or 2^-900 to 2^990: then nothing that a product or sum of them loses is too small,
 * and nothing on the way too large. */
LS_FUSED __m128i ls_are_moderate(ls_doubles a, ls_doubles b) {
  enum { LEAST = (1023 - 900) << 20, MOST = (1023 + 990) << 20 };
  const __m128i size = ls_upper_words((__m128i)a, (__m128i)b) & _mm_set1_epi32(INT32_MAX);
  const __m128i inside = _mm_cmpgt_epi32(size, _mm_set1_epi32(LEAST - 1)) &
                         _mm_cmplt_epi32(size, _mm_set1_epi32(MOST));
  return inside | ls_upper_words(ls_is_zero(a), ls_is_zero(b));
}

LS_RARE ls_doubles ls_fused_doubles_by_libm(ls_doubles a, ls_doubles b, ls_doubles c) {
  return (ls_doubles){fma(a[0], b[0], c[0]), fma(a[1], b[1], c[1])};
}

/* By Boldo and Melquiond's Fma. */
LS_FUSED ls_doubles ls_fused_doubles(ls_doubles a, ls_doubles b, ls_doubles c) {
  const ls_doubles p = a * b;
  const __m128i nothing = ls_is_zero(a) | ls_is_zero(b), vanished = ls_is_zero(p);
  const __m128i good = ls_are_moderate(a, b) & ls_are_moderate(p, c);
  if (__builtin_expect(_mm_movemask_epi8(_mm_andnot_si128(nothing ^ vanished, good)) != 0xffff, 0))
    return ls_fused_doubles_by_libm(a, b, c);
  ls_doubles least, lost;
  const ls_doubles lower = ls_two_sum(c, ls_lost_of_product(a, b, p), &least);
  const ls_doubles sum = ls_two_sum(p, lower, &lost);
  const ls_doubles whole = sum + ls_sum_to_odd(least, lost);
  return (ls_doubles)((nothing & (__m128i)(p + c)) | /* a zero has a sign */
                      _mm_andnot_si128(nothing, (__m128i)whole));
}

#endif
