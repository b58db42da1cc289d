/* trip.c - in the mutant binary: something happens to one rank at one place (ls_trip in
 * base/mutant.h).
 *
 *   LOCKSTEP_TRIP=WHERE:RANK:N:WHAT   the N-th time (from 1; 0: each time) that RANK comes to WHERE
 * - the text of an ls_comm_at, or the function that waits for other ranks WHAT kill, stop (as
 * SIGSTOP), flip (the caller turns a bit over), or milliseconds to lose LOCKSTEP_TRIPPED a file
 * made just before */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mutant.h"

static struct {
  char where[64], what[16];
  int rank;
  long n, count;
} trip = {.rank = -1};

__attribute__((constructor)) static void read_trip(void) {
  const char *text = getenv("LOCKSTEP_TRIP");
  if (text &&
      sscanf(text, "%63[^:]:%d:%ld:%15s", trip.where, &trip.rank, &trip.n, trip.what) != 4) {
    fprintf(stderr, "LOCKSTEP_TRIP=%s: it is WHERE:RANK:N:WHAT\n", text);
    _exit(64);
  }
}

int ls_trip(const char *where, int rank) {
  if (rank != trip.rank || strcmp(where, trip.where) != 0) return 0;
  if (++trip.count != trip.n && trip.n != 0) return 0;
  const char *file = getenv("LOCKSTEP_TRIPPED");
  if (file) close(open(file, O_WRONLY | O_CREAT, 0666));
  if (strcmp(trip.what, "flip") == 0) return 1;
  if (strcmp(trip.what, "kill") == 0) raise(SIGKILL);
  if (strcmp(trip.what, "stop") == 0) raise(SIGSTOP);
  long lost = atol(trip.what);
  nanosleep(&(struct timespec){lost / 1000, lost % 1000 * 1000000}, NULL);
  return 0;
}
