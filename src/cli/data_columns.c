/* data_columns.c - lockstep data info of a CSV file: what each column holds, before anyone says
 * which are inputs. */
#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "cli/cmd_data.h"
#include "data/formats/csv_text.h"
#include "data/names.h"
#include "data/survey.h"

enum { NAMES_SHOWN = 6 };

typedef struct {
  char *name; /* NULL: no header */
  ls_spread numbers;
  int64_t missing, texts;
  ls_names *words;
} column;

typedef struct {
  ls_csv_text text;
  ls_data_file file;
  ls_csv_field *field; /* (columns) */
  column *column;      /* (columns) */
  int64_t columns, rows;
  bool header;
} csv;

static ls_status take(column *c, ls_csv_field f) {
  double value;
  if (ls_decimal(f.text, f.length, &value)) {
    ls_spread_add(&c->numbers, &value, 1);
    return LS_OK;
  }
  if (ls_csv_missing(f, NULL, false)) {
    c->missing++;
    return LS_OK;
  }
  c->texts++;
  if (c->words->count < LS_NAMES_MAX) return ls_names_add(c->words, f.text, f.length, false);
  return LS_OK;
}

/* Beside numbers "none" and "Nan" are missing too, as where the column is an input. */
static ls_status settle(column *c) {
  bool missing = c->numbers.count > 0 && c->texts > 0;
  for (int64_t w = 0; w < c->words->count && missing; w++) {
    const char *word = c->words->text[w];
    missing = ls_csv_missing((ls_csv_field){word, strlen(word)}, NULL, true);
  }
  if (!missing) return LS_OK;
  c->missing += c->texts;
  c->texts = 0;
  ls_names_free(&c->words);
  return ls_names_new(&c->words);
}

/* A first line without any number is a header. */
static void take_header(csv *c, ls_csv_cursor *at) {
  double value;
  c->header = true;
  for (int64_t k = 0; k < c->columns; k++)
    c->header = c->header && !ls_decimal(c->field[k].text, c->field[k].length, &value);
  for (int64_t k = 0; k < c->columns && c->header; k++)
    c->column[k].name = ls_csv_unquoted(c->field[k]);
  if (!c->header) *at = c->text.start;
}

static ls_status read_columns(csv *c, const char *path) {
  int64_t fields;
  LS_TRY(ls_csv_open(path, &c->text, &c->file));
  ls_csv_cursor at = c->text.start;
  if (ls_csv_ended(&c->text, at.at)) return ls_fail(LS_EDATA, "%s: the file is empty", path);
  LS_TRY(ls_csv_record(&c->text, &at, NULL, 0, &c->columns));
  LS_NEW(c->field, c->columns);
  LS_NEW(c->column, c->columns);
  for (int64_t k = 0; k < c->columns; k++) LS_TRY(ls_names_new(&c->column[k].words));
  at = c->text.start;
  LS_TRY(ls_csv_record(&c->text, &at, c->field, c->columns, &fields));
  take_header(c, &at);
  while (!ls_csv_ended(&c->text, at.at)) {
    int64_t line = at.line;
    LS_TRY(ls_csv_record(&c->text, &at, c->field, c->columns, &fields));
    if (fields != c->columns)
      return ls_fail(LS_EDATA, "%s:%lld: %lld fields, but the first line has %lld", path,
                     (long long)line, (long long)fields, (long long)c->columns);
    for (int64_t k = 0; k < c->columns; k++) LS_TRY(take(&c->column[k], c->field[k]));
    c->rows++;
  }
  for (int64_t k = 0; k < c->columns; k++) LS_TRY(settle(&c->column[k]));
  return LS_OK;
}

static void print(ls_cli *cli, const char *path, const csv *c) {
  ls_out(cli, "%s: csv, %lld samples of %lld columns, %s header, %s\n", path, (long long)c->rows,
         (long long)c->columns, c->header ? "a" : "no", c->file.digest);
  for (int64_t k = 0; k < c->columns; k++) {
    const column *o = &c->column[k];
    ls_out(cli, "  %-4lld %-16s", (long long)k + 1, o->name ? o->name : "");
    if (o->numbers.count)
      ls_out(cli, " %g to %g, mean %.6g, deviation %.6g", o->numbers.least, o->numbers.most,
             o->numbers.mean, ls_spread_deviation(&o->numbers));
    if (o->texts)
      ls_out(cli, " %lld texts, %lld different:", (long long)o->texts, (long long)o->words->count);
    for (int64_t w = 0; w < o->words->count && w < NAMES_SHOWN; w++)
      ls_out(cli, " '%s'", o->words->text[w]);
    if (o->words->count > NAMES_SHOWN) ls_out(cli, " ...");
    ls_out(cli, o->missing ? " %lld MISSING\n" : "\n", (long long)o->missing);
  }
}

static void print_json(ls_cli *cli, const char *path, const csv *c) {
  json_t *list = json_array();
  for (int64_t k = 0; k < c->columns; k++) {
    const column *o = &c->column[k];
    json_t *entry = json_pack("{s:I, s:o, s:I, s:I, s:I, s:I}", "column", (json_int_t)k + 1, "name",
                              o->name ? ls_data_text(o->name) : json_null(), "numbers",
                              (json_int_t)(o->numbers.count + o->numbers.not_finite), "texts",
                              (json_int_t)o->texts, "different", (json_int_t)o->words->count,
                              "missing", (json_int_t)o->missing);
    if (o->numbers.count)
      json_object_update_new(
          entry, json_pack("{s:o, s:o, s:o, s:o}", "min", ls_json_real(o->numbers.least), "max",
                           ls_json_real(o->numbers.most), "mean", ls_json_real(o->numbers.mean),
                           "deviation", ls_json_real(ls_spread_deviation(&o->numbers))));
    json_array_append_new(list, entry);
  }
  ls_out_json(cli, json_pack("{s:o, s:s, s:I, s:b, s:s, s:o}", "data", ls_data_text(path), "type",
                             "csv", "samples", (json_int_t)c->rows, "header", c->header, "digest",
                             c->file.digest, "columns", list));
}

ls_status ls_data_info_csv(ls_cli *cli, const char *path) {
  csv c = {0};
  ls_status status = read_columns(&c, path);
  if (status == LS_OK && cli->json) print_json(cli, path, &c);
  if (status == LS_OK && !cli->json) print(cli, path, &c);
  for (int64_t k = 0; c.column && k < c.columns; k++) {
    LS_FREE(c.column[k].name);
    ls_names_free(&c.column[k].words);
  }
  LS_FREE(c.column);
  LS_FREE(c.field);
  LS_FREE(c.text.text);
  return status;
}
