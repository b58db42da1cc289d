/* manual.c - man pages as scdoc's source, from the same tables as help: lockstep(1),
 * lockstep-COMMAND(1) and lockstep-config(5). The build makes all of them by `lockstep help --man`
 * (CMakeLists.txt). */
#include "cli/manual.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/text.h"

/* A text as it is, up to `end`: what scdoc would take for its marks stands behind a backslash. */
static void put_part(FILE *to, const char *text, const char *end) {
  bool first = true;
  for (; text < end; text++) {
    if (strchr("\\*_`", *text) || (first && strchr("#-.[|];", *text))) fputc('\\', to);
    fputc(*text, to);
    first = *text == '\n';
  }
}

static void put(FILE *to, const char *text) { put_part(to, text, text + strlen(text)); }

static void begin(FILE *to, const char *name, int section, const char *help) {
  fprintf(to, "%s(%d) \"lockstep %s\" \"lockstep\"\n\n# NAME\n\n%s - ", name, section,
          LOCKSTEP_VERSION, name);
  put(to, help);
  fprintf(to, "\n\n");
}

/* The end of the line at `text`, or `end`. */
static const char *line_end(const char *text, const char *end) {
  const char *newline = memchr(text, '\n', (size_t)(end - text));
  return newline ? newline : end;
}

/* The first `mark` of a text, or its end. */
static const char *up_to(const char *text, const char *mark) {
  const char *found = strstr(text, mark);
  return found ? found : text + strlen(text);
}

/* Lines of usage, each on its own, without what stands before the command. */
static void put_synopsis(FILE *to, const char *text, const char *end) {
  const size_t indent = strlen("Usage: ");
  fprintf(to, "# SYNOPSIS\n\n");
  for (const char *line = text; line < end; line = line_end(line, end) + 1) {
    if (line > text) fprintf(to, "++\n");
    put_part(to, line + indent, line_end(line, end));
  }
  fprintf(to, "\n\n");
}

/* Examples, as they stand. */
static void put_examples(FILE *to, const char *text) {
  const char *end = text + strlen(text);
  const size_t indent = strlen("  ");
  fprintf(to, "# EXAMPLES\n\n```\n");
  for (; text < end; text = line_end(text, end) + 1) {
    const int length = (int)(line_end(text, end) - text - (ptrdiff_t)indent);
    if (length > 0) fprintf(to, "%.*s\n", length, text + indent);
  }
  fprintf(to, "```\n\n");
}

static void put_options(FILE *to, const ls_option *o) {
  for (; o->name; o++) {
    bool maybe = o->kind == LS_OPTION_MAYBE;
    if (o->letter) fprintf(to, "*-%c*, ", o->letter);
    fprintf(to, "*--%s*", o->name);
    if (o->value) {
      fputs(maybe ? "[=" : " ", to);
      put(to, o->value);
      fputs(maybe ? "]" : "", to);
    }
    fprintf(to, "\n\t");
    put(to, o->help);
    fprintf(to, "\n\n");
  }
}

/* ---- lockstep(1) ---- */

static const struct {
  ls_status code;
  const char *when;
} exits[] = {
    {LS_OK, "done"},
    {LS_FAIL, "anything that does not fit below; out of memory"},
    {LS_EUSAGE, "unknown command or option, missing argument"},
    {LS_EDATA, "data or a checkpoint missing, unreadable, damaged or not as the config says"},
    {LS_EINTERNAL, "ranks disagree (other binary, config or data), or an internal error"},
    {LS_EDIVERGED, "loss or weights not finite, and train.nonfinite is stop"},
    {LS_EIO, "run folder not writable, not empty or locked by another run; write errors"},
    {LS_ESTOPPED, "stopped on SIGUSR1 or at a time limit, with a checkpoint written"},
    {LS_ECONFIG, "config missing, wrong or contradictory, or not as the checkpoint's"},
};

