/* starters.h - the configs that `lockstep config init` prints. */
#ifndef LS_CLI_STARTERS_H
#define LS_CLI_STARTERS_H

typedef struct {
  const char *kind, *help, *text;
} ls_starter;

extern const ls_starter ls_starters[]; /* ends with kind == NULL */

#endif
