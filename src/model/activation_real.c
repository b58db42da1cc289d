/* activation_real.c - y = f(z) and its chain rule. Written so that NaN stays NaN. */
#include "base/vmath.h"
#include "model/activation.h"

#define ELEMENTWISE(name, value, slope)                                                         \
  LS_CLONES static void name##_forward(void *y_, const void *z_, int64_t rows, int64_t n,       \
                                       int64_t group, int64_t ld) {                             \
    (void)n, (void)group;                                                                       \
    real *y = y_;                                                                               \
    const real *z_row = z_;                                                                     \
    LS_EACH for (int64_t i = 0; i < rows * ld; i++) {                                           \
      const real z = z_row[i];                                                                  \
      y[i] = value;                                                                             \
    }                                                                                           \
  }                                                                                             \
  LS_CLONES static void name##_backward(void *d_, const void *y_, const void *z_, int64_t rows, \
                                        int64_t n, int64_t group, int64_t ld) {                 \
    (void)n, (void)group;                                                                       \
    real *d = d_;                                                                               \
    const real *y_row = y_, *z_row = z_ ? z_ : y_;                                              \
    LS_EACH for (int64_t i = 0; i < rows * ld; i++) {                                           \
      const real y = y_row[i], z = z_row[i], g = d[i];                                          \
      (void)y, (void)z;                                                                         \
      d[i] = slope;                                                                             \
    }                                                                                           \
  }

static const real leak = (real)0.01;

LS_INLINE real magnitude(real x) { return x < 0 ? -x : x; }

LS_INLINE real sigmoid_of(real z) {
  real e = ls_exp(-magnitude(z));
  return (z < 0 ? e : 1) / (1 + e);
}

LS_INLINE real softplus_of(real z) { return (z < 0 ? 0 : z) + ls_log1p(ls_exp(-magnitude(z))); }

LS_INLINE real elu_of(real z) {
  real below = z < 0 ? z : 0;
  return z < 0 ? ls_expm1(below) : z;
}

/* Phi(z) = erfc(-z / sqrt 2) / 2, the normal distribution function. */
LS_INLINE real phi_of(real z) {
  real half = (real)0.5 * ls_erfc(magnitude(z) * (real)0.70710678118654752440);
  return z > 0 ? 1 - half : half;
}
LS_INLINE real gelu_slope(real z) {
  return phi_of(z) + z * ((real)0.39894228040143267794 * ls_exp((real)-0.5 * z * z));
}

ELEMENTWISE(relu, z < 0 ? 0 : z, y <= 0 ? 0 : g)
ELEMENTWISE(leaky_relu, z < 0 ? leak * z : z, y < 0 ? leak * g : g)
ELEMENTWISE(elu, elu_of(z), y < 0 ? g * (y + 1) : g)
ELEMENTWISE(tanh, ls_tanh(z), g *(1 - y * y))
ELEMENTWISE(sigmoid, sigmoid_of(z), g *(y *(1 - y)))
ELEMENTWISE(softplus, softplus_of(z), g *sigmoid_of(z))
ELEMENTWISE(exp, ls_exp(z), g *y)
ELEMENTWISE(gelu, z *phi_of(z), g *gelu_slope(z))

static void linear_forward(void *y, const void *z, int64_t rows, int64_t n, int64_t group,
                           int64_t ld) {
  (void)n, (void)group;
  if (y != z) memcpy(y, z, (size_t)(rows * ld) * sizeof(real));
}
static void linear_backward(void *d, const void *y, const void *z, int64_t rows, int64_t n,
                            int64_t group, int64_t ld) {
  (void)d, (void)y, (void)z, (void)rows, (void)n, (void)group, (void)ld;
}

LS_CLONES static void softmax_row(real *y, const real *z, int64_t n) {
  const real top = z[ls_row_argmax(z, n)];
  LS_EACH for (int64_t i = 0; i < ls_padded(n); i++) y[i] = ls_exp(z[i] - top);
  const real sum = ls_row_sum(y, n);
  LS_EACH for (int64_t i = 0; i < ls_padded(n); i++) y[i] /= sum;
}
static void softmax_forward(void *y, const void *z, int64_t rows, int64_t n, int64_t group,
                            int64_t ld) {
  (void)group;
  for (int64_t r = 0; r < rows; r++) softmax_row((real *)y + r * ld, (const real *)z + r * ld, n);
}

