#include "cli/cli.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>
#include <zlib.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "comm/library.h"
#include "config/origin.h"
#include "io/durable.h"
#include "io/h5version.h"
#include "view/terminal.h"

enum { OPTIONS_MAX = 48, CONFIG_BYTES_MAX = 16 << 20 };

/* What popt made: its context (the arguments live in it) and the values of options. */
typedef struct {
  poptContext context;
  const char **argv; /* with bare optional options closed by '=' */
  char **closed;
  int closed_count;
  char *text[OPTIONS_MAX];
  char **list[OPTIONS_MAX];
} owned;

/* ---- options ---- */

enum { OPT_QUIET = 1, OPT_VERBOSE, OPT_JSON, OPT_COLOR, OPT_HELP, OPT_VERSION };

static struct poptOption common_options[] = {
    {"quiet", 'q', POPT_ARG_NONE, NULL, OPT_QUIET, "warnings and errors only; twice: errors only",
     NULL},
    {"verbose", 'v', POPT_ARG_NONE, NULL, OPT_VERBOSE, "say more", NULL},
    {"json", 0, POPT_ARG_NONE, NULL, OPT_JSON, "results as one JSON object on stdout", NULL},
    {"color", 0, POPT_ARG_STRING, NULL, OPT_COLOR, "colour in messages; NO_COLOR is obeyed",
     "auto|always|never"},
    {"help", 'h', POPT_ARG_NONE, NULL, OPT_HELP, "show this text", NULL},
    {"version", 0, POPT_ARG_NONE, NULL, OPT_VERSION, "show version, kernel and libraries", NULL},
    POPT_TABLEEND};

static void print_options(FILE *to, const struct poptOption *option) {
  for (; option->longName || option->shortName; option++) {
    if (option->argInfo & POPT_ARGFLAG_DOC_HIDDEN) continue;
    char name[96];
    bool optional = option->argInfo & POPT_ARGFLAG_OPTIONAL;
    const char *value = option->argDescrip;
    int length = option->shortName ? snprintf(name, sizeof name, "-%c", option->shortName) : 0;
    if (option->longName)
      length += snprintf(name + length, sizeof name - (size_t)length, "%s--%s",
                         length ? ", " : "    ", option->longName);
    if (value)
      snprintf(name + length, sizeof name - (size_t)length, optional ? "[=%s]" : " %s", value);
    fprintf(to, "  %-30s %s%s\n", name,
            strlen(name) > 30 ? "\n                                 " : "",
            option->descrip ? option->descrip : "");
  }
}

static void print_help(const ls_cli *cli, const ls_command *command,
                       const struct poptOption *options) {
  char *text = NULL;
  size_t bytes;
  FILE *memory = open_memstream(&text, &bytes);
  if (!memory) return;
  fprintf(memory, "%s - %s\n\n%s", command->name, command->help, command->usage);
  if (options->longName || options->shortName) fprintf(memory, "\nOptions:\n");
  print_options(memory, options);
  fprintf(memory, "\nOptions of every command:\n");
  print_options(memory, common_options);
  fclose(memory);
  if (cli->json)
    ls_out_json(cli, json_pack("{s:s}", "help", text));
  else
    ls_out(cli, "%s", text);
  free(text);
}

/* LS_EUSAGE with what popt has against an option. */
static ls_status bad_option(poptContext context, int error, const struct poptOption *options) {
  const char *word = poptBadOption(context, POPT_BADOPTION_NOALIAS);
  if (error == POPT_ERROR_NOARG) return ls_fail(LS_EUSAGE, "option '%s' needs a value", word);
  if (error != POPT_ERROR_BADOPT)
    return ls_fail(LS_EUSAGE, "bad value for an option: '%s': %s", word, poptStrerror(error));
  const char *name[2 * OPTIONS_MAX];
  int names = 0;
  for (const struct poptOption *o = options; (o->longName || o->shortName) && names < OPTIONS_MAX;
       o++)
    if (o->longName) name[names++] = o->longName;
  for (const struct poptOption *o = common_options; o->longName; o++) name[names++] = o->longName;
  name[names] = NULL;
  char asked[128];
  snprintf(asked, sizeof asked, "%.*s", (int)strcspn(word, "="), word);
  const char *near = ls_nearest(asked + strspn(asked, "-"), name);
  if (near) return ls_fail(LS_EUSAGE, "unknown option '%s'; did you mean '--%s'?", asked, near);
  return ls_fail(LS_EUSAGE, "unknown option '%s'; -h shows the options", asked);
}

