/* model.c - what fits together, said where it is built: begin with build -> add_layer,
 * join_residual, check_loss. Below it the work space: reserve_layers and reserve_shared run once to
 * count and once to hand out (ls_model_reserve), so size and places cannot differ. */
#include "model/model.h"

#include <assert.h>
#include <string.h>

#include "base/clamp.h"
#include "model/blas.h"
#include "model/layer.h"

#define NAME(name, ...) #name,
const char *const ls_activation_names[] = {LS_ACTIVATIONS(NAME) NULL};
const char *const ls_loss_names[] = {LS_LOSSES(NAME) NULL};
const char *const ls_layer_names[] = {"dense", "dropout", "layer_norm", "residual", NULL};

#define LOSS_HELP(name, task, counts, heads, by_z, last, help) help,
#define ACTIVATION_HELP(name, needs_z, relu_like, over_rows, help) help,
static const char *const loss_help[] = {LS_LOSSES(LOSS_HELP)};
static const char *const activation_help[] = {LS_ACTIVATIONS(ACTIVATION_HELP)};

/* What stands in `help` where `name` stands in `names`. */
static const char *help_of(const char *name, const char *const *names, const char *const *help) {
  int i = 0;
  while (names[i] && strcmp(names[i], name) != 0) i++;
  return names[i] ? help[i] : NULL;
}

const char *ls_loss_help(const char *name) { return help_of(name, ls_loss_names, loss_help); }
const char *ls_activation_help(const char *name) {
  return help_of(name, ls_activation_names, activation_help);
}

static const ls_loss *find_loss(const char *name, ls_dtype precision) {
  for (const ls_loss *loss = LS_REAL_OF(precision, ls_losses); loss->name; loss++)
    if (strcmp(loss->name, name) == 0) return loss;
  return NULL;
}

static const ls_layer_ops *find_ops(const char *type, ls_dtype precision) {
  for (const ls_layer_ops *ops = LS_REAL_OF(precision, ls_layers); ops->name; ops++)
    if (strcmp(ops->name, type ? type : "dense") == 0) return ops;
  return NULL;
}

/* Of a name that is one. */
static const ls_loss *loss_named(const char *name) {
  const ls_loss *loss = find_loss(name, LS_F32);
  assert(loss);
  return loss;
}

ls_task ls_loss_task(const char *name) { return loss_named(name)->task; }
bool ls_loss_counts(const char *name) { return loss_named(name)->counts; }
bool ls_loss_gives_variance(const char *name) { return loss_named(name)->heads == 2; }
bool ls_loss_is_variance(const char *name, int64_t output) {
  return ls_loss_gives_variance(name) && output % 2 == 1;
}

int ls_loss_heads(const ls_loss_spec *spec) {
  const int heads = loss_named(spec->name)->heads;
  return heads > 0 ? heads : spec->quantiles;
}

static int median_of(const double *quantile, int quantiles) {
  for (int i = 0; i < quantiles; i++)
    if (quantile[i] == 0.5) return i;
  return -1;
}

int ls_loss_value(const ls_loss_spec *spec) {
  return loss_named(spec->name)->heads > 0 ? 0 : median_of(spec->quantile, spec->quantiles);
}

static const char *last_activation(const ls_model *model) {
  return ls_model_last(model)->activation ? ls_model_last(model)->activation->name : "linear";
}

/* Is `word` in the space-separated `list`? */
static bool listed(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; (at = strstr(at, word)); at += length)
    if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) return true;
  return false;
}

