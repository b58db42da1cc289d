/* watch.h - rank 0's thread that looks after a sweep while all ranks train: it reads the run
 * folders, keeps sweep.csv, and shows how far it is and which trials are the best. */
#ifndef LS_CLI_SWEEP_WATCH_H
#define LS_CLI_SWEEP_WATCH_H

#include "cli/sweep/sweep.h"

typedef struct ls_sweep_watch ls_sweep_watch;

/* The rows are its own until it is stopped, and so is where the sweep stands: it notes what is
 * over.
 */
ls_status ls_sweep_watch_start(ls_sweep *sweep, ls_sweep_watch **out);
/* A last look; sweep.csv then holds what `row` does. */
ls_status ls_sweep_watch_stop(ls_sweep_watch **watch);

#endif
