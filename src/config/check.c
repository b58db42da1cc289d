/* check.c - contradictions between keys: metrics and the loss, splits and their sources, lengths,
 * what an optimizer or a mode of training does not take. A value that is missing or wrong is NULL
 * or 0 here, and has been complained of. Begin with ls_config_check, at the bottom. */
#include "config/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/blas.h"
#include "optim/lbfgs.h"

const char ls_blas_not_for_guests[] =
    "blas is for the command line: how many threads a BLAS takes is the program's matter";

/* What has been read, and where from. */
typedef struct {
  ls_report *report;
  ls_config *config;
  const ls_node *root;
  bool given; /* by the user, to a command that works by it; not out of a checkpoint */
} reading;

/* The place of "section.key", for what is below it too, or of what is nearest to it in the file. */
static ls_place place(const ls_node *root, const char *path) {
  char name[2][64] = {"", ""};
  sscanf(path, "%63[^.].%63[^.]", name[0], name[1]);
  const ls_node *node = root, *outer = ls_node_get(root, name[0]);
  const ls_node *inner = ls_node_get(outer, name[1]);
  if (outer) node = outer;
  if (inner) node = inner;
  return node->key_at.line ? node->key_at : node->at;
}

/* Complain of `path`: a format, and what goes into it. */
#define WRONG(r, path, ...) ls_report_add((r)->report, place((r)->root, path), path, __VA_ARGS__)

static bool is(const char *word, const char *name) { return word && strcmp(word, name) == 0; }

static bool is_of_program(const ls_config *c) { return is(c->data.type, "memory"); }

/* Has a layer this type, or this activation? */
static bool has_layer(const ls_config *c, const char *type, const char *activation) {
  bool found = false;
  for (const ls_layer_spec *l = c->layer; l < c->layer + c->layers; l++)
    found = found || is(l->type, type) || is(l->activation, activation);
  return found;
}

static bool is_given(const ls_node *root, const char *section, const char *key) {
  const ls_node *node = ls_node_get(ls_node_get(root, section), key);
  return node && (node->kind != LS_NODE_SCALAR || strcmp(node->text, "none") != 0);
}

static void check_csv(const reading *r) {
  const ls_csv_spec *csv = &r->config->data.csv;
  if (csv->separator == LS_SEPARATOR_COMMA && csv->decimal_comma)
    WRONG(r, "data.decimal", "a comma is the separator already (data.separator)");
}

static void check_length(const reading *r) {
  bool epochs = is_given(r->root, "train", "epochs"), steps = is_given(r->root, "train", "steps");
  if (!ls_node_get(r->root, "train")) return;
  if (epochs && steps)
    WRONG(r, "train.steps",
          "epochs and steps are both given, and only one can say how long; none unsets the other");
  if (!epochs && !steps) WRONG(r, "train", "missing key 'epochs' or 'steps': how long to train");
}

/* No mean over minibatches is it. r2 was followed in vain once: such a config out of a checkpoint
 * is still read. */
static bool lacks_split(const reading *r, ls_metric m) {
  const ls_made made = ls_metric_table[m].made;
  return made == LS_MADE_WHEN_ASKED || (made == LS_MADE_OF_SPLITS && r->given);
}

static void check_metric(const reading *r, const char *path, const char *metric) {
  const ls_config *c = r->config;
  if (!metric || !*metric) return;
  const bool val = ls_metric_validates(metric);
  const ls_metric m = ls_metric_of(metric);
  if (val && !ls_config_has_validation(c))
    WRONG(r, path,
          "%s needs validation samples, and data.validation gives none (a share that is drawn, as "
          "0.1, may stay beside data.fold and sweep --folds)",
          metric);
  if (m == LS_METRICS) return;
  if (c->loss && !ls_metric_fits(c, m))
    WRONG(r, path, "there is no %s with the loss %s", metric, c->loss);
  else if (!val && lacks_split(r, m) && !c->eval_on[LS_SPLIT_TRAIN])
    WRONG(r, path, "%s is made of a whole split: eval.on must name train for it, or use val_%s",
          metric, metric);
}

/* Is there a best evaluation? That the trainer asks: a checkpoint has not kept keep.best. */
static void check_restore(const reading *r) {
  const ls_config *c = r->config;
  if (c->restore_best && is_of_program(c))
    WRONG(r, "train.restore_best",
          "a program's samples are evaluated by the program, which knows the best");
}

