/* meaning.c - what a config comes to where no key says it alone: the kind of targets, which metrics
 * there are and are wanted, what the best is. Declared in config.h. */
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "optim/lbfgs.h"

bool ls_config_has_classes(const ls_config *c) {
  return ls_loss_task(c->loss) == LS_TASK_CLASSES || c->data.classes > 0;
}

ls_target_kind ls_config_target(const ls_config *c) {
  static const ls_target_kind kind[] = {[LS_TASK_CLASSES] = LS_TARGET_CLASS,
                                        [LS_TASK_MULTILABEL] = LS_TARGET_PROBABILITY,
                                        [LS_TASK_REGRESSION] = LS_TARGET_REAL};
  return ls_loss_counts(c->loss) ? LS_TARGET_COUNT : kind[ls_loss_task(c->loss)];
}

ls_loss_spec ls_config_loss(const ls_config *c) {
  return (ls_loss_spec){c->loss, (int)c->quantiles, c->quantile, c->own_loss};
}

/* Does the network give one number for each target that is meant to be near it? */
static bool has_values(const ls_config *c) {
  const ls_loss_spec loss = ls_config_loss(c);
  return ls_loss_task(c->loss) == LS_TASK_REGRESSION && ls_loss_value(&loss) >= 0;
}

/* Those of softmax_batch are shares of the samples: not what a sample is likely to be. */
static bool has_probabilities(const ls_config *c) {
  const char *last = c->layers > 0 ? c->layer[c->layers - 1].activation : NULL;
  return ls_loss_task(c->loss) != LS_TASK_REGRESSION &&
         (!last || strcmp(last, "softmax_batch") != 0);
}

bool ls_metric_fits(const ls_config *c, ls_metric metric) {
  const ls_task task = ls_loss_task(c->loss);
  const bool classes = ls_config_has_classes(c);
  const bool has[] = {[LS_NEEDS_NOTHING] = true,
                      [LS_NEEDS_ANSWERS] = classes || task == LS_TASK_MULTILABEL,
                      [LS_NEEDS_PROBABILITIES] = has_probabilities(c),
                      [LS_NEEDS_CLASSES] = classes,
                      [LS_NEEDS_NUMBERS] = has_values(c)};
  return has[ls_metric_table[metric].needs];
}

/* By early_stop, keep.best or the schedule plateau: a text that is no metric's is none. */
static bool is_followed(const ls_config *c, ls_metric metric) {
  const char *const name[] = {c->early_metric, c->keep_best, c->schedule.metric};
  bool found = false;
  for (int i = 0; i < 3; i++) found = found || (name[i] && ls_metric_of(name[i]) == metric);
  return found;
}

bool ls_config_wants(const ls_config *c, ls_metric metric) {
  if (metric == LS_METRIC_LOSS || is_followed(c, metric)) return true;
  if (c->metrics_given) return c->metric[metric];
  return ls_metric_table[metric].made != LS_MADE_WHEN_ASKED && ls_metric_fits(c, metric);
}

void ls_config_want(ls_config *c, ls_metric metric) {
  for (ls_metric m = 0; m < LS_METRICS; m++) c->metric[m] = ls_config_wants(c, m);
  c->metrics_given = c->metric[metric] = true;
}

int64_t ls_config_default_slices(int64_t batch) {
  int64_t slices = 1;
  while (slices < 64 && 8 * slices < batch) slices *= 2;
  return slices;
}

bool ls_config_has_validation(const ls_config *c) {
  const ls_data_spec *data = &c->data;
  return data->validation.share > 0 || data->fold.k > 0 || data->source[LS_SPLIT_VALIDATION].file;
}

const char *ls_config_best_metric(const ls_config *c, bool validation) {
  if (c->keep_best && *c->keep_best) return c->keep_best;
  if (c->early_metric) return c->early_metric;
  return !c->keep_best && validation ? "val_loss" : NULL;
}

const ls_optim_spec *ls_config_lbfgs(const ls_config *c) {
  if (c->optimizer.ops == &ls_optim_lbfgs) return &c->optimizer;
  return c->then.optimizer.ops == &ls_optim_lbfgs ? &c->then.optimizer : NULL;
}

char *ls_config_optimizers(const ls_config *c, const char *first) {
  const bool more = c->then.optimizer.ops;
  return ls_mem_format("%s%s%s%s", ls_optim_name(&c->optimizer), first, more ? ", then " : "",
                       more ? ls_optim_name(&c->then.optimizer) : "");
}
