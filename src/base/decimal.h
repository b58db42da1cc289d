/* decimal.h - text to number, fast, exact, and deaf to the locale: the one grammar of numbers, that
 * of configs and of CSV files. */
#ifndef LS_BASE_DECIMAL_H
#define LS_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* [+-] digits [. digits] [e [+-] digits] and nothing else; the nearest double (infinite where there
 * is none). false: no number. */
bool ls_decimal(const char *text, size_t length, double *value);
/* The longest number that text begins with: where it ends. NULL: none. */
const char *ls_decimal_prefix(const char *text, size_t length, double *value);

/* The same of a short one that text begins with: where it ends. NULL: not so simple, ask
 * ls_decimal. Up to LS_DECIMAL_PAD bytes behind the number are looked at. */
const char *ls_decimal_short(const char *text, double *value);
enum { LS_DECIMAL_PAD = 8 };

/* How many of the eight characters at `at` are digits before the first that is none, and their
 * value. No branch depends on the digits. */
static inline int ls_decimal_digits(const char *at, uint64_t *value) {
  uint64_t x, other;
  memcpy(&x, at, sizeof x);
  if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
    x = __builtin_bswap64(x); /* the first one in the lowest byte */
  x ^= UINT64_C(0x3030303030303030);
  other = ((x + UINT64_C(0x7676767676767676)) | x) &
          UINT64_C(0x8080808080808080); /* right up to the first that is no digit */
  int digits = other ? __builtin_ctzll(other) / 8 : 8;
  x = digits ? x << 8 * (8 - digits) : 0;
  x = x * 2561 >> 8 & UINT64_C(0x00ff00ff00ff00ff); /* pairs, fours, all */
  x = x * 6553601 >> 16 & UINT64_C(0x0000ffff0000ffff);
  *value = x * UINT64_C(42949672960001) >> 32;
  return digits;
}

#endif
