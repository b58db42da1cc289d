/* cmd_completion.c - lockstep completion: scripts for shells, and the words that they ask for, from
 * the tables of commands, options and config keys. What a value may be is what help calls it:
 * `auto|FILE` is the word auto or a file. Begin at the bottom. */
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/shells.h"
#include "cli/starters.h"
#include "config/table.h"

static ls_status script(ls_cli *cli, const void *options) {
  const ls_shell *shell = ls_shells;
  json_t *answer = json_object();
  (void)options;
  while (strcmp(shell->name, cli->verb->name) != 0) shell++;
  ls_put(answer, "script", shell->script);
  ls_print(cli, answer, "{script}");
  return LS_OK;
}

/* ---- what may stand at the cursor ---- */

typedef struct {
  const ls_cli *line; /* what stands before it */
  const char *begun;  /* its word so far */
  json_t *list;
} offers;

static bool is_there(const offers *all, const char *word) {
  size_t i;
  json_t *item;
  json_array_foreach(all->list, i, item) {
    if (strcmp(json_string_value(json_object_get(item, "word")), word) == 0) return true;
  }
  return false;
}

static void offer(offers *all, const char *head, const char *word, const char *tail,
                  const char *help) {
  char *whole = ls_mem_format("%s%s%s", head, word, tail);
  if (strncmp(whole, all->begun, strlen(all->begun)) == 0 && !is_there(all, whole)) {
    json_t *item = ls_put_item(all->list);
    ls_put(item, "word", whole);
    ls_put(item, "help", help);
  }
  LS_FREE(whole);
}

static void offer_files(offers *all) {
  if (!is_there(all, ":files")) ls_put(ls_put_item(all->list), "word", ":files");
}

static void offer_commands(offers *all) {
  for (const ls_command *const *c = all->line->commands; *c; c++)
    offer(all, "", (*c)->name, "", (*c)->help);
}

static void offer_starters(offers *all) {
  for (const ls_starter *s = ls_starters; s->kind; s++) offer(all, "", s->kind, "", s->help);
}

/* ---- keys of the config and their values ---- */

static bool add_key(void *context, const char *path, const char *type, const ls_key *key) {
  (void)type;
  offer(context, "", path, "", key->help);
  return true;
}

static void offer_keys(offers *all) { ls_key_walk(ls_table(), add_key, all); }

/* The words that a schema has: those of a choice, true and false. */
static void offer_schema(offers *all, const char *head, const json_t *schema) {
  const char *type = json_string_value(json_object_get(schema, "type")),
             *word = json_string_value(json_object_get(schema, "const"));
  size_t i;
  json_t *item;
  if (word) offer(all, head, word, "", NULL);
  if (type && strcmp(type, "boolean") == 0) {
    offer(all, head, "true", "", NULL);
    offer(all, head, "false", "", NULL);
  }
  json_array_foreach(json_object_get(schema, "enum"), i, item) {
    if (json_is_string(item)) offer(all, head, json_string_value(item), "", NULL);
  }
  json_array_foreach(json_object_get(schema, "anyOf"), i, item) offer_schema(all, head, item);
}

/* KEY= for those that are one value, and all that KEY= may be set to, once it stands there. */
static bool add_setting(void *context, const char *path, const char *type, const ls_key *key) {
  offers *all = context;
  size_t length = strlen(path);
  (void)type;
  if (key->sub || strstr(path, "[]")) return true;
  if (!strchr(all->begun, '=')) offer(all, "", path, "=", key->help);
  if (strncmp(all->begun, path, length) != 0 || all->begun[length] != '=') return true;
  char *head = ls_mem_format("%s=", path);
  json_t *schema = ls_key_schema(key);
  offer_schema(all, head, schema);
  json_decref(schema);
  LS_FREE(head);
  return true;
}

/* ---- options and arguments ---- */

/* Names in capitals that stand for files, and for words that a table has. */
static const char *const files[] = {"FILE", "RUN", "OUT",   "CKPT", "CONFIG",
                                    "DATA", "DIR", "SWEEP", NULL};
static const struct {
  const char *name;
  void (*offer)(offers *all);
} things[] = {{"COMMAND", offer_commands}, {"KIND", offer_starters}, {"KEY", offer_keys}};

static void offer_named(offers *all, const char *name, size_t length) {
  for (const char *const *file = files; *file; file++)
    if (strlen(*file) == length && strncmp(*file, name, length) == 0) offer_files(all);
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    if (strlen(things[i].name) == length && strncmp(things[i].name, name, length) == 0)
      things[i].offer(all);
}

