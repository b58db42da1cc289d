/* csv_text_inputs.c - inputs that are texts (data.text_inputs: one_hot): each text becomes an
 * input, 1 where it stands. Of train they take two passes over all its files (find_texts): which
 * inputs are texts, then which texts. Others follow it, or a checkpoint. */
#include <string.h>

#include "base/decimal.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/columns.h"
#include "data/formats/csv.h"

enum { TEXTS_MAX = 1024, BY_CHANCE = 8 };

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
  if (status == LS_OK) status = ls_csv_choose_columns(c, &other);
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

ls_status ls_csv_find_runs(ls_csv *c) {
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
  return status == LS_OK ? ls_csv_find_runs(c) : status;
}

/* The only text beside numbers, which may be a word for what is missing; NULL: there is no such. */
static const char *lone_text(const ls_names *texts) {
  double value;
  if (texts->digits < 2) return NULL;
  const char *lone = NULL;
  for (int64_t k = 0; k < texts->count; k++) {
    const char *text = texts->text[k];
    if (ls_decimal(text, strlen(text), &value)) continue;
    if (lone) return NULL;
    lone = text;
  }
  return lone;
}

/* Texts most of which come but once are what the samples are called, and other data have others. */
static bool are_own(const inputs *in, const ls_names *texts) {
  return in->rows > BY_CHANCE && 2 * texts->count > in->rows;
}

static void warn_of_texts(const ls_csv *c, const inputs *in) {
  for (int64_t i = 0; i < in->n; i++) {
    const ls_names *texts = in->texts[i];
    const char *lone = texts ? lone_text(texts) : NULL;
    char called[400];
    ls_csv_call(c, c->x[i], called, sizeof called);
    if (lone)
      ls_log(LS_LOG_WARN,
             "%s: %s has numbers and the text '%s', and each of them becomes an input; if it means "
             "that the value is missing, data.missing: {text: ['%s'], x: mean}",
             ls_csv_path(c), called, lone, lone);
    else if (texts && are_own(in, texts))
      ls_log(LS_LOG_WARN,
             "%s: %s has %jd different texts in %jd samples, and each becomes an input; is it what "
             "a sample is called? leave it out of x",
             ls_csv_path(c), called, texts->count, in->rows);
  }
}

ls_status ls_csv_collect_texts(ls_csv *c, const ls_opening *what) {
  inputs in = {.n = c->base.shape.features};
  LS_TRY(ls_mem_new((void **)&in.texts, (size_t)in.n, sizeof *in.texts));
  ls_status status = find_texts(c, what, &in);
  for (int64_t i = 0; i < in.n && status == LS_OK; i++)
    status = ls_csv_check_names(c, "a text", c->x[i], in.texts[i]);
  if (status == LS_OK) warn_of_texts(c, &in);
  if (status == LS_OK) status = take_texts(c, &in);
  for (int64_t i = 0; i < in.n; i++) ls_names_free(&in.texts[i]);
  LS_FREE(in.texts);
  return status;
}

/* The inputs that the config names are, one after the other, those of t. */
ls_status ls_csv_follow_texts(ls_csv *c, const ls_trained *t) {
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
  return status == LS_OK ? ls_csv_find_runs(c) : status;
}

ls_status ls_csv_follow_first(ls_csv *c, const ls_source *first) {
  ls_columns there;
  LS_TRY(ls_columns_of(first, &there));
  ls_status status = ls_csv_follow_texts(c, &there.trained);
  ls_columns_free(&there);
  return status;
}
