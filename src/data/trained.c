/* trained.c - both tables of names are sorted (catalogue), so that many columns take no time. A
 * name that comes several times is taken in the order of its columns, if there are as many as
 * before. Begin at the bottom: find -> find_by_name -> find_one, or find_by_position. */
#include "data/trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"

enum { LISTED = 400 };

static const char *const called[2] = {"an input", "a target"};

void ls_trained_free(ls_trained *t) {
  ls_texts_free(&t->name);
  ls_texts_free(&t->value);
  for (int i = 0; i < 2; i++) LS_FREE(t->at[i]);
  *t = (ls_trained){0};
}

bool ls_trained_named(const ls_trained *t, int role) {
  for (int64_t i = 0; i < t->n[role]; i++)
    if (*t->name.text[t->at[role][i]]) return true;
  return false;
}

static bool is_text(const ls_trained *t, int64_t k) {
  return t->value.count == t->n[LS_ROLE_X] && *t->value.text[k];
}

/* A column's texts are in order, so that one that is an input twice is two runs. */
int64_t ls_trained_run(const ls_trained *t, int64_t k) {
  const int64_t *at = t->at[LS_ROLE_X];
  int64_t end = k + 1;
  while (is_text(t, k) && end < t->n[LS_ROLE_X] && at[end] == at[k] &&
         strcmp(t->value.text[end], t->value.text[end - 1]) > 0)
    end++;
  return end;
}

ls_status ls_trained_names(const ls_trained *t, int role, ls_texts *out) {
  LS_NEW(out->text, t->n[role]);
  for (int64_t k = 0; k < t->n[role]; k++) {
    const char *name = t->name.text[t->at[role][k]];
    const bool text = role == LS_ROLE_X && is_text(t, k);
    out->text[out->count++] =
        text ? ls_mem_format("%s=%s", name, t->value.text[k]) : ls_mem_text(name);
  }
  return LS_OK;
}

/* ---- names in order, so that a table of many columns takes no time ---- */

typedef struct {
  const char *name;
  int64_t at;
} entry;

typedef struct {
  entry *entry; /* (count) by name, then by column */
  int64_t count;
} catalogue;

