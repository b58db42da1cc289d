/* cmd_sweep.c - lockstep sweep: a network trained again and again, with other values of some keys,
 * other seeds and other folds; what came out, and which is the best. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/sweep/claims.h"
#include "cli/sweep/groups.h"
#include "cli/sweep/owner.h"
#include "cli/sweep/watch.h"
#include "io/lock.h"
#include "train/folder.h"
#include "train/train.h"
#include "view/history.h"
#include "view/text.h"

typedef struct {
  const char *dir, *resume, *limit, *metric, *seeds;
  const char **vary;
  int64_t trials, folds;
  int ranks, threads;
} options;

/* A sweep at work. */
typedef struct {
  ls_cli *cli;
  const options *o;
  const char *metric;
  ls_sweep_plan *plan;
  ls_sweep_job job;
  bool *over;        /* (runs) */
  ls_sweep_row *row; /* (runs) rank 0's */
  ls_lock *lock;     /* rank 0's */
} sweep;

static bool is_root(const sweep *s) { return ls_comm_rank(s->cli->comm) == 0; }

/* ---- what is asked for ---- */

static bool has_validation(const ls_config *c, const options *o) {
  return c->data.validation.share > 0 || c->data.fold.k > 0 || o->folds > 0 ||
         c->data.source[LS_SPLIT_VALIDATION].file;
}

static ls_status choose_metric(sweep *s) {
  const bool validates = has_validation(s->cli->config, s->o);
  s->metric = s->o->metric ? s->o->metric : "val_loss";
  if (!ls_sweep_metric_known(s->metric))
    return ls_fail(LS_EUSAGE,
                   "--metric %s: it is loss, accuracy, mae, rmse, r2 or another of the end event, "
                   "with val_ or test_ in front for that split's",
                   s->metric);
  if (validates || strncmp(s->metric, "val_", 4) != 0) return LS_OK;
  return ls_fail(LS_EUSAGE,
                 "--metric %s: there are no samples to validate with; give data.validation=0.2 or "
                 "--folds 5, or another --metric, as loss",
                 s->metric);
}

static ls_status check(const sweep *s) {
  const options *o = s->o;
  if (!o->dir) return ls_fail(LS_EUSAGE, "-o DIR is missing: where the runs go");
  if (o->resume && *o->resume && strcmp(o->resume, "auto") != 0)
    return ls_fail(LS_EUSAGE,
                   "--resume=%s: a sweep goes on with all of its runs: --resume=auto, or --resume "
                   "where there must be one",
                   o->resume);
  if (o->ranks < 0) return ls_fail(LS_EUSAGE, "--ranks-per-trial %d: it is 1 or more", o->ranks);
  if (!s->cli->config->log_jsonl)
    return ls_fail(LS_ECONFIG,
                   "output.log has no jsonl, and a sweep reads its runs' metrics.jsonl");
  return ls_cli_threads(o->threads);
}

/* Every trial's config, before anything is made. *slices: the fewest that one has. */
static ls_status check_trials(const sweep *s, int *slices) {
  const int64_t each = s->plan->runs / s->plan->trials;
  for (int64_t i = 0; i < s->plan->runs; i += each) {
    ls_config *config = NULL;
    const ls_sweep_run *run = &s->plan->run[i];
    ls_status status = ls_sweep_config(&s->job, run->trial, run, &config);
    if (status == LS_OK && config->slices > 0 && config->slices < *slices)
      *slices = (int)config->slices;
    if (status == LS_OK && s->o->ranks > 0 && config->slices > 0 && config->slices < s->o->ranks)
      status = ls_fail(LS_ECONFIG,
                       "trial %lld has %lld slices, and each rank works on one or more: "
                       "--ranks-per-trial %lld, or a larger train.slices",
                       (long long)run->trial, (long long)config->slices, (long long)config->slices);
    ls_config_free(&config);
    LS_TRY(status);
  }
  return LS_OK;
}

/* ---- the folder ---- */

