/* thread.c - all signals are blocked around pthread_create, so that there is no moment in which
 * the new thread could take one; `begin` then gives it its starter's sink for messages. */
#include "base/thread.h"

#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

typedef struct {
  void *(*run)(void *arg);
  void *arg;
  const ls_log_sink *sink;
} start;

static void *begin(void *given) {
  const start s = *(start *)given;
  ls_mem_free(given);
  ls_log_divert(s.sink);
  return s.run(s.arg);
}

ls_status ls_thread_start(pthread_t *thread, const char *what, void *(*run)(void *arg), void *arg) {
  sigset_t all, before;
  start *s;
  LS_NEW(s, 1);
  *s = (start){.run = run, .arg = arg, .sink = ls_log_diverted()};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(thread, NULL, begin, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) return LS_OK;
  LS_FREE(s);
  return ls_fail(LS_FAIL, "cannot start %s: %s", what, strerror(error));
}

void ls_thread_stop(pthread_t thread, pthread_mutex_t *lock, pthread_cond_t *wake, bool *stop) {
  pthread_mutex_lock(lock);
  *stop = true;
  pthread_cond_broadcast(wake);
  pthread_mutex_unlock(lock);
  pthread_join(thread, NULL);
}
