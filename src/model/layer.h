/* layer.h - what a kind of layer is, and the stack; private to this room. The kinds are in
 * layers_real.c, the step through the stack in step.c.
 *
 * A layer computes y from the y of the layer below (or the batch), rows [lo, hi) at a time, and on
 * the way back d below from its own d: gradients of the loss by y. Rows never meet, so threads
 * share them out. What needs all rows, the gradient of the parameters, comes last. */
#ifndef LS_MODEL_LAYER_H
#define LS_MODEL_LAYER_H

#include <stddef.h>

#include "base/mem.h"
#include "model/activation.h"
#include "model/gemm.h"
#include "model/loss.h"
#include "model/model.h"

typedef struct ls_layer ls_layer;

/* Counts what a model needs while base is NULL, then hands it out. */
typedef struct {
  char *base;
  size_t used;
} ls_layer_arena;
/* *slot = count zeroed numbers on their own cache lines. */
void ls_layer_arena_take(ls_layer_arena *arena, void *slot, int64_t count, size_t size);

/* A step as the layers see it. */
typedef struct {
  const ls_batch *batch;
  bool training;
  uint64_t seed;
  const int64_t *slice_at; /* of all slices of the minibatch, where shares lie apart; or NULL */
  int parts;
  const ls_tree_node *node;
  void *const *grad;
  void *work; /* forward and backward: (rows, LS_GEMM_WORK); gradient: (threads, work_size bytes) */
  size_t work_size;
} ls_pass;

typedef struct {
  const char *name;
  /* Sets out, activation, tensors and whatever of its own from the spec; `in` is known. */
  ls_status (*shape)(ls_layer *layer, const ls_layer_spec *spec);
  void (*reserve)(ls_layer *layer, ls_layer_arena *arena,
                  int64_t rows); /* work space beside y, z, d; NULL: none */
  void (*forward)(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi);
  /* Makes below->d if `descend`. */
  void (*backward)(ls_layer *layer, const ls_pass *pass, int64_t lo, int64_t hi);
  /* What this thread makes of it, over all rows; NULL: no parameters. */
  void (*gradient)(ls_layer *layer, const ls_pass *pass, int thread, int threads);
  /* Of the parameters [lo, hi) of one tensor alone, over the only part of `pass`; where they are in
   * `to`, which has room for a row of W more on each side. NULL: never deferred. */
  const void *(*piece)(ls_layer *layer, const ls_pass *pass, int thread, int64_t lo, int64_t hi,
                       void *to);
} ls_layer_ops;

struct ls_layer {
  const ls_layer_ops *ops;
  int number;
  ls_dtype precision;
  const ls_gemm *gemm;
  ls_layer *below;           /* NULL: the batch */
  int64_t in, out, ldin, ld; /* widths and leading dimensions below and here; ldin is the batch's
                                for the first layer */
  const ls_activation *activation;
  int64_t group; /* how many of its outputs belong together: those of one target, or all */
  bool fused;    /* d comes from the loss and is by z already */
  bool keeps_z;  /* z has its own place; else z is y */
  bool frozen;   /* no gradient of its parameters is made */
  bool deferred; /* its gradient is made piece by piece where it is used: defer.c */
  bool descend;  /* some layer below has parameters that are trained: it needs its d */
  int tensors;   /* 0 or 2: the tensors [0, 2) lie one after the other at `offset` */
  ls_tensor tensor[2];
  int64_t offset;
  void *z, *y, *d;  /* (rows, ld) */
  const void *w;    /* its first tensor, where the caller has it */
  double rate;      /* dropout */
  void *mask;       /* (rows, ld) dropout: 0 or 1/(1-rate) */
  ls_layer *source; /* residual: whose y it adds; NULL: the batch */
  int64_t span;
  /* layer_norm: (rows, ld) normalized x, (rows, ld) d * normal, (rows) 1 / standard deviation */
  void *normal, *product, *inverse;
};

