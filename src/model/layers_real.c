/* layers_real.c - the layer table (at the bottom): dense, and those that need no matrix product.
 * Which of a layer's functions is called when, and by which thread, says step.c. */
#include <assert.h>
#include <math.h>

#include "base/rng.h"
#include "base/vmath.h"
#include "model/layer.h"

static const real one = 1;

/* ---- dense: y = f(x W + b) ---- */

static const ls_activation *find_activation(const char *name) {
  for (const ls_activation *a = LS_R(ls_activations); a->name; a++)
    if (strcmp(a->name, name ? name : "linear") == 0) return a;
  return NULL;
}

static ls_status dense_shape(ls_layer *layer, const ls_layer_spec *spec) {
  layer->activation = find_activation(spec->activation);
  if (!layer->activation)
    return ls_fail(LS_ECONFIG, "layer %d: there is no activation '%s'", layer->number,
                   spec->activation);
  if (spec->units < 1)
    return ls_fail(LS_ECONFIG, "layer %d: units must be at least 1", layer->number);
  layer->out = layer->group = spec->units;
  layer->tensors = 2;
  layer->tensor[0] = (ls_tensor){.name = "W", .rows = layer->in, .cols = layer->out};
  layer->tensor[1] = (ls_tensor){.name = "b", .rows = 1, .cols = layer->out};
  return LS_OK;
}

static void dense_forward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  int64_t ldx, ld = layer->ld;
  const real *x = ls_layer_input(layer, pass, &ldx), *w = layer->w;
  for (int64_t r = lo, end; r < hi; r = end) {
    end = ls_layer_rows_end(layer, pass, r, hi);
    const int64_t m = end - r;
    real *z = (real *)layer->z + r * ld, *y = (real *)layer->y + r * ld;
    layer->gemm->multiply(&(ls_multiply){.m = m,
                                         .n = layer->out,
                                         .k = layer->in,
                                         .a = x + r * ldx,
                                         .lda = ldx,
                                         .b = w,
                                         .ldb = layer->out,
                                         .init = w + layer->in * layer->out,
                                         .c = z,
                                         .ldc = ld,
                                         .work = (real *)pass->work + r * LS_GEMM_WORK});
    if (!layer->activation->over_rows)
      layer->activation->forward(y, z, m, layer->out, layer->group, ld);
  }
}

static void dense_backward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  int64_t ld = layer->ld;
  for (int64_t r = lo, end; r < hi; r = end) {
    end = ls_layer_rows_end(layer, pass, r, hi);
    const int64_t m = end - r;
    real *d = (real *)layer->d + r * ld;
    if (!layer->fused)
      layer->activation->backward(d, (const real *)layer->y + r * ld,
                                  (const real *)layer->z + r * ld, m, layer->out, layer->group, ld);
    if (!layer->descend) continue;
    layer->gemm->multiply(&(ls_multiply){.m = m,
                                         .n = layer->in,
                                         .k = layer->out,
                                         .a = d,
                                         .lda = ld,
                                         .b = layer->w,
                                         .ldb = layer->out,
                                         .transposed = true,
                                         .c = (real *)layer->below->d + r * layer->ldin,
                                         .ldc = layer->ldin,
                                         .work = (real *)pass->work + r * LS_GEMM_WORK});
  }
}

static void dense_gradient(ls_layer *layer, const ls_pass *pass, int thread, int threads) {
  int64_t ldx;
  const real *x = ls_layer_input(layer, pass, &ldx);
  ls_weight_gradient g = ls_layer_gradient(layer, pass, thread, x, ldx, layer->d);
  ls_team_range(layer->in, layer->gemm->tile, thread, threads, &g.lo, &g.hi);
  layer->gemm->weight_gradient(&g);
  if (thread != layer->number % threads) return;
  g = ls_layer_gradient(layer, pass, thread, &one, 0, layer->d);
  g.offset += layer->in * layer->out;
  layer->gemm->weight_gradient(&g);
}

/* Whole rows of W are made: of the first and the last one, what lies outside [lo, hi) is not used.
 */
