/* lockstep eval: loss and metrics of a checkpoint on a split, the same bits on any number of ranks. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "io/json.h"
#include "train/run.h"

typedef struct {
  const char *data, *split;
  int confusion, threads;
} options;

/* --data CONFIG: that config's data section; any other file or folder is data by itself. */
static bool is_config(const char *name) {
  size_t n = strlen(name);
  return (n > 5 && strcmp(name + n - 5, ".yaml") == 0) || (n > 4 && strcmp(name + n - 4, ".yml") == 0);
}

static void print_confusion(ls_cli *cli, const double *m, int64_t classes) {
  ls_out(cli, "\nlabel \\ predicted\n     ");
  for (int64_t c = 0; c < classes; c++) ls_out(cli, " %7lld", (long long)c);
  ls_out(cli, "  precision  recall\n");
  for (int64_t r = 0; r < classes; r++) {
    double row = 0, column = 0;
    ls_out(cli, "%4lld ", (long long)r);
    for (int64_t c = 0; c < classes; c++) {
      ls_out(cli, " %7.0f", m[r * classes + c]);
      row += m[r * classes + c];
      column += m[c * classes + r];
    }
    ls_out(cli, "  %9.4f %7.4f\n", column > 0 ? m[r * classes + r] / column : NAN, row > 0 ? m[r * classes + r] / row : NAN);
  }
}

static json_t *confusion_json(const double *m, int64_t classes) {
  json_t *rows = json_array();
  for (int64_t r = 0; r < classes; r++) {
    json_t *row = json_array();
    for (int64_t c = 0; c < classes; c++) json_array_append_new(row, json_integer((json_int_t)m[r * classes + c]));
    json_array_append_new(rows, row);
  }
  return rows;
}

static void print(ls_cli *cli, const ls_run *run, const char *split, const ls_score *s, const double *confusion) {
  bool classes = ls_run_task(run) != LS_TASK_REGRESSION;
  if (cli->json) {
    json_t *o = json_pack("{s:s, s:I, s:o}", "split", split, "samples", (json_int_t)s->samples, "loss", ls_json_real(s->loss));
    if (classes)
      json_object_set_new(o, "accuracy", ls_json_real(s->accuracy));
    else
      json_object_update_new(
          o, json_pack("{s:o, s:o, s:o}", "mae", ls_json_real(s->mae), "rmse", ls_json_real(s->rmse), "r2", ls_json_real(s->r2)));
    if (confusion) json_object_set_new(o, "confusion", confusion_json(confusion, ls_data_outputs(run->data)));
    ls_out_json(cli, o);
    return;
  }
  ls_out(cli, "%s: %lld samples, loss %.9g", split, (long long)s->samples, s->loss);
  if (classes)
    ls_out(cli, ", accuracy %.6f\n", s->accuracy);
  else
    ls_out(cli, ", mae %.9g, rmse %.9g, r2 %.6f\n", s->mae, s->rmse, s->r2);
  if (confusion) print_confusion(cli, confusion, ls_data_outputs(run->data));
}

static ls_status evaluate(ls_cli *cli, ls_run *run, const options *o, ls_split split) {
  ls_score score;
  double *confusion = NULL;
  int64_t width = ls_data_outputs(run->data);
  if (ls_data_rows(run->data, split) == 0) return ls_fail(LS_EDATA, "the data have no %s split", ls_split_names[split]);
  if (o->confusion && ls_run_task(run) != LS_TASK_CLASSES)
    return ls_fail(LS_EUSAGE, "--confusion needs classes; this is a %s model", run->config->loss);
  if (o->confusion) LS_NEW(confusion, width * width);
  ls_status status = ls_evaluate(run, split, &score, confusion);
  if (status == LS_OK) print(cli, run, ls_split_names[split], &score, confusion);
  LS_FREE(confusion);
  return status;
}

ls_status ls_cmd_eval(ls_cli *cli) {
  options o = {.split = "test"};
  struct poptOption table[] = {
      {"data", 0, POPT_ARG_STRING, &o.data, 0, "take data from here instead of the checkpoint's own", "CONFIG|FILE"},
      {"split", 0, POPT_ARG_STRING, &o.split, 0, "train, validation, test (default) or all", "SPLIT"},
      {"confusion", 0, POPT_ARG_NONE, &o.confusion, 0, "also who is taken for whom, precision and recall", NULL},
      {"threads", 0, POPT_ARG_INT, &o.threads, 0, "threads a rank (default: its cores)", "N"},
      POPT_TABLEEND};
  const char **args;
  bool help;
  LS_TRY(ls_cli_parse(cli, ls_command_find("eval"), table, &args, &help));
  if (help) return LS_OK;
  if (!args[0] || args[1]) return ls_fail(LS_EUSAGE, "eval: give one checkpoint");
  int split = 0;
  while (ls_split_names[split] && strcmp(ls_split_names[split], o.split) != 0) split++;
  if (!ls_split_names[split]) return ls_fail(LS_EUSAGE, "--split %s: it is train, validation, test or all", o.split);
  ls_config *other = NULL;
  ls_run *run = NULL;
  if (o.data && is_config(o.data)) LS_TRY(ls_cli_config(cli, o.data, NULL, 0, &other));
  ls_infer_options infer = {.data = other ? &other->data : NULL, .path = o.data && !other ? o.data : NULL, .threads = o.threads};
  ls_status status = ls_run_infer(cli->comm, args[0], &infer, &run);
  if (status == LS_OK) status = evaluate(cli, run, &o, (ls_split)split);
  ls_run_free(&run);
  ls_config_free(&other);
  return status;
}
