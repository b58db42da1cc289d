/* per_class_real.c - cross_entropy_per_class: the mean over samples and classes of -y log p - (1 -
 * y) log(1 - p), p = softmax.
 *
 * L_k = -log p_k where y_k = 1, else -log(1 - p_k). The gradient by z of the latter is p_k
 * (delta_ik - q_i), q the softmax over all but k: q_i = p_i / (1 - p_k) as long as p_k <= 1/2,
 * which only the largest, `top`, can pass. That one's q is computed as a softmax of its own, so
 * that nothing is lost when p is 1 to rounding. */
#include "base/vmath.h"
#include "model/loss.h"

/* ---- over the classes: one row, one label ---- */

/* The softmax of all but top, before it is divided by its sum: exp(z_k - second) with `second` the
 * largest of them. */
typedef struct {
  real second, sum;
} others;

LS_INLINE others others_of(const real *z, int64_t n, int64_t top) {
  real lane[LS_LINE] = {0}, second = z[n > 1 && top == 0];
  for (int64_t k = 0; k < n; k++) second = k != top && z[k] > second ? z[k] : second;
  for (int64_t k = 0; k < n; k += LS_LINE) {
    real e[LS_LINE];
    for (int i = 0; i < LS_LINE; i++) e[i] = ls_exp(z[k + i] - second);
    for (int i = 0; i < LS_LINE && k + i < n; i++) lane[i] += k + i == top ? 0 : e[i];
  }
  return (others){second, ls_lanes_sum(lane)};
}

/* sum over k != top, label of log(1 - p_k). */
LS_INLINE double row_log_not(const real *p, int64_t n, int64_t top, int64_t label) {
  double sum = 0;
  for (int64_t k = 0; k < n; k += LS_LINE) {
    real log_not[LS_LINE];
    for (int i = 0; i < LS_LINE; i++)
      log_not[i] = ls_log1p(p[k + i] < (real)0.5 ? -p[k + i] : (real)-0.5);
    for (int i = 0; i < LS_LINE && k + i < n; i++)
      sum += k + i == top || k + i == label ? 0 : (double)log_not[i];
  }
  return sum;
}

LS_CLONES static double row_loss(const real *z, const real *p, int64_t n, int64_t label,
                                 int64_t top) {
  double rest = 0;
  for (int64_t k = 0; k < n; k++) rest += k == top ? 0 : (double)p[k];
  const double log_sum = ls_ln(1 + rest / (double)p[top]);
  double loss = (double)z[top] - (double)z[label] + log_sum - row_log_not(p, n, top, label);
  if (top != label) {
    const others o = others_of(z, n, top);
    loss += (double)z[top] - (double)o.second - ls_ln((double)o.sum) + log_sum;
  }
  return loss;
}

/* With r_k = p_k / (1 - p_k) and S its sum over k != top, label: d_i = p_i (2 - S + r_i), less
 * p_top q_i if top is not the label. */
LS_CLONES static void row_gradient(const real *z, const real *p, int64_t n, int64_t label,
                                   int64_t top, real scale, real *d) {
  const int64_t wide = ls_padded(n);
  LS_EACH for (int64_t i = 0; i < wide; i++) d[i] = i == top || i == label ? 0 : p[i];
  const real rest = ls_row_sum(d, n) + (top == label ? 0 : p[top]); /* 1 - p_label */
  LS_EACH for (int64_t i = 0; i < wide; i++) d[i] = d[i] / (1 - d[i]);
  const real ratios = ls_row_sum(d, n);
  LS_EACH for (int64_t i = 0; i < wide; i++) d[i] = p[i] * (2 - ratios + d[i]);
  d[label] = -rest - p[label] * ratios;
  if (top != label) {
    const others o = others_of(z, n, top);
    const real ratio = p[top] / o.sum;
    LS_EACH for (int64_t i = 0; i < wide; i++) d[i] -=
        i == top ? 0 : ratio * ls_exp(z[i] - o.second);
  }
  LS_EACH for (int64_t i = 0; i < wide; i++) d[i] *= scale;
}