static const void *dense_piece(ls_layer *layer, const ls_pass *pass, int thread, int64_t lo,
                               int64_t hi, void *to) {
  int64_t ldx;
  const real *x = ls_layer_input(layer, pass, &ldx);
  const int64_t n = layer->out, bias = layer->offset + layer->in * n;
  ls_weight_gradient g = ls_layer_gradient(layer, pass, thread, x, ldx, layer->d);
  g.grad = &to;
  if (lo >= bias) {
    g.x = &one;
    g.ldx = g.offset = 0;
    layer->gemm->weight_gradient(&g);
    return (real *)to + (lo - bias);
  }
  assert(hi <= bias);
  g.lo = (lo - layer->offset) / n;
  g.hi = (hi - layer->offset + n - 1) / n;
  g.offset = -g.lo * n;
  g.claim = layer->w;
  layer->gemm->weight_gradient(&g);
  return (real *)to + (lo - layer->offset - g.lo * n);
}

/* ---- dropout: some units are 0 while training, the others larger by 1 / (1 - rate) ---- */

static ls_status dropout_shape(ls_layer *layer, const ls_layer_spec *spec) {
  if (!(spec->rate >= 0 && spec->rate < 1))
    return ls_fail(LS_ECONFIG, "layer %d: dropout's rate must be in [0, 1)", layer->number);
  layer->rate = spec->rate;
  layer->out = layer->in;
  return LS_OK;
}

static void dropout_reserve(ls_layer *layer, ls_layer_arena *arena, int64_t rows) {
  ls_layer_arena_take(arena, &layer->mask, rows * layer->ld, sizeof(real));
}

/* Counted by sample and unit: the same mask wherever the sample is computed. */
static void dropout_forward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  int64_t ldx;
  const real *x = ls_layer_input(layer, pass, &ldx);
  const uint64_t stream = ls_rng_stream(LS_STREAM_DROPOUT, (uint64_t)layer->number);
  const real keep = (real)(1 / (1 - layer->rate));
  for (int64_t r = lo; r < hi; r++) {
    real *y = (real *)layer->y + r * layer->ld, *mask = (real *)layer->mask + r * layer->ld;
    const uint64_t first = (uint64_t)(pass->batch->first_sample + r) * (uint64_t)layer->out;
    for (int64_t i = 0; i < layer->out; i++) {
      mask[i] = 1;
      if (pass->training) {
        bool dropped = ls_rng_uniform(pass->seed, stream, first + (uint64_t)i) < layer->rate;
        mask[i] = dropped ? 0 : keep;
      }
      y[i] = x[r * ldx + i] * mask[i];
    }
  }
}

static void dropout_backward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  (void)pass;
  if (!layer->descend) return;
  const real *d = layer->d, *mask = layer->mask;
  real *below = layer->below->d;
  for (int64_t i = lo * layer->ld; i < hi * layer->ld; i++) below[i] = d[i] * mask[i];
}

/* ---- layer_norm: y = gain (x - mean) / sqrt(variance + 1e-5) + b over a sample's units ---- */

static ls_status layer_norm_shape(ls_layer *layer, const ls_layer_spec *spec) {
  (void)spec;
  layer->out = layer->in;
  layer->tensors = 2;
  layer->tensor[0] = (ls_tensor){.name = "gain", .rows = 1, .cols = layer->out};
  layer->tensor[1] = (ls_tensor){.name = "b", .rows = 1, .cols = layer->out};
  return LS_OK;
}

static void layer_norm_reserve(ls_layer *layer, ls_layer_arena *arena, int64_t rows) {
  ls_layer_arena_take(arena, &layer->normal, rows * layer->ld, sizeof(real));
  ls_layer_arena_take(arena, &layer->product, rows * layer->ld, sizeof(real));
  ls_layer_arena_take(arena, &layer->inverse, rows, sizeof(real));
}

LS_CLONES static void layer_norm_row(const real *x, const real *gain, const real *bias, int64_t n,
                                     real *normal, real *inverse, real *y) {
  const real mean = ls_row_sum(x, n) / (real)n;
  LS_EACH for (int64_t i = 0; i < n; i++) normal[i] = x[i] - mean;
  const real s = 1 / (real)sqrt((double)(ls_row_dot(normal, normal, n) / (real)n) + 1e-5);
  *inverse = s;
  LS_EACH for (int64_t i = 0; i < n; i++) {
    normal[i] *= s;
    y[i] = normal[i] * gain[i] + bias[i];
  }
}

