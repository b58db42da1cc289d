/* number.c - what is wrong with a number, and its shortest text. Which texts are numbers says
 * base/decimal.h. */
#include "config/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"

/* A host program may have set a locale with a decimal comma. */
static locale_t c_locale(void) {
  static locale_t plain;
  if (!plain) plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return plain;
}

static const char *not_a_number(const char *text) {
  const char *bare = text + (*text == '-' || *text == '+' || *text == '.');
  if (strncasecmp(bare, "nan", 3) == 0 || strncasecmp(bare, "inf", 3) == 0)
    return "is not a finite number";
  if (bare[0] == '0' && (bare[1] == 'x' || bare[1] == 'X'))
    return "is hexadecimal, and numbers are decimal here";
  return "is not a number";
}

static bool has_nonzero_digit(const char *text, const char *end) {
  for (; text < end && *text != 'e' && *text != 'E'; text++)
    if (*text >= '1' && *text <= '9') return true;
  return false;
}

const char *ls_number_begin(const char *text, const char **end, double *out) {
  *end = ls_decimal_prefix(text, strlen(text), out);
  if (!*end) return not_a_number(text);
  if (!isfinite(*out)) return "is too large for a double";
  if (*out == 0 && has_nonzero_digit(text, *end)) return "is too small for a double";
  return NULL;
}

const char *ls_number_parse(const char *text, double *out) {
  const char *end, *wrong = ls_number_begin(text, &end, out);
  return end && *end ? not_a_number(text) : wrong;
}

const char *ls_integer_parse(const char *text, int64_t *out) {
  double value;
  const char *end, *digits = text + (*text == '-' || *text == '+');
  const char *wrong = ls_number_begin(text, &end, &value);
  if (!end || *end) return not_a_number(text);
  if (!digits[strspn(digits, "0123456789")]) {
    if (digits[0] == '0' && digits[1])
      return "begins with 0 like an octal number, and numbers are decimal here";
    errno = 0;
    *out = strtoll(text, NULL, 10);
    return errno ? "is too large for 64 bits" : NULL;
  }
  if (wrong) return wrong;
  if (value != floor(value)) return "is not a whole number";
  if (fabs(value) > 0x1p53) return "is too large to be exact in this form";
  *out = (int64_t)value;
  return NULL;
}

void ls_number_print(double value, char out[LS_NUMBER_TEXT]) {
  locale_t before = uselocale(c_locale());
  if (value == floor(value) && fabs(value) < 1e15)
    snprintf(out, LS_NUMBER_TEXT, "%.0f", value);
  else
    for (int digits = 1; digits <= 17; digits++) {
      snprintf(out, LS_NUMBER_TEXT, "%.*g", digits, value);
      if (strtod(out, NULL) == value) break;
    }
  uselocale(before);
  char *power = strchr(out, 'e'); /* 1e-08 -> 1e-8, 1e+20 -> 1e20 */
  if (!power) return;
  char *to = power + 1, *from = power + 1;
  if (*from == '-') to++;
  from++;
  while (*from == '0') from++;
  memmove(to, from, strlen(from) + 1);
}
