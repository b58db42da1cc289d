/* lockstep export: a trained network as a program or a file that others read. */
#include <string.h>

#include "cli/cli.h"
#include "export/export.h"

typedef struct {
  char *format, *output, *name;
  int force;
} options;

static void report(const ls_cli *cli, const options *o, const ls_net *net, const ls_texts *made) {
  json_t *files = json_array();
  for (int64_t i = 0; i < made->count; i++)
    json_array_append_new(files, json_string(made->text[i]));
  for (int64_t i = 0; !cli->json && i < made->count; i++)
    ls_out(cli, "%s%s", i > 0 ? ", " : "", made->text[i]);
  if (!cli->json)
    ls_out(cli, ": %lld inputs, %lld outputs, %lld parameters\n", (long long)net->x.n,
           (long long)net->y.n, (long long)net->checkpoint->parameters);
  else
    ls_out_json(cli, json_pack("{s:s, s:O, s:I, s:I}", "format", o->format, "files", files,
                               "inputs", (json_int_t)net->x.n, "outputs", (json_int_t)net->y.n));
  json_decref(files);
}

static ls_status export_from(const ls_cli *cli, const char *checkpoint, const options *o) {
  ls_net *net;
  ls_texts made = {0};
  ls_status status = ls_net_open(checkpoint, &net);
  if (status == LS_OK) status = ls_export_net(net, o->format, o->output, o->name, o->force, &made);
  if (status == LS_OK) report(cli, o, net, &made);
  ls_texts_free(&made);
  ls_net_free(&net);
  return status;
}

static bool known(const char *format) {
  for (int i = 0; ls_export_names[i]; i++)
    if (strcmp(ls_export_names[i], format) == 0) return true;
  return false;
}

ls_status ls_cmd_export(ls_cli *cli) {
  options o = {0};
  struct poptOption table[] = {
      {"to", 't', POPT_ARG_STRING, &o.format, 0, "what to make", "c"},
      {"output", 'o', POPT_ARG_STRING, &o.output, 0,
       "file to make; those that belong to it come beside it", "FILE"},
      {"name", 0, POPT_ARG_STRING, &o.name, 0,
       "what the procedures' names begin with (default: FILE's)", "NAME"},
      {"force", 0, POPT_ARG_NONE, &o.force, 0, "replace FILE if it is there", NULL},
      POPT_TABLEEND};
  const char **args;
  bool help;
  LS_TRY(ls_cli_parse(cli, ls_command_find("export"), table, &args, &help));
  if (help) return LS_OK;
  if (!args[0] || args[1] || !o.format || !o.output)
    return ls_fail(LS_EUSAGE, "export: give one checkpoint, --to FORMAT and -o FILE");
  if (!known(o.format)) return ls_cli_unknown("export: --to", o.format, ls_export_names);
  return export_from(cli, args[0], &o);
}
