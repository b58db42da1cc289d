/* lock.h - one run at a time in a folder: dir/.lock with host, process and job. A lock whose owner
 * is gone is taken over. */
#ifndef LS_IO_LOCK_H
#define LS_IO_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_lock ls_lock;
/* LS_EIO where another process holds it. Where that cannot be told from here (another host's
 * process, on a file system of several), the lock is watched for a minute first. */
ls_status ls_lock_take(const char *dir, ls_lock **out);
/* LS_EIO once another has taken the lock over, as it may when this process stood still for a
 * minute; no look at the disk. NULL is no lock. */
ls_status ls_lock_check(const ls_lock *lock);
ls_status ls_lock_check_disk(ls_lock *lock); /* the same, by a look at the disk; from any thread */
void ls_lock_release(ls_lock **lock);

/* Who holds the lock of `dir`, for people, and a number that changes while its owner lives, within
 * ls_lock_patience() seconds; false where nobody does. */
bool ls_lock_beat(const char *dir, char *who, size_t room, uint64_t *beat);
double ls_lock_patience(void);

#endif
