/* commands.h - the commands, a file each; main.c has them in a table. What other commands use of
 * them: cmd_help.c, data_info.c. */
#ifndef LS_CLI_COMMANDS_H
#define LS_CLI_COMMANDS_H

#include "cli/cli.h"

extern const ls_command ls_command_train, ls_command_eval, ls_command_predict, ls_command_inspect,
    ls_command_config, ls_command_data, ls_command_schedule, ls_command_plot, ls_command_compare,
    ls_command_order, ls_command_sweep, ls_command_bench, ls_command_slurm, ls_command_export,
    ls_command_completion, ls_command_help;

/* What `lockstep help` and `COMMAND -h` print. */
void ls_help_overview(const ls_cli *cli);
void ls_help_command(const ls_cli *cli, const ls_command *command);
/* What `data info NAME` prints, for `inspect` too. */
ls_status ls_data_info(ls_cli *cli, const char *name);

#endif
