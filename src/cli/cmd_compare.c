/* cmd_compare.c - lockstep compare: a table of runs; those that differ in their seed only are one
 * line, and so are those of other folds: mean +- standard deviation. Which belong together says
 * view/runs.h. Begin with show. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/sweep/owner.h"
#include "config/metric.h"
#include "io/regular.h"
#include "view/runs.h"

/* "done", or how many ended how: "2 done, 1 dead". */
static char *exits(const ls_runs *runs, int group) {
  json_t *count = json_object(), *n;
  ls_buffer text = {0};
  const char *verdict;
  for (int i = 0; i < runs->n; i++) {
    verdict = runs->item[i].verdict;
    if (ls_runs_counts(&runs->item[i], group))
      ls_put(count, verdict, json_integer_value(json_object_get(count, verdict)) + 1);
  }
  json_object_foreach(count, verdict, n) {
    if (json_object_size(count) > 1)
      ls_buffer_add(&text, "%s%lld ", text.text ? ", " : "", (long long)json_integer_value(n));
    ls_buffer_add(&text, "%s", verdict);
  }
  json_decref(count);
  return text.text;
}

static void describe(json_t *object, const ls_config *c) {
  char *optimizers = c ? ls_config_optimizers(c, "") : NULL;
  ls_put(object, "optimizer", optimizers);
  LS_FREE(optimizers);
  ls_put(object, "lr", c ? c->optimizer.lr : (double)NAN);
  ls_put(object, "schedule", c ? ls_schedule_name(&c->schedule) : NULL);
}

static void put_run(json_t *object, const ls_runs_item *item) {
  ls_put(object, "run", item->path);
  ls_put(object, "group", item->group);
  ls_put(object, "exit", item->verdict);
  ls_put(object, "seed", item->config ? json_integer((json_int_t)item->config->seed) : json_null());
  ls_put_bool(object, "counts", item->same_as < 0);
  describe(object, item->config);
  for (int k = 0; k < LS_FINALS; k++) ls_put(object, ls_final_names[k], item->final[k]);
}

/* Metrics that runs were asked for, and that one of them ended with. */
static ls_status list_asked(const ls_runs *runs, ls_texts *names) {
  double mean, deviation;
  for (int m = 0; m < LS_NUMBERS; m++)
    for (int s = 0; s < 3 && ls_metric_table[m].made == LS_MADE_WHEN_ASKED; s++) {
      char *name = ls_mem_format("%s%s", ls_metric_prefix[s], ls_metric_table[m].name);
      int n = 0;
      for (int g = 0; g < runs->groups; g++)
        n += ls_runs_end_mean(runs, g, name, &mean, &deviation);
      if (n > 0)
        LS_TRY(ls_texts_add(names, name));
      else
        LS_FREE(name);
    }
  return LS_OK;
}

/* What the sweep that a run is of has varied, from the last sweep that was asked for. */
typedef struct {
  char *dir;
  ls_sweep_plan *plan; /* NULL: dir is no sweep's, or tells nothing */
} sweep_of;

static void close_sweep(sweep_of *s) {
  ls_sweep_plan_free(&s->plan);
  LS_FREE(s->dir);
}

static void open_sweep(sweep_of *s, const char *path, size_t length) {
  if (s->dir && strlen(s->dir) == length && strncmp(s->dir, path, length) == 0) return;
  close_sweep(s);
  s->dir = ls_mem_format("%.*s", (int)length, path);
  if (ls_sweep_owner_is(s->dir) && ls_sweep_owner_plan(s->dir, &s->plan) != LS_OK) s->plan = NULL;
}

/* "lr=0.01 batch=20"; NULL: it is no sweep's, or nothing is varied; ls_mem text. */
static char *varied(sweep_of *s, const char *path) {
  const char *slash = strrchr(path, '/');
  const int64_t trial = slash ? ls_sweep_trial_of(slash + 1) : 0;
  if (trial == 0) return NULL;
  open_sweep(s, path, (size_t)(slash - path));
  if (!s->plan || s->plan->varies == 0) return NULL;
  char *label = ls_sweep_label(s->plan, trial, true), *text = ls_mem_text(label + 1);
  LS_FREE(label);
  return text;
}

static void put_spread(json_t *object, const char *name, int n, double mean, double deviation) {
  json_t *value = json_object();
  ls_put(value, "n", n);
  ls_put(value, "mean", mean);
  ls_put(value, "sd", deviation);
  ls_put(object, name, value);
}

static void put_group(json_t *object, const ls_runs *runs, int group, const ls_texts *asked,
                      sweep_of *sweep) {
  char *label = ls_runs_label(runs, group), *exit = exits(runs, group),
       *values = varied(sweep, ls_runs_first(runs, group)->path);
  ls_put(object, "label", label);
  ls_put(object, "runs", ls_runs_size(runs, group));
  ls_put(object, "exit", exit);
  ls_put(object, "_first", ls_runs_first(runs, group)->path);
  ls_put(object, "_repeats", ls_runs_unit(runs, group));
  ls_put(object, "_others", ls_runs_size(runs, group) - 1);
  ls_put(object, "_varied", values);
  LS_FREE(values);
  LS_FREE(exit);
  LS_FREE(label);
  describe(object, ls_runs_first(runs, group)->config);
  double mean, deviation;
  for (int k = 0; k < LS_FINALS; k++) {
    const int n = ls_runs_mean(runs, group, k, &mean, &deviation);
    put_spread(object, ls_final_names[k], n, mean, deviation);
  }
  for (int64_t i = 0; i < asked->count; i++) {
    const int n = ls_runs_end_mean(runs, group, asked->text[i], &mean, &deviation);
    put_spread(object, asked->text[i], n, mean, deviation);
  }
}

