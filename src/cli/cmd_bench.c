/* lockstep bench: options, which benchmark, and what several of them use. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double ls_bench_median(double *x, int64_t n) {
  if (n == 0) return NAN;
  qsort(x, (size_t)n, sizeof *x, by_value);
  return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

int ls_bench_list(const char *text, int most, int *list) {
  int count = 0;
  for (const char *at = text; *at;) {
    char *end;
    long n = strtol(at, &end, 10);
    if (end == at || n < 1 || n > 100000 || (*end && *end != ',') || count == most) return 0;
    list[count++] = (int)n;
    at = *end ? end + 1 : end;
  }
  return count;
}

static ls_status with_config(ls_cli *cli, const char **args, const ls_bench_options *o,
                             ls_status (*bench)(ls_cli *, ls_config *, const ls_bench_options *)) {
  ls_config *config = NULL;
  ls_status status = ls_cli_config_args(cli, args, &config);
  if (status == LS_OK) status = bench(cli, config, o);
  ls_config_free(&config);
  return status;
}

ls_status ls_cmd_bench(ls_cli *cli) {
  static const char *const words[] = {"train", "gemm", "allreduce", "scaling", "checkpoint", NULL};
  ls_bench_options o = {.steps = 1000,
                        .warmup = 100,
                        .repeat = 3,
                        .mode = "strong",
                        .ranks = "1,2",
                        .sizes = "1,10,100",
                        .dir = "."};
  struct poptOption table[] = {
      {"steps", 0, POPT_ARG_INT, &o.steps, 0, "measured steps or rounds (default 1000)", "N"},
      {"warmup", 0, POPT_ARG_INT, &o.warmup, 0, "steps before them (default 100)", "W"},
      {"threads", 0, POPT_ARG_INT, &o.threads, 0, "threads a rank (default: its cores)", "N"},
      {"ranks", 0, POPT_ARG_STRING, &o.ranks, 0, "scaling: numbers of ranks, as 1,2,4", "LIST"},
      {"mode", 0, POPT_ARG_STRING, &o.mode, 0,
       "scaling: strong (the config's batch) or weak (batch times ranks)", "MODE"},
      {"repeat", 0, POPT_ARG_INT, &o.repeat, 0, "scaling: runs of each, taken in turn (default 3)",
       "N"},
      {"sizes", 0, POPT_ARG_STRING, &o.sizes, 0,
       "checkpoint: millions of parameters (default 1,10,100)", "LIST"},
      {"dir", 0, POPT_ARG_STRING, &o.dir, 0, "checkpoint: where to write (default: here)", "DIR"},
      POPT_TABLEEND};
  const char **args;
  bool help;
  LS_TRY(ls_cli_parse(cli, ls_command_find("bench"), table, &args, &help));
  if (help) return LS_OK;
  if (o.steps < 1 || o.warmup < 0 || o.threads < 0 || o.repeat < 1)
    return ls_fail(LS_EUSAGE,
                   "bench: --steps and --repeat are at least 1, --warmup and --threads at least 0");
  const char *what = args[0] ? args[0] : "";
  if (strcmp(what, "train") == 0) return with_config(cli, args + 1, &o, ls_bench_train);
  if (strcmp(what, "allreduce") == 0) return with_config(cli, args + 1, &o, ls_bench_allreduce);
  if (strcmp(what, "gemm") == 0) return with_config(cli, args + 1, &o, ls_bench_gemm);
  if (strcmp(what, "scaling") == 0) return ls_bench_scaling(cli, args + 1, &o);
  if (strcmp(what, "checkpoint") == 0) return ls_bench_checkpoint(cli, &o);
  return ls_cli_unknown("bench", args[0], words);
}
