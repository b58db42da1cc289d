/* clamp.h - a whole number kept within bounds. */
#ifndef LS_BASE_CLAMP_H
#define LS_BASE_CLAMP_H

#include <stdint.h>

/* The number of [least, most] that is nearest to n; least <= most. */
static inline int64_t ls_clamp(int64_t n, int64_t least, int64_t most) {
  if (n < least) return least;
  return n < most ? n : most;
}

#endif
