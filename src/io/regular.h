/* regular.h - opening what must be a regular file. What lies in a run folder may come from anyone:
 * a pipe would block for ever, even against SIGTERM, and what is written through a link lands in
 * another file. */
#ifndef LS_IO_REGULAR_H
#define LS_IO_REGULAR_H

#include <stddef.h>

#include "base/status.h"

/* open(2) of a regular file, never waiting: *fd, or LS_EIO with a text that says what it is instead
 * (a pipe, a folder, ...), and errno. O_NOFOLLOW in `flags` refuses a symbolic link; opened for
 * writing, a file that has a second name (a hard link) is refused too. */
ls_status ls_regular_open(const char *path, int flags, int *fd);
/* LS_EIO where `path` is there and is no regular file; a symbolic link is none. */
ls_status ls_regular_check(const char *path);
/* ls_file_read (io/durable.h) of what must be a regular file; flags: O_NOFOLLOW or 0. */
ls_status ls_regular_read(const char *path, int flags, char **data, size_t *bytes, size_t limit);

#endif
