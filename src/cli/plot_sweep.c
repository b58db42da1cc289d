/* plot_sweep.c - lockstep plot compare SWEEP: what the trials of a sweep came to against what was
 * varied, a panel a key; or, over two keys, as shades. Begin with draw. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "cli/cmd_plot.h"
#include "cli/sweep/journal.h"
#include "cli/sweep/owner.h"
#include "config/number.h"
#include "view/mean.h"

enum { SHADES = 5, CURVES = 4, KEYS_MAX = LS_PLOT_PANELS };

/* A trial, over its runs. */
typedef struct {
  int64_t number;
  ls_mean runs;
  bool whole; /* all of its runs have a value */
  bool pruned;
  double mean, deviation; /* of the runs; deviation: 0 for one */
} trial;

typedef struct {
  const char *dir;
  char *metric;
  ls_sweep_plan *plan;
  trial *of; /* (count), with a mean each */
  int64_t count, best;
  double *made; /* coordinates of all curves */
  size_t used;
} sheet;

/* How a key's values lie along an axis. */
typedef struct {
  const char *key;
  int vary;
  bool log, named; /* named: no numbers, but words */
  ls_texts names;
} scale;

/* ---- reading ---- */

static trial *trial_of(sheet *s, int64_t number) {
  for (int64_t i = 0; i < s->count; i++)
    if (s->of[i].number == number) return &s->of[i];
  s->of[s->count] = (trial){.number = number, .whole = true};
  return &s->of[s->count++];
}

static ls_status read_run(sheet *s, const char *name) {
  ls_sweep_row row = {0};
  LS_TRY(ls_sweep_row_read(s->dir, name, &row));
  const double value = ls_sweep_row_value(&row, s->metric);
  const int64_t number = ls_sweep_trial_of(name);
  if (number >= 1 && number <= s->plan->trials) {
    trial *t = trial_of(s, number);
    t->whole = t->whole && (row.good || row.paused) && isfinite(value);
    ls_mean_add(&t->runs, value);
    t->pruned = t->pruned || row.paused;
  }
  ls_sweep_row_free(&row);
  return LS_OK;
}

static void finish_trial(trial *t) {
  t->mean = ls_mean_value(&t->runs);
  t->deviation = t->runs.n > 1 ? ls_mean_deviation(&t->runs) : 0;
}

/* What counts for the best counts here: a trial whose runs all have a value. */
static void keep_whole(sheet *s) {
  int64_t n = 0;
  for (int64_t i = 0; i < s->count; i++)
    if (s->of[i].whole) s->of[n++] = s->of[i];
  s->count = n;
}

static ls_status read_trials(sheet *s) {
  ls_texts names = {0};
  ls_status status = ls_sweep_owner_trials(s->dir, &names);
  if (status == LS_OK) status = ls_mem_new((void **)&s->of, (size_t)names.count + 1, sizeof *s->of);
  for (int64_t i = 0; status == LS_OK && i < names.count; i++) status = read_run(s, names.text[i]);
  ls_texts_free(&names);
  LS_TRY(status);
  keep_whole(s);
  for (int64_t i = 0; i < s->count; i++) {
    finish_trial(&s->of[i]);
    const trial *best = &s->of[s->best], *t = &s->of[i];
    const bool further = best->pruned && !t->pruned, behind = t->pruned && !best->pruned;
    if (further || (!behind && ls_sweep_better(s->metric, t->mean, best->mean))) s->best = i;
  }
  if (s->count > 0) return LS_OK;
  return ls_fail(LS_EDATA, "%s: no run has ended with a %s", s->dir, s->metric);
}

/* ---- scales ---- */

static double value_of(const sheet *s, const scale *along, int64_t number) {
  double value = (double)NAN;
  char *text = ls_sweep_value(s->plan, along->vary, number);
  if (!along->named && ls_number_parse(text, &value)) value = (double)NAN;
  for (int64_t i = 0; along->named && i < along->names.count; i++)
    if (strcmp(along->names.text[i], text) == 0) value = (double)i;
  LS_FREE(text);
  return value;
}

static ls_status list_names(const sheet *s, scale *along) {
  const ls_vary *v = &s->plan->vary[along->vary];
  along->named = true;
  for (int64_t i = 0; i < v->list.count; i++)
    LS_TRY(ls_texts_add(&along->names, ls_mem_text(v->list.text[i])));
  return LS_OK;
}

/* Numbers lie where they are, on a logarithmic scale where they span two decades; all else side by
 * side. */
