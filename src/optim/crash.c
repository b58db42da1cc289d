/* crash.c - what is said is written in advance, a text a signal, since a process that has
 * crashed formats nothing; the handler puts back what was there before (MPI's), and the fault
 * comes again to it. */
#include "optim/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static const struct {
  int number;
  const char *name;
} fatal[] = {{SIGSEGV, "segmentation fault"},
             {SIGBUS, "bus error"},
             {SIGFPE, "arithmetic fault"},
             {SIGILL, "illegal instruction"},
             {SIGABRT, "aborted"}};
enum { FATAL = sizeof fatal / sizeof *fatal, TEXT = 1400 };

static struct sigaction before[FATAL]; /* MPI's shows where the process was */
static char text[FATAL][TEXT];         /* at hand: a process that has crashed formats nothing */

static void on_crash(int number, siginfo_t *info, void *context) {
  static atomic_flag told = ATOMIC_FLAG_INIT; /* of several threads one tells */
  (void)context;
  for (int i = 0; i < FATAL; i++) {
    if (fatal[i].number != number) continue;
    sigaction(number, &before[i], NULL);
    if (atomic_flag_test_and_set(&told)) break;
    if (write(STDERR_FILENO, text[i], strlen(text[i])) < 0) break; /* nowhere left to complain */
  }
  /* a fault comes again when this returns, and meets what was there before; a signal does not */
  if (info->si_code <= 0) raise(number);
}

void ls_crash_names(const char *files) {
  static bool watched;
  struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO};
  for (int i = 0; i < FATAL; i++) {
    ls_log_text(LS_LOG_ERROR, text[i], sizeof text[i],
                "the process has crashed (%s); a plug-in is at work in it: %s", fatal[i].name,
                files);
    if (!watched) sigaction(fatal[i].number, &action, &before[i]);
  }
  watched = true;
}
