/* durable.h - files that survive kill -9 and power loss: write to a temporary, fsync, re-read and
 * check, rename without replacing, fsync the folder. write, fsync and rename only; no stdio. */
#ifndef LS_IO_DURABLE_H
#define LS_IO_DURABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "io/lock.h"

/* Write data[0..bytes) as dir/name so that name either does not exist or is whole. replace: an
 * existing name is replaced (config.yaml, record.json), else it is LS_EIO. The temporary is
 * dir/.tmp-<name>. */
ls_status ls_durable_write(const char *dir, const char *name, const void *data, size_t bytes,
                           bool replace);
/* As ls_durable_write; `lock`, of the folder or NULL, is looked at just before the file takes its
 * name: LS_EIO where another run has it by then. twin: NULL, an existing name is an error; else it
 * is replaced, and dir/twin may hold these bytes already: then name becomes a second link to that
 * file, as durable as if it had been written. Where it does not, or where the file system has no
 * links, it is written. */
ls_status ls_durable_guarded(ls_lock *lock, const char *dir, const char *name, const char *twin,
                             const void *data, size_t bytes);
ls_status ls_durable_sync_dir(const char *dir);
ls_status ls_make_dirs(const char *path); /* mkdir -p, folder entries fsynced */

#endif