static ls_status common_option(ls_cli *cli, int option, char *value) {
  if (option == OPT_QUIET) cli->verbosity--;
  if (option == OPT_VERBOSE) cli->verbosity++;
  if (option == OPT_JSON) cli->json = true;
  if (option == OPT_COLOR && strcmp(value, "auto") != 0 && strcmp(value, "always") != 0 &&
      strcmp(value, "never") != 0)
    return ls_fail(LS_EUSAGE, "--color=%s: use auto, always or never", value);
  static const ls_log_level by_verbosity[] = {LS_LOG_ERROR, LS_LOG_WARN, LS_LOG_INFO, LS_LOG_DEBUG};
  ls_log_set_level(by_verbosity[ls_clamp(cli->verbosity + 2, 0, 3)]);
  return LS_OK;
}

/* popt lets `--resume CONFIG` swallow CONFIG; closed by '=' the bare option means what it says. */
static ls_status close_optional(ls_cli *cli, owned *own, const struct poptOption *options) {
  LS_NEW(own->argv, cli->argc + 1);
  LS_NEW(own->closed, cli->argc + 1);
  bool ended = false;
  for (int i = 0; i < cli->argc; i++) {
    own->argv[i] = cli->argv[i];
    ended = ended || strcmp(cli->argv[i], "--") == 0;
    for (const struct poptOption *o = options; !ended && (o->longName || o->shortName); o++)
      if (o->argInfo & POPT_ARGFLAG_OPTIONAL && o->longName &&
          strncmp(cli->argv[i], "--", 2) == 0 && strcmp(cli->argv[i] + 2, o->longName) == 0)
        own->argv[i] = own->closed[own->closed_count++] = ls_mem_format("%s=", cli->argv[i]);
  }
  return LS_OK;
}

static bool makes_text(const struct poptOption *o) {
  return (o->argInfo & POPT_ARG_MASK) == POPT_ARG_STRING;
}
static bool makes_list(const struct poptOption *o) {
  return (o->argInfo & POPT_ARG_MASK) == POPT_ARG_ARGV;
}

/* Values that popt has allocated are ours to free, defaults are not. */
static void own_values(owned *own, const struct poptOption *options, void *const *before) {
  for (int i = 0; options[i].longName || options[i].shortName; i++) {
    if (makes_text(&options[i]) && *(void **)options[i].arg != before[i])
      own->text[i] = *(char **)options[i].arg;
    if (makes_list(&options[i]) && *(void **)options[i].arg != before[i])
      own->list[i] = *(char ***)options[i].arg;
  }
}

/* popt's loop: values of the command's own options go to their `arg`, common ones come out here. */
static ls_status take_options(ls_cli *cli, owned *own, const ls_command *command,
                              struct poptOption *options, bool *help) {
  int option, want = 0;
  while ((option = poptGetNextOpt(own->context)) > 0) {
    if (option == OPT_HELP || option == OPT_VERSION) want = option;
    char *value = option == OPT_COLOR ? poptGetOptArg(own->context) : NULL;
    ls_status status = common_option(cli, option, value);
    free(value);
    LS_TRY(status);
  }
  if (option < -1) return bad_option(own->context, option, options);
  if (want == OPT_HELP) print_help(cli, command, options);
  if (want == OPT_VERSION) ls_cli_version(cli);
  *help = want != 0;
  return LS_OK;
}

