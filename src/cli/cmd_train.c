/* cmd_train.c - lockstep train: options, then the run. */
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "train/train.h"
#include "view/progress.h"

typedef struct {
  const char *dir, *resume, *limit, *progress, *trace;
  const char **allow;
  int threads;
  bool dry_run, force;
} options;

static ls_resume resume_of(const char *word) {
  if (!word) return LS_RESUME_NO;
  if (*word == '\0') return LS_RESUME_NEWEST;
  return strcmp(word, "auto") == 0 ? LS_RESUME_AUTO : LS_RESUME_FILE;
}

static ls_status check(const options *o, ls_train_options *out) {
  LS_TRY(ls_progress_check(out->progress));
  LS_TRY(ls_cli_limit(o->limit, &out->time_limit));
  return ls_cli_threads(o->threads);
}

static json_t *result_json(const ls_train_result *r) {
  json_t *o = json_object();
  ls_put(o, "run", r->dir ? r->dir : "");
  ls_put(o, "global_step", r->global_step);
  ls_put(o, "parameters", r->parameters);
  ls_put(o, "loss", r->loss);
  ls_put(o, "accuracy", r->accuracy);
  ls_put(o, "test_loss", r->test_loss);
  ls_put(o, "test_accuracy", r->test_accuracy);
  ls_put(o, "weights_hash", r->weights_hash);
  ls_put(o, "samples_per_s", r->samples_per_s);
  ls_put(o, "seconds", r->seconds);
  ls_put_bool(o, "dead", r->dead);
  ls_put(o, "understood", r->understood);
  ls_put(o, "exit", r->exit ? r->exit : "");
  return o;
}

/* --dry-run */
static const char report_look[] =
    "{_understood}tensor                shape  parameters\n"
    "{*tensors}{name:-12} {_rows:6} x {_columns:-6} {_parameters:11}\n{/}"
    "parameters {parameters}, samples {train_samples}, batch {batch} in {slices} "
    "slice{slices:s}, {steps_per_epoch} step{steps_per_epoch:s} an epoch, {steps} in all\n"
    "memory: {memory.node_shared*1e-6:.1f} MB shared by the ranks of a host (data and exchange), "
    "{memory.rank*1e-6:.1f} MB a rank (optimizer {memory.optimizer*1e-6:.1f}, "
    "activations {memory.activations*1e-6:.1f})\n";

static void print_report(const ls_cli *cli, json_t *report) {
  size_t i;
  json_t *tensor;
  json_array_foreach(json_object_get(report, "tensors"), i, tensor) {
    json_int_t rows, columns;
    json_unpack(tensor, "{s:[I, I]}", "shape", &rows, &columns);
    ls_put(tensor, "_rows", rows);
    ls_put(tensor, "_columns", columns);
    ls_put(tensor, "_parameters", rows * columns);
  }
  ls_print(cli, report, report_look);
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  const char *usual = cli->quiet > cli->verbose ? "none" : "auto";
  ls_train_options with = {.dir = o->dir,
                           .resume = resume_of(o->resume),
                           .resume_file = o->resume,
                           .allow = o->allow,
                           .threads = o->threads,
                           .progress = o->progress ? o->progress : usual,
                           .trace = o->trace,
                           .force = o->force,
                           .dry_run = o->dry_run,
                           .argc = cli->argc,
                           .argv = (const char *const *)cli->argv};
  ls_train_result result;
  LS_TRY(check(o, &with));
  for (int i = 0; o->allow && o->allow[i]; i++)
    if (ls_config_has_key(cli->config, o->allow[i]) != LS_OK)
      return ls_fail_prefix(LS_ECONFIG, "--allow");
  LS_TRY(ls_train(cli->comm, cli->config, &with, &result));
  if (result.report) print_report(cli, result.report);
  if (!o->dry_run) ls_print(cli, result_json(&result), NULL);
  LS_FREE(result.dir);
  return LS_OK;
}

static const ls_option train_options[] = {
    LS_OPTION(options, dir, "output", 'o', "RUN", "run folder (default: output.dir of the config)"),
    LS_OPTION_OF(options, resume, LS_OPTION_MAYBE, "resume", 0, "auto|FILE",
                 "go on from the newest checkpoint; auto: or start; FILE: from this one"),
    LS_OPTION(options, allow, "allow", 0, "KEY",
              "this config key may differ from the checkpoint's; may be repeated"),
    {.name = "seed", .kind = LS_OPTION_KEY, .value = "N", .help = "same as seed=N"},
    LS_OPTION(options, threads, "threads", 0, "N", "threads a rank (default: its cores)"),
    LS_OPTION(options, limit, "time-limit", 0, "H:MM[:SS]",
              "write a checkpoint and exit 75 before this much time has passed"),
    LS_OPTION(options, progress, "progress", 0, "auto|bar|line|none", "how the run is shown"),
    LS_OPTION(options, trace, "trace", 0, "FILE", "write a Chrome trace of the first steps"),
    LS_OPTION(options, dry_run, "dry-run", 0, NULL,
              "check everything, show shapes, memory and steps, train nothing"),
    LS_OPTION(options, force, "force", 0, NULL,
              "replace lockstep's own files of an older run in RUN"),
    {0}};

const ls_command ls_command_train = {
    .name = "train",
    .help = "train the network that a config describes",
    .usage =
        "Usage: lockstep train CONFIG [KEY=VALUE...] [options]\n"
        "       mpirun -n N lockstep train CONFIG [KEY=VALUE...] [options]\n"
        "\nExamples:\n"
        "  lockstep train net.yaml                              # one process, into runs/net/1\n"
        "  mpirun -n 8 lockstep train net.yaml -o runs/a        # eight ranks, the same numbers\n"
        "  lockstep train net.yaml optimizer.lr=0.01 --seed 2   # change the config from the "
        "command line\n"
        "  lockstep train net.yaml -o runs/a --resume=auto      # go on where it was, or begin\n"
        "  lockstep train net.yaml --dry-run                    # check, show shapes and memory, "
        "do "
        "nothing\n",
    .parallel = true,
    .plugins = true,
    .first = ls_train_signals,
    .options = train_options,
    .size = sizeof(options),
    .verb = {{.run = run, .config = true}}};
