/* csv.c - comma-separated values (RFC 4180) and their relatives (csv_text.h): quotes, a UTF-8 byte
 * order mark, one header line or none, .gz too. The file is read into memory; opening counts its
 * records, reading checks their shape and parses the numbers. Lines of plain short numbers take a
 * quick way, which gives up at anything else; then the record is taken apart by the rules, where
 * all messages come from. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/decimal.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "data/columns.h"
#include "data/formats/csv_quick.h"
#include "data/heading.h"
#include "data/names.h"
#include "data/trained.h"

enum { QUOTE_SHOWN = 40, TEXTS_MAX = 1024, LOOKED_AT = 100, TOLD = 160 };

typedef struct {
  ls_source base;
  ls_csv_text text;
  ls_csv_cursor first, next; /* the record to be read next */
  int64_t columns;           /* of every record */
  ls_csv_field *field;       /* (columns) of the record taken last, */
  const char *taken;         /* which begins here */
  char **head;               /* (columns) names, or NULL */
  bool by_name, by_number;   /* how the config calls at least one of the columns */
  bool noted;                /* that a number is a name has been said */
  bool by_config;            /* it is a config that says what the columns are, no checkpoint */
  int64_t *x, *y;            /* (features), (outputs + weights): their columns */
  ls_texts value;            /* as in ls_trained, of x; none: all inputs are numbers */
  int64_t *run;              /* (features) ls_trained_run of each, where there are texts */
  ls_csv_map map;            /* for the quick way; to NULL: there is none */
  char *const *words;        /* that are missing besides the usual ones, or NULL */
  bool classes;
  ls_names *own_names; /* of the first source; the others look into it */
} csv;

static const char *path_of(const csv *c) { return c->base.file[0].path; }

/* ---- records ---- */

static const char comment_remedy[] = "; data.comment: \"#\" passes over lines that begin so";

/* What may be the remedy for a record of so many fields that begins at `at`. */
static const char *other_shape(const csv *c, const ls_csv_cursor *at, int64_t fields) {
  ls_csv_cursor next = c->next;
  int64_t more;
  if (*at->at == '#' && !c->text.comment) return comment_remedy;
  const int64_t line = c->first.line + (c->head ? 0 : 1); /* the first that could be another */
  if (at->line != line || ls_csv_ended(&c->text, next.at)) return "";
  if (ls_csv_record(&c->text, &next, NULL, 0, &more) != LS_OK || more != fields) return "";
  return c->head ? "; if the first line is no header but a title: header: false, and data.skip "
                   "leaves it out"
                 : "; if the first line is no sample, data.skip leaves it out";
}

static ls_status next_record(csv *c) {
  const ls_csv_cursor start = c->next;
  int64_t line = c->next.line, fields;
  bool blank = ls_csv_blank(&c->text, c->next.at);
  c->taken = start.at;
  LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &fields));
  if (fields == c->columns && !(blank && c->columns > 1)) return LS_OK;
  if (blank)
    return ls_fail(LS_EDATA, "%s:%lld: an empty line between records", path_of(c), (long long)line);
  return ls_fail(LS_EDATA, "%s:%lld: %lld fields, but %s has %lld%s", path_of(c), (long long)line,
                 (long long)fields, c->head ? "the header" : "the first line",
                 (long long)c->columns, other_shape(c, &start, fields));
}

static bool is_infinite(ls_csv_field f, double *value) {
  bool sign = f.length > 0 && (*f.text == '-' || *f.text == '+');
  ls_csv_field bare = {f.text + sign, f.length - sign};
  bool infinite = (bare.length == 3 && strncasecmp(bare.text, "inf", 3) == 0) ||
                  (bare.length == 8 && strncasecmp(bare.text, "infinity", 8) == 0);
  if (infinite) *value = *f.text == '-' ? -HUGE_VAL : HUGE_VAL;
  return infinite;
}

/* ---- messages ---- */

static void place_field(const csv *c, int64_t line, int64_t column, char *text, size_t size) {
  snprintf(text, size, "%s:%lld: column %lld%s%s%s", path_of(c), (long long)line,
           (long long)column + 1, c->head ? " (" : "", c->head ? c->head[column] : "",
           c->head ? ")" : "");
}

static ls_status bad_field(const csv *c, int64_t line, int64_t column, const char *what) {
  char place[512];
  ls_csv_field f = c->field[column];
  if (f.length > QUOTE_SHOWN) f.length = QUOTE_SHOWN;
  char *text = ls_csv_unquoted(f);
  place_field(c, line, column, place, sizeof place);
  ls_status status = ls_fail(LS_EDATA, "%s: %s: '%s'", place, what, text);
  LS_FREE(text);
  return status;
}

/* A name that is not UTF-8: of a column, a class, a text that is an input. */
static ls_status check_name(const csv *c, const char *what, int64_t column, const char *name) {
  const char *wrong = ls_utf8_wrong(name);
  if (!wrong) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: %s of column %lld is not UTF-8 text: '%.*s' and then byte 0x%02x; iconv -f "
                 "latin1 -t utf-8 makes such a file of one in Latin-1, -f cp1252 of one of Windows",
                 path_of(c), what, (long long)column + 1, (int)(wrong - name), name,
                 (unsigned)(unsigned char)*wrong);
}

static ls_status check_names(const csv *c, const char *what, int64_t column,
                             const ls_names *names) {
  for (int64_t k = 0; names && k < names->count; k++)
    LS_TRY(check_name(c, what, column, names->text[k]));
  return LS_OK;
}

