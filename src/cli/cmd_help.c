/* cmd_help.c - lockstep help: the commands, one command, or the config's keys. */
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/print.h"
#include "config/table.h"

typedef struct {
  bool man;
} options;

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

static void print(const ls_cli *cli, const char *text) {
  json_t *help = json_object();
  ls_put(help, "help", text);
  ls_print(cli, help, "{help}");
}

void ls_help_overview(const ls_cli *cli) {
  json_t *all = json_object(), *list = json_array();
  for (const ls_command *const *c = cli->commands; *c; c++) {
    json_t *item = ls_put_item(list);
    ls_put(item, "name", (*c)->name);
    ls_put(item, "help", (*c)->help);
  }
  ls_put(all, "commands", list);
  char *text = ls_print_look(all,
                             "Usage: lockstep COMMAND [ARGUMENTS]\n"
                             "       mpirun -n N lockstep COMMAND [ARGUMENTS]\n"
                             "\nCommands:\n{*commands}  {name:-11} {help}\n{/}"
                             "\nlockstep help COMMAND   its options and examples (COMMAND -h too)\n"
                             "lockstep help keys      every key of a config\n"
                             "lockstep help KEY       one of them, as optimizer.lr or lr\n");
  print(cli, text);
  LS_FREE(text);
  json_decref(all);
}

void ls_help_command(const ls_cli *cli, const ls_command *command) {
  char *text = ls_command_usage(command);
  print(cli, text);
  LS_FREE(text);
}

/* Several commands are sections of the config too. */
static void command_and_section(const ls_cli *cli, const ls_command *command) {
  char *section = ls_config_help(command->name), *own = ls_command_usage(command), *text = NULL;
  if (section)
    text = ls_mem_format("%s\nThe config's section %s:\n%s", own, command->name, section);
  print(cli, text ? text : own);
  LS_FREE(section);
  LS_FREE(own);
  LS_FREE(text);
}

static ls_status unknown(const ls_cli *cli, const char *word) {
  words all = {0};
  for (const ls_command *const *c = cli->commands; *c; c++) all.word[all.count++] = (*c)->name;
  ls_key_walk(ls_table(), add_key, &all);
  return ls_fail_near(LS_EUSAGE, ls_nearest(word, all.word),
                      "; lockstep help and lockstep help keys list them",
                      "no command or config key '%s'", word);
}

static ls_status print_manual(const ls_cli *cli, const char *page) {
  char *text = ls_manual(cli, page);
  if (!text) return ls_fail(LS_EUSAGE, "help --man: no page '%s'; it is a command or keys", page);
  if (cli->json)
    print(cli, text);
  else
    ls_out(cli, "%s", text); /* tabs have a meaning there */
  LS_FREE(text);
  return LS_OK;
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  const char *word = cli->args[0];
  if (o->man) return print_manual(cli, word);
  if (!word) {
    ls_help_overview(cli);
    return LS_OK;
  }
  const ls_command *command = ls_command_find(cli, word);
  if (command) {
    command_and_section(cli, command);
    return LS_OK;
  }
  char *text = ls_config_help(strcmp(word, "keys") == 0 ? NULL : word);
  if (!text) return unknown(cli, word);
  print(cli, text);
  LS_FREE(text);
  return LS_OK;
}

const ls_command ls_command_help = {
    .name = "help",
    .help = "help on a command or a config key",
    .usage =
        "Usage: lockstep help [COMMAND|KEY]\n"
        "       lockstep help --man [COMMAND|keys]\n"
        "\nExamples:\n"
        "  lockstep help train\n"
        "  lockstep help optimizer.lr\n",
    .options = (const ls_option[]){LS_OPTION(options, man, "man", 0, NULL,
                                             "the man page instead, as scdoc's source"),
                                   {0}},
    .size = sizeof(options),
    .verb = {{.run = run,
              .most = 1,
              .wanted = "help takes one word: a command or a config key",
              .takes = "COMMAND|KEY"}}};
