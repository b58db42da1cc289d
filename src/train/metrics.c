#include "train/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/json.h"

/* ---- the table ---- */

static const struct {
  const char *name;
  ls_metric metric; /* LS_METRICS: there is always one */
  bool higher;      /* is better */
  size_t at;        /* in ls_score */
} metrics[] = {{"loss", LS_METRICS, false, offsetof(ls_score, loss)},
               {"accuracy", LS_METRIC_ACCURACY, true, offsetof(ls_score, accuracy)},
               {"mae", LS_METRIC_MAE, false, offsetof(ls_score, mae)},
               {"rmse", LS_METRIC_RMSE, false, offsetof(ls_score, rmse)},
               {"r2", LS_METRIC_R2, true, offsetof(ls_score, r2)}};
enum { METRICS = sizeof metrics / sizeof *metrics };

bool ls_metric_validates(const char *metric) { return strncmp(metric, "val_", 4) == 0; }

static int row_of(const char *metric) {
  int i = 0;
  if (ls_metric_validates(metric)) metric += 4;
  while (i < METRICS - 1 && strcmp(metrics[i].name, metric) != 0) i++;
  return i;
}

static double value_of(const ls_score *score, int row) {
  return *(const double *)(const void *)((const char *)score + metrics[row].at);
}

double ls_metric_value(const ls_score *score, const char *metric) {
  return value_of(score, row_of(metric));
}

bool ls_metric_better(const char *metric, double value, double than) {
  return metrics[row_of(metric)].higher ? value > than : value < than;
}

static void put(json_t *object, const char *prefix, const char *name, json_t *value) {
  char key[32];
  snprintf(key, sizeof key, "%s%s", prefix, name);
  json_object_set_new(object, key, value);
}

void ls_score_json(const ls_run *run, const ls_score *score, const char *prefix, json_t *object) {
  for (int i = 0; i < METRICS; i++)
    if (metrics[i].metric == LS_METRICS || ls_config_wants(run->config, metrics[i].metric))
      put(object, prefix, metrics[i].name, ls_json_real(value_of(score, i)));
  if (score->more) ls_figures_json(score->more, ls_data_outputs(run->data), prefix, object);
}

/* ---- figures ---- */

ls_status ls_figures_new(const ls_config *config, int64_t outputs, ls_figures *out) {
  *out = (ls_figures){0};
  if (ls_config_wants(config, LS_METRIC_TOP_K)) out->k = config->top_k;
  if (out->k > outputs)
    return ls_fail(LS_ECONFIG, "eval.top_k is %lld, and there are %lld classes", (long long)out->k,
                   (long long)outputs);
  if (ls_config_wants(config, LS_METRIC_PER_CLASS)) LS_NEW(out->confusion, outputs * outputs);
  if (ls_config_wants(config, LS_METRIC_PER_TARGET)) LS_NEW(out->target, outputs);
  return LS_OK;
}

void ls_figures_free(ls_figures *figures) {
  LS_FREE(figures->confusion);
  LS_FREE(figures->target);
}

double ls_precision_of(const double *confusion, int64_t classes, int64_t class) {
  double taken = 0;
  for (int64_t c = 0; c < classes; c++) taken += confusion[c * classes + class];
  return taken > 0 ? confusion[class * classes + class] / taken : (double)NAN;
}

double ls_recall_of(const double *confusion, int64_t classes, int64_t class) {
  double all = 0;
  for (int64_t c = 0; c < classes; c++) all += confusion[class * classes + c];
  return all > 0 ? confusion[class * classes + class] / all : (double)NAN;
}

static json_t *per_class(const ls_figures *figures, int64_t classes,
                         double (*of)(const double *, int64_t, int64_t)) {
  json_t *list = json_array();
  for (int64_t c = 0; c < classes; c++)
    json_array_append_new(list, ls_json_real(of(figures->confusion, classes, c)));
  return list;
}

static json_t *per_target(const ls_figures *figures, int64_t targets) {
  json_t *list = json_array();
  for (int64_t c = 0; c < targets; c++) {
    const ls_target_score *s = &figures->target[c];
    json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "mae", ls_json_real(s->mae), "rmse",
                                          ls_json_real(s->rmse), "r2", ls_json_real(s->r2)));
  }
  return list;
}

void ls_figures_json(const ls_figures *figures, int64_t outputs, const char *prefix,
                     json_t *object) {
  if (figures->k > 0) put(object, prefix, "top_k", ls_json_real(figures->top_k));
  if (figures->confusion) {
    put(object, prefix, "precision", per_class(figures, outputs, ls_precision_of));
    put(object, prefix, "recall", per_class(figures, outputs, ls_recall_of));
  }
  if (figures->target) put(object, prefix, "targets", per_target(figures, outputs));
}
