/* lockstep train: options, then the run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "io/json.h"
#include "train/train.h"

typedef struct {
  char *dir, *resume, *seed, *limit, *progress, *trace;
  const char **allow;
  int threads, dry_run, force;
} options;

/* H:MM or H:MM:SS; negative where it is neither. */
static double parse_limit(const char *text) {
  int h, m, s = 0, end = 0;
  if (sscanf(text, "%d:%2d:%2d%n", &h, &m, &s, &end) != 3) {
    s = 0;
    if (sscanf(text, "%d:%2d%n", &h, &m, &end) != 2) return -1;
  }
  if (text[end] != '\0' || h < 0 || m < 0 || m > 59 || s < 0 || s > 59) return -1;
  return 3600.0 * h + 60.0 * m + s;
}

static void set_resume(const options *o, ls_train_options *out) {
  if (!o->resume) return;
  if (*o->resume == '\0')
    out->resume = LS_RESUME_NEWEST;
  else
    out->resume = strcmp(o->resume, "auto") == 0 ? LS_RESUME_AUTO : LS_RESUME_FILE;
  out->resume_file = o->resume;
}

static ls_status check(const options *o, ls_train_options *out) {
  static const char *const styles[] = {"auto", "bar", "line", "none", NULL};
  int known = 0;
  for (int i = 0; styles[i]; i++) known |= strcmp(out->progress, styles[i]) == 0;
  if (!known)
    return ls_fail(LS_EUSAGE, "--progress %s: it is one of auto, bar, line, none", out->progress);
  if (o->limit && (out->time_limit = parse_limit(o->limit)) <= 0)
    return ls_fail(LS_EUSAGE, "--time-limit %s: write it as H:MM or H:MM:SS", o->limit);
  if (o->threads < 0 || o->threads > 1024)
    return ls_fail(LS_EUSAGE, "--threads %d: it is 1 to 1024", o->threads);
  return LS_OK;
}

/* --seed N is the override seed=N: one place where a seed is checked. */
static const char **with_seed(const char **args, const char *seed) {
  size_t n = 0;
  while (args[n]) n++;
  void *block;
  if (ls_mem_new(&block, n + 2, sizeof *args) != LS_OK) return NULL;
  const char **more = block;
  memcpy(more, args, n * sizeof *args);
  more[n] = seed;
  return more;
}

static void print_result(ls_cli *cli, const ls_train_result *r) {
  if (!cli->json) return;
  ls_out_json(
      cli,
      json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:s}", "run",
                r->dir ? r->dir : "", "global_step", (json_int_t)r->global_step, "parameters",
                (json_int_t)r->parameters, "loss", ls_json_real(r->loss), "accuracy",
                ls_json_real(r->accuracy), "test_loss", ls_json_real(r->test_loss), "test_accuracy",
                ls_json_real(r->test_accuracy), "weights_hash", r->weights_hash, "samples_per_s",
                ls_json_real(r->samples_per_s), "seconds", ls_json_real(r->seconds), "dead",
                (int)r->dead, "exit", r->exit ? r->exit : ""));
}

/* --dry-run */
static void print_plan(ls_cli *cli, json_t *plan) {
  const char *name;
  json_int_t rows, cols, n[6], shared, own, optimizer, activations;
  size_t i;
  json_t *tensor;
  if (cli->json) {
    ls_out_json(cli, plan);
    return;
  }
  ls_out(cli, "tensor                shape  parameters\n");
  json_array_foreach(json_object_get(plan, "tensors"), i, tensor) {
    json_unpack(tensor, "{s:s, s:[I, I]}", "name", &name, "shape", &rows, &cols);
    ls_out(cli, "%-12s %6lld x %-6lld %11lld\n", name, (long long)rows, (long long)cols,
           (long long)(rows * cols));
  }
  json_unpack(plan, "{s:I, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "parameters", n,
              "train_samples", n + 1, "batch", n + 2, "slices", n + 3, "steps_per_epoch", n + 4,
              "steps", n + 5, "memory", "node_shared", &shared, "rank", &own, "optimizer",
              &optimizer, "activations", &activations);
  ls_out(
      cli,
      "parameters %lld, samples %lld, batch %lld in %lld slices, %lld steps an epoch, %lld steps\n",
      (long long)n[0], (long long)n[1], (long long)n[2], (long long)n[3], (long long)n[4],
      (long long)n[5]);
  ls_out(cli,
         "memory: %.1f MB shared by a node's ranks (data, and what they exchange), %.1f MB a rank "
         "(optimizer %.1f, activations %.1f)\n",
         (double)shared / 1e6, (double)own / 1e6, (double)optimizer / 1e6,
         (double)activations / 1e6);
  json_decref(plan);
}

ls_status ls_cmd_train(ls_cli *cli) {
  options o = {0};
  struct poptOption table[] = {
      {"output", 'o', POPT_ARG_STRING, &o.dir, 0, "run folder (default: output.dir of the config)",
       "RUN"},
      {"resume", 0, POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, &o.resume, 0,
       "go on from a checkpoint: the newest (must exist), auto (or start), or FILE", "auto|FILE"},
      {"allow", 0, POPT_ARG_ARGV, &o.allow, 0,
       "this config key may differ from the checkpoint's; may be given again", "KEY"},
      {"seed", 0, POPT_ARG_STRING, &o.seed, 0, "same as seed=N", "N"},
      {"threads", 0, POPT_ARG_INT, &o.threads, 0, "threads a rank (default: its cores)", "N"},
      {"time-limit", 0, POPT_ARG_STRING, &o.limit, 0,
       "write a checkpoint and exit 75 before this much time has passed", "H:MM[:SS]"},
      {"progress", 0, POPT_ARG_STRING, &o.progress, 0, "auto, bar, line or none", "STYLE"},
      {"trace", 0, POPT_ARG_STRING, &o.trace, 0, "write a Chrome trace of the first steps", "FILE"},
      {"dry-run", 0, POPT_ARG_NONE, &o.dry_run, 0,
       "check everything, show shapes, memory and steps, train nothing", NULL},
      {"force", 0, POPT_ARG_NONE, &o.force, 0,
       "replace lockstep's own files of an older run in RUN", NULL},
      POPT_TABLEEND};
  const char **args;
  bool help;
  ls_train_signals();
  LS_TRY(ls_cli_parse(cli, ls_command_find("train"), table, &args, &help));
  if (help) return LS_OK;
  const char *progress = cli->verbosity < 0 ? "none" : "auto";
  ls_train_options run = {.dir = o.dir,
                          .allow = o.allow,
                          .threads = o.threads,
                          .progress = o.progress ? o.progress : progress,
                          .trace = o.trace,
                          .force = o.force,
                          .dry_run = o.dry_run,
                          .argc = cli->argc,
                          .argv = cli->argv};
  set_resume(&o, &run);
  LS_TRY(check(&o, &run));
  char *seed = o.seed ? ls_mem_format("seed=%s", o.seed) : NULL;
  const char **all = with_seed(args, seed);
  LS_TRY(ls_comm_agree(cli->comm, all ? LS_OK : LS_FAIL));
  ls_config *config = NULL;
  ls_train_result result;
  ls_status status = ls_cli_config_args(cli, all, &config);
  if (status == LS_OK) {
    status = ls_train(cli->comm, config, &run, &result);
    if (status == LS_OK && result.plan) print_plan(cli, result.plan);
    if (status == LS_OK && !o.dry_run) print_result(cli, &result);
    LS_FREE(result.dir);
  }
  ls_config_free(&config);
  LS_FREE(all);
  LS_FREE(seed);
  return status;
}
