/* rmsprop_real.c - step sizes from sums and averages of squared gradients: RMSProp (Tieleman and
 * Hinton 2012), Adagrad (Duchi, Hazan and Singer 2011) and Adadelta (Zeiler, arXiv 1212.5701). */
#include "optim/kernels.h"

/* S = rho S + ((1-rho) d) d;  q = d / (sqrt(S + inside) + outside), centered: M = rho M + (1-rho) d
 * and S - M M for S (not below 0); b = m b + by_g q (without momentum: b = by_g q);  p = p - by_b
 * b. The rate is in by_g (tensorflow) or in by_b (pytorch). */
LS_INLINE void rms_loop(const ls_optim_span *s, int momentum, int centered) {
  real *restrict p = s->p, *restrict mean = s->slot[0], *restrict buffer = s->slot[1],
                 *restrict middle = s->slot[2];
  const real *restrict g = s->g;
  const int within = s->hyper[LS_RMS_PLACEMENT] == LS_INSIDE,
            scaled = s->hyper[LS_RMS_FORM] == LS_TENSORFLOW;
  const real rho = (real)s->hyper[LS_RMS_RHO], rest = (real)(1 - s->hyper[LS_RMS_RHO]),
             decay = (real)s->weight_decay;
  const real epsilon = (real)s->hyper[LS_RMS_EPSILON], inside = within ? epsilon : 0,
             outside = within ? 0 : epsilon;
  const real m = (real)s->hyper[LS_RMS_MOMENTUM], lr = (real)s->lr, by_g = scaled ? lr : 1,
             by_b = scaled ? 1 : lr;
  for (int64_t i = 0; i < s->n; i++) {
    real d = g[i] + decay * p[i], square, b;
    square = mean[i] = rho * mean[i] + rest * d * d;
    if (centered) {
      middle[i] = rho * middle[i] + rest * d;
      square -= middle[i] * middle[i];
      square = square < 0 ? 0 : square; /* rounding; NaN stays */
    }
    b = by_g * (d / (ls_root(square + inside) + outside));
    if (momentum) b = buffer[i] = m * buffer[i] + b;
    p[i] -= by_b * b;
  }
}

LS_CLONES void LS_R(ls_rmsprop)(const ls_optim_span *s) {
  int momentum = s->hyper[LS_RMS_MOMENTUM] != 0, centered = s->hyper[LS_RMS_CENTERED] != 0;
  if (momentum && centered) rms_loop(s, 1, 1);
  if (momentum && !centered) rms_loop(s, 1, 0);
  if (!momentum && centered) rms_loop(s, 0, 1);
  if (!momentum && !centered) rms_loop(s, 0, 0);
}

/* S = S + d d;  p = p - rate (d / (sqrt(S + inside) + outside)), rate = lr / (1 + (t-1) lr_decay)
 */
LS_CLONES void LS_R(ls_adagrad)(const ls_optim_span *s) {
  real *restrict p = s->p, *restrict sum = s->slot[0];
  const real *restrict g = s->g;
  const int within = s->hyper[LS_ADAGRAD_PLACEMENT] == LS_INSIDE;
  const real rate = (real)(s->lr / (1 + (double)(s->t - 1) * s->hyper[LS_ADAGRAD_LR_DECAY])),
             decay = (real)s->weight_decay;
  const real epsilon = (real)s->hyper[LS_ADAGRAD_EPSILON], inside = within ? epsilon : 0,
             outside = within ? 0 : epsilon;
  for (int64_t i = 0; i < s->n; i++) {
    real d = g[i] + decay * p[i];
    sum[i] += d * d;
    p[i] -= rate * (d / (ls_root(sum[i] + inside) + outside));
  }
}

/* S = rho S + ((1-rho) d) d;  u = (sqrt(D + eps) / sqrt(S + eps)) d;  D = rho D + ((1-rho) u) u;  p
 * = p - lr u */
LS_CLONES void LS_R(ls_adadelta)(const ls_optim_span *s) {
  real *restrict p = s->p, *restrict gradients = s->slot[0], *restrict updates = s->slot[1];
  const real *restrict g = s->g;
  const real rho = (real)s->hyper[LS_ADADELTA_RHO], rest = (real)(1 - s->hyper[LS_ADADELTA_RHO]);
  const real epsilon = (real)s->hyper[LS_ADADELTA_EPSILON], lr = (real)s->lr,
             decay = (real)s->weight_decay;
  for (int64_t i = 0; i < s->n; i++) {
    real d = g[i] + decay * p[i], u;
    gradients[i] = rho * gradients[i] + rest * d * d;
    u = ls_root(updates[i] + epsilon) / ls_root(gradients[i] + epsilon) * d;
    updates[i] = rho * updates[i] + rest * u * u;
    p[i] -= lr * u;
  }
}
