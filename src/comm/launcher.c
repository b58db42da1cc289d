/* launcher.c - the launcher's end. It is done by a shell that this rank starts (by posix_spawn,
 * never fork: io/child.h) and that outlives it: the rank has to be gone first, for a launcher that
 * is well ends the job when a rank fails. The shell has a session of its own, so that it is not
 * killed with the rank, and none of its descriptors, at whose end the launcher would wait. */
#include "comm/launcher.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANCESTORS = 8, LAUNCHERS = 4 };

/* What is told of a process: its parent, and when it was started, by which it is known again. */
typedef struct {
  char name[32];
  long pid, parent;
  unsigned long long start;
} process;

/* No allocation: another thread may be stuck with the allocator's lock. */
static bool look_at(long pid, process *p) {
  char path[40], text[1024], *end;
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[got > 0 ? got : 0] = '\0';
  char *name = strchr(text, '(');
  if (!name || !(end = strrchr(text, ')'))) return false;
  *end = '\0';
  p->pid = pid;
  snprintf(p->name, sizeof p->name, "%s", name + 1);
  return sscanf(end + 1,
                " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                &p->parent, &p->start) == 2;
}

static bool is_launcher(const process *p) {
  static const char *const begins[] = {"mpirun", "mpiexec", "orte", "prte", "hydra", NULL};
  for (int i = 0; begins[i]; i++)
    if (strncmp(p->name, begins[i], strlen(begins[i])) == 0) return true;
  return false;
}

/* The innermost launcher among the ancestors and those above it, one the other's child: a daemon
 * and the command that the user typed. A wrapper may stand below. PID:START of each. */
static int find_launchers(char found[LAUNCHERS][48]) {
  process p;
  int count = 0;
  long pid = getppid();
  for (int i = 0; i < ANCESTORS && count < LAUNCHERS && pid > 0 && look_at(pid, &p); i++) {
    const bool is = is_launcher(&p);
    if (count > 0 && !is) break;
    if (is) snprintf(found[count++], sizeof found[0], "%ld:%llu", pid, p.start);
    pid = p.parent;
  }
  return count;
}

/* It has had its time, and has ended its ranks here: SIGTERM would have Open MPI's crash with a
 * page of addresses, or wait on. */
static const char shell_text[] =
    "exec </dev/null >/dev/null 2>&1\n"
    "sleep \"$1\"; shift\n"
    "for p; do\n"
    "  read -r stat <\"/proc/${p%:*}/stat\" || continue\n"
    "  case $stat in *\" ${p#*:} \"*) kill -KILL \"${p%:*}\" ;; esac\n"
    "done\n";

/* Libraries do not always say close-on-exec; this process ends now, and needs none any more. */
static void hold_nothing(void) {
  enum { FILES = 65536 };
  for (int fd = 3; fd < FILES; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void start_shell(char *const argv[]) {
  extern char **environ;
  pid_t pid;
  posix_spawnattr_t attributes;
  hold_nothing();
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  (void)posix_spawn(&pid, "/bin/sh", NULL, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
}

void ls_launcher_end(void) {
  char found[LAUNCHERS][48], seconds[16];
  const char *given = getenv("LOCKSTEP_LAUNCHER_SECONDS"); /* for tests */
  const int count = find_launchers(found);
  if (count == 0) return;
  snprintf(seconds, sizeof seconds, "%d", given ? atoi(given) : LS_LAUNCHER_SECONDS);
  char *argv[5 + LAUNCHERS + 1] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)shell_text,
                                   (char[]){"lockstep"}, seconds};
  for (int i = 0; i < count; i++) argv[5 + i] = found[i];
  start_shell(argv);
}
