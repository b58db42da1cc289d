/* vmath.h - exp, expm1, tanh, log, log1p, cos, erfc and the row sums that everything else here is
 * made of.
 *
 * Only + - * / and comparisons, each rounded by itself, no branches: a compiler can run them in
 * vectors of any width, and every lane, tail or scalar copy gives the same bits on every CPU.
 * Errors are 1 to 2 units in the last place (erfc: 13 up to 3). */
#ifndef LS_BASE_VMATH_H
#define LS_BASE_VMATH_H

#include <stdint.h>
#include <string.h>

#include "base/real.h"

#define LS_INLINE static inline __attribute__((always_inline))

#if LS_REAL_BITS == 32
typedef uint32_t ls_bits;
enum {
  LS_MANTISSA = 23,
  LS_EXPONENT_BIAS = 127,
  LS_EXP_TERMS = 7,
  LS_LOG_TERMS = 8,
  LS_ERFC_TERMS = 13
};
#define LS_MAGIC 0x1.8p23f       /* adding it rounds to an integer, left in the low bits */
#define LS_LN2_HIGH 0.693359375f /* few bits: a small integer times it is exact */
#define LS_LN2_LOW -2.12194440e-4f
#define LS_EXP_MIN -104.0f /* exp is 0 below, infinite above LS_EXP_MAX */
#define LS_EXP_MAX 89.0f
#define LS_EXPM1_MIN -20.0f /* expm1 is -1 below */
#define LS_TANH_MAX 10.0f   /* tanh is 1 above */
#else
typedef uint64_t ls_bits;
enum {
  LS_MANTISSA = 52,
  LS_EXPONENT_BIAS = 1023,
  LS_EXP_TERMS = 13,
  LS_LOG_TERMS = 17,
  LS_ERFC_TERMS = 24
};
#define LS_MAGIC 0x1.8p52
#define LS_LN2_HIGH 6.93147180369123816490e-01
#define LS_LN2_LOW 1.90821492927058770002e-10
#define LS_EXP_MIN -746.0
#define LS_EXP_MAX 710.0
#define LS_EXPM1_MIN -40.0
#define LS_TANH_MAX 20.0
#endif

