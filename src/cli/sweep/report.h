/* report.h - what a sweep came to. */
#ifndef LS_CLI_SWEEP_REPORT_H
#define LS_CLI_SWEEP_REPORT_H

#include "cli/cli.h"
#include "cli/sweep/groups.h"
#include "cli/sweep/halving.h"

typedef struct {
  const ls_cli *cli;
  const char *metric;
  const ls_sweep_job *job;
  const ls_rung_plan *halving;
  const ls_sweep_row *row; /* (job->plan->runs), all of them over */
} ls_sweep_outcome;
/* Print the trials, the best first, its config, and the command that trains it on everything. */
ls_status ls_sweep_report(const ls_sweep_outcome *outcome);

#endif
