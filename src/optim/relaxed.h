/* relaxed.h - weights that several ranks read and change at once, without locks: every access is a
 * relaxed atomic one, so that there is no data race. Two who change the same weight at the same
 * time may lose one of the changes. Functions: relaxed_real.c. */
#ifndef LS_OPTIM_RELAXED_H
#define LS_OPTIM_RELAXED_H

#include "base/real.h"

#define LS_RELAXED(suffix, real)                                       \
  void ls_relaxed_copy##suffix(const void *from, void *to, int64_t n); \
  void ls_relaxed_descend##suffix(void *w, const void *g, int64_t n, double lr, double decay)
/* copy: to[i] = from[i], either side shared.  descend: w[i] -= lr (g[i] + decay w[i]), only w
 * shared. A cache line of w whose gradient is all zero is not touched where there is no decay. */
LS_RELAXED(_f32, float);
LS_RELAXED(_f64, double);

#endif
