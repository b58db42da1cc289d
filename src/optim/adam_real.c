/* adam_real.c - Adam (Kingma and Ba, arXiv 1412.6980) in three placements of epsilon, AMSGrad
 * (arXiv 1904.09237), AdamW (arXiv 1711.05101), NAdam (Dozat 2016) and Adamax (Adam's paper,
 * section 7). */
#include "optim/kernels.h"

typedef struct {
  double by_g,
      by_m; /* what g and m are worth in the update, learning rate and bias correction included */
  double unbias;          /* 1 / (1 - beta2^t) */
  double inside, outside; /* epsilon, before and after the root */
  double keep, decay;     /* weight decay: on the weight (1 - lr wd) or in the gradient */
} rule;

/* d = g + decay p;  m = b1 m + (1-b1) d;  v = b2 v + ((1-b2) d) d;  u = v, or top = max(top, v)
 * with AMSGrad; p = keep p - (by_g d + by_m m) / (sqrt(unbias u + inside) + outside) */
LS_INLINE void loop(const ls_optim_span *s, const rule *r, int amsgrad) {
  real *restrict p = s->p, *restrict m = s->slot[0], *restrict v = s->slot[1],
                 *restrict top = s->slot[2];
  const real *restrict g = s->g;
  const real b1 = (real)s->hyper[LS_BETA1], c1 = (real)(1 - s->hyper[LS_BETA1]);
  const real b2 = (real)s->hyper[LS_BETA2], c2 = (real)(1 - s->hyper[LS_BETA2]);
  const real by_g = (real)r->by_g, by_m = (real)r->by_m, unbias = (real)r->unbias,
             keep = (real)r->keep, decay = (real)r->decay;
  const real inside = (real)r->inside, outside = (real)r->outside;
  for (int64_t i = 0; i < s->n; i++) {
    real d = g[i] + decay * p[i], u;
    m[i] = b1 * m[i] + c1 * d;
    u = v[i] = b2 * v[i] + c2 * d * d;
    if (amsgrad) u = top[i] = ls_larger(top[i], u);
    p[i] = keep * p[i] - (by_g * d + by_m * m[i]) / (ls_root(unbias * u + inside) + outside);
  }
}

LS_CLONES static void run(const ls_optim_span *s, const rule *r, int amsgrad) {
  if (amsgrad)
    loop(s, r, 1);
  else
    loop(s, r, 0);
}

/* lr mhat / (sqrt(vhat) + eps), or / sqrt(vhat + eps); hat: lr sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) +
 * eps), as TensorFlow 1 */
static rule adam_rule(const ls_optim_span *s) {
  double epsilon = s->hyper[LS_EPSILON], rate = s->lr / ls_seen(s->hyper[LS_BETA1], s->t),
         seen = ls_seen(s->hyper[LS_BETA2], s->t);
  switch ((int)s->hyper[LS_ADAM_PLACEMENT]) {
    case LS_HAT:
      return (rule){.by_m = rate * sqrt(seen), .unbias = 1, .outside = epsilon, .keep = 1};
    case LS_INSIDE:
      return (rule){.by_m = rate, .unbias = 1 / seen, .inside = epsilon, .keep = 1};
    default:
      return (rule){.by_m = rate, .unbias = 1 / seen, .outside = epsilon, .keep = 1};
  }
}

void LS_R(ls_adam)(const ls_optim_span *s) {
  rule r = adam_rule(s);
  r.decay = s->weight_decay;
  run(s, &r, s->hyper[LS_ADAM_AMSGRAD] != 0);
}

void LS_R(ls_adamw)(const ls_optim_span *s) {
  rule r = adam_rule(s);
  r.keep = 1 - s->lr * s->weight_decay;
  run(s, &r, s->hyper[LS_ADAM_AMSGRAD] != 0);
}

/* mu_t = b1 (1 - 0.96^(t psi) / 2); *product = mu_1 ... mu_t. Once the product is below 2^-60 it no
 * longer shows in 1 - product, so the work does not grow with t. Returns mu_{t+1}; *now = mu_t. */
static double nadam_momenta(const ls_optim_span *s, double *now, double *product) {
  double b1 = s->hyper[LS_BETA1], factor = ls_power(0.96, s->hyper[LS_NADAM_DECAY]), q = 1;
  *product = 1;
  for (int64_t i = 1; i <= s->t && *product > 0x1p-60; i++)
    *product *= b1 * (1 - 0.5 * (q *= factor));
  *now = b1 * (1 - 0.5 * ls_power(factor, (double)s->t));
  return b1 * (1 - 0.5 * ls_power(factor, (double)(s->t + 1)));
}

static rule dozat(const ls_optim_span *s) {
  double now, product, next = nadam_momenta(s, &now, &product);
  return (rule){.by_g = s->lr * (1 - now) / (1 - product),
                .by_m = s->lr * next / (1 - product * next)};
}

static rule ruder(const ls_optim_span *s) {
  double b1 = s->hyper[LS_BETA1], rate = s->lr / ls_seen(b1, s->t);
  return (rule){.by_g = rate * (1 - b1), .by_m = rate * b1};
}

void LS_R(ls_nadam)(const ls_optim_span *s) {
  rule r = s->hyper[LS_NADAM_FORM] == LS_RUDER ? ruder(s) : dozat(s);
  r.unbias = 1 / ls_seen(s->hyper[LS_BETA2], s->t);
  r.outside = s->hyper[LS_EPSILON];
  r.keep = 1;
  r.decay = s->weight_decay;
  run(s, &r, 0);
}

/* m = b1 m + (1-b1) d;  u = max(b2 u, |d| + eps);  p = p - rate (m / u), rate = lr / (1 - b1^t) */
LS_CLONES void LS_R(ls_adamax)(const ls_optim_span *s) {
  real *restrict p = s->p, *restrict m = s->slot[0], *restrict u = s->slot[1];
  const real *restrict g = s->g;
  const real b1 = (real)s->hyper[LS_BETA1], c1 = (real)(1 - s->hyper[LS_BETA1]),
             b2 = (real)s->hyper[LS_BETA2];
  const real epsilon = (real)s->hyper[LS_EPSILON], decay = (real)s->weight_decay;
  const real rate = (real)(s->lr / ls_seen(s->hyper[LS_BETA1], s->t));
  for (int64_t i = 0; i < s->n; i++) {
    real d = g[i] + decay * p[i];
    m[i] = b1 * m[i] + c1 * d;
    u[i] = ls_larger(b2 * u[i], (d < 0 ? -d : d) + epsilon);
    p[i] -= rate * (m[i] / u[i]);
  }
}
