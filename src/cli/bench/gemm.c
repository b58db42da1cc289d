/* gemm.c - lockstep bench gemm: the matrix products of one training step alone, by BLAS, by
 * lockstep's kernels and by oneDNN, in turn; and what an update moves between memory and processor.
 * Products by BLAS plus that traffic are the floor of a step on one core. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "cli/bench/bench.h"
#include "cli/bench/onednn.h"
#include "cli/bench/reference.h"
#include "model/blas.h"
#include "train/mode.h"

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

ls_status ls_bench_peak(ls_dtype precision, double *flops) {
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
  t->n = run->parameters * (int64_t)ls_dtype_size(run->config->precision) / (int64_t)sizeof *t->g;
  t->vectors = 1 + ls_optim_slot_count(optimizer->ops, optimizer->hyper);
  LS_NEW(t->g, t->n);
  for (int v = 0; v < t->vectors; v++) LS_NEW(t->vector[v], t->n);
  return LS_OK;
}

static void traffic_free(traffic *t) {
  LS_FREE(t->g);
  for (int v = 0; v < t->vectors; v++) LS_FREE(t->vector[v]);
}

/* ---- in turn ---- */

enum { BLAS, BLAS_SLICES, OWN, ONEDNN, TRAFFIC, KINDS };

typedef struct {
  ls_reference *whole, *sliced;
  const ls_gemm *gemm;
  const char *onednn; /* its name, or NULL: there is none for these */
  traffic traffic;
} subjects;

static void work(const subjects *s, int kind) {
  if (kind == BLAS) ls_reference_run(s->whole, ls_blas_product);
  if (kind == BLAS_SLICES) ls_reference_run(s->sliced, ls_blas_product);
  if (kind == OWN) ls_reference_run_own(s->sliced, s->gemm);
  if (kind == ONEDNN && s->onednn) ls_reference_run(s->whole, ls_onednn_product);
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

#define ROW(name, us, rate) \
  "  {" name ":-44} {" us ":10.1f} us {_" us ":8.1f} GFLOP/s {" rate ":12.0f} samples/s\n"
static const char look[] =
    "matrix products of a step, {_batch} samples, {flops*1e-9:.3f} GFLOP, one core, median\n"
    ROW("blas", "blas_us", "blas_samples_per_s")
    ROW("_slices", "blas_slices_us", "_slices_samples_per_s")
    ROW("_own", "own_us", "own_samples_per_s")
    "{?onednn}" ROW("onednn", "onednn_us", "onednn_samples_per_s") "{/}"
    "largest relative difference of a weight gradient: {difference:.2g}\n"
    "the update's traffic, {update_bytes*1e-6:.2f} MB: {update_us:.1f} us, {_gb_per_s:.1f} GB/s; "
    "floor of a step: {floor_us:.1f} us, {floor_samples_per_s:.0f} samples/s\n";

static json_t *answer_json(const ls_run *run, const subjects *s, const double median[KINDS]) {
  double flops = ls_reference_flops(s->whole), batch = (double)run->batch,
         floor = median[BLAS] + median[TRAFFIC];
  double bytes = (double)s->traffic.n * (1 + 2 * s->traffic.vectors) * (double)sizeof(float);
  json_t *o = json_object();
  ls_put(o, "blas", ls_blas_name());
  ls_put(o, "kernel", s->gemm->name);
  ls_put(o, "flops", flops);
  ls_put(o, "blas_us", median[BLAS] * 1e6);
  ls_put(o, "blas_slices_us", median[BLAS_SLICES] * 1e6);
  ls_put(o, "own_us", median[OWN] * 1e6);
  ls_put(o, "blas_samples_per_s", batch / median[BLAS]);
  ls_put(o, "own_samples_per_s", batch / median[OWN]);
  ls_put(o, "difference", ls_reference_difference(s->sliced));
  ls_put(o, "update_bytes", bytes);
  ls_put(o, "update_us", median[TRAFFIC] * 1e6);
  ls_put(o, "floor_us", floor * 1e6);
  ls_put(o, "floor_samples_per_s", batch / floor);
  if (s->onednn) {
    ls_put(o, "onednn", s->onednn);
    ls_put(o, "onednn_us", median[ONEDNN] * 1e6);
    ls_put(o, "onednn_samples_per_s", batch / median[ONEDNN]);
    ls_put(o, "_onednn_us", flops / median[ONEDNN] / 1e9);
  }
  char *own = ls_mem_format("lockstep %s", s->gemm->name);
  ls_put(o, "_own", own);
  LS_FREE(own);
  ls_put(o, "_slices", "the same, slice by slice");
  ls_put(o, "_batch", run->batch);
  ls_put(o, "_slices_samples_per_s", batch / median[BLAS_SLICES]);
  ls_put(o, "_blas_us", flops / median[BLAS] / 1e9);
  ls_put(o, "_blas_slices_us", flops / median[BLAS_SLICES] / 1e9);
  ls_put(o, "_own_us", flops / median[OWN] / 1e9);
  ls_put(o, "_gb_per_s", bytes / median[TRAFFIC] / 1e9);
  return o;
}

static ls_status compare(ls_cli *cli, ls_run *run, int rounds, subjects *s) {
  int64_t width[WIDTHS_MAX];
  int layers = dense_widths(run->model, width);
  ls_dtype precision = run->config->precision;
  double median[KINDS];
  s->gemm = ls_gemm_choose(precision);
  if (precision == LS_F32) s->onednn = ls_onednn_open();
  LS_TRY(ls_reference_new(width, layers, run->batch, 1, precision, &s->whole));
  LS_TRY(ls_reference_new(width, layers, run->batch, run->slices, precision, &s->sliced));
  LS_TRY(traffic_new(run, &s->traffic));
  LS_TRY(measure(s, rounds, median));
  ls_print(cli, answer_json(run, s, median), look);
  return LS_OK;
}

ls_status ls_bench_gemm(ls_cli *cli, const void *given) {
  const ls_bench_options *o = given;
  LS_TRY(ls_bench_check(o));
  if (ls_comm_size(cli->comm) > 1)
    return ls_fail(LS_EUSAGE, "bench gemm measures one core; run it without mpirun");
  LS_TRY(ls_blas_open());
  ls_run *run = NULL;
  subjects s = {0};
  ls_status status = ls_run_new(cli->comm, cli->config, &ls_mode_synchronous, 1, &run);
  if (status == LS_OK) status = compare(cli, run, o->steps, &s);
  ls_reference_free(&s.whole);
  ls_reference_free(&s.sliced);
  traffic_free(&s.traffic);
  ls_run_free(&run);
  return status;
}