static void put_overview(FILE *to, const ls_cli *cli) {
  begin(to, "lockstep", 1,
        "train neural networks over MPI, to the same bits on any number of ranks");
  fprintf(to,
          "# SYNOPSIS\n\n*lockstep* _COMMAND_ [_ARGUMENTS_]++\n"
          "*mpirun* *-n* _N_ *lockstep* _COMMAND_ [_ARGUMENTS_]\n\n# COMMANDS\n\n");
  for (const ls_command *const *c = cli->commands; *c; c++) {
    fprintf(to, "*lockstep-%s*(1)\n\t", (*c)->name);
    put(to, (*c)->help);
    fprintf(to, "\n\n");
  }
  fprintf(to, "# OPTIONS\n\nOf every command:\n\n");
  put_options(to, ls_common_options);
  fprintf(to, "# EXIT STATUS\n\n");
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
    fprintf(to, "*%d*\n\t", (int)exits[i].code);
    put(to, exits[i].when);
    fprintf(to, "\n\n");
  }
  fprintf(to, "# SEE ALSO\n\n*lockstep-config*(5), *mpirun*(1)\n");
}

/* ---- lockstep-COMMAND(1) ---- */

/* usage (cli.h) is the synopsis, perhaps a description, and examples, with empty lines between. */
static void put_command(FILE *to, const ls_command *command) {
  static const char heading[] = "\nExamples:\n";
  char name[64];
  const char *usage = command->usage, *prose = up_to(usage, "\n\n"),
             *examples = up_to(usage, heading);
  snprintf(name, sizeof name, "lockstep-%s", command->name);
  begin(to, name, 1, command->help);
  put_synopsis(to, usage, prose < examples ? prose : examples);
  if (prose < examples - 1) {
    fprintf(to, "# DESCRIPTION\n\n");
    put_part(to, prose + strlen("\n\n"), examples);
    fprintf(to, "\n");
  }
  fprintf(to, "# OPTIONS\n\n");
  if (command->options) put_options(to, command->options);
  fprintf(to, "Those of every command, and the exit status, are in *lockstep*(1).\n\n");
  if (*examples) put_examples(to, examples + strlen(heading));
  fprintf(to, "# SEE ALSO\n\n*lockstep*(1), *lockstep-config*(5)\n");
}

/* ---- lockstep-config(5) ---- */

static void put_key(void *context, const ls_key_help *key) {
  FILE *to = context;
  fprintf(to, "*");
  put(to, key->path);
  fprintf(to, "*");
  if (key->types) {
    fprintf(to, " (type ");
    put(to, key->types);
    fprintf(to, ")");
  }
  fprintf(to, "\n\t");
  put(to, key->text);
  fprintf(to, ".++\n\t");
  put(to, key->takes);
  fprintf(to, "; ");
  put(to, key->value);
  fprintf(to, "\n\n");
}

static void put_keys(FILE *to) {
  begin(to, "lockstep-config", 5, "what a run of lockstep is, as a YAML file");
  fprintf(to,
          "# DESCRIPTION\n\n"
          "A config is block or flow YAML. Each key is listed by its path, with what it may be "
          "set to and its default; items of lists are written [].\n"
          "On the command line a key is set by its path: _optimizer.lr=0.01_.\n\n"
          "*lockstep config init* _KIND_ prints a config to start from, *lockstep config check* "
          "finds every mistake.\n\n# KEYS\n\n");
  ls_config_each_key(put_key, to);
  fprintf(to, "# SEE ALSO\n\n*lockstep*(1), *lockstep-config*(1), *lockstep-train*(1)\n");
}

char *ls_manual(const ls_cli *cli, const char *page) {
  const ls_command *command = page ? ls_command_find(cli, page) : NULL;
  bool keys = page && strcmp(page, "keys") == 0;
  if (page && !command && !keys) return NULL;
  char *text;
  size_t bytes;
  FILE *memory = open_memstream(&text, &bytes);
  if (command)
    put_command(memory, command);
  else if (keys)
    put_keys(memory);
  else
    put_overview(memory, cli);
  return ls_text_of(memory, &text);
}
