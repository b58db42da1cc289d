/* activation.h - the activation table. Rows of a matrix with a padded leading dimension;
 * elementwise ones also run over the padding, which nobody reads. */
#ifndef LS_MODEL_ACTIVATION_H
#define LS_MODEL_ACTIVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/real.h"

/* X(name, its backward pass needs z, he_normal is its default initialization, it normalizes over
 * the rows, y as help says it) */
#define LS_ACTIVATIONS(X)                                                                   \
  X(linear, false, false, false, "z")                                                       \
  X(relu, false, true, false, "max(0, z)")                                                  \
  X(leaky_relu, false, true, false, "z where it is positive, else z / 100")                 \
  X(elu, false, true, false, "z where it is positive, else exp(z) - 1")                     \
  X(tanh, false, false, false, "tanh z")                                                    \
  X(sigmoid, false, false, false, "1 / (1 + exp(-z))")                                      \
  X(softplus, true, true, false, "ln(1 + exp z)")                                           \
  X(exp, false, false, false, "exp z")                                                      \
  X(gelu, true, true, false, "z times the normal distribution function of z")               \
  X(softmax, false, false, false, "exp z over its sum over the sample's outputs")           \
  X(ascending, true, false, false,                                                          \
    "of a target's outputs the first z, each other ln(1 + exp z) more than the one before") \
  X(mean_variance, true, false, false, "of each two outputs z, and ln(1 + exp z) + 10^-6")  \
  X(softmax_batch, false, false, true,                                                      \
    "exp z over its sum over the minibatch's samples, as in "                               \
    "the chapter's code")

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
