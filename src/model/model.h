/* model.h - a stack of layers, a loss, and one arena for everything a step needs.
 *
 * Functions: model.c, step.c (forward, backward), defer.c (gradients where they are used), init.c
 * (first weights).
 *
 * The parameters are one flat vector: for each layer with parameters W (in, out) row-major, then b
 * (out). The model holds shapes and work space only; weights and gradients live where the exchange
 * puts them.
 *
 * Bits: every output element is one fused-multiply-add chain over k in ascending order, whatever
 * the tile, the row, the thread or the CPU's vector width; a slice's weight gradient is such a
 * chain over its rows; slices meet in tree.h's order. */
#ifndef LS_MODEL_MODEL_H
#define LS_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/real.h"
#include "base/status.h"
#include "base/team.h"
#include "base/tree.h"
#include "lockstep/loss.h"

typedef struct {
  /* NULL or "dense", "dropout", "layer_norm", "residual": a row of the layer table. */
  const char *type;
  int64_t units;          /* dense: outputs; 0 = `out`: as many as the targets */
  const char *activation; /* dense: a row of the activation table; NULL = linear */
  double rate;            /* dropout: fraction of units dropped, [0, 1) */
  int64_t span; /* residual: y = x + what the layers below the `span` last ones gave, of the same
                   width */
  bool frozen;  /* its parameters stay what they are at the start */
} ls_layer_spec;

enum { LS_LAYERS_MAX = 9999 }; /* numbered NNNN in files */

typedef enum {
  LS_INIT_DEFAULT,
  LS_INIT_HE_NORMAL,
  LS_INIT_HE_UNIFORM,
  LS_INIT_GLOROT_NORMAL,
  LS_INIT_GLOROT_UNIFORM,
  LS_INIT_LECUN_NORMAL,
  LS_INIT_NORMAL,
  LS_INIT_UNIFORM,
  LS_INIT_ZEROS,
  LS_INIT_TRUNCATED_NORMAL,
  LS_INIT_CONSTANT,
  LS_INIT_FILE
} ls_init_kind;

typedef enum { LS_TAKE_ALL, LS_TAKE_FITTING, LS_TAKE_LISTED } ls_init_take;

typedef struct {
  ls_init_kind kind;
  double scale; /* normal, uniform: standard deviation, half-width; truncated_normal: stddev (0 if
                   fan_in_gain is given) */
  double fan_in_gain; /* truncated_normal: stddev = gain / sqrt(fan_in) */
  double value;       /* constant */
  char *file;         /* file: the caller reads it (the model opens no files) */
  ls_init_take take;  /* which layers it takes from there; the others are drawn as by default */
  char **layers;      /* LS_TAKE_LISTED: "0", "2-4", ..., NULL */
} ls_init_spec;

/* Does the spec take this layer from its file, if it fits? */
bool ls_init_takes(const ls_init_spec *init, int layer);

typedef struct {
  int layer;          /* NNNN of /model/NNNN: counts every layer, also those without parameters */
  char name[16];      /* "W", "b" (layer_norm: "gain", "b") */
  int64_t rows, cols; /* W: (in, out); b: (out) with rows = 1 */
  int64_t offset;     /* of its first element in the flat vector */
  bool frozen;        /* no gradient is made for it, and no update changes it */
} ls_tensor;

typedef enum { LS_TASK_CLASSES, LS_TASK_MULTILABEL, LS_TASK_REGRESSION } ls_task;

enum { LS_QUANTILES_MAX = 64 };
typedef struct {
  const char *name;
  int quantiles;          /* of the loss quantile: how many it has for each target */
  const double *quantile; /* (quantiles) in (0, 1), ascending */
  const ls_loss_ops *own; /* of the loss plugin; NULL: not loaded, and its losses are no numbers */
} ls_loss_spec;

typedef struct ls_model ls_model;