struct ls_model {
  ls_dtype precision;
  int layers;
  ls_layer *layer;
  /* Of a model for derivatives by the inputs: they, as the layer below all others; else NULL. */
  ls_layer *batch;
  int64_t inputs, parameters;
  int64_t outputs; /* `heads` for each target */
  int64_t trained; /* parameters of layers that are not frozen */
  int tensors;
  ls_tensor *tensor;
  const ls_loss *loss;
  int heads, value; /* outputs of a target; which of them errors are of (ls_loss_value) */
  double quantile[LS_QUANTILES_MAX]; /* (heads) of the loss quantile */
  const ls_loss_ops *own;            /* of the loss plugin; NULL: not loaded */
  const ls_gemm *gemm;               /* of all its layers */
  const char *products;              /* what makes the bits of its products */
  int slices;
  ls_team *team;
  void *memory; /* that the arena has handed out */
  void *work;   /* (threads, work_size bytes) for gradients */
  size_t work_size;
  void *scratch;                /* (2, ld) logits and outputs of one row */
  double *norm;                 /* (outputs) */
  struct ls_deferral *deferral; /* defer.c; NULL: every gradient is made after the backward pass */
};

/* Where y and d of the layers lie: where other ranks read them, in the common memory, rows of all
 * ranks one share after the other; else in `own`. begin: from the common memory's start again;
 * bytes: what has been taken of it since. */
void ls_deferral_begin(const ls_model *model);
size_t ls_deferral_bytes(const ls_model *model);
void ls_deferral_take(const ls_model *model, ls_layer_arena *own, void *slot, int64_t rows,
                      int64_t ld);
void ls_deferral_free(ls_model *model);
int64_t ls_deferral_rows(const ls_model *model); /* of the minibatch; 0: none is deferred */

static inline const ls_layer *ls_model_last(const ls_model *model) {
  return &model->layer[model->layers - 1];
}

extern const ls_layer_ops ls_layers_f32[], ls_layers_f64[]; /* end with name NULL */

/* Adds a residual layer's d to its source's, rows [lo, hi), when the latter is complete otherwise.
 */
void ls_residual_add_f32(const ls_layer *residual, int64_t lo, int64_t hi);
void ls_residual_add_f64(const ls_layer *residual, int64_t lo, int64_t hi);

#ifdef LS_REAL_BITS
/* Where the rows end that a product takes together, of those from r on: with the slice, or as many
 * as the caches like. */
static inline int64_t ls_layer_rows_end(const ls_layer *layer, const ls_pass *pass, int64_t r,
                                        int64_t hi) {
  const int64_t *row = pass->batch->slice_row;
  if (!layer->gemm->by_slices) return hi - r < LS_GEMM_ROWS ? hi : r + LS_GEMM_ROWS;
  while (*row <= r) row++;
  return *row;
}

/* The y of the layer below, or the batch. */
static inline const real *ls_layer_input(const ls_layer *layer, const ls_pass *pass, int64_t *ld) {
  *ld = layer->below ? layer->below->ld : pass->batch->ldx;
  return layer->below ? layer->below->y : pass->batch->x;
}
#endif

/* Fields of the gradient of one tensor from x and d that every layer fills in the same way. */
static inline ls_weight_gradient ls_layer_gradient(const ls_layer *layer, const ls_pass *pass,
                                                   int thread, const void *x, int64_t ldx,
                                                   const void *d) {
  return (ls_weight_gradient){.lo = 0,
                              .hi = 1,
                              .n = layer->out,
                              .x = x,
                              .ldx = ldx,
                              .d = d,
                              .ldd = layer->ld,
                              .slice_row = pass->batch->slice_row,
                              .slice_at = pass->slice_at,
                              .slice_lo = pass->batch->slice_lo,
                              .parts = pass->parts,
                              .node = pass->node,
                              .grad = pass->grad,
                              .offset = layer->offset,
                              .work = (char *)pass->work + (size_t)thread * pass->work_size};
}

#endif
