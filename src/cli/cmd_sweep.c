/* cmd_sweep.c - lockstep sweep: a network trained again and again, with other values of some keys,
 * other seeds and other folds; what came out, and which is the best. Here is only the order of
 * things, and what all ranks must agree on: begin with sweep, near the bottom. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/sweep/claims.h"
#include "cli/sweep/journal.h"
#include "cli/sweep/owner.h"
#include "cli/sweep/report.h"
#include "cli/sweep/rungs.h"
#include "cli/sweep/shared.h"
#include "cli/sweep/watch.h"
#include "config/number.h"
#include "io/lock.h"
#include "train/folder.h"
#include "train/train.h"

typedef struct {
  const char *dir, *resume, *limit, *metric, *seeds, *halving;
  const char **vary;
  int64_t trials, folds;
  int ranks, threads;
} options;

/* What the command has at hand. */
typedef struct {
  ls_cli *cli;
  const options *o;
  ls_sweep sweep;
  ls_sweep_job job;
  ls_lock *lock; /* rank 0's */
  ls_sweep_data *data;
} search;

static bool is_root(const search *a) { return ls_comm_rank(a->cli->comm) == 0; }

/* ---- what is asked for ---- */

static ls_status choose_metric(search *a) {
  const bool validates = a->o->folds > 0 || ls_config_has_validation(a->cli->config);
  const char *metric = a->o->metric ? a->o->metric : "val_loss";
  a->sweep.metric = metric;
  if (!ls_sweep_metric_known(metric))
    return ls_fail(LS_EUSAGE,
                   "--metric %s: it is loss, accuracy, mae, rmse, r2 or another of the end event, "
                   "with val_ or test_ in front for that split's",
                   metric);
  if (validates || !ls_metric_validates(metric)) return LS_OK;
  return ls_fail(LS_EUSAGE,
                 "--metric %s: there are no samples to validate with; give data.validation=0.2 or "
                 "--folds 5, or another --metric, as loss",
                 metric);
}

static ls_status check(const search *a) {
  const options *o = a->o;
  if (!o->dir) return ls_fail(LS_EUSAGE, "-o DIR is missing: where the runs go");
  if (o->resume && *o->resume && strcmp(o->resume, "auto") != 0)
    return ls_fail(LS_EUSAGE,
                   "--resume=%s: a sweep goes on with all of its runs: --resume=auto, or --resume "
                   "where there must be one",
                   o->resume);
  if (o->ranks < 0) return ls_fail(LS_EUSAGE, "--ranks-per-trial %d: it is 1 or more", o->ranks);
  if (!a->cli->config->log_jsonl)
    return ls_fail(LS_ECONFIG,
                   "output.log has no jsonl, and a sweep reads its runs' metrics.jsonl");
  return ls_cli_threads(o->threads);
}

/* A rung is decided by what its epoch's event tells: the metric must be there. */
static ls_status check_rungs(const search *a) {
  const ls_every *every = &a->cli->config->eval_every;
  const char *metric = a->sweep.metric;
  bool test;
  (void)ls_sweep_metric_of(metric, &test);
  if (test)
    return ls_fail(LS_EUSAGE,
                   "--halving: a rung is decided before there is a %s; use a val_ metric", metric);
  for (int r = 0; ls_metric_validates(metric) && r < a->sweep.rungs.count - 1; r++) {
    const int64_t epoch = a->sweep.rungs.epochs[r];
    if (every->unit != LS_EVERY_EPOCHS || epoch % (int64_t)every->n != 0)
      return ls_fail(LS_ECONFIG,
                     "--halving: a rung ends at epoch %jd, and eval.every has no evaluation "
                     "there: eval.every=1 epoch",
                     epoch);
  }
  return LS_OK;
}

static ls_status plan_rungs(search *a) {
  const ls_config *c = a->cli->config;
  const ls_sweep_plan *plan = a->sweep.plan;
  const char *text = a->o->halving;
  int64_t first = 0;
  a->sweep.rungs = ls_rungs_plan(plan->trials, 1, 0);
  if (!text) return LS_OK;
  if (*text && (ls_integer_parse(text, &first) || first < 1))
    return ls_fail(LS_EUSAGE, "--halving=%s: the epochs of the first rung, 1 or more", text);
  for (int k = 0; k < plan->varies; k++)
    if (strcmp(plan->vary[k].key, "train.epochs") == 0)
      return ls_fail(LS_EUSAGE, "--halving: rungs are shares of train.epochs, which is varied");
  if (c->steps > 0)
    return ls_fail(LS_ECONFIG,
                   "--halving counts epochs: train.epochs in place of train.steps says how many");
  a->sweep.rungs = ls_rungs_plan(plan->trials, c->epochs, first);
  if (a->sweep.rungs.count == 1)
    return ls_fail(LS_EUSAGE, "--halving: of %jd trials of %jd epochs nothing can be halved%s",
                   plan->trials, c->epochs, first > 0 ? "; a smaller first rung?" : "");
  return check_rungs(a);
}

