/* beside.c - vectors and weights change places stretch by stretch of the shard (swap_with), so that
 * there is never a third copy; who shows the average sees it in the exchange, while what is trained
 * lies beside. Begin with swap_and_publish. */
#include "train/beside.h"

#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "optim/gradient.h"

static size_t bytes_of(const ls_run *run, int64_t n) {
  return (size_t)n * ls_dtype_size(run->config->precision);
}

/* Where a stretch of this rank's shard of the weights is, and where a vector beside them has it. */
static char *weights_of(const ls_run *run, const ls_stretch *s) {
  return (char *)ls_exchange_weights(run->exchange) + bytes_of(run, s->lo);
}
static char *beside_of(const ls_run *run, ls_beside which, const ls_stretch *s) {
  return (char *)run->beside[which] + bytes_of(run, s->at);
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
  for (ls_stretch s = {0}; ls_exchange_next(run->exchange, &s);)
    swap_bytes(weights_of(run, &s), beside_of(run, which, &s), bytes_of(run, s.hi - s.lo));
}

static void copy_to(ls_run *run, ls_beside which) {
  for (ls_stretch s = {0}; ls_exchange_next(run->exchange, &s);)
    memcpy(beside_of(run, which, &s), weights_of(run, &s), bytes_of(run, s.hi - s.lo));
}

ls_status ls_beside_new(ls_run *run) {
  const size_t own = (size_t)ls_exchange_own(run->exchange);
  for (int b = 0; b < LS_BESIDES; b++)
    if (ls_beside_kept(run->config, (ls_beside)b))
      LS_TRY(ls_mem_new(&run->beside[b], own, ls_dtype_size(run->config->precision)));
  return LS_OK;
}

void ls_beside_free(ls_run *run) {
  for (int b = 0; b < LS_BESIDES; b++) LS_FREE(run->beside[b]);
}

/* ---- the average ---- */

void ls_beside_begin(ls_run *run) {
  if (run->beside[LS_BESIDE_OTHER]) copy_to(run, LS_BESIDE_OTHER);
}

/* The mean of w_1 ... w_t with the weights decay^(t - i), whose sum is (1 - decay^t) / (1 - decay).
 */
void ls_beside_average(ls_run *run, int64_t t) {
  const double decay = run->config->average_decay;
  if (!run->beside[LS_BESIDE_OTHER]) return;
  if (t == 1) {
    ls_beside_begin(run);
    return;
  }
  const double fraction = (1 - decay) / (1 - ls_power(decay, (double)t));
  for (ls_stretch s = {0}; ls_exchange_next(run->exchange, &s);)
    LS_REAL_OF(run->config->precision, ls_gradient_approach)
  (beside_of(run, LS_BESIDE_OTHER, &s), weights_of(run, &s), s.hi - s.lo, fraction);
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
  const size_t bytes = bytes_of(run, ls_exchange_own(run->exchange));
  if (!run->beside[LS_BESIDE_BEST]) return;
  if (run->beside[LS_BESIDE_OTHER] && !run->shows_average)
    memcpy(run->beside[LS_BESIDE_BEST], run->beside[LS_BESIDE_OTHER], bytes); /* the average */
  else
    copy_to(run, LS_BESIDE_BEST);
}

void ls_beside_resume(ls_run *run) {
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
