/* lockstep - the command line's way in and out: find the command, MPI up and down, one error text,
 * one exit code. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/children.h"
#include "cli/cli.h"
#include "optim/plugin.h"
#include "train/train.h"
#include "view/terminal.h"

/* A closed descriptor 0, 1 or 2 would be given to the next file that is opened, and messages would
 * go into it. */
static void hold_standard_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
        open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd)
      _exit(LS_EIO);
}

/* --json and --color are needed before the command's options are parsed, for the message that says
 * what is wrong with them. */
static bool early_options(ls_cli *cli, int argc, char **argv) {
  const char *no = getenv("NO_COLOR"), *color = "auto";
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (strcmp(argv[i], "--json") == 0) cli->json = true;
    if (strncmp(argv[i], "--color=", 8) == 0) color = argv[i] + 8;
    if (strcmp(argv[i], "--color") == 0 && i + 1 < argc) color = argv[i + 1];
  }
  if (strcmp(color, "auto") != 0) return strcmp(color, "always") == 0;
  const char *term = getenv("TERM");
  return !(no && *no) && term && strcmp(term, "dumb") != 0 &&
         ls_terminal_columns(STDERR_FILENO) > 0;
}

/* The command's name is the first argument that is no option; options in front of it are put behind
 * it. */
static const char *take_name(ls_cli *cli, int argc, char **argv) {
  int at = 1;
  while (at < argc && argv[at][0] == '-') at += strcmp(argv[at], "--color") == 0 ? 2 : 1;
  const char *name = at < argc ? argv[at] : NULL;
  for (int i = at < argc ? at : 0; i > 1; i--) argv[i] = argv[i - 1];
  cli->argc = argc - (name ? 2 : 1);
  cli->argv = (const char **)argv + (name ? 2 : 1);
  return name;
}

static ls_status unknown(const char *name) {
  const char *names[64];
  int count = 0;
  while (ls_commands[count].name) names[count] = ls_commands[count].name, count++;
  names[count] = NULL;
  const char *near = ls_nearest(name, names);
  if (near) return ls_fail(LS_EUSAGE, "unknown command '%s'; did you mean '%s'?", name, near);
  return ls_fail(LS_EUSAGE, "unknown command '%s'; lockstep help lists them", name);
}

/* No command: lockstep -h is lockstep help, --version is any command's; anything else lacks one. */
static const ls_command *without_name(ls_cli *cli) {
  for (int i = 0; i < cli->argc; i++) {
    if (strcmp(cli->argv[i], "--version") == 0) return ls_command_find("help");
    if (strcmp(cli->argv[i], "-h") != 0 && strcmp(cli->argv[i], "--help") != 0) continue;
    cli->argv[i] = cli->argv[--cli->argc];
    return ls_command_find("help");
  }
  return NULL;
}

static ls_status run(ls_cli *cli, const char *name, ls_comm *comm) {
  const ls_command *command = name ? ls_command_find(name) : without_name(cli);
  bool mine = !comm || ls_comm_rank(comm) == 0;
  if (name && !command) return unknown(name);
  if (!command) return ls_fail(LS_EUSAGE, "which command? lockstep help lists them");
  if (command->parallel)
    cli->comm = comm;
  else if (comm)
    ls_comm_alone(comm);
  cli->plugins = command->plugins;
  return command->parallel || mine ? command->run(cli) : LS_OK;
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
  json_t *string = json_string(text); /* NULL for what is not UTF-8 (a file name) */
  if (!string) string = json_string("see stderr");
  ls_out_json(cli, json_pack("{s:{s:i, s:o}}", "error", "code", (int)status, "text", string));
}

static ls_status flush_output(ls_status status) {
  errno = 0;
  bool failed = fflush(stdout) != 0;
  if ((!failed && !ferror(stdout)) || status != LS_OK) return status;
  return ls_fail(LS_EIO, "can't write the results to stdout: %s",
                 errno ? strerror(errno) : "an earlier write failed");
}

int main(int argc, char **argv) {
  ls_children_main(argc, argv);
  hold_standard_streams();
  signal(SIGPIPE, SIG_IGN); /* a reader that went away and a file that may not grow are write
                               errors, not deaths */
  signal(SIGXFSZ, SIG_IGN);
  ls_cli cli = {0};
  ls_comm *comm = NULL;
  bool color = early_options(&cli, argc, argv);
  ls_log_init(-1, NULL, LS_LOG_INFO, color);
  const char *name = take_name(&cli, argc, argv);
  const ls_command *command = name ? ls_command_find(name) : NULL;
  ls_status status = LS_OK;
  if (ls_comm_launched() || (command && command->parallel)) status = ls_comm_open(&comm);
  if (comm) ls_log_init(ls_comm_rank(comm), ls_comm_host(comm), LS_LOG_INFO, color);
  bool first = !comm || ls_comm_rank(comm) == 0;
  bool met = status == LS_OK && comm;
  if (met) status = ls_launch_agree(comm, argc, argv);
  if (status == LS_OK) status = run(&cli, name, comm);
  if (status == LS_OK && first) status = flush_output(status);
  if (met) status = ls_comm_finish(comm, status);
  if (first) {
    tell(&cli, status);
    fflush(stdout);
  }
  if (met)
    ls_comm_barrier(
        comm); /* mpirun ends a job at its first failing rank: rank 0 has spoken by now */
  ls_cli_free(&cli);
  if (met) ls_comm_close(&comm);
  ls_plugin_leave((int)status);
  return (int)status;
}