/* ---- over the classes: one row, shares t of them ---- */

static double soft_loss(const real *z, const real *p, const real *t, int64_t n, int64_t top) {
  const others o = others_of(z, n, top);
  double rest = 0, loss = 0;
  for (int64_t k = 0; k < n; k++) rest += k == top ? 0 : (double)p[k];
  const double log_sum = ls_ln(1 + rest / (double)p[top]);
  for (int64_t k = 0; k < n; k++) {
    double log_not = (double)ls_log1p(p[k] < (real)0.5 ? -p[k] : (real)-0.5);
    if (k == top) log_not = (double)o.second - (double)z[top] + ls_ln((double)o.sum) - log_sum;
    loss -= (double)t[k] * ((double)z[k] - (double)z[top] - log_sum);
    loss -= (1 - (double)t[k]) * log_not;
  }
  return loss;
}

/* c_k = -t_k + (1 - t_k) p_k / (1 - p_k); d_i = c_i - p_i (sum of all c_k), where what has 1 -
 * p_top below it is written with q as above. */
static void soft_gradient(const real *z, const real *p, const real *t, int64_t n, int64_t top,
                          real scale, real *d) {
  const others o = others_of(z, n, top);
  real rest = 0, sum = 0;
  for (int64_t i = 0; i < n; i++) {
    if (i == top) continue;
    rest += p[i];
    d[i] = (1 - t[i]) * (p[i] / (1 - p[i])) - t[i];
    sum += d[i];
  }
  for (int64_t i = 0; i < n; i++) {
    if (i == top) continue;
    const real q = ls_exp(z[i] - o.second) / o.sum;
    d[i] = (d[i] - p[i] * (sum - t[top]) - (1 - t[top]) * p[top] * q) * scale;
  }
  d[top] = ((1 - t[top]) * p[top] - t[top] * rest - p[top] * sum) * scale;
}

/* ---- over the rows (softmax_batch): one column, many labels; p from z each time, since an
 * evaluation keeps no p ---- */

typedef struct {
  const real *z;
  int64_t rows, ld;
  int64_t top, second; /* rows with the largest and second largest logit */
  double rest;         /* sum over the others of exp(z - z_top) */
  double log_sum;      /* log(1 + rest) */
  double others;       /* sum over all but top of exp(z - z_second) */
} column;

static double exp_from(const column *c, int64_t r, int64_t from) {
  return (double)ls_exp(c->z[r * c->ld] - c->z[from * c->ld]);
}
static double p_of(const column *c, int64_t r) { return exp_from(c, r, c->top) / (1 + c->rest); }

static column column_of(const ls_head *h, int64_t class, int64_t rows) {
  column c = {.z = (const real *)h->z + class, .rows = rows, .ld = h->ld};
  for (int64_t r = 1; r < rows; r++)
    if (c.z[r * c.ld] > c.z[c.top * c.ld]) c.top = r;
  c.second = rows > 1 && c.top == 0;
  for (int64_t r = 0; r < rows; r++)
    if (r != c.top && c.z[r * c.ld] > c.z[c.second * c.ld]) c.second = r;
  for (int64_t r = 0; r < rows; r++) {
    c.rest += r == c.top ? 0 : exp_from(&c, r, c.top);
    c.others += r == c.top ? 0 : exp_from(&c, r, c.second);
  }
  c.log_sum = ls_ln(1 + c.rest);
  return c;
}

static double column_loss(const ls_head *h, const column *c, int64_t class) {
  double loss = 0;
  for (int64_t r = 0; r < c->rows; r++) {
    const double below_top = (double)c->z[c->top * c->ld] - (double)c->z[r * c->ld];
    double log_it; /* log p or log(1 - p) */
    if (h->labels[r] == class)
      log_it = -below_top - c->log_sum;
    else if (r != c->top)
      log_it = (double)ls_log1p(-(real)p_of(c, r));
    else
      log_it =
          (double)c->z[c->second * c->ld] - (double)c->z[r * c->ld] + ls_ln(c->others) - c->log_sum;
    loss -= ls_head_weight(h, r) * log_it;
  }
  return loss;
}

