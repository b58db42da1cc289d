/* cmd_config.c - lockstep config init | check | show | schema. Never opens the data. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/starters.h"

typedef struct {
  bool origin;
} options;

static ls_status refuse_kind(const char *kind) {
  const char *kinds[16] = {NULL};
  ls_buffer list = {0};
  int n = 0;
  for (const ls_starter *s = ls_starters; s->kind; s++) {
    kinds[n++] = s->kind;
    ls_buffer_add(&list, "\n  %-12s %s", s->kind, s->help);
  }
  const char *near = kind ? ls_nearest(kind, kinds) : NULL;
  ls_status status = near ? ls_fail(LS_EUSAGE, "no starter '%s'; did you mean '%s'?", kind, near)
                          : ls_fail(LS_EUSAGE, "config init needs a KIND:%s", list.text);
  LS_FREE(list.text);
  return status;
}

static ls_status init(ls_cli *cli, const void *given) {
  (void)given;
  const ls_starter *s = ls_starters;
  const char *kind = cli->args[0];
  while (s->kind && !(kind && strcmp(kind, s->kind) == 0)) s++;
  if (!s->kind) return refuse_kind(kind);
  json_t *starter = json_object();
  ls_put(starter, "config", s->text);
  ls_print(cli, starter, "{config}");
  return LS_OK;
}

static const char check_look[] =
    "{file}: ok\n"
    "  data      {_type}, {_data}\n"
    "  model     {_layers} layer{_layers:s}, the last "
    "{?_units}of {_units} units{|}as wide as the targets{/}\n"
    "  loss      {_loss}\n"
    "  optimizer {_optimizer}, lr {_lr:.9g}, schedule {_schedule}\n"
    "  train     {?_epochs}{_epochs} epoch{_epochs:s}{|}{_steps} step{_steps:s}{/}, batch "
    "{?_batch}{_batch}{|}full{/}{?_slices} in {_slices} slice{_slices:s}{/}, {_precision}\n";

static ls_status check(ls_cli *cli, const void *given) {
  const ls_config *c = cli->config;
  json_t *o = json_object();
  (void)given;
  ls_put_bool(o, "ok", true);
  ls_put(o, "file", c->file);
  ls_put(o, "_type", c->data.type);
  ls_put(o, "_data", c->data.dir ? c->data.dir : c->data.source[LS_SPLIT_TRAIN].file);
  ls_put(o, "_layers", c->layers);
  ls_put(o, "_units", c->layer[c->layers - 1].units);
  ls_put(o, "_loss", c->loss);
  ls_put(o, "_optimizer", c->optimizer.ops->name);
  ls_put(o, "_lr", c->optimizer.lr);
  ls_put(o, "_schedule", c->schedule.ops->name);
  ls_put(o, "_epochs", c->epochs);
  ls_put(o, "_steps", c->steps);
  ls_put(o, "_batch", c->batch);
  ls_put(o, "_slices", c->slices > 0 ? c->slices : 0);
  ls_put(o, "_precision", ls_dtype_name(c->precision));
  ls_print(cli, o, check_look);
  return LS_OK;
}

static ls_status show(ls_cli *cli, const void *given) {
  const options *o = given;
  char *text;
  if (o->origin && cli->json) return ls_fail(LS_EUSAGE, "--origin goes with config show in YAML");
  if (cli->json)
    text = ls_config_dump_json(cli->config);
  else
    text = ls_config_dump(cli->config, o->origin ? LS_DUMP_ORIGIN : LS_DUMP_PLAIN);
  ls_out(cli, cli->json ? "%s\n" : "%s", text);
  LS_FREE(text);
  return LS_OK;
}

static ls_status schema(ls_cli *cli, const void *given) {
  (void)given;
  char *text = ls_config_schema();
  ls_out(cli, "%s\n", text);
  LS_FREE(text);
  return LS_OK;
}

const ls_command ls_command_config = {
    .name = "config",
    .help = "make, check or show a config",
    .usage =
        "Usage: lockstep config init KIND | check CONFIG | show CONFIG [KEY=VALUE...] [--origin] | "
        "schema\n"
        "\nExamples:\n"
        "  lockstep config init mlp > net.yaml                  # a commented config to start "
        "from\n"
        "  lockstep config check net.yaml                       # all errors at once; never opens "
        "the data\n"
        "  lockstep config show net.yaml optimizer.lr=0.1 --origin   # every value, and where it "
        "comes from\n",
    .plugins = true,
    .options =
        (const ls_option[]){LS_OPTION(options, origin, "origin", 0, NULL,
                                      "show: where each value comes from, as a comment", "show"),
                            {0}},
    .size = sizeof(options),
    .verb = {{.name = "init", .run = init, .takes = "KIND"},
             {.name = "check", .run = check, .config = true},
             {.name = "show", .run = show, .config = true},
             {.name = "schema", .run = schema}}};