static int by_name(const void *a, const void *b) {
  const entry *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Of all texts, or of those whose numbers are in at (count). */
static ls_status catalogue_new(const ls_texts *texts, const int64_t *at, int64_t count,
                               catalogue *out) {
  LS_NEW(out->entry, count);
  out->count = count;
  for (int64_t i = 0; i < count; i++) {
    int64_t k = at ? at[i] : i;
    out->entry[i] = (entry){texts->text[k], k};
  }
  qsort(out->entry, (size_t)count, sizeof *out->entry, by_name);
  return LS_OK;
}

/* The first entry of a name, *same of them. */
static const entry *look_up(const catalogue *c, const char *name, int64_t *same) {
  int64_t lo = 0, hi = c->count;
  while (lo < hi) {
    int64_t middle = lo + (hi - lo) / 2;
    if (strcmp(c->entry[middle].name, name) < 0)
      lo = middle + 1;
    else
      hi = middle;
  }
  for (*same = 0; lo + *same < c->count && strcmp(c->entry[lo + *same].name, name) == 0;) ++*same;
  return c->entry + lo;
}

typedef struct {
  const ls_trained *trained;
  const ls_newcomer *data;
  catalogue there, here; /* the training data's names; the new ones */
  int64_t twice;         /* a column whose name alone does not tell; -1: there is none */
} search;

/* ---- messages ---- */

/* "'a', 'b', 'c' ..." */
static void list(const ls_texts *names, char text[LISTED + 8]) {
  size_t length = 0;
  *text = 0;
  for (int64_t k = 0; k < names->count && length < LISTED; k++)
    length +=
        (size_t)snprintf(text + length, LISTED - length, "%s'%s'", k ? ", " : "", names->text[k]);
  if (length >= LISTED) strcpy(text + LISTED - 1, " ...");
}

/* A column that the checkpoint knows by another name cannot be meant. */
static ls_status missing(const search *s, const char *name, int role) {
  const ls_newcomer *data = s->data;
  const char **words, *near;
  char text[LISTED + 8];
  int64_t known, n = 0;
  LS_NEW(words, data->name.count + 1);
  for (int64_t k = 0; k < data->name.count; k++) {
    look_up(&s->there, data->name.text[k], &known);
    if (known == 0) words[n++] = data->name.text[k];
  }
  near = ls_nearest(name, words);
  LS_FREE(words);
  list(&data->name, text);
  if (near)
    return ls_fail(LS_EDATA,
                   "%s: no column '%s', which is %s of the checkpoint; did you mean '%s'?",
                   data->path, name, called[role], near);
  return ls_fail(LS_EDATA, "%s: no column '%s', which is %s of the checkpoint; there are %jd: %s",
                 data->path, name, called[role], data->columns, text);
}

static ls_status ambiguous(const ls_newcomer *data, const char *name, int64_t here, int64_t there) {
  return ls_fail(LS_EDATA,
                 "%s: %jd columns are named '%s', and the training data had %jd: which is which? "
                 "Give each a name of its own",
                 data->path, here, name, there);
}

/* ---- by name ---- */

/* Columns of one name: in their order where there are as many as there were, else the one that
 * stands where it stood. */
static ls_status find_one(search *s, int role, int64_t k, int64_t *column) {
  const char *name = s->trained->name.text[k];
  int64_t before, now;
  const entry *old = look_up(&s->there, name, &before), *new = look_up(&s->here, name, &now);
  if (now == 0 && *name) return missing(s, name, role);
  if (now > 1 || before > 1) s->twice = k;
  if (now == before) {
    while (old->at != k) old++, new ++;
    *column = new->at;
    return LS_OK;
  }
  *column = k;
  bool same = s->data->whole && s->trained->places && k < s->data->columns &&
              strcmp(s->data->name.text[k], name) == 0;
  return same ? LS_OK : ambiguous(s->data, name, now, before);
}

static ls_status find_by_name(search *s, int role, int64_t *column, int64_t *found) {
  const ls_trained *t = s->trained;
  bool whole = s->data->whole && t->places;
  LS_TRY(catalogue_new(&s->data->name, NULL, s->data->name.count, &s->here));
  LS_TRY(whole ? catalogue_new(&t->name, NULL, t->name.count, &s->there)
               : catalogue_new(&t->name, t->at[role], t->n[role], &s->there));
  for (int64_t i = 0; i < t->n[role]; i++) {
    int64_t same;
    look_up(&s->here, t->name.text[t->at[role][i]], &same);
    *found += same > 0;
  }
  for (int64_t i = 0; i < t->n[role]; i++) LS_TRY(find_one(s, role, t->at[role][i], &column[i]));
  return LS_OK;
}

/* ---- by position ---- */

int64_t ls_trained_runs(const ls_trained *t) {
  int64_t runs = 0;
  for (int64_t k = 0; k < t->n[LS_ROLE_X]; k = ls_trained_run(t, k)) runs++;
  return runs;
}

static ls_status find_by_position(const ls_trained *t, int role, const ls_newcomer *data,
                                  int64_t *column) {
  bool same = t->places && data->columns == t->name.count;
  if (!same && (role != LS_ROLE_X || data->columns != ls_trained_runs(t)))
    return ls_fail(LS_EDATA,
                   "%s: %jd columns without names: which are the %s? In the training data they "
                   "were %jd of %jd; without names the columns must be the same ones%s",
                   data->path, data->columns,
                   role == LS_ROLE_X ? "checkpoint's inputs" : "checkpoint's targets",
                   role == LS_ROLE_X ? ls_trained_runs(t) : t->n[role], t->name.count,
                   role == LS_ROLE_X ? ", or the inputs alone" : "");
  for (int64_t i = 0; i < t->n[role] && same; i++) column[i] = t->at[role][i];
  for (int64_t i = 0, run = 0; i < t->n[role] && !same; run++)
    for (int64_t end = ls_trained_run(t, i); i < end; i++) column[i] = run;
  return LS_OK;
}

/* Inputs as data have them that are no table of texts: each one a column of numbers. */
static ls_status flatten(const ls_trained *t, ls_trained *out) {
  *out = (ls_trained){.n = {t->n[LS_ROLE_X], 0}};
  LS_TRY(ls_trained_names(t, LS_ROLE_X, &out->name));
  LS_NEW(out->at[LS_ROLE_X], t->n[LS_ROLE_X]);
  for (int64_t k = 0; k < t->n[LS_ROLE_X]; k++) out->at[LS_ROLE_X][k] = k;
  return LS_OK;
}

static ls_status find(const ls_trained *t, int role, const ls_newcomer *data, int64_t **column,
                      int64_t *found) {
  search s = {.trained = t, .data = data, .twice = -1};
  *found = 0;
  LS_NEW(*column, t->n[role] + 1);
  ls_status status = data->name.count > 0 && ls_trained_named(t, role)
                         ? find_by_name(&s, role, *column, found)
                         : find_by_position(t, role, data, *column);
  LS_FREE(s.here.entry);
  LS_FREE(s.there.entry);
  if (status != LS_OK) LS_FREE(*column);
  if (status == LS_OK && s.twice >= 0)
    ls_log(LS_LOG_WARN, "%s: several columns are named '%s'; they are taken by their position",
           data->path, t->name.text[s.twice]);
  return status;
}

ls_status ls_trained_find(const ls_trained *t, int role, const ls_newcomer *data, int64_t **column,
                          int64_t *found) {
  ls_trained flat;
  if (data->whole || role != LS_ROLE_X || t->value.count == 0)
    return find(t, role, data, column, found);
  ls_status status = flatten(t, &flat);
  if (status == LS_OK) status = find(&flat, role, data, column, found);
  ls_trained_free(&flat);
  return status;
}
