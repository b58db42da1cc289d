/* shells.h - what `lockstep completion SHELL` prints: for each shell, how it asks the program. */
#ifndef LS_CLI_SHELLS_H
#define LS_CLI_SHELLS_H

typedef struct {
  const char *name, *script;
} ls_shell;

extern const ls_shell ls_shells[]; /* ends with name NULL */

#endif
