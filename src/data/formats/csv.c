/* csv.c - comma-separated values (RFC 4180) and their relatives (csv_text.h): quotes, a UTF-8 byte
 * order mark, one header line or none, .gz too. The file is read into memory; opening counts its
 * records, reading checks their shape and parses the numbers. Lines of plain short numbers take a
 * quick way, which gives up at anything else; then the record is taken apart by the rules
 * (csv_file.c), where all messages come from. */
#include "data/formats/csv.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/decimal.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/columns.h"
#include "data/format.h"

/* ---- opening ---- */

/* A label that is missing is left for reading to refuse, if the sample is used. */
static ls_status add_class(ls_csv *c, ls_csv_field f, const ls_csv_cursor *at) {
  bool doubtful = ls_csv_missing(f, c->words, true);
  if (doubtful && ls_csv_missing(f, c->words, false)) return LS_OK;
  char *name = c->text.quotes ? ls_csv_unquoted(f) : NULL;
  ls_status status = name ? ls_names_add(c->base.names, name, strlen(name), doubtful)
                          : ls_names_add(c->base.names, f.text, f.length, doubtful);
  LS_FREE(name);
  return status == LS_OK
             ? LS_OK
             : ls_fail_prefix(status, "%s:%jd: column %jd", ls_csv_path(c), at->line, c->y[0] + 1);
}

/* Where a line is a record; a blank one is left for reading to refuse, and one of a single field,
 * such as a note below the table, which has no label. */
static ls_status next_line(ls_csv *c, ls_csv_field *first_y) {
  const char *at = c->next.at, *end = ls_csv_line_end(&c->text, at);
  const bool divided = c->columns == 1 || memchr(at, c->text.mark, (size_t)(end - at));
  if (first_y && divided)
    *first_y = ls_csv_field_of(&c->text, at, end, c->y[0], c->columns);
  else if (first_y)
    *first_y = (ls_csv_field){"", 0};
  c->next.at = end + (end < c->text.end);
  c->next.line++;
  ls_csv_pass_comments(&c->text, &c->next);
  return LS_OK;
}

/* A record of another shape is left for reading as well, and has no label. */
static ls_status next_by_rules(ls_csv *c, ls_csv_field *first_y) {
  int64_t fields;
  LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &fields));
  if (first_y) *first_y = fields == c->columns ? c->field[c->y[0]] : (ls_csv_field){"", 0};
  return LS_OK;
}

static bool is_mixed(const ls_names *names) {
  return names && names->digits > 0 && names->others > 0;
}

/* Perhaps a word for what is missing, which would be a class of its own. */
static void warn_of_mixed(const ls_csv *c) {
  const ls_names *names = c->base.names;
  const char *other = NULL;
  char called[400];
  for (int64_t i = 0; i < names->count && !other; i++) {
    ls_csv_field f = {names->text[i], strlen(names->text[i])};
    double value;
    if (!ls_decimal(f.text, f.length, &value) && !ls_csv_missing(f, c->words, true)) other = f.text;
  }
  if (!other) return;
  ls_csv_call(c, c->y[0], called, sizeof called);
  ls_log(LS_LOG_WARN,
         "%s: %s has labels that are numbers, and '%s': all are taken for names of "
         "classes. If '%s' means that the label is missing, list it in data.missing.text",
         ls_csv_path(c), called, other, other);
}

/* Classes that a checkpoint knows by numbers alone get theirs in the order of their names. */
static void warn_of_numbered(const ls_csv *c, const ls_data_spec *spec) {
  const ls_names *names = c->base.names;
  if ((spec->trained || spec->foreign) && names && names->count > 0 && !names->numbers)
    ls_log(
        LS_LOG_WARN,
        "%s: the labels are names, and the checkpoint knows its classes by numbers only: '%s' is "
        "taken for class 0, and so on in order of the names' bytes",
        ls_csv_path(c), names->text[0]);
}

/* Classes of train are collected, but for those of the samples that are skipped; those of the other
 * splits must be among them, which reading finds out. */
static ls_status scan(ls_csv *c, bool collect, int64_t skipped) {
  c->first = c->next;
  ls_csv_field y, *class = collect ? &y : NULL;
  bool was_mixed = is_mixed(c->base.names);
  while (!ls_csv_ended(&c->text, c->next.at)) {
    ls_csv_cursor at = c->next;
    LS_TRY(c->text.lines ? next_line(c, class) : next_by_rules(c, class));
    bool skip = c->base.shape.rows++ < skipped;
    if (class && !skip) LS_TRY(add_class(c, y, &at));
  }
  if (class) LS_TRY(ls_csv_check_names(c, "a class", c->y[0], c->base.names));
  if (class && !was_mixed && is_mixed(c->base.names)) warn_of_mixed(c);
  c->next = c->first;
  c->base.file[0].samples = c->base.shape.rows;
  return c->base.shape.rows > 0
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: holds no samples: there is only a header", ls_csv_path(c));
}

