/* lockstep eval: loss and metrics of a checkpoint on a split, the same bits on any number of ranks.
 */
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "io/json.h"
#include "train/figures.h"

enum { NOT_GIVEN = INT_MIN };

typedef struct {
  const char *data, *split;
  int confusion, top_k, threads, no_header;
} options;

/* --data CONFIG: that config's data section; any other file or folder is data by itself. */
static bool is_config(const char *name) {
  size_t n = strlen(name);
  return (n > 5 && strcmp(name + n - 5, ".yaml") == 0) ||
         (n > 4 && strcmp(name + n - 4, ".yml") == 0);
}

/* Behind its row: what an output is called, where the checkpoint knows. */
static const char *name_of(const ls_texts *names, int64_t output) {
  return output < names->count ? names->text[output] : "";
}

static void print_classes(ls_cli *cli, const double *m, int64_t classes, const ls_texts *names,
                          bool whole) {
  ls_out(cli, whole ? "\nlabel \\ predicted\n     " : "\nlabel");
  for (int64_t c = 0; c < classes && whole; c++) ls_out(cli, " %7lld", (long long)c);
  ls_out(cli, "  precision  recall\n");
  for (int64_t r = 0; r < classes; r++) {
    ls_out(cli, "%4lld ", (long long)r);
    for (int64_t c = 0; c < classes && whole; c++) ls_out(cli, " %7.0f", m[r * classes + c]);
    ls_out(cli, "  %9.4f %7.4f%s%s\n", ls_precision_of(m, classes, r), ls_recall_of(m, classes, r),
           names->count ? "  " : "", name_of(names, r));
  }
}

static void print_targets(ls_cli *cli, const ls_target_score *target, const ls_texts *names,
                          int64_t targets) {
  ls_out(cli, "\ntarget            mae           rmse         r2\n");
  for (int64_t c = 0; c < targets; c++)
    ls_out(cli, "%6lld %14.9g %14.9g %10.6f%s%s\n", (long long)c, target[c].mae, target[c].rmse,
           target[c].r2, names->count ? "  " : "", name_of(names, c));
}

static json_t *confusion_json(const double *m, int64_t classes) {
  json_t *rows = json_array();
  for (int64_t r = 0; r < classes; r++) {
    json_t *row = json_array();
    for (int64_t c = 0; c < classes; c++)
      json_array_append_new(row, json_integer((json_int_t)m[r * classes + c]));
    json_array_append_new(rows, row);
  }
  return rows;
}

static void print_json(ls_cli *cli, const ls_run *run, const char *split, const ls_score *s,
                       bool confusion) {
  json_t *o = json_pack("{s:s, s:I, s:o}", "split", split, "samples", (json_int_t)s->samples,
                        "loss", ls_json_real(s->loss));
  if (ls_metric_fits(run->config, LS_METRIC_ACCURACY))
    json_object_set_new(o, "accuracy", ls_json_real(s->accuracy));
  if (ls_run_task(run) == LS_TASK_REGRESSION)
    json_object_update_new(o, json_pack("{s:o, s:o, s:o}", "mae", ls_json_real(s->mae), "rmse",
                                        ls_json_real(s->rmse), "r2", ls_json_real(s->r2)));
  if (s->more->k > 0) json_object_set_new(o, "k", json_integer(s->more->k));
  ls_figures_json(s->more, ls_data_outputs(run->data), "", o);
  for (int64_t c = 0; c < run->names.count; c++) {
    if (c == 0) json_object_set_new(o, "names", json_array());
    json_array_append_new(json_object_get(o, "names"), json_string(run->names.text[c]));
  }
  if (confusion)
    json_object_set_new(o, "confusion",
                        confusion_json(s->more->confusion, ls_data_outputs(run->data)));
  ls_out_json(cli, o);
}

static void print(ls_cli *cli, const ls_run *run, const char *split, const ls_score *s,
                  bool confusion) {
  int64_t outputs = ls_data_outputs(run->data);
  ls_out(cli, "%s: %lld samples, loss %.9g", split, (long long)s->samples, s->loss);
  if (ls_metric_fits(run->config, LS_METRIC_ACCURACY)) ls_out(cli, ", accuracy %.6f", s->accuracy);
  if (ls_run_task(run) == LS_TASK_REGRESSION)
    ls_out(cli, ", mae %.9g, rmse %.9g, r2 %.6f", s->mae, s->rmse, s->r2);
  if (s->more->k > 0)
    ls_out(cli, ", top-%lld accuracy %.6f", (long long)s->more->k, s->more->top_k);
  ls_out(cli, "\n");
  if (s->more->confusion) print_classes(cli, s->more->confusion, outputs, &run->names, confusion);
  if (s->more->target) print_targets(cli, s->more->target, &run->names, outputs);
}

