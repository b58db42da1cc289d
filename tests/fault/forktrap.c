/* forktrap.c - for LD_PRELOAD: lockstep never forks, nor do programs that have it in them
 * (tests/api). Where an interconnect has registered memory, a forked process has holes in it, and
 * so may its parent.
 *
 *   FORKTRAP  a file's name: a line for every call that forks, before the process is aborted
 *   SPAWNED   a file's name: a line for every process that lockstep starts, its first arguments
 *   NOSPAWN   there is no process to be had either */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Not of the launcher and its shells, which inherit the environment. */
static bool is_lockstep(void) {
  char path[512] = "";
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  const char *name = n > 0 ? strrchr(path, '/') : "";
  return strstr(name, "lockstep") || strstr(name, "/api_");
}

static void caught(const char *name, const void *caller) {
  char line[600];
  Dl_info who = {0};
  dladdr(caller, &who);
  int fd = open(getenv("FORKTRAP"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  int n = snprintf(line, sizeof line, "%s by %s\n", name, who.dli_fname ? who.dli_fname : "?");
  if (write(fd, line, (size_t)n) != n) fprintf(stderr, "forktrap: %s", line);
  abort();
}

/* `type name parameters`, which calls the C library's own where it is not lockstep that asks. */
#define TRAP(type, name, parameters, ...)                                 \
  type name parameters {                                                  \
    if (is_lockstep()) caught(#name, __builtin_return_address(0));        \
    type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
    return real(__VA_ARGS__);                                             \
  }
TRAP(pid_t, fork, (void))
TRAP(FILE *, popen, (const char *command, const char *mode), command, mode)
TRAP(int, system, (const char *command), command)
TRAP(int, daemon, (int stay, int keep), stay, keep)

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const env[]) {
  spawner *real;
  *(void **)&real = dlsym(RTLD_NEXT, "posix_spawn");
  if (is_lockstep() && getenv("NOSPAWN")) return EAGAIN;
  FILE *list = is_lockstep() && getenv("SPAWNED") ? fopen(getenv("SPAWNED"), "ae") : NULL;
  for (int i = 1; list && argv[i] && i < 3; i++) fprintf(list, "%s%c", argv[i], i < 2 ? ' ' : '\n');
  if (list) fclose(list);
  return real(pid, path, actions, attributes, argv, env);
}

/* The real vfork cannot be called from here: its frame would be gone. */
pid_t vfork(void) {
  if (is_lockstep()) caught("vfork", __builtin_return_address(0));
  return fork();
}