/* Every trial's config, before anything is made. *slices: the fewest that one has. */
static ls_status check_trials(const search *a, int *slices) {
  const ls_sweep_plan *plan = a->sweep.plan;
  const int ranks = a->o->ranks;
  for (int64_t i = 0; i < plan->runs; i += plan->each) {
    ls_config *config = NULL;
    const ls_sweep_run *run = &plan->run[i];
    ls_status status = ls_sweep_config(&a->job, run->trial, run, &config);
    if (status == LS_OK && config->slices > 0 && config->slices < *slices)
      *slices = (int)config->slices;
    if (status == LS_OK && ranks > 0 && config->slices > 0 && config->slices < ranks)
      status = ls_fail(LS_ECONFIG,
                       "trial %jd has %jd slices, and each rank works on one or more: "
                       "--ranks-per-trial %jd, or a larger train.slices",
                       run->trial, config->slices, config->slices);
    ls_config_free(&config);
    LS_TRY(status);
  }
  return LS_OK;
}

/* ---- the folder ---- */

/* Rank 0: it is ours, or can be. */
static ls_status check_folder(const search *a, bool *there) {
  const char *dir = a->o->dir;
  const bool must_be_there = a->o->resume && !*a->o->resume;
  LS_TRY(ls_sweep_owner_check(&a->sweep, a->o->vary, a->cli->config, there));
  if (!*there && must_be_there)
    return ls_fail(LS_EDATA, "%s: there is no sweep to go on with; --resume=auto begins one", dir);
  return ls_folder_check(dir, !*there, false);
}

/* Rank 0: nobody else writes there; what its runs have come to. */
static ls_status take_folder(search *a) {
  const char *dir = a->o->dir;
  ls_sweep *s = &a->sweep;
  bool there;
  LS_TRY(ls_folder_take(dir, false, &a->lock));
  LS_TRY(check_folder(a, &there)); /* another may have come before the lock was ours */
  LS_TRY(ls_sweep_owner_write(s, a->o->vary, a->cli));
  LS_NEW(s->row, s->plan->runs);
  for (int64_t i = 0; i < s->plan->runs; i++) {
    LS_TRY(ls_sweep_row_retry(dir, s->plan->run[i].name));
    LS_TRY(ls_sweep_row_read(dir, s->plan->run[i].name, &s->row[i]));
  }
  return LS_OK;
}

/* ---- how many ranks a run gets ---- */

/* So many groups that every rank has a group and all runs that are left are in flight, or there is
 * a rank for each of them. */
static void choose_groups(search *a, int slices) {
  const int ranks = ls_comm_size(a->cli->comm), most = (int)ls_clamp(a->sweep.left, 1, ranks),
            fewest = (ranks + slices - 1) / slices; /* a slice a rank */
  a->job.groups = most < fewest ? fewest : most;
  if (a->o->ranks == 0) return;
  a->job.ranks = a->o->ranks < ranks ? a->o->ranks : ranks;
  a->job.groups = (ranks + a->job.ranks - 1) / a->job.ranks;
}

static void say_groups(const search *a) {
  const ls_sweep *s = &a->sweep;
  const ls_sweep_plan *p = s->plan;
  const int64_t trials = s->rungs.trials[s->rung];
  const int ranks = ls_comm_size(a->cli->comm),
            each = a->job.ranks > 0 ? a->job.ranks : ranks / a->job.groups;
  char rung[LS_RUNG_TEXT], folds[32] = "", seeds[32] = "", over[40] = "";
  ls_rung_text(s, rung);
  if (p->folds > 0) snprintf(folds, sizeof folds, " x %jd folds", p->folds);
  if (p->seeds > 1) snprintf(seeds, sizeof seeds, " x %jd seeds", p->seeds);
  if (s->left < trials * p->each) snprintf(over, sizeof over, ", %jd to go", s->left);
  ls_log(LS_LOG_INFO, "sweep: %s%jd trial%s%s%s%s; %d at a time, each on %d of %d ranks", rung,
         trials, trials == 1 ? "" : "s", folds, seeds, over, a->job.groups, each, ranks);
}

