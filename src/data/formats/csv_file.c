/* csv_file.c - a record must have as many fields as the header or the first line, and a field
 * is a number, infinite, missing (NaN) or refused with its place and a remedy. Begin with
 * ls_csv_start and ls_csv_next. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/typed.h"
#include "base/utf8.h"
#include "data/formats/csv.h"

enum { QUOTE_SHOWN = 40 };

/* ---- what is wrong ---- */

void ls_csv_call(const ls_csv *c, int64_t column, char *text, size_t size) {
  if (c->head)
    snprintf(text, size, "column %jd (%s)", column + 1, c->head[column]);
  else
    snprintf(text, size, "column %jd", column + 1);
}

void ls_csv_place(const ls_csv *c, int64_t line, int64_t column, char *text, size_t size) {
  char called[400];
  ls_csv_call(c, column, called, sizeof called);
  snprintf(text, size, "%s:%jd: %s", ls_csv_path(c), line, called);
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
  ls_fail(LS_EDATA, "%s: %s of column %jd is not UTF-8 text: '%.*s' and then byte 0x%02x",
          ls_csv_path(c), what, column + 1, (int)(wrong - name), name,
          (unsigned)(unsigned char)*wrong);
  return ls_fail_remedy(LS_EDATA,
                        "iconv -f latin1 -t utf-8 FILE >NEW makes such a file of one in Latin-1, "
                        "-f cp1252 of one of Windows",
                        ls_csv_path(c));
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
  if (what->first && what->first->separator == c->text.separator)
    c->before = (const ls_csv *)what->first;
  c->next = c->text.start;
  c->words = what->spec->missing.text;
  if (what->spec->alone) c->by = LS_CSV_BY_IMPORT;
  if (what->spec->foreign) c->by = LS_CSV_BY_CHECKPOINT;
  return read_header(c, what->spec->source[what->split].header, what->skipped);
}

/* ---- records ---- */

ls_status ls_csv_next(ls_csv *c) {
  const ls_csv_cursor start = c->next;
  int64_t line = c->next.line, fields;
  bool blank = ls_csv_blank(&c->text, c->next.at);
  c->taken = start.at;
  LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &fields));
  if (fields == c->columns && !(blank && c->columns > 1)) return LS_OK;
  if (blank)
    return ls_fail_remedy(
        ls_fail(LS_EDATA, "%s:%jd: an empty line between records", ls_csv_path(c), line),
        "sed -i '/^\\s*$/d' FILE takes such out", ls_csv_path(c));
  ls_status status = ls_fail(LS_EDATA, "%s:%jd: %jd fields, but %s has %jd", ls_csv_path(c), line,
                             fields, c->head ? "the header" : "the first line", c->columns);
  return ls_csv_remedy_shape(c, status, &start, fields);
}

/* ---- numbers ---- */

bool ls_csv_infinite(ls_csv_field f, double *value) {
  bool sign = f.length > 0 && (*f.text == '-' || *f.text == '+');
  ls_csv_field bare = {f.text + sign, f.length - sign};
  bool infinite = (bare.length == 3 && strncasecmp(bare.text, "inf", 3) == 0) ||
                  (bare.length == 8 && strncasecmp(bare.text, "infinity", 8) == 0);
  if (infinite) *value = *f.text == '-' ? -HUGE_VAL : HUGE_VAL;
  return infinite;
}

static ls_status no_number(const ls_csv *c, int64_t line, int64_t column) {
  ls_status status = ls_csv_bad(c, line, column, "not a number");
  return ls_csv_remedy_number(c, status, line, column);
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