static ls_status parse(ls_cli *cli, const ls_command *command, struct poptOption *options,
                       const char ***args, bool *help) {
  static const char *none[] = {NULL};
  void *before[OPTIONS_MAX] = {0};
  struct poptOption table[] = {{NULL, 0, POPT_ARG_INCLUDE_TABLE, options, 0, NULL, NULL},
                               {NULL, 0, POPT_ARG_INCLUDE_TABLE, common_options, 0, NULL, NULL},
                               POPT_TABLEEND};
  owned *own;
  LS_NEW(own, 1);
  cli->owned = own;
  LS_TRY(close_optional(cli, own, options));
  for (int i = 0; options[i].longName || options[i].shortName; i++)
    if (makes_text(&options[i]) || makes_list(&options[i])) before[i] = *(void **)options[i].arg;
  own->context = poptGetContext("lockstep", cli->argc, own->argv, table, POPT_CONTEXT_KEEP_FIRST);
  if (!own->context) return ls_fail(LS_FAIL, "out of memory for the options");
  ls_status status = take_options(cli, own, command, options, help);
  own_values(own, options, before);
  *args = poptGetArgs(own->context);
  if (!*args) *args = none;
  return status;
}

ls_status ls_cli_parse(ls_cli *cli, const ls_command *command, struct poptOption *options,
                       const char ***args, bool *help) {
  ls_status status = parse(cli, command, options, args, help);
  return cli->comm ? ls_comm_agree(cli->comm, status) : status;
}

void ls_cli_free(ls_cli *cli) {
  owned *own = cli->owned;
  if (!own) return;
  poptFreeContext(own->context);
  for (int i = 0; i < OPTIONS_MAX; i++) {
    free(own->text[i]);
    for (int k = 0; own->list[i] && own->list[i][k]; k++) free(own->list[i][k]);
    free(own->list[i]);
  }
  for (int i = 0; i < own->closed_count; i++) LS_FREE(own->closed[i]);
  LS_FREE(own->closed);
  LS_FREE(own->argv);
  LS_FREE(cli->owned);
}

ls_status ls_cli_unknown(const char *command, const char *word, const char *const *words) {
  const char *near = word ? ls_nearest(word, words) : NULL;
  if (near) return ls_fail(LS_EUSAGE, "%s: unknown '%s'; did you mean '%s'?", command, word, near);
  char list[256] = "";
  for (size_t i = 0; words[i]; i++) {
    size_t used = strlen(list);
    const char *between = words[i + 1] ? ", " : " or ";
    snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? between : "", words[i]);
  }
  return word ? ls_fail(LS_EUSAGE, "%s: unknown '%s'; it is %s", command, word, list)
              : ls_fail(LS_EUSAGE, "%s: which? %s", command, list);
}

/* ---- config ---- */

static ls_status read_config(ls_cli *cli, const char *file, char **text, size_t *bytes) {
  ls_status status = LS_OK;
  if (!cli->comm || ls_comm_rank(cli->comm) == 0)
    status = ls_file_read(file, text, bytes, CONFIG_BYTES_MAX);
  if (status != LS_OK)
    status = ls_fail(status == LS_FAIL ? LS_FAIL : LS_ECONFIG, "config: %s", ls_error_text());
  if (!cli->comm) return status;
  return ls_comm_bcast_block(cli->comm, status, (void **)text, bytes, 0);
}

/* The small part of an example's data that comes with lockstep: for ROOT/examples/... and data.dir
 * .../NAME it is ROOT/data/NAME-small. NULL where the data are installed, there is no such part, or
 * the command line named the folder. */
static char *small_part(const ls_config *config) {
  const char *dir = config->data.dir, *slash = dir ? strrchr(dir, '/') : NULL,
             *at = strstr(config->file, "examples/");
  if (!slash || !at || (at > config->file && at[-1] != '/') || access(dir, F_OK) == 0) return NULL;
  if (ls_origin_find(config, "data.dir").source != LS_SOURCE_FILE) return NULL;
  char *part = ls_mem_format("%.*sdata%s-small", (int)(at - config->file), config->file, slash);
  if (access(part, F_OK) != 0) LS_FREE(part);
  return part;
}