static ls_status add_layer(ls_model *model, int number, const ls_layer_spec *given) {
  ls_layer *layer = &model->layer[number];
  ls_layer_spec spec = *given;
  if (spec.units == 0) spec.units = model->outputs;
  layer->ops = find_ops(spec.type, model->precision);
  if (!layer->ops)
    return ls_fail(LS_ECONFIG, "layer %d: there is no layer type '%s'", number, spec.type);
  layer->number = number;
  layer->precision = model->precision;
  layer->gemm = model->gemm;
  layer->below = number ? layer - 1 : NULL;
  layer->in = number ? layer->below->out : model->inputs;
  layer->ldin = ls_leading(layer->in, model->precision);
  layer->frozen = spec.frozen;
  layer->descend = model->trained > 0;
  layer->offset = model->parameters;
  LS_TRY(layer->ops->shape(layer, &spec));
  layer->ld = ls_leading(layer->out, model->precision);
  layer->keeps_z = layer->activation && layer->activation->needs_z;
  for (int i = 0; i < layer->tensors; i++) {
    ls_tensor *tensor = &layer->tensor[i];
    int64_t size;
    tensor->layer = number;
    tensor->frozen = layer->frozen;
    tensor->offset = model->parameters;
    if (__builtin_mul_overflow(tensor->rows, tensor->cols, &size) ||
        __builtin_add_overflow(model->parameters, size, &model->parameters) ||
        model->parameters > INT64_MAX / 64)
      return ls_fail(LS_ECONFIG, "layer %d: too many parameters", number);
    model->tensor[model->tensors++] = *tensor;
    if (!layer->frozen) model->trained += size;
  }
  return LS_OK;
}

static ls_status join_residual(ls_model *model, ls_layer *layer) {
  if (!layer->span) return LS_OK;
  int64_t source = layer->number - 1 - layer->span;
  layer->source = source < 0 ? NULL : &model->layer[source];
  int64_t width = source < 0 ? model->inputs : layer->source->out;
  if (width == layer->out) return LS_OK;
  return ls_fail(LS_ECONFIG,
                 "layer %d: residual adds %jd units of %s to %jd; both must have the same width",
                 layer->number, width, source < 0 ? "the input" : "an earlier layer", layer->out);
}

static ls_status check_softmax_batch(const ls_model *model, int slices) {
  for (int l = 0; l < model->layers; l++) {
    const ls_layer *layer = &model->layer[l];
    if (!layer->activation || !layer->activation->over_rows) continue;
    if (l != model->layers - 1)
      return ls_fail(LS_ECONFIG, "layer %d: softmax_batch can only be the last layer's activation",
                     l);
    if (slices != 1)
      return ls_fail(LS_ECONFIG,
                     "softmax_batch normalizes over the samples of the whole minibatch, so it "
                     "cannot be cut: give train.slices: 1 (and one rank), "
                     "or take softmax");
  }
  return LS_OK;
}

static const char *what_outputs_are(const ls_model *model) {
  if (model->heads > 1) return "outputs, several for each target";
  return model->loss->task == LS_TASK_CLASSES ? "classes" : "target columns";
}

static ls_status check_loss(ls_model *model) {
  const char *activation = last_activation(model), *loss = model->loss->name;
  ls_layer *top = &model->layer[model->layers - 1];
  if (top->out != model->outputs)
    return ls_fail(LS_ECONFIG,
                   "the last layer has %jd units but %s %jd %s; give the last layer units: out",
                   top->out, model->heads > 1 ? "the loss takes" : "the data has", model->outputs,
                   what_outputs_are(model));
  const bool fits = listed(model->loss->last, activation) && top->activation;
  if (!fits && *model->loss->last)
    return ls_fail(LS_ECONFIG, "%s needs a last layer with activation %.*s, not %s", loss,
                   (int)strcspn(model->loss->last, " "), model->loss->last, activation);
  if (fits) top->group = model->heads;
  top->fused = fits && model->loss->by_z;
  if (!fits && strcmp(activation, "softmax_batch") == 0)
    return ls_fail(LS_ECONFIG,
                   "softmax_batch goes with the loss cross_entropy_per_class only, not with %s",
                   loss);
  top->keeps_z = top->keeps_z || top->fused;
  return LS_OK;
}