static bool warn_of_twice(const ls_csv *c, int64_t column, const char *what) {
  char called[400];
  ls_csv_call(c, column, called, sizeof called);
  ls_log(LS_LOG_WARN, "%s: %s is %s", ls_csv_path(c), called, what);
  return false;
}

/* No quick way for a column that is asked for twice, which has no single place to go to, for
 * blanks, decimal commas and texts. */
static ls_status map_columns(ls_csv *c, bool warn) {
  const ls_shape *shape = &c->base.shape;
  bool once = c->text.mark != ' ' && !c->text.decimal_comma && c->value.count == 0;
  c->map = (ls_csv_map){.columns = c->columns, .text = -1};
  LS_NEW(c->map.to, c->columns);
  int64_t *to = c->map.to;
  for (int64_t k = 0; k < c->columns; k++) to[k] = LS_CSV_SKIP;
  for (int64_t i = 0; i < shape->features; i++) {
    bool same = c->run && i > 0 && c->run[i] == c->run[i - 1]; /* another text of the column */
    if (to[c->x[i]] != LS_CSV_SKIP && !same)
      once = warn && warn_of_twice(c, c->x[i], "an input twice");
    to[c->x[i]] = i;
  }
  for (int64_t i = 0; i < ls_shape_columns(shape); i++) {
    if (to[c->y[i]] != LS_CSV_SKIP)
      once = warn && i < shape->outputs &&
             warn_of_twice(c, c->y[i], "an input and a target: the network only has to copy it");
    to[c->y[i]] = LS_CSV_Y - i;
  }
  if (!once) LS_FREE(c->map.to);
  return LS_OK;
}

/* A number among the words that are missing, such as -999, is none for the quick way. */
static void doubt_numbers(ls_csv *c) {
  double value;
  for (char *const *word = c->words; word && *word; word++)
    if (ls_decimal(*word, strlen(*word), &value)) LS_FREE(c->map.to);
}

static ls_status open_file(ls_csv *c, const ls_opening *what) {
  LS_TRY(ls_csv_start(c, what));
  LS_TRY(ls_csv_choose(c, what));
  LS_TRY(map_columns(c, !what->first));
  doubt_numbers(c);
  c->classes = what->classes && c->base.shape.outputs == 1;
  if (c->classes) LS_TRY(ls_names_begin(what, &c->own_names, &c->base.names));
  if (c->classes && !c->base.names)
    return ls_fail(LS_EDATA, "%s: y is one column here, and a column a class in %s", ls_csv_path(c),
                   what->first->file[0].path);
  bool collect = c->classes && what->split == LS_SPLIT_TRAIN && !what->spec->classes_named;
  LS_TRY(scan(c, collect, what->skipped));
  if (collect && !what->first) warn_of_numbered(c, what->spec);
  return LS_OK;
}

