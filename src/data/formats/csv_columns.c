/* csv_columns.c - a config says which columns, or a checkpoint by its names, or both. Begin at
 * the bottom: ls_csv_choose. Inputs that are texts take two passes over all files of train
 * (find_texts): which inputs are texts, then which texts; each text becomes an input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/columns.h"
#include "data/formats/csv.h"
#include "data/heading.h"
#include "data/refuse.h"

enum { TEXTS_MAX = 1024, TOLD = 160, BY_CHANCE = 8 };

/* ---- by the config ---- */

static ls_heading heading_of(const ls_csv *c) {
  const char *separator =
      c->columns > 1 || ls_csv_first_odd(c) ? NULL : ls_separator_names[c->text.separator];
  return (ls_heading){
      .path = ls_csv_path(c), .name = c->head, .columns = c->columns, .separator = separator};
}

/* A header that has numbers, as scikit-learn's tables do (samples, inputs, classes), makes a number
 * mean the column that is called so. */
static void note_number(ls_csv *c, const char *name, int64_t found, bool numbered) {
  const size_t length = strlen(name);
  if (!c->by_config || c->noted || numbered || strspn(name, "0123456789") != length) return;
  const long long meant = length < 10 ? atoll(name) : 0;
  if (meant < 1 || meant > c->columns || meant == found + 1) return;
  c->noted = true;
  ls_log(LS_LOG_WARN,
         "%s: '%s' is the column that the header calls so, column %jd, and not column %s; if the "
         "first line is no header, say header: false and leave it out by data.skip",
         ls_csv_path(c), name, found + 1, name);
}

ls_status ls_csv_find(ls_csv *c, const char *name, int64_t *lo, int64_t *hi) {
  const ls_heading heading = heading_of(c);
  bool numbered = false;
  ls_status status = ls_heading_find(&heading, name, lo, hi, &numbered);
  if (status != LS_OK) return ls_csv_remedy_column(c, status);
  note_number(c, name, *lo, numbered);
  c->by_number = c->by_number || numbered;
  c->by_name = c->by_name || !numbered;
  return LS_OK;
}

/* The columns of a list of names, in its order; room for one more. */
static ls_status choose(ls_csv *c, char *const *name, int64_t **column, int64_t *count) {
  int64_t lo = 0, hi = 0, total = 0;
  for (int i = 0; name && name[i]; i++) {
    LS_TRY(ls_csv_find(c, name[i], &lo, &hi));
    total += hi - lo + 1;
  }
  LS_NEW(*column, total + 1);
  *count = 0;
  for (int i = 0; name && name[i]; i++) {
    LS_TRY(ls_csv_find(c, name[i], &lo, &hi));
    for (int64_t k = lo; k <= hi; k++) (*column)[(*count)++] = k;
  }
  return LS_OK;
}

/* One column behind those of y. */
static ls_status choose_weights(ls_csv *c, const char *name) {
  int64_t last;
  if (!name) return LS_OK;
  LS_TRY(ls_csv_find(c, name, &c->y[c->base.shape.outputs], &last));
  c->base.shape.weights = 1;
  return last == c->y[c->base.shape.outputs]
             ? LS_OK
             : ls_fail(LS_ECONFIG, "data.weights: %s is more than one column", name);
}

/* No list for x, or the word `rest` where no column is called so. */
static bool is_rest(const ls_csv *c, char *const *x) {
  const ls_heading heading = heading_of(c);
  int64_t column;
  if (!x) return true;
  if (strcmp(x[0], "rest") != 0 || x[1]) return false;
  return ls_heading_name(&heading, x[0], strlen(x[0]), &column) == LS_OK && column < 0;
}

/* Take what is called so, where there is such a thing, out of the rest. */
static void take_out(ls_csv *c, const char *name, bool *taken) {
  int64_t lo, hi;
  if (!name || ls_csv_find(c, name, &lo, &hi) != LS_OK) return;
  for (int64_t k = lo; k <= hi; k++) taken[k] = true;
}

