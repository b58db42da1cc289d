/* lockstep bench train: the training loop without evaluation, logging or checkpoints. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/weights.h"
#include "cli/bench.h"
#include "io/json.h"
#include "train/run.h"

/* Where the time of the measured steps went. */
typedef struct {
  double *step;            /* (steps) seconds */
  double *phase;           /* (LS_TIMES, steps) seconds of this rank */
  double median[LS_TIMES]; /* of the steps, mean over the ranks */
  double min[LS_TIMES], avg[LS_TIMES],
      max[LS_TIMES]; /* shares of the whole time: smallest, mean and largest over the ranks */
  double peak;       /* flops a second of all threads of all ranks in large products */
} times;

static ls_status take_step(ls_run *run) {
  uint32_t flags = 0;
  return ls_run_step(run, false, &flags);
}

static ls_status take_steps(ls_run *run, int count, times *t) {
  for (int i = 0; i < count; i++) {
    double start = ls_time(), before[LS_TIMES];
    memcpy(before, run->time, sizeof before);
    LS_TRY(take_step(run));
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
      double share = all[r].sum[k] / sum;
      t->min[k] = fmin(t->min[k], share);
      t->max[k] = fmax(t->max[k], share);
      t->avg[k] += share / ranks;
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
  for (int k = 0; k < LS_TIMES; k++)
    json_object_set_new(o, ls_time_names[k], ls_json_real(value[k] * scale));
  return o;
}

static json_t *report_json(const ls_run *run, const times *t, double median, double mean,
                           const char *hash) {
  char name[32];
  double rate = (double)run->batch / median;
  json_t *o = json_object();
  json_object_set_new(o, "samples_per_s", ls_json_real(rate));
  json_object_set_new(o, "step_us", ls_json_real(median * 1e6));
  json_object_set_new(o, "step_us_mean", ls_json_real(mean * 1e6));
  json_object_set_new(o, "ranks", json_integer(ls_comm_size(run->comm)));
  json_object_set_new(o, "threads", json_integer(ls_team_size(run->team)));
  for (int k = 0; k < LS_TIMES; k++) {
    snprintf(name, sizeof name, "%s_share", ls_time_names[k]);
    json_object_set_new(o, name, ls_json_real(t->avg[k]));
  }
  json_object_set_new(o, "share_min", by_phase(t->min, 1));
  json_object_set_new(o, "share_max", by_phase(t->max, 1));
  json_object_set_new(o, "phase_us", by_phase(t->median, 1e6));
  json_object_set_new(o, "gflops", ls_json_real(rate * ls_model_flops(run->model) / 1e9));
  json_object_set_new(o, "peak_gflops", ls_json_real(t->peak / 1e9));
  json_object_set_new(o, "peak_fraction",
                      ls_json_real(rate * ls_model_flops(run->model) / t->peak));
  json_object_set_new(o, "exchange", json_string(ls_exchange_kind(run->exchange)));
  json_object_set_new(o, "exchange_bytes", json_integer(ls_exchange_bytes(run->exchange)));
  json_object_set_new(o, "slices", json_integer(run->slices));
  json_object_set_new(o, "kernel", json_string(ls_model_kernel()));
  json_object_set_new(o, "weights_hash", json_string(hash));
  return o;
}

static void report(ls_cli *cli, const ls_run *run, const times *t, double median, double mean) {
  char hash[48];
  double rate = (double)run->batch / median;
  ls_weights_hash(ls_exchange_weights(run->exchange), run->parameters, run->config->precision,
                  hash);
  if (cli->json) {
    ls_out_json(cli, report_json(run, t, median, mean, hash));
    return;
  }
  const double flops = rate * ls_model_flops(run->model);
  ls_out(cli, "%.0f samples/s, %.1f us a step (median; mean %.1f) on %d ranks x %d threads\n", rate,
         median * 1e6, mean * 1e6, ls_comm_size(run->comm), ls_team_size(run->team));
  ls_out(cli, "%.1f GFLOP/s, %.0f%% of the %.1f that these threads reach in large products\n",
         flops / 1e9, 100 * flops / t->peak, t->peak / 1e9);
  ls_out(cli, "exchange %s: %lld bytes received a step and rank; %d slices; kernels %s\n",
         ls_exchange_kind(run->exchange), (long long)ls_exchange_bytes(run->exchange), run->slices,
         ls_model_kernel());
  ls_out(cli, "share of the step      min    mean     max   median us\n");
  for (int k = 0; k < LS_TIMES; k++)
    ls_out(cli, "  %-14s %7.1f%% %6.1f%% %6.1f%% %11.2f\n", ls_time_names[k], 100 * t->min[k],
           100 * t->avg[k], 100 * t->max[k], 1e6 * t->median[k]);
  ls_out(cli, "weights %s\n", hash);
}

static ls_status measure(ls_cli *cli, ls_run *run, const ls_bench_options *o) {
  times t = {0};
  double mean = 0;
  LS_COMM_NEW(cli->comm, t.step, o->steps);
  LS_COMM_NEW(cli->comm, t.phase, (int64_t)o->steps * LS_TIMES);
  ls_status status = LS_OK;
  for (int i = 0; i < o->warmup && status == LS_OK; i++) status = take_step(run);
  ls_comm_barrier(cli->comm);
  memset(run->time, 0, sizeof run->time);
  if (status == LS_OK) status = take_steps(run, o->steps, &t);
  for (int i = 0; i < o->steps; i++) mean += t.step[i] / o->steps;
  if (status == LS_OK) status = compare_ranks(run, o->steps, &t);
  if (status == LS_OK) status = measure_peak(run, &t.peak);
  if (status == LS_OK) report(cli, run, &t, ls_bench_median(t.step, o->steps), mean);
  LS_FREE(t.step);
  LS_FREE(t.phase);
  return status;
}

ls_status ls_bench_train(ls_cli *cli, ls_config *config, const ls_bench_options *o) {
  ls_run *run = NULL;
  ls_status status = ls_run_new(cli->comm, config, o->threads, &run);
  if (status == LS_OK) status = measure(cli, run, o);
  ls_run_free(&run);
  return status;
}
