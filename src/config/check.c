/* check.c - what keys mean together: metrics and the loss, splits and their sources, lengths. */
#include "config/check.h"

#include <string.h>

bool ls_config_has_classes(const ls_config *c) {
  return ls_loss_task(c->loss) == LS_TASK_CLASSES || c->data.classes > 0;
}

ls_target_kind ls_config_target(const ls_config *c) {
  static const ls_target_kind kind[] = {[LS_TASK_CLASSES] = LS_TARGET_CLASS,
                                        [LS_TASK_MULTILABEL] = LS_TARGET_PROBABILITY,
                                        [LS_TASK_REGRESSION] = LS_TARGET_REAL};
  return kind[ls_loss_task(c->loss)];
}

bool ls_metric_fits(const ls_config *c, ls_metric metric) {
  ls_task task = ls_loss_task(c->loss);
  if (metric >= LS_METRIC_MAE) return task == LS_TASK_REGRESSION;
  return ls_config_has_classes(c) || (metric == LS_METRIC_ACCURACY && task == LS_TASK_MULTILABEL);
}

bool ls_config_wants(const ls_config *c, ls_metric metric) {
  bool usual = metric == LS_METRIC_ACCURACY || (metric >= LS_METRIC_MAE && metric <= LS_METRIC_R2);
  return c->metrics_given ? c->metric[metric] : usual && ls_metric_fits(c, metric);
}

int64_t ls_config_default_slices(int64_t batch) {
  int64_t slices = 1;
  while (slices < 64 && 8 * slices < batch) slices *= 2;
  return slices;
}

/* The place of section.key, or of what is nearest to it in the file. */
static ls_place place(const ls_node *root, const char *section, const char *key) {
  const ls_node *outer = ls_node_get(root, section), *inner = ls_node_get(outer, key);
  const ls_node *node = root;
  if (outer) node = outer;
  if (inner) node = inner;
  return node->key_at.line ? node->key_at : node->at;
}

static bool is_given(const ls_node *root, const char *section, const char *key) {
  const ls_node *node = ls_node_get(ls_node_get(root, section), key);
  return node && (node->kind != LS_NODE_SCALAR || strcmp(node->text, "none") != 0);
}

static void check_length(ls_reader *rd, const ls_node *root) {
  bool epochs = is_given(root, "train", "epochs"), steps = is_given(root, "train", "steps");
  if (!ls_node_get(root, "train")) return;
  if (epochs && steps)
    ls_report_add(
        rd->report, place(root, "train", "steps"), "train.steps",
        "epochs and steps are both given, and only one can say how long; none unsets the other");
  if (!epochs && !steps)
    ls_report_add(rd->report, place(root, "train", ""), "train",
                  "missing key 'epochs' or 'steps': how long to train");
}

static bool has_validation(const ls_data_spec *data) {
  return data->validation.share > 0 || data->source[LS_SPLIT_VALIDATION].file;
}

static void check_metric(ls_reader *rd, ls_place at, const char *path, const char *metric) {
  const ls_config *c = rd->config;
  if (!metric || !*metric) return;
  bool val = strncmp(metric, "val_", 4) == 0;
  int m = 0;
  while (ls_metric_names[m] && strcmp(ls_metric_names[m], metric + (val ? 4 : 0)) != 0) m++;
  if (val && !has_validation(&c->data))
    ls_report_add(rd->report, at, path,
                  "%s needs validation samples, and data.validation gives none", metric);
  if (c->loss && ls_metric_names[m] && !ls_metric_fits(c, (ls_metric)m))
    ls_report_add(rd->report, at, path, "there is no %s with the loss %s", metric, c->loss);
}

static void check_metrics(ls_reader *rd, const ls_node *root) {
  const ls_config *c = rd->config;
  ls_place keep = place(root, "checkpoint", "keep");
  check_metric(rd, place(root, "train", "early_stop"), "train.early_stop.metric", c->early_metric);
  check_metric(rd, keep, "checkpoint.keep.best", c->keep_best);
  if (c->early_metric && c->keep_best && *c->keep_best &&
      strcmp(c->early_metric, c->keep_best) != 0)
    ls_report_add(rd->report, keep, "checkpoint.keep.best",
                  "%s, and train.early_stop.metric is %s: a run follows one metric", c->keep_best,
                  c->early_metric);
}

static void check_data(ls_reader *rd, const ls_node *root) {
  const ls_data_spec *data = &rd->config->data;
  bool own = data->source[LS_SPLIT_VALIDATION].file;
  if (data->skip[LS_SPLIT_VALIDATION] > 0 && !own)
    ls_report_add(rd->report, place(root, "data", "skip"), "data.skip.validation",
                  "validation is no source of its own here");
  if (data->limit[LS_SPLIT_VALIDATION] > 0 && !own)
    ls_report_add(rd->report, place(root, "data", "limit"), "data.limit.validation",
                  "validation is no source of its own here");
}

