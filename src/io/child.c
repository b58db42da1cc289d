/* child.c - the child is `lockstep lockstep-child JOB PARENT`, its socket is descriptor 3, its
 * first byte says that it is up. It waits for ever; the parent never does: it kills who is
 * silent too long, and says by the end what was wrong (gone). Begin with ls_child_start. */
#include "io/child.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"

enum { SOCKET = 3, START_SECONDS = 60 };

/* A child's arguments: the program, this word, the job's name, its parent's process id. */
#define WORD "lockstep-child"

static const int deaf[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT};
enum { DEAF = sizeof deaf / sizeof *deaf };

struct ls_child {
  pid_t pid; /* 0: has been waited for */
  int socket;
  int how; /* it ended, once pid is 0 */
  int milliseconds;
  bool silent; /* too long: killed for it */
};

/* ---- the child's side ---- */

static ssize_t send_some(int socket, void *data, size_t bytes, int flags) {
  return send(socket, data, bytes, flags | MSG_NOSIGNAL);
}

/* Waits for as long as it takes: the parent ends those that it has no use for. */
static bool move(int socket, char *at, size_t bytes,
                 ssize_t (*some)(int socket, void *data, size_t bytes, int flags)) {
  while (bytes > 0) {
    ssize_t done = some(socket, at, bytes, 0);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    bytes -= (size_t)done;
  }
  return true;
}

bool ls_socket_send(int socket, const void *data, size_t bytes) {
  return move(socket, (char *)(uintptr_t)data, bytes, send_some);
}

bool ls_socket_receive(int socket, void *data, size_t bytes) {
  return move(socket, data, bytes, recv);
}

bool ls_socket_text(int socket, char **text) {
  int64_t length;
  *text = NULL;
  if (!ls_socket_receive(socket, &length, sizeof length)) return false;
  if (length < 0) return true;
  *text = ls_mem_must((size_t)length + 1);
  return ls_socket_receive(socket, *text, (size_t)length);
}

/* A crash is told by the parent: no handler (a sanitizer's), no core. The signals that the child is
 * deaf to were blocked until it could say so. */
static void prepare(pid_t parent) {
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
  sigset_t none;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(LS_FAIL);
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
  for (int i = 0; i < DEAF; i++) signal(deaf[i], SIG_IGN);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

/* This program can be started again for a job: its main begins with ls_child_main. */
static bool is_ours;

void ls_child_main(int argc, char **argv, const ls_child_job *const *jobs) {
  is_ours = true;
  if (argc != 4 || strcmp(argv[1], WORD) != 0) return;
  prepare((pid_t)strtol(argv[3], NULL, 10));
  while (*jobs && strcmp((*jobs)->name, argv[2]) != 0) jobs++;
  if (*jobs && ls_socket_send(SOCKET, "", 1)) (*jobs)->serve(SOCKET);
  _exit(0);
}

/* ---- starting one ---- */

/* Libraries do not always say close-on-exec. A descriptor that another thread closes meanwhile does
 * no harm. */
static void close_others(posix_spawn_file_actions_t *actions) {
  DIR *all = opendir("/proc/self/fd");
  if (!all) return;
  for (struct dirent *entry; (entry = readdir(all));) {
    int fd = (int)strtol(entry->d_name, NULL, 10);
    if (fd > SOCKET) posix_spawn_file_actions_addclose(actions, fd);
  }
  closedir(all);
}

static int spawn(const ls_child_job *job, int socket, pid_t *pid) {
  extern char **environ;
  char parent[24];
  char *argv[] = {(char[]){"lockstep"}, (char[]){WORD}, (char *)job->name, parent, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t blocked;
  snprintf(parent, sizeof parent, "%ld", (long)getpid());
  sigemptyset(&blocked);
  for (int i = 0; i < DEAF; i++) sigaddset(&blocked, deaf[i]);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, &blocked);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, SOCKET);
  close_others(&actions);
  int error = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

/* Its end of the socket is not SOCKET itself: dup2 would leave that one closed on exec. */
static int open_sockets(int *ours, int *its) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  *ours = pair[0];
  *its = fcntl(pair[1], F_DUPFD_CLOEXEC, SOCKET + 1);
  int error = errno;
  close(pair[1]);
  if (*its >= 0) return 0;
  close(pair[0]);
  *ours = -1;
  return error;
}