static void check_plateau(const reading *r) {
  const ls_config *c = r->config;
  ls_plateau plateau;
  if (!c->schedule.ops || !ls_schedule_plateau(&c->schedule, &plateau) || !plateau.metric) return;
  check_metric(r, "schedule.metric", plateau.metric);
  if (is_of_program(c))
    WRONG(r, "schedule.type", "plateau looks at evaluations, which are the program's to make");
  if (ls_metric_validates(plateau.metric) && c->eval_every.unit == LS_EVERY_NEVER)
    WRONG(r, "schedule.metric", "there is no %s where eval.every is never", plateau.metric);
}

static void check_metrics(const reading *r) {
  const ls_config *c = r->config;
  check_metric(r, "train.early_stop.metric", c->early_metric);
  check_metric(r, "checkpoint.keep.best", c->keep_best);
  check_restore(r);
  check_plateau(r);
}

static void check_names(const reading *r, const char *path, char *const *names, int64_t wanted) {
  const int n = ls_list_length(names);
  if (n > 0 && n != wanted) WRONG(r, path, "%d names for %jd", n, wanted);
}

/* A program's samples. */
static void check_given(const reading *r) {
  const ls_data_spec *data = &r->config->data;
  const char *const how = "nobody has a sample in its place: leave it out of the minibatch";
  if (!is_of_program(r->config)) return;
  check_names(r, "data.input_names", data->given_names[0], data->given_inputs);
  check_names(r, "data.target_names", data->given_names[1], data->given_targets);
  check_names(r, "data.class_names", data->given_classes, data->classes);
  if (data->classes > 0 && data->given_targets > 1 && data->given_targets != data->classes)
    WRONG(r, "data.targets",
          "%jd targets, and %jd classes: 1 (the number of its class), or as many as there are "
          "classes (a share of each)",
          data->given_targets, data->classes);
  if (data->missing.x_how == LS_MISSING_DROP) WRONG(r, "data.missing.x", "drop: %s", how);
  if (data->missing.y == LS_MISSING_Y_DROP) WRONG(r, "data.missing.y", "drop: %s", how);
}

static void check_data(const reading *r) {
  const ls_config *c = r->config;
  const ls_data_spec *data = &c->data;
  bool own = data->source[LS_SPLIT_VALIDATION].file;
  if (is(data->type, "idx") && !data->dir && !data->source[LS_SPLIT_TRAIN].file)
    WRONG(r, "data", "missing key 'dir' (the folder of the files) or 'train' (images, labels)");
  if (is_of_program(c) && c->loss && ls_config_target(c) == LS_TARGET_CLASS && data->classes == 0)
    WRONG(r, "data", "missing key 'classes': a program's samples do not tell how many there are");
  check_given(r);
  if (data->skip[LS_SPLIT_VALIDATION] > 0 && !own)
    WRONG(r, "data.skip.validation", "validation is no source of its own here");
  if (data->limit[LS_SPLIT_VALIDATION] > 0 && !own)
    WRONG(r, "data.limit.validation", "validation is no source of its own here");
}

static void check_share(const reading *r) {
  const ls_data_spec *data = &r->config->data;
  const ls_validation_spec *validation = &data->validation;
  bool group = validation->how == LS_DRAW_GROUP && validation->share > 0;
  if (group && is(data->type, "idx"))
    WRONG(r, "data.validation.how",
          "group needs a column or dataset to group by, and IDX files have none; use random "
          "or last");
  else if (group && !validation->by)
    WRONG(r, "data.validation.by",
          "missing key 'by': the column or dataset whose values are the groups");
  if (!group && validation->by) WRONG(r, "data.validation.by", "goes with how: group only");
}

static void check_fold(const reading *r) {
  const ls_data_spec *data = &r->config->data;
  const ls_fold_spec *fold = &data->fold;
  if (fold->k == 0) return;
  if (fold->n >= fold->k)
    WRONG(r, "data.fold.n", "%jd: the folds are numbered 0 to %jd (data.fold.k is %jd)", fold->n,
          fold->k - 1, fold->k);
  if (data->source[LS_SPLIT_VALIDATION].file)
    WRONG(r, "data.fold",
          "a fold is drawn from train, but data.validation is a source of its own; "
          "data.validation=none leaves it out");
  else if (data->validation.share > 0 && data->validation.how == LS_DRAW_LAST)
    WRONG(r, "data.fold",
          "folds are random or by group, and data.validation.how is last: data.validation=none, or "
          "how=random");
}

