/* plugin.h - code that others wrote, tried in a child process (io/child.h) before it runs in ours.
 */
#ifndef LS_OPTIM_PLUGIN_H
#define LS_OPTIM_PLUGIN_H

#include "io/child.h"
#include "optim/optim.h"
#include "optim/schedule.h"

/* Load the plug-in of `spec` in a child process that then ends, and run ls_optim_try or
 * ls_schedule_try there with its values. NULL if it came back; otherwise what happened ("crashed:
 * Segmentation fault", "ended the process (exit code 0)"); 20 s at most. */
const char *ls_plugin_try_optim(const ls_optim_spec *spec);
const char *ls_plugin_try_schedule(const ls_schedule_spec *spec);

extern const ls_child_job ls_plugin_job; /* for ls_child_main */

const char *ls_plugin_name(const char *file); /* without its folder */

/* The last line of the program: an end by exit() before it is blamed on the plug-ins. Where one is
 * loaded this does not return: the process ends with `code`, in which their destructors have no
 * say. */
void ls_plugin_leave(int code);

#endif
