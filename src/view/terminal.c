/* terminal.c - how mpirun is seen through: where the parent process is called like one of the
 * launchers, its own descriptor is opened by /proc/PID/fd and asked instead of ours. */
#include "view/terminal.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "comm/comm.h"

static bool parent_is_launcher(void) {
  static const char *const name[] = {"mpirun",        "orterun",         "mpiexec",
                                     "orted",         "prterun",         "prted",
                                     "mpiexec.hydra", "hydra_pmi_proxy", NULL};
  char path[64], comm[32] = "";
  snprintf(path, sizeof path, "/proc/%d/comm", (int)getppid());
  FILE *file = fopen(path, "re");
  if (!file) return false;
  if (fgets(comm, sizeof comm, file)) comm[strcspn(comm, "\n")] = '\0';
  fclose(file);
  for (int i = 0; name[i]; i++)
    if (strcmp(comm, name[i]) == 0) return true;
  return false;
}

/* 0 and 0: it is no terminal. */
static struct winsize size_here(int fd) {
  struct winsize size = {0};
  if (!isatty(fd)) return size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size.ws_col = 80;
  if (size.ws_row == 0) size.ws_row = 24;
  return size;
}

static struct winsize size_of(int fd) {
  if (!ls_comm_launched() || !parent_is_launcher()) return size_here(fd);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), fd);
  int launcher = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (launcher < 0) return (struct winsize){0};
  const struct winsize found = size_here(launcher);
  close(launcher);
  return found;
}

int ls_terminal_columns(int fd) { return size_of(fd).ws_col; }
int ls_terminal_rows(int fd) { return size_of(fd).ws_row; }
