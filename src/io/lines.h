/* lines.h - the lines of a text file of any length in bounded memory, from its beginning or from
 * its end. A last line without its newline was not finished, and is left out. */
#ifndef LS_IO_LINES_H
#define LS_IO_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { LS_LINE_MAX = 16 << 20 }; /* bytes; a longer line is LS_EDATA */

typedef struct ls_lines ls_lines;

/* fd stays the caller's, and what it reads is read at once in blocks of `block` bytes (0: a good
 * size). name: for messages. ls_lines_next reads on from where fd is, which may be a pipe. */
ls_status ls_lines_new(int fd, const char *name, size_t block, ls_lines **out);
void ls_lines_free(ls_lines **lines);

typedef struct {
  const char *text; /* (bytes), without the newline; NULL: there is no other. Until the next call */
  size_t bytes;
  int64_t offset; /* of its first byte; of ls_lines_next counted from where it began */
} ls_line;
/* LS_EIO where reading fails. */
ls_status ls_lines_next(ls_lines *lines, ls_line *line);
ls_status ls_lines_previous(ls_lines *lines, ls_line *line); /* the last line first; of a file */

#endif
