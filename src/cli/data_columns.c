/* data_columns.c - lockstep data info of a CSV file: what each column holds, before anyone says
 * which are inputs. Separator, decimal mark and comments are guessed, since no config tells them:
 * begin with read_columns. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd_data.h"
#include "data/formats/csv.h"
#include "data/formats/csv_layout.h"
#include "data/names.h"
#include "data/survey.h"

enum { NAMES_SHOWN = 6, GUESSED = 1000, NUMBERS_LOOKED_AT = 64, FAR = 10 };

/* The largest of some numbers, and the one below it; of their negatives for the least. */
typedef struct {
  double value, next;
  int64_t count;   /* how often the largest comes; 0: there are none */
  ls_csv_field as; /* how it is written, first */
} extreme;

typedef struct {
  char *name; /* NULL: no header */
  ls_spread numbers;
  extreme end[2]; /* least, largest */
  int64_t missing, texts;
  int64_t truths, trues; /* of the numbers, those that are written as true or false */
  ls_names *words;
} column;

typedef struct {
  ls_csv_text text;
  ls_data_file file;
  ls_csv_field *field; /* (columns) */
  column *column;      /* (columns) */
  ls_csv_cursor first; /* the first record */
  int64_t columns, rows;
  bool header;
} csv;

static void look_at(extreme *e, double value, ls_csv_field as) {
  if (e->count == 0 || value > e->value) {
    e->next = e->count > 0 ? e->value : -HUGE_VAL;
    e->value = value;
    e->count = 1;
    e->as = as;
  } else if (value == e->value) {
    e->count++;
  } else if (value > e->next) {
    e->next = value;
  }
}

/* "9999", "99.99": three nines or more, and no other digit. */
static bool is_of_nines(double value) {
  char text[40];
  int nines = 0;
  snprintf(text, sizeof text, "%.15g", fabs(value));
  for (const char *p = text; *p; p++) {
    if (*p != '9' && *p != '.') return false;
    nines += *p == '9';
  }
  return nines >= 3;
}

/* Does the largest stand for a value that is missing? It is far from all others, of which there are
 * several, and comes more than once or is written with nines alone. */
static bool is_mark(const extreme *e, double least) {
  const double rest = e->next - least, gap = e->value - e->next;
  if (e->count == 0 || !(rest > 0) || !isfinite(rest)) return false;
  return is_of_nines(e->value) ? gap > rest : e->count > 1 && gap > FAR * rest;
}