static ls_status open_csv(const ls_opening *what, ls_source **out) {
  LS_TRY(ls_source_new(&ls_format_csv, sizeof(ls_csv), 1, out));
  ls_status status = open_file((ls_csv *)*out, what);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

static void close_csv(ls_source *source) {
  ls_csv *c = (ls_csv *)source;
  for (int64_t k = 0; c->head && k < c->columns; k++) LS_FREE(c->head[k]);
  LS_FREE(c->head);
  LS_FREE(c->field);
  LS_FREE(c->x);
  LS_FREE(c->y);
  LS_FREE(c->run);
  ls_texts_free(&c->value);
  LS_FREE(c->map.to);
  LS_FREE(c->text.text);
  ls_names_free(&c->own_names);
}

/* ---- reading ---- */

/* A name that a checkpoint was trained with is a class, whatever it says. */
static ls_status parse_name(const ls_csv *c, int64_t line, double *value) {
  ls_csv_field f = c->field[c->y[0]];
  char *name = ls_csv_unquoted(f);
  const bool found = ls_names_number(c->base.names, name, value);
  ls_status status = LS_OK;
  if (!found) *value = (double)NAN;
  if (!found && !ls_csv_missing(f, c->words, false)) {
    status = ls_csv_bad(c, line, c->y[0], "a class that the training data do not have");
    if (!c->base.loose) status = ls_names_meant(c->base.names, name, status);
  }
  LS_FREE(name);
  return status;
}

static ls_status parse_class(const ls_csv *c, int64_t line, double *value) {
  return c->base.names->numbers ? ls_csv_value(c, line, c->y[0], value)
                                : parse_name(c, line, value);
}

/* Inputs k to run[k], one of which is 1: that of the field's text. */
static ls_status read_text(ls_csv *c, int64_t line, int64_t k, ls_dtype cell, void *x) {
  ls_csv_field f = c->field[c->x[k]];
  bool missing = ls_csv_missing(f, c->words, false), found = missing;
  char *text = ls_csv_unquoted(f);
  for (int64_t i = k; i < c->run[k]; i++) {
    bool same = !missing && strcmp(c->value.text[i], text) == 0;
    ls_dtype_put(cell, x, i, missing ? (double)NAN : (double)same);
    found = found || same;
  }
  LS_FREE(text);
  if (found) return LS_OK;
  ls_status status = ls_csv_bad(c, line, c->x[k], "a text that the training data do not have");
  return ls_fail(status, "%s; left empty it is missing, as data.missing.x of the training says",
                 ls_error_text());
}

/* Input i; of a text all that are its run. */
static ls_status read_input(ls_csv *c, int64_t line, int64_t i, ls_dtype cell, void *x) {
  double value;
  if (c->run && *c->value.text[i]) return read_text(c, line, i, cell, x);
  LS_TRY(ls_csv_value(c, line, c->x[i], &value));
  ls_dtype_put(cell, x, i, value);
  return LS_OK;
}

static int64_t next_input(const ls_csv *c, int64_t i) { return c->run ? c->run[i] : i + 1; }

/* Of a record that is not used all that is no number is infinite, and what is missing still NaN. */
static ls_status read_class(const ls_csv *c, int64_t line, double *value) {
  ls_status status = parse_class(c, line, value);
  if (status == LS_OK || !c->base.loose) return status;
  *value = HUGE_VAL;
  return LS_OK;
}

static ls_status read_unused(ls_csv *c, ls_dtype cell, void *x, double *y) {
  const ls_shape *shape = &c->base.shape;
  int64_t fields;
  c->taken = c->next.at;
  LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &fields));
  const bool whole = fields == c->columns;
  for (int64_t i = 0, next; i < shape->features; i = next) {
    next = next_input(c, i);
    bool good = whole && read_input(c, 0, i, cell, x) == LS_OK;
    for (int64_t k = i; k < next && !good; k++) ls_dtype_put(cell, x, k, HUGE_VAL);
  }
  for (int64_t i = 0; i < ls_shape_columns(shape); i++)
    if (!whole || (!(c->classes && i == 0) && ls_csv_value(c, 0, c->y[i], &y[i]) != LS_OK))
      y[i] = HUGE_VAL;
  return c->classes && whole ? read_class(c, 0, y) : LS_OK;
}

/* The fields of y alone, of a line that is not taken apart. */
static bool take_targets(ls_csv *c) {
  const char *at = c->next.at, *end = ls_csv_line_end(&c->text, at);
  for (int64_t i = 0; i < ls_shape_columns(&c->base.shape); i++)
    c->field[c->y[i]] = ls_csv_field_of(&c->text, at, end, c->y[i], c->columns);
  return next_line(c, NULL) == LS_OK;
}

/* For a look at y before all is read and judged: what is no number is infinite. */
static ls_status read_targets(ls_csv *c, double *y) {
  bool whole = true;
  c->taken = c->next.at;
  if (c->text.lines) {
    whole = take_targets(c);
  } else {
    int64_t fields;
    LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &fields));
    whole = fields == c->columns;
  }
  for (int64_t i = 0; i < ls_shape_columns(&c->base.shape); i++)
    if (!whole || ls_csv_value(c, 0, c->y[i], &y[i]) != LS_OK) y[i] = HUGE_VAL;
  return LS_OK;
}

static ls_status read_row(ls_csv *c, ls_dtype cell, void *x, double *y) {
  const ls_shape *shape = &c->base.shape;
  int64_t line = c->next.line;
  if (c->map.to && ls_csv_quick(&c->map, &c->text, &c->next, cell, x, y, &c->field[c->y[0]]))
    return c->map.text >= 0 ? read_class(c, line, y) : LS_OK;
  if (c->base.loose) return read_unused(c, cell, x, y);
  LS_TRY(ls_csv_next(c));
  for (int64_t i = 0; i < shape->features; i = next_input(c, i))
    LS_TRY(read_input(c, line, i, cell, x));
  if (c->classes) LS_TRY(parse_class(c, line, y));
  for (int64_t i = c->classes; i < ls_shape_columns(shape); i++)
    LS_TRY(ls_csv_value(c, line, c->y[i], &y[i]));
  return LS_OK;
}

