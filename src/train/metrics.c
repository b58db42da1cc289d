/* metrics.c - what a metric is called in events: prefix and name, and the lists' own names
 * (precision, recall, f1_by_class, reliability, targets). Running means leave figures out. */
#include "train/metrics.h"

#include <math.h>
#include <stdio.h>

#include "io/json.h"

double ls_metric_value(const ls_score *score, const char *metric) {
  const ls_metric m = ls_metric_of(metric);
  return m < LS_NUMBERS ? score->value[m] : (double)NAN;
}

static void put(json_t *object, const char *prefix, const char *name, json_t *value) {
  char key[48];
  snprintf(key, sizeof key, "%s%s", prefix, name);
  ls_put(object, key, value);
}

/* Running means have no figures, and do not name them. */
static bool is_there(const ls_run *run, const ls_score *score, ls_metric m) {
  return ls_config_wants(run->config, m) &&
         (ls_metric_table[m].made != LS_MADE_WHEN_ASKED || score->more);
}

void ls_score_json(const ls_run *run, const ls_score *score, const char *prefix, json_t *object) {
  for (ls_metric m = 0; m < LS_NUMBERS; m++)
    if (is_there(run, score, m))
      put(object, prefix, ls_metric_table[m].name, ls_json_real(score->value[m]));
  if (score->more) ls_figures_json(score->more, prefix, object);
}

static json_t *by_class(const ls_figures *figures, double (*of)(const ls_outcome *)) {
  json_t *list = json_array();
  for (int64_t c = 0; c < figures->outputs; c++)
    json_array_append_new(list, ls_json_real(of(&figures->outcome[c])));
  return list;
}

static json_t *by_target(const ls_figures *figures) {
  json_t *list = json_array();
  for (int64_t c = 0; c < figures->outputs; c++) {
    const ls_target_score *s = &figures->target[c];
    json_t *item = ls_put_item(list);
    ls_put(item, "mae", s->mae);
    ls_put(item, "rmse", s->rmse);
    ls_put(item, "r2", s->r2);
    ls_put(item, "explained_variance", s->explained_variance);
    ls_put(item, "max_error", s->max_error);
  }
  return list;
}

static json_t *by_bin(const ls_figures *figures) {
  json_t *list = json_array();
  for (int i = 0; i < LS_BINS; i++) {
    const ls_bin *b = &figures->bin[i];
    json_t *item = ls_put_item(list);
    ls_put(item, "upto", (i + 1.0) / LS_BINS);
    ls_put(item, "samples", (int64_t)b->count);
    ls_put(item, "p", b->p);
    ls_put(item, "share", b->fraction);
  }
  return list;
}

static json_t *reals(const double *value, int64_t n) {
  json_t *list = json_array();
  for (int64_t i = 0; i < n; i++) json_array_append_new(list, ls_json_real(value[i]));
  return list;
}

void ls_figures_json(const ls_figures *figures, const char *prefix, json_t *object) {
  if (figures->made[LS_METRIC_PER_CLASS]) {
    put(object, prefix, "precision", by_class(figures, ls_precision_of));
    put(object, prefix, "recall", by_class(figures, ls_recall_of));
    put(object, prefix, "f1_by_class", by_class(figures, ls_f1_of));
  }
  if (figures->made[LS_METRIC_PER_CLASS] && figures->auc) {
    put(object, prefix, "auc_by_class", reals(figures->auc, figures->outputs));
    put(object, prefix, "average_precision_by_class",
        reals(figures->average_precision, figures->outputs));
  }
  if (figures->made[LS_METRIC_RELIABILITY]) put(object, prefix, "reliability", by_bin(figures));
  if (figures->target) put(object, prefix, "targets", by_target(figures));
}
