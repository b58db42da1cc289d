/* program.c - the pipe is read to its end even where the text finds no memory, since the
 * program would wait for a reader for ever; only then its end is waited for. */
#include "io/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* To the end also where there is no memory for it: the program must not wait for a reader. */
static char *slurp(int fd, size_t *bytes) {
  char *text = NULL, part[65536];
  FILE *memory = open_memstream(&text, bytes);
  ssize_t got;
  while ((got = read(fd, part, sizeof part)) > 0 || (got < 0 && errno == EINTR))
    if (memory && got > 0) fwrite(part, 1, (size_t)got, memory);
  if (memory && fclose(memory) == 0) return text;
  free(text);
  return NULL;
}

static int spawn(const char *const argv[], int in, int out, int errors, pid_t *pid) {
  extern char **environ;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (in >= 0) posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  if (errors >= 0) posix_spawn_file_actions_adddup2(&actions, errors, 2);
  int error = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int ls_program_run(const char *const argv[], int in, int errors, char **output, size_t *bytes,
                   int *how) {
  int ends[2];
  pid_t pid;
  *output = NULL;
  *bytes = 0;
  *how = 0;
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  int error = spawn(argv, in, ends[1], errors, &pid);
  close(ends[1]);
  if (!error) *output = slurp(ends[0], bytes);
  close(ends[0]);
  if (!error)
    while (waitpid(pid, how, 0) < 0 && errno == EINTR) continue;
  return error;
}
