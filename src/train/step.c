/* step.c - one update of train.mode: synchronous, from the minibatch to the published weights. What
 * it is made of is in pass.c, what a minibatch in rounds is in accumulate.c. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "train/agree.h"
#include "train/beside.h"
#include "train/mode.h"

/* This rank's share, at once or in rounds. */
static bool forward_backward(ls_run *run, ls_batch *batch) {
  const ls_tree_node *node;
  void *const *grad;
  ls_run_clear(run);
  if (run->config->accumulate > 1) return ls_accumulate(run, batch);
  ls_run_load(run, run->slice_lo, run->slice_hi, batch);
  const int parts = ls_exchange_parts(run->exchange, &node, &grad);
  return ls_run_pass(run, batch, parts, node, grad);
}

ls_status ls_run_not_finite(ls_run *run, const char *advice) {
  ls_state *s = &run->state;
  s->nonfinite_total++;
  s->nonfinite_row++;
  if (run->config->nonfinite != LS_NONFINITE_STOP) return LS_OK;
  ls_fail(LS_EDIVERGED, "step %jd: the loss or the gradient is not finite%s", s->global_step + 1,
          advice);
  return ls_comm_agree(run->comm, LS_EDIVERGED);
}

uint32_t ls_run_summed_gradient(ls_run *run, uint32_t flags, ls_batch *batch) {
  const bool finite = forward_backward(run, batch);
  double now = ls_time();
  ls_desync_note(run);
  now = ls_run_lap(run, LS_TIME_COMPUTE, now);
  ls_comm_at(run->comm, "gradient exchange");
  flags = ls_exchange_reduce(run->exchange, flags | (finite ? 0 : LS_FLAG_NONFINITE));
  ls_run_lap(run, LS_TIME_WAIT, now);
  ls_comm_at(run->comm, "update");
  ls_model_join(run->model, batch);
  return flags;
}

void ls_run_publish(ls_run *run) {
  double now = ls_time();
  ls_exchange_publish(run->exchange);
  now = ls_run_lap(run, LS_TIME_WAIT, now);
  ls_run_weights_changed(run);
  ls_run_lap(run, LS_TIME_COMPUTE, now);
}

static ls_status diverged(ls_run *run) {
  char advice[160];
  snprintf(advice, sizeof advice,
           " (learning rate %g); lower optimizer.lr, set train.clip_norm, or see train.nonfinite",
           run->lr);
  return ls_run_not_finite(run, advice);
}

ls_status ls_run_step(ls_run *run, bool want_norm, bool goes_on, uint32_t *flags) {
  ls_state *s = &run->state;
  ls_batch batch;
  ls_run_begin_epoch(run);
  /* Tests only: a bit of one copy flips, for desync.c to find. */
  if (ls_trip("weights", ls_comm_rank(run->comm)))
    ((char *)ls_exchange_weights(run->exchange))[run->parameters / 2 * 4] ^= 1;
  *flags = ls_run_summed_gradient(run, *flags, &batch);
  double now = ls_time();
  run->schedule.cuts = s->plateau_cuts;
  run->lr = ls_schedule_at(&run->schedule, s->global_step);
  ls_status status = LS_OK;
  bool good =
      !(*flags & LS_FLAG_NONFINITE) &&
      ls_update_step(run->update, run->lr, s->t + 1, s->global_step, want_norm, &run->grad_norm);
  if (good) {
    ls_run_add(run, &batch);
    s->t++;
    s->nonfinite_row = 0;
    ls_beside_average(run, s->t);
  } else {
    *flags |= LS_FLAG_NONFINITE;
    status = diverged(run);
  }
  ls_run_lap(run, LS_TIME_UPDATE, now);
  if (good) ls_run_split_update(run);
  if (!goes_on || *flags || ls_exchange_bands(run->exchange) == 1) ls_run_publish(run);
  ls_run_advance(run, 1, batch.total);
  return status;
}

static bool norm_due(const ls_run *run) {
  int64_t next = run->state.global_step + 1;
  return ls_calendar_within(run->calendar, next) == 0 || next == run->steps;
}

static ls_status one_step(ls_run *run, const ls_leg *leg, uint32_t *flags) {
  return ls_run_step(run, norm_due(run), leg && leg->goes_on(leg->context), flags);
}

const ls_mode ls_mode_synchronous = {.name = "synchronous", .layered = true, .advance = one_step};
