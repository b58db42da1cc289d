/* layer.c - the arena is asked twice in the same order: without a base it counts, with one it
 * hands out. Sums saturate, so that a model too large is one failure of ls_mem_new. */
#include "model/layer.h"

#include <string.h>

void ls_layer_arena_take(ls_layer_arena *arena, void *slot, int64_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow((size_t)count, size, &bytes) || bytes > SIZE_MAX / 8)
    bytes = SIZE_MAX / 8;
  if (arena->base) {
    void *here = arena->base + arena->used;
    memcpy(slot, &here, sizeof here);
  }
  arena->used += (bytes + LS_ALIGN - 1) / LS_ALIGN * LS_ALIGN;
  if (arena->used > SIZE_MAX / 4) arena->used = SIZE_MAX / 4; /* more than ls_mem_new will give */
}