static void check_missing(const reading *r) {
  const ls_config *c = r->config;
  if (!c->loss || c->data.missing.y != LS_MISSING_Y_MASK) return;
  if (ls_loss_task(c->loss) != LS_TASK_REGRESSION)
    WRONG(r, "data.missing.y", "mask is for targets of regression, and not for the loss %s",
          c->loss);
  else if (c->data.classes > 0)
    WRONG(r, "data.missing.y", "mask is for targets of regression, and data.classes makes classes");
  else if (is(c->loss, "plugin"))
    WRONG(r, "data.missing.y", "mask: a plug-in's loss knows of no target that is missing");
}

/* Several outputs for each target are of numbers, not of classes. */
static void check_loss(const reading *r) {
  const ls_config *c = r->config;
  if (!c->loss) return;
  const bool quantile = is(c->loss, "quantile");
  if (quantile && c->quantiles == 0)
    WRONG(r, "loss", "missing key 'quantiles': which ones? [0.1, 0.5, 0.9], say");
  if (!quantile && c->quantiles > 0)
    WRONG(r, "quantiles", "goes with the loss quantile, and loss is %s", c->loss);
  for (int i = 1; i < (int)c->quantiles; i++)
    if (!(c->quantile[i - 1] < c->quantile[i]))
      WRONG(r, "quantiles", "%g behind %g: they are to ascend", c->quantile[i], c->quantile[i - 1]);
  if ((quantile || ls_loss_gives_variance(c->loss)) && c->data.classes > 0)
    WRONG(r, "loss", "%s is for targets that are numbers, and data.classes makes classes", c->loss);
}

static void check_class_weights(const reading *r) {
  const ls_config *c = r->config;
  if (!c->loss || !ls_class_weights_given(&c->data.class_weights)) return;
  if (ls_config_has_classes(c)) return;
  WRONG(r, "train.class_weights",
        "there are no classes with the loss %s, unless data.classes says how many", c->loss);
}

static void check_eval(const reading *r) {
  const ls_config *c = r->config;
  bool file_test = c->data.type && (c->data.dir || c->data.source[LS_SPLIT_TEST].file);
  if (c->eval_on[LS_SPLIT_VALIDATION] && !ls_config_has_validation(c))
    WRONG(r, "eval.on", "there are no validation samples: data.validation gives none");
  for (int m = 0; m < LS_METRICS && c->loss; m++)
    if (c->metric[m] && !ls_metric_fits(c, (ls_metric)m))
      WRONG(r, "eval.metrics", "there is no %s with the loss %s", ls_metric_names[m], c->loss);
  if (c->eval_on[LS_SPLIT_TEST] && c->data.type && !file_test)
    WRONG(r, "eval.on", "there are no test samples: data.test gives none");
}

static void check_init(const reading *r) {
  const ls_init_spec *init = &r->config->init;
  const int layers = r->config->layers;
  for (char **item = init->layers; item && *item && layers > 0; item++) {
    const char *dash = strchr(*item, '-');
    if (atoi(dash ? dash + 1 : *item) >= layers)
      WRONG(r, "model.init.layers", "there is no layer %s: the model has %d, counted from 0",
            dash ? dash + 1 : *item, layers);
  }
  if (init->kind == LS_INIT_TRUNCATED_NORMAL && (init->scale > 0) == (init->fan_in_gain > 0))
    WRONG(r, "model.init", "truncated_normal takes either stddev or fan_in_gain");
}

static void check_output(const reading *r) {
  const ls_config *c = r->config;
  if (c->step_every > 0 && !c->log_jsonl)
    WRONG(r, "output.step_every", "step events go to jsonl, and output.log leaves it out");
  if (c->log_weights && c->step_every == 0)
    WRONG(r, "output.log_weights", "weights go into step events: set output.step_every");
}

