/* sgd_real.c - gradient descent and its momentum forms. */
#include "optim/kernels.h"

/* p = p - lr (g + decay p) */
LS_CLONES void LS_R(ls_sgd)(const ls_optim_span *s) {
  real *restrict p = s->p;
  const real *restrict g = s->g;
  const real lr = (real)s->lr, decay = (real)s->weight_decay;
  for (int64_t i = 0; i < s->n; i++) p[i] -= lr * (g[i] + decay * p[i]);
}

/* v' = m v + take d;  p = p - ((by_g d + by_old v) + by_new v') */
typedef struct {
  double take, by_g, by_old, by_new;
} rule;

static rule ewa(const ls_optim_span *s, double m) {
  double lr = s->hyper[LS_MOMENTUM_UNBIAS] != 0 ? s->lr / ls_seen(m, s->t) : s->lr;
  return (rule){.take = 1 - m, .by_new = lr};
}

/* PyTorch's dampening spares the first update, which starts v at the whole gradient. */
static rule tf(const ls_optim_span *s) {
  return (rule){.take = s->t == 1 ? 1 : 1 - s->hyper[LS_MOMENTUM_DAMPENING], .by_new = s->lr};
}

/* Nesterov looks one step of v ahead: in place of v', the update takes m v' + take d. */
static rule ahead(rule r, double m) {
  r.by_g = r.by_new * r.take;
  r.by_new *= m;
  return r;
}

static rule momentum_rule(const ls_optim_span *s) {
  double m = s->hyper[LS_MOMENTUM];
  int form = (int)s->hyper[LS_MOMENTUM_FORM];
  rule r;
  if (form == LS_TF)
    r = tf(s);
  else if (form == LS_CLASSIC)
    r = (rule){.take = s->lr, .by_new = 1};
  else
    r = ewa(s, m);
  if (form == LS_EWA_DELAYED) {
    r.by_old = r.by_new;
    r.by_new = 0;
  }
  return s->hyper[LS_MOMENTUM_NESTEROV] != 0 ? ahead(r, m) : r;
}

LS_CLONES void LS_R(ls_momentum)(const ls_optim_span *s) {
  real *restrict p = s->p, *restrict v = s->slot[0];
  const real *restrict g = s->g;
  const rule r = momentum_rule(s);
  const real m = (real)s->hyper[LS_MOMENTUM], take = (real)r.take, decay = (real)s->weight_decay;
  const real by_g = (real)r.by_g, by_old = (real)r.by_old, by_new = (real)r.by_new;
  for (int64_t i = 0; i < s->n; i++) {
    real d = g[i] + decay * p[i], old = v[i];
    v[i] = m * old + take * d;
    p[i] -= (by_g * d + by_old * old) + by_new * v[i];
  }
}
