/* sgd_real.c - plain gradient descent (chapter, l.5-21 and l.724-768: the self-made optimizer is the same update). */
#include "optim/kernels.h"

/* p = p - lr (g + decay p) */
LS_CLONES void LS_R(ls_sgd)(const ls_optim_span *s) {
  real *restrict p = s->p;
  const real *restrict g = s->g;
  const real lr = (real)s->lr, decay = (real)s->weight_decay;
  for (int64_t i = 0; i < s->n; i++) p[i] -= lr * (g[i] + decay * p[i]);
}
