/* loss.h - the loss table: losses of samples, and the gradient at the last layer. Functions:
 * loss_real.c, and per_class_real.c for the one that needs a page. */
#ifndef LS_MODEL_LOSS_H
#define LS_MODEL_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/real.h"
#include "model/model.h"

/* X(name, what its targets are, whether those are counts, last activations it is fused with: the
 * gradient is by z; "" = any, by y, then the chain rule) */
#define LS_LOSSES(X)                                                          \
  X(cross_entropy, LS_TASK_CLASSES, false, "softmax")                         \
  X(binary_cross_entropy, LS_TASK_MULTILABEL, false, "sigmoid")               \
  X(cross_entropy_per_class, LS_TASK_CLASSES, false, "softmax softmax_batch") \
  X(mse, LS_TASK_REGRESSION, false, "")                                       \
  X(half_mse, LS_TASK_REGRESSION, false, "")                                  \
  X(mae, LS_TASK_REGRESSION, false, "")                                       \
  X(huber, LS_TASK_REGRESSION, false, "")                                     \
  X(poisson, LS_TASK_REGRESSION, true, "exp")

/* The last layer seen by a loss. */
typedef struct {
  int64_t n, ld;         /* outputs */
  const void *z, *y;     /* (rows, ld) logits and outputs */
  void *d;               /* (rows, ld) the gradient goes here */
  const int32_t *labels; /* (rows) or NULL */
  void *targets;         /* (rows, n) or NULL */
  const double *weight;  /* (rows) or NULL */
  int64_t total;         /* samples of the whole minibatch */
  bool over_rows; /* softmax_batch: y is normalized over the rows; y may then be NULL for `stats` */
  double *norm;   /* (n) work space for that */
} ls_head;

typedef struct {
  const char *name;
  ls_task task;
  bool counts;
  const char *fused;
  /* Adds the sums of rows [lo, hi) to *stats. over_rows: all rows at once. */
  void (*stats)(const ls_head *head, int64_t lo, int64_t hi, ls_stats *stats);
  /* Rows [lo, hi) of d = gradient of (sum of losses) / total by z where fused, else by y. */
  void (*gradient)(const ls_head *head, int64_t lo, int64_t hi);
} ls_loss;

static inline double ls_head_weight(const ls_head *head, int64_t row) {
  return head->weight ? head->weight[row] : 1.0;
}

/* Targets of rows [lo, hi) that are missing (NaN) become what the network gives: there is no error,
 * and no gradient. Returns the rows, each by the share of its targets that are there. */
double ls_fill_targets_f32(const ls_head *head, int64_t lo, int64_t hi);
double ls_fill_targets_f64(const ls_head *head, int64_t lo, int64_t hi);

/* per_class_real.c */
void ls_per_class_stats_f32(const ls_head *head, int64_t lo, int64_t hi, ls_stats *stats);
void ls_per_class_stats_f64(const ls_head *head, int64_t lo, int64_t hi, ls_stats *stats);
void ls_per_class_gradient_f32(const ls_head *head, int64_t lo, int64_t hi);
void ls_per_class_gradient_f64(const ls_head *head, int64_t lo, int64_t hi);

extern const ls_loss ls_losses_f32[], ls_losses_f64[]; /* end with name NULL */

#endif