/* Rank 0: it is ours, or can be; what its runs have come to. */
static ls_status take_folder(sweep *s) {
  const char *dir = s->o->dir;
  bool there;
  LS_TRY(ls_sweep_owner_check(dir, s->plan, s->cli->config, s->o->vary, &there));
  if (!there && s->o->resume && !*s->o->resume)
    return ls_fail(LS_EDATA, "%s: there is no sweep to go on with; --resume=auto begins one", dir);
  LS_TRY(ls_folder_check(dir, !there, false));
  LS_TRY(ls_folder_take(dir, false, &s->lock));
  LS_TRY(ls_sweep_owner_write(dir, s->plan, s->cli, s->o->vary, s->metric));
  LS_NEW(s->row, s->plan->runs);
  for (int64_t i = 0; i < s->plan->runs; i++) {
    LS_TRY(ls_sweep_row_retry(dir, s->plan->run[i].name));
    LS_TRY(ls_sweep_row_read(dir, s->plan->run[i].name, &s->row[i]));
    s->over[i] = s->row[i].over;
  }
  return LS_OK;
}

/* ---- how many ranks a run gets ---- */

/* So many groups that every rank has a group and all runs that are left are in flight, or there is
 * a rank for each of them. */
static void choose_groups(sweep *s, int64_t left, int slices) {
  const int ranks = ls_comm_size(s->cli->comm);
  int most = left < ranks ? (int)left : ranks;
  if (most < 1) most = 1;
  if (s->o->ranks > 0) {
    s->job.ranks = s->o->ranks < ranks ? s->o->ranks : ranks;
    s->job.groups = (ranks + s->job.ranks - 1) / s->job.ranks;
    return;
  }
  const int fewest = (ranks + slices - 1) / slices; /* a slice a rank */
  s->job.groups = most < fewest ? fewest : most;
}

static void say_groups(const sweep *s, int64_t left) {
  const ls_sweep_plan *p = s->plan;
  const int ranks = ls_comm_size(s->cli->comm),
            each = s->job.ranks > 0 ? s->job.ranks : ranks / s->job.groups;
  char folds[32] = "", seeds[32] = "", over[40] = "";
  if (p->folds > 0) snprintf(folds, sizeof folds, " x %lld folds", (long long)p->folds);
  if (p->seeds > 1) snprintf(seeds, sizeof seeds, " x %lld seeds", (long long)p->seeds);
  if (left < p->runs) snprintf(over, sizeof over, ", %lld to go", (long long)left);
  ls_log(LS_LOG_INFO, "sweep: %lld trials%s%s%s; %d at a time, each on %d of %d ranks",
         (long long)p->trials, folds, seeds, over, s->job.groups, each, ranks);
  if (s->o->ranks > ranks)
    ls_log(LS_LOG_WARN, "--ranks-per-trial %d: there are %d, and each run gets them all",
           s->o->ranks, ranks);
}

/* ---- the report ---- */

/* Epochs up to the weights that a run has kept. */
static double epochs_of(const sweep *s, int64_t run) {
  ls_history *history = NULL;
  char *folder = ls_mem_format("%s/%s", s->o->dir, s->plan->run[run].name);
  double step = ls_sweep_row_value(&s->row[run], "restored_step"), epochs = 0;
  if (isnan(step)) step = ls_sweep_row_value(&s->row[run], "global_step");
  if (ls_history_read(folder, 0, &history) == LS_OK && history->steps_per_epoch > 0)
    epochs = ceil(step / (double)history->steps_per_epoch);
  ls_history_free(&history);
  LS_FREE(folder);
  return epochs;
}

/* The mean over a trial's runs: what a network gets that nobody validates. */
static int64_t mean_epochs(const sweep *s, int64_t trial) {
  const int64_t each = s->plan->runs / s->plan->trials;
  double sum = 0;
  for (int64_t i = (trial - 1) * each; i < trial * each; i++) sum += epochs_of(s, i);
  return sum < (double)each ? 1 : (int64_t)(sum / (double)each + 0.5);
}

static void add_word(char **text, const char *word) {
  char *quoted = ls_text_word(word), *longer = ls_mem_format("%s %s", *text, quoted);
  LS_FREE(quoted);
  LS_FREE(*text);
  *text = longer;
}

