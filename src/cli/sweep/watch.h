/* watch.h - rank 0's thread that looks after a sweep while all ranks train: it reads the run
 * folders, keeps sweep.csv, and shows how far it is and which trials are the best. */
#ifndef LS_CLI_SWEEP_WATCH_H
#define LS_CLI_SWEEP_WATCH_H

#include "cli/sweep/halving.h"

typedef struct ls_sweep_watch ls_sweep_watch;

typedef struct {
  const char *dir, *metric;
  const ls_sweep_plan *plan;
  const ls_rung_plan *halving;
  ls_sweep_row *row;     /* (plan->runs) as read at the start; the watch's until it is stopped, */
  ls_sweep_stage *stage; /* as this: it notes what is over */
} ls_sweep_watched;
/* What it watches outlives it. */
ls_status ls_sweep_watch_start(const ls_sweep_watched *watched, ls_sweep_watch **out);
/* A last look; sweep.csv then holds what `row` does. */
ls_status ls_sweep_watch_stop(ls_sweep_watch **watch);

#endif
