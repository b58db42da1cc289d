/* step.c - the passes of a step over the threads of the rank. A thread takes its rows through all
 * layers forward, and back; then all threads make the gradients of the weights, a layer at a time.
 * Begin with ls_model_forward and ls_model_backward. */
#include <string.h>

#include "base/elementary.h"
#include "model/layer.h"

typedef struct {
  ls_model *model;
  const ls_pass *pass;
  const ls_head *head;
  int bottom, top; /* layers [bottom, top) */
} job;

void ls_model_load(ls_model *model, const void *w) {
  for (int l = 0; l < model->layers; l++) {
    ls_layer *layer = &model->layer[l];
    layer->w = (const char *)w + (size_t)layer->offset * ls_dtype_size(model->precision);
  }
}

/* This thread's rows of the share: where products are made by slices, whole ones. */
static void share_rows(const job *j, int thread, int threads, int64_t *lo, int64_t *hi) {
  const ls_batch *b = j->pass->batch;
  if (!j->model->gemm->by_slices) {
    ls_team_range(b->rows, 1, thread, threads, lo, hi);
    return;
  }
  ls_team_range(b->slice_hi - b->slice_lo, 1, thread, threads, lo, hi);
  *lo = b->slice_row[*lo];
  *hi = b->slice_row[*hi];
}

static void forward_job(void *arg, int thread, int threads) {
  job *j = arg;
  int64_t lo, hi;
  share_rows(j, thread, threads, &lo, &hi);
  for (int l = j->bottom; l < j->top; l++)
    j->model->layer[l].ops->forward(&j->model->layer[l], j->pass, lo, hi);
}

static void go_forward(ls_model *model, const ls_batch *batch, int bottom, int top, bool training,
                       uint64_t seed) {
  const ls_layer *last = ls_model_last(model);
  const ls_pass pass = {.batch = batch, .training = training, .seed = seed, .work = model->work};
  if (model->batch) model->batch->y = batch->x;
  ls_team_run(model->team, forward_job,
              &(job){.model = model, .pass = &pass, .bottom = bottom, .top = top});
  if (top == model->layers && ls_model_couples_samples(model))
    last->activation->forward(last->y, last->z, batch->rows, last->out, last->group, last->ld);
}

void ls_model_forward(ls_model *model, const ls_batch *batch, bool training, uint64_t seed) {
  go_forward(model, batch, 0, model->layers, training, seed);
}

void ls_model_ascend(ls_model *model, const ls_batch *batch, int layer, bool training,
                     uint64_t seed) {
  go_forward(model, batch, layer, layer + 1, training, seed);
}

const void *ls_model_output(ls_model *model, int64_t *ld) {
  *ld = ls_model_last(model)->ld;
  return ls_model_last(model)->y;
}
const void *ls_model_logits(ls_model *model, int64_t *ld) {
  *ld = ls_model_last(model)->ld;
  return ls_model_last(model)->z;
}

/* A logit that makes a probability; one of exactly 0 or 1 has none that is finite. */
static double logit_of(double p, bool sigmoid) {
  const double least = 1e-30, most = 1 - 0x1p-53;
  if (p < least) p = least;
  if (sigmoid && p > most) p = most;
  return ls_logarithm(p) - (sigmoid ? ls_logarithm(1 - p) : 0);
}

void ls_model_set_output(ls_model *model, int64_t rows, const double *y) {
  const ls_layer *top = ls_model_last(model);
  const bool sigmoid = strcmp(top->activation->name, "sigmoid") == 0;
  const bool is_power = strcmp(top->activation->name, "exp") == 0; /* of a loss by the logarithm */
  const bool is_probability = sigmoid || strcmp(top->activation->name, "softmax") == 0;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < top->out; c++) {
      const double value = y[r * top->out + c];
      ls_dtype_put(model->precision, top->y, r * top->ld + c, value);
      ls_dtype_put(model->precision, top->z, r * top->ld + c,
                   is_probability || is_power ? logit_of(value, sigmoid) : value);
    }
}

const void *ls_model_hidden(const ls_model *model, int layer, int64_t *width, int64_t *ld) {
  if (layer >= model->layers - 1) return NULL;
  *width = model->layer[layer].out;
  *ld = model->layer[layer].ld;
  return model->layer[layer].y;
}

static ls_head head_of(const ls_model *model, const ls_batch *batch) {
  const ls_layer *top = ls_model_last(model);
  return (ls_head){.n = top->out,
                   .heads = model->heads,
                   .value = model->value,
                   .quantile = model->quantile,
                   .own = model->own,
                   .ld = top->ld,
                   .z = top->z,
                   .y = top->y,
                   .d = top->d,
                   .labels = batch->labels,
                   .targets = batch->targets,
                   .weight = batch->weight,
                   .total = batch->total,
                   .over_rows = ls_model_couples_samples(model),
                   .norm = model->norm};
}

