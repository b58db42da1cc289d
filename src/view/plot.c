/* plot.c - gnuplot at work: the script goes in, the picture comes out whole or not at all. */
#include "view/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

extern char **environ;

const char *ls_plot_kind(const char *out) {
  static const char *const kind[] = {"svg", "png", "pdf", NULL};
  if (strcmp(out, "-") == 0) return "-";
  const char *dot = strrchr(out, '.');
  for (int i = 0; dot && kind[i]; i++)
    if (strcmp(dot + 1, kind[i]) == 0) return kind[i];
  return NULL;
}

/* An anonymous file with the script, to be read from its beginning. */
static ls_status script_file(const ls_panel *panel, int panels, const char *kind, int *fd) {
  *fd = memfd_create("plot", MFD_CLOEXEC);
  FILE *file = *fd >= 0 ? fdopen(dup(*fd), "w") : NULL;
  if (!file) return ls_fail(LS_FAIL, "no room for the script of the plot: %s", strerror(errno));
  ls_status status = ls_plot_script(file, panel, panels, kind, NULL);
  if (fclose(file) != 0 && status == LS_OK) status = ls_fail(LS_FAIL, "no room for the script of the plot: %s", strerror(errno));
  lseek(*fd, 0, SEEK_SET);
  return status;
}

/* What gnuplot complained of, in one line. */
static void complaint(int fd, char *text, size_t size) {
  ssize_t got = pread(fd, text, size - 1, 0);
  text[got > 0 ? got : 0] = '\0';
  for (char *c = text; *c; c++)
    if (*c == '\n') *c = ' ';
}

static ls_status run_gnuplot(int script, int out) {
  char *argv[] = {(char[]){"gnuplot"}, (char[]){"-d"}, (char[]){"-"}, NULL}, text[600];
  int errors = memfd_create("errors", MFD_CLOEXEC), state = 0;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, script, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, errors, 2);
  pid_t child;
  int failed = posix_spawnp(&child, "gnuplot", &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (!failed)
    while (waitpid(child, &state, 0) < 0 && errno == EINTR) continue;
  complaint(errors, text, sizeof text);
  close(errors);
  if (failed == ENOENT)
    return ls_fail(LS_FAIL, "gnuplot is not installed: apt-get install gnuplot-nox (--keep-script still writes the script with its data)");
  if (failed) return ls_fail(LS_FAIL, "can't start gnuplot: %s", strerror(failed));
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) return ls_fail(LS_FAIL, "gnuplot failed: %s", text);
  return LS_OK;
}

static ls_status keep(const ls_panel *panel, int panels, const char *kind, const char *out) {
  char *name = ls_mem_format("%.*s.gp", (int)(strrchr(out, '.') - out), out);
  FILE *file = fopen(name, "we");
  ls_status status = file ? ls_plot_script(file, panel, panels, kind, out) : LS_OK;
  if (!file || fclose(file) != 0) status = ls_fail(LS_EIO, "%s: %s", name, strerror(errno));
  LS_FREE(name);
  return status;
}

/* Into OUT.part, which takes the name when it is whole: an older picture is not lost to a failure. */
static ls_status to_file(int script, const char *out) {
  char *part = ls_mem_format("%s.part", out);
  int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  ls_status status = fd >= 0 ? run_gnuplot(script, fd) : ls_fail(LS_EIO, "%s: %s", part, strerror(errno));
  if (status == LS_OK && lseek(fd, 0, SEEK_END) <= 0) status = ls_fail(LS_EIO, "%s: gnuplot could write nothing (disk full?)", part);
  if (fd >= 0 && close(fd) != 0 && status == LS_OK) status = ls_fail(LS_EIO, "%s: %s", part, strerror(errno));
  if (status == LS_OK && rename(part, out) != 0) status = ls_fail(LS_EIO, "%s: %s", out, strerror(errno));
  if (status != LS_OK && fd >= 0) unlink(part);
  LS_FREE(part);
  return status;
}

ls_status ls_plot(const ls_panel *panel, int panels, const char *out, bool keep_script) {
  const char *kind = ls_plot_kind(out);
  if (!kind) return ls_fail(LS_EUSAGE, "-o %s: a picture's name ends in .svg, .png or .pdf; - draws on the terminal", out);
  bool screen = strcmp(out, "-") == 0;
  if (screen && keep_script) return ls_fail(LS_EUSAGE, "--keep-script needs a file: -o NAME.svg, .png or .pdf");
  if (keep_script) LS_TRY(keep(panel, panels, kind, out));
  int script;
  ls_status status = script_file(panel, panels, kind, &script);
  fflush(stdout);
  if (status == LS_OK) status = screen ? run_gnuplot(script, STDOUT_FILENO) : to_file(script, out);
  if (script >= 0) close(script);
  return status;
}
