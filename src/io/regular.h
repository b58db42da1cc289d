/* regular.h - opening what must be a regular file, and reading files whole. What lies in a run
 * folder may come from anyone: a pipe would block for ever, even against SIGTERM, and what is
 * written through a link lands in another file. */
#ifndef LS_IO_REGULAR_H
#define LS_IO_REGULAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

/* open(2) of a regular file, never waiting: *fd, or LS_EIO with a text that says what it is instead
 * (a pipe, a folder, ...), and errno. O_NOFOLLOW in `flags` refuses a symbolic link; opened for
 * writing, a file that has a second name (a hard link) is refused too. */
ls_status ls_regular_open(const char *path, int flags, int *fd);
/* LS_EIO where `path` is there and is no regular file; a symbolic link is none. */
ls_status ls_regular_check(const char *path);

struct stat;
/* Do both say the same of the same file? */
bool ls_file_same(const struct stat *a, const struct stat *b);

/* A whole file into ls_mem, NUL-terminated; LS_EIO with a text, also where it is larger than
 * `limit`. ls_file_read: of a pipe what its writer has to say; one without a writer is an error,
 * not a wait. ls_regular_read: of what must be a regular file; flags: O_NOFOLLOW or 0. */
ls_status ls_file_read(const char *path, char **data, size_t *bytes, size_t limit);
ls_status ls_regular_read(const char *path, int flags, char **data, size_t *bytes, size_t limit);

/* Is something called DIR/NAME there? */
bool ls_file_in(const char *dir, const char *name);
bool ls_is_folder(const char *path); /* or a link to one */

/* Up to `bytes` of an open file, less only at its end; -1 with errno. ls_file_fill_at: from
 * `offset` on, wherever it stands. */
ssize_t ls_file_fill(int fd, void *out, size_t bytes);
ssize_t ls_file_fill_at(int fd, void *out, size_t bytes, int64_t offset);

#endif
