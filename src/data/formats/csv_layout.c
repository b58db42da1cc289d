/* csv_layout.c - records are read by each separator in turn, and the first line wins behind which
 * all have as many fields. Begin at the bottom. */
#include "data/formats/csv_layout.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

enum { TITLES_MAX = 20, LOOKED_AT = 20, FIELDS_MAX = 4096 };

typedef struct {
  const ls_csv_text *text;
  ls_csv_field *field; /* (FIELDS_MAX) */
  int64_t fields;      /* of the record read last */
} looker;

static bool read(looker *l, const ls_csv_text *text, ls_csv_cursor *at) {
  return !ls_csv_ended(text, at->at) &&
         ls_csv_record(text, at, l->field, FIELDS_MAX, &l->fields) == LS_OK &&
         l->fields <= FIELDS_MAX;
}

static int64_t filled(const looker *l) {
  int64_t n = 0;
  for (int64_t k = 0; k < l->fields; k++) n += l->field[k].length > 0;
  return n;
}

/* Has the record at `at` several fields, and each of those behind it as many? *fields: how many. */
static bool is_table(looker *l, const ls_csv_text *text, ls_csv_cursor at, int64_t *fields) {
  if (!read(l, text, &at) || filled(l) < 2) return false;
  *fields = l->fields;
  int records = 0;
  for (; records < LOOKED_AT && !ls_csv_ended(text, at.at); records++)
    if (!read(l, text, &at) || l->fields != *fields) return false;
  return records > 0;
}

/* Have the lines up to `end` less than half of the table's fields? */
static bool are_titles(looker *l, const ls_csv_text *text, const char *end, int64_t fields) {
  ls_csv_cursor at = text->start;
  while (at.at < end)
    if (!read(l, text, &at) || (filled(l) > 1 && 2 * filled(l) >= fields)) return false;
  return true;
}

/* Blanks behind which more fields stand than between tabs, which some lines have too. */
static bool is_finer(looker *l, ls_csv_cursor at, ls_separator than, int64_t fields) {
  const ls_csv_text blanks = ls_csv_separated(l->text, LS_SEPARATOR_BLANKS);
  int64_t more;
  return than == LS_SEPARATOR_TAB && is_table(l, &blanks, at, &more) && more > fields;
}

/* A table that begins at `at`, by the separator that all have said first. */
static bool find_at(looker *l, ls_csv_cursor at, ls_csv_layout *out) {
  const bool first = at.at == l->text->start.at;
  for (int k = 0; k < LS_SEPARATORS; k++) {
    const ls_separator separator = k == 0 ? l->text->separator : (ls_separator)k;
    const ls_csv_text text = ls_csv_separated(l->text, separator);
    int64_t fields;
    if (k > 0 && first && separator == LS_SEPARATOR_BLANKS) continue; /* of words in names */
    if (!is_table(l, &text, at, &fields) || !are_titles(l, &text, at.at, fields)) continue;
    *out = (ls_csv_layout){at.line,
                           is_finer(l, at, separator, fields) ? LS_SEPARATOR_BLANKS : separator};
    return true;
  }
  return false;
}

/* What has failed already is still said, whatever fails while readings of the text are tried. */
bool ls_csv_find_table(const ls_csv_text *text, ls_csv_layout *out) {
  char *said = ls_mem_text(ls_error_text());
  looker l = {.text = text};
  ls_csv_cursor at = text->start;
  bool found = false;
  bool more = ls_mem_new((void **)&l.field, FIELDS_MAX, sizeof *l.field) == LS_OK;
  for (int k = 0; k < TITLES_MAX && more && !ls_csv_ended(text, at.at); k++) {
    found = find_at(&l, at, out);
    more = !found && read(&l, text, &at);
  }
  LS_FREE(l.field);
  ls_fail(LS_EDATA, "%s", said);
  LS_FREE(said);
  return found;
}

/* How often a mark stands in the line at *at, which is passed. */
static int64_t count_in_line(const ls_csv_text *c, const char **at, char mark) {
  const char *end = ls_csv_line_end(c, *at);
  int64_t n = 0;
  for (; *at < end; ++*at) n += **at == mark;
  *at += end < c->end;
  return n;
}

static bool is_in_each_line(const ls_csv_text *c, char mark) {
  const char *at = c->start.at;
  const int64_t n = count_in_line(c, &at, mark);
  for (int k = 0; k < LOOKED_AT && !ls_csv_ended(c, at); k++)
    if (count_in_line(c, &at, mark) != n) return false;
  return n > 0;
}

char ls_csv_foreign_mark(const ls_csv_text *c, size_t *length) {
  const char *end = ls_csv_line_end(c, c->start.at);
  for (const char *p = c->start.at; p < end; p++) {
    const bool may_be = ispunct((unsigned char)*p) || ((unsigned char)*p < ' ' && *p != '\r');
    if (!may_be || strchr("\"'._-+#()[]%", *p) || !is_in_each_line(c, *p)) continue;
    *length = strspn(p, (const char[]){*p, 0});
    return *p;
  }
  return 0;
}
