/* layerwise_real.c - one rate a tensor from its norms: LARS (You, Gitman and Ginsburg, arXiv
 * 1708.03888) and LAMB (You et al., arXiv 1904.00962). The norms are those of the whole tensor,
 * wherever its pieces lie: the trainer adds up what reduce gives. */
#include "base/clamp.h"
#include "optim/gradient.h"
#include "optim/kernels.h"

enum { CHUNK = 1024 };

/* sums: squares of p, squares of g */
void LS_R(ls_lars_reduce)(const ls_optim_span *s, double *sum) {
  sum[0] += LS_R(ls_gradient_squares)(s->p, s->n);
  sum[1] += LS_R(ls_gradient_squares)(s->g, s->n);
}

static double lars_trust(const ls_optim_span *s) {
  double w = s->norm[0], g = s->norm[1];
  if (w == 0 || g == 0) return 1;
  return s->hyper[LS_LARS_TRUST] * w / (g + s->weight_decay * w + s->hyper[LS_LARS_EPSILON]);
}

/* v = m v + rate (g + decay p);  p = p - v, rate = lr trust |p| / (|g| + decay |p| + eps) */
LS_CLONES void LS_R(ls_lars)(const ls_optim_span *s) {
  real *restrict p = s->p, *restrict v = s->slot[0];
  const real *restrict g = s->g;
  const real m = (real)s->hyper[LS_LARS_MOMENTUM], decay = (real)s->weight_decay,
             rate = (real)(s->lr * lars_trust(s));
  for (int64_t i = 0; i < s->n; i++) {
    v[i] = m * v[i] + rate * (g[i] + decay * p[i]);
    p[i] -= v[i];
  }
}

/* m = b1 m + (1-b1) g;  v = b2 v + ((1-b2) g) g */
LS_CLONES static void lamb_moments(const ls_optim_span *s) {
  real *restrict m = s->slot[0], *restrict v = s->slot[1];
  const real *restrict g = s->g;
  const real b1 = (real)s->hyper[LS_BETA1], c1 = (real)(1 - s->hyper[LS_BETA1]);
  const real b2 = (real)s->hyper[LS_BETA2], c2 = (real)(1 - s->hyper[LS_BETA2]);
  for (int64_t i = 0; i < s->n; i++) {
    m[i] = b1 * m[i] + c1 * g[i];
    v[i] = b2 * v[i] + c2 * g[i] * g[i];
  }
}

/* r[0..count) = (by_m m) / (sqrt(unbias v) + eps) + decay p, from element `lo` of the span on */
LS_CLONES static void lamb_direction(const ls_optim_span *s, int64_t lo, int64_t count,
                                     real *restrict r) {
  const real *restrict p = (const real *)s->p + lo, *restrict m = (const real *)s->slot[0] + lo,
                       *restrict v = (const real *)s->slot[1] + lo;
  const real by_m = (real)(1 / ls_seen(s->hyper[LS_BETA1], s->t)),
             unbias = (real)(1 / ls_seen(s->hyper[LS_BETA2], s->t));
  const real epsilon = (real)s->hyper[LS_EPSILON], decay = (real)s->weight_decay;
  for (int64_t i = 0; i < count; i++)
    r[i] = by_m * m[i] / (ls_root(unbias * v[i]) + epsilon) + decay * p[i];
}

static int64_t chunk(const ls_optim_span *s, int64_t lo) { return ls_min(s->n - lo, CHUNK); }

/* Moves the moments on; sums: squares of p, squares of the direction r */
void LS_R(ls_lamb_reduce)(const ls_optim_span *s, double *sum) {
  real r[CHUNK];
  lamb_moments(s);
  sum[0] += LS_R(ls_gradient_squares)(s->p, s->n);
  for (int64_t lo = 0; lo < s->n; lo += CHUNK) {
    lamb_direction(s, lo, chunk(s, lo), r);
    sum[1] += LS_R(ls_gradient_squares)(r, chunk(s, lo));
  }
}

/* p = p - rate r, rate = lr |p| / |r| */
LS_CLONES void LS_R(ls_lamb)(const ls_optim_span *s) {
  real r[CHUNK];
  const real rate =
      (real)(s->norm[0] == 0 || s->norm[1] == 0 ? s->lr : s->lr * (s->norm[0] / s->norm[1]));
  for (int64_t lo = 0; lo < s->n; lo += CHUNK) {
    real *restrict p = (real *)s->p + lo;
    lamb_direction(s, lo, chunk(s, lo), r);
    for (int64_t i = 0; i < chunk(s, lo); i++) p[i] -= rate * r[i];
  }
}
