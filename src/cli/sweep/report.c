/* report.c - the command for everything is tried before it is shown: settings that turn
 * validation off are kept only if the config accepts them (final_settings). Warnings of runs
 * are counted without their digits. Begin with ls_sweep_report. */
#include "cli/sweep/report.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/typed.h"
#include "cli/print.h"
#include "cli/sweep/journal.h"
#include "io/regular.h"
#include "view/history.h"

/* Epochs up to the weights that a run has kept. */
static double epochs_of(const ls_sweep *s, int64_t run) {
  ls_history *history = NULL;
  char *folder = ls_mem_format("%s/%s", s->dir, s->plan->run[run].name);
  double step = ls_sweep_row_value(&s->row[run], "restored_step"), epochs = 0;
  if (isnan(step)) step = ls_sweep_row_value(&s->row[run], "global_step");
  if (ls_history_read(folder, 0, &history) == LS_OK && history->steps_per_epoch > 0)
    epochs = ceil(step / (double)history->steps_per_epoch);
  ls_history_free(&history);
  LS_FREE(folder);
  return epochs;
}

/* The mean over a trial's runs: what a network gets that nobody validates. */
static int64_t mean_epochs(const ls_sweep *s, int64_t trial) {
  const int64_t each = s->plan->each;
  double sum = 0;
  for (int64_t i = (trial - 1) * each; i < trial * each; i++) sum += epochs_of(s, i);
  return sum < (double)each ? 1 : (int64_t)(sum / (double)each + 0.5);
}

/* Append what turns validation off: its share, its folds, and what needs it. */
static ls_status add_everything(const ls_sweep *s, const ls_config *c, int64_t trial,
                                ls_texts *all) {
  const bool drawn = c->data.validation.share > 0, fold = c->data.fold.k > 0,
             ends = c->early_metric || c->restore_best;
  const int64_t epochs = ends ? mean_epochs(s, trial) : 0;
  const struct {
    bool wanted;
    const char *setting;
  } off[] = {{drawn, "data.validation=none"},
             {fold, "data.fold=none"},
             {c->early_metric, "train.early_stop=none"},
             {c->restore_best, "train.restore_best=false"},
             {c->keep_best && *c->keep_best, "checkpoint.keep.best=none"},
             {ends && c->steps > 0, "train.steps=none"}};
  if (!drawn && !fold) return LS_OK;
  for (size_t i = 0; i < sizeof off / sizeof *off; i++)
    if (off[i].wanted) LS_TRY(ls_texts_add(all, ls_mem_text(off[i].setting)));
  return ends ? ls_texts_add(all, ls_mem_format("train.epochs=%jd", epochs)) : LS_OK;
}

/* The settings that train a trial on everything; or, where the config needs its validation, as its
 * runs were. */
static ls_status final_settings(const ls_cli *cli, const ls_sweep_job *job, int64_t trial,
                                ls_texts *all) {
  const ls_sweep *s = job->sweep;
  ls_config *config = NULL;
  LS_TRY(ls_sweep_settings(s->plan, trial, NULL, all));
  LS_TRY(add_everything(s, cli->config, trial, all));
  const bool accepted = ls_sweep_parse(job, all, &config) == LS_OK;
  ls_config_free(&config);
  if (accepted) return LS_OK;
  ls_texts_free(all);
  return ls_sweep_settings(s->plan, trial, NULL, all);
}

static char *command_of(const ls_cli *cli, const ls_sweep_job *job, int64_t trial) {
  ls_texts settings = {0};
  ls_buffer text = {0};
  char *dir = ls_mem_format("%s/best", job->sweep->dir);
  const ls_status status = final_settings(cli, job, trial, &settings);
  ls_buffer_add(&text, "lockstep train");
  ls_typed_add(&text, job->file);
  for (int i = 0; job->override[i]; i++) ls_typed_add(&text, job->override[i]);
  for (int64_t i = 0; status == LS_OK && i < settings.count; i++)
    ls_typed_add(&text, settings.text[i]);
  ls_typed_add(&text, "-o");
  ls_typed_add(&text, dir);
  ls_texts_free(&settings);
  LS_FREE(dir);
  return text.text;
}

static void put_values(const ls_sweep *s, int64_t trial, json_t *object) {
  for (int k = 0; k < s->plan->varies; k++) {
    char *value = ls_sweep_value(s->plan, k, trial);
    ls_put(object, s->plan->vary[k].key, value);
    LS_FREE(value);
  }
}

static void put_trial(const ls_sweep *s, const ls_sweep_trial *t, json_t *object) {
  json_t *values = json_object();
  char *label = ls_sweep_label(s->plan, t->trial, false);
  put_values(s, t->trial, values);
  ls_put(object, "trial", t->trial);
  ls_put(object, "values", values);
  ls_put(object, "runs", t->runs);
  ls_put(object, "good", t->good);
  if (s->rungs.count > 1) ls_put(object, "epochs", s->rungs.epochs[t->rung]);
  ls_put(object, "mean", t->mean);
  ls_put(object, "sd", t->deviation);
  ls_put(object, "_values", *label ? label + 1 : "(nothing varied)");
  LS_FREE(label);
}

