/* adam_real.c - Adam (Kingma and Ba, arXiv 1412.6980) in its three placements of epsilon, AMSGrad (arXiv 1904.09237) and
 * AdamW (arXiv 1711.05101). */
#include "optim/kernels.h"

typedef struct {
  double by_g, by_m;      /* what g and m are worth in the update, learning rate and bias correction included */
  double unbias;          /* 1 / (1 - beta2^t) */
  double inside, outside; /* epsilon, before and after the root */
  double keep, decay;     /* weight decay: on the weight (1 - lr wd) or in the gradient */
} rule;

/* g' = g + decay p;  m = b1 m + (1-b1) g';  v = b2 v + ((1-b2) g') g';  u = v, or max(u, v) with AMSGrad;
 * p = keep p - (by_g g' + by_m m) / (sqrt(unbias u + inside) + outside) */
static inline __attribute__((always_inline)) void loop(const ls_optim_span *s, const rule *r, int amsgrad) {
  real *restrict p = s->p, *restrict m = s->slot[0], *restrict v = s->slot[1], *restrict top = s->slot[2];
  const real *restrict g = s->g;
  const real b1 = (real)s->hyper[LS_ADAM_BETA1], c1 = (real)(1 - s->hyper[LS_ADAM_BETA1]);
  const real b2 = (real)s->hyper[LS_ADAM_BETA2], c2 = (real)(1 - s->hyper[LS_ADAM_BETA2]);
  const real by_g = (real)r->by_g, by_m = (real)r->by_m, unbias = (real)r->unbias, keep = (real)r->keep, decay = (real)r->decay;
  const real inside = (real)r->inside, outside = (real)r->outside;
  for (int64_t i = 0; i < s->n; i++) {
    real d = g[i] + decay * p[i], u;
    m[i] = b1 * m[i] + c1 * d;
    u = v[i] = b2 * v[i] + c2 * d * d;
    if (amsgrad) u = top[i] = ls_larger(top[i], u);
    p[i] = keep * p[i] - (by_g * d + by_m * m[i]) / (ls_root(unbias * u + inside) + outside);
  }
}

LS_CLONES static void plain(const ls_optim_span *s, const rule *r) { loop(s, r, 0); }
LS_CLONES static void amsgrad(const ls_optim_span *s, const rule *r) { loop(s, r, 1); }

/* lr mhat / (sqrt(vhat) + eps), or / sqrt(vhat + eps); hat: lr sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) + eps), as TensorFlow 1 */
static rule adam_rule(const ls_optim_span *s) {
  double epsilon = s->hyper[LS_ADAM_EPSILON], seen1 = 1 - pow(s->hyper[LS_ADAM_BETA1], (double)s->t);
  double seen2 = 1 - pow(s->hyper[LS_ADAM_BETA2], (double)s->t);
  int place = (int)s->hyper[LS_ADAM_PLACEMENT];
  return (rule){.by_m = s->lr / seen1 * (place == LS_HAT ? sqrt(seen2) : 1),
                .unbias = place == LS_HAT ? 1 : 1 / seen2,
                .inside = place == LS_INSIDE ? epsilon : 0,
                .outside = place == LS_INSIDE ? 0 : epsilon,
                .keep = 1};
}

static void run(const ls_optim_span *s, const rule *r) { (s->hyper[LS_ADAM_AMSGRAD] != 0 ? amsgrad : plain)(s, r); }

void LS_R(ls_adam)(const ls_optim_span *s) {
  rule r = adam_rule(s);
  r.decay = s->weight_decay;
  run(s, &r);
}

void LS_R(ls_adamw)(const ls_optim_span *s) {
  rule r = adam_rule(s);
  r.keep = 1 - s->lr * s->weight_decay;
  run(s, &r);
}
