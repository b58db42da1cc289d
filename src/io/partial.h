/* partial.h - a file that is made under another name until it is whole. A signal that ends the
 * process meanwhile (Ctrl-C, mpirun's SIGTERM) takes it away. For programs: a library has no
 * business with signals. */
#ifndef LS_IO_PARTIAL_H
#define LS_IO_PARTIAL_H

#include <stdbool.h>

#include "base/status.h"

/* What is to be called `path`: *file is that, or where a symbolic link of this name leads to, since
 * the link stays; *partial is "FILE.partial", which goes when a signal ends the process. Both by
 * ls_mem, NULL on failure: LS_EIO where something is there that is not to be replaced, or is no
 * regular file, or where a link leads nowhere. One at a time. */
ls_status ls_partial_begin(const char *path, bool replace, char **file, char **partial);
/* It has its name, or has been taken away: signals do what they did before. */
void ls_partial_end(void);

#endif