/* ---- opening: the header ---- */

/* Lines that are skipped may be of any shape: without a header the first behind them tells how many
 * fields there are. */
static ls_status count_columns(csv *c, int64_t skipped) {
  ls_csv_cursor peek = c->next;
  do LS_TRY(ls_csv_record(&c->text, &peek, NULL, 0, &c->columns));
  while (skipped-- > 0 && !ls_csv_ended(&c->text, peek.at));
  return LS_OK;
}

static ls_status read_header(csv *c, bool header, int64_t skipped) {
  if (ls_csv_ended(&c->text, c->next.at))
    return ls_fail(LS_EDATA, "%s: holds no samples: the file is empty", path_of(c));
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
static ls_status open_text(csv *c, const ls_opening *what) {
  ls_csv_spec how = what->spec->csv;
  c->base.file[0].path = ls_mem_text(what->file);
  if (what->first && how.separator == LS_SEPARATOR_AUTO) how.separator = what->first->separator;
  LS_TRY(ls_csv_open(path_of(c), &how, &c->text, c->base.file));
  c->base.separator = c->text.separator;
  c->next = c->text.start;
  c->words = what->spec->missing.text;
  return read_header(c, what->spec->source[what->split].header, what->skipped);
}

/* ---- opening: which columns ---- */

static ls_heading heading_of(const csv *c) {
  return (ls_heading){.path = path_of(c),
                      .name = c->head,
                      .columns = c->columns,
                      .separator = ls_separator_names[c->text.separator]};
}

/* A header that has numbers, as scikit-learn's tables do (samples, inputs, classes), makes a number
 * mean the column that is called so. */
static void note_number(csv *c, const char *name, int64_t found, bool numbered) {
  const size_t length = strlen(name);
  if (!c->by_config || c->noted || numbered || strspn(name, "0123456789") != length) return;
  const long long meant = length < 10 ? atoll(name) : 0;
  if (meant < 1 || meant > c->columns || meant == found + 1) return;
  c->noted = true;
  ls_log(LS_LOG_WARN,
         "%s: '%s' is the column that the header calls so, column %lld, and not column %s; if the "
         "first line is no header, say header: false and leave it out by data.skip",
         path_of(c), name, (long long)found + 1, name);
}

static ls_status find_columns(csv *c, const char *name, int64_t *lo, int64_t *hi) {
  const ls_heading heading = heading_of(c);
  bool numbered = false;
  LS_TRY(ls_heading_find(&heading, name, lo, hi, &numbered));
  note_number(c, name, *lo, numbered);
  c->by_number = c->by_number || numbered;
  c->by_name = c->by_name || !numbered;
  return LS_OK;
}

/* The columns of a list of names, in its order; room for one more. */
static ls_status choose(csv *c, char *const *name, int64_t **column, int64_t *count) {
  int64_t lo = 0, hi = 0, total = 0;
  for (int i = 0; name && name[i]; i++) {
    LS_TRY(find_columns(c, name[i], &lo, &hi));
    total += hi - lo + 1;
  }
  LS_NEW(*column, total + 1);
  *count = 0;
  for (int i = 0; name && name[i]; i++) {
    LS_TRY(find_columns(c, name[i], &lo, &hi));
    for (int64_t k = lo; k <= hi; k++) (*column)[(*count)++] = k;
  }
  return LS_OK;
}

/* One column behind those of y. */
static ls_status choose_weights(csv *c, const char *name) {
  int64_t last;
  if (!name) return LS_OK;
  LS_TRY(find_columns(c, name, &c->y[c->base.shape.outputs], &last));
  c->base.shape.weights = 1;
  return last == c->y[c->base.shape.outputs]
             ? LS_OK
             : ls_fail(LS_ECONFIG, "data.weights: %s is more than one column", name);
}

/* No list for x, or the word `rest` where no column is called so. */
static bool is_rest(const csv *c, char *const *x) {
  const ls_heading heading = heading_of(c);
  int64_t column;
  if (!x) return true;
  if (strcmp(x[0], "rest") != 0 || x[1]) return false;
  return ls_heading_name(&heading, x[0], strlen(x[0]), &column) == LS_OK && column < 0;
}

/* Take what is called so, where there is such a thing, out of the rest. */
static void take_out(csv *c, const char *name, bool *taken) {
  int64_t lo, hi;
  if (!name || find_columns(c, name, &lo, &hi) != LS_OK) return;
  for (int64_t k = lo; k <= hi; k++) taken[k] = true;
}

/* All columns that are not y's, nor weights, nor what groups are made by: in any split. */
static ls_status choose_rest(csv *c, const ls_data_spec *spec) {
  bool *taken;
  LS_NEW(c->x, c->columns);
  LS_NEW(taken, c->columns);
  c->base.shape.features = 0;
  for (int64_t i = 0; i < ls_shape_columns(&c->base.shape); i++) taken[c->y[i]] = true;
  take_out(c, spec->weights, taken);
  take_out(c, spec->validation.by, taken);
  for (int64_t k = 0; k < c->columns; k++)
    if (!taken[k]) c->x[c->base.shape.features++] = k;
  LS_FREE(taken);
  return LS_OK;
}

static ls_status choose_columns(csv *c, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  LS_TRY(choose(c, spec->y_cols, &c->y, &c->base.shape.outputs));
  LS_TRY(choose_weights(c, ls_opening_weights(what)));
  LS_TRY(is_rest(c, spec->x_cols) ? choose_rest(c, what->spec)
                                  : choose(c, spec->x_cols, &c->x, &c->base.shape.features));
  return c->base.shape.features > 0
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: no column is left for the inputs", path_of(c));
}

/* ---- opening: inputs that are texts ---- */

/* The first n of them: each text of an input that has some is one. */
typedef struct {
  int64_t n;
  ls_names **texts; /* (n) NULL: the input is numbers */
} inputs;

static ls_status add_texts(const csv *c, inputs *in, bool find) {
  double value;
  for (int64_t i = 0; i < in->n; i++) {
    ls_csv_field f = c->field[c->x[i]];
    if (find && !in->texts[i] && !ls_csv_number(&c->text, f, &value) && !is_infinite(f, &value) &&
        !ls_csv_missing(f, c->words, true))
      LS_TRY(ls_names_new(&in->texts[i]));
    if (find || !in->texts[i] || ls_csv_missing(f, c->words, false)) continue;
    char *text = ls_csv_unquoted(f);
    ls_status status = ls_names_add(in->texts[i], text, strlen(text), false);
    LS_FREE(text);
    LS_TRY(status);
    if (in->texts[i]->count > TEXTS_MAX)
      return ls_fail(
          LS_EDATA,
          "%s: column %lld (%s) has more than %d different texts; is it what a sample is "
          "called? Leave it out of x",
          path_of(c), (long long)c->x[i] + 1, c->head ? c->head[c->x[i]] : "", TEXTS_MAX);
  }
  return LS_OK;
}

/* Once through a file: which inputs are texts (find), or what texts they have. *skipped: samples
 * that are none, less those of this file. */
static ls_status pass_texts(csv *c, inputs *in, bool find, int64_t *skipped) {
  const ls_csv_cursor first = c->next;
  int64_t fields;
  for (; !ls_csv_ended(&c->text, c->next.at); --*skipped) {
    if (*skipped > 0) {
      LS_TRY(ls_csv_record(&c->text, &c->next, NULL, 0, &fields));
      continue;
    }
    LS_TRY(next_record(c));
    LS_TRY(add_texts(c, in, find));
  }
  c->next = first;
  return LS_OK;
}

/* The same of another file of train. */
static ls_status pass_other(csv *first, const ls_opening *what, const char *path, inputs *in,
                            bool find, int64_t *skipped) {
  ls_source *source;
  ls_opening other = *what;
  other.file = path;
  other.first = &first->base;
  LS_TRY(ls_source_new(&ls_format_csv, sizeof(csv), 1, &source));
  csv *c = (csv *)source;
  ls_status status = open_text(c, &other);
  if (status == LS_OK) status = choose_columns(c, &other);
  if (status == LS_OK && source->shape.features != in->n)
    status = ls_fail(LS_EDATA, "%s: %lld columns of inputs, and %s has %lld", path,
                     (long long)source->shape.features, what->file, (long long)in->n);
  if (status == LS_OK) status = pass_texts(c, in, find, skipped);
  ls_source_close(&source);
  return status;
}

/* Once through all files of train to find the inputs that are texts, and once more for these. */
static ls_status find_texts(csv *c, const ls_opening *what, inputs *in) {
  for (int pass = 0; pass < 2; pass++) {
    int64_t skipped = what->skipped;
    LS_TRY(pass_texts(c, in, pass == 0, &skipped));
    for (char *const *path = what->more; path && *path; path++)
      LS_TRY(pass_other(c, what, *path, in, pass == 0, &skipped));
  }
  return LS_OK;
}

static ls_status find_runs(csv *c) {
  const ls_trained t = {.n = {c->base.shape.features, 0}, .at = {c->x, NULL}, .value = c->value};
  LS_NEW(c->run, t.n[0]);
  for (int64_t k = 0; k < t.n[0]; k++) c->run[k] = ls_trained_run(&t, k);
  return LS_OK;
}

/* Room for so many inputs, and for what they are the texts of. */
static ls_status widen(csv *c, int64_t features) {
  LS_NEW(c->x, features + 1);
  LS_NEW(c->value.text, features);
  c->base.shape.features = 0;
  return LS_OK;
}

static void add_input(csv *c, int64_t column, const char *value) {
  c->x[c->base.shape.features++] = column;
  c->value.text[c->value.count++] = ls_mem_text(value);
}

static ls_status take_texts(csv *c, const inputs *in) {
  int64_t features = 0, *column = c->x;
  bool any = false;
  for (int64_t i = 0; i < in->n; i++) {
    any = any || in->texts[i];
    features += in->texts[i] ? in->texts[i]->count : 1;
  }
  if (!any) return LS_OK;
  c->x = NULL;
  ls_status status = widen(c, features);
  for (int64_t i = 0; i < in->n && status == LS_OK; i++) {
    if (!in->texts[i]) add_input(c, column[i], "");
    for (int64_t k = 0; in->texts[i] && k < in->texts[i]->count; k++)
      add_input(c, column[i], in->texts[i]->text[k]);
  }
  LS_FREE(column);
  return status == LS_OK ? find_runs(c) : status;
}

static ls_status collect_texts(csv *c, const ls_opening *what) {
  inputs in = {.n = c->base.shape.features};
  LS_TRY(ls_mem_new((void **)&in.texts, (size_t)in.n, sizeof *in.texts));
  ls_status status = find_texts(c, what, &in);
  for (int64_t i = 0; i < in.n && status == LS_OK; i++)
    status = check_names(c, "a text", c->x[i], in.texts[i]);
  if (status == LS_OK) status = take_texts(c, &in);
  for (int64_t i = 0; i < in.n; i++) ls_names_free(&in.texts[i]);
  LS_FREE(in.texts);
  return status;
}

/* The inputs that the config names are, one after the other, those of t. */
static ls_status follow_texts(csv *c, const ls_trained *t) {
  int64_t n = c->base.shape.features, runs = ls_trained_runs(t), *column = c->x;
  if (t->value.count == 0) return LS_OK;
  if (runs != n)
    return ls_fail(LS_EDATA, "%s: %lld columns of inputs, and the training data had %lld",
                   path_of(c), (long long)n, (long long)runs);
  c->x = NULL;
  ls_status status = widen(c, t->n[0]);
  for (int64_t i = 0, k = 0; i < t->n[0] && status == LS_OK; k++)
    for (int64_t end = ls_trained_run(t, i); i < end; i++)
      add_input(c, column[k], t->value.text[i]);
  LS_FREE(column);
  return status == LS_OK ? find_runs(c) : status;
}

static ls_status follow_first(csv *c, const ls_source *first) {
  ls_columns there;
  LS_TRY(ls_columns_of(first, &there));
  ls_status status = follow_texts(c, &there.trained);
  ls_columns_free(&there);
  return status;
}

/* ---- opening: the columns that a checkpoint knows ---- */

static const char *head_of(const void *arg, int64_t k) { return ((const csv *)arg)->head[k]; }

/* The header as other data know it: units apart and put back in one way. */
static ls_status whole_header(const csv *c, ls_texts *out) {
  ls_texts names = {0}, units = {0};
  *out = (ls_texts){0};
  if (!c->head) return LS_OK;
  ls_status status = ls_columns_split(head_of, c, c->columns, &names, &units);
  if (status == LS_OK) status = ls_columns_whole(&names, &units, out);
  ls_texts_free(&names);
  ls_texts_free(&units);
  return status;
}

/* *found: how many of the checkpoint's names the header has. */
static ls_status find_trained(const csv *c, const ls_data_spec *spec, int64_t *column[2],
                              int64_t *found) {
  ls_newcomer data = {.path = path_of(c), .columns = c->columns, .whole = true};
  int64_t more = 0;
  LS_TRY(whole_header(c, &data.name));
  ls_status status = ls_trained_find(spec->trained, LS_TRAINED_X, &data, &column[0], found);
  if (status == LS_OK && !spec->inputs)
    status = ls_trained_find(spec->trained, LS_TRAINED_Y, &data, &column[1], &more);
  if (status == LS_OK && spec->inputs)
    status = ls_mem_new((void **)&column[1], 1, sizeof *column[1]);
  ls_texts_free(&data.name);
  *found += more;
  return status;
}

static ls_status take_columns(csv *c, const ls_data_spec *spec, int64_t *column[2]) {
  const int64_t *n = spec->trained->n;
  const ls_texts *value = &spec->trained->value;
  LS_FREE(c->x);
  LS_FREE(c->y);
  c->x = column[0];
  c->y = column[1];
  c->base.shape.features = n[0];
  c->base.shape.outputs = spec->inputs ? 0 : n[1];
  if (value->count != n[0] || c->value.count > 0) return LS_OK;
  LS_NEW(c->value.text, n[0]);
  for (int64_t k = 0; k < n[0]; k++) c->value.text[c->value.count++] = ls_mem_text(value->text[k]);
  return find_runs(c);
}

static bool is_number(const csv *c, int64_t column) {
  double value;
  return ls_csv_number(&c->text, c->field[column], &value);
}

/* Of the first row, and of these columns of it (NULL: of all). */
static int64_t count_numbers(const csv *c, const int64_t *column, int64_t n) {
  int64_t numbers = 0;
  for (int64_t i = 0; i < n; i++) numbers += is_number(c, column ? column[i] : i);
  return numbers;
}

/* The file is without a header, it was said or is so of the training data, and begins with one. */
static ls_status check_first_sample(csv *c, const ls_trained *t) {
  ls_csv_cursor peek = c->next;
  int64_t fields;
  bool texts = true;
  LS_TRY(ls_csv_record(&c->text, &peek, c->field, c->columns, &fields));
  for (int64_t i = 0; i < c->base.shape.features && texts; i++) {
    ls_csv_field f = c->field[c->x[i]];
    texts = !is_number(c, c->x[i]) && !ls_csv_missing(f, c->words, true);
  }
  if (!texts) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s:1: the first row has texts ('%.*s') where numbers should be: a header? %s",
                 path_of(c), (int)c->field[c->x[0]].length, c->field[c->x[0]].text,
                 t && ls_trained_named(t, LS_TRAINED_X)
                     ? "Leave out --no-header, and the columns are found by their names"
                     : "The checkpoint's training data had none: take this line away (tail -n +2 "
                       "FILE), and make sure that the columns are in the same order");
}