static void check_scaling(const reading *r) {
  const ls_schedule_spec *s = &r->config->schedule;
  if (s->scaling == 0 && s->base_batch > 0)
    WRONG(r, "schedule.base_batch", "goes with scaling: linear or sqrt");
  if (s->scaling == 0) return;
  const char *rule = ls_scaling_rules[s->scaling];
  if (s->base_batch == 0)
    WRONG(r, "schedule.scaling",
          "%s needs base_batch: the train.batch that optimizer.lr was found for", rule);
  if (r->config->batch == 0)
    WRONG(r, "schedule.scaling", "%s needs train.batch in numbers, and it is full", rule);
  if (s->ops && is(s->ops->name, "piecewise"))
    WRONG(r, "schedule.scaling",
          "the values of piecewise are the rates: there is nothing to scale");
}

static void complain(const reading *r, const char *path, ls_status status) {
  if (status == LS_FAIL)
    ls_report_broken(r->report);
  else if (status != LS_OK)
    WRONG(r, path, "%s", ls_error_text());
}

static void check_optimizer(const reading *r, bool good) {
  ls_optim_spec *o = &r->config->optimizer;
  ls_schedule_spec *s = &r->config->schedule;
  double value[LS_HYPER_MAX];
  if (o->ops && o->preset)
    complain(r, "optimizer.preset", ls_optim_preset(o->ops, o->preset, value));
  if (!good) return; /* the values below are not all there */
  s->lr = ls_schedule_scaled(s, o->lr, r->config->batch);
  complain(r, "optimizer", ls_optim_check(o));
  if (r->config->then.optimizer.ops)
    complain(r, "then", ls_optim_check(&r->config->then.optimizer));
  complain(r, "schedule", ls_schedule_check(s));
}

/* What a line search has no use for, or would be led astray by. */
static void check_lbfgs(const reading *r) {
  const ls_config *c = r->config;
  const bool first = c->optimizer.ops == &ls_optim_lbfgs;
  if (first && c->then.optimizer.ops)
    WRONG(r, "then", "behind lbfgs comes nothing: it ends in a minimum");
  if (!ls_config_lbfgs(c)) return;
  if (c->batch != 0)
    WRONG(r, "train.batch",
          "lbfgs compares losses at different weights, which must be those of the same samples: "
          "full");
  if (first && c->schedule.ops && !is(c->schedule.ops->name, "constant"))
    WRONG(r, "schedule.type", "lbfgs searches for the length of each step itself: constant");
  if (first && (c->schedule.warmup > 0 || c->schedule.scaling > 0))
    WRONG(r, "schedule", "lbfgs searches for the length of each step itself");
  if (c->gradient.noise_eta > 0)
    WRONG(r, "train.gradient_noise", "lbfgs takes the curvature from differences of gradients");
  if (c->gradient.clip_norm > 0)
    WRONG(r, "train.clip_norm", "with lbfgs a gradient is as it is: its step is searched for");
  if (c->gradient.clip_value > 0)
    WRONG(r, "train.clip_value", "with lbfgs a gradient is as it is: its step is searched for");
  if (c->nonfinite != LS_NONFINITE_STOP)
    WRONG(r, "train.nonfinite",
          "lbfgs goes back by itself from a loss that is not finite; what is left is stop");
  if (c->average_type) WRONG(r, "train.average", "lbfgs ends in a minimum, not around one");
  if (c->mode && !is(c->mode, "synchronous"))
    WRONG(r, "train.mode", "lbfgs takes all ranks for each loss: synchronous only");
  if (c->data.stream)
    WRONG(r, "data.load", "lbfgs asks for the same samples again and again: memory");
  if (is_of_program(c))
    WRONG(r, "data.type", "a program's samples come once, and lbfgs asks for them again");
  if (has_layer(c, "dropout", ""))
    WRONG(r, "model.layers", "dropout draws other units at each step, and lbfgs compares losses");
}

/* The optimizers that a mode takes. */
static void check_mode_optimizer(const reading *r) {
  const ls_config *c = r->config;
  const ls_optim_ops *ops = c->optimizer.ops;
  if (!ops || is(ops->name, "sgd") || ls_config_lbfgs(c)) return;
  if (is(c->mode, "hogwild"))
    WRONG(r, "optimizer.type",
          "train.mode hogwild takes sgd only: %s keeps numbers of each weight "
          "that ranks without locks would mix up",
          ops->name);
  else if (!is(ops->name, "adagrad"))
    WRONG(r, "optimizer.type",
          "train.mode downpour takes sgd and adagrad: %s counts on updates that "
          "come one after the other",
          ops->name);
}

