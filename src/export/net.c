/* net.c - begin with describe_net. Config, tensors, scaling and names of a checkpoint become
 * one list of layers; a model is built to check that they agree, dropout falls out, and
 * residual layers name the layer that is kept. */
#include "export/net.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/weights.h"
#include "checkpoint/widen.h"
#include "data/columns.h"
#include "data/scale.h"
#include "data/trained.h"
#include "model/activation.h"
#include "train/infer.h"

static bool is(const char *a, const char *b) { return strcmp(a ? a : "dense", b) == 0; }

/* What is too small for a normal number is 0 in every operation of a prediction. */
static void drop_tiny(void *values, ls_dtype precision, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    float *single = (float *)values + i;
    double *wide = (double *)values + i;
    if (precision == LS_F32 && fabsf(*single) < FLT_MIN) *single = copysignf(0, *single);
    if (precision == LS_F64 && fabs(*wide) < DBL_MIN) *wide = copysign(0, *wide);
  }
}

/* ---- layers ---- */

static void describe_dense(ls_net_layer *layer, const ls_layer_spec *spec, int64_t outputs) {
  const ls_activation *a = ls_activations_f32;
  layer->kind = LS_NET_DENSE;
  layer->out = spec->units > 0 ? spec->units : outputs;
  layer->group = layer->out;
  layer->activation = spec->activation ? spec->activation : "linear";
  while (strcmp(a->name, layer->activation) != 0) a++;
  layer->needs_z = a->needs_z;
}

/* The last layer that is kept of those below layer `number` of the config. */
static int kept_below(const ls_net *net, int number) {
  int k = net->layers - 1;
  while (k >= 0 && net->layer[k].number >= number) k--;
  return k; /* none: LS_NET_INPUT */
}

/* Layer l of the config. Its tensors are the next ones, from *tensor on. */
static void describe(ls_net *net, int l, const ls_tensor **tensor) {
  const ls_layer_spec *spec = &net->config->layer[l];
  if (is(spec->type, "dropout")) return;
  ls_net_layer *layer = &net->layer[net->layers];
  layer->number = l;
  layer->in = net->layers > 0 ? layer[-1].out : net->x.n;
  layer->out = layer->in;
  if (is(spec->type, "residual")) {
    layer->kind = LS_NET_RESIDUAL;
    layer->source = kept_below(net, l - (int)spec->span);
  } else {
    const char *weights = net->checkpoint->weights;
    const size_t size = ls_dtype_size(net->precision);
    layer->kind = LS_NET_LAYER_NORM;
    if (is(spec->type, "dense")) describe_dense(layer, spec, net->y.n);
    layer->w = weights + (size_t)(*tensor)[0].offset * size;
    layer->b = weights + (size_t)(*tensor)[1].offset * size;
    *tensor += 2;
  }
  net->layers++;
}

static ls_status describe_layers(ls_net *net) {
  const ls_config *config = net->config;
  const ls_checkpoint *c = net->checkpoint;
  ls_model *model;
  int tensors;
  LS_NEW(net->layer, config->layers);
  const ls_loss_spec loss = ls_config_loss(config);
  LS_TRY(ls_model_new(config->layer, config->layers, &loss, c->inputs, ls_checkpoint_targets(c),
                      config->slices > 0 ? (int)config->slices : 1, c->precision, &model));
  const ls_tensor *tensor = ls_model_tensors(model, &tensors);
  ls_status status = LS_OK;
  if (ls_model_parameters(model) != c->parameters)
    status = ls_fail(LS_EDATA, "'%s': its config and its tensors do not agree", net->path);
  else if (ls_model_couples_samples(model))
    status = ls_fail(LS_ECONFIG,
                     "'%s': layer %d: softmax_batch makes every output depend on all samples of "
                     "the batch; there is no function of one sample to export",
                     net->path, config->layers - 1);
  for (int l = 0; status == LS_OK && l < config->layers; l++) describe(net, l, &tensor);
  if (net->layers > 0) net->layer[net->layers - 1].group = ls_model_group(model);
  ls_model_free(&model);
  return status;
}

/* ---- inputs and outputs ---- */

static ls_status describe_inputs(ls_net *net) {
  const ls_trained *trained = &net->checkpoint->trained;
  if (!ls_trained_named(trained, LS_ROLE_X) || trained->n[LS_ROLE_X] != net->x.n) return LS_OK;
  ls_texts names = {0};
  ls_status status = ls_trained_names(trained, LS_ROLE_X, &names);
  if (status == LS_OK) status = ls_columns_split(names.text, net->x.n, &net->x.name, &net->x.unit);
  ls_texts_free(&names);
  return status;
}

