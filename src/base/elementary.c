/* elementary.c - powers in pairs of doubles; the other functions are those of vmath.h. */
#define LS_REAL_BITS 64 /* `real` is double here */
#include "base/elementary.h"

#include <math.h>
#include <stdint.h>

#include "base/vmath.h"

double ls_logarithm(double x) { return x > 0 ? ls_ln(x) : (double)NAN; }
double ls_exponential(double x) { return ls_exp(x); }
double ls_cosine(double x) { return ls_cos(x); }

/* ---- pairs: high + low, |low| at most half a unit in high's last place (Dekker 1971) ---- */

typedef struct {
  double high, low;
} pair;

static pair pair_of(double large, double small) { /* |large| >= |small| */
  const double high = large + small;
  return (pair){high, small - (high - large)};
}
static pair sum(pair a, pair b) {
  const double high = a.high + b.high, of_b = high - a.high;
  const double lost = (a.high - (high - of_b)) + (b.high - of_b);
  return pair_of(high, lost + a.low + b.low);
}
static pair product(pair a, pair b) {
  const double high = a.high * b.high;
  if (!isfinite(high)) return (pair){high, 0};
  const double lost = fma(a.high, b.high, -high);
  return pair_of(high, lost + (a.high * b.low + a.low * b.high));
}
static pair quotient(pair a, pair b) {
  const double first = a.high / b.high;
  const pair rest = sum(a, product((pair){-first, 0}, b));
  return pair_of(first, rest.high / b.high);
}

static const pair ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

/* x = 2^n m with m in [sqrt(1/2), sqrt(2)): ln x = n ln 2 + 2 atanh((m - 1) / (m + 1)). */
static pair logarithm(double x) {
  enum { TERMS = 21 }; /* s^2 <= 0.0295: what is left out is under 2^-110 of the sum */
  int n;
  double m = frexp(x, &n);
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    n -= 1;
  }
  const pair s = quotient((pair){m - 1, 0}, sum((pair){m, 0}, (pair){1, 0})),
             square = product(s, s);
  pair series = {0, 0};
  for (int i = TERMS; i >= 0; i--)
    series = sum(product(series, square), quotient((pair){1, 0}, (pair){2 * i + 1, 0}));
  return sum(product((pair){n, 0}, ln2), product((pair){2 * s.high, 2 * s.low}, series));
}

/* e^x = 2^n e^r with |r| <= ln(2) / 2, by its Taylor series. */
static double exponential(pair x) {
  enum { TERMS = 22 }; /* r^23 / 23! < 2^-110 */
  if (x.high > 710) return INFINITY;
  if (x.high < -746) return 0;
  const double n = floor(x.high / ln2.high + 0.5);
  const pair r = sum(x, product((pair){-n, 0}, ln2));
  pair series = {1, 0};
  for (int i = TERMS; i > 0; i--)
    series = sum((pair){1, 0}, quotient(product(series, r), (pair){i, 0}));
  return ldexp(series.high, (int)n);
}

/* By squaring, which is also the quickest. */
LS_CLONES static double whole_power(double x, uint64_t n) {
  pair power = {1, 0}, square = {x, 0};
  for (;; square = product(square, square)) {
    if (n & 1) power = product(power, square);
    n >>= 1;
    if (n == 0) return power.high;
    if (square.high == 0 || !isfinite(square.high)) return square.high;
  }
}

double ls_power(double x, double y) {
  const double most = 0x1p52;
  if (x == 1 || y == 0) return 1;
  if (y <= most && y == floor(y)) return whole_power(x, (uint64_t)y);
  if (!(x > 0)) return x; /* 0, or not a number */
  return exponential(product(logarithm(x), (pair){y, 0}));
}
