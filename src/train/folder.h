/* folder.h - the run folder: which one, may it be used, taking it, what lockstep itself wrote
 * there. Rank 0 only. */
#ifndef LS_TRAIN_FOLDER_H
#define LS_TRAIN_FOLDER_H

#include <stdbool.h>

#include "config/config.h"
#include "io/lock.h"

/* The folder of this run (ls_mem): -o, output.dir, or runs/<config name>/<number>: the next free
 * number, or with `resume` the last one in use. */
char *ls_folder_name(const ls_config *config, const char *given, bool resume);
/* A sweep's folder has this file, and no run is begun or gone on with in it: LS_EIO. */
extern const char ls_folder_sweep[];
ls_status ls_folder_not_sweep(const char *dir);
/* Is it absent, or empty but for a lock? `fresh` false (a resume): anything is fine, but
 * for links, pipes and the like under names of lockstep's own. LS_EIO with the fix where not.
 * Changes nothing. */
ls_status ls_folder_check(const char *dir, bool fresh, bool force);
/* Make it, lock it where it is not yet, and with `force` remove lockstep's own files. */
ls_status ls_folder_take(const char *dir, bool force, ls_lock **lock);
/* Checkpoints behind `step` belong to a past that this run leaves: ckpt-N.h5 with N > step, and
 * final.h5 unless it is `keep`, get the ending .superseded. */
ls_status ls_folder_supersede(const char *dir, int64_t step, const char *keep);

#endif
