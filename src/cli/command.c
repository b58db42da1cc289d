/* command.c - the command line: which command, which of its verbs, options, arguments, help.
 * Options are written into the command's struct by their rows alone (take_value). Begin with
 * ls_command_parse. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "view/text.h"

enum { NAMES_MAX = 64 };

const ls_option ls_common_options[] = {
    LS_OPTION_OF(ls_cli, quiet, LS_OPTION_COUNT, "quiet", 'q', NULL,
                 "warnings, errors and committed lines only; twice: no warnings either"),
    LS_OPTION_OF(ls_cli, verbose, LS_OPTION_COUNT, "verbose", 'v', NULL, "say more"),
    LS_OPTION(ls_cli, json, "json", 0, NULL, "results as one JSON object on stdout"),
    LS_OPTION(ls_cli, color, "color", 0, "auto|always|never",
              "colour in messages; NO_COLOR is obeyed"),
    LS_OPTION(ls_cli, help, "help", 'h', NULL, "show this text"),
    LS_OPTION(ls_cli, version, "version", 0, NULL, "show version, kernel and libraries"),
    {0}};

/* ---- help ---- */

static void print_options(FILE *to, const ls_option *o) {
  for (; o->name; o++) {
    char letter[8] = "    ", name[96];
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    int length = snprintf(name, sizeof name, "%s--%s", letter, o->name);
    if (o->value)
      snprintf(name + length, sizeof name - (size_t)length,
               o->kind == LS_OPTION_MAYBE ? "[=%s]" : " %s", o->value);
    fprintf(to, "  %-30s %s%s\n", name,
            strlen(name) > 30 ? "\n                                 " : "", o->help);
  }
}

char *ls_command_usage(const ls_command *command) {
  char *text;
  size_t bytes;
  FILE *memory = open_memstream(&text, &bytes);
  fprintf(memory, "%s - %s\n\n%s", command->name, command->help, command->usage);
  if (command->options) {
    fprintf(memory, "\nOptions:\n");
    print_options(memory, command->options);
  }
  fprintf(memory, "\nOptions of every command:\n");
  print_options(memory, ls_common_options);
  return ls_text_of(memory, &text);
}

/* ---- options ---- */

/* The command's options come before those of every command. */
static int option_tables(const ls_cli *cli, const ls_option *table[2], void *structs[2]) {
  int n = 0;
  if (cli->command && cli->command->options) {
    table[n] = cli->command->options;
    structs[n++] = cli->options;
  }
  table[n] = ls_common_options;
  structs[n] = (void *)cli;
  return n + 1;
}

/* By its name, or where that is NULL by its letter; *options is what it is a member of. */
static const ls_option *find_option(const ls_cli *cli, const char *name, size_t length, char letter,
                                    void **options) {
  const ls_option *table[2];
  void *structs[2];
  int tables = option_tables(cli, table, structs);
  for (int i = 0; i < tables; i++)
    for (const ls_option *o = table[i]; o->name; o++) {
      bool found = name ? strlen(o->name) == length && strncmp(o->name, name, length) == 0
                        : o->letter == letter;
      *options = structs[i];
      if (found) return o;
    }
  return NULL;
}

static ls_status unknown_option(const ls_cli *cli, const char *word) {
  const char *names[NAMES_MAX + 1];
  const ls_option *table[2];
  void *structs[2];
  int count = 0, tables = option_tables(cli, table, structs), length = (int)strcspn(word, "=");
  for (int i = 0; i < tables; i++)
    for (const ls_option *o = table[i]; o->name && count < NAMES_MAX; o++) names[count++] = o->name;
  names[count] = NULL;
  char *asked = ls_mem_format("%.*s", length, word);
  const char *near = ls_nearest(asked + strspn(asked, "-"), names);
  ls_status status =
      near ? ls_fail(LS_EUSAGE, "unknown option '%s'; did you mean '--%s'?", asked, near)
           : ls_fail(LS_EUSAGE, "unknown option '%s'; -h shows the options", asked);
  LS_FREE(asked);
  return status;
}

static ls_status take_whole(const ls_option *o, const char *text, int64_t most, int64_t *out) {
  char *end;
  errno = 0;
  *out = strtoll(text, &end, 10);
  if (end != text && *end == '\0' && errno == 0 && *out >= 0 && *out <= most) return LS_OK;
  return ls_fail(LS_EUSAGE, "bad value for an option: --%s %s: a whole number from 0 is needed",
                 o->name, text);
}

/* "name=value" behind the other arguments. */
static void add_setting(ls_cli *cli, const ls_option *o, const char *text) {
  int n = 0;
  while (cli->made[n]) n++;
  cli->made[n] = ls_mem_format("%s=%s", o->name, text);
}