#define NUMBER(name) "{" name ".mean:.6g}{?" name ".sd} +- {" name ".sd:.2g}{/}\t"
#define SHARE(name) "{" name ".mean:.4f}{?" name ".sd} +- {" name ".sd:.4f}{/}\t"

/* Columns of every table, and between their two halves those that were asked for; ls_mem text. */
static char *make_look(const ls_texts *asked) {
  ls_buffer look = {0};
  ls_buffer_add(
      &look,
      "run\toptimizer\tvaried\tepochs\tloss\taccuracy\tval_loss\tval_accuracy\ttest_loss\t"
      "test_accuracy\t");
  for (int64_t i = 0; i < asked->count; i++) ls_buffer_add(&look, "%s\t", asked->text[i]);
  ls_buffer_add(&look,
                "samples/s\tstaleness\tmost\texit\n"
                "{*groups}{_first}{?_others} +{_others} "
                "{_repeats}{_others:s}{/}\t{label}\t{?_varied}{_varied}{|}-{/}\t"
                "{epochs.mean:.6g}\t"                     //
                NUMBER("loss") SHARE("accuracy")          //
                NUMBER("val_loss") SHARE("val_accuracy")  //
                NUMBER("test_loss") SHARE("test_accuracy"));
  for (int64_t i = 0; i < asked->count; i++) {
    const char *name = asked->text[i];
    ls_buffer_add(&look, NUMBER("%s"), name, name, name);
  }
  ls_buffer_add(&look,
                "{samples_per_s.mean:k}\t"
                "{?staleness_mean.n}{staleness_mean.mean:.2f}{|}-{/}\t"
                "{staleness_max.mean:.0f}\t{exit}\n{/}");
  return look.text;
}

/* ---- which runs ---- */

static bool holds_run(const char *dir) { return ls_file_in(dir, "metrics.jsonl"); }

/* A sweep's folder is all of its runs that have begun. */
static ls_status append_word(ls_texts *paths, const char *word) {
  ls_texts trials = {0};
  ls_status status = holds_run(word) ? LS_OK : ls_sweep_owner_trials(word, &trials);
  if (status == LS_OK && trials.count == 0) status = ls_texts_add(paths, ls_mem_text(word));
  for (int64_t i = 0; status == LS_OK && i < trials.count; i++) {
    char *run = ls_mem_format("%s/%s", word, trials.text[i]);
    if (holds_run(run))
      status = ls_texts_add(paths, run);
    else
      LS_FREE(run);
  }
  ls_texts_free(&trials);
  return status;
}

static ls_status read_runs(const ls_cli *cli, ls_texts *paths, ls_runs **runs) {
  for (int i = 0; cli->args[i]; i++) LS_TRY(append_word(paths, cli->args[i]));
  static const char *const none[] = {NULL};
  if (paths->count == 0 && cli->args[0])
    return ls_fail(LS_EDATA,
                   "%s: none of its runs has come to training; sweep.csv has how each ended, and "
                   "its failed.json why",
                   cli->args[0]);
  return ls_runs_read(paths->count > 0 ? (const char *const *)paths->text : none, 0, NULL, runs);
}

static void show(const ls_cli *cli, const ls_runs *runs, const ls_texts *asked) {
  json_t *answer = json_object(), *items = json_array(), *groups = json_array();
  sweep_of sweep = {0};
  char *look = make_look(asked);
  for (int i = 0; i < runs->n; i++) put_run(ls_put_item(items), &runs->item[i]);
  for (int g = 0; g < runs->groups; g++) put_group(ls_put_item(groups), runs, g, asked, &sweep);
  close_sweep(&sweep);
  ls_put(answer, "runs", items);
  ls_put(answer, "groups", groups);
  ls_print(cli, answer, look);
  LS_FREE(look);
}

static ls_status run(ls_cli *cli, const void *given) {
  ls_runs *runs = NULL;
  ls_texts paths = {0}, asked = {0};
  (void)given;
  ls_status status = read_runs(cli, &paths, &runs);
  if (status == LS_OK) status = list_asked(runs, &asked);
  if (status == LS_OK) ls_runs_tell_again(runs);
  if (status == LS_OK) show(cli, runs, &asked);
  ls_runs_free(&runs);
  ls_texts_free(&paths);
  ls_texts_free(&asked);
  return status;
}

const ls_command ls_command_compare = {
    .name = "compare",
    .help = "a table of finished runs, grouped over seeds and folds",
    .usage =
        "Usage: lockstep compare RUN|SWEEP...\n"
        "\nExamples:\n"
        "  lockstep compare runs/*\n"
        "  lockstep compare runs/a runs/b --json\n"
        "  lockstep compare runs/search                     # all runs of a sweep\n",
    .verb = {{.run = run}}};