/* The quantiles are kept, for the loss to read. */
static ls_status take_loss(ls_model *model, const ls_loss_spec *loss) {
  model->loss = find_loss(loss->name, model->precision);
  if (!model->loss) return ls_fail(LS_ECONFIG, "there is no loss '%s'", loss->name);
  model->heads = ls_loss_heads(loss);
  model->value = ls_loss_value(loss);
  if (model->heads < 1 || model->heads > LS_QUANTILES_MAX)
    return ls_fail(LS_ECONFIG, "the loss %s takes 1 to %d quantiles", loss->name, LS_QUANTILES_MAX);
  for (int i = 0; i < loss->quantiles && i < model->heads; i++)
    model->quantile[i] = loss->quantile[i];
  model->own = loss->own;
  if (loss->own && model->outputs > LS_LOSS_OUTPUTS_MAX)
    return ls_fail(LS_ECONFIG, "a plug-in's loss takes up to %d targets, and there are %jd",
                   LS_LOSS_OUTPUTS_MAX, model->outputs);
  if (__builtin_mul_overflow(model->outputs, model->heads, &model->outputs))
    return ls_fail(LS_ECONFIG, "too many outputs");
  return LS_OK;
}

static ls_status build(ls_model *model, const ls_layer_spec *layer, int layers,
                       const ls_loss_spec *loss, int slices) {
  if (layers < 1) return ls_fail(LS_ECONFIG, "the model has no layers");
  if (model->inputs < 1 || model->outputs < 1)
    return ls_fail(LS_ECONFIG, "the data has no features or no targets");
  LS_TRY(take_loss(model, loss));
  LS_NEW(model->layer, layers);
  LS_NEW(model->tensor, 2 * layers);
  model->layers = layers;
  for (int l = 0; l < layers; l++) LS_TRY(add_layer(model, l, &layer[l]));
  for (int l = 0; l < layers; l++) LS_TRY(join_residual(model, &model->layer[l]));
  if (model->parameters > 0 && model->trained == 0)
    return ls_fail(LS_ECONFIG, "every layer has trainable: false, and nothing is left to train");
  LS_TRY(check_softmax_batch(model, slices));
  return check_loss(model);
}

ls_status ls_model_new(const ls_layer_spec *layer, int layers, const ls_loss_spec *loss,
                       int64_t inputs, int64_t targets, int slices, ls_dtype precision,
                       ls_model **out) {
  ls_model *model;
  LS_NEW(model, 1);
  model->precision = precision;
  model->gemm = ls_gemm_choose(precision);
  model->products = "own"; /* on every CPU the same */
  model->slices = slices;
  model->inputs = inputs;
  model->outputs = targets;
  ls_status status = build(model, layer, layers, loss, slices);
  if (status != LS_OK) ls_model_free(&model);
  *out = model;
  return status;
}

ls_status ls_model_use_blas(ls_model *model) {
  ls_status status = ls_blas_open();
  if (status != LS_OK) return ls_fail_prefix(LS_ECONFIG, "train.gemm: blas");
  model->gemm = ls_gemm_by_blas(model->precision);
  model->products = ls_blas_name();
  for (int l = 0; l < model->layers; l++) {
    ls_layer *layer = &model->layer[l];
    layer->gemm = model->gemm;
    if (layer->in > INT32_MAX || layer->out > INT32_MAX)
      return ls_fail(LS_ECONFIG, "layer %d: a BLAS takes no widths above %d; train.gemm: own does",
                     l, INT32_MAX);
  }
  return LS_OK;
}

ls_status ls_model_derive(ls_model *model) {
  LS_NEW(model->batch, 1);
  model->batch->out = model->inputs;
  model->batch->ld = ls_leading(model->inputs, model->precision);
  model->layer[0].below = model->batch;
  model->layer[model->layers - 1].fused = false;
  for (int l = 0; l < model->layers; l++) {
    ls_layer *layer = &model->layer[l];
    layer->descend = true;
    if (layer->span && !layer->source) layer->source = model->batch;
  }
  return LS_OK;
}

void ls_model_free(ls_model **model) {
  if (!*model) return;
  LS_FREE((*model)->layer);
  LS_FREE((*model)->batch);
  LS_FREE((*model)->tensor);
  LS_FREE((*model)->memory);
  ls_deferral_free(*model);
  LS_FREE(*model);
}

