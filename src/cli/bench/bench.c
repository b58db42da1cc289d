/* bench.c - lockstep bench: options, and what several benchmarks use. */
#include "cli/bench/bench.h"

#include <math.h>
#include <stdlib.h>

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

ls_status ls_bench_check(const ls_bench_options *o) {
  if (o->steps > 0 && o->repeat > 0) return LS_OK;
  return ls_fail(LS_EUSAGE, "bench: --steps and --repeat are at least 1");
}

#define OPTION(member, ...) LS_OPTION(ls_bench_options, member, __VA_ARGS__)
static const ls_option bench_options[] = {
    OPTION(steps, "steps", 0, "N", "measured steps or rounds (default 1000)"),
    OPTION(warmup, "warmup", 0, "W", "steps before them (default 100)"),
    OPTION(threads, "threads", 0, "N", "threads a rank (default: its cores)"),
    OPTION(ranks, "ranks", 0, "LIST", "scaling: numbers of ranks, as 1,2,4"),
    OPTION(mode, "mode", 0, "MODE",
           "scaling: strong (the config's batch) or weak (batch times ranks)"),
    OPTION(repeat, "repeat", 0, "N", "scaling: runs of each, taken in turn (default 3)"),
    OPTION(sizes, "sizes", 0, "LIST", "checkpoint: millions of parameters (default 1,10,100)"),
    OPTION(dir, "dir", 0, "DIR", "checkpoint: where to write (default: here)"),
    {0}};

const ls_command ls_command_bench = {
    .name = "bench",
    .help = "how fast training and its parts are here",
    .usage =
        "Usage: lockstep bench train|gemm|allreduce|scaling|checkpoint CONFIG [options]\n"
        "\nExamples:\n"
        "  lockstep bench train net.yaml --steps 2000 --warmup 200 --json\n"
        "  mpirun -n 4 lockstep bench allreduce net.yaml\n"
        "  lockstep bench scaling net.yaml --ranks 1,2,4 --mode strong\n",
    .parallel = true,
    .plugins = true,
    .options = bench_options,
    .size = sizeof(ls_bench_options),
    .defaults = &(const ls_bench_options){.steps = 1000,
                                          .warmup = 100,
                                          .repeat = 3,
                                          .mode = "strong",
                                          .ranks = "1,2",
                                          .sizes = "1,10,100",
                                          .dir = "."},
    .part = {{.name = "train", .run = ls_bench_train, .config = true},
             {.name = "gemm", .run = ls_bench_gemm, .config = true},
             {.name = "allreduce", .run = ls_bench_allreduce, .config = true},
             {.name = "scaling", .run = ls_bench_scaling, .config = true},
             {.name = "checkpoint", .run = ls_bench_checkpoint}}};