/* All columns that are not y's, nor weights, nor what groups are made by: in any split. */
static ls_status choose_rest(ls_csv *c, const ls_data_spec *spec) {
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

static ls_status choose_columns(ls_csv *c, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  LS_TRY(choose(c, spec->y_cols, &c->y, &c->base.shape.outputs));
  LS_TRY(choose_weights(c, ls_opening_weights(what)));
  LS_TRY(is_rest(c, spec->x_cols) ? choose_rest(c, what->spec)
                                  : choose(c, spec->x_cols, &c->x, &c->base.shape.features));
  return c->base.shape.features > 0
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: no column is left for the inputs", ls_csv_path(c));
}

/* ---- inputs that are texts ---- */

/* The first n of them: each text of an input that has some is one. */
typedef struct {
  int64_t n, rows;
  ls_names **texts; /* (n) NULL: the input is numbers */
} inputs;

static ls_status add_texts(const ls_csv *c, inputs *in, bool find) {
  double value;
  for (int64_t i = 0; i < in->n; i++) {
    ls_csv_field f = c->field[c->x[i]];
    if (find && !in->texts[i] && !ls_csv_number(&c->text, f, &value) &&
        !ls_csv_infinite(f, &value) && !ls_csv_missing(f, c->words, true))
      LS_TRY(ls_names_new(&in->texts[i]));
    if (find || !in->texts[i] || ls_csv_missing(f, c->words, false)) continue;
    char *text = ls_csv_unquoted(f);
    ls_status status = ls_names_add(in->texts[i], text, strlen(text), false);
    LS_FREE(text);
    LS_TRY(status);
    if (in->texts[i]->count > TEXTS_MAX)
      return ls_fail(LS_EDATA,
                     "%s: column %jd (%s) has more than %d different texts; is it what a sample is "
                     "called? Leave it out of x",
                     ls_csv_path(c), c->x[i] + 1, c->head ? c->head[c->x[i]] : "", TEXTS_MAX);
  }
  return LS_OK;
}

/* Once through a file: which inputs are texts (find), or what texts they have. *skipped: samples
 * that are none, less those of this file. */
static ls_status pass_texts(ls_csv *c, inputs *in, bool find, int64_t *skipped) {
  const ls_csv_cursor first = c->next;
  int64_t fields;
  for (; !ls_csv_ended(&c->text, c->next.at); --*skipped) {
    if (*skipped > 0) {
      LS_TRY(ls_csv_record(&c->text, &c->next, NULL, 0, &fields));
      continue;
    }
    LS_TRY(ls_csv_next(c));
    LS_TRY(add_texts(c, in, find));
    in->rows += !find;
  }
  c->next = first;
  return LS_OK;
}

/* The same of another file of train. */
static ls_status pass_other(ls_csv *first, const ls_opening *what, const char *path, inputs *in,
                            bool find, int64_t *skipped) {
  ls_source *source;
  ls_opening other = *what;
  other.file = path;
  other.first = &first->base;
  LS_TRY(ls_source_new(first->base.format, sizeof(ls_csv), 1, &source));
  ls_csv *c = (ls_csv *)source;
  ls_status status = ls_csv_start(c, &other);
  if (status == LS_OK) status = choose_columns(c, &other);
  if (status == LS_OK && source->shape.features != in->n)
    status = ls_fail(LS_EDATA, "%s: %jd columns of inputs, and %s has %jd", path,
                     source->shape.features, what->file, in->n);
  if (status == LS_OK) status = pass_texts(c, in, find, skipped);
  ls_source_close(&source);
  return status;
}

/* Once through all files of train to find the inputs that are texts, and once more for these. */
static ls_status find_texts(ls_csv *c, const ls_opening *what, inputs *in) {
  for (int pass = 0; pass < 2; pass++) {
    int64_t skipped = what->skipped;
    LS_TRY(pass_texts(c, in, pass == 0, &skipped));
    for (char *const *path = what->more; path && *path; path++)
      LS_TRY(pass_other(c, what, *path, in, pass == 0, &skipped));
  }
  return LS_OK;
}

static ls_status find_runs(ls_csv *c) {
  const ls_trained t = {.n = {c->base.shape.features, 0}, .at = {c->x, NULL}, .value = c->value};
  LS_NEW(c->run, t.n[0]);
  for (int64_t k = 0; k < t.n[0]; k++) c->run[k] = ls_trained_run(&t, k);
  return LS_OK;
}

/* Room for so many inputs, and for what they are the texts of. */
static ls_status widen(ls_csv *c, int64_t features) {
  LS_NEW(c->x, features + 1);
  LS_NEW(c->value.text, features);
  c->base.shape.features = 0;
  return LS_OK;
}

static void add_input(ls_csv *c, int64_t column, const char *value) {
  c->x[c->base.shape.features++] = column;
  c->value.text[c->value.count++] = ls_mem_text(value);
}

static ls_status take_texts(ls_csv *c, const inputs *in) {
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

/* Texts most of which come but once are what the samples are called, and other data have others. */
static void warn_of_own_texts(const ls_csv *c, const inputs *in) {
  for (int64_t i = 0; i < in->n; i++) {
    if (!in->texts[i] || in->rows <= BY_CHANCE || 2 * in->texts[i]->count <= in->rows) continue;
    char called[400];
    ls_csv_call(c, c->x[i], called, sizeof called);
    ls_log(LS_LOG_WARN,
           "%s: %s has %jd different texts in %jd samples, and each becomes an input; is it what a "
           "sample is called? leave it out of x",
           ls_csv_path(c), called, in->texts[i]->count, in->rows);
  }
}

static ls_status collect_texts(ls_csv *c, const ls_opening *what) {
  inputs in = {.n = c->base.shape.features};
  LS_TRY(ls_mem_new((void **)&in.texts, (size_t)in.n, sizeof *in.texts));
  ls_status status = find_texts(c, what, &in);
  for (int64_t i = 0; i < in.n && status == LS_OK; i++)
    status = ls_csv_check_names(c, "a text", c->x[i], in.texts[i]);
  if (status == LS_OK) warn_of_own_texts(c, &in);
  if (status == LS_OK) status = take_texts(c, &in);
  for (int64_t i = 0; i < in.n; i++) ls_names_free(&in.texts[i]);
  LS_FREE(in.texts);
  return status;
}

/* The inputs that the config names are, one after the other, those of t. */
static ls_status follow_texts(ls_csv *c, const ls_trained *t) {
  int64_t n = c->base.shape.features, runs = ls_trained_runs(t), *column = c->x;
  if (t->value.count == 0) return LS_OK;
  if (runs != n)
    return ls_fail(LS_EDATA, "%s: %jd columns of inputs, and the training data had %jd",
                   ls_csv_path(c), n, runs);
  c->x = NULL;
  ls_status status = widen(c, t->n[0]);
  for (int64_t i = 0, k = 0; i < t->n[0] && status == LS_OK; k++)
    for (int64_t end = ls_trained_run(t, i); i < end; i++)
      add_input(c, column[k], t->value.text[i]);
  LS_FREE(column);
  return status == LS_OK ? find_runs(c) : status;
}

static ls_status follow_first(ls_csv *c, const ls_source *first) {
  ls_columns there;
  LS_TRY(ls_columns_of(first, &there));
  ls_status status = follow_texts(c, &there.trained);
  ls_columns_free(&there);
  return status;
}

/* ---- the columns that a checkpoint knows ---- */

/* The header as other data know it: units apart and put back in one way. */
ls_status ls_csv_header(const ls_csv *c, ls_texts *out) {
  ls_texts names = {0}, units = {0};
  *out = (ls_texts){0};
  if (!c->head) return LS_OK;
  ls_status status = ls_columns_split(c->head, c->columns, &names, &units);
  if (status == LS_OK) status = ls_columns_whole(&names, &units, out);
  ls_texts_free(&names);
  ls_texts_free(&units);
  return status;
}

/* *found: how many of the checkpoint's names the header has. */
static ls_status find_trained(const ls_csv *c, const ls_data_spec *spec, int64_t *column[2],
                              int64_t *found) {
  ls_newcomer data = {.path = ls_csv_path(c), .columns = c->columns, .whole = true};
  int64_t more = 0;
  LS_TRY(ls_csv_header(c, &data.name));
  ls_status status = ls_trained_find(spec->trained, LS_ROLE_X, &data, &column[0], found);
  if (status == LS_OK && !spec->inputs)
    status = ls_trained_find(spec->trained, LS_ROLE_Y, &data, &column[1], &more);
  if (status == LS_OK && spec->inputs)
    status = ls_mem_new((void **)&column[1], 1, sizeof *column[1]);
  ls_texts_free(&data.name);
  *found += more;
  return status;
}

static ls_status take_columns(ls_csv *c, const ls_data_spec *spec, int64_t *column[2]) {
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

/* The file is without a header, it was said or is so of the training data, and begins with one. */
static ls_status check_first_sample(ls_csv *c, const ls_trained *t) {
  ls_csv_cursor peek = c->next;
  int64_t fields;
  bool texts = true;
  LS_TRY(ls_csv_record(&c->text, &peek, c->field, c->columns, &fields));
  for (int64_t i = 0; i < c->base.shape.features && texts; i++) {
    ls_csv_field f = c->field[c->x[i]];
    texts = !ls_csv_is_number(c, c->x[i]) && !ls_csv_missing(f, c->words, true);
  }
  if (!texts) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s:1: the first row has texts ('%.*s') where numbers should be: a header? %s",
                 ls_csv_path(c), (int)c->field[c->x[0]].length, c->field[c->x[0]].text,
                 t && ls_trained_named(t, LS_ROLE_X)
                     ? "Leave out --no-header, and the columns are found by their names"
                     : "The checkpoint's training data had none: take this line away (tail -n +2 "
                       "FILE), and make sure that the columns are in the same order");
}

static ls_status lost_sample(const ls_csv *c) {
  return ls_fail(LS_EDATA,
                 "%s:1: the first row is taken for a header, but it holds numbers and no name that "
                 "the checkpoint knows: if the file has no header, say --no-header (a header whose "
                 "names are numbers is read where the training data had them too)",
                 ls_csv_path(c));
}

static ls_status find_foreign(ls_csv *c, const ls_data_spec *spec, int64_t *found) {
  int64_t *column[2] = {NULL, NULL};
  ls_status status = find_trained(c, spec, column, found);
  if (status == LS_OK) return take_columns(c, spec, column);
  if (status == LS_EDATA && column[0]) status = ls_refuse_targetless(status);
  LS_FREE(column[0]);
  return status;
}

/* Of a file without a header: which of its columns are taken for which inputs. */
static void tell_columns(const ls_csv *c, const ls_trained *t) {
  char text[TOLD + 64] = "";
  size_t used = 0;
  if (!ls_trained_named(t, LS_ROLE_X)) return;
  for (int64_t k = 0; k < t->n[LS_ROLE_X] && used < TOLD; k++) {
    const char *name = t->name.text[t->at[LS_ROLE_X][k]];
    if (k > 0 && c->x[k] == c->x[k - 1]) continue; /* another text of the column */
    used += (size_t)snprintf(text + used, TOLD - used, "%s%jd (%s)", used > 0 ? ", " : "",
                             c->x[k] + 1, name);
  }
  if (used >= TOLD) strcpy(text + TOLD - 1, " ...");
  ls_log(LS_LOG_INFO, "%s: no header; the inputs are columns %s", ls_csv_path(c), text);
}

/* A file that is named by its path alone. */
static ls_status choose_foreign(ls_csv *c, const ls_opening *what) {
  const ls_data_spec *spec = what->spec;
  const ls_source_spec *source = &spec->source[what->split];
  int64_t found = 0, numbers = ls_csv_count_numbers(c, NULL, c->columns);
  ls_status status = spec->trained ? find_foreign(c, spec, &found) : choose_columns(c, what);
  bool lost = spec->trained ? numbers > 0 : numbers == c->columns;
  if (status == LS_FAIL) return status;
  if (c->head && found == 0 && !c->by_name && lost) return lost_sample(c);
  if (status != LS_OK) return spec->trained ? ls_csv_remedy_column(c, status) : status;
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
           ls_csv_path(c));
  return LS_OK;
}

static bool same_columns(const ls_csv *c, const ls_trained *t, int64_t *const column[2]) {
  const ls_shape *shape = &c->base.shape;
  return shape->features == t->n[0] && shape->outputs == t->n[1] &&
         memcmp(c->x, column[0], (size_t)t->n[0] * sizeof *c->x) == 0 &&
         memcmp(c->y, column[1], (size_t)t->n[1] * sizeof *c->y) == 0;
}

/* A config says which columns, and a checkpoint knows what they are called: its names are right,
 * where the file has them. */
static ls_status choose_known(ls_csv *c, const ls_opening *what) {
  const ls_data_spec *spec = what->spec;
  int64_t *column[2] = {NULL, NULL}, found;
  LS_TRY(choose_columns(c, what));
  LS_TRY(follow_texts(c, spec->trained));
  if (!c->head || !ls_trained_named(spec->trained, LS_ROLE_X)) return LS_OK;
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
           ls_csv_path(c));
  return take_columns(c, spec, column);
}