static void put_best(const ls_cli *cli, const ls_sweep_job *job, const ls_sweep_trial *t,
                     json_t *answer) {
  const ls_sweep *s = job->sweep;
  json_t *best = json_object();
  const ls_sweep_run *first = &s->plan->run[(t->trial - 1) * s->plan->each];
  char *config = ls_mem_format("%s/%s/config.yaml", s->dir, first->name),
       *command = command_of(cli, job, t->trial);
  put_trial(s, t, best);
  ls_put(best, "config", config);
  ls_put(best, "command", command);
  ls_put(answer, "best", best);
  LS_FREE(config);
  LS_FREE(command);
}

static const char look[] =
    "{?best}trial\t{?_halving}epochs\t{/}{metric}\tsd\truns\tvalues\n"
    "{*_shown}{trial}\t{?epochs}{epochs}\t{/}{mean:.6g}\t{sd:.2g}\t{good}/{runs}\t{_values}\n{/}"
    "{?_more}... {_more} more in {dir}/sweep.csv\n{/}"
    "best: trial {best.trial}, {metric} {best.mean:.6g}{?best.sd} +- {best.sd:.2g} over "
    "{best.runs} runs{/}\n"
    "config: {best.config}\non everything: {best.command}\n"
    "{|}no trial has a {metric} of all its runs; {dir}/sweep.csv says how each ended\n{/}";

/* ---- what the runs have warned of ---- */

/* Without its digits: of two runs that warn of the same, each has its own numbers. */
static char *gist_of(const char *text) {
  char *gist = ls_mem_text(text), *to = gist;
  for (const char *at = text; *at; at++)
    if (*at < '0' || *at > '9') *to++ = *at;
  *to = '\0';
  return gist;
}

/* A warning of a run: by its gist the text where it was met first, in how many runs, and in which
 * the last time. */
static void count_warning(const char *text, int64_t run, json_t *met) {
  char *gist = gist_of(text);
  json_t *w = json_object_get(met, gist);
  if (!w) {
    w = json_pack("{s:s, s:i, s:i}", "text", text, "runs", 0, "last", -1);
    json_object_set_new(met, gist, w);
  }
  if (json_integer_value(json_object_get(w, "last")) != run)
    json_integer_set(json_object_get(w, "runs"),
                     json_integer_value(json_object_get(w, "runs")) + 1);
  json_integer_set(json_object_get(w, "last"), run);
  LS_FREE(gist);
}

static void count_warnings(const char *log, int64_t run, json_t *met) {
  static const char head[] = "warning: ";
  for (const char *line = log, *end; (end = strchr(line, '\n')); line = end + 1) {
    if (strncmp(line, head, sizeof head - 1) != 0) continue;
    char *text = ls_mem_format("%.*s", (int)(end - line), line);
    count_warning(text + sizeof head - 1, run, met);
    LS_FREE(text);
  }
}

/* Each once, however many runs it is of. A log that cannot be read tells nothing. */
static void tell_warnings(const ls_sweep *s) {
  enum { BYTES_MAX = 16 << 20, TOLD = 5 };
  const ls_sweep_plan *plan = s->plan;
  json_t *met = json_object(), *w;
  const char *gist;
  int told = 0;
  for (int64_t i = 0; i < plan->runs; i++) {
    char *path = ls_mem_format("%s/%s/log.txt", s->dir, plan->run[i].name), *log = NULL;
    size_t bytes;
    if (access(path, F_OK) == 0 &&
        ls_regular_read(path, O_NOFOLLOW, &log, &bytes, BYTES_MAX) == LS_OK)
      count_warnings(log, i, met);
    LS_FREE(log);
    LS_FREE(path);
  }
  json_object_foreach(met, gist, w) {
    const int64_t runs = json_integer_value(json_object_get(w, "runs"));
    if (told++ < TOLD)
      ls_log(LS_LOG_WARN, "%jd of %jd runs: %s", runs, plan->runs,
             json_string_value(json_object_get(w, "text")));
  }
  if (told > TOLD) ls_log(LS_LOG_WARN, "%d more in the runs' log.txt", told - TOLD);
  json_decref(met);
}

ls_status ls_sweep_report(const ls_cli *cli, const ls_sweep_job *job) {
  enum { SHOWN = 10 };
  const ls_sweep *s = job->sweep;
  ls_sweep_trial *t;
  LS_TRY(ls_sweep_rank(s, NULL, &t));
  json_t *answer = json_object(), *trials = json_array(), *shown = json_array();
  for (int64_t i = 0; i < s->plan->trials; i++) {
    json_t *trial = ls_put_item(trials);
    put_trial(s, &t[i], trial);
    if (i < SHOWN) json_array_append(shown, trial);
  }
  ls_put(answer, "dir", s->dir);
  ls_put(answer, "metric", s->metric);
  ls_put(answer, "runs", s->plan->runs);
  ls_put(answer, "trials", trials);
  ls_put(answer, "_shown", shown);
  ls_put_bool(answer, "_halving", s->rungs.count > 1);
  ls_put(answer, "_more", s->plan->trials > SHOWN ? s->plan->trials - SHOWN : 0);
  if (isnan(t[0].mean))
    ls_put(answer, "best", json_null());
  else
    put_best(cli, job, &t[0], answer);
  LS_FREE(t);
  tell_warnings(s);
  ls_print(cli, answer, look);
  return LS_OK;
}
