/* cmd_eval.c - lockstep eval: loss and metrics of a checkpoint on a split, the same bits on any
 * number of ranks. Of several networks one after the other is opened and asked, and then the
 * mean of their outputs is judged. Begin at the bottom, with run. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/networks.h"
#include "cli/print.h"
#include "train/infer.h"
#include "train/metrics.h"

enum { NOT_GIVEN = INT_MIN };

typedef struct {
  const char *data, *split, *metrics;
  bool confusion, no_header;
  int top_k, threads, best;
} options;

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

/* For people each output is a row: all that is known of it, side by side. */
static json_t *rows_of(const json_t *answer, int64_t outputs) {
  static const char *const column[][2] = {
      {"confusion", "confusion"}, {"precision", "precision"}, {"recall", "recall"},
      {"f1_by_class", "f1"},      {"auc_by_class", "auc"},    {"average_precision_by_class", "ap"},
      {"targets", "target"},      {"names", "name"}};
  json_t *rows = json_array();
  for (int64_t k = 0; k < outputs; k++) {
    json_t *row = ls_put_item(rows);
    for (size_t c = 0; c < sizeof column / sizeof *column; c++)
      json_object_set(row, column[c][1],
                      json_array_get(json_object_get(answer, column[c][0]), (size_t)k));
  }
  return rows;
}

static const char look[] =
    "{?networks}{*networks}{file}: loss {loss:.9g}{?accuracy}, accuracy {accuracy:.6f}{/}"
    "{?mae}, mae {mae:.9g}, rmse {rmse:.9g}, r2 {r2:.6f}{/}\n{/}mean of {_count} networks: {/}"
    "{split}: {samples} samples, loss {loss:.9g}{?accuracy}, accuracy {accuracy:.6f}{/}"
    "{?mae}, mae {mae:.9g}, rmse {rmse:.9g}, r2 {r2:.6f}{/}"
    "{?k}, top-{k} accuracy {top_k:.6f}{/}\n"
    "{*_figures}  {@:-18} {.:.6f}\n{/}"
    "{?precision}{?confusion}\nlabel \\ predicted\n     {*confusion} {#:7}{/}{|}\nlabel{/}"
    "  precision  recall      f1{?auc_by_class}     auc      ap{/}\n"
    "{*_rows}{#:4} {*confusion} {.:7}{/}  {precision:9.4f} {recall:7.4f} {f1:7.4f}"
    "{?auc_by_class} {auc:7.4f} {ap:7.4f}{/}{?name}  {name}{/}\n{/}{/}"
    "{?reliability}\nprobability   samples    mean p  it was so\n"
    "{*reliability}up to {upto:.1f} {samples:13} {p:9.4f} {share:10.4f}\n{/}{/}"
    "{?targets}\ntarget            mae           rmse         r2  explained      max_error\n"
    "{*_rows}{#:6} {target.mae:14.9g} {target.rmse:14.9g} {target.r2:10.6f} "
    "{target.explained_variance:10.6f} {target.max_error:14.9g}"
    "{?name}  {name}{/}\n{/}{/}";

/* What is always made, whatever eval.metrics says; then what was asked for. top_k stands in the
 * first line. */
static void put_metrics(const ls_run *run, const ls_score *s, json_t *o) {
  json_t *figures = json_object();
  for (ls_metric m = 0; m < LS_NUMBERS; m++) {
    const bool always = ls_metric_table[m].made != LS_MADE_WHEN_ASKED;
    if (!(always ? ls_metric_fits(run->config, m) : s->more->made[m])) continue;
    ls_put(o, ls_metric_table[m].name, s->value[m]);
    if (!always && m != LS_METRIC_TOP_K) ls_put(figures, ls_metric_table[m].name, s->value[m]);
  }
  ls_put(o, "_figures", figures);
}

static json_t *answer_json(const ls_run *run, const char *split, const ls_score *s,
                           bool confusion) {
  int64_t outputs = ls_data_outputs(run->data);
  json_t *o = json_object();
  ls_put(o, "split", split);
  ls_put(o, "samples", s->samples);
  put_metrics(run, s, o);
  if (s->more->made[LS_METRIC_TOP_K]) ls_put(o, "k", s->more->k);
  ls_figures_json(s->more, "", o);
  if (run->from->names.count > 0)
    ls_put(o, "names", ls_list_texts(run->from->names.text, run->from->names.count));
  if (confusion) ls_put(o, "confusion", confusion_json(s->more->confusion, outputs));
  ls_put(o, "_rows", rows_of(o, outputs));
  return o;
}

/* --metrics in the place of the checkpoint's eval.metrics. */
static ls_status choose_metrics(ls_config *c, const char *names) {
  if (!names) return LS_OK;
  c->metrics_given = true;
  memset(c->metric, 0, sizeof c->metric);
  while (*names) {
    char name[32];
    const size_t length = strcspn(names, ",");
    snprintf(name, sizeof name, "%.*s", (int)length, names);
    const ls_metric m = ls_metric_validates(name) ? LS_METRICS : ls_metric_of(name);
    if (m == LS_METRICS)
      return ls_fail_near(LS_EUSAGE, ls_nearest(name, ls_metric_names),
                          " (see 'lockstep help eval.metrics')",
                          "--metrics: there is no metric '%s'", name);
    if (!ls_metric_fits(c, m))
      return ls_fail(LS_EUSAGE, "--metrics: there is no %s with the loss %s", name, c->loss);
    c->metric[m] = true;
    names += length + (names[length] == ',');
  }
  return LS_OK;
}

