/* main.c - the table of commands, and the command line's way in and out: MPI up and down, one error
 * text, one exit code. Begin at the bottom. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clamp.h"
#include "base/log.h"
#include "cli/children.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "optim/plugin.h"
#include "train/agree.h"
#include "train/train.h"
#include "view/terminal.h"

static const ls_command *const commands[] = {&ls_command_train,
                                             &ls_command_sweep,
                                             &ls_command_eval,
                                             &ls_command_predict,
                                             &ls_command_export,
                                             &ls_command_inspect,
                                             &ls_command_config,
                                             &ls_command_data,
                                             &ls_command_schedule,
                                             &ls_command_plot,
                                             &ls_command_compare,
                                             &ls_command_order,
                                             &ls_command_bench,
                                             &ls_command_slurm,
                                             &ls_command_completion,
                                             &ls_command_help,
                                             NULL};

/* A closed descriptor 0, 1 or 2 would be given to the next file that is opened, and messages would
 * go into it. */
static void hold_standard_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
        open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd)
      _exit(LS_EIO);
}

static bool wants_color(const char *color) {
  if (color && strcmp(color, "auto") != 0) return strcmp(color, "always") == 0;
  const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
  return !(no && *no) && term && strcmp(term, "dumb") != 0 &&
         ls_terminal_columns(STDERR_FILENO) > 0;
}

static ls_log_level level(const ls_cli *cli) {
  int said = LS_LOG_INFO + cli->verbose - cli->quiet;
  return (ls_log_level)ls_clamp(said, LS_LOG_ERROR, LS_LOG_DEBUG);
}

/* lockstep alone shows the overview, as an answer to -h and with 64 without; anything else lacks
 * its command. */
static ls_status run(ls_cli *cli, ls_comm *comm, ls_status parsed) {
  const ls_command *command = cli->command;
  if (command && command->first) command->first();
  cli->comm = comm;
  if (comm) parsed = ls_comm_agree(comm, parsed);
  if (cli->version)
    ls_cli_version(cli);
  else if (command && !cli->name)
    ls_help_overview(cli);
  else if (command && cli->help && parsed == LS_OK)
    ls_help_command(cli, command);
  else if (parsed == LS_OK)
    return ls_cli_run(cli);
  return parsed;
}

/* One text for the person; located errors of a config ("FILE:LINE:COLUMN: error: ...") stand as
 * they are. */
static void tell(const ls_cli *cli, ls_status status) {
  const char *text = ls_error_text();
  if (status == LS_OK || !*text) return;
  if (status == LS_ECONFIG && strstr(text, ": error: "))
    ls_log_plain("%s", text);
  else
    ls_log(status == LS_ESTOPPED ? LS_LOG_INFO : LS_LOG_ERROR, "%s", text);
  if (!cli->json || ls_out_started()) return;
  json_t *answer = json_object(), *error = json_object();
  ls_put(error, "code", (int)status);
  ls_put(error, "text", text);
  ls_put(answer, "error", error);
  ls_print(cli, answer, NULL);
}

static ls_status flush_output(ls_status status) {
  errno = 0;
  bool failed = fflush(stdout) != 0;
  if ((!failed && !ferror(stdout)) || status != LS_OK) return status;
  return ls_fail(LS_EIO, "cannot write the results to stdout: %s",
                 errno ? strerror(errno) : "an earlier write failed");
}

int main(int argc, char **argv) {
  ls_children_main(argc, argv);
  hold_standard_streams();
  signal(SIGPIPE, SIG_IGN); /* a reader that went away and a file that may not grow are write
                               errors, not deaths */
  signal(SIGXFSZ, SIG_IGN);
  ls_cli cli = {.commands = commands};
  ls_comm *comm = NULL;
  ls_status parsed = ls_command_parse(&cli, argc, argv), status = LS_OK;
  bool color = wants_color(cli.color);
  ls_log_init(-1, NULL, level(&cli), color);
  if (cli.command && cli.command->parallel) {
    status = ls_comm_open(&comm);
  } else if (ls_comm_launched_rank() > 0) { /* nothing to do but wait, for ever if rank 0 is lost */
    ls_command_free(&cli);
    return LS_OK;
  }
  if (comm) ls_log_init(ls_comm_rank(comm), ls_comm_host(comm), level(&cli), color);
  bool first = !comm || ls_comm_rank(comm) == 0;
  bool met = status == LS_OK && comm;
  if (met) status = ls_launch_agree(comm, argc, argv);
  if (status == LS_OK) status = run(&cli, comm, parsed);
  if (status == LS_OK && first) status = flush_output(status);
  if (met) status = ls_comm_finish(comm, status);
  if (first) {
    tell(&cli, status);
    fflush(stdout);
  }
  /* mpirun ends a job at its first failing rank: rank 0 has spoken by now */
  if (met) ls_comm_barrier(comm);
  ls_command_free(&cli);
  if (met) ls_comm_close(&comm);
  ls_plugin_leave((int)status);
  return (int)status;
}
