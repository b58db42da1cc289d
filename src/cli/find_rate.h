/* find_rate.h - lockstep schedule --find: a learning-rate range test. */
#ifndef LS_CLI_FIND_RATE_H
#define LS_CLI_FIND_RATE_H

#include "cli/cli.h"

typedef struct {
  const char *range; /* "LO:HI"; "": 1e-7:10 */
  int64_t steps;     /* updates; 0: 300 */
  const char *out;   /* a picture, or NULL */
  bool csv, keep_script;
} ls_find_rate_options;

/* Train the config's network for some hundred updates, at rates that grow exponentially; show the
 * loss against the rate, and suggest one. Nothing of the network is kept. Collective. */
ls_status ls_find_rate(ls_cli *cli, const ls_find_rate_options *options);

#endif
