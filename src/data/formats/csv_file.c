#include "data/formats/csv_file.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { QUOTE_SHOWN = 40, LOOKED_AT = 100 };

/* ---- what may mend it ---- */

typedef enum {
  NOTHING,
  COMMENT,
  TITLE,
  FIRST,
  UNITS,
  WORDS,
  DECIMAL_POINT,
  DECIMAL_COMMA,
  EXPONENT
} remedy;

#define FORTRAN "an exponent is written with E: write such numbers in Fortran with es25.16 or *"

/* In a config; in the file itself, where a checkpoint says how it is read. */
static const struct {
  const char *config, *file;
} remedies[] = {
    [COMMENT] = {"data.comment: \"#\" passes over lines that begin so",
                 "the training data had no comments: take lines that begin with # out"},
    [TITLE] = {"if the first line is no header but a title: header: false, and data.skip leaves "
               "it out",
               "if the first line is no header but a title, take it out"},
    [FIRST] = {"if the first line is no sample, data.skip leaves it out",
               "if the first line is no sample, take it out"},
    [UNITS] = {"if this line is no sample (units?), data.skip leaves it out",
               "if this line is no sample (units?), take it out"},
    [WORDS] = {"data.text_inputs: one_hot takes texts for inputs", NULL},
    [DECIMAL_POINT] = {"data.decimal says which mark decimals have, and it is . here",
                       "decimals had . in the training data, and it is . here"},
    [DECIMAL_COMMA] = {"data.decimal says which mark decimals have, and it is , here",
                       "decimals had , in the training data, and it is , here"},
    [EXPONENT] = {FORTRAN, FORTRAN}};

/* The same failure, with what may mend it. */
static ls_status propose(const ls_csv *c, ls_status status, remedy r) {
  const bool file = c->by == LS_CSV_BY_CHECKPOINT;
  const char *text = file ? remedies[r].file : remedies[r].config;
  if (!text) return status;
  return ls_fail(status, "%s; %s%s", ls_error_text(), text,
                 c->by == LS_CSV_BY_IMPORT ? " (in a config: lockstep data import CONFIG)" : "");
}

/* ---- what is wrong ---- */

void ls_csv_place(const ls_csv *c, int64_t line, int64_t column, char *text, size_t size) {
  snprintf(text, size, "%s:%lld: column %lld%s%s%s", ls_csv_path(c), (long long)line,
           (long long)column + 1, c->head ? " (" : "", c->head ? c->head[column] : "",
           c->head ? ")" : "");
}

ls_status ls_csv_bad(const ls_csv *c, int64_t line, int64_t column, const char *what) {
  char place[512];
  ls_csv_field f = c->field[column];
  if (f.length > QUOTE_SHOWN) f.length = QUOTE_SHOWN;
  char *text = ls_csv_unquoted(f);
  ls_csv_place(c, line, column, place, sizeof place);
  ls_status status = ls_fail(LS_EDATA, "%s: %s: '%s'", place, what, text);
  LS_FREE(text);
  return status;
}

/* A name that is not UTF-8: of a column, a class, a text that is an input. */
static ls_status check_name(const ls_csv *c, const char *what, int64_t column, const char *name) {
  const char *wrong = ls_utf8_wrong(name);
  if (!wrong) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: %s of column %lld is not UTF-8 text: '%.*s' and then byte 0x%02x; iconv -f "
                 "latin1 -t utf-8 makes such a file of one in Latin-1, -f cp1252 of one of Windows",
                 ls_csv_path(c), what, (long long)column + 1, (int)(wrong - name), name,
                 (unsigned)(unsigned char)*wrong);
}

ls_status ls_csv_check_names(const ls_csv *c, const char *what, int64_t column,
                             const ls_names *names) {
  for (int64_t k = 0; names && k < names->count; k++)
    LS_TRY(check_name(c, what, column, names->text[k]));
  return LS_OK;
}

/* ---- opening ---- */

