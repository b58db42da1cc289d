#include "train/beside.h"

#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "optim/gradient.h"

static size_t shard_bytes(const ls_run *run, int64_t *lo) {
  int64_t hi;
  ls_exchange_shard(run->exchange, lo, &hi);
  return (size_t)(hi - *lo) * ls_dtype_size(run->config->precision);
}

/* This rank's shard of the weights. */
static char *shard(ls_run *run, size_t *bytes) {
  int64_t lo;
  *bytes = shard_bytes(run, &lo);
  return (char *)ls_exchange_weights(run->exchange) +
         (size_t)lo * ls_dtype_size(run->config->precision);
}

static void swap_bytes(char *a, char *b, size_t bytes) {
  for (char c[4096]; bytes > 0;) {
    const size_t n = bytes < sizeof c ? bytes : sizeof c;
    memcpy(c, a, n);
    memcpy(a, b, n);
    memcpy(b, c, n);
    a += n;
    b += n;
    bytes -= n;
  }
}

/* The weights of this rank's shard and those beside them. */
static void swap_with(ls_run *run, ls_beside which) {
  size_t bytes;
  char *weights = shard(run, &bytes);
  swap_bytes(weights, run->beside[which], bytes);
}

ls_status ls_beside_new(ls_run *run) {
  int64_t lo;
  const size_t bytes = shard_bytes(run, &lo);
  for (int b = 0; b < LS_BESIDES; b++)
    if (ls_beside_kept(run->config, (ls_beside)b)) LS_TRY(ls_mem_new(&run->beside[b], bytes, 1));
  return LS_OK;
}

void ls_beside_free(ls_run *run) {
  for (int b = 0; b < LS_BESIDES; b++) LS_FREE(run->beside[b]);
}

/* ---- the average ---- */

void ls_beside_begin(ls_run *run) {
  size_t bytes;
  const char *weights = shard(run, &bytes);
  if (run->beside[LS_BESIDE_OTHER]) memcpy(run->beside[LS_BESIDE_OTHER], weights, bytes);
}

/* The mean of w_1 ... w_t with the weights decay^(t - i), whose sum is (1 - decay^t) / (1 - decay).
 */
void ls_beside_average(ls_run *run, int64_t t) {
  const double decay = run->config->average_decay;
  size_t bytes;
  const char *weights = shard(run, &bytes);
  if (!run->beside[LS_BESIDE_OTHER]) return;
  if (t == 1) {
    ls_beside_begin(run);
    return;
  }
  const double share = (1 - decay) / (1 - ls_power(decay, (double)t));
  const ls_dtype precision = run->config->precision;
  LS_REAL_OF(precision, ls_gradient_approach)
  (run->beside[LS_BESIDE_OTHER], weights, (int64_t)(bytes / ls_dtype_size(precision)), share);
}

static void swap_and_publish(ls_run *run, ls_beside which) {
  ls_comm_barrier(run->comm); /* nobody reads the weights any more */
  swap_with(run, which);
  ls_exchange_publish(run->exchange);
  ls_run_weights_changed(run);
}

bool ls_beside_show(ls_run *run) {
  if (!run->beside[LS_BESIDE_OTHER] || run->shows_average) return false;
  swap_and_publish(run, LS_BESIDE_OTHER);
  run->shows_average = true;
  return true;
}

void ls_beside_hide(ls_run *run) {
  swap_and_publish(run, LS_BESIDE_OTHER);
  run->shows_average = false;
}

/* ---- the best ---- */

void ls_beside_note(ls_run *run) {
  size_t bytes;
  const char *weights = shard(run, &bytes);
  if (run->beside[LS_BESIDE_OTHER] && !run->shows_average)
    weights = run->beside[LS_BESIDE_OTHER]; /* the average */
  if (run->beside[LS_BESIDE_BEST]) memcpy(run->beside[LS_BESIDE_BEST], weights, bytes);
}

void ls_beside_place(ls_run *run) {
  if (run->state.restored) swap_with(run, LS_BESIDE_BEST);
  if (run->beside[LS_BESIDE_OTHER]) swap_with(run, LS_BESIDE_OTHER);
  run->state.restored = 0;
  run->shows_average = false;
}

void ls_beside_restore_best(ls_run *run) {
  if (!run->beside[LS_BESIDE_BEST] || run->state.best_step == 0) return;
  swap_and_publish(run, LS_BESIDE_BEST);
  run->state.restored = 1;
}
