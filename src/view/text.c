/* text.c - the bounds in ls_text_count are those of rounding (999.5, 99.95, 9.995), so that
 * three digits stay three when printed. Below: what has to be quoted in a field of CSV. */
#include "view/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

char *ls_text_duration(double seconds, char *out) {
  if (!(seconds >= 0 && seconds < 1e9)) return memcpy(out, "-", 2);
  int64_t s = (int64_t)(seconds + 0.5), days = s / 86400;
  if (days > 0)
    snprintf(out, LS_TEXT, "%jd d %02jd:%02jd:%02jd", days, s / 3600 % 24, s / 60 % 60, s % 60);
  else
    snprintf(out, LS_TEXT, "%jd:%02jd:%02jd", s / 3600, s / 60 % 60, s % 60);
  return out;
}

char *ls_text_count(double value, char *out) {
  static const char unit[] = " kMGTP";
  int i = 0;
  if (!isfinite(value)) return memcpy(out, "-", 2);
  for (; fabs(value) >= 999.5 && unit[i + 1]; i++) value /= 1000;
  int digits = fabs(value) >= 9.995 ? 1 : 2;
  if (i == 0 || fabs(value) >= 99.95) digits = 0;
  if (i == 0 && value != floor(value)) digits = fabs(value) < 9.995 ? 2 : 1;
  if (i == 0)
    snprintf(out, LS_TEXT, "%.*f", digits, value);
  else
    snprintf(out, LS_TEXT, "%.*f %c", digits, value, unit[i]);
  return out;
}

char *ls_text_number(double value, char kind, int digits, char *out) {
  if (isnan(value)) return memcpy(out, "-", 2);
  if (kind == 'f')
    snprintf(out, LS_TEXT, "%.*f", digits, value);
  else
    snprintf(out, LS_TEXT, "%.*g", digits, value);
  return out;
}

char *ls_text_of(FILE *memory, char **text) {
  fclose(memory);
  char *own = ls_mem_text(*text);
  free(*text);
  return own;
}

void ls_text_put_field(FILE *to, const char *before, const char *text) {
  if (!text[strcspn(text, ",\"\r\n")]) {
    fprintf(to, "%s%s", before, text);
    return;
  }
  fprintf(to, "\"%s", before);
  for (; *text; text++) {
    if (*text == '"') fputc('"', to);
    fputc(*text, to);
  }
  fputc('"', to);
}
