/* leave.c - a flag that is set once and never taken back. */
#include "base/leave.h"

#include <stdatomic.h>

static atomic_bool begun;

void ls_leave_begin(void) { atomic_store(&begun, true); }
bool ls_leave_begun(void) { return atomic_load(&begun); }