static ls_status choose_scale(const sheet *s, int vary, scale *along) {
  double lo = INFINITY, hi = -INFINITY;
  bool numbers = true;
  *along = (scale){.key = s->plan->vary[vary].key, .vary = vary};
  for (int64_t i = 0; i < s->count; i++) {
    const double value = value_of(s, along, s->of[i].number);
    numbers = numbers && isfinite(value);
    lo = fmin(lo, value);
    hi = fmax(hi, value);
  }
  along->log = numbers && lo > 0 && hi >= 100 * lo;
  return numbers ? LS_OK : list_names(s, along);
}

static ls_status find_key(const sheet *s, const char *name, int *vary) {
  const char *keys[KEYS_MAX + 1] = {NULL};
  for (*vary = 0; *vary < s->plan->varies; ++*vary) {
    if (strcmp(s->plan->vary[*vary].key, name) == 0) return LS_OK;
    if (*vary < KEYS_MAX) keys[*vary] = s->plan->vary[*vary].key;
  }
  return ls_fail_near(LS_EUSAGE, ls_nearest(name, keys), "", "--by %s: the sweep has not varied it",
                      name);
}

/* ---- curves ---- */

static ls_curve empty_curve(sheet *s, const char *name, int style, bool spread) {
  double *at = s->made + s->used;
  const size_t n = (size_t)s->count;
  s->used += 4 * n;
  return (ls_curve){.name = name,
                    .x = at,
                    .y = at + n,
                    .low = spread ? at + 2 * n : NULL,
                    .high = spread ? at + 3 * n : NULL,
                    .style = style,
                    .kind = LS_CURVE_DOTS};
}

static void add_dot(ls_curve *c, double x, double y, double deviation) {
  double *at = (double *)c->x, *height = (double *)c->y, *low = (double *)c->low,
         *high = (double *)c->high;
  at[c->n] = x;
  height[c->n] = y;
  if (low) low[c->n] = y - deviation;
  if (high) high[c->n] = y + deviation;
  c->n++;
}

/* The metric against one key: those that went to their end, those that were pruned, the best. */
static void fill_slice(sheet *s, const scale *along, const char *best, ls_panel *panel) {
  ls_curve all = empty_curve(s, "trials", 0, true), pruned = empty_curve(s, "pruned", 5, true),
           first = empty_curve(s, best, 1, true);
  for (int64_t i = 0; i < s->count; i++) {
    const trial *t = &s->of[i];
    ls_curve *c = t->pruned ? &pruned : &all;
    if (i == s->best) c = &first;
    add_dot(c, value_of(s, along, t->number), t->mean, t->deviation);
  }
  const ls_curve *const in_order[] = {&pruned, &all, &first};
  for (int k = 0; k < 3; k++)
    if (in_order[k]->n > 0) panel->curve[panel->curves++] = *in_order[k];
  panel->x_label = along->key;
  panel->log_x = along->log;
  panel->x_names = along->named ? &along->names : NULL;
}

/* Ends of five classes with as many trials each, from the best on. */
static ls_status class_ends(const sheet *s, double end[SHADES]) {
  double *sorted;
  LS_NEW(sorted, s->count);
  for (int64_t i = 0; i < s->count; i++) sorted[i] = s->of[i].mean;
  ls_numbers_sort(sorted, s->count);
  const bool higher = ls_sweep_better(s->metric, 1, 0);
  for (int k = 0; k < SHADES; k++) {
    const int64_t last = (k + 1) * s->count / SHADES - 1, at = last < 0 ? 0 : last;
    end[k] = sorted[higher ? s->count - 1 - at : at];
  }
  LS_FREE(sorted);
  return LS_OK;
}

/* Two keys: where a trial is, and how good, as a shade; the better ones lie above the others. */
static ls_status fill_shades(sheet *s, const scale *along, const scale *up, char names[SHADES][64],
                             ls_panel *panel) {
  double end[SHADES];
  ls_curve shade[SHADES];
  LS_TRY(class_ends(s, end));
  const bool higher = ls_sweep_better(s->metric, 1, 0);
  for (int k = 0; k < SHADES; k++) {
    snprintf(names[k], 64, "%s %s %.4g", s->metric, higher ? ">=" : "<=", end[k]);
    shade[k] = empty_curve(s, names[k], k, false);
    shade[k].kind = LS_CURVE_SHADES;
  }
  for (int64_t i = 0; i < s->count; i++) {
    int k = 0;
    while (k < SHADES - 1 && ls_sweep_better(s->metric, end[k], s->of[i].mean)) k++;
    add_dot(&shade[k], value_of(s, along, s->of[i].number), value_of(s, up, s->of[i].number), 0);
  }
  for (int k = SHADES - 1; k >= 0; k--)
    if (shade[k].n > 0) panel->curve[panel->curves++] = shade[k];
  panel->x_label = along->key;
  panel->y_label = up->key;
  panel->log_x = along->log;
  panel->log_y = up->log;
  panel->x_names = along->named ? &along->names : NULL;
  panel->y_names = up->named ? &up->names : NULL;
  return LS_OK;
}

