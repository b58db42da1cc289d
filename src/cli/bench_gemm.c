/* lockstep bench gemm: the matrix products of one training step alone, by BLAS and by lockstep's
 * kernels, in turn; and what an update moves between memory and processor. Products by BLAS plus
 * that traffic are the floor of a step on one core. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "cli/bench.h"
#include "io/json.h"
#include "model/reference.h"
#include "train/run.h"

enum { WIDTHS_MAX = 256 };

/* Widths of the dense layers: the W tensors' shapes. */
static int dense_widths(const ls_model *model, int64_t *width) {
  int count, layers = 0;
  const ls_tensor *tensor = ls_model_tensors(model, &count);
  for (int i = 0; i < count && layers < WIDTHS_MAX - 1; i++)
    if (tensor[i].name[0] == 'W') {
      width[layers++] = tensor[i].rows;
      width[layers] = tensor[i].cols;
    }
  return layers;
}

ls_status ls_bench_peak(ls_precision precision, double *flops) {
  enum { SIDE = 512, ROUNDS = 12 };
  ls_reference *r;
  LS_TRY(ls_reference_new((const int64_t[]){SIDE, SIDE, SIDE}, 2, SIDE, 1, precision, &r));
  double fastest = INFINITY;
  for (int i = 0; i < ROUNDS; i++) {
    const double start = ls_time();
    ls_reference_run_own(r, ls_gemm_choose(precision));
    fastest = fmin(fastest, ls_time() - start);
  }
  *flops = ls_reference_flops(r) / fastest;
  ls_reference_free(&r);
  return LS_OK;
}

/* ---- the update's traffic: the gradient is read, weights and slots are read and written, with one
 * addition for arithmetic ---- */

enum { CHUNK = 4096 }; /* of the gradient, which stays in the first-level cache */

typedef struct {
  int64_t n; /* float32 words of a vector of parameters */
  int vectors;
  float *g, *vector[1 + LS_SLOTS_MAX]; /* (n) each */
} traffic;

LS_CLONES static void add(float *x, const float *g, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] += g[i];
}

static void move(const traffic *t) {
  for (int64_t lo = 0; lo < t->n; lo += CHUNK)
    for (int v = 0; v < t->vectors; v++)
      add(t->vector[v] + lo, t->g + lo, t->n - lo < CHUNK ? t->n - lo : CHUNK);
}

static ls_status traffic_new(const ls_run *run, traffic *t) {
  const ls_optim_spec *optimizer = &run->config->optimizer;
  t->n = run->parameters * (int64_t)ls_real_size(run->config->precision) / (int64_t)sizeof *t->g;
  t->vectors = 1;
  for (unsigned used = ls_optim_slots(optimizer->ops, optimizer->hyper); used; used >>= 1)
    t->vectors += used & 1;
  LS_NEW(t->g, t->n);
  for (int v = 0; v < t->vectors; v++) LS_NEW(t->vector[v], t->n);
  return LS_OK;
}

static void traffic_free(traffic *t) {
  LS_FREE(t->g);
  for (int v = 0; v < t->vectors; v++) LS_FREE(t->vector[v]);
}

/* ---- in turn ---- */

enum { BLAS, BLAS_SLICES, OWN, TRAFFIC, KINDS };

typedef struct {
  ls_reference *whole, *sliced;
  const ls_gemm *gemm;
  traffic traffic;
} subjects;

static void work(const subjects *s, int kind) {
  if (kind == BLAS) ls_reference_run_blas(s->whole);
  if (kind == BLAS_SLICES) ls_reference_run_blas(s->sliced);
  if (kind == OWN) ls_reference_run_own(s->sliced, s->gemm);
  if (kind == TRAFFIC) move(&s->traffic);
}