static ls_status lost_sample(const csv *c) {
  return ls_fail(LS_EDATA,
                 "%s:1: the first row is taken for a header, but it holds numbers and no name that "
                 "the checkpoint knows: if the file has no header, say --no-header (a header whose "
                 "names are numbers is read where the training data had them too)",
                 path_of(c));
}

static ls_status find_foreign(csv *c, const ls_data_spec *spec, int64_t *found) {
  int64_t *column[2] = {NULL, NULL};
  ls_status status = find_trained(c, spec, column, found);
  if (status == LS_OK) return take_columns(c, spec, column);
  LS_FREE(column[0]);
  return status;
}

/* Of a file without a header: which of its columns are taken for which inputs. */
static void tell_columns(const csv *c, const ls_trained *t) {
  char text[TOLD + 64] = "";
  size_t used = 0;
  if (!ls_trained_named(t, LS_TRAINED_X)) return;
  for (int64_t k = 0; k < t->n[LS_TRAINED_X] && used < TOLD; k++) {
    const char *name = t->name.text[t->at[LS_TRAINED_X][k]];
    if (k > 0 && c->x[k] == c->x[k - 1]) continue; /* another text of the column */
    used += (size_t)snprintf(text + used, TOLD - used, "%s%lld (%s)", used > 0 ? ", " : "",
                             (long long)c->x[k] + 1, name);
  }
  if (used >= TOLD) strcpy(text + TOLD - 1, " ...");
  ls_log(LS_LOG_INFO, "%s: no header; the inputs are columns %s", path_of(c), text);
}

