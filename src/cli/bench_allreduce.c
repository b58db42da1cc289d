/* lockstep bench allreduce: each kind of exchange alone. */
#include <string.h>

#include "base/mem.h"
#include "cli/bench.h"
#include "io/json.h"
#include "train/run.h"

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

/* For each kind of exchange: a gradient of the model's size summed, a copy as the update, new
 * weights published. */
static ls_status compare_kinds(ls_cli *cli, const ls_model *model, int slices, int count) {
  static const char *const kinds[] = {"shared", "tree", "mpi"};
  int64_t n = ls_model_parameters(model);
  json_t *o = json_object();
  double *seconds;
  float *scratch;
  LS_COMM_NEW(cli->comm, seconds, count);
  LS_COMM_NEW(cli->comm, scratch, n);
  json_object_set_new(o, "parameters", json_integer(n));
  json_object_set_new(o, "ranks", json_integer(ls_comm_size(cli->comm)));
  if (!cli->json)
    ls_out(cli, "%lld parameters (%.2f MB), %d ranks\n", (long long)n, (double)n * 4e-6,
           ls_comm_size(cli->comm));
  ls_status status = LS_OK;
  for (int k = 0; k < 3; k++) {
    ls_exchange *x = NULL;
    status = ls_exchange_new(cli->comm, kinds[k], n, ls_update_block(n), slices, LS_F32, &x);
    if (status != LS_OK) {
      ls_exchange_free(&x);
      break;
    }
    double us = 1e6 * time_exchange(cli, x, n, scratch, seconds, count);
    json_object_set_new(
        o, kinds[k], json_pack("{s:f, s:I}", "us", us, "bytes", (json_int_t)ls_exchange_bytes(x)));
    if (!cli->json)
      ls_out(cli, "  %-7s %10.1f us  %8.2f MB received a rank\n", kinds[k], us,
             (double)ls_exchange_bytes(x) / 1e6);
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
