/* plugin.h - code that others wrote, tried in a child process before it runs in ours. */
#ifndef LS_OPTIM_PLUGIN_H
#define LS_OPTIM_PLUGIN_H

/* Run job(arg) in a child process that then ends. NULL if it came back; otherwise what happened
 * ("crashed: Segmentation fault", "ended the process (exit code 0)"); 20 s at most. */
const char *ls_plugin_trial(void (*job)(void *arg), void *arg);

const char *ls_plugin_name(const char *file); /* without its folder */

/* The last line of the program: an end by exit() before it is blamed on the plug-ins. Where one is
 * loaded this does not return: the process ends with `code`, in which their destructors have no
 * say. */
void ls_plugin_leave(int code);

#endif
