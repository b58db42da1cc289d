/* understood.c - a page of lines that are cut at 80 columns; lists say as many names as fit and
 * how many more there are (add_list). Begin with ls_understood_text: a say_ function for each
 * thing, which is silent where there is nothing to say. */
#include "view/understood.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "config/config.h"
#include "data/account.h"
#include "io/json.h"

enum { COUNTED_BY_CHANCE = 8 };
enum { NAME_SHOWN = 40 }; /* of a column, in a list of what is done with each */

/* ---- lines ---- */

typedef struct {
  ls_buffer text; /* all lines so far */
  char line[512];
  size_t used;
} page;

/* Cut to what a terminal shows in one line; no control characters, which names may hold. */
static void add(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(page *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(p->line + p->used, sizeof p->line - p->used, format, args);
  va_end(args);
  for (char *c = p->line + p->used; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
  p->used += (size_t)length;
  if (p->used <= LS_SCREEN_COLUMNS) return;
  char *cut = p->line + LS_SCREEN_COLUMNS - 3;
  while (!ls_utf8_begins(*cut)) cut--;
  strcpy(cut, "...");
  p->used = LS_SCREEN_COLUMNS;
}

static void end_line(page *p) {
  ls_buffer_add(&p->text, "%s\n", p->line);
  p->used = 0;
}

/* Number k of a list, as text. */
typedef void item(const void *arg, int64_t k, char *out, size_t size);

/* As many as the line has room for, then how many more there are. */
static void add_list(page *p, int64_t n, item *name, const void *arg) {
  char text[64], more[40];
  for (int64_t k = 0; k < n; k++) {
    name(arg, k, text, sizeof text);
    const int64_t left = n - k - 1;
    snprintf(more, sizeof more, ", and %jd more", left);
    const size_t room = p->used + strlen(text) + 2 + (left > 0 ? strlen(more) : 0);
    if (room > LS_SCREEN_COLUMNS && k > 0) {
      add(p, ", and %jd more", n - k);
      return;
    }
    add(p, k > 0 ? ", %s" : " %s", text);
  }
}

/* ---- columns and classes by name ---- */

static void column_name(const ls_account_side *side, int64_t c, char *out, size_t size) {
  if (side->name.count > 0)
    snprintf(out, size, "%s", side->name.text[c]);
  else
    snprintf(out, size, "%jd", c + 1);
}

static void any_column(const void *arg, int64_t k, char *out, size_t size) {
  column_name(arg, k, out, size);
}

static void same_column(const void *arg, int64_t k, char *out, size_t size) {
  const ls_account_side *side = arg;
  column_name(side, side->constant.at[k], out, size);
}

static void class_name(const ls_data *data, int64_t c, char *out, size_t size) {
  const ls_texts *names = ls_data_names(data);
  const ls_texts *known = ls_data_account(data)->spec->classes_named;
  if (names->count == 0 && known) names = known;
  if (c < names->count)
    snprintf(out, size, "%s", names->text[c]);
  else
    snprintf(out, size, "%jd", c);
}

static void counted_class(const void *arg, int64_t k, char *out, size_t size) {
  char name[40];
  class_name(arg, k, name, sizeof name);
  snprintf(out, size, "%s (%jd)", name, ls_data_class_counts(arg, LS_SPLIT_TRAIN)[k]);
}

/* ---- what is said ---- */

static void say_samples(page *p, const ls_data *data, const ls_data_spec *spec) {
  const char *path = spec->source[LS_SPLIT_TRAIN].file, *slash;
  if (!path) path = spec->dir;
  slash = strrchr(path, '/');
  add(p, "data      %.30s:", slash && slash[1] ? slash + 1 : path);
  for (ls_split s = LS_SPLIT_TRAIN; s <= LS_SPLIT_TEST; s++)
    if (ls_data_rows(data, s) > 0)
      add(p, "%s %jd %s", s > LS_SPLIT_TRAIN ? "," : "", ls_data_rows(data, s), ls_split_names[s]);
  end_line(p);
}

static void say_columns(page *p, const char *what, const ls_account_side *side) {
  add(p, "%-10s%jd", what, side->constant.columns);
  if (side->name.count > 0) {
    add(p, ":");
    add_list(p, side->constant.columns, any_column, side);
  }
  end_line(p);
}

/* Classes are counted; where their column has no name there is nothing to say of it. */
static void say_targets(page *p, const ls_data *data, const ls_account_side *side) {
  const bool classes = ls_data_class_counts(data, LS_SPLIT_TRAIN) != NULL;
  if (!classes || side->name.count > 0) say_columns(p, "targets", side);
  if (!classes) return;
  add(p, ls_data_soft(data) ? "classes   %jd, by their largest share:" : "classes   %jd:",
      ls_data_outputs(data));
  add_list(p, ls_data_outputs(data), counted_class, data);
  end_line(p);
}

static void filled_column(const void *arg, int64_t k, char *out, size_t size) {
  const ls_account *a = arg;
  char name[40];
  int64_t c = 0;
  for (int64_t before = k;; c++) {
    if (a->filled[c] == 0) continue;
    if (before == 0) break;
    before--;
  }
  column_name(&a->side[LS_ROLE_X], c, name, sizeof name);
  snprintf(out, size, "%s (%jd)", name, a->filled[c]);
}

/* Missing inputs of how many columns have got a value; *values: how many. */
static int64_t count_filled(const ls_account *a, int64_t *values) {
  int64_t columns = 0;
  *values = 0;
  for (int64_t c = 0; a->filled && c < a->side[LS_ROLE_X].constant.columns; c++) {
    *values += a->filled[c];
    columns += a->filled[c] > 0;
  }
  return columns;
}

static void say_filled(page *p, const ls_account *a) {
  const ls_missing_spec *missing = &a->spec->missing;
  int64_t values, columns = count_filled(a, &values);
  char to[32] = "train's mean";
  if (missing->x_how == LS_MISSING_FILL) snprintf(to, sizeof to, "%g", missing->x);
  if (!a->filled)
    add(p, "missing   inputs become %s (not counted in a stream)", to);
  else if (values == 0)
    add(p, "missing   no input; one would become %s", to);
  else
    add(p, "missing   %jd inputs become %s:", values, to);
  if (columns > 0) add_list(p, columns, filled_column, a);
  end_line(p);
}

static void say_missing(page *p, const ls_data *data, const ls_account *a) {
  const ls_missing_spec *missing = &a->spec->missing;
  if (missing->x_how == LS_MISSING_DROP || missing->y == LS_MISSING_Y_DROP) {
    add(p, "missing   %jd samples have missing values and are dropped", a->dropped);
    end_line(p);
  }
  if (missing->x_how == LS_MISSING_MEAN || missing->x_how == LS_MISSING_FILL) say_filled(p, a);
  if (ls_data_masked(data)) {
    add(p, "missing   %jd of %jd training targets, which count nothing", a->target.not_finite,
        a->target.not_finite + a->target.count);
    if (a->masked > 0) add(p, "; %jd of other splits", a->masked);
    end_line(p);
  }
}

static void say_same(page *p, const char *what, const ls_account_side *side) {
  if (!side->constant.looked || side->constant.same == 0) return;
  add(p, "constant  %jd of the %s in all of train:", side->constant.same, what);
  add_list(p, side->constant.same, same_column, side);
  end_line(p);
}

static void counting_column(const void *arg, int64_t k, char *out, size_t size) {
  const ls_account_side *side = arg;
  column_name(side, side->counting.at[k], out, size);
}

/* Few samples may be so by chance. */
static int64_t counting(const ls_data *data, const ls_account_side *side) {
  const bool many = ls_data_rows(data, LS_SPLIT_TRAIN) > COUNTED_BY_CHANCE;
  return side->counting.looked && many ? side->counting.same : 0;
}

static void say_counting(page *p, const ls_data *data, const ls_account_side *side) {
  const int64_t n = counting(data, side);
  if (n == 0) return;
  add(p, "counting  inputs that number the samples; leave them out of x?");
  add_list(p, n, counting_column, side);
  end_line(p);
}

static void scaling_text(const ls_scaling *s, char *out, size_t size) {
  if (s->kind == LS_SCALE_DIVIDE)
    snprintf(out, size, "divided by %g", s->by);
  else if (s->kind == LS_SCALE_LOG && s->of_log != LS_SCALE_NONE)
    snprintf(out, size, "log, then %s", ls_scale_names[s->of_log]);
  else
    snprintf(out, size, "%s", ls_scale_names[s->kind]);
}

static void named_scaling(const void *arg, int64_t k, char *out, size_t size) {
  const ls_named_scaling *named = (const ls_named_scaling *)arg + k;
  const size_t used = (size_t)snprintf(out, size, "%.*s%s ", NAME_SHOWN, named->name,
                                       strlen(named->name) > NAME_SHOWN ? "..." : "");
  scaling_text(&named->scaling, out + used, size - used);
}

/* Something of it is measured in train. */
static bool by_train(const ls_scaling *s) {
  const ls_scale_kind kind = s->kind == LS_SCALE_LOG ? s->of_log : s->kind;
  return kind == LS_SCALE_STANDARD || kind == LS_SCALE_MINMAX;
}

static void say_scaling(page *p, const ls_account *a) {
  const ls_scale_spec *spec = &a->spec->scale;
  const ls_named_scalings *named = &spec->columns;
  char text[64];
  if (spec->all.kind == LS_SCALE_NONE && named->count == 0) return;
  scaling_text(&spec->all, text, sizeof text);
  if (spec->all.kind == LS_SCALE_DIVIDE)
    add(p, "scaling   inputs %s", text);
  else
    add(p, "scaling   inputs%s: %s%s", a->scales_targets ? " and targets" : "", text,
        by_train(&spec->all) ? ", by train" : "");
  end_line(p);
  if (named->count == 0) return;
  add(p, "scaling   but");
  add_list(p, named->count, named_scaling, named->item);
  end_line(p);
}

char *ls_understood_text(const ls_data *data) {
  const ls_account *a = ls_data_account(data);
  page p = {0};
  say_samples(&p, data, a->spec);
  say_columns(&p, "inputs", &a->side[LS_ROLE_X]);
  say_targets(&p, data, &a->side[LS_ROLE_Y]);
  say_missing(&p, data, a);
  say_same(&p, "inputs", &a->side[LS_ROLE_X]);
  if (!ls_data_class_counts(data, LS_SPLIT_TRAIN)) say_same(&p, "targets", &a->side[LS_ROLE_Y]);
  say_counting(&p, data, &a->side[LS_ROLE_X]);
  say_scaling(&p, a);
  return p.text.text;
}

/* ---- JSON ---- */

static json_t *names_json(int64_t n, item *name, const void *arg) {
  char text[256];
  json_t *list = json_array();
  for (int64_t k = 0; k < n; k++) {
    name(arg, k, text, sizeof text);
    json_array_append_new(list, json_string_nocheck(text));
  }
  return list;
}

static json_t *side_json(const ls_account_side *side) {
  const int64_t columns = side->constant.columns;
  const bool named = side->name.count > 0, looked = side->constant.looked;
  json_t *o = json_object();
  ls_put(o, "columns", columns);
  ls_put(o, "names", named ? names_json(columns, any_column, side) : json_null());
  ls_put(o, "constant", looked ? names_json(side->constant.same, same_column, side) : json_null());
  return o;
}

static json_t *classes_json(const ls_data *data) {
  json_t *list = json_array();
  char name[256];
  for (int64_t c = 0; c < ls_data_outputs(data); c++) {
    json_t *class = ls_put_item(list);
    class_name(data, c, name, sizeof name);
    ls_put(class, "name", (const char *)name);
    for (ls_split s = LS_SPLIT_TRAIN; s <= LS_SPLIT_VALIDATION; s++)
      ls_put(class, ls_split_names[s], ls_data_class_counts(data, s)[c]);
  }
  return list;
}

static json_t *missing_json(const ls_data *data, const ls_account *a) {
  static const char *const how[] = {"refuse", "drop", "mean", "fill"};
  const ls_missing_spec *missing = &a->spec->missing;
  int64_t values, columns = count_filled(a, &values);
  json_t *o = json_object();
  ls_put(o, "x", how[missing->x_how]);
  ls_put(o, "y", ls_missing_y_names[missing->y]);
  ls_put(o, "dropped", a->dropped);
  ls_put(o, "filled", a->filled ? json_integer(values) : json_null());
  ls_put(o, "filled_columns", a->filled ? json_integer(columns) : json_null());
  ls_put(o, "masked", ls_data_masked(data) ? json_integer(a->target.not_finite) : json_null());
  if (a->masked > 0) ls_put(o, "masked_elsewhere", a->masked);
  return o;
}

static json_t *scaling_json(const ls_named_scalings *columns) {
  json_t *o = json_object();
  char text[64];
  for (int i = 0; i < columns->count; i++) {
    scaling_text(&columns->item[i].scaling, text, sizeof text);
    ls_put(o, columns->item[i].name, (const char *)text);
  }
  return o;
}

json_t *ls_understood_json(const ls_data *data) {
  const ls_account *a = ls_data_account(data);
  const ls_account_side *inputs = &a->side[LS_ROLE_X];
  const bool classes = ls_data_class_counts(data, LS_SPLIT_TRAIN) != NULL;
  json_t *o = json_object(), *samples = json_object();
  for (ls_split s = LS_SPLIT_TRAIN; s <= LS_SPLIT_TEST; s++)
    ls_put(samples, ls_split_names[s], ls_data_rows(data, s));
  ls_put(o, "samples", samples);
  ls_put(o, "inputs", side_json(inputs));
  if (counting(data, inputs) > 0)
    ls_put(json_object_get(o, "inputs"), "counting",
           names_json(counting(data, inputs), counting_column, inputs));
  ls_put(o, "targets", side_json(&a->side[LS_ROLE_Y]));
  ls_put(o, "classes", classes ? classes_json(data) : json_null());
  ls_put(o, "missing", missing_json(data, a));
  ls_put(o, "scaling", ls_scale_names[a->spec->scale.all.kind]);
  if (a->spec->scale.columns.count > 0)
    ls_put(o, "scaling_columns", scaling_json(&a->spec->scale.columns));
  return o;
}
