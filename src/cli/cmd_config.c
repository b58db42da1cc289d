/* cmd_config.c - lockstep config init | check | show | schema. Never opens the data. */
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/starters.h"

static ls_status init(ls_cli *cli, const char *kind) {
  const char *kinds[16];
  char list[512] = "";
  int n = 0;
  for (const ls_starter *s = ls_starters; s->kind; s++) {
    if (kind && strcmp(kind, s->kind) == 0) {
      if (cli->json)
        ls_out_json(cli, json_pack("{s:s}", "config", s->text));
      else
        ls_out(cli, "%s", s->text);
      return LS_OK;
    }
    kinds[n++] = s->kind;
    size_t used = strlen(list);
    snprintf(list + used, sizeof list - used, "\n  %-12s %s", s->kind, s->help);
  }
  kinds[n] = NULL;
  const char *near = kind ? ls_nearest(kind, kinds) : NULL;
  if (near) return ls_fail(LS_EUSAGE, "no starter '%s'; did you mean '%s'?", kind, near);
  return ls_fail(LS_EUSAGE, "config init needs a KIND:%s", list);
}

static void summary(ls_cli *cli, const ls_config *c) {
  const ls_layer_spec *last = &c->layer[c->layers - 1];
  ls_out(cli, "%s: ok\n  data      %s, %s\n  model     %d layer%s, the last ", c->file,
         c->data.type, c->data.dir ? c->data.dir : c->data.source[LS_SPLIT_TRAIN].file, c->layers,
         c->layers == 1 ? "" : "s");
  ls_out(cli, last->units ? "of %lld units\n" : "as wide as the targets\n", (long long)last->units);
  ls_out(cli, "  loss      %s\n  optimizer %s, lr %.9g, schedule %s\n", c->loss,
         c->optimizer.ops->name, c->optimizer.lr, c->schedule.ops->name);
  ls_out(cli, "  train     %lld %s, batch ", (long long)(c->epochs ? c->epochs : c->steps),
         c->epochs ? "epochs" : "steps");
  ls_out(cli, c->batch ? "%lld" : "full", (long long)c->batch);
  if (c->slices > 0)
    ls_out(cli, " in %lld slice%s", (long long)c->slices, c->slices == 1 ? "" : "s");
  ls_out(cli, ", %s\n", ls_real_name(c->precision));
}

static void check(ls_cli *cli, const ls_config *config) {
  if (cli->json)
    ls_out_json(cli, json_pack("{s:b, s:s}", "ok", true, "file", config->file));
  else
    summary(cli, config);
}

static void show(ls_cli *cli, const ls_config *config, bool origin) {
  char *text;
  if (cli->json)
    text = ls_config_dump_json(config);
  else
    text = ls_config_dump(config, origin ? LS_DUMP_ORIGIN : LS_DUMP_PLAIN);
  ls_out(cli, cli->json ? "%s\n" : "%s", text);
  LS_FREE(text);
}

static ls_status schema(ls_cli *cli) {
  char *text = ls_config_schema();
  ls_out(cli, "%s\n", text);
  LS_FREE(text);
  return LS_OK;
}

ls_status ls_cmd_config(ls_cli *cli) {
  static const char *const words[] = {"init", "check", "show", "schema", NULL};
  int origin = 0;
  struct poptOption table[] = {{"origin", 0, POPT_ARG_NONE, &origin, 0,
                                "show: where each value comes from, as a comment", NULL},
                               POPT_TABLEEND};
  const char **args;
  bool help;
  LS_TRY(ls_cli_parse(cli, ls_command_find("config"), table, &args, &help));
  if (help) return LS_OK;
  const char *word = args[0] ? args[0] : "";
  bool is_show = strcmp(word, "show") == 0, is_check = strcmp(word, "check") == 0;
  if (origin && (!is_show || cli->json))
    return ls_fail(LS_EUSAGE, "--origin goes with config show, in YAML");
  if (strcmp(word, "init") == 0) return init(cli, args[1]);
  if (strcmp(word, "schema") == 0) return schema(cli);
  if (!is_show && !is_check) return ls_cli_unknown("config", args[0], words);
  ls_config *config = NULL;
  LS_TRY(ls_cli_config_args(cli, args + 1, &config));
  if (is_show)
    show(cli, config, origin);
  else
    check(cli, config);
  ls_config_free(&config);
  return LS_OK;
}
