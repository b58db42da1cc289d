/* plugin.h - code that others wrote, tried in a child process before it runs in ours. */
#ifndef LS_OPTIM_PLUGIN_H
#define LS_OPTIM_PLUGIN_H

/* Run job(arg) in a child process that then ends. NULL if it came back; otherwise what happened
 * ("crashed: Segmentation fault"). */
const char *ls_plugin_trial(void (*job)(void *arg), void *arg);

#endif
