/* cli.h - what a command is, and what commands share: options, the config, stdout.
 *
 * A command is a row: its help, its options as members of a struct of its own, and one function, or
 * several for the words that may follow its name. Before that function is called, command.c has
 * read the command line, and cli.c the config. */
#ifndef LS_CLI_CLI_H
#define LS_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "comm/comm.h"
#include "config/config.h"
#include "io/json.h"

typedef struct ls_command ls_command;
typedef struct ls_verb ls_verb;
typedef struct ls_option ls_option;

enum { LS_STRAYS = 16 };

typedef struct {
  const ls_command *const *commands; /* all of them, ends with NULL */
  const ls_command *command;         /* the one that was named; help's where none is (name is NULL
                                        then); NULL: it is unknown */
  const ls_verb *verb;
  const char *name;  /* as it was named; NULL: not at all */
  ls_comm *comm;     /* NULL for commands that need no ranks */
  ls_config *config; /* where the verb has one; */
  char *text;        /* (bytes) as its file has been read */
  size_t bytes;
  void *options;      /* the command's struct */
  const char **args;  /* what is left of the command line, ends with NULL */
  const char **words; /* all arguments that are no options, the verb's name among them */
  char **made;        /* those that options have made */
  const ls_option *stray[LS_STRAYS]; /* given, that not all verbs of the command take */
  int strays;
  bool json, help, version;
  int quiet, verbose; /* how often */
  const char *color;
  int argc; /* arguments behind the command's name, options included */
  char **argv;
} ls_cli;

struct ls_verb {
  const char *name; /* of `data import` it is import; NULL: the command has this one alone */
  /* options: the command's struct, filled in. Results go to stdout by ls_print. */
  ls_status (*run)(ls_cli *cli, const void *options);
  bool config;        /* CONFIG [KEY=VALUE...] are its arguments: cli->config */
  int least, most;    /* else so many arguments; most 0: any number */
  const char *wanted; /* LS_EUSAGE with this text for fewer and for more */
  const char *takes;  /* what they are, as an option's value; NULL: files */
};

/* What an option's member is tells what it takes: bool nothing, int and int64_t a whole number,
 * const char * a text, const char ** a list: one text each time that it is given. */
typedef enum {
  LS_OPTION_FLAG,
  LS_OPTION_COUNT, /* an int: how often it is given */
  LS_OPTION_INT,
  LS_OPTION_WHOLE,
  LS_OPTION_TEXT,
  LS_OPTION_MAYBE, /* a text behind '=' only: bare `--resume` gives "" */
  LS_OPTION_LIST,
  LS_OPTION_KEY /* a config key: the same as the argument name=value */
} ls_option_kind;

struct ls_option {
  const char *name; /* --name */
  char letter;      /* -l; 0: none */
  ls_option_kind kind;
  size_t at;         /* of the member */
  const char *value; /* "auto|FILE": words as they stand, names in capitals; NULL: takes none */
  const char *help;
  const char *verb; /* which alone takes it, as "scaling or plan"; NULL: all of the command's */
};
bool ls_option_fits(const ls_option *option, const char *verb);

#define LS_OPTION_OF(type, member, takes, option, key, word, ...)                              \
  {                                                                                            \
    .name = option, .letter = key, .kind = takes, .at = offsetof(type, member), .value = word, \
    .help = __VA_ARGS__                                                                        \
  }
/* LS_OPTION(options, member, "name", 'l' or 0, "VALUE" or NULL, "help"[, "verb"]) */
#define LS_OPTION(type, member, name, letter, value, ...) \
  LS_OPTION_OF(type, member,                                                                    \
               _Generic(((type *)0)->member, bool : LS_OPTION_FLAG, int : LS_OPTION_INT,        \
                        int64_t : LS_OPTION_WHOLE, const char * : LS_OPTION_TEXT, const char ** \
                        : LS_OPTION_LIST),                                                      \
               name, letter, value, __VA_ARGS__)

struct ls_command {
  const char *name;
  const char *help;  /* one line */
  const char *usage; /* the synopsis, perhaps what else is to be said, and examples, each behind an
                        empty line; printed by -h and help, and made into a man page */
  bool parallel; /* has an ls_comm of all ranks; of others a launcher's first rank runs, without MPI
                  */
  bool plugins;  /* loads those that its CONFIG names; the other commands leave them alone */
  void (*first)(void);      /* to be called before anything else is done; NULL: nothing */
  const ls_option *options; /* ends with name NULL */
  size_t size;              /* of the options' struct */
  const void *defaults;     /* such a struct; NULL: zeros */
  ls_verb verb[6];          /* the last one has no run */
};

/* ---- command.c: the command line ---- */

/* Everything but argv[0]. LS_EUSAGE, with a did-you-mean, for unknown words and options and for
 * values that do not fit; json, help, version and color are right also then. */
ls_status ls_command_parse(ls_cli *cli, int argc, char **argv);
void ls_command_free(ls_cli *cli);
const ls_command *ls_command_find(const ls_cli *cli, const char *name); /* NULL if unknown */
/* LS_EUSAGE for a word that is missing (NULL) or is none of `words` (ends with NULL). */
ls_status ls_command_unknown(const char *what, const char *word, const char *const *words);
extern const ls_option ls_common_options[]; /* those of every command; ends with name NULL */
/* The option that a word of the command line is or begins with; NULL: none. */
const ls_option *ls_command_option(const ls_cli *cli, const char *word);
bool ls_option_wants_next(const ls_option *o); /* is the next word its value? */
/* What -h prints; ls_mem text. */
char *ls_command_usage(const ls_command *command);

/* ---- cli.c ---- */

/* Read CONFIG on rank 0, same bytes everywhere, parse with overrides (NULL: none). Collective where
 * there is a comm. */
ls_status ls_cli_config(ls_cli *cli, const char *file, const char *const *override,
                        ls_config **out);
/* --time-limit H:MM[:SS] in seconds, 0 where `text` is NULL; --threads N. LS_EUSAGE. */
ls_status ls_cli_limit(const char *text, double *seconds);
ls_status ls_cli_threads(int threads);
bool ls_cli_is_stdout(const char *out);                      /* -, /dev/stdout */
ls_status ls_cli_stdout(const ls_cli *cli, const char *out); /* LS_EUSAGE for -o - and --json */
bool ls_cli_is_config(const char *name);                     /* by its ending, .yaml or .yml */
/* The verb's function, with its config. */
ls_status ls_cli_run(ls_cli *cli);
void ls_cli_version(const ls_cli *cli); /* --version */

#endif
