/* owner.h - DIR/sweep.json: what a sweep was asked for. It says to a later start whether it is the
 * same sweep, and to those that read the folder what was looked for. */
#ifndef LS_CLI_SWEEP_OWNER_H
#define LS_CLI_SWEEP_OWNER_H

#include "cli/cli.h"
#include "cli/sweep/plan.h"

/* *there: the folder is a sweep's. LS_ECONFIG where its runs are not this plan's: with other values
 * to vary, other folds, or another config. More trials, other seeds and another metric are fine. */
ls_status ls_sweep_owner_check(const char *dir, const ls_sweep_plan *plan, const ls_config *base,
                               const char *const *vary, bool *there);
ls_status ls_sweep_owner_write(const char *dir, const ls_sweep_plan *plan, const ls_cli *cli,
                               const char *const *vary, const char *metric);

/* For readers of the folder. */

/* What its sweep looked for, "val_loss" where nothing says it; ls_mem text. */
char *ls_sweep_owner_metric(const char *dir);
/* The folders called trial-* in a folder, by number; no paths. */
ls_status ls_sweep_owner_trials(const char *dir, ls_texts *names);

#endif
