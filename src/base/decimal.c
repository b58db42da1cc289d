/* decimal.c - the quickest way that is exact: digits times a power of ten where both are
 * doubles, x86's 64-bit mantissa, then the C library under the C locale. Begin with convert;
 * ls_decimal_short takes eight characters at once and gives up at what is not simple. */
#include "base/decimal.h"

#include <float.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  uint64_t digits; /* the first 19 significant ones */
  int count;       /* how many those are */
  int64_t exponent;
  bool negative, exact; /* exact: no digit was left out */
} parts;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *take_digits(const char *at, const char *end, bool fraction, parts *p) {
  for (; at < end && is_digit(*at); at++) {
    if (p->count < 19) {
      p->digits = 10 * p->digits + (uint64_t)(*at - '0');
      p->count += p->digits != 0;
      p->exponent -= fraction;
    } else {
      p->exact = p->exact && *at == '0';
      p->exponent += !fraction;
    }
  }
  return at;
}

/* "e-12"; at is behind the e. NULL: no digits, so the number ends before it. Saturates:
 * 1e400000000000 is infinite, whatever its digits. */
static const char *take_exponent(const char *at, const char *end, parts *p) {
  bool negative = at < end && *at == '-';
  int64_t value = 0;
  if (at < end && (*at == '-' || *at == '+')) at++;
  if (at == end || !is_digit(*at)) return NULL;
  for (; at < end && is_digit(*at); at++)
    if (value < 1000000) value = 10 * value + (*at - '0');
  p->exponent += negative ? -value : value;
  return at;
}

/* Where the number ends; NULL: there is none. */
static const char *take(const char *text, size_t length, parts *p) {
  const char *at = text, *end = text + length;
  *p = (parts){.exact = true};
  if (at < end && (*at == '-' || *at == '+')) p->negative = *at++ == '-';
  const char *whole = at;
  at = take_digits(at, end, false, p);
  int64_t seen = at - whole;
  if (at < end && *at == '.') {
    const char *fraction = ++at;
    at = take_digits(at, end, true, p);
    seen += at - fraction;
  }
  if (seen == 0) return NULL;
  const char *behind = NULL;
  if (at < end && (*at == 'e' || *at == 'E')) behind = take_exponent(at + 1, end, p);
  return behind ? behind : at;
}

/* The library's, under the C locale; text without NUL behind it is copied. */
static double slow(const char *text, size_t length) {
  static locale_t c_locale;
  char small[128], *copy = length < sizeof small ? small : malloc(length + 1);
  if (!c_locale) c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!copy) return 0; /* a number of gigabytes, and no memory */
  memcpy(copy, text, length);
  copy[length] = 0;
  double value = strtod_l(copy, NULL, c_locale);
  if (copy != small) free(copy);
  return value;
}

/* Clinger's fast path: digits up to 2^53 and a power of ten up to 10^22 are doubles, so their
 * product or quotient is rounded once. */
static inline bool as_double(uint64_t digits, int64_t exponent, double *value) {
  static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (digits > UINT64_C(1) << 53 || exponent < -22 || exponent > 22) return false;
  *value = exponent < 0 ? (double)digits / power[-exponent] : (double)digits * power[exponent];
  return true;
}

/* The same with the 64-bit mantissa of x86 for 17 to 19 digits. Rounding twice errs only near the
 * middle between two doubles: refused. */
static bool as_extended(const parts *p, double *value) {
#if LDBL_MANT_DIG == 64
  static const long double power[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                      1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                      1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                      1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
  if (p->exponent < -27 || p->exponent > 27) return false;
  long double v = p->exponent < 0 ? (long double)p->digits / power[-p->exponent]
                                  : (long double)p->digits * power[p->exponent];
  uint64_t mantissa;
  memcpy(&mantissa, &v, sizeof mantissa);
  int below = (int)(mantissa & 0x7ff) - 0x400;
  *value = (double)v;
  return below < -1 || below > 1;
#else
  (void)p, (void)value;
  return false;
#endif
}

static void convert(const char *text, size_t length, const parts *p, double *value) {
  if (p->exact && (as_double(p->digits, p->exponent, value) || as_extended(p, value)))
    *value = p->negative ? -*value : *value;
  else
    *value = slow(text, length);
}

bool ls_decimal(const char *text, size_t length, double *value) {
  parts p;
  if (take(text, length, &p) != text + length) return false;
  convert(text, length, &p, value);
  return true;
}

const char *ls_decimal_prefix(const char *text, size_t length, double *value) {
  parts p;
  const char *end = take(text, length, &p);
  if (end) convert(text, (size_t)(end - text), &p, value);
  return end;
}

/* ---- short ones: eight characters at once ---- */

/* Behind the digits that begin at `at`; the number before them goes on with them. Of more than 18
 * it is wrong. */
static inline const char *eat_digits(const char *at, uint64_t *number) {
  static const uint64_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
  for (;;) {
    uint64_t value;
    int digits = ls_decimal_digits(at, &value);
    if (digits == 0) return at;
    *number = *number * power[digits] + value;
    at += digits;
    if (digits < 8) return at;
  }
}

/* "e-12" at `at`; NULL: no digits, or too many. */
static const char *eat_exponent(const char *at, int64_t *exponent) {
  uint64_t value = 0;
  bool negative = *++at == '-';
  if (*at == '-' || *at == '+') at++;
  const char *end = eat_digits(at, &value);
  if (end == at || end - at > 3) return NULL;
  *exponent += negative ? -(int64_t)value : (int64_t)value;
  return end;
}

const char *ls_decimal_short(const char *text, double *value) {
  const char *at = text + (*text == '-'), *end;
  uint64_t digits = 0;
  int64_t exponent = 0;
  end = eat_digits(at, &digits);
  int64_t count = end - at;
  if (*end == '.') {
    at = end + 1;
    end = eat_digits(at, &digits);
    exponent = at - end;
    count += end - at;
  }
  if (count == 0 || count > 18) return NULL;
  if ((*end == 'e' || *end == 'E') && !(end = eat_exponent(end, &exponent))) return NULL;
  if (!as_double(digits, exponent, value)) return NULL;
  if (*text == '-') *value = -*value;
  return end;
}
