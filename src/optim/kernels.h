/* kernels.h - the update loops of the built-in optimizers; each is compiled for float and for double in a *_real.c.
 *
 * Arithmetic: what depends on the update alone (1 - beta^t, lr / (1 - beta1^t), ...) is worked out in double once a call and cast to
 * `real` once; inside the loop there is only + - * / sqrt max abs in the order written in the comment above each loop, never fused,
 * so every vector width and every way to cut a span gives the same bits. A choice (epsilon_placement, form) is turned into
 * coefficients that are 0 or 1 where they do not apply, which is exact, so that one loop serves all forms. */
#ifndef LS_OPTIM_KERNELS_H
#define LS_OPTIM_KERNELS_H

#include <math.h>

#include "base/real.h"
#include "lockstep/optim.h"

/* Places of the keys in span->hyper, the order of their rows in optimizers.c */
enum { LS_OUTSIDE, LS_INSIDE, LS_HAT }; /* epsilon_placement */
enum { LS_ADAM_BETA1, LS_ADAM_BETA2, LS_ADAM_EPSILON, LS_ADAM_PLACEMENT, LS_ADAM_AMSGRAD };

#define LS_KERNEL(name)                    \
  void name##_f32(const ls_optim_span *s); \
  void name##_f64(const ls_optim_span *s)
LS_KERNEL(ls_sgd);
LS_KERNEL(ls_adam);
LS_KERNEL(ls_adamw);

#ifdef LS_REAL_BITS
static inline real ls_root(real x) { return LS_REAL_BITS == 32 ? (real)sqrtf((float)x) : (real)sqrt((double)x); }
static inline real ls_larger(real x, real y) { return x > y ? x : y; }
#endif

#endif
