/* train.c - lockstep bench train: the training loop without evaluation, logging or checkpoints. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/weights.h"
#include "cli/bench/bench.h"
#include "train/mode.h"
#include "train/run.h"

/* Where the time of the measured steps went. */
typedef struct {
  double *step;            /* (steps) seconds */
  double *phase;           /* (LS_TIMES, steps) seconds of this rank */
  double median[LS_TIMES]; /* of the steps, mean over the ranks */
  double min[LS_TIMES], avg[LS_TIMES],
      max[LS_TIMES]; /* fractions of the whole time: smallest, mean and largest over the ranks */
  double peak;       /* flops a second of all threads of all ranks in large products */
} times;

static ls_status take_step(ls_run *run, bool goes_on) {
  uint32_t flags = 0;
  if (run->mode == &ls_mode_lbfgs) return run->mode->advance(run, NULL, &flags);
  return ls_run_step(run, false, goes_on, &flags);
}

static ls_status take_steps(ls_run *run, int count, times *t) {
  for (int i = 0; i < count; i++) {
    double start = ls_time(), before[LS_TIMES];
    memcpy(before, run->time, sizeof before);
    LS_TRY(take_step(run, i + 1 < count));
    t->step[i] = ls_time() - start;
    for (int k = 0; k < LS_TIMES; k++) t->phase[k * count + i] = run->time[k] - before[k];
  }
  return LS_OK;
}

typedef struct {
  double sum[LS_TIMES], median[LS_TIMES];
} phases;

static ls_status compare_ranks(const ls_run *run, int count, times *t) {
  int ranks = ls_comm_size(run->comm);
  phases mine, *all;
  LS_COMM_NEW(run->comm, all, ranks);
  for (int k = 0; k < LS_TIMES; k++) {
    mine.sum[k] = run->time[k];
    mine.median[k] = ls_bench_median(t->phase + k * count, count);
    t->min[k] = INFINITY;
  }
  ls_comm_allgather(run->comm, &mine, all, sizeof mine);
  for (int r = 0; r < ranks; r++) {
    double sum = 0;
    for (int k = 0; k < LS_TIMES; k++) sum += all[r].sum[k];
    for (int k = 0; k < LS_TIMES; k++) {
      double fraction = all[r].sum[k] / sum;
      t->min[k] = fmin(t->min[k], fraction);
      t->max[k] = fmax(t->max[k], fraction);
      t->avg[k] += fraction / ranks;
      t->median[k] += all[r].median[k] / ranks;
    }
  }
  LS_FREE(all);
  return LS_OK;
}

/* On all ranks at once: cores that work together are slower than one alone. */
static ls_status measure_peak(const ls_run *run, double *peak) {
  ls_comm_barrier(run->comm);
  LS_TRY(ls_comm_agree(run->comm, ls_bench_peak(run->config->precision, peak)));
  ls_comm_sum(run->comm, peak, 1);
  *peak *= ls_team_size(run->team);
  return LS_OK;
}

/* {"data": ..., "compute": ...} */
static json_t *by_phase(const double *value, double scale) {
  json_t *o = json_object();
  for (int k = 0; k < LS_TIMES; k++) ls_put(o, ls_time_names[k], value[k] * scale);
  return o;
}

/* For people: a row a phase. */
static json_t *phases_json(const times *t) {
  json_t *list = json_array();
  for (int k = 0; k < LS_TIMES; k++) {
    json_t *phase = ls_put_item(list);
    ls_put(phase, "name", ls_time_names[k]);
    ls_put(phase, "min", t->min[k]);
    ls_put(phase, "mean", t->avg[k]);
    ls_put(phase, "max", t->max[k]);
    ls_put(phase, "us", 1e6 * t->median[k]);
  }
  return list;
}

/* Bytes that a rank reads of what others have written: weights, sums of gradients, and the rows
 * that deferred gradients are made from. */
static int64_t received(const ls_run *run) {
  int64_t deferred;
  const int64_t rows = ls_model_gathered(run->model, &deferred), all = run->parameters,
                weights = (all - ls_exchange_own(run->exchange)) *
                          (int64_t)ls_dtype_size(run->config->precision),
                sums = ls_exchange_bytes(run->exchange) - weights;
  return deferred == 0 ? weights + sums : weights + sums / all * (all - deferred) + rows;
}