int64_t ls_model_parameters(const ls_model *model) { return model->parameters; }
int ls_model_layers(const ls_model *model, int64_t *at) {
  for (int l = 0; at && l < model->layers; l++) at[l] = model->layer[l].offset;
  return model->layers;
}
int64_t ls_model_outputs(const ls_model *model) { return model->outputs; }
int64_t ls_model_group(const ls_model *model) { return ls_model_last(model)->group; }
ls_dtype ls_model_precision(const ls_model *model) { return model->precision; }
const char *ls_model_products(const ls_model *model) { return model->products; }
const char *ls_model_kernel(const ls_model *model) {
  return model->gemm->by_slices ? model->products : model->gemm->name;
}
const ls_tensor *ls_model_tensors(const ls_model *model, int *count) {
  *count = model->tensors;
  return model->tensor;
}
bool ls_model_couples_samples(const ls_model *model) {
  return strcmp(last_activation(model), "softmax_batch") == 0;
}

double ls_model_flops(const ls_model *model) {
  double flops = 0;
  for (int l = 0; l < model->layers; l++) {
    const ls_layer *layer = &model->layer[l];
    int products = 1 + !layer->frozen + layer->descend;
    if (layer->activation) flops += 2 * products * (double)layer->in * (double)layer->out;
  }
  return flops;
}

/* ---- work space ---- */

static void reserve_layers(const ls_model *model, ls_layer_arena *arena, int64_t rows) {
  ls_deferral_begin(model);
  for (int l = 0; l < model->layers; l++) {
    ls_layer *layer = &model->layer[l];
    const size_t size = ls_dtype_size(model->precision);
    ls_deferral_take(model, arena, &layer->y, rows, layer->ld);
    ls_deferral_take(model, arena, &layer->d, rows, layer->ld);
    if (layer->keeps_z)
      ls_layer_arena_take(arena, &layer->z, rows * layer->ld, size);
    else
      layer->z = layer->y;
    if (layer->ops->reserve) layer->ops->reserve(layer, arena, rows);
  }
}

/* Numbers that the gradient of the largest layer works with, or `least`. */
static size_t gradient_work(const ls_model *model, int64_t least) {
  const ls_gemm *gemm = model->gemm;
  for (int l = 0; l < model->layers && gemm->work; l++) {
    const int64_t wanted =
        gemm->work(model->layer[l].in, model->layer[l].out, model->slices ? model->slices : 1);
    if (wanted > least) least = wanted;
  }
  return (size_t)least;
}

/* What the model needs beside its layers. */
static void reserve_shared(ls_model *model, ls_layer_arena *arena, int64_t rows, int threads) {
  const size_t size = ls_dtype_size(model->precision);
  if (model->batch) ls_layer_arena_take(arena, &model->batch->d, rows * model->batch->ld, size);
  const int64_t most = ls_max(ls_deferral_rows(model), rows);
  model->work_size = gradient_work(model, most * LS_GEMM_WORK) * size + LS_ALIGN;
  ls_layer_arena_take(arena, &model->work, threads, model->work_size);
  ls_layer_arena_take(arena, &model->scratch, 2 * ls_model_last(model)->ld, size);
  ls_layer_arena_take(arena, &model->norm, model->outputs, sizeof(double));
}

static size_t bytes_of(const ls_model *model, int64_t rows, int threads) {
  ls_layer_arena count = {0};
  ls_model copy = *model;
  reserve_layers(model, &count, rows);
  reserve_shared(&copy, &count, rows, threads);
  return count.used;
}

size_t ls_model_common_bytes(const ls_model *model) {
  reserve_layers(model, &(ls_layer_arena){0}, ls_deferral_rows(model));
  return ls_deferral_bytes(model);
}

size_t ls_model_bytes(const ls_model *model, int64_t rows) { return bytes_of(model, rows, 1); }

ls_status ls_model_reserve(ls_model *model, int64_t rows, ls_team *team) {
  assert(!model->memory);
  char *memory;
  LS_NEW(memory, bytes_of(model, rows, ls_team_size(team)));
  ls_layer_arena arena = {.base = memory};
  model->memory = memory;
  model->team = team;
  reserve_layers(model, &arena, rows);
  reserve_shared(model, &arena, rows, ls_team_size(team));
  return LS_OK;
}