extern const char *const ls_activation_names[]; /* NULL-terminated */
extern const char *const ls_loss_names[];       /* NULL-terminated */
extern const char *const ls_layer_names[];      /* NULL-terminated */
/* A line on each: a sample's loss, or y from z; NULL: there is none of that name. */
const char *ls_loss_help(const char *name);
const char *ls_activation_help(const char *name);
ls_task ls_loss_task(const char *loss);        /* which kind of target a loss takes */
bool ls_loss_counts(const char *loss);         /* of regression: numbers >= 0, never scaled */
int ls_loss_heads(const ls_loss_spec *loss);   /* outputs for each target, one after the other */
bool ls_loss_gives_variance(const char *loss); /* a mean, and behind it a variance */
bool ls_loss_is_variance(const char *loss, int64_t output); /* is that output one? */
/* Which of a target's outputs is its value, that errors are of: the only one, the mean, the median;
 * -1: there is no median among its quantiles. */
int ls_loss_value(const ls_loss_spec *loss);

/* inputs: features of the data; targets: classes or target columns. LS_ECONFIG with a text for what
 * does not fit together (cross_entropy without softmax, softmax_batch with slices != 1, last
 * layer's width against `targets` ...). */
ls_status ls_model_new(const ls_layer_spec *layer, int layers, const ls_loss_spec *loss,
                       int64_t inputs, int64_t targets, int slices, ls_dtype precision,
                       ls_model **out);
void ls_model_free(ls_model **model);

int64_t ls_model_parameters(const ls_model *model);
const ls_tensor *ls_model_tensors(const ls_model *model, int *count);
int64_t ls_model_outputs(const ls_model *model);
int64_t ls_model_group(const ls_model *model); /* how many of them belong together (activation.h) */
/* softmax_batch: a row's output depends on the other rows. */
bool ls_model_couples_samples(const ls_model *model);
ls_dtype ls_model_precision(const ls_model *model);
/* What makes the bits of its products: "own", or a BLAS with its kernel. */
const char *ls_model_products(const ls_model *model);
/* What makes them on this CPU: "avx512", "avx2", "neon", "portable" (LOCKSTEP_KERNEL overrides),
 * which give the same bits; or that BLAS. */
const char *ls_model_kernel(const ls_model *model);
size_t ls_model_bytes(const ls_model *model, int64_t rows); /* what reserve(rows) takes */
/* Floating-point operations of one sample, forward and backward. */
double ls_model_flops(const ls_model *model);

/* Initial weights of flat elements [lo, hi), written to w[lo..hi) ((n) real): a function of seed,
 * tensor and index only. LS_INIT_FILE is as LS_INIT_DEFAULT: for layers that the file has not. */
void ls_model_init(const ls_model *model, const ls_init_spec *init, uint64_t seed, void *w,
                   int64_t lo, int64_t hi);

/* Products by the system's BLAS instead of our own. Before ls_model_reserve. */
ls_status ls_model_use_blas(ls_model *model);
/* The model is for derivatives by the inputs, not for training. Before ls_model_reserve. */
ls_status ls_model_derive(ls_model *model);
/* ---- defer.c: gradients of weights that are made where they are used, from all rows of the
 * minibatch that a node has ---- */

enum { LS_DEFER_WIDTH = 1024 }; /* outputs of a deferred layer, at most */
/* Choose the layers whose gradient is better made so, by their sizes alone: minibatches of `batch`
 * rows, dealt out to `ranks` ranks of which this is number `rank`, with room for `rows` each.
 * Before ls_model_reserve. */
ls_status ls_model_defer(ls_model *model, int64_t batch, int64_t rows, int ranks, int rank);
bool ls_model_defers(const ls_model *model, int tensor); /* is its gradient made so? -1: of any */
/* The memory that the ranks share for it: its bytes, 0 for one rank; and where it is, before
 * ls_model_reserve. */
