/* clock.c - Linux's monotonic clock as seconds in a double: fit for differences, never for
 * dates. */
#include "base/clock.h"

#include <time.h>

double ls_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