bool ls_option_fits(const ls_option *o, const char *verb) {
  if (!o->verb) return true;
  const size_t length = strlen(verb);
  for (const char *at = o->verb; at; at = strchr(at, ' ')) {
    at += strspn(at, " ");
    if (strncmp(at, verb, length) == 0 && (at[length] == '\0' || at[length] == ' ')) return true;
  }
  return false;
}

static ls_status take_value(ls_cli *cli, const ls_option *o, void *options, const char *text) {
  void *member = (char *)options + o->at;
  int64_t whole;
  if (o->verb && cli->strays < LS_STRAYS) cli->stray[cli->strays++] = o;
  switch (o->kind) {
    case LS_OPTION_FLAG:
      *(bool *)member = true;
      break;
    case LS_OPTION_COUNT:
      ++*(int *)member;
      break;
    case LS_OPTION_INT:
      LS_TRY(take_whole(o, text, INT32_MAX, &whole));
      *(int *)member = (int)whole;
      break;
    case LS_OPTION_WHOLE:
      return take_whole(o, text, INT64_MAX, member);
    case LS_OPTION_TEXT:
    case LS_OPTION_MAYBE:
      *(const char **)member = text;
      break;
    case LS_OPTION_KEY:
      add_setting(cli, o, text);
      break;
    case LS_OPTION_LIST: {
      const char ***list = member;
      int n = 0;
      if (!*list) LS_NEW(*list, cli->argc + 1);
      while ((*list)[n]) n++;
      (*list)[n] = text;
    }
  }
  return LS_OK;
}

static bool takes_nothing(const ls_option *o) {
  return o->kind == LS_OPTION_FLAG || o->kind == LS_OPTION_COUNT;
}

/* The option that stands in argv[*at], by itself or with its value; *at is left at its last word.
 */
static ls_status take_option(ls_cli *cli, const ls_option *o, void *options, const char *text,
                             int *at) {
  bool bare = takes_nothing(o);
  if (bare && text) return ls_fail(LS_EUSAGE, "option '--%s' takes no value", o->name);
  if (o->kind == LS_OPTION_MAYBE && !text) text = "";
  if (!bare && !text && *at + 1 == cli->argc)
    return ls_fail(LS_EUSAGE, "option '--%s' needs a value", o->name);
  if (!bare && !text) text = cli->argv[++*at];
  return take_value(cli, o, options, text);
}

static ls_status take_long(ls_cli *cli, const char *word, int *at) {
  const char *name = word + 2, *equal = strchr(name, '=');
  void *options;
  const ls_option *o = find_option(cli, name, strcspn(name, "="), 0, &options);
  if (!o) return unknown_option(cli, word);
  return take_option(cli, o, options, equal ? equal + 1 : NULL, at);
}

/* -qv, -o FILE, -oFILE */
static ls_status take_letters(ls_cli *cli, const char *word, int *at) {
  for (const char *letter = word + 1; *letter; letter++) {
    void *options;
    const ls_option *o = find_option(cli, NULL, 0, *letter, &options);
    if (!o) return unknown_option(cli, word);
    const char *rest = !takes_nothing(o) && letter[1] ? letter + 1 : NULL;
    LS_TRY(take_option(cli, o, options, rest, at));
    if (rest) break;
  }
  return LS_OK;
}

const ls_option *ls_command_option(const ls_cli *cli, const char *word) {
  void *options;
  if (word[0] != '-' || !word[1]) return NULL;
  if (word[1] != '-') return find_option(cli, NULL, 0, word[1], &options);
  return find_option(cli, word + 2, strcspn(word + 2, "="), 0, &options);
}

bool ls_option_wants_next(const ls_option *o) {
  return !takes_nothing(o) && o->kind != LS_OPTION_MAYBE;
}

/* All of them, also behind one that is wrong, so that --json holds wherever it stands. */
static ls_status take_words(ls_cli *cli) {
  ls_status status = LS_OK;
  int arguments = 0;
  bool ended = false;
  for (int at = 0; at < cli->argc; at++) {
    const char *word = cli->argv[at];
    ls_status (*take)(ls_cli *, const char *, int *) = NULL;
    if (!ended && word[0] == '-' && word[1]) take = word[1] == '-' ? take_long : take_letters;
    if (!ended && strcmp(word, "--") == 0)
      ended = true;
    else if (!take)
      cli->args[arguments++] = word;
    else if (take(cli, word, &at) != LS_OK)
      status = LS_EUSAGE;
  }
  for (int i = 0; cli->made[i]; i++) cli->args[arguments++] = cli->made[i];
  return status;
}

/* ---- words ---- */

/* The command's name is the first argument that is no option; options in front of it are put behind
 * it. */
static void take_name(ls_cli *cli, int argc, char **argv) {
  int at = 1;
  while (at < argc && argv[at][0] == '-') at += strcmp(argv[at], "--color") == 0 ? 2 : 1;
  if (at < argc) cli->name = argv[at];
  for (int i = at < argc ? at : 0; i > 1; i--) argv[i] = argv[i - 1];
  cli->argc = argc - (cli->name ? 2 : 1);
  cli->argv = argv + (cli->name ? 2 : 1);
  cli->command = ls_command_find(cli, cli->name ? cli->name : "help");
}

