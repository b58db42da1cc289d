/* activation.h - the activation table. Rows of a matrix with a padded leading dimension;
 * elementwise ones also run over the padding, which nobody reads. */
#ifndef LS_MODEL_ACTIVATION_H
#define LS_MODEL_ACTIVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/real.h"

/* X(name, its backward pass needs z, he_normal is its default initialization, it normalizes over
 * the rows) */
#define LS_ACTIVATIONS(X)              \
  X(linear, false, false, false)       \
  X(relu, false, true, false)          \
  X(leaky_relu, false, true, false)    \
  X(elu, false, true, false)           \
  X(tanh, false, false, false)         \
  X(sigmoid, false, false, false)      \
  X(softplus, true, true, false)       \
  X(exp, false, false, false)          \
  X(gelu, true, true, false)           \
  X(softmax, false, false, false)      \
  X(ascending, true, false, false)     \
  X(mean_variance, true, false, false) \
  X(softmax_batch, false, false, true)

typedef struct {
  const char *name;
  bool needs_z, relu_like, over_rows;
  /* y = f(z) over (rows, n), both with ld; y may be z. group: how many of the n belong together. */
  void (*forward)(void *y, const void *z, int64_t rows, int64_t n, int64_t group, int64_t ld);
  /* d (gradient by y) becomes the gradient by z. z only where needs_z. */
  void (*backward)(void *d, const void *y, const void *z, int64_t rows, int64_t n, int64_t group,
                   int64_t ld);
} ls_activation;

#define LS_VARIANCE_LEAST 1e-6 /* of mean_variance */

extern const ls_activation ls_activations_f32[], ls_activations_f64[]; /* end with name NULL */

#endif