/* ---- who says it ---- */

/* Numbers where the inputs are: a first sample that would be lost as a header. */
static void warn_of_numbers(const ls_csv *c) {
  const int64_t n = c->base.shape.features;
  if (c->head && !c->by_name && ls_csv_count_numbers(c, c->x, n) == n)
    ls_log(LS_LOG_WARN,
           "%s:1: the header has only numbers for the inputs; if it is a sample, say header: false",
           ls_csv_path(c));
}

/* A first line of samples, inputs and classes is no header, though all columns have one. */
static void warn_of_counts(const ls_csv *c) {
  if (!c->head || c->columns < 2 || ls_csv_counted(c) != 1) return;
  ls_log(LS_LOG_WARN,
         "%s: the first line counts samples and inputs (%s, %s), and is taken for names: say "
         "header: false, and leave it out by data.skip",
         ls_csv_path(c), c->head[0], c->head[1]);
}

/* The config says of each file which columns it has; where two mean others by the same numbers, it
 * is likely to be mistaken. */
static ls_status compare_inputs(const ls_csv *c, const ls_source *first) {
  ls_columns here, there;
  LS_TRY(ls_columns_of(&c->base, &here));
  ls_status status = ls_columns_of(first, &there);
  const ls_texts *mine = &here.name[LS_ROLE_X], *other = &there.name[LS_ROLE_X];
  const int64_t n = ls_min(mine->count, other->count);
  int64_t k = 0;
  while (k < n && strcmp(mine->text[k], other->text[k]) == 0) k++;
  if (k < n)
    ls_log(LS_LOG_WARN, "%s: input %jd is '%s' here and '%s' in %s", ls_csv_path(c), k + 1,
           mine->text[k], other->text[k], first->file[0].path);
  ls_columns_free(&here);
  ls_columns_free(&there);
  return status;
}