/* Lines that are skipped may be of any shape: without a header the first behind them tells how many
 * fields there are. */
static ls_status count_columns(ls_csv *c, int64_t skipped) {
  ls_csv_cursor peek = c->next;
  do LS_TRY(ls_csv_record(&c->text, &peek, NULL, 0, &c->columns));
  while (skipped-- > 0 && !ls_csv_ended(&c->text, peek.at));
  return LS_OK;
}

static ls_status read_header(ls_csv *c, bool header, int64_t skipped) {
  if (ls_csv_ended(&c->text, c->next.at))
    return ls_fail(LS_EDATA, "%s: holds no samples: the file is empty", ls_csv_path(c));
  LS_TRY(count_columns(c, header ? 0 : skipped));
  LS_NEW(c->field, c->columns);
  if (!header) return LS_OK;
  LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &c->columns));
  LS_NEW(c->head, c->columns);
  for (int64_t k = 0; k < c->columns; k++) c->head[k] = ls_csv_unquoted(c->field[k]);
  for (int64_t k = 0; k < c->columns; k++) LS_TRY(check_name(c, "the name", k, c->head[k]));
  return LS_OK;
}

/* Up to the first record. */
ls_status ls_csv_start(ls_csv *c, const ls_opening *what) {
  ls_csv_spec how = what->spec->csv;
  c->base.file[0].path = ls_mem_text(what->file);
  if (what->first && how.separator == LS_SEPARATOR_AUTO) how.separator = what->first->separator;
  LS_TRY(ls_csv_open(ls_csv_path(c), &how, &c->text, c->base.file));
  c->base.separator = c->text.separator;
  c->next = c->text.start;
  c->words = what->spec->missing.text;
  if (what->spec->alone) c->by = LS_CSV_BY_IMPORT;
  if (what->spec->foreign) c->by = LS_CSV_BY_CHECKPOINT;
  return read_header(c, what->spec->source[what->split].header, what->skipped);
}

/* ---- records ---- */

/* What may be the remedy for a record of so many fields that begins at `at`. */
static remedy other_shape(const ls_csv *c, const ls_csv_cursor *at, int64_t fields) {
  ls_csv_cursor next = c->next;
  int64_t more;
  if (*at->at == '#' && !c->text.comment) return COMMENT;
  const int64_t line = c->first.line + (c->head ? 0 : 1); /* the first that could be another */
  if (at->line != line || ls_csv_ended(&c->text, next.at)) return NOTHING;
  if (ls_csv_record(&c->text, &next, NULL, 0, &more) != LS_OK || more != fields) return NOTHING;
  return c->head ? TITLE : FIRST;
}

ls_status ls_csv_next(ls_csv *c) {
  const ls_csv_cursor start = c->next;
  int64_t line = c->next.line, fields;
  bool blank = ls_csv_blank(&c->text, c->next.at);
  c->taken = start.at;
  LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &fields));
  if (fields == c->columns && !(blank && c->columns > 1)) return LS_OK;
  if (blank)
    return ls_fail(LS_EDATA, "%s:%lld: an empty line between records", ls_csv_path(c),
                   (long long)line);
  ls_status status =
      ls_fail(LS_EDATA, "%s:%lld: %lld fields, but %s has %lld", ls_csv_path(c), (long long)line,
              (long long)fields, c->head ? "the header" : "the first line", (long long)c->columns);
  return propose(c, status, other_shape(c, &start, fields));
}

/* ---- numbers ---- */

bool ls_csv_is_number(const ls_csv *c, int64_t column) {
  double value;
  return ls_csv_number(&c->text, c->field[column], &value);
}

/* Of the first row, and of these columns of it (NULL: of all). */
int64_t ls_csv_count_numbers(const ls_csv *c, const int64_t *column, int64_t n) {
  int64_t numbers = 0;
  for (int64_t i = 0; i < n; i++) numbers += ls_csv_is_number(c, column ? column[i] : i);
  return numbers;
}

