/* lockstep bench train and allreduce: the training loop without evaluation, logging or checkpoints; the exchange alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/bench.h"
#include "io/json.h"
#include "train/run.h"

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double ls_bench_median(double *x, int64_t n) {
  if (n == 0) return NAN;
  qsort(x, (size_t)n, sizeof *x, by_value);
  return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static ls_status take_steps(ls_run *run, int count, double *seconds) {
  for (int i = 0; i < count; i++) {
    uint32_t flags = 0;
    double start = ls_time();
    LS_TRY(ls_run_step(run, false, &flags));
    if (seconds) seconds[i] = ls_time() - start;
  }
  return LS_OK;
}

/* Shares of each kind of time in a rank's steps: smallest, mean and largest over the ranks. */
typedef struct {
  double min[LS_TIMES], avg[LS_TIMES], max[LS_TIMES];
} shares;

static ls_status gather_shares(const ls_run *run, shares *s) {
  int ranks = ls_comm_size(run->comm);
  double *all;
  LS_NEW(all, ranks * LS_TIMES);
  ls_comm_allgather(run->comm, run->time, all, sizeof run->time);
  for (int k = 0; k < LS_TIMES; k++) {
    s->min[k] = INFINITY;
    s->avg[k] = s->max[k] = 0;
    for (int r = 0; r < ranks; r++) {
      double sum = 0;
      for (int j = 0; j < LS_TIMES; j++) sum += all[r * LS_TIMES + j];
      double share = all[r * LS_TIMES + k] / sum;
      s->min[k] = fmin(s->min[k], share);
      s->max[k] = fmax(s->max[k], share);
      s->avg[k] += share / ranks;
    }
  }
  LS_FREE(all);
  return LS_OK;
}

static void report(ls_cli *cli, const ls_run *run, const shares *s, double median, double mean) {
  char hash[48], name[32];
  double rate = (double)run->batch / median, gflops = rate * ls_model_flops(run->model) / 1e9;
  ls_weights_hash(ls_exchange_weights(run->exchange), run->parameters, run->config->precision, hash);
  if (cli->json) {
    json_t *o = json_object();
    json_object_set_new(o, "samples_per_s", ls_json_real(rate));
    json_object_set_new(o, "step_us", ls_json_real(median * 1e6));
    json_object_set_new(o, "step_us_mean", ls_json_real(mean * 1e6));
    json_object_set_new(o, "ranks", json_integer(ls_comm_size(run->comm)));
    json_object_set_new(o, "threads", json_integer(ls_team_size(run->team)));
    for (int k = 0; k < LS_TIMES; k++) {
      snprintf(name, sizeof name, "%s_share", ls_time_names[k]);
      json_object_set_new(o, name, ls_json_real(s->avg[k]));
    }
    for (int k = 0; k < LS_TIMES; k++) {
      snprintf(name, sizeof name, "%s_share_range", ls_time_names[k]);
      json_object_set_new(o, name, json_pack("[f, f]", s->min[k], s->max[k]));
    }
    json_object_set_new(o, "gflops", ls_json_real(gflops));
    json_object_set_new(o, "exchange", json_string(ls_exchange_kind(run->exchange)));
    json_object_set_new(o, "exchange_bytes", json_integer(ls_exchange_bytes(run->exchange)));
    json_object_set_new(o, "slices", json_integer(run->slices));
    json_object_set_new(o, "kernel", json_string(ls_model_kernel()));
    json_object_set_new(o, "weights_hash", json_string(hash));
    ls_out_json(cli, o);
    return;
  }
  ls_out(cli, "%.0f samples/s, %.1f us a step (median; mean %.1f), %.1f GFLOP/s on %d ranks x %d threads\n", rate, median * 1e6, mean * 1e6,
         gflops, ls_comm_size(run->comm), ls_team_size(run->team));
  ls_out(cli, "exchange %s: %lld bytes received a step and rank; %d slices; kernels %s\n", ls_exchange_kind(run->exchange),
         (long long)ls_exchange_bytes(run->exchange), run->slices, ls_model_kernel());
  ls_out(cli, "share of the step      min    mean     max\n");
  for (int k = 0; k < LS_TIMES; k++)
    ls_out(cli, "  %-14s %7.1f%% %6.1f%% %6.1f%%\n", ls_time_names[k], 100 * s->min[k], 100 * s->avg[k], 100 * s->max[k]);
  ls_out(cli, "weights %s\n", hash);
}