LS_INLINE ls_bits ls_to_bits(real x) {
  ls_bits bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
LS_INLINE real ls_from_bits(ls_bits bits) {
  real x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
/* 2^n from `magic` = n + LS_MAGIC, for normal results. */
LS_INLINE real ls_power_of_two(real magic) {
  return ls_from_bits((ls_to_bits(magic) + LS_EXPONENT_BIAS) << LS_MANTISSA);
}

static const real ls_exp_term[] = {
    (real)(1. / 2),       (real)(1. / 6),        (real)(1. / 24),        (real)(1. / 120),
    (real)(1. / 720),     (real)(1. / 5040),     (real)(1. / 40320),     (real)(1. / 362880),
    (real)(1. / 3628800), (real)(1. / 39916800), (real)(1. / 479001600), (real)(1. / 6227020800.)};

/* x = n ln 2 + r; returns (e^r - 1 - r) / r^2 by its Taylor series: |r| < 0.35. */
LS_INLINE real ls_exp_reduce(real x, real *n, real *r) {
  *n = x * (real)1.44269504088896340736 + LS_MAGIC - LS_MAGIC;
  *r = x - *n * LS_LN2_HIGH - *n * LS_LN2_LOW;
  real sum = ls_exp_term[LS_EXP_TERMS - 2];
  for (int i = LS_EXP_TERMS - 3; i >= 0; i--) sum = sum * *r + ls_exp_term[i];
  return sum;
}

LS_INLINE real ls_exp(real x) {
  x = x < LS_EXP_MIN ? LS_EXP_MIN : x;
  x = x > LS_EXP_MAX ? LS_EXP_MAX : x;
  real n, r, q = ls_exp_reduce(x, &n, &r);
  real half = n * (real)0.5 + LS_MAGIC,
       rest = n - (half - LS_MAGIC) + LS_MAGIC; /* two steps: 2^n may be subnormal or too big */
  return (1 + (r + r * r * q)) * ls_power_of_two(half) * ls_power_of_two(rest);
}

/* e^x - 1 for x up to 2 LS_TANH_MAX. */
LS_INLINE real ls_expm1(real x) {
  x = x < LS_EXPM1_MIN ? LS_EXPM1_MIN : x;
  real n, r, q = ls_exp_reduce(x, &n, &r), scale = ls_power_of_two(n + LS_MAGIC);
  return scale * (r + r * r * q) + (scale - 1);
}

LS_INLINE real ls_tanh(real x) {
  real size = x < 0 ? -x : x;
  size = size > LS_TANH_MAX ? LS_TANH_MAX : size;
  real e = ls_expm1(2 * size), y = e / (e + 2);
  return x < 0 ? -y : y;
}

/* log(1 + x) for x in [-1/2, 1], as 2 atanh(x / (2 + x)). */
LS_INLINE real ls_log1p(real x) {
  real s = x / (2 + x), s2 = s * s, sum = (real)(1. / (2 * LS_LOG_TERMS + 1));
  for (int i = LS_LOG_TERMS - 1; i > 0; i--) sum = sum * s2 + (real)(1. / (2 * i + 1));
  return 2 * s + 2 * s * (s2 * sum);
}

/* ---- in double whatever `real` is: losses, their sums and random numbers are ---- */

LS_INLINE uint64_t ls_bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
LS_INLINE double ls_double_of(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
/* k as a double, for k < 2^52, where the CPU's vectors have no such conversion. */
LS_INLINE double ls_double_from(uint64_t k) {
  return ls_double_of(0x4330000000000000ULL | k) - 0x1p52;
}

/* log x for normal x > 0 (infinity and NaN pass). */
LS_INLINE double ls_ln(double x) {
  if (!(x < __builtin_inf())) return x;
  const uint64_t bits = ls_bits_of(x), bias = 1023ULL << 52, all = 0xfffULL << 52;
  const uint64_t scaled = bits - 0x3fe6a09e667f3bcdULL + bias; /* its exponent is n + 1023 */
  const double n = ls_double_from(scaled >> 52) - 1023;
  const double m = ls_double_of(bits - (scaled & all) + bias); /* in [sqrt(1/2), sqrt(2)) */
  double s = (m - 1) / (m + 1), s2 = s * s, sum = 1. / 23;
  for (int i = 10; i > 0; i--) sum = sum * s2 + 1. / (2 * i + 1);
  return n * 6.93147180369123816490e-01 +
         (n * 1.90821492927058770002e-10 + (2 * s + 2 * s * (s2 * sum)));
}

/* cos x for |x| <= 8: x = n pi/2 + r, and the Taylor series of sin r and cos r, |r| <= pi/4. pi/2
 * is three numbers of which n times the first two are exact. */
LS_INLINE double ls_cos(double x) {
  static const double sine[] = {
      -1. / 6,        1. / 120,         -1. / 5040,           1. / 362880,
      -1. / 39916800, 1. / 6227020800., -1. / 1307674368000., 1. / 355687428096000.};
  static const double cosine[] = {
      1. / 24,        -1. / 720,          1. / 40320,          -1. / 3628800,
      1. / 479001600, -1. / 87178291200., 1. / 20922789888000.};
  const double whole = x * 6.36619772367581382433e-01 + 0x1.8p52, n = whole - 0x1.8p52;
  const uint64_t quarter = ls_bits_of(whole);
  double r = x - n * 1.57079632673412561417;
  r = r - n * 6.07710050630396597660e-11 - n * 2.02226624879595063154e-21;
  const double z = r * r, half = 0.5 * z, near = 1 - half;
  double s = sine[7], c = cosine[6];
  for (int i = 6; i >= 0; i--) s = s * z + sine[i];
  for (int i = 5; i >= 0; i--) c = c * z + cosine[i];
  s = r + r * (z * s);
  c = near + ((1 - near) - half + z * z * c);
  const uint64_t negative = (quarter + 1) & 2;
  return ls_double_of(ls_bits_of(quarter & 1 ? s : c) ^ negative << 62);
}

static const real ls_erfc_series[] = {
    (real)0.81604893909826293,     (real)0.37635823567636745,     (real)0.14758035457222363,
    (real)0.049571317930027586,    (real)0.014227107557117175,    (real)0.0034434932627175241,
    (real)0.00068225418328380803,  (real)0.00010340451975756189,  (real)9.7285459519901498e-06,
    (real)-1.1988713758412045e-07, (real)-2.1747767703449563e-07, (real)-3.0291767735991394e-08,
    (real)9.4799175652045497e-10,  (real)8.6334116949909559e-10,  (real)6.8721564259534025e-11,
    (real)-1.7034898438296277e-11, (real)-3.3921306868290887e-12, (real)2.6158087668540244e-13,
    (real)1.212767580310864e-13,   (real)-2.1146895432448091e-15, (real)-4.1173409334041784e-15,
    (real)-6.3287127217007084e-17, (real)1.4393110983449846e-16,  (real)4.5614947982841305e-18,
};

/* erfc(z) for z >= 0: t exp(-z^2) Q(2t - 1) with t = 4 / (4 + z); Q's Chebyshev series was fitted
 * in quadruple precision. */
LS_INLINE real ls_erfc(real z) {
  real t = 4 / (4 + z), x = 2 * t - 1, a = 0, b = 0;
  for (int i = LS_ERFC_TERMS - 1; i > 0; i--) {
    real next = 2 * x * a - b + ls_erfc_series[i];
    b = a;
    a = next;
  }
  return t * ls_exp(-z * z) * (x * a - b + ls_erfc_series[0] / 2);
}

/* Rows are whole cache lines: loops over one run to the end of its last line, so that none has a
 * scalar tail. What they leave beyond column n nobody reads. */
enum { LS_LINE = 64 / sizeof(real) };
LS_INLINE int64_t ls_padded(int64_t n) { return (n + LS_LINE - 1) / LS_LINE * LS_LINE; }

/* Sums over a row: LS_LINE interleaved ones, then these in a fixed tree. */
LS_INLINE real ls_lanes_sum(real lane[LS_LINE]) {
  for (int half = LS_LINE / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] += lane[i + half];
  return lane[0];
}
LS_INLINE real ls_row_sum(const real *x, int64_t n) {
  real lane[LS_LINE] = {0};
  for (int64_t i = 0; i < n; i += LS_LINE)
    for (int k = 0; k < LS_LINE; k++) lane[k] += i + k < n ? x[i + k] : 0;
  return ls_lanes_sum(lane);
}
LS_INLINE real ls_row_dot(const real *x, const real *y, int64_t n) {
  real lane[LS_LINE] = {0};
  for (int64_t i = 0; i < n; i += LS_LINE)
    for (int k = 0; k < LS_LINE; k++) lane[k] += i + k < n ? x[i + k] * y[i + k] : 0;
  return ls_lanes_sum(lane);
}
/* Index of the largest; the first of equals. */
LS_INLINE int64_t ls_row_argmax(const real *x, int64_t n) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++) best = x[i] > x[best] ? i : best;
  return best;
}

#endif
