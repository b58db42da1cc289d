/* kernels.h - the update loops of the built-in optimizers; each is compiled for float and for
 * double: sgd_real.c, rmsprop_real.c (and its kin), adam_real.c, layerwise_real.c.
 *
 * Arithmetic: what depends on the update alone (1 - beta^t, lr / (1 - beta1^t), ...) is worked out
 * in double once a call and cast to `real` once; inside the loop there is only + - * / sqrt max abs
 * in the order written in the comment above each loop, never fused, so every vector width and every
 * way to cut a span gives the same bits. A choice (epsilon_placement, form) is turned into
 * coefficients that are 0 or 1 where they do not apply, which is exact, so that one loop serves all
 * forms. */
#ifndef LS_OPTIM_KERNELS_H
#define LS_OPTIM_KERNELS_H

#include <math.h>

#include "base/elementary.h"
#include "base/real.h"
#include "lockstep/optim.h"

/* Places of the keys in span->hyper: the order of their rows in optimizers.c */
enum { LS_OUTSIDE, LS_INSIDE, LS_HAT }; /* epsilon_placement */
enum { LS_EWA, LS_CLASSIC, LS_TF, LS_EWA_DELAYED };
enum {
  LS_MOMENTUM,
  LS_MOMENTUM_FORM,
  LS_MOMENTUM_NESTEROV,
  LS_MOMENTUM_DAMPENING,
  LS_MOMENTUM_UNBIAS
};
enum { LS_PYTORCH, LS_TENSORFLOW };
enum {
  LS_RMS_RHO,
  LS_RMS_EPSILON,
  LS_RMS_PLACEMENT,
  LS_RMS_MOMENTUM,
  LS_RMS_CENTERED,
  LS_RMS_START,
  LS_RMS_FORM
};
enum { LS_ADAGRAD_EPSILON, LS_ADAGRAD_PLACEMENT, LS_ADAGRAD_START, LS_ADAGRAD_LR_DECAY };
enum { LS_ADADELTA_RHO, LS_ADADELTA_EPSILON };
/* The first three: adam, adamw, adamax, nadam, lamb. */
enum { LS_BETA1, LS_BETA2, LS_EPSILON, LS_ADAM_PLACEMENT, LS_ADAM_AMSGRAD };
enum { LS_NADAM_DECAY = LS_EPSILON + 1, LS_NADAM_FORM };
enum { LS_DOZAT, LS_RUDER };
enum { LS_LARS_MOMENTUM, LS_LARS_TRUST, LS_LARS_EPSILON };

#define LS_KERNEL(name)                    \
  void name##_f32(const ls_optim_span *s); \
  void name##_f64(const ls_optim_span *s)
LS_KERNEL(ls_sgd);
LS_KERNEL(ls_momentum);
LS_KERNEL(ls_rmsprop);
LS_KERNEL(ls_adagrad);
LS_KERNEL(ls_adadelta);
LS_KERNEL(ls_adam);
LS_KERNEL(ls_adamw);
LS_KERNEL(ls_adamax);
LS_KERNEL(ls_nadam);
LS_KERNEL(ls_lars);
LS_KERNEL(ls_lamb);
#define LS_REDUCTION(name)                              \
  void name##_f32(const ls_optim_span *s, double *sum); \
  void name##_f64(const ls_optim_span *s, double *sum)
LS_REDUCTION(ls_lars_reduce);
LS_REDUCTION(ls_lamb_reduce);

/* 1 - beta^t: how much of the gradients seen so far an average that began at 0 holds. */
static inline double ls_seen(double beta, int64_t t) { return 1 - ls_power(beta, (double)t); }

#ifdef LS_REAL_BITS
static inline real ls_root(real x) {
  return LS_REAL_BITS == 32 ? (real)sqrtf((float)x) : (real)sqrt((double)x);
}
#define LS_INLINE static inline __attribute__((always_inline))
static inline real ls_larger(real x, real y) { return x > y ? x : y; }
#endif

#endif
