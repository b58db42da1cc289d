/* owner.h - DIR/sweep.json: what a sweep was asked for. It says to a later start whether it is the
 * same sweep, and to those that read the folder what was looked for. */
#ifndef LS_CLI_SWEEP_OWNER_H
#define LS_CLI_SWEEP_OWNER_H

#include "cli/cli.h"
#include "cli/sweep/sweep.h"

/* vary: --vary as given. *there: the folder is a sweep's. LS_ECONFIG where its runs are not this
 * plan's: with other values to vary, other folds, or another config. More trials, other seeds and
 * another metric are fine, but for halving: its rungs are decided by all of them. */
ls_status ls_sweep_owner_check(const ls_sweep *sweep, const char *const *vary,
                               const ls_config *base, bool *there);
ls_status ls_sweep_owner_write(const ls_sweep *sweep, const char *const *vary, const ls_cli *cli);

/* For readers of the folder. */

/* What its sweep looked for, "val_loss" where nothing says it; ls_mem text. */
char *ls_sweep_owner_metric(const char *dir);
bool ls_sweep_owner_is(const char *dir);
/* Its plan, for the trials' values; its seeds may be others. LS_EDATA where that is no sweep. */
ls_status ls_sweep_owner_plan(const char *dir, ls_sweep_plan **out);
/* The folders called trial-* in a folder, by number; no paths. */
ls_status ls_sweep_owner_trials(const char *dir, ls_texts *names);

#endif
