/* lock.h - one run at a time in a folder: dir/.lock with host, pid and job. A lock whose owner is
 * gone on this host is taken over. */
#ifndef LS_IO_LOCK_H
#define LS_IO_LOCK_H

#include "base/status.h"

typedef struct ls_lock ls_lock;
ls_status ls_lock_take(const char *dir, ls_lock **out);
void ls_lock_release(ls_lock **lock);
/* LS_EIO, as from ls_lock_take, where another process holds the lock; takes nothing. A folder that
 * is not there is free. */
ls_status ls_lock_check(const char *dir);

#endif
