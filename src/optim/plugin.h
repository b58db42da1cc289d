/* plugin.h - code that others wrote, tried in a child process (io/child.h) before it runs in ours.
 * plugin.c also has what optim.h and schedule.h say of plug-ins, and their checks. */
#ifndef LS_OPTIM_PLUGIN_H
#define LS_OPTIM_PLUGIN_H

#include "io/child.h"
#include "optim/optim.h"
#include "optim/schedule.h"

extern const ls_child_job ls_plugin_job; /* for ls_child_main */

/* The last line of the program: an end by exit() before it is blamed on the plug-ins. Where one is
 * loaded this does not return: the process ends with `code`, in which their destructors have no
 * say. */
void ls_plugin_leave(int code);

#endif