/* A file that is named by its path alone. */
static ls_status choose_foreign(csv *c, const ls_opening *what) {
  const ls_data_spec *spec = what->spec;
  const ls_source_spec *source = &spec->source[what->split];
  int64_t found = 0, numbers = count_numbers(c, NULL, c->columns);
  ls_status status = spec->trained ? find_foreign(c, spec, &found) : choose_columns(c, what);
  bool lost = spec->trained ? numbers > 0 : numbers == c->columns;
  if (status == LS_FAIL) return status;
  if (c->head && found == 0 && !c->by_name && lost) return lost_sample(c);
  LS_TRY(status);
  if (!c->head) {
    LS_TRY(check_first_sample(c, spec->trained));
    if (spec->trained) tell_columns(c, spec->trained);
    return LS_OK;
  }
  if (!spec->trained && (c->by_number || !source->x_cols))
    ls_log(LS_LOG_WARN,
           "%s: the columns are taken by their position: the checkpoint does not know what those "
           "that it "
           "was trained on were called",
           path_of(c));
  return LS_OK;
}

static bool same_columns(const csv *c, const ls_trained *t, int64_t *const column[2]) {
  const ls_shape *shape = &c->base.shape;
  return shape->features == t->n[0] && shape->outputs == t->n[1] &&
         memcmp(c->x, column[0], (size_t)t->n[0] * sizeof *c->x) == 0 &&
         memcmp(c->y, column[1], (size_t)t->n[1] * sizeof *c->y) == 0;
}