static ls_status describe_outputs(ls_net *net) {
  const ls_texts *names = &net->checkpoint->names;
  if (names->count != net->y.n) return LS_OK;
  if (!net->classes) return ls_columns_split(names->text, net->y.n, &net->y.name, &net->y.unit);
  LS_NEW(net->y.name.text, names->count);
  for (int64_t k = 0; k < names->count; k++)
    net->y.name.text[net->y.name.count++] = ls_mem_text(names->text[k]);
  return LS_OK;
}

static ls_status describe_side(ls_net *net, ls_net_side *side, int64_t n, const ls_affine *affine) {
  side->n = n;
  side->wide = net->precision == LS_F64;
  if (affine->n == 0) return LS_OK;
  side->affine = affine;
  side->wide = side->wide || ls_affine_needs_double(affine);
  drop_tiny(affine->shift, LS_F64, n);
  drop_tiny(affine->divisor, LS_F64, n);
  if (affine->logs == 0) return LS_OK;
  LS_NEW(side->log, n);
  for (int64_t i = 0; i < n; i++) side->log[i] = ls_affine_is_log(affine, i);
  return LS_OK;
}

/* As numbers of the inputs' type. */
static ls_status describe_missing(ls_net *net) {
  const ls_missing_spec *missing = &net->config->data.missing;
  const ls_filling *mean = &net->checkpoint->x_mean;
  if (missing->x_how != LS_MISSING_MEAN && missing->x_how != LS_MISSING_FILL) return LS_OK;
  LS_NEW(net->missing.value, net->x.n);
  net->missing.n = net->x.n;
  for (int64_t i = 0; i < net->x.n; i++) {
    const double value = missing->x_how == LS_MISSING_MEAN ? mean->value[i] : missing->x;
    net->missing.value[i] = net->x.wide ? value : (double)(float)value;
  }
  return LS_OK;
}

static ls_status describe_net(ls_net *net) {
  ls_checkpoint *c = net->checkpoint;
  LS_TRY(ls_config_parse(net->path, c->config_text, strlen(c->config_text), NULL, 0, &net->config));
  ls_forget_target_scaling(net->config, net->path, c);
  net->precision = c->precision;
  net->classes = ls_config_has_classes(net->config);
  ls_weights_hash(c->weights, c->parameters, c->precision, net->hash);
  drop_tiny(c->weights, c->precision, c->parameters);
  LS_TRY(ls_checkpoint_widen(c, net->config));
  LS_TRY(describe_side(net, &net->x, c->inputs, &c->x_affine));
  LS_TRY(describe_side(net, &net->y, c->outputs, &c->y_affine));
  LS_TRY(describe_missing(net));
  LS_TRY(describe_layers(net));
  LS_TRY(describe_inputs(net));
  return describe_outputs(net);
}

static ls_status begin_net(const char *name, ls_net **out) {
  *out = NULL;
  LS_NEW(*out, 1);
  (*out)->path = ls_mem_text(name);
  return LS_OK;
}

ls_status ls_net_open(const char *path, ls_net **out) {
  LS_TRY(begin_net(path, out));
  LS_TRY(ls_checkpoint_read(path, &(*out)->checkpoint));
  return describe_net(*out);
}

ls_status ls_net_open_bytes(const char *name, const void *data, size_t bytes, ls_net **out) {
  LS_TRY(begin_net(name, out));
  LS_TRY(ls_checkpoint_read_bytes(name, data, bytes, &(*out)->checkpoint));
  return describe_net(*out);
}

bool ls_net_texts(const ls_net *net, int i, const char **what, const ls_texts **texts) {
  const struct {
    const char *what;
    const ls_texts *texts;
  } all[] = {{"input_names", &net->x.name},
             {"input_units", &net->x.unit},
             {net->classes ? "class_names" : "output_names", &net->y.name},
             {"output_units", &net->y.unit}};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    if (all[k].texts->count == 0 || i-- > 0) continue;
    *what = all[k].what;
    *texts = all[k].texts;
    return true;
  }
  return false;
}

static void free_side(ls_net_side *side) {
  LS_FREE(side->log);
  ls_texts_free(&side->name);
  ls_texts_free(&side->unit);
}

void ls_net_free(ls_net **net) {
  if (!*net) return;
  free_side(&(*net)->x);
  free_side(&(*net)->y);
  LS_FREE((*net)->missing.value);
  LS_FREE((*net)->layer);
  LS_FREE((*net)->path);
  ls_config_free(&(*net)->config);
  ls_checkpoint_free(&(*net)->checkpoint);
  LS_FREE(*net);
}