/* `value` as help writes it: "auto|FILE[:DATASET]". */
static void offer_value(offers *all, const char *head, const char *value) {
  for (; *value; value += *value == '|') {
    size_t length = strcspn(value, "|");
    char *word = ls_mem_format("%.*s", (int)length, value);
    if (strpbrk(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
      offer_named(all, word, strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    else
      offer(all, head, word, "", NULL);
    LS_FREE(word);
    value += length;
  }
}

static void offer_options(offers *all, const ls_option *o) {
  const ls_verb *verb = all->line->verb;
  for (; o && o->name; o++)
    if (!verb || ls_option_fits(o, verb->name)) offer(all, "--", o->name, "", o->help);
}

static void offer_arguments(offers *all) {
  const ls_command *command = all->line->command;
  const ls_verb *verb = all->line->verb;
  if (!all->line->name)
    offer_commands(all);
  else if (command && verb && verb->config && all->line->args[0])
    ls_key_walk(ls_table(), add_setting, all);
  else if (command && verb)
    offer_value(all, "", verb->takes ? verb->takes : "FILE");
  else if (command)
    for (verb = command->verb; verb->run; verb++) offer(all, "", verb->name, "", NULL);
}

/* before: the word before the cursor's, an option that may wait for its value, or NULL. */
static void offer_all(offers *all, const char *before) {
  const char *equal = strchr(all->begun, '=');
  const ls_option *own = ls_command_option(all->line, all->begun),
                  *waits = before ? ls_command_option(all->line, before) : NULL;
  if (waits && ls_option_wants_next(waits) && !strchr(before, '=')) {
    offer_value(all, "", waits->value);
  } else if (own && equal && own->value) {
    char *head = ls_mem_format("%.*s", (int)(equal + 1 - all->begun), all->begun);
    offer_value(all, head, own->value);
    LS_FREE(head);
  } else if (*all->begun == '-') {
    offer_options(all, all->line->command ? all->line->command->options : NULL);
    offer_options(all, ls_common_options);
  } else {
    offer_arguments(all);
  }
}

/* One a line, whatever it is: no table of the printer's. */
static void print_words(const ls_cli *cli, json_t *list) {
  size_t i;
  json_t *item;
  json_array_foreach(list, i, item) {
    const char *word, *help = NULL;
    json_unpack(item, "{s:s, s?s}", "word", &word, "help", &help);
    if (!cli->json) ls_out(cli, help ? "%s\t%s\n" : "%s\n", word, help);
  }
  json_t *answer = json_object();
  ls_put(answer, "words", list);
  ls_print(cli, answer, NULL);
}

/* WORD...: those behind the program's name, up to the cursor; the last one, "" if none is begun, is
 * the cursor's. */
static ls_status words(ls_cli *cli, const void *options) {
  int n = 0;
  char **before;
  ls_cli line = {.commands = cli->commands};
  offers all = {.line = &line, .begun = "", .list = json_array()};
  (void)options;
  while (cli->args[n]) n++;
  LS_NEW(before, n + 2);
  for (int i = 0; i + 1 < n; i++) before[i + 1] = (char *)cli->args[i];
  if (n > 0) all.begun = cli->args[n - 1];
  (void)ls_command_parse(&line, n > 0 ? n : 1, before); /* what is not whole yet is no error */
  offer_all(&all, n > 1 ? cli->args[n - 2] : NULL);
  ls_command_free(&line);
  LS_FREE(before);
  print_words(cli, all.list);
  return LS_OK;
}

const ls_command ls_command_completion = {
    .name = "completion",
    .help = "completion of command lines for bash, zsh and fish",
    .usage =
        "Usage: lockstep completion bash|zsh|fish\n"
        "       lockstep completion words -- WORD...   # what these ask for: all that may stand "
        "last\n"
        "\nExamples:\n"
        "  source <(lockstep completion bash)                           # in ~/.bashrc\n"
        "  lockstep completion zsh > ~/.zfunc/_lockstep                 # a folder of fpath\n"
        "  lockstep completion fish > ~/.config/fish/completions/lockstep.fish\n",
    .verb = {{.name = "bash", .run = script},
             {.name = "zsh", .run = script},
             {.name = "fish", .run = script},
             {.name = "words", .run = words}}};
