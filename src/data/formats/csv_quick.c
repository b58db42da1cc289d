/* csv_quick.c - a field goes straight from the text into its cell, without a list of fields.
 * Whatever is not as expected gives the record up (false); the cursor is where it was, and the
 * rules begin it anew. */
#include "data/formats/csv_quick.h"

#include "base/decimal.h"

/* Behind the number at `at`; NULL: by the rules. */
static inline const char *take_number(const char *at, char mark, double *value) {
  uint64_t whole;
  const char *end = at + ls_decimal_digits(at, &whole);
  *value = (double)whole;
  if (end > at && (*end == mark || *end == '\n')) return end;
  end = ls_decimal_short(at, value);
  if (end) return end;
  for (end = at; *end && *end != mark && *end != '\n' && *end != '\r';) end++;
  return ls_decimal(at, (size_t)(end - at), value) ? end : NULL;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* The end of an unquoted text without blanks around it; NULL: by the rules. */
static const char *take_text(const char *at, char mark, ls_csv_field *field) {
  const char *end = at;
  while (*end && *end != mark && *end != '\n' && *end != '\r' && *end != '"') end++;
  *field = (ls_csv_field){at, (size_t)(end - at)};
  const bool blanks = is_blank(*at) || (end > at && is_blank(end[-1]));
  return blanks || *end == '"' ? NULL : end;
}

bool ls_csv_quick(const ls_csv_map *map, const ls_csv_text *c, ls_csv_cursor *next, ls_dtype cell,
                  void *x, double *y, ls_csv_field *text) {
  const char *at = next->at, mark = c->mark;
  ls_csv_field skipped;
  double value = 0;
  for (int64_t k = 0; k < map->columns; k++) {
    int64_t to = map->to[k];
    if (k == map->text)
      at = take_text(at, mark, text);
    else if (to == LS_CSV_SKIP)
      at = take_text(at, mark, &skipped);
    else
      at = take_number(at, mark, &value);
    if (!at || (k < map->columns - 1 && *at++ != mark)) return false;
    if (to >= 0) ls_dtype_put(cell, x, to, value);
    if (to <= LS_CSV_Y) y[LS_CSV_Y - to] = value;
  }
  at += *at == '\r';
  if (*at != '\n' && at != c->end) return false;
  next->at = at + (*at == '\n');
  next->line++;
  if (c->comment) ls_csv_pass_comments(c, next);
  return true;
}
