/* cmd_order.c - lockstep order: the samples of one update, by the same functions that the loader
 * uses. */
#include "cli/commands.h"
#include "cli/print.h"
#include "data/order.h"
#include "data/splits.h"

typedef struct {
  int64_t step;
} options;

/* The samples of an update as numbers within their file. */
static ls_status find(const ls_config *config, int64_t step, const ls_splits *splits,
                      int64_t features, json_t *update) {
  const ls_cut *train = &splits->cut[LS_SPLIT_TRAIN];
  ls_calendar calendar;
  ls_order order;
  int64_t total;
  LS_TRY(ls_calendar_make(train->rows, config->batch, config->data.drop_last, &calendar));
  int64_t epoch = ls_calendar_epoch(&calendar, step),
          start = ls_calendar_minibatch(&calendar, step, &total);
  ls_order_init(&order, calendar.n, config->data.order, features, config->seed, epoch);
  json_t *list = json_array();
  for (int64_t k = 0; k < total; k++)
    json_array_append_new(list, json_integer(ls_cut_row(train, ls_order_at(&order, start + k))));
  ls_put(update, "global_step", step);
  ls_put(update, "epoch", epoch + 1);
  ls_put(update, "samples", list);
  return LS_OK;
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  const ls_config *config = cli->config;
  ls_splits splits;
  int64_t features;
  if (o->step < 0) return ls_fail(LS_EUSAGE, "which update? --step J, from 0");
  json_t *update = json_object();
  ls_status status =
      ls_splits_read(&config->data, ls_config_has_classes(config), &splits, &features);
  if (status == LS_OK) status = find(config, o->step, &splits, features, update);
  ls_splits_free(&splits);
  if (status == LS_OK)
    ls_print(cli, update, "{*samples}{.}\n{/}");
  else
    json_decref(update);
  return status;
}

const ls_command ls_command_order = {
    .name = "order",
    .help = "which samples an update uses",
    .usage =
        "Usage: lockstep order CONFIG [KEY=VALUE...] --step J\n"
        "\nExamples:\n"
        "  lockstep order net.yaml --step 0                     # file numbers of the first "
        "minibatch, one a line\n",
    .options = (const ls_option[]){LS_OPTION(options, step, "step", 0, "J",
                                             "the update that sees global_step = J (0: the first)"),
                                   {0}},
    .size = sizeof(options),
    .defaults = &(const options){.step = -1},
    .verb = {{.run = run, .config = true}}};