static ls_status read_csv(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  ls_csv *c = (ls_csv *)source;
  size_t width = (size_t)source->shape.features * ls_dtype_size(cell);
  if (c->classes && !c->base.names->numbers)
    c->map.text = c->y[0]; /* known once all of train has been opened */
  for (int64_t r = 0; r < rows && !x; r++)
    LS_TRY(read_targets(c, y + r * ls_shape_columns(&source->shape)));
  for (int64_t r = 0; r < rows && x; r++)
    LS_TRY(
        read_row(c, cell, (char *)x + (size_t)r * width, y + r * ls_shape_columns(&source->shape)));
  return LS_OK;
}

static ls_status rewind_csv(ls_source *source) {
  ((ls_csv *)source)->next = ((ls_csv *)source)->first;
  return LS_OK;
}

/* ---- groups, places and names ---- */

/* Of the next record, if it is asked for. */
static ls_status next_key(ls_csv *c, int64_t column, bool asked, uint64_t *key) {
  const int64_t line = c->next.line;
  int64_t fields;
  if (!asked) return ls_csv_record(&c->text, &c->next, NULL, 0, &fields);
  LS_TRY(ls_csv_next(c));
  ls_csv_field f = c->field[column];
  if (ls_csv_missing(f, c->words, false))
    return ls_csv_bad(c, line, column, "no value to group by (data.validation.by)");
  char *text = ls_csv_unquoted(f);
  *key = XXH3_64bits(text, strlen(text));
  LS_FREE(text);
  return LS_OK;
}

/* Two texts of one digest would only be one group. */
static ls_status keys_csv(ls_source *source, const char *by, const bool *asked, uint64_t *key) {
  ls_csv *c = (ls_csv *)source;
  int64_t column, last;
  LS_TRY(ls_csv_find(c, by, &column, &last));
  if (column != last)
    return ls_fail(LS_ECONFIG, "data.validation.by: %s is more than one column", by);
  for (int64_t row = 0; row < source->shape.rows; row++)
    LS_TRY(next_key(c, column, asked[row], &key[row]));
  return rewind_csv(source);
}

/* Only for messages: the records are counted again from the top. */
static void place_csv(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  const ls_csv *c = (const ls_csv *)source;
  ls_csv_cursor at = c->text.start;
  int64_t fields, line = 1;
  for (int64_t r = c->head ? -1 : 0; r <= row; r++) {
    line = at.line;
    if (ls_csv_record(&c->text, &at, NULL, 0, &fields) != LS_OK) break;
  }
  ls_csv_place(c, line, column < 0 ? c->y[-1 - column] : c->x[column], text, size);
}

/* All columns, and which of them are inputs and targets. */
static ls_status table_of(const ls_csv *c, ls_trained *out) {
  const int64_t n[2] = {c->base.shape.features, c->base.shape.outputs};
  int64_t *const from[2] = {c->x, c->y};
  out->places = true;
  LS_TRY(ls_csv_header(c, &out->name));
  if (!c->head) LS_NEW(out->name.text, c->columns);
  for (; out->name.count < c->columns; out->name.count++)
    out->name.text[out->name.count] = ls_mem_text("");
  for (int i = 0; i < 2; i++) {
    LS_NEW(out->at[i], n[i]);
    out->n[i] = n[i];
    memcpy(out->at[i], from[i], (size_t)n[i] * sizeof **out->at);
  }
  if (c->value.count == 0) return LS_OK;
  LS_NEW(out->value.text, n[0]);
  for (int64_t k = 0; k < n[0]; k++)
    out->value.text[out->value.count++] = ls_mem_text(c->value.text[k]);
  return LS_OK;
}

static ls_status columns_csv(const ls_source *source, ls_columns *out) {
  const ls_csv *c = (const ls_csv *)source;
  LS_TRY(table_of(c, &out->trained));
  if (!c->head) return LS_OK;
  for (int role = 0; role < 2; role++) {
    ls_texts called = {0};
    ls_status status = ls_trained_names(&out->trained, role, &called);
    if (status == LS_OK)
      status = ls_columns_split(called.text, called.count, &out->name[role], &out->unit[role]);
    ls_texts_free(&called);
    LS_TRY(status);
  }
  return LS_OK;
}

const ls_format ls_format_csv = {
    .name = "csv",
    .open = open_csv,
    .read = read_csv,
    .rewind = rewind_csv,
    .keys = keys_csv,
    .place = place_csv,
    .columns = columns_csv,
    .close = close_csv,
};