/* Append what turns validation off: its share, its folds, and what needs it. */
static ls_status add_everything(const sweep *s, int64_t trial, ls_texts *all) {
  const ls_config *c = s->cli->config;
  const bool share = c->data.validation.share > 0, fold = c->data.fold.k > 0,
             ends = c->early_metric || c->restore_best;
  const long long epochs = ends ? mean_epochs(s, trial) : 0;
  if (share) LS_TRY(ls_texts_add(all, ls_mem_text("data.validation=none")));
  if (fold) LS_TRY(ls_texts_add(all, ls_mem_text("data.fold=none")));
  if (!share && !fold) return LS_OK;
  if (c->early_metric) LS_TRY(ls_texts_add(all, ls_mem_text("train.early_stop=none")));
  if (c->restore_best) LS_TRY(ls_texts_add(all, ls_mem_text("train.restore_best=false")));
  if (c->keep_best && *c->keep_best)
    LS_TRY(ls_texts_add(all, ls_mem_text("checkpoint.keep.best=none")));
  if (ends && c->steps > 0) LS_TRY(ls_texts_add(all, ls_mem_text("train.steps=none")));
  return ends ? ls_texts_add(all, ls_mem_format("train.epochs=%lld", epochs)) : LS_OK;
}

/* The settings that train a trial on everything; or, where the config needs its validation, as its
 * runs were. */
static ls_status final_settings(const sweep *s, int64_t trial, ls_texts *all) {
  ls_config *config = NULL;
  LS_TRY(ls_sweep_settings(s->plan, trial, NULL, all));
  LS_TRY(add_everything(s, trial, all));
  const bool accepted = ls_sweep_parse(&s->job, all, &config) == LS_OK;
  ls_config_free(&config);
  if (accepted) return LS_OK;
  ls_texts_free(all);
  return ls_sweep_settings(s->plan, trial, NULL, all);
}

static char *command_of(const sweep *s, int64_t trial) {
  ls_texts settings = {0};
  char *text = ls_mem_text("lockstep train"), *dir = ls_mem_format("%s/best", s->o->dir);
  const ls_status status = final_settings(s, trial, &settings);
  add_word(&text, s->job.file);
  for (int i = 0; s->job.override[i]; i++) add_word(&text, s->job.override[i]);
  for (int64_t i = 0; status == LS_OK && i < settings.count; i++) add_word(&text, settings.text[i]);
  add_word(&text, "-o");
  add_word(&text, dir);
  ls_texts_free(&settings);
  LS_FREE(dir);
  return text;
}

static void put_values(const sweep *s, int64_t trial, json_t *object) {
  for (int k = 0; k < s->plan->varies; k++) {
    char *value = ls_sweep_value(s->plan, k, trial);
    ls_put(object, s->plan->vary[k].key, value);
    LS_FREE(value);
  }
}

static void put_trial(const sweep *s, const ls_sweep_trial *t, json_t *object) {
  json_t *values = json_object();
  char *label = ls_sweep_label(s->plan, t->trial);
  put_values(s, t->trial, values);
  ls_put(object, "trial", t->trial);
  ls_put(object, "values", values);
  ls_put(object, "runs", t->runs);
  ls_put(object, "good", t->good);
  ls_put(object, "mean", t->mean);
  ls_put(object, "sd", t->deviation);
  ls_put(object, "_values", *label ? label + 1 : "(nothing varied)");
  LS_FREE(label);
}

static void put_best(const sweep *s, const ls_sweep_trial *t, json_t *answer) {
  json_t *best = json_object();
  const int64_t each = s->plan->runs / s->plan->trials;
  char *config =
           ls_mem_format("%s/%s/config.yaml", s->o->dir, s->plan->run[(t->trial - 1) * each].name),
       *command = command_of(s, t->trial);
  put_trial(s, t, best);
  ls_put(best, "config", config);
  ls_put(best, "command", command);
  ls_put(answer, "best", best);
  LS_FREE(config);
  LS_FREE(command);
}