/* What takes all ranks to meet at each update is not there where they never do. */
static void check_apart(const reading *r) {
  const ls_config *c = r->config;
  const char *mode = c->mode;
  if (c->gradient.clip_norm > 0)
    WRONG(r, "train.clip_norm",
          "train.mode %s has no gradient of all ranks to take the norm of; use clip_value", mode);
  if (c->accumulate > 1)
    WRONG(r, "train.accumulate",
          "train.mode %s works on a minibatch a rank at once: synchronous only", mode);
  if (c->schedule.ops && is(c->schedule.ops->name, "plateau"))
    WRONG(r, "schedule.type", "train.mode %s takes rates that follow from global_step alone", mode);
  if (has_layer(c, "", "softmax_batch"))
    WRONG(r, "model.layers",
          "softmax_batch is made for one minibatch at a time, and train.mode %s works on several "
          "at once; use softmax",
          mode);
  if (c->average_type)
    WRONG(r, "train.average",
          "in train.mode %s there is no one sequence of weights to take the average of", mode);
  if (c->exchange && !is(c->exchange, "auto"))
    WRONG(r, "train.exchange", "train.mode %s has nothing to exchange: leave it out", mode);
  if (c->step_every > 0)
    WRONG(r, "output.step_every", "in train.mode %s updates do not come one after the other", mode);
  if (c->data.stream)
    WRONG(r, "data.load",
          "train.mode %s deals minibatches out as they are asked for, and stream reads ahead those "
          "of a rank; use memory",
          mode);
  if (is_of_program(c))
    WRONG(r, "train.mode", "a program's samples come to all ranks at once: synchronous only");
}

static void check_mode(const reading *r) {
  const ls_config *c = r->config;
  if (!c->mode) return;
  if (!is(c->mode, "downpour") && (c->downpour_fetch > 1 || c->downpour_push > 1))
    WRONG(r, "train.downpour", "goes with mode: downpour, and train.mode is %s", c->mode);
  const bool synchronous = is(c->mode, "synchronous");
  if (synchronous && c->staleness >= 0)
    WRONG(r, "train.staleness",
          "goes with mode: hogwild or downpour: synchronous updates have none");
  if (synchronous) return;
  check_mode_optimizer(r);
  check_apart(r);
}

static void check_accumulate(const reading *r) {
  const ls_config *c = r->config;
  if (c->accumulate <= 1) return;
  if (is_of_program(c))
    WRONG(r, "train.accumulate", "a program's samples are in memory all at once");
  if (has_layer(c, "", "softmax_batch"))
    WRONG(r, "train.accumulate",
          "softmax_batch wants the whole minibatch at once: its outputs depend on all samples");
}

/* A BLAS that is not there is missed before the data are read. */
static void check_gemm(const reading *r) {
  const ls_config *c = r->config;
  if (c->gemm != LS_GEMM_BLAS) return;
  if (is_of_program(c))
    WRONG(r, "train.gemm", "%s", ls_blas_not_for_guests);
  else if (r->given && ls_blas_open() != LS_OK)
    WRONG(r, "train.gemm", "blas: %s", ls_error_text());
}

void ls_config_check(ls_reader *rd, const ls_node *root) {
  const reading r = {rd->report, rd->config, root, rd->plugins};
  ls_config *c = rd->config;
  bool good = rd->report->count == 0;
  check_length(&r);
  check_data(&r);
  check_csv(&r);
  check_share(&r);
  check_fold(&r);
  check_missing(&r);
  check_loss(&r);
  check_init(&r);
  check_class_weights(&r);
  check_eval(&r);
  check_output(&r);
  check_scaling(&r);
  check_optimizer(&r, good);
  check_lbfgs(&r);
  check_metrics(&r);
  check_mode(&r);
  check_accumulate(&r);
  check_gemm(&r);
  c->slices_given = c->slices >= 0;
  if (c->slices < 0 && c->batch > 0) c->slices = ls_config_default_slices(c->batch);
}
