/* loss_real.c - losses from logits where that is what keeps them exact, and their gradients. A loss
 * is a pair, name_stats and name_gradient; the table that names them is at the bottom. */
#include <math.h>

#include "base/vmath.h"
#include "model/loss.h"

static double row_weight(const ls_head *h, int64_t r) { return ls_head_weight(h, r); }
/* What a sample's loss counts in the gradient, without the mean over outputs. */
static double row_scale(const ls_head *h, int64_t r) {
  return ls_head_weight(h, r) / (double)h->total;
}

static double soft_loss(const real *z, const real *t, int64_t n, int64_t top, double log_sum) {
  double loss = 0;
  for (int64_t k = 0; k < n; k++) loss += (double)t[k] * ((double)z[top] - (double)z[k] + log_sum);
  return loss;
}

/* loss = log(sum of exp z) - z_label, from the probabilities: their sum but for the largest, over
 * the largest. Of shares t the sum over all k of t_k (log(sum of exp z) - z_k). */
LS_CLONES static void cross_entropy_stats(const ls_head *h, int64_t lo, int64_t hi,
                                          ls_stats *stats) {
  for (int64_t r = lo; r < hi; r++) {
    const real *z = (const real *)h->z + r * h->ld, *p = (const real *)h->y + r * h->ld;
    const int64_t label = h->labels[r], top = ls_row_argmax(z, h->n);
    double rest = 0;
    for (int64_t k = 0; k < h->n; k++) rest += k == top ? 0 : (double)p[k];
    const double log_sum = ls_ln(1 + rest / (double)p[top]);
    const real *t = h->targets ? (const real *)h->targets + r * h->n : NULL;
    stats->loss += row_weight(h, r) * (t ? soft_loss(z, t, h->n, top, log_sum)
                                         : (double)z[top] - (double)z[label] + log_sum);
    stats->correct += top == label && z[top] == z[top];
  }
}

/* p - t, of shares t. */
LS_CLONES static void soft_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  for (int64_t r = lo; r < hi; r++) {
    const real *p = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * h->n;
    real *d = (real *)h->d + r * h->ld;
    const real scale = (real)row_scale(h, r);
    LS_EACH for (int64_t i = 0; i < h->n; i++) d[i] = (p[i] - t[i]) * scale;
  }
}

/* p - onehot; at the label 1 - p as the sum of the others, which keeps its digits when p is
 * nearly 1. */
LS_CLONES static void cross_entropy_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  if (h->targets) {
    soft_gradient(h, lo, hi);
    return;
  }
  for (int64_t r = lo; r < hi; r++) {
    const real *p = (const real *)h->y + r * h->ld;
    real *d = (real *)h->d + r * h->ld;
    const real scale = (real)row_scale(h, r);
    memcpy(d, p, (size_t)h->n * sizeof *d);
    d[h->labels[r]] = 0;
    d[h->labels[r]] = -ls_row_sum(d, h->n);
    LS_EACH for (int64_t i = 0; i < ls_padded(h->n); i++) d[i] *= scale;
  }
}

double LS_R(ls_fill_targets)(const ls_head *h, int64_t lo, int64_t hi) {
  double there = 0;
  const int64_t n = h->n / h->heads;
  for (int64_t r = lo; r < hi; r++) {
    const real *y = (const real *)h->y + r * h->ld;
    real *t = (real *)h->targets + r * n;
    int64_t missing = 0;
    for (int64_t i = 0; i < n; i++) {
      if (t[i] == t[i]) continue;
      if (h->heads == 1) t[i] = y[i];
      missing++;
    }
    there += (double)(n - missing) / (double)n;
  }
  return there;
}

/* Of the value of each target that is there. */
static void errors(const ls_head *h, int64_t r, ls_stats *stats) {
  const int64_t n = h->n / h->heads;
  const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * n;
  for (int64_t i = 0; i < n; i++) {
    if (h->heads > 1 && t[i] != t[i]) continue;
    const double e = (double)y[i * h->heads + h->value] - (double)t[i];
    stats->abs_err += e < 0 ? -e : e;
    stats->sq_err += e * e;
  }
}

/* 1 where the sample's class has the largest of the n values, the first of equals. */
static double class_right(const ls_head *h, int64_t r, const real *v) {
  const int64_t top = ls_row_argmax(v, h->n);
  return top == h->labels[r] && v[top] == v[top];
}

/* max(z, 0) - z t + log(1 + exp(-|z|)): no log of a rounded probability. Right is the class where
 * samples have one, else each output by itself. */
