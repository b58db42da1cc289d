/* cmd_order.c - lockstep order: the samples of one update, by the same functions that the loader
 * uses. */
#include "base/mem.h"
#include "cli/cli.h"
#include "data/order.h"

/* Where an update stands in its run, and its samples as numbers within their file. */
typedef struct {
  ls_splits *splits;
  int64_t epoch;
  int64_t start, total; /* position in the epoch, samples */
  ls_order order;
} update;

static ls_status find(const ls_config *config, int64_t step, update *u) {
  ls_plan plan;
  LS_TRY(ls_splits_read(&config->data, ls_config_has_classes(config), &u->splits));
  LS_TRY(ls_plan_make(ls_splits_rows(u->splits, LS_SPLIT_TRAIN), config->batch,
                      config->data.drop_last, &plan));
  u->epoch = ls_plan_epoch(&plan, step);
  u->start = ls_plan_minibatch(&plan, step, &u->total);
  ls_order_init(&u->order, plan.n, config->data.order, ls_splits_features(u->splits), config->seed,
                u->epoch);
  return LS_OK;
}

static void print(const ls_cli *cli, int64_t step, const update *u) {
  json_t *list = cli->json ? json_array() : NULL;
  for (int64_t k = 0; k < u->total; k++) {
    int64_t sample =
        ls_splits_file_row(u->splits, LS_SPLIT_TRAIN, ls_order_at(&u->order, u->start + k));
    if (cli->json)
      json_array_append_new(list, json_integer(sample));
    else
      ls_out(cli, "%lld\n", (long long)sample);
  }
  if (cli->json)
    ls_out_json(cli, json_pack("{s:I, s:I, s:o}", "global_step", (json_int_t)step, "epoch",
                               (json_int_t)u->epoch + 1, "samples", list));
}

ls_status ls_cmd_order(ls_cli *cli) {
  long long step = -1;
  struct poptOption options[] = {{"step", 0, POPT_ARG_LONGLONG, &step, 0,
                                  "the update that sees global_step = J (0: the first)", "J"},
                                 POPT_TABLEEND};
  const char **args;
  bool help;
  ls_config *config;
  update u = {0};
  LS_TRY(ls_cli_parse(cli, ls_command_find("order"), options, &args, &help));
  if (help) return LS_OK;
  if (step < 0) return ls_fail(LS_EUSAGE, "which update? --step J, from 0");
  LS_TRY(ls_cli_config_args(cli, args, &config));
  ls_status status = find(config, step, &u);
  if (status == LS_OK) print(cli, step, &u);
  ls_splits_free(&u.splits);
  ls_config_free(&config);
  return status;
}
