/* loss.h - the loss table: losses of samples, and the gradient at the last layer. Functions:
 * loss_real.c, and per_class_real.c for the one that needs a page. */
#ifndef LS_MODEL_LOSS_H
#define LS_MODEL_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/real.h"
#include "model/model.h"

/* X(name, what its targets are, whether those are counts, outputs for each target (0: as many as
 * there are quantiles), whether its gradient is by z (else by y, then the chain rule), last
 * activations that it takes; "" = any, a sample's loss in a line of help) */
#define LS_LOSSES(X)                                                                            \
  X(cross_entropy, LS_TASK_CLASSES, false, 1, true, "softmax",                                  \
    "-ln of the probability of the sample's class")                                             \
  X(binary_cross_entropy, LS_TASK_MULTILABEL, false, 1, true, "sigmoid",                        \
    "mean over the outputs of -t ln y - (1 - t) ln(1 - y)")                                     \
  X(cross_entropy_per_class, LS_TASK_CLASSES, false, 1, true, "softmax softmax_batch",          \
    "that mean over the classes, t 1 for the sample's own and 0 else")                          \
  X(mse, LS_TASK_REGRESSION, false, 1, false, "", "mean over the outputs of (y - t)^2")         \
  X(half_mse, LS_TASK_REGRESSION, false, 1, false, "", "sum over the outputs of (y - t)^2 / 2") \
  X(mae, LS_TASK_REGRESSION, false, 1, false, "", "mean over the outputs of |y - t|")           \
  X(huber, LS_TASK_REGRESSION, false, 1, false, "",                                             \
    "mean of (y - t)^2 / 2 up to |y - t| = 1, of |y - t| - 1/2 above (Huber 1964)")             \
  X(poisson, LS_TASK_REGRESSION, true, 1, true, "exp",                                          \
    "mean of y - t + t ln(t / y), half the deviance; t are counts, y their mean")               \
  X(gaussian_nll, LS_TASK_REGRESSION, false, 2, false, "mean_variance",                         \
    "mean of (ln(2 pi v) + (y - t)^2 / v) / 2; outputs: mean y and variance v")                 \
  X(quantile, LS_TASK_REGRESSION, false, 0, false, "ascending",                                 \
    "mean of q (t - y) below the target and (1 - q)(y - t) above (Koenker 1978)")               \
  X(plugin, LS_TASK_REGRESSION, false, 1, false, "", "one of your own (loss_file)")

/* The last layer seen by a loss. */
typedef struct {
  int64_t n, ld; /* outputs: `heads` for each target, one after the other */
  int heads;
  int value; /* of a target's outputs, the one that errors are of; -1: none (ls_loss_value) */
  const double *quantile; /* (heads), or NULL */
  const void *z, *y;      /* (rows, ld) logits and outputs */
  void *d;                /* (rows, ld) the gradient goes here */
  const int32_t *labels;  /* (rows) or NULL */
  void *targets;          /* (rows, n / heads) or NULL */
  const double *weight;   /* (rows) or NULL */
  int64_t total;          /* samples of the whole minibatch */
  bool over_rows; /* softmax_batch: y is normalized over the rows; y may then be NULL for `stats` */
  double *norm;   /* (n) work space for that */
  const ls_loss_ops *own; /* the loss plugin's; NULL: not loaded */
} ls_head;

typedef struct {
  const char *name;
  ls_task task;
  bool counts;
  int heads;
  bool by_z;
  const char *last;
  /* Adds the sums of rows [lo, hi) to *stats. over_rows: all rows at once. */
  void (*stats)(const ls_head *head, int64_t lo, int64_t hi, ls_stats *stats);
  /* Rows [lo, hi) of d = gradient of (sum of losses) / total by z where by_z, else by y. */
  void (*gradient)(const ls_head *head, int64_t lo, int64_t hi);
} ls_loss;

static inline double ls_head_weight(const ls_head *head, int64_t row) {
  return head->weight ? head->weight[row] : 1.0;
}

/* Targets of rows [lo, hi) that are missing (NaN) become what the network gives: there is no error,
 * and no gradient. Not of several outputs: their loss passes over what is missing. Returns the
 * rows, each by the fraction of its targets that are there. */
double ls_fill_targets_f32(const ls_head *head, int64_t lo, int64_t hi);
double ls_fill_targets_f64(const ls_head *head, int64_t lo, int64_t hi);

/* per_class_real.c */
void ls_per_class_stats_f32(const ls_head *head, int64_t lo, int64_t hi, ls_stats *stats);
void ls_per_class_stats_f64(const ls_head *head, int64_t lo, int64_t hi, ls_stats *stats);
void ls_per_class_gradient_f32(const ls_head *head, int64_t lo, int64_t hi);
void ls_per_class_gradient_f64(const ls_head *head, int64_t lo, int64_t hi);

extern const ls_loss ls_losses_f32[], ls_losses_f64[]; /* end with name NULL */

#endif
