/* watch.h - rank 0's thread that looks after a sweep while all ranks train: it reads the run
 * folders, keeps sweep.csv, and shows how far it is and which trials are the best. */
#ifndef LS_CLI_SWEEP_WATCH_H
#define LS_CLI_SWEEP_WATCH_H

#include "cli/sweep/journal.h"

typedef struct ls_sweep_watch ls_sweep_watch;

/* row: (plan->runs) as read at the start; the watch's until it is stopped. plan, row and the texts
 * outlive it. */
ls_status ls_sweep_watch_start(const char *dir, const char *metric, const ls_sweep_plan *plan,
                               ls_sweep_row *row, ls_sweep_watch **out);
/* A last look; sweep.csv then holds what `row` does. */
ls_status ls_sweep_watch_stop(ls_sweep_watch **watch);

#endif
