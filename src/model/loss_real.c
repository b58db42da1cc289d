/* loss_real.c - losses from logits where that is what keeps them exact, and their gradients. */
#include "model/loss.h"
#include "model/vmath.h"

/* What a sample's loss counts in the gradient, without the mean over outputs. */
static double row_scale(const ls_head *h, int64_t r) { return (h->weight ? h->weight[r] : 1.0) / (double)h->total; }
static double row_weight(const ls_head *h, int64_t r) { return h->weight ? h->weight[r] : 1.0; }

/* One softmax: a row over the classes, or (softmax_batch) a column over the rows. Element k is at k * step. */
typedef struct {
  const real *z, *p; /* p NULL: from z, each time */
  int64_t n, step;
  int64_t top, second; /* largest and second largest logit (n > 1) */
  double rest;         /* sum over k != top of exp(z_k - z_top) */
  double log_sum;      /* log(1 + rest) */
} softmax;

static double log_p(const softmax *s, int64_t k) { return (double)s->z[k * s->step] - (double)s->z[s->top * s->step] - s->log_sum; }

static double p_of(const softmax *s, int64_t k) {
  return s->p ? (double)s->p[k * s->step] : (double)ls_exp(s->z[k * s->step] - s->z[s->top * s->step]) / (1 + s->rest);
}

static softmax softmax_of(const real *z, const real *p, int64_t n, int64_t step) {
  softmax s = {.z = z, .p = p, .n = n, .step = step, .top = 0, .second = n > 1};
  for (int64_t k = 1; k < n; k++) s.top = z[k * step] > z[s.top * step] ? k : s.top;
  if (s.second == s.top) s.second = 0;
  for (int64_t k = 0; k < n; k++)
    if (k != s.top && z[k * step] > z[s.second * step]) s.second = k;
  double rest = 0;
  for (int64_t k = 0; k < n; k++) rest += k == s.top ? 0 : p_of(&s, k);
  s.rest = p ? rest / p_of(&s, s.top) : rest; /* without p, and rest still 0, p_of is exp(z_k - z_top) */
  s.log_sum = ls_log(1 + s.rest);
  return s;
}

/* exp(z_k - z_second) and its sum over k != top: the softmax of the others. */
static double other(const softmax *s, int64_t k) { return (double)ls_exp(s->z[k * s->step] - s->z[s->second * s->step]); }
static double others_sum(const softmax *s) {
  double sum = 0;
  for (int64_t k = 0; k < s->n; k++) sum += k == s->top ? 0 : other(s, k);
  return sum;
}

/* log(1 - p_k). Below 1/2 p_k itself is exact enough; the top one may be 1 to rounding, so it takes the sum of the others. */
static double log_not_p(const softmax *s, int64_t k) {
  if (k != s->top) return (double)ls_log1p(-(real)p_of(s, k));
  return (double)s->z[s->second * s->step] - (double)s->z[k * s->step] + ls_log(others_sum(s)) - s->log_sum;
}

static void classified(const ls_head *h, int64_t r, ls_stats *stats) {
  const real *z = (const real *)h->z + r * h->ld;
  stats->correct += ls_row_argmax(z, h->n) == h->labels[r] && z[h->labels[r]] == z[h->labels[r]];
}
/* softmax_batch: the class with the largest p, not the largest z. */
static void classified_over_rows(const ls_head *h, int64_t r, ls_stats *stats) {
  const real *z = (const real *)h->z + r * h->ld;
  int64_t best = 0;
  for (int64_t c = 1; c < h->n; c++)
    if ((double)z[c] - h->norm[c] > (double)z[best] - h->norm[best]) best = c;
  stats->correct += best == h->labels[r] && z[best] - z[best] == 0;
}

static softmax row_of(const ls_head *h, int64_t r) {
  return softmax_of((const real *)h->z + r * h->ld, (const real *)h->y + r * h->ld, h->n, 1);
}
static softmax column_of(const ls_head *h, int64_t c, int64_t rows) {
  return softmax_of((const real *)h->z + c, h->y ? (const real *)h->y + c : NULL, rows, h->ld);
}

static void cross_entropy_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  for (int64_t r = lo; r < hi; r++) {
    softmax s = row_of(h, r);
    stats->loss -= row_weight(h, r) * log_p(&s, h->labels[r]);
    classified(h, r, stats);
  }
}

/* p - onehot; at the label 1 - p as the sum of the others, which keeps its digits when p is nearly 1. */
LS_CLONES static void cross_entropy_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  for (int64_t r = lo; r < hi; r++) {
    const real *p = (const real *)h->y + r * h->ld;
    real *d = (real *)h->d + r * h->ld;
    const real scale = (real)row_scale(h, r);
    memcpy(d, p, (size_t)h->n * sizeof *d);
    d[h->labels[r]] = 0;
    d[h->labels[r]] = -ls_row_sum(d, h->n);
    LS_EACH for (int64_t i = 0; i < h->n; i++) d[i] *= scale;
  }
}

/* Element k of a softmax is the label's: a row has one label, a column one class and many labels. */
typedef struct {
  const int32_t *label;
  int64_t label_step, class0, class_step;
} onehot;