static void layer_norm_forward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  int64_t ldx;
  const real *x = ls_layer_input(layer, pass, &ldx);
  for (int64_t r = lo; r < hi; r++)
    layer_norm_row(x + r * ldx, layer->w, (const real *)layer->w + layer->out, layer->out,
                   (real *)layer->normal + r * layer->ld, (real *)layer->inverse + r,
                   (real *)layer->y + r * layer->ld);
}

/* dx = (g - mean(g) - normal mean(g normal)) / sd with g = d gain. */
LS_CLONES static void layer_norm_row_back(const real *d, const real *gain, const real *normal,
                                          real inverse, int64_t n, real *product, real *below) {
  LS_EACH for (int64_t i = 0; i < n; i++) product[i] = d[i] * normal[i];
  if (!below) return;
  LS_EACH for (int64_t i = 0; i < n; i++) below[i] = d[i] * gain[i];
  const real mean = ls_row_sum(below, n) / (real)n, slope = ls_row_dot(below, normal, n) / (real)n;
  LS_EACH for (int64_t i = 0; i < n; i++) below[i] =
      (below[i] - mean - normal[i] * slope) * inverse;
}

static void layer_norm_backward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  (void)pass;
  for (int64_t r = lo; r < hi; r++) {
    int64_t at = r * layer->ld;
    layer_norm_row_back((const real *)layer->d + at, layer->w, (const real *)layer->normal + at,
                        ((const real *)layer->inverse)[r], layer->out, (real *)layer->product + at,
                        layer->descend ? (real *)layer->below->d + at : NULL);
  }
}

static void layer_norm_gradient(ls_layer *layer, const ls_pass *pass, int thread, int threads) {
  if (thread != layer->number % threads) return;
  ls_weight_gradient gain = ls_layer_gradient(layer, pass, thread, &one, 0, layer->product),
                     bias = ls_layer_gradient(layer, pass, thread, &one, 0, layer->d);
  bias.offset += layer->out;
  layer->gemm->weight_gradient(&gain);
  layer->gemm->weight_gradient(&bias);
}

/* ---- residual: y = x + what `span` layers before gave ---- */

static ls_status residual_shape(ls_layer *layer, const ls_layer_spec *spec) {
  if (spec->span < 1 || spec->span > layer->number)
    return ls_fail(LS_ECONFIG,
                   "layer %d: residual's span must be from 1 to %d, the number of layers before it",
                   layer->number, layer->number);
  layer->span = spec->span;
  layer->out = layer->in;
  return LS_OK;
}

static void residual_forward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  int64_t ldx, lds = layer->source ? layer->source->ld : pass->batch->ldx;
  const real *x = ls_layer_input(layer, pass, &ldx),
             *source = layer->source ? layer->source->y : pass->batch->x;
  for (int64_t r = lo; r < hi; r++)
    for (int64_t i = 0; i < layer->out; i++)
      ((real *)layer->y)[r * layer->ld + i] = x[r * ldx + i] + source[r * lds + i];
}

/* The source gets what is its when its own d is there: model/step.c. */
static void residual_backward(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi) {
  (void)pass;
  if (layer->descend)
    memcpy((real *)layer->below->d + lo * layer->ld, (const real *)layer->d + lo * layer->ld,
           (size_t)((hi - lo) * layer->ld) * sizeof(real));
}

void LS_R(ls_residual_add)(const ls_layer *residual, int64_t lo, int64_t hi) {
  const real *d = residual->d;
  real *to = residual->source->d;
  for (int64_t i = lo * residual->ld; i < hi * residual->ld; i++) to[i] += d[i];
}

const ls_layer_ops LS_R(ls_layers)[] = {
    {"dense", dense_shape, NULL, dense_forward, dense_backward, dense_gradient, dense_piece},
    {"dropout", dropout_shape, dropout_reserve, dropout_forward, dropout_backward, NULL, NULL},
    {"layer_norm", layer_norm_shape, layer_norm_reserve, layer_norm_forward, layer_norm_backward,
     layer_norm_gradient, NULL},
    {"residual", residual_shape, NULL, residual_forward, residual_backward, NULL, NULL},
    {0},
};