/* By the checkpoint's eval.metrics, the options, and each target where there are several. */
static ls_status make_figures(const ls_run *run, const options *o, ls_figures *more) {
  int64_t outputs = ls_data_outputs(run->data);
  bool top_k = o->top_k != NOT_GIVEN, classes = ls_config_has_classes(run->config);
  if ((o->confusion || top_k) && !classes)
    return ls_fail(LS_EUSAGE, "%s needs classes; this is a %s model",
                   o->confusion ? "--confusion" : "--top-k", run->config->loss);
  if (top_k && (o->top_k < 1 || o->top_k > outputs))
    return ls_fail(LS_EUSAGE, "--top-k %d: from 1 to %lld, the number of classes", o->top_k,
                   (long long)outputs);
  LS_TRY(ls_figures_new(run->config, outputs, more));
  if (top_k) more->k = o->top_k;
  if (o->confusion && !more->confusion) LS_NEW(more->confusion, outputs * outputs);
  bool regression = ls_run_task(run) == LS_TASK_REGRESSION;
  if (regression && !classes && outputs > 1 && !more->target) LS_NEW(more->target, outputs);
  return LS_OK;
}

/* The test split; all of a file that is not cut into splits. */
static ls_split usual_split(const ls_run *run, const char *path) {
  bool whole = path && ls_data_rows(run->data, LS_SPLIT_TEST) == 0 &&
               ls_data_rows(run->data, LS_SPLIT_VALIDATION) == 0;
  return whole ? LS_SPLIT_ALL : LS_SPLIT_TEST;
}

static ls_status evaluate(ls_cli *cli, ls_run *run, const options *o, ls_split split) {
  ls_score score;
  ls_figures more = {0};
  if (ls_data_rows(run->data, split) == 0) {
    const char *other = split == LS_SPLIT_TEST && ls_data_rows(run->data, LS_SPLIT_VALIDATION) > 0
                            ? "validation"
                            : "train";
    return ls_fail(LS_EDATA, "the data have no %s split; --split %s names one that they have",
                   ls_split_names[split], other);
  }
  ls_status status = ls_comm_agree(run->comm, make_figures(run, o, &more));
  if (status == LS_OK) status = ls_evaluate(run, split, &score, &more);
  if (status == LS_OK)
    (cli->json ? print_json : print)(cli, run, ls_split_names[split], &score, o->confusion);
  ls_figures_free(&more);
  return status;
}

ls_status ls_cmd_eval(ls_cli *cli) {
  options o = {.top_k = NOT_GIVEN};
  struct poptOption table[] = {
      {"data", 0, POPT_ARG_STRING, &o.data, 0,
       "take data from here instead of the checkpoint's own", "CONFIG|FILE"},
      {"split", 0, POPT_ARG_STRING, &o.split, 0,
       "train, validation, test (default) or all; a FILE without splits: all", "SPLIT"},
      {"no-header", 0, POPT_ARG_NONE, &o.no_header, 0,
       "FILE is CSV without names: its first row is a sample", NULL},
      {"confusion", 0, POPT_ARG_NONE, &o.confusion, 0,
       "also who is taken for whom, precision and recall", NULL},
      {"top-k", 0, POPT_ARG_INT, &o.top_k, 0, "also: is the class among the K best", "K"},
      {"threads", 0, POPT_ARG_INT, &o.threads, 0, "threads a rank (default: its cores)", "N"},
      POPT_TABLEEND};
  const char **args;
  bool help;
  LS_TRY(ls_cli_parse(cli, ls_command_find("eval"), table, &args, &help));
  if (help) return LS_OK;
  if (!args[0] || args[1]) return ls_fail(LS_EUSAGE, "eval: give one checkpoint");
  int split = 0;
  while (o.split && ls_split_names[split] && strcmp(ls_split_names[split], o.split) != 0) split++;
  if (!ls_split_names[split])
    return ls_fail(LS_EUSAGE, "--split %s: it is train, validation, test or all", o.split);
  if (o.no_header && (!o.data || is_config(o.data)))
    return ls_fail(LS_EUSAGE, "--no-header is for --data FILE.csv; a config says header: false");
  ls_config *other = NULL;
  ls_run *run = NULL;
  if (o.data && is_config(o.data)) LS_TRY(ls_cli_config(cli, o.data, NULL, 0, &other));
  ls_infer_options infer = {.data = other ? &other->data : NULL,
                            .path = o.data && !other ? o.data : NULL,
                            .no_header = o.no_header,
                            .threads = o.threads};
  ls_status status = ls_run_infer(cli->comm, args[0], &infer, &run);
  if (status == LS_OK)
    status = evaluate(cli, run, &o, o.split ? (ls_split)split : usual_split(run, infer.path));
  ls_run_free(&run);
  ls_config_free(&other);
  return status;
}
