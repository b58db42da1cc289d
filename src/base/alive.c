/* alive.c - one counter for all threads. Nobody asks who has counted or how far it is, only
 * whether it has moved since the last look, so relaxed order is enough. */
#include "base/alive.h"

#include <stdatomic.h>

static _Atomic uint64_t count;

void ls_alive(void) { atomic_fetch_add_explicit(&count, 1, memory_order_relaxed); }
uint64_t ls_alive_count(void) { return atomic_load_explicit(&count, memory_order_relaxed); }