bool ls_csv_infinite(ls_csv_field f, double *value) {
  bool sign = f.length > 0 && (*f.text == '-' || *f.text == '+');
  ls_csv_field bare = {f.text + sign, f.length - sign};
  bool infinite = (bare.length == 3 && strncasecmp(bare.text, "inf", 3) == 0) ||
                  (bare.length == 8 && strncasecmp(bare.text, "infinity", 8) == 0);
  if (infinite) *value = *f.text == '-' ? -HUGE_VAL : HUGE_VAL;
  return infinite;
}

/* Of what a column has in the first records, as far as they can be read, how many more begin with a
 * letter than are numbers. Takes the place of the record taken last. */
static int64_t more_words(const ls_csv *c, int64_t column) {
  ls_csv_cursor at = c->first;
  int64_t fields, more = 0;
  for (int k = 0; k < LOOKED_AT && !ls_csv_ended(&c->text, at.at); k++) {
    if (ls_csv_record(&c->text, &at, c->field, c->columns, &fields) != LS_OK) break;
    ls_csv_field f = c->field[column];
    if (fields != c->columns || ls_csv_missing(f, c->words, true)) continue;
    bool quoted = f.length > 1 && *f.text == '"';
    more += isalpha((unsigned char)f.text[quoted]) != 0 && !ls_csv_is_number(c, column);
    more -= ls_csv_is_number(c, column);
  }
  return more;
}

/* "0.12D-02", as Fortran writes double precision. */
static bool has_exponent_d(const ls_csv *c, ls_csv_field f) {
  char text[QUOTE_SHOWN + 1];
  double value;
  if (f.length > QUOTE_SHOWN) return false;
  snprintf(text, sizeof text, "%.*s", (int)f.length, f.text);
  char *d = strpbrk(text, "dD");
  if (d) *d = 'e';
  return d && ls_csv_number(&c->text, (ls_csv_field){text, f.length}, &value);
}

/* What may be the remedy for a field that is no number: the other decimal mark, categories where
 * the column has words, or to leave out a first line of units. Takes the record's place too. */
static remedy no_number_remedy(const ls_csv *c, int64_t line, int64_t column) {
  ls_csv_text other = c->text;
  double value;
  other.decimal_comma = !other.decimal_comma;
  if (ls_csv_number(&other, c->field[column], &value))
    return c->text.decimal_comma ? DECIMAL_COMMA : DECIMAL_POINT;
  if (*c->taken == '#' && !c->text.comment) return COMMENT;
  if (has_exponent_d(c, c->field[column])) return EXPONENT;
  bool input = false;
  for (int64_t i = 0; i < c->base.shape.features; i++) input = input || c->x[i] == column;
  const bool any_number = ls_csv_count_numbers(c, NULL, c->columns) > 0;
  int64_t more = more_words(c, column);
  if (more > 0 && input && c->value.count == 0 && c->by_config) return WORDS;
  return more < 0 && line == c->first.line && !any_number ? UNITS : NOTHING;
}

static ls_status no_number(const ls_csv *c, int64_t line, int64_t column) {
  ls_csv_field f = c->field[column];
  const remedy what_to_do = no_number_remedy(c, line, column);
  c->field[column] = f;
  return propose(c, ls_csv_bad(c, line, column, "not a number"), what_to_do);
}

/* A missing value becomes a NaN, which whoever reads the rows refuses, or counts. */
ls_status ls_csv_value(const ls_csv *c, int64_t line, int64_t column, double *value) {
  ls_csv_field f = c->field[column];
  bool listed = c->words && ls_csv_missing(f, c->words, true); /* perhaps a number: -999 */
  if (!listed && (ls_csv_number(&c->text, f, value) || ls_csv_infinite(f, value))) return LS_OK;
  if (!listed && !ls_csv_missing(f, NULL, true)) return no_number(c, line, column);
  *value = (double)NAN;
  return LS_OK;
}