static const char look[] =
    "{?best}trial\t{metric}\tsd\truns\tvalues\n"
    "{*_shown}{trial}\t{mean:.6g}\t{sd:.2g}\t{good}/{runs}\t{_values}\n{/}"
    "{?_more}... {_more} more in {dir}/sweep.csv\n{/}"
    "best: trial {best.trial}, {metric} {best.mean:.6g}{?best.sd} +- {best.sd:.2g} over "
    "{best.runs} runs{/}\n"
    "config: {best.config}\non everything: {best.command}\n"
    "{|}no trial has a {metric} of all its runs; {dir}/sweep.csv says how each ended\n{/}";

static ls_status report(const sweep *s) {
  enum { SHOWN = 10 };
  ls_sweep_trial *t;
  LS_TRY(ls_sweep_rank(s->plan, s->row, s->metric, &t));
  json_t *answer = json_object(), *trials = json_array(), *shown = json_array();
  for (int64_t i = 0; i < s->plan->trials; i++) {
    json_t *trial = ls_put_item(trials);
    put_trial(s, &t[i], trial);
    if (i < SHOWN) json_array_append(shown, trial);
  }
  ls_put(answer, "dir", s->o->dir);
  ls_put(answer, "metric", s->metric);
  ls_put(answer, "runs", s->plan->runs);
  ls_put(answer, "trials", trials);
  ls_put(answer, "_shown", shown);
  ls_put(answer, "_more", s->plan->trials > SHOWN ? s->plan->trials - SHOWN : 0);
  if (isnan(t[0].mean))
    ls_put(answer, "best", json_null());
  else
    put_best(s, &t[0], answer);
  LS_FREE(t);
  ls_print(s->cli, answer, look);
  return LS_OK;
}

/* ---- the whole ---- */

static ls_status train(sweep *s) {
  ls_comm *comm = s->cli->comm;
  const bool root = is_root(s);
  ls_sweep_watch *watch = NULL;
  bool stopped = false;
  LS_TRY(ls_claims_open(comm, s->o->dir));
  ls_status status = ls_comm_agree(
      comm, root ? ls_sweep_watch_start(s->o->dir, s->metric, s->plan, s->row, &watch) : LS_OK);
  if (status == LS_OK) {
    status = ls_sweep_train(comm, &s->job, &stopped);
    ls_comm_rest(comm);
    status = ls_comm_agree(comm, status);
  }
  const ls_status watched = ls_comm_agree(comm, ls_sweep_watch_stop(&watch));
  if (root) ls_claims_close(s->o->dir);
  if (status == LS_OK) status = watched;
  (void)stopped;
  return status;
}

/* Rank 0: are all rows there? */
static ls_status finish(const sweep *s) {
  int64_t over = 0;
  for (int64_t i = 0; i < s->plan->runs; i++) over += s->row[i].over;
  if (over == s->plan->runs) return report(s);
  return ls_fail(LS_ESTOPPED,
                 "stopped: %lld of %lld runs are over, of the others checkpoints are written; the "
                 "same command goes on",
                 (long long)over, (long long)s->plan->runs);
}

static ls_status prepare(sweep *s) {
  const options *o = s->o;
  const ls_cli *cli = s->cli;
  const ls_sweep_asked asked = {o->vary, o->seeds, o->trials, o->folds};
  LS_TRY(check(s));
  LS_TRY(choose_metric(s));
  LS_TRY(ls_sweep_plan_new(&asked, cli->config, &s->plan));
  s->job = (ls_sweep_job){.dir = o->dir,
                          .file = cli->args[0],
                          .text = cli->text,
                          .bytes = cli->bytes,
                          .override = cli->args + 1,
                          .data_dir = cli->config->data.dir,
                          .plan = s->plan,
                          .threads = o->threads,
                          .argc = cli->argc,
                          .argv = (const char *const *)cli->argv};
  LS_TRY(ls_cli_limit(o->limit, &s->job.limit));
  LS_NEW(s->over, s->plan->runs);
  s->job.over = s->over;
  return LS_OK;
}

