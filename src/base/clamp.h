/* clamp.h - whole numbers kept within bounds. */
#ifndef LS_BASE_CLAMP_H
#define LS_BASE_CLAMP_H

#include <stdint.h>

static inline int64_t ls_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ls_max(int64_t a, int64_t b) { return a > b ? a : b; }
/* The number of [least, most] that is nearest to n; least <= most. */
static inline int64_t ls_clamp(int64_t n, int64_t least, int64_t most) {
  return ls_max(least, ls_min(n, most));
}

#endif
