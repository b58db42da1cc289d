#include "config/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A host program may have set a locale with a decimal comma. */
static locale_t c_locale(void) {
  static locale_t plain;
  if (!plain) plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return plain;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

static const char *skip_digits(const char *s) {
  while (digit(*s)) s++;
  return s;
}

/* Past the longest decimal number at s; s itself if there is none. strtod alone would take
 * hexadecimal, nan and inf. */
static const char *number_end(const char *s) {
  const char *start = s + (*s == '-' || *s == '+'), *whole = skip_digits(start), *end = whole;
  if (*end == '.') end = skip_digits(end + 1);
  if (!digit(*start) && !(*start == '.' && digit(start[1]))) return s;
  if (*end != 'e' && *end != 'E') return end;
  const char *power = end + 1 + (end[1] == '-' || end[1] == '+');
  return digit(*power) ? skip_digits(power) : end;
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

static const char *take(const char *text, const char *end, double *out) {
  *out = strtod_l(text, NULL, c_locale());
  if (!isfinite(*out)) return "is too large for a double";
  if (*out == 0 && has_nonzero_digit(text, end)) return "is too small for a double";
  return NULL;
}

const char *ls_number_parse(const char *text, double *out) {
  const char *end = number_end(text);
  if (end == text || *end) return not_a_number(text);
  return take(text, end, out);
}

const char *ls_integer_parse(const char *text, int64_t *out) {
  const char *start = text + (*text == '-' || *text == '+'), *end = number_end(text);
  if (end == text || *end) return not_a_number(text);
  if (!*skip_digits(start)) {
    if (start[0] == '0' && start[1])
      return "begins with 0 like an octal number, and numbers are decimal here";
    errno = 0;
    *out = strtoll(text, NULL, 10);
    return errno ? "is too large for 64 bits" : NULL;
  }
  double value;
  const char *wrong = take(text, end, &value);
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

static const struct {
  const char *name;
  ls_every_unit unit;
  double factor;
} units[] = {
    {"", LS_EVERY_STEPS, 1},       {"step", LS_EVERY_STEPS, 1},    {"steps", LS_EVERY_STEPS, 1},
    {"epoch", LS_EVERY_EPOCHS, 1}, {"epochs", LS_EVERY_EPOCHS, 1}, {"s", LS_EVERY_SECONDS, 1},
    {"m", LS_EVERY_SECONDS, 60},   {"min", LS_EVERY_SECONDS, 60},  {"h", LS_EVERY_SECONDS, 3600},
};

const char *ls_every_parse(const char *text, ls_every *out) {
  const char *end = number_end(text), *unit = end + (*end == ' ');
  if (end == text) return not_a_number(text);
  const char *wrong = take(text, end, &out->n);
  if (wrong) return wrong;
  size_t i = 0;
  while (i < sizeof units / sizeof *units && strcmp(unit, units[i].name) != 0) i++;
  if (i == sizeof units / sizeof *units) return "has an unknown unit";
  out->unit = units[i].unit;
  out->n *= units[i].factor;
  if (out->unit == LS_EVERY_STEPS && out->n != floor(out->n)) return "is not a whole number";
  return fabs(out->n) > 0x1p53 ? "is out of range" : NULL;
}