const ls_command *ls_command_find(const ls_cli *cli, const char *name) {
  for (const ls_command *const *c = cli->commands; *c; c++)
    if (strcmp((*c)->name, name) == 0) return *c;
  return NULL;
}

static ls_status unknown_command(const ls_cli *cli) {
  const char *names[NAMES_MAX + 1] = {NULL};
  for (int i = 0; cli->commands[i] && i < NAMES_MAX; i++) names[i] = cli->commands[i]->name;
  return ls_fail_near(LS_EUSAGE, ls_nearest(cli->name, names), "; lockstep help lists them",
                      "unknown command '%s'", cli->name);
}

ls_status ls_command_unknown(const char *what, const char *word, const char *const *words) {
  const char *near = word ? ls_nearest(word, words) : NULL;
  if (near) return ls_fail(LS_EUSAGE, "%s: unknown '%s'; did you mean '%s'?", what, word, near);
  ls_buffer list = {0};
  for (int i = 0; words[i]; i++) {
    const char *between = words[i + 1] ? ", " : " or ";
    ls_buffer_add(&list, "%s%s", i > 0 ? between : "", words[i]);
  }
  ls_status status = word ? ls_fail(LS_EUSAGE, "%s: unknown '%s'; it is %s", what, word, list.text)
                          : ls_fail(LS_EUSAGE, "%s: which? %s", what, list.text);
  LS_FREE(list.text);
  return status;
}

static ls_status unknown_verb(const ls_command *command, const char *word) {
  const char *names[sizeof command->verb / sizeof *command->verb];
  int n = 0;
  for (const ls_verb *p = command->verb; p->run; p++) names[n++] = p->name;
  names[n] = NULL;
  return ls_command_unknown(command->name, word, names);
}

static ls_status find_verb(ls_cli *cli) {
  const ls_verb *p = cli->command->verb;
  if (p->name) {
    const char *word = *cli->args;
    while (p->run && !(word && strcmp(p->name, word) == 0)) p++;
    if (!p->run) return unknown_verb(cli->command, word);
    cli->args++;
  }
  cli->verb = p;
  for (int i = 0; i < cli->strays; i++)
    if (!ls_option_fits(cli->stray[i], p->name))
      return ls_fail(LS_EUSAGE, "--%s goes with %s %s", cli->stray[i]->name, cli->command->name,
                     cli->stray[i]->verb);
  return LS_OK;
}

static ls_status check_arguments(const ls_cli *cli) {
  const ls_verb *p = cli->verb;
  int n = 0;
  while (cli->args[n]) n++;
  if (p->config && n == 0)
    return ls_fail(LS_EUSAGE,
                   "a config file is missing; lockstep config init KIND prints one to start from");
  for (int i = 1; i < n && p->config; i++)
    if (!strchr(cli->args[i], '='))
      return ls_fail(LS_EUSAGE, "'%s' is one argument too many: behind CONFIG come KEY=VALUE only",
                     cli->args[i]);
  if (p->most > 0 && (n < p->least || n > p->most)) return ls_fail(LS_EUSAGE, "%s", p->wanted);
  return LS_OK;
}

static ls_status check_color(const char *color) {
  if (!color || !strcmp(color, "auto") || !strcmp(color, "always") || !strcmp(color, "never"))
    return LS_OK;
  return ls_fail(LS_EUSAGE, "--color=%s: use auto, always or never", color);
}

ls_status ls_command_parse(ls_cli *cli, int argc, char **argv) {
  take_name(cli, argc, argv);
  LS_NEW(cli->words, argc + 1);
  LS_NEW(cli->made, argc + 1);
  cli->args = cli->words;
  if (cli->command) {
    LS_TRY(ls_mem_new(&cli->options, cli->command->size, 1));
    if (cli->command->defaults) memcpy(cli->options, cli->command->defaults, cli->command->size);
  }
  ls_status status = take_words(cli);
  if (!cli->command) return unknown_command(cli);
  if (status == LS_OK) status = check_color(cli->color);
  if (status != LS_OK || cli->help || cli->version) return status;
  if (!cli->name) return ls_fail(LS_EUSAGE, "which command? lockstep help lists them");
  LS_TRY(find_verb(cli));
  return check_arguments(cli);
}

void ls_command_free(ls_cli *cli) {
  const ls_option *o = cli->command ? cli->command->options : NULL;
  for (; cli->options && o && o->name; o++)
    if (o->kind == LS_OPTION_LIST) ls_mem_free(*(void **)((char *)cli->options + o->at));
  for (int i = 0; cli->made && cli->made[i]; i++) LS_FREE(cli->made[i]);
  LS_FREE(cli->made);
  LS_FREE(cli->words);
  LS_FREE(cli->options);
}