static ls_status take(const ls_csv_text *text, column *c, ls_csv_field f) {
  double value;
  if (ls_csv_truth(f, &value)) {
    c->truths++;
    c->trues += value > 0;
  }
  if (ls_csv_number(text, f, &value)) {
    ls_spread_add(&c->numbers, &value, 1);
    look_at(&c->end[0], -value, f);
    look_at(&c->end[1], value, f);
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

/* A first line without any number is a header, and one that numbers the columns from 0. */
static ls_status take_header(csv *c, ls_csv_cursor *at) {
  char **name;
  double value;
  bool numbers = false;
  LS_NEW(name, c->columns);
  for (int64_t k = 0; k < c->columns; k++) {
    name[k] = ls_csv_unquoted(c->field[k]);
    numbers = numbers || ls_csv_number(&c->text, c->field[k], &value);
  }
  c->header = !numbers || ls_csv_counting(name, c->columns);
  for (int64_t k = 0; k < c->columns; k++) {
    if (c->header) c->column[k].name = name[k];
    if (!c->header) LS_FREE(name[k]);
  }
  LS_FREE(name);
  if (!c->header) *at = c->text.start;
  return LS_OK;
}

/* Are there more numbers with decimal commas than with points, where these are not separators? */
static ls_status guess_decimal(csv *c) {
  ls_csv_text point = c->text, comma = c->text;
  ls_csv_cursor at = c->text.start;
  int64_t fields, balance = 0;
  double value;
  point.decimal_comma = false;
  comma.decimal_comma = true;
  for (int64_t r = 0; r < GUESSED && c->text.mark != ',' && !ls_csv_ended(&c->text, at.at); r++) {
    LS_TRY(ls_csv_record(&c->text, &at, c->field, c->columns, &fields));
    for (int64_t k = 0; k < c->columns && k < fields; k++)
      balance += (int)ls_csv_number(&comma, c->field[k], &value) -
                 (int)ls_csv_number(&point, c->field[k], &value);
  }
  if (c->text.mark != ',') c->text.decimal_comma = balance > 0;
  return LS_OK;
}

/* Does a line begin with #, and is not just the header, whose first name does? */
static ls_status guess_comment(const ls_csv_text *text, bool *comment) {
  ls_csv_cursor at = text->start;
  int64_t lines = 0, first, second;
  for (const char *p = at.at; p < text->end; p++) {
    const bool begins = p == at.at || p[-1] == '\n' || p[-1] == '\r';
    lines += begins && *p == '#' && !ls_csv_excel_error(p);
  }
  *comment = lines > 0;
  if (lines != 1 || *at.at != '#') return LS_OK;
  LS_TRY(ls_csv_record(text, &at, NULL, 0, &first));
  if (ls_csv_ended(text, at.at)) return LS_OK;
  LS_TRY(ls_csv_record(text, &at, NULL, 0, &second));
  *comment = first != second;
  return LS_OK;
}

/* How many fields of the first records are numbers. */
static int64_t numbers_of(const ls_csv_text *text) {
  ls_csv_field field[NUMBERS_LOOKED_AT];
  ls_csv_cursor at = text->start;
  int64_t fields, numbers = 0;
  double value;
  for (int r = 0; r < GUESSED && !ls_csv_ended(text, at.at); r++) {
    if (ls_csv_record(text, &at, field, NUMBERS_LOOKED_AT, &fields) != LS_OK) break;
    for (int64_t k = 0; k < fields && k < NUMBERS_LOOKED_AT; k++)
      numbers += ls_csv_number(text, field[k], &value);
  }
  return numbers;
}

/* "1,5;2,3": commas of decimals, which `auto` takes for separators where it is not told. */
static ls_status guess_comma(csv *c, const char *path, ls_csv_spec spec) {
  const char *end = ls_csv_line_end(&c->text, c->text.start.at);
  csv other = {0};
  if (c->text.mark != ',' || !memchr(c->text.start.at, ';', (size_t)(end - c->text.start.at)))
    return LS_OK;
  spec.decimal_comma = true;
  LS_TRY(ls_csv_open(path, &spec, &other.text, &other.file));
  const bool better = numbers_of(&other.text) > numbers_of(&c->text);
  LS_FREE(*(better ? &c->text.text : &other.text.text));
  if (better) c->text = other.text;
  return LS_OK;
}

static ls_status open_text(csv *c, const char *path) {
  if (access(path, F_OK) != 0 && strpbrk(path, "*?"))
    return ls_fail(LS_EDATA,
                   "%s: of several files a config says what they are; data info takes one of them",
                   path);
  ls_csv_spec spec = {.separator = LS_SEPARATOR_AUTO};
  LS_TRY(ls_csv_open(path, &spec, &c->text, &c->file));
  LS_TRY(guess_comment(&c->text, &spec.comment));
  if (spec.comment) {
    LS_FREE(c->text.text);
    LS_TRY(ls_csv_open(path, &spec, &c->text, &c->file));
  }
  return guess_comma(c, path, spec);
}

/* A record of another shape, with what to write where the first line is what is odd. */
static ls_status refuse_shape(const csv *c, const ls_csv_cursor *at, const ls_csv_cursor *next,
                              int64_t fields) {
  char *name = NULL;
  ls_csv as = {.text = c->text, .first = c->first, .next = *next, .columns = c->columns};
  as.field = c->field;
  as.head = c->header ? &name : NULL;
  ls_status status = ls_fail(LS_EDATA, "%s:%jd: %jd fields, but the first line has %jd",
                             c->text.path, at->line, fields, c->columns);
  return ls_csv_remedy_shape(&as, status, at, fields);
}

/* Lines that are filled up with separators, as a sheet is saved with a title above the table. */
static void warn_of_title(const csv *c) {
  ls_csv_layout table;
  if (!ls_csv_find_table(&c->text, &table) || table.line == c->text.start.line) return;
  ls_log(LS_LOG_WARN,
         "%s: the table begins on line %jd, it seems, and what stands before it is taken for "
         "names and samples",
         c->text.path, table.line);
}

/* Bars and dashes around a table, or a mark between fields that is none of ours. */
static void warn_of_text(const csv *c) {
  const ls_csv as = {.text = c->text, .columns = c->columns};
  const ls_status status = ls_fail(LS_EDATA, "%s: this is no plain table", c->text.path);
  if (ls_csv_remedy_text(&as, status)) ls_log(LS_LOG_WARN, "%s", ls_error_text());
}

static ls_status read_columns(csv *c, const char *path) {
  int64_t fields;
  LS_TRY(open_text(c, path));
  ls_csv_cursor at = c->text.start;
  if (ls_csv_ended(&c->text, at.at)) return ls_fail(LS_EDATA, "%s: the file is empty", path);
  LS_TRY(ls_csv_record(&c->text, &at, NULL, 0, &c->columns));
  LS_NEW(c->field, c->columns);
  LS_NEW(c->column, c->columns);
  for (int64_t k = 0; k < c->columns; k++) LS_TRY(ls_names_new(&c->column[k].words));
  LS_TRY(guess_decimal(c));
  at = c->text.start;
  LS_TRY(ls_csv_record(&c->text, &at, c->field, c->columns, &fields));
  LS_TRY(take_header(c, &at));
  c->first = at;
  while (!ls_csv_ended(&c->text, at.at)) {
    const ls_csv_cursor start = at;
    LS_TRY(ls_csv_record(&c->text, &at, c->field, c->columns, &fields));
    if (fields != c->columns) return refuse_shape(c, &start, &at, fields);
    for (int64_t k = 0; k < c->columns; k++) LS_TRY(take(&c->text, &c->column[k], c->field[k]));
    c->rows++;
  }
  for (int64_t k = 0; k < c->columns; k++) LS_TRY(settle(&c->column[k]));
  warn_of_title(c);
  warn_of_text(c);
  return LS_OK;
}

static const char look[] =
    "{data}: csv, {samples} samples of {_columns} columns, {?header}a{|}no{/} header, {digest}\n"
    "  separator: \"{separator}\", decimal: \"{decimal}\"{?comment}, comment: \"{comment}\"{/}, "
    "lines end with "
    "{line_end}\n"
    "{*columns}  {column:-4} {?_name}{_name:-16}{|}                {/}"
    "{?booleans} {booleans} booleans, {true} true{/}"
    "{?_numbers} {min:g} to {max:g}, mean {mean:.6g}, deviation {deviation:.6g}{/}"
    "{?texts} {texts} texts, {different} different:{*_words} '{.}'{/}{?_more} ...{/}{/}"
    "{?missing} {missing} MISSING{/}{?constant} CONSTANT{/}"
    "{*marks} {count} TIMES {value:g}, FAR FROM THE REST{/}\n{/}"
    "{?_remedy}{_remedy}\n{/}";

static bool is_constant(const column *c) {
  if (c->numbers.count == 0) return c->words->count == 1;
  return c->texts == 0 && c->numbers.least == c->numbers.most;
}

/* On one line. */
static void flatten(char *text) {
  for (char *p = text; *p; p++)
    if ((unsigned char)*p < ' ') *p = ' ';
}

/* As they are meant, on one line. */
static json_t *words_of(const column *c, int64_t shown) {
  char *word[NAMES_SHOWN];
  for (int64_t k = 0; k < shown; k++) {
    const char *text = c->words->text[k];
    word[k] = ls_csv_unquoted((ls_csv_field){text, strlen(text)});
    flatten(word[k]);
  }
  json_t *list = ls_list_texts(word, shown);
  for (int64_t k = 0; k < shown; k++) LS_FREE(word[k]);
  return list;
}

/* Extremes that may stand for missing values. */
static json_t *marks_of(const column *c) {
  json_t *list = json_array();
  for (int k = 0; k < 2; k++) {
    const extreme *e = &c->end[k];
    if (!is_mark(e, -c->end[1 - k].value)) continue;
    json_t *o = ls_put_item(list);
    ls_put(o, "value", k == 0 ? -e->value : e->value);
    ls_put(o, "count", e->count);
  }
  return list;
}

static void put_column(json_t *o, int64_t number, const column *c) {
  char *name = c->name ? ls_mem_text(c->name) : NULL;
  if (name) flatten(name);
  int64_t shown = c->words->count < NAMES_SHOWN ? c->words->count : NAMES_SHOWN;
  ls_put(o, "column", number);
  ls_put(o, "name", c->name);
  ls_put(o, "_name", name);
  LS_FREE(name);
  ls_put(o, "numbers", c->numbers.count + c->numbers.not_finite);
  ls_put(o, "texts", c->texts);
  ls_put(o, "different", c->words->count);
  ls_put(o, "missing", c->missing);
  ls_put(o, "booleans", c->truths);
  ls_put(o, "true", c->trues);
  ls_put_bool(o, "constant", is_constant(c));
  ls_put(o, "marks", marks_of(c));
  ls_put_bool(o, "_numbers", c->numbers.count > c->truths);
  ls_put(o, "_words", words_of(c, shown));
  ls_put_bool(o, "_more", c->words->count > shown);
  if (c->numbers.count == 0) return;
  ls_put(o, "min", c->numbers.least);
  ls_put(o, "max", c->numbers.most);
  ls_put(o, "mean", c->numbers.mean);
  ls_put(o, "deviation", ls_spread_deviation(&c->numbers));
}

/* What takes them for missing, as they are written; NULL: there are none. */
static char *remedy_of(const csv *c) {
  ls_buffer words = {0};
  for (int64_t k = 0; k < c->columns; k++)
    for (int end = 0; end < 2; end++) {
      const extreme *e = &c->column[k].end[end];
      if (!is_mark(e, -c->column[k].end[1 - end].value)) continue;
      char *word = ls_mem_format("'%.*s'", (int)e->as.length, e->as.text);
      if (!words.text || !strstr(words.text, word))
        ls_buffer_add(&words, "%s%s", words.text ? ", " : "", word);
      LS_FREE(word);
    }
  if (!words.text) return NULL;
  char *text = ls_mem_format(
      "  if these mean that a value is missing: data.missing: {text: [%s], x: mean}", words.text);
  LS_FREE(words.text);
  return text;
}

static void print(const ls_cli *cli, const char *path, const csv *c) {
  json_t *o = json_object(), *list = json_array();
  for (int64_t k = 0; k < c->columns; k++) put_column(ls_put_item(list), k + 1, &c->column[k]);
  ls_put(o, "data", path);
  ls_put(o, "type", "csv");
  ls_put(o, "samples", c->rows);
  ls_put_bool(o, "header", c->header);
  ls_put(o, "separator", ls_separator_names[c->text.separator]);
  ls_put(o, "decimal", c->text.decimal_comma ? "," : ".");
  ls_put(o, "comment", c->text.comment ? "#" : NULL);
  ls_put(o, "line_end", c->text.line_end);
  ls_put(o, "digest", c->file.digest);
  ls_put(o, "columns", list);
  ls_put(o, "_columns", c->columns);
  char *remedy = remedy_of(c);
  ls_put(o, "_remedy", remedy);
  LS_FREE(remedy);
  ls_print(cli, o, look);
}

ls_status ls_data_info_csv(ls_cli *cli, const char *path) {
  csv c = {0};
  ls_status status = read_columns(&c, path);
  if (status == LS_OK) print(cli, path, &c);
  for (int64_t k = 0; c.column && k < c.columns; k++) {
    LS_FREE(c.column[k].name);
    ls_names_free(&c.column[k].words);
  }
  LS_FREE(c.column);
  LS_FREE(c.field);
  LS_FREE(c.text.text);
  return status;
}
