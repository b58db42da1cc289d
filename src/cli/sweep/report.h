/* report.h - what a sweep came to. */
#ifndef LS_CLI_SWEEP_REPORT_H
#define LS_CLI_SWEEP_REPORT_H

#include "cli/cli.h"
#include "cli/sweep/groups.h"

/* Print the trials of a sweep whose runs are all over, the best first, its config, and the command
 * that trains it on everything. */
ls_status ls_sweep_report(const ls_cli *cli, const ls_sweep_job *job);

#endif