/* As row_gradient, with a weight w for each row and Y = the sum of w over the class's own rows. */
static void column_gradient(const ls_head *h, const column *c, int64_t class, real *d) {
  double own = 0, ratios = 0, top = 0;
  for (int64_t r = 0; r < c->rows; r++) {
    const double w = ls_head_weight(h, r), p = p_of(c, r);
    if (h->labels[r] == class)
      own += w;
    else if (r == c->top)
      top = w * p;
    else
      ratios += w * (p / (1 - p));
  }
  for (int64_t r = 0; r < c->rows; r++) {
    const double w = ls_head_weight(h, r), p = p_of(c, r),
                 not_p = r == c->top ? c->rest / (1 + c->rest) : 1 - p;
    const bool is_own = h->labels[r] == class;
    double g = is_own ? (own - w) * p - w * not_p : (own + w) * p;
    g -= p * (ratios - (is_own || r == c->top ? 0 : w * (p / (1 - p))));
    g -= r == c->top || top == 0 ? 0 : top * (exp_from(c, r, c->second) / c->others);
    d[r * c->ld] = (real)(g / ((double)h->n * (double)h->total));
  }
}

/* The class with the largest p, not with the largest z: log p = z - norm. */
static bool right(const ls_head *h, int64_t r) {
  const real *z = (const real *)h->z + r * h->ld;
  int64_t best = 0;
  for (int64_t k = 1; k < h->n; k++)
    if ((double)z[k] - h->norm[k] > (double)z[best] - h->norm[best]) best = k;
  return best == h->labels[r] && z[best] == z[best];
}

static void stats_over_rows(const ls_head *h, int64_t rows, ls_stats *stats) {
  for (int64_t k = 0; k < h->n && rows > 0; k++) {
    const column c = column_of(h, k, rows);
    h->norm[k] = (double)c.z[c.top * c.ld] + c.log_sum;
    stats->loss += column_loss(h, &c, k) / (double)h->n;
  }
  for (int64_t r = 0; r < rows; r++) stats->correct += right(h, r);
}

/* ---- the loss ---- */

void LS_R(ls_per_class_stats)(const ls_head *h, int64_t lo, int64_t hi, ls_stats *stats) {
  if (h->over_rows) {
    stats_over_rows(h, hi, stats);
    return;
  }
  for (int64_t r = lo; r < hi; r++) {
    const real *z = (const real *)h->z + r * h->ld;
    const int64_t label = h->labels[r], top = ls_row_argmax(z, h->n);
    const real *p = (const real *)h->y + r * h->ld,
               *t = h->targets ? (const real *)h->targets + r * h->n : NULL;
    const double loss = t ? soft_loss(z, p, t, h->n, top) : row_loss(z, p, h->n, label, top);
    stats->loss += ls_head_weight(h, r) * loss / (double)h->n;
    stats->correct += top == label && z[top] == z[top];
  }
}

void LS_R(ls_per_class_gradient)(const ls_head *h, int64_t lo, int64_t hi) {
  for (int64_t k = 0; h->over_rows && lo < hi && k < h->n; k++) {
    const column c = column_of(h, k, hi);
    column_gradient(h, &c, k, (real *)h->d + k);
  }
  for (int64_t r = lo; !h->over_rows && r < hi; r++) {
    const real *z = (const real *)h->z + r * h->ld;
    const real scale = (real)(ls_head_weight(h, r) / ((double)h->n * (double)h->total));
    const real *p = (const real *)h->y + r * h->ld;
    const int64_t top = ls_row_argmax(z, h->n);
    real *d = (real *)h->d + r * h->ld;
    if (h->targets)
      soft_gradient(z, p, (const real *)h->targets + r * h->n, h->n, top, scale, d);
    else
      row_gradient(z, p, h->n, h->labels[r], top, scale, d);
  }
}
