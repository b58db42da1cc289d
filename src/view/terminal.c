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

static int columns(int fd) {
  struct winsize size;
  if (!isatty(fd)) return 0;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int ls_terminal_columns(int fd) {
  if (!ls_comm_launched() || !parent_is_launcher()) return columns(fd);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), fd);
  int launcher = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (launcher < 0) return 0;
  int found = columns(launcher);
  close(launcher);
  return found;
}
