/* csv_choose.c - who says which columns they are: a config, a checkpoint by its names, or both.
 * Begin at the bottom: ls_csv_choose. */
#include <stdio.h>
#include <string.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/typed.h"
#include "data/columns.h"
#include "data/formats/csv.h"
#include "data/refuse.h"

enum { TOLD = 160 };

/* ---- the columns that a checkpoint knows ---- */

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
  return ls_csv_find_runs(c);
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
  const char *known = "leave out --no-header, and the columns are found by their names",
             *unknown =
                 "the checkpoint's training data had none: take this line out (sed -i 1d "
                 "FILE), and make sure that the columns are in the same order";
  ls_fail(LS_EDATA, "%s:1: the first row has texts ('%.*s') where numbers should be: a header?",
          ls_csv_path(c), (int)c->field[c->x[0]].length, c->field[c->x[0]].text);
  return ls_fail_remedy(LS_EDATA, t && ls_trained_named(t, LS_ROLE_X) ? known : unknown,
                        ls_csv_path(c));
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
  ls_status status = spec->trained ? find_foreign(c, spec, &found) : ls_csv_choose_columns(c, what);
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
  LS_TRY(ls_csv_choose_columns(c, what));
  LS_TRY(ls_csv_follow_texts(c, spec->trained));
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
  if (c->head && !c->by_name && !ls_csv_counting(c->head, c->columns) &&
      ls_csv_count_numbers(c, c->x, n) == n)
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
  char *typed =
      ls_typed_remedy("or take the separators out (sed -i 's/[,;]\\r*$//' FILE)", ls_csv_path(c));
  ls_log(LS_LOG_WARN,
         "%s: lines end with a separator, which makes an empty column %jd of the inputs; leave it "
         "out of x, %s",
         ls_csv_path(c), c->columns, typed);
  LS_FREE(typed);
}

static void warn_of_no_name(const ls_csv *c, int64_t column) {
  char *typed = ls_typed_remedy(
      "does it count the rows? leave it out of x (pandas: df.to_csv(FILE, index=False))",
      ls_csv_path(c));
  ls_log(LS_LOG_WARN, "%s: column %jd is an input and has no name%s%s", ls_csv_path(c), column + 1,
         is_empty(c, column) ? ", and nothing stands in it; leave it out of x" : "; ",
         is_empty(c, column) ? "" : typed);
  LS_FREE(typed);
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
  LS_TRY(ls_csv_choose_columns(c, what));
  warn_of_numbers(c);
  if (!what->quick) warn_of_counts(c);
  if (!what->first) warn_of_nameless(c);
  if (what->spec->csv.one_hot)
    LS_TRY(what->first ? ls_csv_follow_first(c, what->first) : ls_csv_collect_texts(c, what));
  return c->head && what->first && !what->quick ? compare_inputs(c, what->first) : LS_OK;
}

ls_status ls_csv_choose(ls_csv *c, const ls_opening *what) {
  if (what->spec->foreign) return choose_foreign(c, what);
  return what->spec->trained ? choose_known(c, what) : choose_by_config(c, what);
}
