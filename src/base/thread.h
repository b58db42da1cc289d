/* thread.h - starting and ending a thread of lockstep's own: it takes no signals, which are for the
 * threads of the program, and its messages go where those of its starter go. */
#ifndef LS_BASE_THREAD_H
#define LS_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/status.h"

/* run(arg) in a thread to be joined. LS_FAIL, with a text that names `what`, where there can be no
 * more threads. */
ls_status ls_thread_start(pthread_t *thread, const char *what, void *(*run)(void *arg), void *arg);
/* Say under `lock` that it is to end, wake it, and wait until it has. */
void ls_thread_stop(pthread_t thread, pthread_mutex_t *lock, pthread_cond_t *wake, bool *stop);

#endif
