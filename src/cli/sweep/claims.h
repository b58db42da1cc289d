/* claims.h - DIR/.claims, which is there while a sweep is at work: a file a run that a group has
 * taken, made by whoever is first. That needs no rank to answer, so a group that waits for nobody
 * takes no core from those that train. One sweep at a time has the folder (io/lock.h), and begins
 * with an empty one. */
#ifndef LS_CLI_SWEEP_CLAIMS_H
#define LS_CLI_SWEEP_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "comm/comm.h"

/* Collective: rank 0 makes it, and everyone looks whether it is the same folder. LS_EIO. */
ls_status ls_claims_open(ls_comm *comm, const char *dir);
void ls_claims_close(const char *dir); /* rank 0 */
/* Take run `index`; *mine false: another group has it. */
ls_status ls_claims_take(const char *dir, int64_t index, bool *mine);
bool ls_claims_taken(const char *dir, int64_t index);
/* All groups are to stop. */
void ls_claims_stop(const char *dir);
bool ls_claims_stopped(const char *dir);

#endif