static void binary_cross_entropy_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  for (int64_t r = lo; r < hi; r++) {
    const real *z = (const real *)h->z + r * h->ld, *t = (const real *)h->targets + r * h->n;
    double loss = 0, right = 0;
    for (int64_t i = 0; i < h->n; i++) {
      const real size = z[i] < 0 ? -z[i] : z[i];
      loss += (double)(z[i] < 0 ? 0 : z[i]) - (double)z[i] * (double)t[i] +
              (double)ls_log1p(ls_exp(-size));
      right += z[i] == z[i] && (z[i] > 0) == (t[i] > (real)0.5);
    }
    stats->loss += row_weight(h, r) * loss / (double)h->n;
    stats->correct += h->labels ? class_right(h, r, z) : right / (double)h->n;
    errors(h, r, stats);
  }
}

/* sigmoid(z) - t; where t = 1 as -sigmoid(-z), which keeps its digits. */
LS_CLONES static void binary_cross_entropy_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  for (int64_t r = lo; r < hi; r++) {
    const real *z = (const real *)h->z + r * h->ld, *t = (const real *)h->targets + r * h->n;
    real *d = (real *)h->d + r * h->ld;
    const real scale = (real)(row_scale(h, r) / (double)h->n);
    LS_EACH for (int64_t i = 0; i < h->n; i++) {
      const real e = ls_exp(z[i] < 0 ? z[i] : -z[i]), near = 1 / (1 + e), far = e / (1 + e);
      const real p = z[i] < 0 ? far : near, q = z[i] < 0 ? near : far;
      d[i] = ((1 - t[i]) * p - t[i] * q) * scale;
    }
  }
}

/* A loss that is a function of e = y - t, summed over outputs and times `mean`. value: of e and
 * size = |e|, in double (functions: base/elementary.h); slope: its derivative by e, in real
 * (base/vmath.h). */
#define REGRESSION(name, value, slope, mean)                                                    \
  static void name##_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {         \
    for (int64_t r = lo; r < hi; r++) {                                                         \
      const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * h->n; \
      double loss = 0;                                                                          \
      for (int64_t i = 0; i < h->n; i++) {                                                      \
        const double e = (double)y[i] - (double)t[i], size = e < 0 ? -e : e;                    \
        (void)size;                                                                             \
        loss += value;                                                                          \
      }                                                                                         \
      stats->loss += row_weight(h, r) * (loss * (mean));                                        \
      if (h->labels) stats->correct += class_right(h, r, y);                                    \
      errors(h, r, stats);                                                                      \
    }                                                                                           \
  }                                                                                             \
  LS_CLONES static void name##_gradient(const ls_head *h, int64_t lo, int64_t hi) {             \
    for (int64_t r = lo; r < hi; r++) {                                                         \
      const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * h->n; \
      real *d = (real *)h->d + r * h->ld;                                                       \
      const real scale = (real)(row_scale(h, r) * (mean));                                      \
      LS_EACH for (int64_t i = 0; i < h->n; i++) {                                              \
        const real e = y[i] - t[i];                                                             \
        d[i] = (slope)*scale;                                                                   \
      }                                                                                         \
    }                                                                                           \
  }

#define CLIP(e) ((e) > 1 ? 1 : (e) < -1 ? -1 : (e))
REGRESSION(mse, e *e, 2 * e, 1.0 / (double)h->n)
REGRESSION(half_mse, 0.5 * e * e, e, 1.0)
REGRESSION(mae, size, (real)(e > 0) - (real)(e < 0), 1.0 / (double)h->n)
REGRESSION(huber, size <= 1 ? 0.5 * e * e : size - 0.5, CLIP(e), 1.0 / (double)h->n)

/* Half the Poisson deviance of counts t >= 0 and their mean y = exp(z): y - t z, the negative
 * logarithm of the likelihood but for ln t!, less what that is at its best, where y is t. */
static double poisson_loss(double y, double z, double t) {
  if (y == t) return 0; /* a missing one, too */
  return y - t + (t > 0 ? t * (ls_ln(t) - z) : 0);
}

static void poisson_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  for (int64_t r = lo; r < hi; r++) {
    const real *z = (const real *)h->z + r * h->ld, *y = (const real *)h->y + r * h->ld;
    const real *t = (const real *)h->targets + r * h->n;
    double loss = 0;
    for (int64_t i = 0; i < h->n; i++) loss += poisson_loss(y[i], z[i], t[i]);
    stats->loss += row_weight(h, r) * loss / (double)h->n;
    if (h->labels) stats->correct += class_right(h, r, y);
    errors(h, r, stats);
  }
}

