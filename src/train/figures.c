#include "train/figures.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "io/json.h"

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

static void put(json_t *object, const char *prefix, const char *name, json_t *value) {
  char key[32];
  snprintf(key, sizeof key, "%s%s", prefix, name);
  json_object_set_new(object, key, value);
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