/* A config says which columns, and a checkpoint knows what they are called: its names are right,
 * where the file has them. */
static ls_status choose_known(csv *c, const ls_opening *what) {
  const ls_data_spec *spec = what->spec;
  int64_t *column[2] = {NULL, NULL}, found;
  LS_TRY(choose_columns(c, what));
  LS_TRY(follow_texts(c, spec->trained));
  if (!c->head || !ls_trained_named(spec->trained, LS_TRAINED_X)) return LS_OK;
  ls_status status = find_trained(c, spec, column, &found);
  if (status != LS_OK) {
    LS_FREE(column[0]);
    if (status != LS_EDATA) return status;
    ls_log(LS_LOG_WARN, "%s; the columns are taken as the config says", ls_error_text());
    return LS_OK;
  }
  if (!same_columns(c, spec->trained, column))
    ls_log(LS_LOG_WARN,
           "%s: the columns are taken by the names that the checkpoint knows; the config says "
           "others",
           path_of(c));
  return take_columns(c, spec, column);
}

/* Numbers where the inputs are: a first sample that would be lost as a header. */
static void warn_of_numbers(const csv *c) {
  const int64_t n = c->base.shape.features;
  if (c->head && !c->by_name && count_numbers(c, c->x, n) == n)
    ls_log(LS_LOG_WARN,
           "%s:1: the header has only numbers for the inputs; if it is a sample, say header: false",
           path_of(c));
}

/* The config says of each file which columns it has; where two mean others by the same numbers, it
 * is likely to be mistaken. */
static ls_status compare_inputs(const csv *c, const ls_source *first) {
  ls_columns here, there;
  LS_TRY(ls_columns_of(&c->base, &here));
  ls_status status = ls_columns_of(first, &there);
  const ls_texts *mine = &here.name[LS_TRAINED_X], *other = &there.name[LS_TRAINED_X];
  int64_t n = mine->count < other->count ? mine->count : other->count, k = 0;
  while (k < n && strcmp(mine->text[k], other->text[k]) == 0) k++;
  if (k < n)
    ls_log(LS_LOG_WARN, "%s: input %lld is '%s' here and '%s' in %s", path_of(c), (long long)k + 1,
           mine->text[k], other->text[k], first->file[0].path);
  ls_columns_free(&here);
  ls_columns_free(&there);
  return status;
}

static ls_status choose_by_config(csv *c, const ls_opening *what) {
  c->by_config = true;
  LS_TRY(choose_columns(c, what));
  warn_of_numbers(c);
  if (what->spec->csv.one_hot)
    LS_TRY(what->first ? follow_first(c, what->first) : collect_texts(c, what));
  return c->head && what->first && !what->quick ? compare_inputs(c, what->first) : LS_OK;
}

/* ---- opening: the records ---- */