static void check_share(ls_reader *rd, const ls_node *root) {
  const ls_data_spec *data = &rd->config->data;
  const ls_share_spec *share = &data->validation;
  ls_place at = place(root, "data", "validation");
  bool group = share->how == LS_SHARE_GROUP && share->share > 0;
  if (group && data->type && strcmp(data->type, "idx") == 0)
    ls_report_add(
        rd->report, at, "data.validation.how",
        "group needs a column or dataset to group by, and IDX files have none; use random "
        "or last");
  else if (group && !share->by)
    ls_report_add(rd->report, at, "data.validation.by",
                  "missing key 'by': the column or dataset whose values are the groups");
  if (!group && share->by)
    ls_report_add(rd->report, at, "data.validation.by", "goes with how: group only");
}

static void check_class_weights(ls_reader *rd, const ls_node *root) {
  const ls_config *c = rd->config;
  if (!c->loss || !ls_class_weights_given(&c->data.class_weights)) return;
  if (ls_config_has_classes(c)) return;
  ls_report_add(rd->report, place(root, "train", "class_weights"), "train.class_weights",
                "there are no classes with the loss %s, unless data.classes says how many",
                c->loss);
}

static void check_eval(ls_reader *rd, const ls_node *root) {
  const ls_config *c = rd->config;
  bool file_test =
      c->data.type && (strcmp(c->data.type, "idx") == 0 || c->data.source[LS_SPLIT_TEST].file);
  ls_place at = place(root, "eval", "on");
  if (c->eval_on[LS_SPLIT_VALIDATION] && !has_validation(&c->data))
    ls_report_add(rd->report, at, "eval.on",
                  "there are no validation samples: data.validation gives none");
  for (int m = 0; m < LS_METRICS && c->loss; m++)
    if (c->metric[m] && !ls_metric_fits(c, (ls_metric)m))
      ls_report_add(rd->report, place(root, "eval", "metrics"), "eval.metrics",
                    "there is no %s with the loss %s", ls_metric_names[m], c->loss);
  if (c->eval_on[LS_SPLIT_TEST] && c->data.type && !file_test)
    ls_report_add(rd->report, at, "eval.on", "there are no test samples: data.test gives none");
}

static void check_init(ls_reader *rd, const ls_node *root) {
  const ls_init_spec *init = &rd->config->init;
  if (init->kind == LS_INIT_TRUNCATED_NORMAL && (init->scale > 0) == (init->fan_in_gain > 0))
    ls_report_add(rd->report, place(root, "model", "init"), "model.init",
                  "truncated_normal takes either stddev or fan_in_gain");
}

static void check_output(ls_reader *rd, const ls_node *root) {
  const ls_config *c = rd->config;
  if (c->step_every > 0 && !c->log_jsonl)
    ls_report_add(rd->report, place(root, "output", "step_every"), "output.step_every",
                  "step events go to jsonl, and output.log leaves it out");
  if (c->log_weights && c->step_every == 0)
    ls_report_add(rd->report, place(root, "output", "log_weights"), "output.log_weights",
                  "weights go into step events: set output.step_every");
}

static void check_optimizer(ls_reader *rd, const ls_node *root, bool good) {
  ls_optim_spec *o = &rd->config->optimizer;
  ls_schedule_spec *s = &rd->config->schedule;
  double value[LS_HYPER_MAX];
  if (o->ops && o->preset && ls_optim_preset(o->ops, o->preset, value) != LS_OK)
    ls_report_add(rd->report, place(root, "optimizer", "preset"), "optimizer.preset", "%s",
                  ls_error_text());
  if (!good) return; /* the values below are not all there */
  const char *wrong = ls_optim_check(o);
  if (wrong) ls_report_add(rd->report, place(root, "optimizer", ""), "optimizer", "%s", wrong);
  s->lr = o->lr;
  if ((wrong = ls_schedule_check(s)))
    ls_report_add(rd->report, place(root, "schedule", ""), "schedule", "%s", wrong);
}

void ls_config_check(ls_reader *rd, const ls_node *root) {
  ls_config *c = rd->config;
  bool good = rd->report->count == 0;
  check_length(rd, root);
  check_data(rd, root);
  check_share(rd, root);
  check_init(rd, root);
  check_class_weights(rd, root);
  check_eval(rd, root);
  check_output(rd, root);
  check_optimizer(rd, root, good);
  check_metrics(rd, root);
  c->slices_given = c->slices >= 0;
  if (c->slices < 0 && c->batch > 0) c->slices = ls_config_default_slices(c->batch);
}