static ls_status sweep_all(sweep *s) {
  ls_comm *comm = s->cli->comm;
  int slices = 1 << 30;
  LS_TRY(ls_comm_agree(comm, prepare(s)));
  LS_TRY(ls_comm_agree(comm, is_root(s) ? check_trials(s, &slices) : LS_OK));
  LS_TRY(ls_comm_agree(comm, is_root(s) ? take_folder(s) : LS_OK));
  ls_comm_bcast(comm, &slices, sizeof slices, 0);
  ls_comm_bcast(comm, s->over, (size_t)s->plan->runs * sizeof *s->over, 0);
  int64_t left = 0;
  for (int64_t i = 0; i < s->plan->runs; i++) left += !s->over[i];
  choose_groups(s, left, slices);
  say_groups(s, left);
  LS_TRY(train(s));
  return ls_comm_agree(comm, is_root(s) ? finish(s) : LS_OK);
}

static ls_status run(ls_cli *cli, const void *given) {
  sweep s = {.cli = cli, .o = given};
  ls_comm_watchdog(cli->comm, 0); /* the groups have their own */
  const ls_status status = sweep_all(&s);
  for (int64_t i = 0; s.row && i < s.plan->runs; i++) ls_sweep_row_free(&s.row[i]);
  ls_lock_release(&s.lock);
  LS_FREE(s.row);
  LS_FREE(s.over);
  ls_sweep_plan_free(&s.plan);
  return status;
}

static const ls_option sweep_options[] = {
    LS_OPTION(
        options, vary, "vary", 0, "KEY=SPEC",
        "values of a key: a list A,B,C, or drawn from LO:HI or LO:HI:log; may be given again"),
    LS_OPTION(options, trials, "trials", 0, "N", "how many, where a range is given"),
    LS_OPTION(options, seeds, "seeds", 0, "LIST", "each trial with these seeds: 1,2,5 or 1-5"),
    LS_OPTION(options, folds, "folds", 0, "K", "each trial with each of K folds of train"),
    LS_OPTION(options, ranks, "ranks-per-trial", 0, "R",
              "ranks that a run is trained on (default: so that no rank is idle)"),
    LS_OPTION(options, metric, "metric", 0, "METRIC",
              "what makes the best, at the end of a run (default: val_loss)"),
    LS_OPTION(options, dir, "output", 'o', "DIR", "folder of the runs, and of sweep.csv"),
    LS_OPTION_OF(options, resume, LS_OPTION_MAYBE, "resume", 0, "auto",
                 "auto, the default: go on, or begin; without it: there must be one to go on with"),
    LS_OPTION(options, threads, "threads", 0, "N", "threads a rank (default: its cores)"),
    LS_OPTION(options, limit, "time-limit", 0, "H:MM[:SS]",
              "write checkpoints and exit 75 before this much time has passed"),
    {0}};

const ls_command ls_command_sweep = {
    .name = "sweep",
    .help = "train again and again with other values, seeds and folds, and find the best",
    .usage =
        "Usage: lockstep sweep CONFIG [KEY=VALUE...] --vary KEY=SPEC... -o DIR [options]\n"
        "       mpirun -n N lockstep sweep CONFIG [KEY=VALUE...] --vary KEY=SPEC... -o DIR\n"
        "\nEach run is a run folder in DIR, DIR/sweep.csv has a line of each. The ranks are split "
        "into groups,\nand each takes the next run when it has finished one. The same command "
        "again goes on where it was,\non any number of ranks. A run that fails or diverges is a "
        "line that says so, and is tried again\nif it failed.\n"
        "\nExamples:\n"
        "  lockstep sweep net.yaml --vary optimizer.lr=0.1,0.01,0.001 -o runs/lr    # three "
        "networks\n"
        "  lockstep sweep net.yaml --vary optimizer.lr=1e-4:1e-1:log --trials 20 -o runs/search   "
        "# 20 drawn\n"
        "  lockstep sweep net.yaml --folds 5 -o runs/folds              # cross-validation\n"
        "  lockstep predict runs/search --best 5 -i new.csv -o out.csv  # of the five best: mean "
        "and spread\n",
    .parallel = true,
    .plugins = true,
    .first = ls_train_signals,
    .options = sweep_options,
    .size = sizeof(options),
    .part = {{.run = run, .config = true}}};
