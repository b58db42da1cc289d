/* find.h - the checkpoints of a run folder: the newest good one, and all by their names. */
#ifndef LS_CHECKPOINT_FIND_H
#define LS_CHECKPOINT_FIND_H

#include "checkpoint/read.h"

/* Newest good checkpoint of a run folder, read: path (ls_mem) and *out (NULL: not wanted), both
 * NULL where the folder holds none. Damaged ones (bytes that were read and are wrong) are warned of
 * and renamed *.damaged; LS_EDATA if there were some (also *.damaged ones) and none is good, and
 * where one that may be the newest cannot be read. LS_EIO where one is a link or a pipe. repair
 * false: nothing is renamed. repair true, for the holder of the folder's lock alone: stale
 * temporaries are removed too. */
ls_status ls_checkpoint_newest(const char *dir, bool repair, char **path, ls_checkpoint **out);

/* The checkpoints of a folder by their names, newest first, unverified; damaged (NULL ok): how many
 * are set aside as *.damaged. final.h5 has the step of its header, INT64_MAX where that is
 * unreadable. Links, pipes and the like are warned of and left out. *row from ls_mem. */
typedef struct {
  char name[40];
  int64_t step;
} ls_saved;
ls_status ls_checkpoint_list(const char *dir, ls_saved **row, int *count, int *damaged);
bool ls_saved_final(const ls_saved *saved); /* final.h5 */

/* Does the file look like one, by its first bytes? Also where a few of them are damaged, and for
 * plain HDF5 that holds a /model. */
bool ls_checkpoint_probe(const char *path);

#endif