/* A label that is missing is left for reading to refuse, if the sample is used. */
static ls_status add_class(csv *c, ls_csv_field f, const ls_csv_cursor *at) {
  bool doubtful = ls_csv_missing(f, c->words, true);
  if (doubtful && ls_csv_missing(f, c->words, false)) return LS_OK;
  char *name = c->text.quotes ? ls_csv_unquoted(f) : NULL;
  ls_status status = name ? ls_names_add(c->base.names, name, strlen(name), doubtful)
                          : ls_names_add(c->base.names, f.text, f.length, doubtful);
  LS_FREE(name);
  return status == LS_OK ? LS_OK
                         : ls_fail_prefix(status, "%s:%lld: column %lld", path_of(c),
                                          (long long)at->line, (long long)c->y[0] + 1);
}

/* Where a line is a record; a blank one is left for reading to refuse. */
static ls_status next_line(csv *c, ls_csv_field *first_y) {
  const char *at = c->next.at, *end = memchr(at, '\n', (size_t)(c->text.end - at));
  if (!end) end = c->text.end;
  if (first_y) *first_y = ls_csv_field_of(&c->text, at, end, c->y[0], c->columns);
  c->next.at = end + (end < c->text.end);
  c->next.line++;
  ls_csv_pass_comments(&c->text, &c->next);
  return LS_OK;
}

/* A record of another shape is left for reading as well, and has no label. */
static ls_status next_by_rules(csv *c, ls_csv_field *first_y) {
  int64_t fields;
  LS_TRY(ls_csv_record(&c->text, &c->next, c->field, c->columns, &fields));
  if (first_y) *first_y = fields == c->columns ? c->field[c->y[0]] : (ls_csv_field){"", 0};
  return LS_OK;
}

static bool is_mixed(const ls_names *names) {
  return names && names->digits > 0 && names->others > 0;
}

/* Perhaps a word for what is missing, which would be a class of its own. */
static void warn_of_mixed(const csv *c) {
  const ls_names *names = c->base.names;
  const char *other = NULL;
  for (int64_t i = 0; i < names->count && !other; i++) {
    ls_csv_field f = {names->text[i], strlen(names->text[i])};
    double value;
    if (!ls_decimal(f.text, f.length, &value) && !ls_csv_missing(f, c->words, true)) other = f.text;
  }
  if (!other) return;
  ls_log(LS_LOG_WARN,
         "%s: column %lld%s%s%s has labels that are numbers, and '%s': all are taken for names of "
         "classes. If '%s' means that the label is missing, list it in data.missing.text",
         path_of(c), (long long)c->y[0] + 1, c->head ? " (" : "", c->head ? c->head[c->y[0]] : "",
         c->head ? ")" : "", other, other);
}

/* Classes that a checkpoint knows by numbers alone get theirs in the order of their names. */
static void warn_of_numbered(const csv *c, const ls_data_spec *spec) {
  const ls_names *names = c->base.names;
  if ((spec->trained || spec->foreign) && names && names->count > 0 && !names->numbers)
    ls_log(
        LS_LOG_WARN,
        "%s: the labels are names, and the checkpoint knows its classes by numbers only: '%s' is "
        "taken for class 0, and so on in order of the names' bytes",
        path_of(c), names->text[0]);
}

/* Classes of train are collected, but for those of the samples that are skipped; those of the other
 * splits must be among them, which reading finds out. */
static ls_status scan(csv *c, bool collect, int64_t skipped) {
  c->first = c->next;
  ls_csv_field y, *class = collect ? &y : NULL;
  bool was_mixed = is_mixed(c->base.names);
  while (!ls_csv_ended(&c->text, c->next.at)) {
    ls_csv_cursor at = c->next;
    LS_TRY(c->text.lines ? next_line(c, class) : next_by_rules(c, class));
    bool skip = c->base.shape.rows++ < skipped;
    if (class && !skip) LS_TRY(add_class(c, y, &at));
  }
  if (class) LS_TRY(check_names(c, "a class", c->y[0], c->base.names));
  if (class && !was_mixed && is_mixed(c->base.names)) warn_of_mixed(c);
  c->next = c->first;
  c->base.file[0].samples = c->base.shape.rows;
  return c->base.shape.rows > 0
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: holds no samples: there is only a header", path_of(c));
}

static bool warn_of_twice(const csv *c, int64_t column, const char *what) {
  ls_log(LS_LOG_WARN, "%s: column %lld%s%s%s is %s", path_of(c), (long long)column + 1,
         c->head ? " (" : "", c->head ? c->head[column] : "", c->head ? ")" : "", what);
  return false;
}

/* No quick way for a column that is asked for twice, which has no single place to go to, for
 * blanks, decimal commas and texts. */
