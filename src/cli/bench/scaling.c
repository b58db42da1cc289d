/* scaling.c - lockstep bench scaling: `bench train` again and again under mpirun, the numbers of
 * ranks taken in turn so that a slow minute of the machine hits all of them alike. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/texts.h"
#include "cli/bench/bench.h"
#include "io/program.h"

enum { COUNTS_MAX = 32, REPEAT_MAX = 101, LAUNCHER_WORDS = 64 };

static const char usual_launcher[] = "mpirun --oversubscribe --bind-to none -n";

typedef struct {
  int ranks;
  double rate[REPEAT_MAX]; /* samples/s of each run */
  double median, spread;   /* (largest - smallest) / median */
} timing;

/* The words of a text, which stand between blanks. */
static ls_status add_words(const char *text, ls_texts *argv) {
  for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
    const int length = (int)strcspn(text, " ");
    LS_TRY(ls_texts_add(argv, ls_mem_format("%.*s", length, text)));
    text += length;
  }
  return LS_OK;
}

static ls_status add_launcher(const char *launcher, ls_texts *argv) {
  LS_TRY(add_words(launcher, argv));
  if (argv->count > 0 && argv->count <= LAUNCHER_WORDS) return LS_OK;
  return ls_fail(LS_EUSAGE,
                 "--launcher '%s': it is a command of up to %d words, behind which the number of "
                 "ranks stands",
                 launcher, LAUNCHER_WORDS);
}

/* `bench train` of this program on so many ranks; batch 0: the config's. */
static ls_status list_words(const ls_cli *cli, const ls_bench_options *o, int ranks, int64_t batch,
                            ls_texts *argv) {
  char self[4096] = "";
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
    return ls_fail(LS_FAIL, "cannot find my own program: %s", strerror(errno));
  LS_TRY(add_launcher(o->launcher ? o->launcher : usual_launcher, argv));
  LS_TRY(ls_texts_add(argv, ls_mem_format("%d", ranks)));
  LS_TRY(ls_texts_add(argv, ls_mem_text(self)));
  char *options = ls_mem_format("bench train --json --steps %d --warmup %d --threads %d", o->steps,
                                o->warmup, ls_bench_threads(o));
  ls_status status = add_words(options, argv);
  LS_FREE(options);
  for (int i = 0; status == LS_OK && cli->args[i]; i++)
    status = ls_texts_add(argv, ls_mem_text(cli->args[i]));
  if (status == LS_OK && batch > 0)
    status = ls_texts_add(argv, ls_mem_format("train.batch=%jd", batch));
  return status;
}

static ls_status start(const ls_texts *argv, int ranks, double *rate) {
  char *output;
  size_t bytes;
  int how;
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  const int error = ls_program_run((const char *const *)argv->text, -1, -1, &output, &bytes, &how);
  json_t *answer = output ? json_loadb(output, bytes, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
  *rate = json_number_value(json_object_get(answer, "samples_per_s"));
  json_decref(answer);
  free(output);
  if (error) return ls_fail(LS_FAIL, "cannot start the launcher: %s", strerror(error));
  if (how == 0 && *rate > 0) return LS_OK;
  const int code = WIFEXITED(how) ? WEXITSTATUS(how) : 0;
  return ls_fail(code ? (ls_status)code : LS_FAIL, "bench train on %d ranks failed (see above)",
                 ranks);
}

static ls_status run_once(const ls_cli *cli, const ls_bench_options *o, int ranks, int64_t batch,
                          double *rate) {
  ls_texts argv = {0};
  ls_status status = list_words(cli, o, ranks, batch, &argv);
  if (status == LS_OK) status = start(&argv, ranks, rate);
  ls_texts_free(&argv);
  return status;
}

static void summarize(timing *p, int repeat) {
  double sorted[REPEAT_MAX];
  memcpy(sorted, p->rate, sizeof sorted);
  p->median = ls_bench_median(sorted, repeat);
  p->spread = (sorted[repeat - 1] - sorted[0]) / p->median;
}

static const char look[] =
    "{mode} scaling, {repeat} runs each, {cores} cores\n"
    "ranks     samples/s  spread  speed-up  efficiency\n"
    "{*points}{ranks:5} {samples_per_s:13.0f} {spread*100:6.1f}%  {speedup:7.2f}x  "
    "{?oversubscribed}more ranks than cores: not scaling{|}{efficiency:9.2f}{/}\n{/}";

static json_t *answer_json(const timing *p, int count, int cores, const ls_bench_options *o) {
  json_t *answer = json_object(), *list = json_array();
  for (int i = 0; i < count; i++) {
    double speedup = p[i].median / p[0].median, efficiency = speedup * p[0].ranks / p[i].ranks;
    bool over = !o->launcher && p[i].ranks > cores; /* of another's hosts nothing is known here */
    json_t *item = ls_put_item(list);
    ls_put(item, "ranks", p[i].ranks);
    ls_put(item, "samples_per_s", p[i].median);
    ls_put(item, "spread", p[i].spread);
    ls_put(item, "speedup", speedup);
    ls_put(item, "efficiency", over ? json_null() : json_real(efficiency));
    ls_put_bool(item, "oversubscribed", over);
  }
  ls_put(answer, "mode", o->scaling);
  ls_put(answer, "cores", cores);
  ls_put(answer, "repeat", o->repeat);
  ls_put(answer, "points", list);
  return answer;
}

ls_status ls_bench_scaling(ls_cli *cli, const void *given) {
  const ls_bench_options *o = given;
  timing p[COUNTS_MAX] = {0};
  int ranks[COUNTS_MAX], count = ls_bench_list(o->ranks, COUNTS_MAX, ranks);
  bool weak;
  LS_TRY(ls_bench_check(o));
  LS_TRY(ls_bench_weak(o, &weak));
  const int64_t batch = weak ? cli->config->batch : 0;
  if (ls_comm_launched())
    return ls_fail(LS_EUSAGE, "bench scaling starts mpirun itself; run it without mpirun");
  if (o->repeat > REPEAT_MAX)
    return ls_fail(LS_EUSAGE, "--repeat %d: at most %d", o->repeat, REPEAT_MAX);
  if (count == 0) return ls_fail(LS_EUSAGE, "--ranks %s: write it as 1,2,4", o->ranks);
  if (weak && batch == 0)
    return ls_fail(LS_ECONFIG, "weak scaling needs a train.batch in numbers, not full");
  for (int i = 0; i < count; i++) p[i].ranks = ranks[i];
  for (int r = 0; r < o->repeat; r++)
    for (int i = 0; i < count; i++)
      LS_TRY(run_once(cli, o, p[i].ranks, batch * p[i].ranks, &p[i].rate[r]));
  for (int i = 0; i < count; i++) summarize(&p[i], o->repeat);
  ls_print(cli, answer_json(p, count, ls_comm_node_cores(cli->comm), o), look);
  return LS_OK;
}