/* By z. */
LS_CLONES static void poisson_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  for (int64_t r = lo; r < hi; r++) {
    const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * h->n;
    real *d = (real *)h->d + r * h->ld;
    const real scale = (real)(row_scale(h, r) / (double)h->n);
    LS_EACH for (int64_t i = 0; i < h->n; i++) d[i] = (y[i] - t[i]) * scale;
  }
}

/* ---- several outputs for each target, of which a missing one (NaN) counts nothing ---- */

static const double half_log_2pi = 0.91893853320467274178;

/* The negative logarithm of the normal density of that mean and variance. */
static void gaussian_nll_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  const int64_t n = h->n / 2;
  for (int64_t r = lo; r < hi; r++) {
    const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * n;
    double loss = 0;
    for (int64_t i = 0; i < n; i++) {
      if (t[i] != t[i]) continue;
      const double e = (double)y[2 * i] - (double)t[i], v = (double)y[2 * i + 1];
      loss += half_log_2pi + 0.5 * (ls_ln(v) + e * e / v);
    }
    stats->loss += row_weight(h, r) * loss / (double)n;
    errors(h, r, stats);
  }
}

static void gaussian_nll_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  const int64_t n = h->n / 2;
  for (int64_t r = lo; r < hi; r++) {
    const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * n;
    real *d = (real *)h->d + r * h->ld;
    const real scale = (real)(row_scale(h, r) / (double)n);
    for (int64_t i = 0; i < n; i++) {
      const bool there = t[i] == t[i];
      const real v = y[2 * i + 1], e = (y[2 * i] - t[i]) / v;
      d[2 * i] = there ? e * scale : 0;
      d[2 * i + 1] = there ? (real)0.5 * (1 / v - e * e) * scale : 0;
    }
  }
}

/* q (t - y) where the target is above, (1 - q) (y - t) where it is below. */
static void quantile_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  const int64_t n = h->n / h->heads;
  for (int64_t r = lo; r < hi; r++) {
    const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * n;
    double loss = 0;
    for (int64_t i = 0; i < h->n; i++) {
      const double q = h->quantile[i % h->heads], e = (double)t[i / h->heads] - (double)y[i];
      if (e == e) loss += e > 0 ? q * e : (q - 1) * e;
    }
    stats->loss += row_weight(h, r) * loss / (double)h->n;
    if (h->value >= 0) errors(h, r, stats);
  }
}

static void quantile_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  const int64_t n = h->n / h->heads;
  for (int64_t r = lo; r < hi; r++) {
    const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * n;
    real *d = (real *)h->d + r * h->ld;
    const double scale = row_scale(h, r) / (double)h->n;
    for (int64_t i = 0; i < h->n; i++) {
      const double q = h->quantile[i % h->heads];
      const real e = y[i] - t[i / h->heads];
      d[i] = (real)((e > 0) * (1 - q) * scale - (e < 0) * q * scale);
    }
  }
}

/* ---- of a plug-in, which knows of one sample at a time, in double ---- */

/* *slope: NULL, or (n) where it is to go. Not loaded, it is no number. */
static double own_loss(const ls_head *h, int64_t r, double *slope) {
  double y[LS_LOSS_OUTPUTS_MAX], t[LS_LOSS_OUTPUTS_MAX];
  if (!h->own) return (double)NAN;
  for (int64_t i = 0; i < h->n; i++) {
    y[i] = (double)((const real *)h->y)[r * h->ld + i];
    t[i] = (double)((const real *)h->targets)[r * h->n + i];
  }
  return h->own->loss(y, t, h->n, slope);
}

static void plugin_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  for (int64_t r = lo; r < hi; r++) {
    stats->loss += row_weight(h, r) * own_loss(h, r, NULL);
    if (h->labels) stats->correct += class_right(h, r, (const real *)h->y + r * h->ld);
    errors(h, r, stats);
  }
}

static void plugin_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  double slope[LS_LOSS_OUTPUTS_MAX];
  for (int64_t r = lo; r < hi; r++) {
    real *d = (real *)h->d + r * h->ld;
    const double scale = row_scale(h, r);
    (void)own_loss(h, r, slope);
    for (int64_t i = 0; i < h->n; i++) d[i] = h->own ? (real)(slope[i] * scale) : 0;
  }
}

#define cross_entropy_per_class_stats LS_R(ls_per_class_stats)
#define cross_entropy_per_class_gradient LS_R(ls_per_class_gradient)
#define ROW(name, task, counts, heads, by_z, last, help) \
  {#name, task, counts, heads, by_z, last, name##_stats, name##_gradient},
const ls_loss LS_R(ls_losses)[] = {LS_LOSSES(ROW){0}};
