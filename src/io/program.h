/* program.h - another program, run to its end: what it writes is read through a pipe, which has no
 * size limit. Started by posix_spawn (why: io/child.h). */
#ifndef LS_IO_PROGRAM_H
#define LS_IO_PROGRAM_H

#include <stddef.h>

/* argv[0] is looked for in PATH. in, errors: what its standard input and error are, -1: ours.
 * *output: all that it wrote to its standard output, malloc'd, NULL where there is no memory;
 * *how: what waitpid said. 0, or why it could not be started (errno). */
int ls_program_run(const char *const argv[], int in, int errors, char **output, size_t *bytes,
                   int *how);

#endif
