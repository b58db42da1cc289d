#include "io/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"

struct ls_child {
  pid_t pid; /* 0: has been waited for */
  int socket;
  int how; /* it ended, once pid is 0 */
  int milliseconds;
  bool silent; /* too long: killed for it */
};

bool ls_socket_send(int socket, const void *data, size_t bytes) {
  for (const char *at = data; bytes > 0;) {
    ssize_t done = send(socket, at, bytes, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    bytes -= (size_t)done;
  }
  return true;
}

bool ls_socket_receive(int socket, void *data, size_t bytes) {
  for (char *at = data; bytes > 0;) {
    ssize_t done = recv(socket, at, bytes, 0);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    bytes -= (size_t)done;
  }
  return true;
}

/* A crash is told by the parent and leaves no core of the whole job's memory. */
static void live(pid_t parent, int socket, void (*serve)(int socket, void *arg), void *arg) {
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT},
                   deaf[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 0);
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
  for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++) signal(deaf[i], SIG_IGN);
  if (getppid() == parent) serve(socket, arg);
  _exit(0);
}

ls_status ls_child_start(void (*serve)(int socket, void *arg), void *arg, double seconds,
                         ls_child **out) {
  int pair[2];
  pid_t parent = getpid();
  LS_NEW(*out, 1);
  (*out)->milliseconds = (int)(1000 * seconds);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    LS_FREE(*out);
    return ls_fail(LS_FAIL, "can't talk to a process of our own: %s", strerror(errno));
  }
  (*out)->socket = pair[0];
  (*out)->pid = fork();
  if ((*out)->pid == 0) {
    close(pair[0]);
    live(parent, pair[1], serve, arg);
  }
  close(pair[1]);
  if ((*out)->pid > 0) return LS_OK;
  (*out)->pid = 0;
  ls_child_stop(out);
  return ls_fail(LS_FAIL, "can't start a process of our own: %s", strerror(errno));
}

/* Whoever has closed its socket is on its way out, and how is settled: the signal only makes sure
 * of an end. */
static void end(ls_child *child) {
  if (child->pid > 0) kill(child->pid, SIGKILL);
  while (child->pid > 0 && waitpid(child->pid, &child->how, 0) < 0 && errno == EINTR) continue;
  child->pid = 0;
}

void ls_child_stop(ls_child **out) {
  ls_child *child = *out;
  if (!child) return;
  close(child->socket);
  end(child); /* it holds nothing that would need an orderly one */
  LS_FREE(*out);
}

/* ---- the parent's side, which never waits for ever ---- */

static ls_status gone(ls_child *child, const char *name) {
  end(child);
  if (child->silent)
    return ls_fail(LS_EDATA, "%s: damaged: the library that reads it did nothing for %d s", name,
                   child->milliseconds / 1000);
  if (WIFSIGNALED(child->how))
    return ls_fail(LS_EDATA, "%s: damaged: the library that reads it crashed (%s)", name,
                   strsignal(WTERMSIG(child->how)));
  return ls_fail(LS_EDATA, "%s: damaged: the library that reads it ended the process", name);
}

static ls_status ready(ls_child *child, const char *name, short what) {
  struct pollfd fd = {child->socket, what, 0};
  int found;
  ls_alive();
  do found = poll(&fd, 1, child->milliseconds);
  while (found < 0 && errno == EINTR);
  if (found > 0) return LS_OK;
  child->silent = true;
  return gone(child, name);
}

ls_status ls_child_send(ls_child *child, const char *name, const void *data, size_t bytes) {
  LS_TRY(ready(child, name, POLLOUT));
  return ls_socket_send(child->socket, data, bytes) ? LS_OK : gone(child, name);
}

ls_status ls_child_receive(ls_child *child, const char *name, void *data, size_t bytes) {
  for (char *at = data; bytes > 0;) {
    LS_TRY(ready(child, name, POLLIN));
    ssize_t done = recv(child->socket, at, bytes, MSG_DONTWAIT);
    if (done < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (done <= 0) return gone(child, name);
    at += done;
    bytes -= (size_t)done;
  }
  return LS_OK;
}
