/* partial.c - one name in static memory, since a signal handler may touch nothing else; it unlinks
 * that and raises the signal again. */
#include "io/partial.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
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

char *ls_partial_begin(const char *path) {
  const struct sigaction action = {.sa_handler = take_away,
                                   .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
  char *partial = ls_mem_format("%s.partial", path);
  struct sigaction before;
  snprintf(name, sizeof name, "%s", partial);
  owner = getpid();
  for (int k = 0; k < ENDING; k++)
    if (sigaction(ending[k], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
      sigaction(ending[k], &action, NULL);
  return partial;
}

void ls_partial_end(void) {
  struct sigaction now;
  for (int k = 0; k < ENDING; k++)
    if (sigaction(ending[k], NULL, &now) == 0 && now.sa_handler == take_away)
      signal(ending[k], SIG_DFL);
  *name = 0;
}