static const char look[] =
    "{samples_per_s:.0f} samples/s, {step_us:.1f} us a step (median; mean {step_us_mean:.1f}) on "
    "{ranks} ranks x {threads} threads\n"
    "{gflops:.1f} GFLOP/s, {peak_fraction*100:.0f}% of the {peak_gflops:.1f} that these threads "
    "reach in large products\n"
    "exchange {exchange}: {exchange_bytes} bytes received a step and rank; {slices} slices; "
    "kernels "
    "{kernel}\n"
    "share of the step      min    mean     max   median us\n"
    "{*_phases}  {name:-14} {min*100:7.1f}% {mean*100:6.1f}% {max*100:6.1f}% {us:11.2f}\n{/}"
    "weights {weights_hash}\n";

static json_t *answer_json(const ls_run *run, const times *t, double median, double mean) {
  char name[32], hash[48];
  double rate = (double)run->batch / median, flops = rate * ls_model_flops(run->model);
  json_t *o = json_object();
  ls_weights_hash(ls_exchange_weights(run->exchange), run->parameters, run->config->precision,
                  hash);
  ls_put(o, "samples_per_s", rate);
  ls_put(o, "step_us", median * 1e6);
  ls_put(o, "step_us_mean", mean * 1e6);
  ls_put(o, "ranks", ls_comm_size(run->comm));
  ls_put(o, "threads", ls_team_size(run->team));
  for (int k = 0; k < LS_TIMES; k++) {
    snprintf(name, sizeof name, "%s_share", ls_time_names[k]);
    ls_put(o, name, t->avg[k]);
  }
  ls_put(o, "share_min", by_phase(t->min, 1));
  ls_put(o, "share_max", by_phase(t->max, 1));
  ls_put(o, "phase_us", by_phase(t->median, 1e6));
  ls_put(o, "gflops", flops / 1e9);
  ls_put(o, "peak_gflops", t->peak / 1e9);
  ls_put(o, "peak_fraction", flops / t->peak);
  ls_put(o, "exchange", ls_exchange_kind(run->exchange));
  ls_put(o, "exchange_bytes", received(run));
  ls_put(o, "exchange_bands", ls_exchange_bands(run->exchange));
  ls_put(o, "slices", run->slices);
  ls_put(o, "kernel", ls_model_kernel(run->model));
  ls_put(o, "weights_hash", (const char *)hash);
  ls_put(o, "_phases", phases_json(t));
  return o;
}

static ls_status measure(ls_cli *cli, ls_run *run, const ls_bench_options *o) {
  times t = {0};
  double mean = 0;
  LS_COMM_NEW(cli->comm, t.step, o->steps);
  LS_COMM_NEW(cli->comm, t.phase, (int64_t)o->steps * LS_TIMES);
  ls_status status = LS_OK;
  for (int i = 0; i < o->warmup && status == LS_OK; i++) status = take_step(run, false);
  ls_comm_barrier(cli->comm);
  memset(run->time, 0, sizeof run->time);
  if (status == LS_OK) status = take_steps(run, o->steps, &t);
  for (int i = 0; i < o->steps; i++) mean += t.step[i] / o->steps;
  if (status == LS_OK) status = compare_ranks(run, o->steps, &t);
  if (status == LS_OK) status = measure_peak(run, &t.peak);
  if (status == LS_OK)
    ls_print(cli, answer_json(run, &t, ls_bench_median(t.step, o->steps), mean), look);
  LS_FREE(t.step);
  LS_FREE(t.phase);
  return status;
}

ls_status ls_bench_train(ls_cli *cli, const void *given) {
  const ls_bench_options *o = given;
  ls_run *run = NULL;
  LS_TRY(ls_bench_check(o));
  ls_status status = ls_run_new(cli->comm, cli->config, ls_mode_of(cli->config), o->threads, &run);
  if (status == LS_OK && run->mode->apart)
    status = ls_fail(LS_ECONFIG,
                     "bench train measures steps that all ranks make together; the "
                     "epoch events of a run with train.mode=%s have its samples_per_s",
                     run->mode->name);
  if (status == LS_OK) status = measure(cli, run, o);
  ls_run_free(&run);
  return status;
}