static ls_status measure(ls_cli *cli, ls_run *run, const ls_bench_options *o) {
  double *seconds, mean = 0;
  shares s;
  LS_NEW(seconds, o->steps);
  ls_status status = take_steps(run, o->warmup, NULL);
  ls_comm_barrier(cli->comm);
  memset(run->time, 0, sizeof run->time);
  if (status == LS_OK) status = take_steps(run, o->steps, seconds);
  for (int i = 0; i < o->steps; i++) mean += seconds[i] / o->steps;
  if (status == LS_OK) status = gather_shares(run, &s);
  if (status == LS_OK) report(cli, run, &s, ls_bench_median(seconds, o->steps), mean);
  LS_FREE(seconds);
  return status;
}

ls_status ls_bench_train(ls_cli *cli, ls_config *config, const ls_bench_options *o) {
  ls_run *run = NULL;
  ls_status status = ls_run_new(cli->comm, config, o->threads, &run);
  if (status == LS_OK) status = measure(cli, run, o);
  ls_run_free(&run);
  return status;
}

/* ---- the exchange alone ---- */

static double time_exchange(ls_cli *cli, ls_exchange *x, char *scratch, double *seconds, int count) {
  int64_t lo, hi;
  ls_exchange_shard(x, &lo, &hi);
  for (int i = -5; i < count; i++) {
    ls_comm_barrier(cli->comm);
    double start = ls_time();
    ls_exchange_reduce(x, 0);
    if (hi > lo) {
      const void *g = ls_exchange_grad(x, lo, hi - lo, scratch);
      memcpy((float *)ls_exchange_weights(x) + lo, g, (size_t)(hi - lo) * sizeof(float));
    }
    ls_exchange_publish(x);
    if (i >= 0) seconds[i] = ls_time() - start;
  }
  return ls_bench_median(seconds, count);
}

/* For each kind of exchange: a gradient of the model's size summed, a copy as the update, new weights published. */
static ls_status compare_kinds(ls_cli *cli, const ls_model *model, int slices, int count) {
  static const char *const kinds[] = {"shared", "tree", "mpi"};
  int64_t n = ls_model_parameters(model);
  json_t *o = json_object();
  double *seconds;
  float *scratch;
  LS_NEW(seconds, count);
  LS_NEW(scratch, n);
  json_object_set_new(o, "parameters", json_integer(n));
  json_object_set_new(o, "ranks", json_integer(ls_comm_size(cli->comm)));
  if (!cli->json) ls_out(cli, "%lld parameters (%.2f MB), %d ranks\n", (long long)n, (double)n * 4e-6, ls_comm_size(cli->comm));
  ls_status status = LS_OK;
  for (int k = 0; k < 3; k++) {
    ls_exchange *x = NULL;
    status = ls_exchange_new(cli->comm, kinds[k], n, ls_update_block(n), slices, LS_F32, &x);
    if (status != LS_OK) {
      ls_exchange_free(&x);
      break;
    }
    double us = 1e6 * time_exchange(cli, x, (char *)scratch, seconds, count);
    json_object_set_new(o, kinds[k], json_pack("{s:f, s:I}", "us", us, "bytes", (json_int_t)ls_exchange_bytes(x)));
    if (!cli->json) ls_out(cli, "  %-7s %10.1f us  %8.2f MB received a rank\n", kinds[k], us, (double)ls_exchange_bytes(x) / 1e6);
    ls_exchange_free(&x);
  }
  if (cli->json && status == LS_OK)
    ls_out_json(cli, o);
  else
    json_decref(o);
  LS_FREE(seconds);
  LS_FREE(scratch);
  return status;
}

ls_status ls_bench_allreduce(ls_cli *cli, ls_config *config, const ls_bench_options *o) {
  ls_run *run = NULL;
  ls_status status = ls_run_new(cli->comm, config, o->threads, &run);
  if (status == LS_OK) status = compare_kinds(cli, run->model, run->slices, o->steps);
  ls_run_free(&run);
  return status;
}
