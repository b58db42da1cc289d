/* cli.h - the commands' table and what they share: common options, output to stdout, one object
 * with --json. */
#ifndef LS_CLI_CLI_H
#define LS_CLI_CLI_H

#include <popt.h>
#include <stdbool.h>

#include "base/status.h"
#include "comm/comm.h"
#include "config/config.h"
#include "io/json.h"

typedef struct {
  ls_comm *comm; /* NULL for commands that need no ranks */
  bool json;
  bool plugins;  /* the command's */
  int verbosity; /* -q: -1, default 0, -v: 1 ... */
  int argc;      /* arguments behind the command's name, options included */
  const char **argv;
  void *owned; /* what parsed options point to; freed by ls_cli_free */
} ls_cli;

typedef struct {
  const char *name;
  ls_status (*run)(ls_cli *cli);
  const char *help;  /* one line */
  const char *usage; /* the synopsis, then examples; printed by -h and help */
  bool parallel;     /* opens ls_comm when a launcher started us; others act on rank 0 only */
  bool plugins;      /* loads those that its CONFIG names; the other commands leave them alone */
} ls_command;

extern const ls_command ls_commands[];               /* ends with name == NULL */
const ls_command *ls_command_find(const char *name); /* NULL if unknown */

/* Parse cli->argv with `options` (a popt table ending with POPT_TABLEEND; the common options are
 * added) and put what is left into *args (NULL-terminated, never NULL; valid until main returns,
 * not to be freed, as are strings that options point to). LS_EUSAGE with a did-you-mean for an
 * unknown option. Handles -h (prints usage) and --version, with *help = true: return LS_OK then. An
 * option's value goes to its `arg`; its `val` must be 0. An option with POPT_ARGFLAG_OPTIONAL takes
 * a value only behind
 * '=': bare `--resume` gives "". */
ls_status ls_cli_parse(ls_cli *cli, const ls_command *command, struct poptOption *options,
                       const char ***args, bool *help);
void ls_cli_free(ls_cli *cli);
/* LS_EUSAGE for the word behind a command: NULL or none of `words` (NULL-terminated). */
ls_status ls_cli_unknown(const char *command, const char *word, const char *const *words);
/* Read CONFIG on rank 0, same bytes everywhere, parse with overrides. Collective where there is a
 * comm. */
ls_status ls_cli_config(ls_cli *cli, const char *file, char *const *override, int overrides,
                        ls_config **out);
/* The same from what ls_cli_parse left: args[0] is CONFIG, all others KEY=VALUE (LS_EUSAGE where
 * not). */
ls_status ls_cli_config_args(ls_cli *cli, const char **args, ls_config **out);

/* Rank 0's results on stdout; main checks at the end that stdout took them (74 where not). */
void ls_out(const ls_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The one object of --json, on one line; takes the reference. */
void ls_out_json(const ls_cli *cli, json_t *object);
bool ls_out_started(void);              /* has anything gone to stdout? */
void ls_cli_version(const ls_cli *cli); /* --version */

ls_status ls_cmd_train(ls_cli *cli);
ls_status ls_cmd_eval(ls_cli *cli);
ls_status ls_cmd_predict(ls_cli *cli);
ls_status ls_cmd_export(ls_cli *cli);
ls_status ls_cmd_inspect(ls_cli *cli);
ls_status ls_cmd_config(ls_cli *cli);
ls_status ls_cmd_data(ls_cli *cli);
ls_status ls_cmd_schedule(ls_cli *cli);
ls_status ls_cmd_plot(ls_cli *cli);
ls_status ls_cmd_compare(ls_cli *cli);
ls_status ls_cmd_order(ls_cli *cli);
ls_status ls_cmd_bench(ls_cli *cli);
ls_status ls_cmd_help(ls_cli *cli);

#endif
