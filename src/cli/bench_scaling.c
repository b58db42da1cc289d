/* lockstep bench scaling: `bench train` again and again under mpirun, the numbers of ranks taken in
 * turn so that a slow minute of the machine hits all of them alike. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/bench.h"
#include "io/json.h"
#include "io/program.h"

enum { COUNTS_MAX = 32, REPEAT_MAX = 101 };

typedef struct {
  int ranks;
  double rate[REPEAT_MAX]; /* samples/s of each run */
  double median, spread;   /* (largest - smallest) / median */
} point;

/* The weak mode's batch is the config's times the ranks. args: CONFIG KEY=VALUE... */
static ls_status base_batch(const char **args, long long *batch) {
  const char *config_file = args[0];
  char *text;
  size_t bytes;
  int overrides = 0;
  while (args[1 + overrides]) overrides++;
  LS_TRY(ls_mem_new((void **)&text, 1 << 20, 1));
  FILE *file = fopen(config_file, "r");
  if (!file) {
    LS_FREE(text);
    return ls_fail(LS_ECONFIG, "%s: %s", config_file, strerror(errno));
  }
  bytes = fread(text, 1, (1 << 20) - 1, file);
  fclose(file);
  ls_config *config = NULL;
  ls_status status = ls_config_parse_and_load(config_file, text, bytes, (char *const *)(args + 1),
                                              overrides, &config);
  if (status == LS_OK) *batch = (long long)config->batch;
  ls_config_free(&config);
  LS_FREE(text);
  return status;
}

enum { WORDS_MAX = 64, WORD = 32 };

/* argv (WORDS_MAX + words of args) of one run; number (5, WORD) is room for its numbers. */
static void compose(const char **argv, const char *self, const char **args,
                    const ls_bench_options *o, int ranks, long long batch, char number[][WORD]) {
  static const char *const launch[] = {"mpirun", "--oversubscribe", "--bind-to", "none", "-n"},
                           *const bench[] = {"bench", "train"};
  snprintf(number[0], WORD, "%d", ranks);
  snprintf(number[1], WORD, "%d", o->steps);
  snprintf(number[2], WORD, "%d", o->warmup);
  snprintf(number[3], WORD, "%d", o->threads ? o->threads : 1);
  snprintf(number[4], WORD, "train.batch=%lld", batch * ranks);
  for (size_t i = 0; i < sizeof launch / sizeof *launch; i++) *argv++ = launch[i];
  *argv++ = number[0];
  *argv++ = self;
  for (size_t i = 0; i < sizeof bench / sizeof *bench; i++) *argv++ = bench[i];
  for (int i = 0; args[i]; i++) *argv++ = args[i];
  if (batch > 0) *argv++ = number[4];
  const char *const options[] = {"--steps",   number[1], "--warmup", number[2],
                                 "--threads", number[3], "--json",   NULL};
  memcpy(argv, options, sizeof options);
}

static double take_rate(const char *output, size_t bytes) {
  json_t *object = output ? json_loadb(output, bytes, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
  double rate = json_number_value(json_object_get(object, "samples_per_s"));
  json_decref(object);
  return rate;
}

static ls_status run_once(const char **args, const ls_bench_options *o, int ranks, long long batch,
                          double *rate) {
  char self[4096] = "", number[5][WORD], *output;
  const char **argv;
  size_t words = 0, bytes;
  int how;
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
    return ls_fail(LS_FAIL, "can't find my own program: %s", strerror(errno));
  while (args[words]) words++;
  LS_NEW(argv, WORDS_MAX + words);
  compose(argv, self, args, o, ranks, batch, number);
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  int error = ls_program_run(argv, -1, -1, &output, &bytes, &how);
  LS_FREE(argv);
  *rate = take_rate(output, bytes);
  free(output);
  if (error) return ls_fail(LS_FAIL, "can't start mpirun: %s", strerror(error));
  if (how == 0 && *rate > 0) return LS_OK;
  int code = WIFEXITED(how) ? WEXITSTATUS(how) : 0;
  return ls_fail(code ? (ls_status)code : LS_FAIL, "bench train on %d ranks failed (see above)",
                 ranks);
}

static void summarize(point *p, int repeat) {
  double sorted[REPEAT_MAX];
  memcpy(sorted, p->rate, sizeof sorted);
  p->median = ls_bench_median(sorted, repeat);
  p->spread = (sorted[repeat - 1] - sorted[0]) / p->median;
}

static void report(ls_cli *cli, const point *p, int count, const char *mode, int repeat) {
  int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  json_t *list = json_array();
  if (!cli->json)
    ls_out(
        cli,
        "%s scaling, %d runs each, %d cores\nranks     samples/s  spread  speed-up  efficiency\n",
        mode, repeat, cores);
  for (int i = 0; i < count; i++) {
    double speedup = p[i].median / p[0].median, efficiency = speedup * p[0].ranks / p[i].ranks;
    bool over = p[i].ranks > cores;
    json_array_append_new(
        list, json_pack("{s:i, s:f, s:f, s:f, s:o, s:b}", "ranks", p[i].ranks, "samples_per_s",
                        p[i].median, "spread", p[i].spread, "speedup", speedup, "efficiency",
                        over ? json_null() : json_real(efficiency), "oversubscribed", (int)over));
    if (cli->json) continue;
    if (over)
      ls_out(cli, "%5d %13.0f %6.1f%%  %7.2fx  more ranks than cores: not scaling\n", p[i].ranks,
             p[i].median, 100 * p[i].spread, speedup);
    else
      ls_out(cli, "%5d %13.0f %6.1f%%  %7.2fx  %9.2f\n", p[i].ranks, p[i].median, 100 * p[i].spread,
             speedup, efficiency);
  }
  json_t *o = json_pack("{s:s, s:i, s:i, s:o}", "mode", mode, "cores", cores, "repeat", repeat,
                        "points", list);
  if (cli->json)
    ls_out_json(cli, o);
  else
    json_decref(o);
}

ls_status ls_bench_scaling(ls_cli *cli, const char **args, const ls_bench_options *o) {
  point p[COUNTS_MAX] = {0};
  int count, ranks[COUNTS_MAX];
  long long batch = 0;
  bool weak = strcmp(o->mode, "weak") == 0;
  if (ls_comm_launched())
    return ls_fail(LS_EUSAGE, "bench scaling starts mpirun itself; run it without mpirun");
  if (!args[0]) return ls_fail(LS_EUSAGE, "bench scaling: which config?");
  if (!weak && strcmp(o->mode, "strong") != 0)
    return ls_fail(LS_EUSAGE, "--mode %s: it is strong or weak", o->mode);
  if (o->repeat > REPEAT_MAX)
    return ls_fail(LS_EUSAGE, "--repeat %d: at most %d", o->repeat, REPEAT_MAX);
  count = ls_bench_list(o->ranks, COUNTS_MAX, ranks);
  if (count == 0) return ls_fail(LS_EUSAGE, "--ranks %s: write it as 1,2,4", o->ranks);
  for (int i = 0; i < count; i++) p[i].ranks = ranks[i];
  if (weak) LS_TRY(base_batch(args, &batch));
  if (weak && batch == 0)
    return ls_fail(LS_ECONFIG, "weak scaling needs a train.batch in numbers, not full");
  for (int r = 0; r < o->repeat; r++)
    for (int i = 0; i < count; i++) LS_TRY(run_once(args, o, p[i].ranks, batch, &p[i].rate[r]));
  for (int i = 0; i < count; i++) summarize(&p[i], o->repeat);
  report(cli, p, count, o->mode, o->repeat);
  return LS_OK;
}
