/* shared.h - the data that several runs of a sweep have in common: read once, and held once a node,
 * for all of its groups. */
#ifndef LS_CLI_SWEEP_SHARED_H
#define LS_CLI_SWEEP_SHARED_H

#include "cli/sweep/groups.h"
#include "data/data.h"

typedef struct ls_sweep_data ls_sweep_data;

/* Those of all runs that are not over for good; over: (runs), rank 0's. What cannot be opened, and
 * what has no room in memory beside the others, is left to the runs, each of which then has its own
 * failure; but where the sweep begins and no key of the data is varied, that of the first run is
 * the whole sweep's. Collective. */
ls_status ls_sweep_data_open(ls_comm *whole, const ls_sweep_job *job, const bool *over, bool begins,
                             ls_sweep_data **out);
void ls_sweep_data_close(ls_comm *whole, ls_sweep_data **data);
/* (plan->runs) of each run; NULL: it opens its own. */
ls_data *const *ls_sweep_data_lent(const ls_sweep_data *data);

#endif