/* ---- the picture ---- */

static ls_status draw_slices(sheet *s, const ls_plot_options *o, const scale *key, int keys) {
  ls_panel panel[KEYS_MAX];
  ls_curve curve[KEYS_MAX][CURVES];
  char best[96];
  LS_NEW(s->made, (size_t)keys * 3 * 4 * (size_t)s->count);
  snprintf(best, sizeof best, "best: trial %jd, %.6g", s->of[s->best].number, s->of[s->best].mean);
  for (int k = 0; k < keys; k++) {
    panel[k] = (ls_panel){.y_label = s->metric, .curve = curve[k]};
    fill_slice(s, &key[k], best, &panel[k]);
    if (s->count == 1) panel[k].title = best; /* a lone curve has no legend */
  }
  ls_plot_same_y(panel, keys);
  return ls_plot(panel, keys, o->out, o->keep_script);
}

static ls_status draw_shades(sheet *s, const ls_plot_options *o, const scale key[2]) {
  ls_curve curve[SHADES];
  char names[SHADES][64];
  ls_panel panel = {.curve = curve};
  LS_NEW(s->made, SHADES * 4 * (size_t)s->count);
  LS_TRY(fill_shades(s, &key[0], &key[1], names, &panel));
  return ls_plot(&panel, 1, o->out, o->keep_script);
}

/* --by KEY or KEY,KEY; without it all keys. */
static ls_status choose_keys(const sheet *s, const char *by, scale key[KEYS_MAX], int *keys) {
  const char *comma = by ? strchr(by, ',') : NULL;
  const size_t length = by ? strcspn(by, ",") : 0;
  char *first = by ? ls_mem_format("%.*s", (int)length, by) : NULL;
  int vary[KEYS_MAX];
  ls_status status = LS_OK;
  *keys = s->plan->varies;
  if (by) *keys = comma ? 2 : 1;
  if (*keys > KEYS_MAX || *keys == 0)
    status = ls_fail(LS_EUSAGE, "%s has varied %d keys: --by KEY or KEY,KEY, of 1 to %d of them",
                     s->dir, *keys, KEYS_MAX);
  for (int k = 0; status == LS_OK && k < *keys; k++) vary[k] = k;
  if (status == LS_OK && by) status = find_key(s, first, &vary[0]);
  if (status == LS_OK && comma) status = find_key(s, comma + 1, &vary[1]);
  if (status == LS_OK && comma && vary[0] == vary[1])
    status = ls_fail(LS_EUSAGE, "--by %s: two keys, not one twice", by);
  for (int k = 0; status == LS_OK && k < *keys; k++) status = choose_scale(s, vary[k], &key[k]);
  LS_FREE(first);
  return status;
}

static ls_status draw(sheet *s, const ls_plot_options *o) {
  scale key[KEYS_MAX] = {{0}};
  int keys = 0;
  LS_TRY(ls_sweep_owner_plan(s->dir, &s->plan));
  LS_TRY(read_trials(s));
  ls_status status = choose_keys(s, o->by, key, &keys);
  const bool two = o->by && strchr(o->by, ',');
  if (status == LS_OK) status = two ? draw_shades(s, o, key) : draw_slices(s, o, key, keys);
  for (int k = 0; k < KEYS_MAX; k++) ls_texts_free(&key[k].names);
  return status;
}

ls_status ls_plot_sweep(const char *dir, const ls_plot_options *o) {
  sheet s = {.dir = dir};
  if (o->zoom) return ls_fail(LS_EUSAGE, "--zoom goes with runs, and '%s' is a sweep", dir);
  if (o->metric && !ls_sweep_metric_known(o->metric))
    return ls_fail(LS_EUSAGE, "--metric %s: a number of the end event, as val_loss or test_f1",
                   o->metric);
  s.metric = o->metric ? ls_mem_text(o->metric) : ls_sweep_owner_metric(dir);
  const ls_status status = draw(&s, o);
  ls_sweep_plan_free(&s.plan);
  LS_FREE(s.of);
  LS_FREE(s.made);
  LS_FREE(s.metric);
  return status;
}
