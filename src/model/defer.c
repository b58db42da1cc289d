/* defer.c - gradients that are never stored. Instead of each rank's writing the gradient of all
 * weights over its rows, for others to read and add up, the ranks of a node read one another's
 * activations: whoever updates a piece of the weights makes that piece's gradient over all rows of
 * the minibatch, in the slices' tree, just before it is used. The same additions, so the same bits;
 * on one rank it saves storing and reading the gradient. */
#include <assert.h>
#include <string.h>

#include "model/layer.h"

enum {
  CACHED = 512 << 10, /* bytes of d that stay in the second-level cache from piece to piece */
  FAR = 4,            /* what a number read from another core's cache costs, in own ones */
  WORTH = 1 << 16     /* weights of a layer from which on a single rank's gradient costs memory */
};

struct ls_deferral {
  int64_t batch, rows; /* of the minibatch; places for a rank's share */
  int ranks, rank;
  ls_layer_arena common; /* base NULL: one rank, or not there yet */
  void *x;
  ls_batch joined;               /* the running minibatch, with all of its slices */
  int64_t *slice_row, *slice_at; /* (slices + 1) */
  ls_tree_node root;
};

/* What it is worth in numbers moved: instead of each rank's gradient, written, read and added up,
 * each reads the others' d, and of their x what belongs to its rows of W. These come from another
 * core's cache (bench/README.md has what was measured on both sides). */
static int64_t moved(const ls_layer *l, int64_t batch, int ranks) {
  return FAR * batch * (l->in / ranks + l->out) - 3 * l->in * l->out;
}

static bool fits(const ls_layer *l, int64_t batch, int ranks) {
  const bool can = l->ops->piece && !l->frozen && !l->gemm->by_slices && l->out <= LS_DEFER_WIDTH;
  const bool cached = batch * l->ld * (int64_t)ls_dtype_size(l->precision) <= CACHED;
  const bool worth = ranks > 1 || l->in * l->out >= WORTH;
  return can && cached && worth;
}

/* On several ranks: all layers that fit, or none. */
static bool pays(const ls_model *model, int64_t batch, int ranks) {
  int64_t sum = 0;
  for (int i = 0; i < model->layers; i++)
    if (fits(&model->layer[i], batch, ranks)) sum += moved(&model->layer[i], batch, ranks);
  return ranks == 1 || sum < 0;
}

static bool choose(ls_model *model, int64_t batch, int ranks) {
  const bool worth = pays(model, batch, ranks);
  bool any = false;
  for (int i = 0; i < model->layers; i++) {
    ls_layer *l = &model->layer[i];
    l->deferred = worth && fits(l, batch, ranks);
    any |= l->deferred;
  }
  return any;
}

ls_status ls_model_defer(ls_model *model, int64_t batch, int64_t rows, int ranks, int rank) {
  assert(!model->memory && !model->deferral);
  if (!choose(model, batch, ranks)) return LS_OK;
  struct ls_deferral *d;
  LS_NEW(d, 1);
  model->deferral = d;
  *d = (struct ls_deferral){.batch = batch, .rows = rows, .ranks = ranks, .rank = rank};
  d->root = (ls_tree_node){.lo = 0, .hi = model->slices};
  while (1 << d->root.level < model->slices) d->root.level++;
  LS_NEW(d->slice_row, model->slices + 1);
  LS_NEW(d->slice_at, model->slices + 1);
  return LS_OK;
}

void ls_deferral_free(ls_model *model) {
  if (!model->deferral) return;
  LS_FREE(model->deferral->slice_row);
  LS_FREE(model->deferral->slice_at);
  LS_FREE(model->deferral);
}

bool ls_model_defers(const ls_model *model, int tensor) {
  if (tensor < 0) return model->deferral != NULL;
  return model->layer[model->tensor[tensor].layer].deferred;
}

int64_t ls_deferral_rows(const ls_model *model) {
  return model->deferral ? model->deferral->batch : 0;
}

/* ---- where rows lie that others read ---- */

static bool is_common(const ls_model *model) {
  return model->deferral && model->deferral->ranks > 1;
}