static void warn_of_ranks(const search *a) {
  const int ranks = ls_comm_size(a->cli->comm);
  if (a->o->ranks > ranks)
    ls_log(LS_LOG_WARN, "--ranks-per-trial %d: there are %d, and each run gets them all",
           a->o->ranks, ranks);
}

/* ---- the whole ---- */

/* For those that are done. A group that goes on while another stands still hides it, until it is
 * done too. */
static uint64_t others_beat(void *arg, char *words, size_t room) {
  const search *a = arg;
  const uint64_t beats = ls_claims_beats(a->o->dir, ls_comm_size(a->cli->comm), words, room);
  if (!*words) snprintf(words, room, "a group of the sweep");
  return beats;
}

static ls_status watch_and_train(search *a) {
  ls_comm *comm = a->cli->comm;
  const ls_comm_signs signs = {others_beat, a, ls_lock_patience()};
  ls_sweep_watch *watch = NULL;
  LS_TRY(ls_claims_open(comm, a->o->dir));
  ls_status status =
      ls_comm_agree(comm, is_root(a) ? ls_sweep_watch_start(&a->sweep, &watch) : LS_OK);
  if (status == LS_OK) {
    status = ls_sweep_train(comm, &a->job);
    ls_comm_rest(comm, &signs);
    status = ls_comm_agree(comm, status);
  }
  const ls_status seen = ls_comm_agree(comm, ls_sweep_watch_stop(&watch));
  if (is_root(a)) ls_claims_close(a->o->dir);
  return status == LS_OK ? seen : status;
}

/* Where the sweep stands, on all ranks. */
static ls_status look(search *a) {
  ls_comm *comm = a->cli->comm;
  ls_sweep *s = &a->sweep;
  LS_TRY(ls_comm_agree(comm, is_root(a) ? ls_rungs_look(s) : LS_OK));
  ls_comm_bcast(comm, &s->rung, sizeof s->rung, 0);
  ls_comm_bcast(comm, &s->left, sizeof s->left, 0);
  ls_comm_bcast(comm, s->over, (size_t)s->plan->runs * sizeof *s->over, 0);
  return LS_OK;
}

/* The data that runs share, read before the first of them begins. */
static ls_status open_data(search *a, bool begins) {
  ls_comm *comm = a->cli->comm;
  const ls_sweep *s = &a->sweep;
  bool *over = NULL; /* (runs) rank 0's */
  LS_TRY(ls_comm_agree(
      comm, is_root(a) ? ls_mem_new((void **)&over, (size_t)s->plan->runs, sizeof *over) : LS_OK));
  for (int64_t i = 0; over && s->row && i < s->plan->runs; i++) over[i] = s->row[i].over;
  const ls_status status = ls_sweep_data_open(comm, &a->job, over, begins, &a->data);
  LS_FREE(over);
  if (status == LS_OK) a->job.data = ls_sweep_data_lent(a->data);
  return status;
}

/* Rung by rung, until all is over or a rung has been left unfinished. */
static ls_status train(search *a, int slices) {
  const ls_sweep *s = &a->sweep;
  const int rungs = s->rungs.count;
  int before = -1;
  LS_TRY(look(a));
  if (!a->data && s->rung < rungs && s->left > 1) LS_TRY(open_data(a, false));
  while (s->rung < rungs && s->rung != before) {
    before = s->rung;
    a->job.until = before < rungs - 1 ? s->rungs.epochs[before] : 0;
    choose_groups(a, slices);
    say_groups(a);
    LS_TRY(watch_and_train(a));
    LS_TRY(look(a));
  }
  return LS_OK;
}

/* Rank 0: are all rows there? */
static ls_status finish(const search *a) {
  const ls_sweep *s = &a->sweep;
  int64_t over = 0;
  for (int64_t i = 0; i < s->plan->runs; i++) over += s->row[i].over;
  LS_TRY(ls_sweep_csv_write(s));
  if (over == s->plan->runs) return ls_sweep_report(a->cli, &a->job);
  return ls_fail(LS_ESTOPPED,
                 "stopped: %jd of %jd runs are over, of the others checkpoints are written; the "
                 "same command goes on",
                 over, s->plan->runs);
}

