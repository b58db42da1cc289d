/* cmd_export.c - lockstep export: a trained network as a program or a file that others read. */
#include <string.h>

#include "cli/commands.h"
#include "cli/networks.h"
#include "cli/print.h"
#include "export/export.h"

typedef struct {
  const char *format, *output, *name;
  bool force;
} options;

static void report(const ls_cli *cli, const options *o, const ls_net *net, const ls_texts *made) {
  json_t *done = json_object();
  ls_put(done, "format", o->format);
  ls_put(done, "files", ls_list_texts(made->text, made->count));
  ls_put(done, "inputs", net->x.n);
  ls_put(done, "outputs", net->y.n);
  ls_put(done, "_parameters", net->checkpoint->parameters);
  ls_print(cli, done,
           "{*files}{,}{.}{/}: {inputs} inputs, {outputs} outputs, {_parameters} parameters\n");
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  ls_net *net = NULL;
  ls_texts made = {0}, path = {0};
  int format = 0;
  if (!o->format || !o->output)
    return ls_fail(LS_EUSAGE, "export: give one checkpoint, --to FORMAT and -o FILE");
  while (ls_export_names[format] && strcmp(ls_export_names[format], o->format) != 0) format++;
  if (!ls_export_names[format])
    return ls_command_unknown("export: --to", o->format, ls_export_names);
  LS_TRY(ls_networks_find(cli, LS_NETWORKS_ALL, &path));
  ls_status status = path.count == 1
                         ? ls_net_open(path.text[0], &net)
                         : ls_fail(LS_EUSAGE, "%s: a folder of %jd runs, and one is exported",
                                   cli->args[0], path.count);
  ls_texts_free(&path);
  if (status == LS_OK) status = ls_export_net(net, o->format, o->output, o->name, o->force, &made);
  if (status == LS_OK) report(cli, o, net, &made);
  ls_texts_free(&made);
  ls_net_free(&net);
  return status;
}

static const ls_option export_options[] = {
    LS_OPTION(options, format, "to", 't', "c|fortran|onnx|npz", "what to make"),
    LS_OPTION(options, output, "output", 'o', "FILE",
              "file to make; those that belong to it come beside it"),
    LS_OPTION(options, name, "name", 0, "NAME",
              "what the procedures' names begin with (default: FILE's)"),
    LS_OPTION(options, force, "force", 0, NULL, "replace FILE if it is there"),
    {0}};

const ls_command ls_command_export = {
    .name = "export",
    .help = "a network for other programs: C, Fortran, ONNX, NumPy",
    .usage =
        "Usage: lockstep export CKPT|RUN --to c|fortran|onnx|npz -o FILE [--name NAME]\n"
        "\nExamples:\n"
        "  lockstep export runs/a/final.h5 --to c -o flux.c     # flux.c and flux.h: "
        "flux_predict and flux_jacobian\n"
        "  lockstep export runs/a/final.h5 --to fortran -o flux.f90\n"
        "  lockstep export runs/a/final.h5 --to onnx -o flux.onnx\n"
        "  lockstep export runs/a --to npz -o flux.npz # for numpy.load\n",
    .options = export_options,
    .size = sizeof(options),
    .verb = {{.run = run,
              .least = 1,
              .most = 1,
              .wanted = "export: give one checkpoint, --to FORMAT and -o FILE"}}};
