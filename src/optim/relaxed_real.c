/* relaxed_real.c - plain atomic loads and stores of single reals, without compare-and-swap: an
 * update that is lost is part of the method. The gradient is looked at a cache line at a time,
 * so that lines of zeros are left to their other users. */
#include "base/clamp.h"
#include "optim/relaxed.h"

enum { LINE = 64 / sizeof(real) };

static inline real get(const real *at) {
  real value;
  __atomic_load(at, &value, __ATOMIC_RELAXED);
  return value;
}

static inline void put(real *at, real value) { __atomic_store(at, &value, __ATOMIC_RELAXED); }

void LS_R(ls_relaxed_copy)(const void *from, void *to, int64_t n) {
  const real *source = from;
  real *target = to;
  for (int64_t i = 0; i < n; i++) put(&target[i], get(&source[i]));
}

static bool is_zero(const real *g, int64_t n) {
  bool zero = true;
  for (int64_t i = 0; i < n; i++) zero &= g[i] == 0;
  return zero;
}

/* The arithmetic of ls_sgd, in its order. */
void LS_R(ls_relaxed_descend)(void *weights, const void *gradient, int64_t n, double lr,
                              double decay) {
  real *w = weights;
  const real *g = gradient;
  const real rate = (real)lr, pull = (real)decay;
  for (int64_t at = 0; at < n; at += LINE) {
    const int64_t end = ls_min(at + LINE, n);
    if (pull == 0 && is_zero(g + at, end - at)) continue;
    for (int64_t i = at; i < end; i++) {
      const real old = get(&w[i]);
      put(&w[i], old - rate * (g[i] + pull * old));
    }
  }
}