static ls_status prepare(search *a) {
  const options *o = a->o;
  const ls_cli *cli = a->cli;
  const ls_sweep_asked asked = {o->vary, o->seeds, o->trials, o->folds};
  LS_TRY(check(a));
  LS_TRY(choose_metric(a));
  a->sweep.dir = o->dir;
  LS_TRY(ls_sweep_plan_new(&asked, cli->config, &a->sweep.plan));
  LS_TRY(plan_rungs(a));
  LS_NEW(a->sweep.over, a->sweep.plan->runs);
  a->job = (ls_sweep_job){.sweep = &a->sweep,
                          .file = cli->args[0],
                          .text = cli->text,
                          .bytes = cli->bytes,
                          .override = cli->args + 1,
                          .data_dir = cli->config->data.dir,
                          .threads = o->threads,
                          .started = ls_time(),
                          .argc = cli->argc,
                          .argv = (const char *const *)cli->argv};
  return ls_cli_limit(o->limit, &a->job.limit);
}

static ls_status sweep(search *a) {
  ls_comm *comm = a->cli->comm;
  int slices = 1 << 30;
  bool there = false;
  LS_TRY(ls_comm_agree(comm, prepare(a)));
  LS_TRY(ls_comm_agree(comm, is_root(a) ? check_trials(a, &slices) : LS_OK));
  LS_TRY(ls_comm_agree(comm, is_root(a) ? check_folder(a, &there) : LS_OK));
  ls_comm_bcast(comm, &there, sizeof there, 0);
  if (!there) LS_TRY(open_data(a, true)); /* what no run could be trained on leaves no folder */
  LS_TRY(ls_comm_agree(comm, is_root(a) ? take_folder(a) : LS_OK));
  ls_comm_bcast(comm, &slices, sizeof slices, 0);
  warn_of_ranks(a);
  LS_TRY(train(a, slices));
  return ls_comm_agree(comm, is_root(a) ? finish(a) : LS_OK);
}

static ls_status run(ls_cli *cli, const void *given) {
  search all = {.cli = cli, .o = given};
  ls_sweep *s = &all.sweep;
  const ls_status status = sweep(&all);
  ls_sweep_data_close(cli->comm, &all.data);
  for (int64_t i = 0; s->row && i < s->plan->runs; i++) ls_sweep_row_free(&s->row[i]);
  ls_lock_release(&all.lock);
  LS_FREE(s->row);
  LS_FREE(s->over);
  ls_sweep_plan_free(&s->plan);
  return status;
}

static const ls_option sweep_options[] = {
    LS_OPTION(options, vary, "vary", 0, "KEY=SPEC",
              "values of a key: A,B,C, or drawn from LO:HI or LO:HI:log; may be repeated"),
    LS_OPTION(options, trials, "trials", 0, "N", "how many, where a range is given"),
    LS_OPTION(options, seeds, "seeds", 0, "LIST", "each trial with these seeds: 1,2,5 or 1-5"),
    LS_OPTION(options, folds, "folds", 0, "K", "each trial with each of K folds of train"),
    LS_OPTION(options, ranks, "ranks-per-trial", 0, "R",
              "ranks that a run is trained on (default: so that no rank is idle)"),
    LS_OPTION(options, metric, "metric", 0, "METRIC",
              "what makes the best, at the end of a run (default: val_loss)"),
    LS_OPTION_OF(
        options, halving, LS_OPTION_MAYBE, "halving", 0, "EPOCHS",
        "again and again, only the better half goes on, to twice the epochs (from EPOCHS)"),
    LS_OPTION(options, dir, "output", 'o', "DIR", "folder of the runs, and of sweep.csv"),
    LS_OPTION_OF(options, resume, LS_OPTION_MAYBE, "resume", 0, "auto",
                 "auto (default): go on, or begin; without auto there must be one"),
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
        "\nEach run is a run folder in DIR, and DIR/sweep.csv has a line for each. The ranks are "
        "split into\ngroups; a group takes the next run when it has finished one. The same command "
        "again goes on where\nit was, on any number of ranks, and tries runs again that failed.\n"
        "\nExamples:\n"
        "  lockstep sweep net.yaml --vary optimizer.lr=0.1,0.01,0.001 -o runs/lr    # three "
        "networks\n"
        "  lockstep sweep net.yaml --vary optimizer.lr=1e-4:1e-1:log --trials 20 -o runs/search   "
        "# 20 drawn\n"
        "  lockstep sweep net.yaml --vary optimizer.lr=1e-5:1:log --trials 200 --halving -o "
        "runs/wide\n"
        "  lockstep sweep net.yaml --folds 5 -o runs/folds              # cross-validation\n"
        "  lockstep predict runs/search --best 5 -i new.csv -o out.csv  # of the five best: mean "
        "and spread\n",
    .parallel = true,
    .plugins = true,
    .first = ls_train_signals,
    .options = sweep_options,
    .size = sizeof(options),
    .verb = {{.run = run, .config = true}}};
