/* partial.c - one name in static memory, since a signal handler may touch nothing else; it unlinks
 * that and raises the signal again. */
#include "io/partial.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static char name[PATH_MAX]; /* "": there is none */
static pid_t owner;         /* no child of it, which inherits the handler */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDING = sizeof ending / sizeof *ending };

/* SA_RESETHAND: the second time the signal does what it did before. */
static void take_away(int number) {
  if (getpid() == owner && *name) unlink(name);
  raise(number);
}

static void watch(const char *partial) {
  const struct sigaction action = {.sa_handler = take_away,
                                   .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
  struct sigaction before;
  snprintf(name, sizeof name, "%s", partial);
  owner = getpid();
  for (int k = 0; k < ENDING; k++)
    if (sigaction(ending[k], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
      sigaction(ending[k], &action, NULL);
}

/* Its name by the links that lead to it, where it may be written. */
static ls_status find(const char *path, bool replace, char **file) {
  struct stat about;
  char real[PATH_MAX];
  snprintf(real, sizeof real, "%s", path);
  const bool there = lstat(path, &about) == 0;
  if (there && (stat(path, &about) != 0 || !realpath(path, real)))
    return ls_fail(LS_EIO, "%s is a link to a file that is not there; name that file itself", path);
  if (there && !replace) return ls_fail(LS_EIO, "%s exists; --force replaces it", path);
  if (there && !S_ISREG(about.st_mode))
    return ls_fail(LS_EIO, "%s is no regular file, so nothing replaces it", path);
  *file = ls_mem_text(real);
  return LS_OK;
}

ls_status ls_partial_begin(const char *path, bool replace, char **file, char **partial) {
  *file = *partial = NULL;
  LS_TRY(find(path, replace, file));
  *partial = ls_mem_format("%s.partial", *file);
  watch(*partial);
  return LS_OK;
}

void ls_partial_end(void) {
  struct sigaction now;
  for (int k = 0; k < ENDING; k++)
    if (sigaction(ending[k], NULL, &now) == 0 && now.sa_handler == take_away)
      signal(ending[k], SIG_DFL);
  *name = 0;
}