/* dL/dz_i = y_i (g_i - sum_j g_j y_j) */
LS_CLONES static void softmax_backward(void *d_, const void *y_, const void *z, int64_t rows,
                                       int64_t n, int64_t group, int64_t ld) {
  (void)z, (void)group;
  real *d = d_;
  const real *y = y_;
  for (int64_t r = 0; r < rows; r++, d += ld, y += ld) {
    const real mean = ls_row_dot(d, y, n);
    LS_EACH for (int64_t i = 0; i < ls_padded(n); i++) d[i] = y[i] * (d[i] - mean);
  }
}

/* Of each group the first is what it is, and each other one more than the one before it by what
 * cannot be below 0. */
static void ascending_forward(void *y_, const void *z_, int64_t rows, int64_t n, int64_t group,
                              int64_t ld) {
  real *y = y_;
  const real *z = z_;
  for (int64_t r = 0; r < rows; r++, y += ld, z += ld)
    for (int64_t i = 0; i < n; i++) y[i] = i % group == 0 ? z[i] : y[i - 1] + softplus_of(z[i]);
}
static void ascending_backward(void *d_, const void *y, const void *z_, int64_t rows, int64_t n,
                               int64_t group, int64_t ld) {
  (void)y;
  real *d = d_;
  const real *z = z_;
  for (int64_t r = 0; r < rows; r++, d += ld, z += ld) {
    real sum = 0; /* of this one's gradient and those behind it */
    for (int64_t i = n - 1; i >= 0; i--) {
      sum += d[i];
      d[i] = i % group == 0 ? sum : sum * sigmoid_of(z[i]);
      if (i % group == 0) sum = 0;
    }
  }
}

/* Of each two the first is what it is, the second is above 0. */
static void mean_variance_forward(void *y_, const void *z_, int64_t rows, int64_t n, int64_t group,
                                  int64_t ld) {
  (void)group;
  real *y = y_;
  const real *z = z_;
  for (int64_t r = 0; r < rows; r++, y += ld, z += ld)
    for (int64_t i = 0; i < n; i++)
      y[i] = i % 2 == 0 ? z[i] : softplus_of(z[i]) + (real)LS_VARIANCE_LEAST;
}
static void mean_variance_backward(void *d_, const void *y, const void *z_, int64_t rows, int64_t n,
                                   int64_t group, int64_t ld) {
  (void)y, (void)group;
  real *d = d_;
  const real *z = z_;
  for (int64_t r = 0; r < rows; r++, d += ld, z += ld)
    for (int64_t i = 1; i < n; i += 2) d[i] = d[i] * sigmoid_of(z[i]);
}

/* Each column is normalized over the rows: what the chapter's code computes. Sums in double: there
 * may be 70,000 rows. */
static void softmax_batch_forward(void *y_, const void *z_, int64_t rows, int64_t n, int64_t group,
                                  int64_t ld) {
  (void)group;
  real *y = y_;
  const real *z = z_;
  for (int64_t c = 0; c < n && rows > 0; c++) {
    real top = z[c];
    double sum = 0;
    for (int64_t r = 1; r < rows; r++) top = z[r * ld + c] > top ? z[r * ld + c] : top;
    for (int64_t r = 0; r < rows; r++) sum += (double)(y[r * ld + c] = ls_exp(z[r * ld + c] - top));
    for (int64_t r = 0; r < rows; r++) y[r * ld + c] = (real)((double)y[r * ld + c] / sum);
  }
}
/* Only as the last layer, where cross_entropy_per_class gives the gradient by z itself. */
static void softmax_batch_backward(void *d, const void *y, const void *z, int64_t rows, int64_t n,
                                   int64_t group, int64_t ld) {
  (void)d, (void)y, (void)z, (void)rows, (void)n, (void)group, (void)ld;
}

#define ROW(name, needs_z, relu_like, over_rows, help) \
  {#name, needs_z, relu_like, over_rows, name##_forward, name##_backward},
const ls_activation LS_R(ls_activations)[] = {LS_ACTIVATIONS(ROW){0}};