/* By the checkpoint's eval.metrics or --metrics, the other options, and each target where there are
 * several. */
static ls_status make_figures(const ls_run *run, const options *o, ls_figures *more) {
  int64_t outputs = ls_data_outputs(run->data);
  bool top_k = o->top_k != NOT_GIVEN, classes = ls_config_has_classes(run->config);
  if ((o->confusion || top_k) && !classes)
    return ls_fail(LS_EUSAGE, "%s needs classes; this is a %s model",
                   o->confusion ? "--confusion" : "--top-k", run->config->loss);
  if (top_k && (o->top_k < 1 || o->top_k > outputs))
    return ls_fail(LS_EUSAGE, "--top-k %d: from 1 to %jd, the number of classes", o->top_k,
                   outputs);
  LS_TRY(choose_metrics(run->config, o->metrics));
  const bool numbers = ls_run_task(run) == LS_TASK_REGRESSION && !classes;
  if (top_k) run->config->top_k = o->top_k;
  if (top_k) ls_config_want(run->config, LS_METRIC_TOP_K);
  if (o->confusion) ls_config_want(run->config, LS_METRIC_PER_CLASS);
  if (numbers && outputs > 1 && ls_metric_fits(run->config, LS_METRIC_PER_TARGET))
    ls_config_want(run->config, LS_METRIC_PER_TARGET);
  LS_TRY(ls_figures_new(run->config, outputs, more));
  if (o->confusion) LS_NEW(more->confusion, outputs * outputs);
  return LS_OK;
}

/* The test split; all of a file that is not cut into splits. */
static ls_split usual_split(const ls_run *run, const char *path) {
  bool whole = path && ls_data_rows(run->data, LS_SPLIT_TEST) == 0 &&
               ls_data_rows(run->data, LS_SPLIT_VALIDATION) == 0;
  return whole ? LS_SPLIT_ALL : LS_SPLIT_TEST;
}

/* What is asked of one network after the other. */
typedef struct {
  ls_cli *cli;
  const options *o;
  ls_infer_options infer;
  ls_split split;
  ls_run *first, *last;
  ls_ensemble *ensemble; /* NULL: there is one network only */
  json_t *networks;      /* the answer of each */
} evaluation;

static ls_status check_split(const ls_run *run, ls_split split) {
  if (ls_data_rows(run->data, split) > 0) return LS_OK;
  const char *other = split == LS_SPLIT_TEST && ls_data_rows(run->data, LS_SPLIT_VALIDATION) > 0
                          ? "validation"
                          : "train";
  return ls_fail(LS_EDATA, "the data have no %s split; --split %s names one that they have",
                 ls_split_names[split], other);
}

static ls_status evaluate(evaluation *e, ls_run *run, bool by_mean, json_t **answer) {
  ls_score score;
  ls_figures more = {0};
  ls_status status = ls_comm_agree(run->comm, make_figures(run, e->o, &more));
  if (status == LS_OK) status = ls_evaluate_in(run, e->split, e->ensemble, by_mean, &score, &more);
  if (status == LS_OK)
    *answer = answer_json(run, ls_split_names[e->split], &score, e->o->confusion);
  ls_figures_free(&more);
  return status;
}

static ls_status check_joins(const evaluation *e, const ls_run *run, const char *path) {
  LS_TRY(ls_networks_agree(e->first->from, run->from, path));
  if (ls_data_rows(run->data, e->split) != ls_data_rows(e->first->data, e->split))
    return ls_fail(LS_EDATA, "%s has another %s split than the first network; give --data", path,
                   ls_split_names[e->split]);
  if (!ls_model_couples_samples(run->model)) return LS_OK;
  return ls_fail(LS_ECONFIG,
                 "%s: softmax_batch makes every output depend on all samples of the batch; there "
                 "is no mean of several networks",
                 path);
}

static ls_status join(evaluation *e, const char *path, bool several) {
  json_t *answer;
  LS_TRY(ls_run_infer(e->cli->comm, path, &e->infer, &e->last));
  ls_run *run = e->last;
  if (!e->first) {
    e->first = run;
    if (!e->o->split) e->split = usual_split(run, e->infer.path);
    LS_TRY(check_split(run, e->split));
    const int me = ls_comm_rank(run->comm), ranks = ls_comm_size(run->comm);
    const int64_t all = ls_data_rows(run->data, e->split);
    const int64_t rows = ls_eval_first(all, me + 1, ranks) - ls_eval_first(all, me, ranks);
    if (several)
      LS_TRY(ls_comm_agree(run->comm,
                           ls_ensemble_new(rows, ls_model_outputs(run->model), &e->ensemble)));
  }
  if (several) {
    LS_TRY(check_joins(e, run, path));
    ls_ensemble_next(e->ensemble);
  }
  LS_TRY(evaluate(e, run, false, &answer));
  ls_put(answer, "file", path);
  json_array_append_new(e->networks, answer);
  return LS_OK;
}

