/* allreduce.c - lockstep bench allreduce: each kind of exchange alone. */
#include <string.h>

#include "base/mem.h"
#include "cli/bench/bench.h"
#include "train/mode.h"

enum { WARMUP = 5 };

/* What a step does around the exchange: the gradient's lines become this rank's own again, the
 * weights have been read by all. */
static float touch(ls_exchange *x, int64_t n, int round) {
  const ls_tree_node *node;
  void *const *grad;
  float sum = 0;
  const float *w = ls_exchange_weights(x);
  int parts = ls_exchange_parts(x, &node, &grad);
  for (int64_t i = 0; i < n; i++) sum += w[i];
  for (int p = 0; p < parts; p++)
    for (int64_t i = 0; i < n; i++) ((float *)grad[p])[i] = (float)round;
  return sum;
}

static double time_exchange(ls_cli *cli, ls_exchange *x, int64_t n, float *scratch, double *seconds,
                            int count) {
  int64_t lo, hi;
  ls_exchange_shard(x, &lo, &hi);
  float *w = ls_exchange_weights(x);
  for (int i = -WARMUP; i < count; i++) {
    scratch[0] = touch(x, n, i);
    ls_comm_barrier(cli->comm);
    double start = ls_time();
    ls_exchange_reduce(x, 0);
    if (hi > lo)
      memcpy(w + lo, ls_exchange_grad(x, lo, hi - lo, scratch), (size_t)(hi - lo) * sizeof *w);
    ls_exchange_publish(x);
    if (i >= 0) seconds[i] = ls_time() - start;
  }
  return ls_bench_median(seconds, count);
}

static const char look[] =
    "{parameters} parameters ({parameters*4e-6:.2f} MB), {ranks} ranks\n"
    "{*_kinds}  {@:-7} {us:10.1f} us  {bytes*1e-6:8.2f} MB received a rank\n{/}";

/* For each kind of exchange: a gradient of the model's size summed, a copy as the update, new
 * weights published. */
static ls_status compare_kinds(ls_cli *cli, const ls_run *run, int count, json_t *answer) {
  static const char *const kinds[] = {"shared", "tree", "mpi"};
  int64_t n = ls_model_parameters(run->model);
  json_t *all = json_object();
  double *seconds;
  float *scratch;
  ls_put(answer, "_kinds", all);
  LS_COMM_NEW(cli->comm, seconds, count);
  LS_COMM_NEW(cli->comm, scratch, n);
  ls_put(answer, "parameters", n);
  ls_put(answer, "ranks", ls_comm_size(cli->comm));
  ls_status status = LS_OK;
  for (int k = 0; k < 3 && status == LS_OK; k++) {
    ls_exchange *x = NULL;
    const ls_exchange_spec spec = {.kind = kinds[k],
                                   .n = n,
                                   .grid = ls_update_grid(n),
                                   .slices = run->slices,
                                   .precision = LS_F32,
                                   .team = run->team};
    status = ls_exchange_new(cli->comm, &spec, &x);
    if (status == LS_OK) {
      json_t *kind = json_object();
      ls_put(kind, "us", 1e6 * time_exchange(cli, x, n, scratch, seconds, count));
      ls_put(kind, "bytes", ls_exchange_bytes(x));
      ls_put(answer, kinds[k], kind);
      json_object_set(all, kinds[k], kind);
    }
    ls_exchange_free(&x);
  }
  LS_FREE(seconds);
  LS_FREE(scratch);
  return status;
}

ls_status ls_bench_allreduce(ls_cli *cli, const void *given) {
  const ls_bench_options *o = given;
  ls_run *run = NULL;
  json_t *answer = json_object();
  LS_TRY(ls_bench_check(o));
  ls_status status = ls_run_new(cli->comm, cli->config, ls_mode_of(cli->config), o->threads, &run);
  if (status == LS_OK) status = compare_kinds(cli, run, o->steps, answer);
  if (status == LS_OK) ls_print(cli, answer, look);
  ls_run_free(&run);
  return status;
}
