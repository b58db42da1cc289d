/* cmd_help.c - lockstep help: the commands, one command, or the config's keys. */
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "config/key.h"

enum { WORDS_MAX = 400 };
typedef struct {
  const char *word[WORDS_MAX + 1];
  int count;
} words;

static bool add_key(void *context, const char *path, const char *type, const ls_key *key) {
  words *all = context;
  (void)path, (void)type;
  if (all->count < WORDS_MAX && !key->hyper) all->word[all->count++] = key->name;
  return true;
}

static void put(const ls_cli *cli, const char *text) {
  if (cli->json)
    ls_out_json(cli, json_pack("{s:s}", "help", text));
  else
    ls_out(cli, "%s", text);
}

static void overview(const ls_cli *cli) {
  char *text = ls_mem_text(
      "Usage: lockstep COMMAND [ARGUMENTS]\n       mpirun -n N lockstep COMMAND "
      "[ARGUMENTS]\n\nCommands:\n");
  for (const ls_command *c = ls_commands; c->name; c++) {
    char *longer = ls_mem_format("%s  %-10s %s\n", text, c->name, c->help);
    LS_FREE(text);
    text = longer;
  }
  char *whole = ls_mem_format(
      "%s\nlockstep help COMMAND   its options and examples (COMMAND -h too)\nlockstep help keys   "
      "   every key of a config\n"
      "lockstep help KEY       one of them, as optimizer.lr or lr\n",
      text);
  put(cli, whole);
  LS_FREE(text);
  LS_FREE(whole);
}

/* What `COMMAND -h` prints; several commands are sections of the config too. */
static ls_status command_help(const ls_cli *cli, const ls_command *command) {
  const char *argv[] = {"-h", NULL};
  ls_cli asked = {.json = cli->json, .argc = 1, .argv = argv};
  ls_status status = command->run(&asked);
  ls_cli_free(&asked);
  char *section = cli->json ? NULL : ls_config_help(command->name);
  if (section && status == LS_OK)
    ls_out(cli, "\nThe config's section %s:\n%s", command->name, section);
  LS_FREE(section);
  return status;
}

static ls_status unknown(const char *word) {
  words all = {0};
  for (const ls_command *c = ls_commands; c->name; c++) all.word[all.count++] = c->name;
  ls_key_walk(add_key, &all);
  const char *near = ls_nearest(word, all.word);
  if (near)
    return ls_fail(LS_EUSAGE, "no command or config key '%s'; did you mean '%s'?", word, near);
  return ls_fail(LS_EUSAGE,
                 "no command or config key '%s'; lockstep help and lockstep help keys list them",
                 word);
}

ls_status ls_cmd_help(ls_cli *cli) {
  struct poptOption none[] = {POPT_TABLEEND};
  const char **args;
  bool help;
  LS_TRY(ls_cli_parse(cli, ls_command_find("help"), none, &args, &help));
  if (help) return LS_OK;
  if (!args[0]) {
    overview(cli);
    return LS_OK;
  }
  if (args[1]) return ls_fail(LS_EUSAGE, "help takes one word: a command or a config key");
  const ls_command *command = ls_command_find(args[0]);
  if (command) return command_help(cli, command);
  char *text = ls_config_help(strcmp(args[0], "keys") == 0 ? NULL : args[0]);
  if (!text) return unknown(args[0]);
  put(cli, text);
  LS_FREE(text);
  return LS_OK;
}