void ls_deferral_take(const ls_model *model, ls_layer_arena *own, void *slot, int64_t rows,
                      int64_t ld) {
  const size_t size = ls_dtype_size(model->precision);
  struct ls_deferral *d = model->deferral;
  if (!is_common(model)) {
    ls_layer_arena_take(own, slot, rows * ld, size);
    return;
  }
  char *all = NULL;
  ls_layer_arena_take(&d->common, &all, d->ranks * d->rows * ld, size);
  if (!all) return;
  char *mine = all + (size_t)(d->rank * d->rows * ld) * size;
  memcpy(slot, &mine, sizeof mine);
}

void ls_deferral_begin(const ls_model *model) {
  if (!is_common(model)) return;
  struct ls_deferral *d = model->deferral;
  d->common.used = 0;
  ls_deferral_take(model, NULL, &d->x, d->rows, model->layer[0].ldin);
}

size_t ls_deferral_bytes(const ls_model *model) {
  return is_common(model) ? model->deferral->common.used : 0;
}

void ls_model_common(ls_model *model, void *memory) {
  if (is_common(model)) model->deferral->common.base = memory;
}

void *ls_model_common_x(const ls_model *model) {
  return is_common(model) ? model->deferral->x : NULL;
}

/* What one rank's row of a layer's x and d has for another. */
static int64_t columns(const ls_layer *l, int ranks, int64_t *parameters) {
  *parameters += (l->in + 1) * l->out;
  return l->in / ranks + l->out;
}

static int64_t gathered_bytes(const ls_model *model, int64_t columns_all, int64_t batch,
                              int ranks) {
  return (batch - batch / ranks) * columns_all * (int64_t)ls_dtype_size(model->precision);
}

int64_t ls_model_gathered(const ls_model *model, int64_t *parameters) {
  const struct ls_deferral *d = model->deferral;
  int64_t all = 0;
  *parameters = 0;
  if (!d) return 0;
  for (int i = 0; i < model->layers; i++)
    if (model->layer[i].deferred) all += columns(&model->layer[i], d->ranks, parameters);
  return gathered_bytes(model, all, d->batch, d->ranks);
}

int64_t ls_model_would_gather(const ls_model *model, int64_t batch, int ranks,
                              int64_t *parameters) {
  int64_t all = 0;
  *parameters = 0;
  if (ranks == 1 || !pays(model, batch, ranks)) return 0;
  for (int i = 0; i < model->layers; i++)
    if (fits(&model->layer[i], batch, ranks)) all += columns(&model->layer[i], ranks, parameters);
  return gathered_bytes(model, all, batch, ranks);
}

/* ---- at work ---- */

/* A share's rows follow one another, from its rank's place on; slice_at counts from this rank's. */
static void place_slices(struct ls_deferral *d, const ls_batch *batch) {
  for (int r = 0; r < d->ranks; r++) {
    const int lo = ls_tree_first(batch->slices, d->ranks, r),
              hi = ls_tree_first(batch->slices, d->ranks, r + 1);
    const int64_t first = ls_tree_row(batch->total, batch->slices, lo);
    for (int s = lo; s < hi; s++) {
      d->slice_row[s] = ls_tree_row(batch->total, batch->slices, s);
      d->slice_at[s] = (r - d->rank) * d->rows + d->slice_row[s] - first;
    }
  }
  d->slice_row[batch->slices] = batch->total;
}

void ls_model_join(ls_model *model, const ls_batch *batch) {
  struct ls_deferral *d = model->deferral;
  if (!d) return;
  d->joined = *batch;
  place_slices(d, batch);
  d->joined.slice_row = d->slice_row;
  d->joined.slice_lo = 0;
  d->joined.slice_hi = batch->slices;
}

const void *ls_model_piece(ls_model *model, int tensor, int64_t lo, int64_t n, int thread,
                           void *scratch) {
  const struct ls_deferral *d = model->deferral;
  ls_layer *layer = &model->layer[model->tensor[tensor].layer];
  const ls_pass pass = {.batch = &d->joined,
                        .training = true,
                        .slice_at = d->ranks > 1 ? d->slice_at : NULL,
                        .parts = 1,
                        .node = &d->root,
                        .work = model->work,
                        .work_size = model->work_size};
  return layer->ops->piece(layer, &pass, thread, lo, lo + n, scratch);
}
