/* csv_columns.c - which columns a config means: ls_csv_choose_columns. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/columns.h"
#include "data/formats/csv.h"
#include "data/heading.h"
#include "data/refuse.h"

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
  if (!c->by_config || c->noted[0] || numbered || strspn(name, "0123456789") != length) return;
  const long long meant = length < 10 ? atoll(name) : 0;
  if (meant < 1 || meant > c->columns || meant == found + 1) return;
  c->noted[0] = true;
  ls_log(LS_LOG_WARN,
         "%s: '%s' is the column that the header calls so, column %jd, and not column %s; if the "
         "first line is no header, say header: false and leave it out by data.skip",
         ls_csv_path(c), name, found + 1, name);
}

/* A range of numbers whose ends are names of other columns, as in a header of 0, 1, 2 ... */
static void note_range(ls_csv *c, const char *name, int64_t lo, int64_t hi) {
  const ls_heading heading = heading_of(c);
  const char *dash = strchr(name, '-');
  int64_t from, to;
  if (!c->by_config || c->noted[1] || !dash) return;
  if (ls_heading_name(&heading, name, (size_t)(dash - name), &from) != LS_OK ||
      ls_heading_name(&heading, dash + 1, strlen(dash + 1), &to) != LS_OK)
    return;
  if (from < 0 || to < 0 || (from == lo && to == hi)) return;
  c->noted[1] = true;
  ls_log(LS_LOG_WARN,
         "%s: '%s' counts columns, and the header calls them '%s' to '%s'; for those that it calls "
         "'%s' to '%s', list them one by one",
         ls_csv_path(c), name, c->head[lo], c->head[hi], c->head[from], c->head[to]);
}

ls_status ls_csv_find(ls_csv *c, const char *name, int64_t *lo, int64_t *hi) {
  const ls_heading heading = heading_of(c);
  bool numbered = false;
  ls_status status = ls_heading_find(&heading, name, lo, hi, &numbered);
  if (status != LS_OK) return ls_csv_remedy_column(c, status);
  note_number(c, name, *lo, numbered);
  if (numbered) note_range(c, name, *lo, *hi);
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

static bool same_list(char *const *a, char *const *b) {
  while (a && b && *a && *b && strcmp(*a, *b) == 0) a++, b++;
  return a == b || (a && b && !*a && !*b);
}

/* Columns of one role: of the first file, and of this one. */
typedef struct {
  const int64_t *there, *run, *here; /* (n), (n) or NULL, (count) */
  int64_t n, count;
} chosen;

/* The k-th one where it is called `name`, or the only one that is; -1: there is none. */
static int64_t column_called(const ls_csv *c, const chosen *p, int64_t k, const char *name) {
  const ls_heading heading = heading_of(c);
  int64_t found;
  if (k < p->count && strcmp(c->head[p->here[k]], name) == 0) return p->here[k];
  if (!*name || ls_heading_name(&heading, name, strlen(name), &found) != LS_OK) return -1;
  return found;
}

static void tell_followed(const ls_csv *c, const ls_csv *first, int64_t there, int64_t here) {
  if (!c->by_number || here == there) return;
  ls_log(LS_LOG_WARN,
         "%s: the columns are found by the names that %s has: '%s' is column %jd here, not %jd",
         ls_csv_path(c), ls_csv_path(first), c->head[here], here + 1, there + 1);
}

/* Those with the names that the first file's columns have, *n of them; NULL: they are as they
 * stand, or not all to be found. */
static ls_status follow_names(const ls_csv *c, const ls_csv *first, const chosen *p,
                              int64_t **column, int64_t *n) {
  int64_t k = 0, moved = -1, at = 0;
  bool all = true;
  LS_NEW(*column, p->n);
  for (int64_t i = 0; i < p->n && all; i = p->run ? p->run[i] : i + 1, k++) {
    (*column)[k] = column_called(c, p, k, first->head[p->there[i]]);
    all = (*column)[k] >= 0;
    if (moved < 0 && (k >= p->count || (*column)[k] != p->here[k])) moved = i, at = k;
  }
  if (all && moved >= 0) tell_followed(c, first, p->there[moved], (*column)[at]);
  if (!all || (moved < 0 && k == p->count)) LS_FREE(*column);
  *n = k;
  return LS_OK;
}

/* The same list means the same columns in every file, wherever they stand. */
static ls_status follow_file(ls_csv *c, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split], *train = what->spec->source;
  const ls_csv *first = (const ls_csv *)what->first;
  if (!first || first->base.format != c->base.format || !first->head || !c->head) return LS_OK;
  ls_shape *shape = &c->base.shape;
  const int64_t inputs = first->base.shape.features, outputs = first->base.shape.outputs;
  const chosen x = {first->x, first->run, c->x, inputs, shape->features},
               y = {first->y, NULL, c->y, outputs, shape->outputs};
  int64_t *column = NULL, n;
  if (same_list(spec->x_cols, train->x_cols)) LS_TRY(follow_names(c, first, &x, &column, &n));
  if (column) {
    LS_FREE(c->x);
    c->x = column;
    shape->features = n;
  }
  if (outputs != shape->outputs || !same_list(spec->y_cols, train->y_cols)) return LS_OK;
  LS_TRY(follow_names(c, first, &y, &column, &n));
  if (column) memcpy(c->y, column, (size_t)n * sizeof *column);
  LS_FREE(column);
  return LS_OK;
}

ls_status ls_csv_choose_columns(ls_csv *c, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  ls_status status = choose(c, spec->y_cols, &c->y, &c->base.shape.outputs);
  const bool lost = status == LS_EDATA && what->split != LS_SPLIT_TRAIN && !ls_csv_first_odd(c);
  if (lost) return ls_refuse_targetless(status);
  LS_TRY(status);
  LS_TRY(choose_weights(c, ls_opening_weights(what)));
  LS_TRY(is_rest(c, spec->x_cols) ? choose_rest(c, what->spec)
                                  : choose(c, spec->x_cols, &c->x, &c->base.shape.features));
  LS_TRY(follow_file(c, what));
  return c->base.shape.features > 0
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: no column is left for the inputs", ls_csv_path(c));
}

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
