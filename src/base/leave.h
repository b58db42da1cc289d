/* leave.h - is the end of the process lockstep's own doing? Others' code that runs in it may call
 * exit too. */
#ifndef LS_BASE_LEAVE_H
#define LS_BASE_LEAVE_H

#include <stdbool.h>

void ls_leave_begin(void); /* any thread; from now on an exit is ours */
bool ls_leave_begun(void);

#endif
