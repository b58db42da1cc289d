/* team.h - the threads inside one rank. Work is cut so that the bits never depend on how many there
 * are. */
#ifndef LS_BASE_TEAM_H
#define LS_BASE_TEAM_H

#include <stdint.h>

#include "base/status.h"

typedef struct ls_team ls_team;

/* A team of `threads` (>= 1), this thread included; the others wait spinning for a short while,
 * then asleep. */
ls_status ls_team_new(int threads, ls_team **out);
void ls_team_free(ls_team **team);
int ls_team_size(const ls_team *team); /* NULL counts as 1 */
/* job(arg, thread, threads) on every member; returns when all are done. NULL team: job(arg, 0, 1).
 * No allocation. */
void ls_team_run(ls_team *team, void (*job)(void *arg, int thread, int threads), void *arg);
/* This thread's part [*lo, *hi) of n items in units of `grain`. */
static inline void ls_team_range(int64_t n, int64_t grain, int thread, int threads, int64_t *lo,
                                 int64_t *hi) {
  int64_t units = (n + grain - 1) / grain;
  *lo = units * thread / threads * grain;
  *hi = units * (thread + 1) / threads * grain;
  if (*lo > n) *lo = n;
  if (*hi > n) *hi = n;
}

#endif