void ls_model_stats(ls_model *model, const ls_batch *batch, ls_stats *stats) {
  const ls_head head = head_of(model, batch);
  for (int s = 0; s < batch->slice_hi - batch->slice_lo; s++) {
    const int64_t lo = batch->slice_row[s], hi = batch->slice_row[s + 1];
    stats[s] = (ls_stats){0};
    if (batch->masked)
      stats[s].correct = LS_REAL_OF(model->precision, ls_fill_targets)(&head, lo, hi);
    model->loss->stats(&head, lo, hi, &stats[s]);
  }
}

void ls_model_head_stats(const ls_model *model, const void *logits, int64_t ld, int64_t rows,
                         const int32_t *labels, ls_stats *stats) {
  const ls_layer *top = ls_model_last(model);
  ls_head head = {.n = top->out,
                  .heads = model->heads,
                  .ld = ld,
                  .z = logits,
                  .labels = labels,
                  .total = rows,
                  .over_rows = ls_model_couples_samples(model),
                  .norm = model->norm};
  *stats = (ls_stats){0};
  if (head.over_rows) {
    model->loss->stats(&head, 0, rows, stats);
    return;
  }
  const size_t size = ls_dtype_size(model->precision);
  /* rows of whole cache lines, which the caller's may not be */
  char *z = model->scratch, *y = z + (size_t)top->ld * size;
  head.z = z;
  head.y = y;
  for (int64_t r = 0; r < rows; r++) {
    memcpy(z, (const char *)logits + (size_t)(r * ld) * size, (size_t)top->out * size);
    head.labels = labels + r;
    top->activation->forward(y, z, 1, top->out, top->group, top->ld);
    model->loss->stats(&head, 0, 1, stats);
  }
}

const double *ls_model_norm(const ls_model *model) { return model->norm; }

/* d of the layer below layer l is complete but for the residual layers that read it. */
static void add_residuals(const ls_model *model, int l, int64_t lo, int64_t hi) {
  for (int r = l; r < model->layers && model->layer[l].descend; r++) {
    const ls_layer *residual = &model->layer[r];
    if (!residual->span || residual->source != model->layer[l].below) continue;
    LS_REAL_OF(model->precision, ls_residual_add)(residual, lo, hi);
  }
}

static void backward_job(void *arg, int thread, int threads) {
  job *j = arg;
  ls_model *model = j->model;
  int64_t lo, hi;
  share_rows(j, thread, threads, &lo, &hi);
  if (j->head && !j->head->over_rows) model->loss->gradient(j->head, lo, hi);
  for (int l = j->top - 1; l >= j->bottom; l--) {
    ls_layer *layer = &model->layer[l];
    layer->ops->backward(layer, j->pass, lo, hi);
    add_residuals(model, l, lo, hi);
  }
}

static void gradient_job(void *arg, int thread, int threads) {
  job *j = arg;
  for (int l = j->top - 1; l >= j->bottom; l--) {
    ls_layer *layer = &j->model->layer[l];
    if (layer->ops->gradient && !layer->frozen && !layer->deferred)
      layer->ops->gradient(layer, j->pass, thread, threads);
  }
}

static void go_back(ls_model *model, const ls_batch *batch, int bottom, int top) {
  const ls_head head = head_of(model, batch);
  const bool begins = top == model->layers;
  const ls_pass pass = {.batch = batch, .training = true, .work = model->work};
  job j = {.model = model, .pass = &pass, .bottom = bottom, .top = top};
  if (begins) j.head = &head;
  if (begins && head.over_rows) model->loss->gradient(&head, 0, batch->rows);
  ls_team_run(model->team, backward_job, &j);
}

void ls_model_backward(ls_model *model, const ls_batch *batch) {
  go_back(model, batch, 0, model->layers);
}

const void *ls_model_slopes(ls_model *model, const ls_batch *batch, int64_t output, int64_t *ld) {
  const ls_pass pass = {.batch = batch, .work = model->work};
  const ls_layer *top = ls_model_last(model);
  memset(top->d, 0, (size_t)(batch->rows * top->ld) * ls_dtype_size(model->precision));
  for (int64_t r = 0; r < batch->rows; r++)
    ls_dtype_put(model->precision, top->d, r * top->ld + output, 1);
  ls_team_run(model->team, backward_job,
              &(job){.model = model, .pass = &pass, .top = model->layers});
  *ld = model->batch->ld;
  return model->batch->d;
}

static void make_gradients(ls_model *model, const ls_batch *batch, int bottom, int top, int parts,
                           const ls_tree_node *node, void *const *grad) {
  const ls_pass pass = {.batch = batch,
                        .training = true,
                        .parts = parts,
                        .node = node,
                        .grad = grad,
                        .work = model->work,
                        .work_size = model->work_size};
  ls_team_run(model->team, gradient_job,
              &(job){.model = model, .pass = &pass, .bottom = bottom, .top = top});
}

void ls_model_gradient(ls_model *model, const ls_batch *batch, int parts, const ls_tree_node *node,
                       void *const *grad) {
  make_gradients(model, batch, 0, model->layers, parts, node, grad);
}

int64_t ls_model_descend(ls_model *model, const ls_batch *batch, int layer, int parts,
                         const ls_tree_node *node, void *const *grad) {
  go_back(model, batch, layer, layer + 1);
  make_gradients(model, batch, layer, layer + 1, parts, node, grad);
  return model->layer[layer].offset;
}