size_t ls_model_common_bytes(const ls_model *model);
void ls_model_common(ls_model *model, void *memory);
/* This rank's rows of the minibatch in it, (rows, ld) real, for the batch's x; NULL: none. */
void *ls_model_common_x(const ls_model *model);
/* Bytes of the other ranks' rows that a rank reads a step, and how many parameters that is for. */
int64_t ls_model_gathered(const ls_model *model, int64_t *parameters);
/* The same as it would be if ls_model_defer were asked for so many. */
int64_t ls_model_would_gather(const ls_model *model, int64_t batch, int ranks, int64_t *parameters);
/* Behind the exchange's reduce: where the rows of all ranks lie, for ls_model_piece. Moves no data;
 * does nothing where no layer is deferred. */
void ls_model_join(ls_model *model, const ls_batch *batch);
/* From here on: the gradient of parameters [lo, lo + n) of one such tensor, over all ranks; in
 * scratch, which has room for n and 2 * LS_DEFER_WIDTH more. The same bits as the sum of parts. */
const void *ls_model_piece(ls_model *model, int tensor, int64_t lo, int64_t n, int thread,
                           void *scratch);

/* Work space for shares of up to `rows` rows; team may be NULL. Once, before the loop. */
ls_status ls_model_reserve(ls_model *model, int64_t rows, ls_team *team);
/* Where the weights are ((n) real). They are read in place, so they must not change between a
 * forward pass and its backward pass. */
void ls_model_load(ls_model *model, const void *w);
/* Forward through the whole share. training: dropout is active. (seed for dropout's counters.) */
void ls_model_forward(ls_model *model, const ls_batch *batch, bool training, uint64_t seed);
/* Instead of it, once for each layer, the first one first. The same bits. */
void ls_model_ascend(ls_model *model, const ls_batch *batch, int layer, bool training,
                     uint64_t seed);
/* Output after forward: activations of the last layer (rows, ld) real, e.g. probabilities. */
const void *ls_model_output(ls_model *model, int64_t *ld);
/* Logits after forward: (rows, ld) real before the last activation. */
const void *ls_model_logits(ls_model *model, int64_t *ld);
/* Other outputs instead, y (rows, outputs): probabilities of a softmax or sigmoid get logits that
 * give them. For ls_model_stats. */
void ls_model_set_output(ls_model *model, int64_t rows, const double *y);
/* The same of a layer below the last, (rows, ld) of which (rows, width) count; NULL: there is none
 * of this number. */
const void *ls_model_hidden(const ls_model *model, int layer, int64_t *width, int64_t *ld);
/* Losses and metrics after forward: stats[i] gets the sums of slice slice_lo + i. Of a masked batch
 * the targets that are missing become the network's outputs: before the backward pass. */
void ls_model_stats(ls_model *model, const ls_batch *batch, ls_stats *stats);
/* The same from logits kept by the caller: `rows` rows at once, for evaluation of softmax_batch
 * over a whole set. */
void ls_model_head_stats(const ls_model *model, const void *logits, int64_t ld, int64_t rows,
                         const int32_t *labels, ls_stats *stats);
/* After that, of softmax_batch: (outputs) what a sample's logit exceeds log p by, for all samples
 * of that set. */
const double *ls_model_norm(const ls_model *model);
/* Backward after forward: the gradients of (sum of losses / batch->total) by each layer's outputs.
 * The last reader of the weights. */
void ls_model_backward(ls_model *model, const ls_batch *batch);
/* After forward, of a model for derivatives: those of output number `output` of each row by the
 * row's inputs, (rows, *ld) real, until the next call. */
const void *ls_model_slopes(ls_model *model, const ls_batch *batch, int64_t output, int64_t *ld);
/* After backward, by the parameters: for each part i, grad[i] (n real) = tree sum over node[i]'s
 * slices. */
void ls_model_gradient(ls_model *model, const ls_batch *batch, int parts, const ls_tree_node *node,
                       void *const *grad);
/* Instead of both, once for each layer, the last one first: from the parameter that is returned on,
 * gradients are there. The same bits. */
int64_t ls_model_descend(ls_model *model, const ls_batch *batch, int layer, int parts,
                         const ls_tree_node *node, void *const *grad);
/* Layers; at (layers): where the parameters of each begin, NULL: not asked for. */
int ls_model_layers(const ls_model *model, int64_t *at);

#endif