static ls_status join_all(evaluation *e, const ls_texts *paths) {
  for (int64_t i = 0; i < paths->count; i++) {
    if (e->last != e->first) ls_run_free(&e->last);
    LS_TRY(join(e, paths->text[i], paths->count > 1));
  }
  return LS_OK;
}

/* One network's answer is all; of several it is that of their mean, with each one's own. */
static ls_status answer(evaluation *e) {
  json_t *all;
  if (e->ensemble) {
    LS_TRY(evaluate(e, e->last, true, &all));
    json_object_set(all, "networks", e->networks);
    ls_put(all, "_count", (int64_t)json_array_size(e->networks));
  } else {
    all = json_incref(json_array_get(e->networks, 0));
    json_object_del(all, "file");
  }
  if (e->first->config->loss_file)
    ls_log(LS_LOG_INFO,
           "the loss is a plug-in's, which is loaded only to train: no value of it here, and the "
           "other metrics are what they are");
  ls_print(e->cli, all, look);
  return LS_OK;
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  bool by_config = o->data && ls_cli_is_config(o->data);
  int split = 0;
  while (o->split && ls_split_names[split] && strcmp(ls_split_names[split], o->split) != 0) split++;
  if (!ls_split_names[split])
    return ls_fail(LS_EUSAGE, "--split %s: it is train, validation, test or all", o->split);
  if (o->no_header && (!o->data || by_config))
    return ls_fail(LS_EUSAGE, "--no-header is for --data FILE.csv; a config says header: false");
  ls_config *other = NULL;
  ls_texts paths = {0};
  if (by_config) LS_TRY(ls_cli_config(cli, o->data, NULL, &other));
  evaluation e = {.cli = cli,
                  .o = o,
                  .split = (ls_split)split,
                  .networks = json_array(),
                  .infer = {.data = other ? &other->data : NULL,
                            .path = by_config ? NULL : o->data,
                            .whole = o->split && split == LS_SPLIT_ALL,
                            .no_header = o->no_header,
                            .threads = o->threads}};
  ls_status status = ls_networks_find(cli, o->best, &paths);
  if (status == LS_OK) status = join_all(&e, &paths);
  if (status == LS_OK) status = answer(&e);
  if (e.last != e.first) ls_run_free(&e.last);
  ls_run_free(&e.first);
  ls_ensemble_free(&e.ensemble);
  ls_texts_free(&paths);
  ls_config_free(&other);
  json_decref(e.networks);
  return status;
}

static const ls_option eval_options[] = {
    LS_OPTION(options, data, "data", 0, "CONFIG|FILE",
              "take data from here instead of the checkpoint's own"),
    LS_OPTION(options, split, "split", 0, "train|validation|test|all",
              "default: test; a FILE without splits: all"),
    LS_OPTION(options, no_header, "no-header", 0, NULL,
              "FILE is CSV without names: its first row is a sample"),
    LS_OPTION(options, confusion, "confusion", 0, NULL,
              "also who is taken for whom, precision and recall"),
    LS_OPTION(options, metrics, "metrics", 0, "NAME,...",
              "these instead of the checkpoint's eval.metrics (lockstep help eval.metrics)"),
    LS_OPTION(options, top_k, "top-k", 0, "K", "also: is the class among the K best"),
    LS_OPTION(options, best, "best", 0, "K", "of a SWEEP: its K best runs"),
    LS_OPTION(options, threads, "threads", 0, "N", "threads a rank (default: its cores)"),
    {0}};

const ls_command ls_command_eval = {
    .name = "eval",
    .help = "loss and metrics of checkpoints on data",
    .usage =
        "Usage: lockstep eval CKPT|RUN|SWEEP... [--data CONFIG|FILE] [--split SPLIT] [options]\n"
        "\nSeveral networks are judged one by one, and by the mean of their outputs. A RUN stands "
        "for its\nfinal.h5, a SWEEP for its runs called trial-*.\n"
        "\nExamples:\n"
        "  lockstep eval runs/a/final.h5                        # the test data of its own "
        "config\n"
        "  lockstep eval runs/a/final.h5 --split all --json\n"
        "  lockstep eval runs/a/final.h5 --data other.yaml --confusion\n"
        "  lockstep eval runs/a/final.h5 --metrics f1,auc,reliability\n"
        "  lockstep eval runs/a/final.h5 --data other.csv       # the columns by their names, "
        "all samples\n",
    .parallel = true,
    .options = eval_options,
    .size = sizeof(options),
    .defaults = &(const options){.top_k = NOT_GIVEN, .best = LS_NETWORKS_ALL},
    .verb = {{.run = run, .least = 1, .most = INT_MAX, .wanted = "eval: give checkpoints"}}};