/* Has the column, which has no name, nothing in the first record? */
static bool is_empty(const ls_csv *c, int64_t column) {
  ls_csv_cursor at = c->next;
  int64_t fields;
  if (ls_csv_ended(&c->text, at.at)) return false;
  if (ls_csv_record(&c->text, &at, c->field, c->columns, &fields) != LS_OK) return false;
  return fields == c->columns && c->field[column].length == 0;
}

static void warn_of_trailing(const ls_csv *c) {
  ls_log(LS_LOG_WARN,
         "%s: lines end with a separator, which makes an empty column %jd of the inputs; leave it "
         "out of x, or take the separators out (sed -i 's/[,;]\\r*$//' FILE)",
         ls_csv_path(c), c->columns);
}

static void warn_of_no_name(const ls_csv *c, int64_t column) {
  ls_log(LS_LOG_WARN, "%s: column %jd is an input and has no name%s", ls_csv_path(c), column + 1,
         is_empty(c, column) ? ", and nothing stands in it; leave it out of x"
                             : "; does it count the rows? leave it out of x (pandas: to_csv(FILE, "
                               "index=False))");
}

/* As pandas writes the numbers of rows; or lines that end with a separator make one more. */
static void warn_of_nameless(const ls_csv *c) {
  for (int64_t i = 0; c->head && i < c->base.shape.features; i++) {
    const int64_t column = c->x[i];
    if (*c->head[column]) continue;
    if (column == c->columns - 1 && is_empty(c, column))
      warn_of_trailing(c);
    else
      warn_of_no_name(c, column);
    return;
  }
}

static ls_status choose_by_config(ls_csv *c, const ls_opening *what) {
  c->by_config = true;
  LS_TRY(choose_columns(c, what));
  warn_of_numbers(c);
  if (!what->quick) warn_of_counts(c);
  if (!what->first) warn_of_nameless(c);
  if (what->spec->csv.one_hot)
    LS_TRY(what->first ? follow_first(c, what->first) : collect_texts(c, what));
  return c->head && what->first && !what->quick ? compare_inputs(c, what->first) : LS_OK;
}

ls_status ls_csv_choose(ls_csv *c, const ls_opening *what) {
  if (what->spec->foreign) return choose_foreign(c, what);
  return what->spec->trained ? choose_known(c, what) : choose_by_config(c, what);
}