static int begin(const ls_child_job *job, ls_child *child) {
  int its = -1, error = open_sockets(&child->socket, &its);
  if (error) return error;
  error = spawn(job, its, &child->pid);
  if (error) child->pid = 0;
  close(its);
  return error;
}

ls_status ls_child_start(const ls_child_job *job, double seconds, ls_child **out) {
  char up;
  *out = NULL;
  if (!is_ours)
    return ls_fail(LS_EDATA,
                   "other people's HDF5 files and plug-ins are opened in a process of its own, and "
                   "a program that is not lockstep starts none");
  LS_NEW(*out, 1);
  **out = (ls_child){.socket = -1, .milliseconds = 1000 * START_SECONDS};
  int error = begin(job, *out);
  if (!error && ls_child_receive(*out, job->name, &up, 1) == LS_OK) {
    (*out)->milliseconds = (int)(1000 * seconds);
    return LS_OK;
  }
  ls_child_stop(out);
  return ls_fail(LS_FAIL, "cannot start a process of our own: %s",
                 error ? strerror(error) : "it ended, or did nothing, before its first word");
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
  if (child->socket >= 0) close(child->socket);
  end(child); /* it holds nothing that would need an orderly one */
  LS_FREE(*out);
}

/* ---- the parent's side, which never waits for ever ---- */

static ls_status gone(ls_child *child, const char *name) {
  end(child);
  if (child->silent)
    return ls_fail(LS_EDATA, "%s: damaged: the library that reads it did nothing for %d s", name,
                   child->milliseconds / 1000);
  if (WIFEXITED(child->how) && WEXITSTATUS(child->how) == LS_FAIL)
    return ls_fail(LS_FAIL, "%s: out of memory in the process that reads it", name);
  if (WIFSIGNALED(child->how) &&
      WTERMSIG(child->how) == SIGKILL) /* by the kernel, short of memory */
    return ls_fail(LS_FAIL, "%s: the process that reads it was killed; out of memory?", name);
  if (WIFSIGNALED(child->how))
    return ls_fail(LS_EDATA, "%s: damaged: the library that reads it crashed (%s)", name,
                   strsignal(WTERMSIG(child->how)));
  return ls_fail(LS_EDATA, "%s: damaged: the library that reads it ended the process", name);
}

int ls_child_how(const ls_child *child) {
  assert(child->pid == 0);
  return child->silent ? -1 : child->how;
}

static int64_t milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1000 * (int64_t)now.tv_sec + now.tv_nsec / 1000000;
}

static ls_status ready(ls_child *child, const char *name, short what) {
  struct pollfd fd = {child->socket, what, 0};
  int64_t left = child->milliseconds, until = milliseconds_now() + left;
  int found;
  ls_alive();
  do {
    found = poll(&fd, 1, (int)left);
    left = until - milliseconds_now();
  } while (found < 0 && errno == EINTR && left > 0);
  if (found > 0) return LS_OK;
  child->silent = true;
  return gone(child, name);
}

static ls_status exchange(ls_child *child, const char *name, char *at, size_t bytes, short what,
                          ssize_t (*some)(int socket, void *data, size_t bytes, int flags)) {
  while (bytes > 0) {
    LS_TRY(ready(child, name, what));
    ssize_t done = some(child->socket, at, bytes, MSG_DONTWAIT);
    if (done < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (done <= 0) return gone(child, name);
    at += done;
    bytes -= (size_t)done;
  }
  return LS_OK;
}

ls_status ls_child_send(ls_child *child, const char *name, const void *data, size_t bytes) {
  return exchange(child, name, (char *)(uintptr_t)data, bytes, POLLOUT, send_some);
}

ls_status ls_child_receive(ls_child *child, const char *name, void *data, size_t bytes) {
  return exchange(child, name, data, bytes, POLLIN, recv);
}

ls_status ls_child_send_text(ls_child *child, const char *name, const char *text) {
  int64_t length = text ? (int64_t)strlen(text) : -1;
  LS_TRY(ls_child_send(child, name, &length, sizeof length));
  return text ? ls_child_send(child, name, text, (size_t)length) : LS_OK;
}