static ls_status map_columns(csv *c, bool warn) {
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
static void doubt_numbers(csv *c) {
  double value;
  for (char *const *word = c->words; word && *word; word++)
    if (ls_decimal(*word, strlen(*word), &value)) LS_FREE(c->map.to);
}

static ls_status open_file(csv *c, const ls_opening *what) {
  LS_TRY(open_text(c, what));
  if (what->spec->foreign)
    LS_TRY(choose_foreign(c, what));
  else
    LS_TRY(what->spec->trained ? choose_known(c, what) : choose_by_config(c, what));
  LS_TRY(map_columns(c, !what->first));
  doubt_numbers(c);
  c->classes = what->classes && c->base.shape.outputs == 1;
  const ls_texts *named = what->spec->classes_named;
  if (c->classes && !what->first)
    LS_TRY(named ? ls_names_of(named, &c->own_names) : ls_names_new(&c->own_names));
  if (c->classes) c->base.names = what->first ? what->first->names : c->own_names;
  if (c->classes && !c->base.names)
    return ls_fail(LS_EDATA, "%s: y is one column here, and a column a class in %s", path_of(c),
                   what->first->file[0].path);
  bool collect = c->classes && what->split == LS_SPLIT_TRAIN && !named;
  LS_TRY(scan(c, collect, what->skipped));
  if (collect && !what->first) warn_of_numbered(c, what->spec);
  return LS_OK;
}

static ls_status open_csv(const ls_opening *what, ls_source **out) {
  LS_TRY(ls_source_new(&ls_format_csv, sizeof(csv), 1, out));
  ls_status status = open_file((csv *)*out, what);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

static void close_csv(ls_source *source) {
  csv *c = (csv *)source;
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

/* Of what a column has in the first records, as far as they can be read, how many more begin with a
 * letter than are numbers. Takes the place of the record taken last. */
static int64_t more_words(const csv *c, int64_t column) {
  ls_csv_cursor at = c->first;
  int64_t fields, more = 0;
  for (int k = 0; k < LOOKED_AT && !ls_csv_ended(&c->text, at.at); k++) {
    if (ls_csv_record(&c->text, &at, c->field, c->columns, &fields) != LS_OK) break;
    ls_csv_field f = c->field[column];
    if (fields != c->columns || ls_csv_missing(f, c->words, true)) continue;
    bool quoted = f.length > 1 && *f.text == '"';
    more += isalpha((unsigned char)f.text[quoted]) != 0 && !is_number(c, column);
    more -= is_number(c, column);
  }
  return more;
}

/* What may be the remedy for a field that is no number: the other decimal mark, categories where
 * the column has words, or to leave out a first line of units. */
static const char *remedy(const csv *c, int64_t line, int64_t column) {
  ls_csv_text other = c->text;
  double value;
  other.decimal_comma = !other.decimal_comma;
  if (ls_csv_number(&other, c->field[column], &value))
    return c->text.decimal_comma ? "; data.decimal says which mark decimals have, and it is , here"
                                 : "; data.decimal says which mark decimals have, and it is . here";
  if (*c->taken == '#' && !c->text.comment) return comment_remedy;
  if (!c->by_config) return "";
  bool input = false;
  for (int64_t i = 0; i < c->base.shape.features; i++) input = input || c->x[i] == column;
  const bool any_number = count_numbers(c, NULL, c->columns) > 0;
  int64_t more = more_words(c, column);
  if (more > 0 && input && c->value.count == 0)
    return "; data.text_inputs: one_hot takes texts for inputs";
  if (more < 0 && line == c->first.line && !any_number)
    return "; if this line is no sample (units?), data.skip leaves it out";
  return "";
}

static ls_status no_number(const csv *c, int64_t line, int64_t column) {
  ls_csv_field f = c->field[column];
  const char *what_to_do = remedy(c, line, column);
  c->field[column] = f;
  ls_status status = bad_field(c, line, column, "not a number");
  return ls_fail(status, "%s%s", ls_error_text(), what_to_do);
}

/* A missing value becomes a NaN, which whoever reads the rows refuses, or counts. */
static ls_status parse(const csv *c, int64_t line, int64_t column, double *value) {
  ls_csv_field f = c->field[column];
  bool listed = c->words && ls_csv_missing(f, c->words, true); /* perhaps a number: -999 */
  if (!listed && (ls_csv_number(&c->text, f, value) || is_infinite(f, value))) return LS_OK;
  if (!listed && !ls_csv_missing(f, NULL, true)) return no_number(c, line, column);
  *value = (double)NAN;
  return LS_OK;
}

/* A name that a checkpoint was trained with is a class, whatever it says. */
static ls_status parse_name(const csv *c, int64_t line, double *value) {
  bool found;
  ls_csv_field f = c->field[c->y[0]];
  char *name = ls_csv_unquoted(f);
  int64_t at = ls_names_find(c->base.names, name, strlen(name), &found);
  *value = (double)(found && c->base.names->number ? c->base.names->number[at] : at);
  LS_FREE(name);
  if (found) return LS_OK;
  *value = (double)NAN;
  if (ls_csv_missing(f, c->words, false)) return LS_OK;
  return bad_field(c, line, c->y[0], "a class that the training data do not have");
}

static ls_status parse_class(const csv *c, int64_t line, double *value) {
  return c->base.names->numbers ? parse(c, line, c->y[0], value) : parse_name(c, line, value);
}

/* Inputs k to run[k], one of which is 1: that of the field's text. */
static ls_status read_text(csv *c, int64_t line, int64_t k, ls_dtype cell, void *x) {
  ls_csv_field f = c->field[c->x[k]];
  bool missing = ls_csv_missing(f, c->words, false), found = missing;
  char *text = ls_csv_unquoted(f);
  for (int64_t i = k; i < c->run[k]; i++) {
    bool same = !missing && strcmp(c->value.text[i], text) == 0;
    ls_dtype_put(cell, x, i, missing ? (double)NAN : (double)same);
    found = found || same;
  }
  LS_FREE(text);
  return found ? LS_OK : bad_field(c, line, c->x[k], "a text that the training data do not have");
}

/* Input i; of a text all that are its run. */
static ls_status read_input(csv *c, int64_t line, int64_t i, ls_dtype cell, void *x) {
  double value;
  if (c->run && *c->value.text[i]) return read_text(c, line, i, cell, x);
  LS_TRY(parse(c, line, c->x[i], &value));
  ls_dtype_put(cell, x, i, value);
  return LS_OK;
}

static int64_t next_input(const csv *c, int64_t i) { return c->run ? c->run[i] : i + 1; }

/* Of a record that is not used all that is no number is infinite, and what is missing still NaN. */
static ls_status read_class(const csv *c, int64_t line, double *value) {
  ls_status status = parse_class(c, line, value);
  if (status == LS_OK || !c->base.loose) return status;
  *value = HUGE_VAL;
  return LS_OK;
}

static ls_status read_unused(csv *c, ls_dtype cell, void *x, double *y) {
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
    if (!whole || (!(c->classes && i == 0) && parse(c, 0, c->y[i], &y[i]) != LS_OK))
      y[i] = HUGE_VAL;
  return c->classes && whole ? read_class(c, 0, y) : LS_OK;
}

static ls_status read_row(csv *c, ls_dtype cell, void *x, double *y) {
  const ls_shape *shape = &c->base.shape;
  int64_t line = c->next.line;
  if (c->map.to && ls_csv_quick(&c->map, &c->text, &c->next, cell, x, y, &c->field[c->y[0]]))
    return c->map.text >= 0 ? read_class(c, line, y) : LS_OK;
  if (c->base.loose) return read_unused(c, cell, x, y);
  LS_TRY(next_record(c));
  for (int64_t i = 0; i < shape->features; i = next_input(c, i))
    LS_TRY(read_input(c, line, i, cell, x));
  if (c->classes) LS_TRY(parse_class(c, line, y));
  for (int64_t i = c->classes; i < ls_shape_columns(shape); i++)
    LS_TRY(parse(c, line, c->y[i], &y[i]));
  return LS_OK;
}

static ls_status read_csv(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  csv *c = (csv *)source;
  size_t width = (size_t)source->shape.features * ls_dtype_size(cell);
  if (c->classes && !c->base.names->numbers)
    c->map.text = c->y[0]; /* known once all of train has been opened */
  for (int64_t r = 0; r < rows; r++)
    LS_TRY(
        read_row(c, cell, (char *)x + (size_t)r * width, y + r * ls_shape_columns(&source->shape)));
  return LS_OK;
}

static ls_status rewind_csv(ls_source *source) {
  ((csv *)source)->next = ((csv *)source)->first;
  return LS_OK;
}

/* Of the next record, if it is asked for. */
static ls_status next_key(csv *c, int64_t column, bool asked, uint64_t *key) {
  const int64_t line = c->next.line;
  int64_t fields;
  if (!asked) return ls_csv_record(&c->text, &c->next, NULL, 0, &fields);
  LS_TRY(next_record(c));
  ls_csv_field f = c->field[column];
  if (ls_csv_missing(f, c->words, false))
    return bad_field(c, line, column, "no value to group by (data.validation.by)");
  char *text = ls_csv_unquoted(f);
  *key = XXH3_64bits(text, strlen(text));
  LS_FREE(text);
  return LS_OK;
}

/* Two texts of one digest would only be one group. */
static ls_status keys_csv(ls_source *source, const char *by, const bool *asked, uint64_t *key) {
  csv *c = (csv *)source;
  int64_t column, last;
  LS_TRY(find_columns(c, by, &column, &last));
  if (column != last)
    return ls_fail(LS_ECONFIG, "data.validation.by: %s is more than one column", by);
  for (int64_t row = 0; row < source->shape.rows; row++)
    LS_TRY(next_key(c, column, asked[row], &key[row]));
  return rewind_csv(source);
}

/* Only for messages: the records are counted again from the top. */
static void place_csv(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  const csv *c = (const csv *)source;
  ls_csv_cursor at = c->text.start;
  int64_t fields, line = 1;
  for (int64_t r = c->head ? -1 : 0; r <= row; r++) {
    line = at.line;
    if (ls_csv_record(&c->text, &at, NULL, 0, &fields) != LS_OK) break;
  }
  place_field(c, line, column < 0 ? c->y[-1 - column] : c->x[column], text, size);
}

static const char *text_at(const void *texts, int64_t k) {
  return ((const ls_texts *)texts)->text[k];
}
static const char *y_name(const void *arg, int64_t k) {
  return ((const csv *)arg)->head[((const csv *)arg)->y[k]];
}

/* All columns, and which of them are inputs and targets. */
static ls_status table_of(const csv *c, ls_trained *out) {
  const int64_t n[2] = {c->base.shape.features, c->base.shape.outputs};
  int64_t *const from[2] = {c->x, c->y};
  out->places = true;
  LS_TRY(whole_header(c, &out->name));
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
  const csv *c = (const csv *)source;
  ls_texts called = {0};
  LS_TRY(table_of(c, &out->trained));
  if (!c->head) return LS_OK;
  ls_status status = ls_trained_names(&out->trained, LS_TRAINED_X, &called);
  if (status == LS_OK)
    status = ls_columns_split(text_at, &called, called.count, &out->name[0], &out->unit[0]);
  ls_texts_free(&called);
  LS_TRY(status);
  return ls_columns_split(y_name, c, source->shape.outputs, &out->name[1], &out->unit[1]);
}

const ls_format ls_format_csv = {"csv",      open_csv, read_csv,  NULL,        NULL, NULL,
                                 rewind_csv, keys_csv, place_csv, columns_csv, NULL, close_csv};
