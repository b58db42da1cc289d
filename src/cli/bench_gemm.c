/* lockstep bench gemm: the matrix products of one training step alone, by BLAS and by lockstep's kernels, in turn. */
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

static void report(ls_cli *cli, const ls_run *run, const ls_reference *plain, double whole_blas, double blas, double own,
                   double difference) {
  double flops = ls_reference_flops(plain), batch = (double)run->batch;
  if (cli->json) {
    ls_out_json(cli, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "blas", ls_reference_name(), "kernel", ls_model_kernel(),
                               "flops", flops, "blas_us", whole_blas * 1e6, "blas_slices_us", blas * 1e6, "own_us", own * 1e6,
                               "blas_samples_per_s", batch / whole_blas, "own_samples_per_s", batch / own, "difference", difference));
    return;
  }
  ls_out(cli, "matrix products of a step, %lld samples, %.3f GFLOP, one core, median\n", (long long)run->batch, flops / 1e9);
  ls_out(cli, "  %-44s %10.1f us %8.1f GFLOP/s %12.0f samples/s\n", ls_reference_name(), whole_blas * 1e6, flops / whole_blas / 1e9,
         batch / whole_blas);
  ls_out(cli, "  %-44s %10.1f us %8.1f GFLOP/s %12.0f samples/s\n", "the same, slice by slice", blas * 1e6, flops / blas / 1e9,
         batch / blas);
  ls_out(cli, "  lockstep %-35s %10.1f us %8.1f GFLOP/s %12.0f samples/s\n", ls_model_kernel(), own * 1e6, flops / own / 1e9, batch / own);
  ls_out(cli, "largest relative difference of a weight gradient: %.2g\n", difference);
}

static ls_status compare(ls_cli *cli, ls_run *run, int rounds) {
  int64_t width[WIDTHS_MAX];
  int layers = dense_widths(run->model, width);
  ls_precision precision = run->config->precision;
  ls_reference *whole = NULL, *sliced = NULL;
  double *time;
  LS_NEW(time, 3 * rounds);
  ls_status status = ls_reference_new(width, layers, run->batch, 1, precision, &whole);
  if (status == LS_OK) status = ls_reference_new(width, layers, run->batch, run->slices, precision, &sliced);
  if (status == LS_OK) {
    for (int i = -1; i < rounds; i++) { /* all three in turn; the first round warms the caches */
      int at = i < 0 ? 0 : i;
      double start = ls_time(), lap = start;
      ls_reference_run_blas(whole);
      time[at] = (lap = ls_time()) - start;
      ls_reference_run_blas(sliced);
      time[rounds + at] = ls_time() - lap;
      lap = ls_time();
      ls_reference_run_own(sliced, ls_gemm_choose(precision));
      time[2 * rounds + at] = ls_time() - lap;
    }
    report(cli, run, whole, ls_bench_median(time, rounds), ls_bench_median(time + rounds, rounds),
           ls_bench_median(time + 2 * rounds, rounds), ls_reference_difference(sliced));
  }
  ls_reference_free(&whole);
  ls_reference_free(&sliced);
  LS_FREE(time);
  return status;
}

ls_status ls_bench_gemm(ls_cli *cli, ls_config *config, const ls_bench_options *o) {
  if (ls_comm_size(cli->comm) > 1) return ls_fail(LS_EUSAGE, "bench gemm measures one core; run it without mpirun");
  LS_TRY(ls_reference_open());
  ls_run *run = NULL;
  ls_status status = ls_run_new(cli->comm, config, 1, &run);
  if (status == LS_OK) status = compare(cli, run, o->steps);
  ls_run_free(&run);
  return status;
}