static bool is_one(const onehot *o, int64_t k) { return o->label[k * o->label_step] == o->class0 + k * o->class_step; }

static double per_class_loss(const softmax *s, const onehot *o, const ls_head *h) {
  double loss = 0;
  for (int64_t k = 0; k < s->n; k++) loss -= (h->over_rows ? row_weight(h, k) : 1) * (is_one(o, k) ? log_p(s, k) : log_not_p(s, k));
  return loss / (double)h->n;
}

/* d_i = sum_k w_k dL_k/dz_i, L_k = -log p_k where y_k = 1, else -log(1 - p_k), whose gradient by z_i is
 * p_k (delta_ik - q_i) with q the softmax over all but k: p_i / (1 - p_k), or for k = top exactly `other`. */
static void per_class_gradient(const softmax *s, const onehot *o, const ls_head *h, int64_t row, real *d) {
  const double scale = 1.0 / (double)h->n;
  double ones = 0, ratios = 0, top_weight = 0, sum = 1;
#define WEIGHT(k) row_scale(h, h->over_rows ? (k) : row)
  for (int64_t k = 0; k < s->n; k++) {
    if (is_one(o, k))
      ones += WEIGHT(k);
    else if (k == s->top)
      top_weight = WEIGHT(k) * p_of(s, k), sum = others_sum(s);
    else
      ratios += WEIGHT(k) * (p_of(s, k) / (1 - p_of(s, k)));
  }
  for (int64_t i = 0; i < s->n; i++) {
    const bool one = is_one(o, i), top = i == s->top;
    const double p = p_of(s, i), w = WEIGHT(i), not_p = top ? s->rest / (1 + s->rest) : 1 - p;
    double g = one ? (ones - w) * p - w * not_p : ones * p + w * p;
    g -= p * (ratios - (one || top ? 0 : w * (p / (1 - p))));
    if (top_weight != 0 && !top) g -= top_weight * (other(s, i) / sum);
    d[i * s->step] = (real)(g * scale);
  }
#undef WEIGHT
}

static void per_class_stats_over_rows(const ls_head *h, int64_t rows, ls_stats *stats) {
  for (int64_t c = 0; c < h->n && rows > 0; c++) {
    softmax s = column_of(h, c, rows);
    h->norm[c] = (double)s.z[s.top * s.step] + s.log_sum;
    stats->loss += per_class_loss(&s, &(onehot){h->labels, 1, c, 0}, h);
  }
  for (int64_t r = 0; r < rows; r++) classified_over_rows(h, r, stats);
}

static void cross_entropy_per_class_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  if (h->over_rows) {
    per_class_stats_over_rows(h, hi, stats);
    return;
  }
  for (int64_t r = lo; r < hi; r++) {
    softmax s = row_of(h, r);
    stats->loss += row_weight(h, r) * per_class_loss(&s, &(onehot){h->labels + r, 0, 0, 1}, h);
    classified(h, r, stats);
  }
}

static void cross_entropy_per_class_gradient(const ls_head *h, int64_t lo, int64_t hi) {
  for (int64_t c = 0; h->over_rows && lo < hi && c < h->n; c++) {
    softmax s = column_of(h, c, hi);
    per_class_gradient(&s, &(onehot){h->labels, 1, c, 0}, h, 0, (real *)h->d + c);
  }
  for (int64_t r = lo; !h->over_rows && r < hi; r++) {
    softmax s = row_of(h, r);
    per_class_gradient(&s, &(onehot){h->labels + r, 0, 0, 1}, h, r, (real *)h->d + r * h->ld);
  }
}

static void errors(const ls_head *h, int64_t r, ls_stats *stats) {
  const real *y = (const real *)h->y + r * h->ld, *t = (const real *)h->targets + r * h->n;
  for (int64_t i = 0; i < h->n; i++) {
    const double e = (double)y[i] - (double)t[i];
    stats->abs_err += e < 0 ? -e : e;
    stats->sq_err += e * e;
  }
}

/* max(z, 0) - z t + log(1 + exp(-|z|)): no log of a rounded probability. */
static void binary_cross_entropy_stats(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  for (int64_t r = lo; r < hi; r++) {
    const real *z = (const real *)h->z + r * h->ld, *t = (const real *)h->targets + r * h->n;
    double loss = 0, right = 0;
    for (int64_t i = 0; i < h->n; i++) {
      const real size = z[i] < 0 ? -z[i] : z[i];
      loss += (double)(z[i] < 0 ? 0 : z[i]) - (double)z[i] * (double)t[i] + (double)ls_log1p(ls_exp(-size));
      right += z[i] == z[i] && (z[i] > 0) == (t[i] > (real)0.5);
    }
    stats->loss += row_weight(h, r) * loss / (double)h->n;
    stats->correct += right / (double)h->n;
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

/* A loss that is a function of e = y - t, summed over outputs and times `mean`. */
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

#define ROW(name, task, fused) {#name, task, fused, name##_stats, name##_gradient},
const ls_loss LS_R(ls_losses)[] = {LS_LOSSES(ROW){0}};
