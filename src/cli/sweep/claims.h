/* claims.h - DIR/.claims, which is there while a sweep is at work: a file a run that a group has
 * taken, made by whoever is first. That needs no rank to answer, so a group that waits for nobody
 * takes no core from those that train. One sweep at a time has the folder (io/lock.h), and begins
 * with an empty one. */
#ifndef LS_CLI_SWEEP_CLAIMS_H
#define LS_CLI_SWEEP_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "comm/comm.h"
#include "io/lock.h"

/* Collective: rank 0 makes it, and everyone looks whether it is the same folder. LS_EIO. */
ls_status ls_claims_open(ls_comm *comm, const char *dir);
void ls_claims_close(const char *dir); /* rank 0 */
/* Take run `index`; *mine false: another group has it. */
ls_status ls_claims_take(const char *dir, int64_t index, bool *mine);
bool ls_claims_taken(const char *dir, int64_t index);
/* While a group is at work it has a lock in .claims/group-NUMBER, whose beat others see. */
ls_status ls_claims_join(const char *dir, int group, ls_lock **lock);
/* Changes while any of the groups at work lives, or ends; words: one that does not change by itself
 * is of these. */
uint64_t ls_claims_beats(const char *dir, int groups, char *words, size_t room);
/* All groups are to stop. */
void ls_claims_stop(const char *dir);
bool ls_claims_stopped(const char *dir);

#endif