/* An example runs at once, before anything is installed. Rank 0 decides for all. */
static ls_status use_small_part(ls_cli *cli, ls_config *config) {
  char *part = ls_comm_rank(cli->comm) == 0 ? small_part(config) : NULL;
  void *block = part;
  size_t bytes = part ? strlen(part) : 0;
  if (part)
    ls_log(LS_LOG_WARN,
           "%s: not there (apt-get install dataset-%s); going on with the small part of it in %s",
           config->data.dir, strrchr(config->data.dir, '/') + 1, part);
  LS_TRY(ls_comm_bcast_block(cli->comm, LS_OK, &block, &bytes, 0));
  if (bytes > 0) {
    LS_FREE(config->data.dir);
    config->data.dir = block;
  } else {
    LS_FREE(block);
  }
  return LS_OK;
}

ls_status ls_cli_config(ls_cli *cli, const char *file, char *const *override, int overrides,
                        ls_config **out) {
  char *text = NULL;
  size_t bytes = 0;
  ls_status status = read_config(cli, file, &text, &bytes);
  if (status == LS_OK)
    status = (cli->plugins ? ls_config_parse_and_load : ls_config_parse)(file, text, bytes,
                                                                         override, overrides, out);
  LS_FREE(text);
  if (!cli->comm) return status;
  LS_TRY(ls_comm_agree(cli->comm, status));
  ls_comm_watchdog(cli->comm, (*out)->watchdog);
  return use_small_part(cli, *out);
}

ls_status ls_cli_config_args(ls_cli *cli, const char **args, ls_config **out) {
  int overrides = 0;
  if (!args[0])
    return ls_fail(LS_EUSAGE,
                   "a config file is missing; lockstep config init KIND prints one to start from");
  for (; args[1 + overrides]; overrides++)
    if (!strchr(args[1 + overrides], '='))
      return ls_fail(LS_EUSAGE, "'%s' is one argument too many: behind CONFIG come KEY=VALUE only",
                     args[1 + overrides]);
  return ls_cli_config(cli, args[0], (char *const *)(args + 1), overrides, out);
}

/* ---- output ---- */

static bool out_started;

bool ls_out_started(void) { return out_started; }

void ls_out(const ls_cli *cli, const char *format, ...) {
  if (cli->comm && ls_comm_rank(cli->comm) != 0) return;
  out_started = true;
  va_list args;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
}

void ls_out_json(const ls_cli *cli, json_t *object) {
  char *line = ls_json_line(object);
  ls_out(cli, "%s\n", line);
  LS_FREE(line);
  json_decref(object);
}

void ls_cli_version(const ls_cli *cli) {
  const char *kernel = ls_model_kernel(), *openssl = OpenSSL_version(OPENSSL_VERSION);
  if (cli->json)
    ls_out_json(cli,
                json_pack("{s:s, s:s, s:s, s:[s,s], s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "name",
                          "lockstep", "version", LOCKSTEP_VERSION, "kernel", kernel, "precisions",
                          "float32", "float64", "libraries", "mpi", ls_mpi_version(), "hdf5",
                          ls_h5_version(), "libyaml", yaml_get_version_string(), "jansson",
                          jansson_version_str(), "zlib", zlibVersion(), "openssl", openssl));
  else
    ls_out(cli,
           "lockstep %s\nkernel: %s (float32, float64)\n%s, HDF5 %s\nlibyaml %s, jansson %s, zlib "
           "%s, %s\n",
           LOCKSTEP_VERSION, kernel, ls_mpi_version(), ls_h5_version(), yaml_get_version_string(),
           jansson_version_str(), zlibVersion(), openssl);
}