/* Medians in seconds; the first round warms the caches. */
static ls_status measure(const subjects *s, int rounds, double median[KINDS]) {
  double *time;
  LS_NEW(time, KINDS * (int64_t)rounds);
  for (int i = -1; i < rounds; i++)
    for (int kind = 0; kind < KINDS; kind++) {
      double start = ls_time();
      work(s, kind);
      time[kind * rounds + (i < 0 ? 0 : i)] = ls_time() - start;
    }
  for (int kind = 0; kind < KINDS; kind++)
    median[kind] = ls_bench_median(time + kind * rounds, rounds);
  LS_FREE(time);
  return LS_OK;
}

static void row(ls_cli *cli, const char *name, double seconds, double flops, double batch) {
  ls_out(cli, "  %-44s %10.1f us %8.1f GFLOP/s %12.0f samples/s\n", name, seconds * 1e6,
         flops / seconds / 1e9, batch / seconds);
}

static void report(ls_cli *cli, const ls_run *run, const subjects *s, const double median[KINDS]) {
  double flops = ls_reference_flops(s->whole), batch = (double)run->batch,
         floor = median[BLAS] + median[TRAFFIC];
  double bytes = (double)s->traffic.n * (1 + 2 * s->traffic.vectors) * (double)sizeof(float),
         difference = ls_reference_difference(s->sliced);
  if (cli->json) {
    ls_out_json(
        cli, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "blas",
                       ls_reference_name(), "kernel", ls_model_kernel(), "flops", flops, "blas_us",
                       median[BLAS] * 1e6, "blas_slices_us", median[BLAS_SLICES] * 1e6, "own_us",
                       median[OWN] * 1e6, "blas_samples_per_s", batch / median[BLAS],
                       "own_samples_per_s", batch / median[OWN], "difference", difference,
                       "update_bytes", bytes, "update_us", median[TRAFFIC] * 1e6, "floor_us",
                       floor * 1e6, "floor_samples_per_s", batch / floor));
    return;
  }
  ls_out(cli, "matrix products of a step, %lld samples, %.3f GFLOP, one core, median\n",
         (long long)run->batch, flops / 1e9);
  row(cli, ls_reference_name(), median[BLAS], flops, batch);
  row(cli, "the same, slice by slice", median[BLAS_SLICES], flops, batch);
  char own[64];
  snprintf(own, sizeof own, "lockstep %s", ls_model_kernel());
  row(cli, own, median[OWN], flops, batch);
  ls_out(cli, "largest relative difference of a weight gradient: %.2g\n", difference);
  ls_out(cli,
         "the update's traffic, %.2f MB: %.1f us, %.1f GB/s; floor of a step: %.1f us, %.0f "
         "samples/s\n",
         bytes / 1e6, median[TRAFFIC] * 1e6, bytes / median[TRAFFIC] / 1e9, floor * 1e6,
         batch / floor);
}

static ls_status compare(ls_cli *cli, ls_run *run, int rounds, subjects *s) {
  int64_t width[WIDTHS_MAX];
  int layers = dense_widths(run->model, width);
  ls_precision precision = run->config->precision;
  double median[KINDS];
  s->gemm = ls_gemm_choose(precision);
  LS_TRY(ls_reference_new(width, layers, run->batch, 1, precision, &s->whole));
  LS_TRY(ls_reference_new(width, layers, run->batch, run->slices, precision, &s->sliced));
  LS_TRY(traffic_new(run, &s->traffic));
  LS_TRY(measure(s, rounds, median));
  report(cli, run, s, median);
  return LS_OK;
}

ls_status ls_bench_gemm(ls_cli *cli, ls_config *config, const ls_bench_options *o) {
  if (ls_comm_size(cli->comm) > 1)
    return ls_fail(LS_EUSAGE, "bench gemm measures one core; run it without mpirun");
  LS_TRY(ls_reference_open());
  ls_run *run = NULL;
  subjects s = {0};
  ls_status status = ls_run_new(cli->comm, config, 1, &run);
  if (status == LS_OK) status = compare(cli, run, o->steps, &s);
  ls_reference_free(&s.whole);
  ls_reference_free(&s.sliced);
  traffic_free(&s.traffic);
  ls_run_free(&run);
  return status;
}
