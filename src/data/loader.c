/* loader.c - which samples a step's minibatch has, and this rank's share of them. Everything is a function of the step. */
#include <assert.h>

#include "base/mem.h"
#include "data/data_private.h"
#include "data/order.h"

struct ls_loader {
  const ls_data *data;
  ls_plan plan;
  int64_t max_rows;
  uint64_t seed;
  int64_t epoch; /* that `order` is of; -1: none yet */
  ls_order order;
  int64_t *index;     /* (max_rows) samples of this share */
  int64_t *slice_row; /* (slice_hi - slice_lo + 1) */
  ls_batch share;     /* its buffers, allocated once */
};

/* Leading dimension: whole cache lines; no multiple of 4 KiB, at which all rows would meet in the same cache sets. */
static int64_t leading(int64_t features, size_t real) {
  int64_t line = LS_ALIGN / (int64_t)real, ld = (features + line - 1) / line * line;
  return ld * (int64_t)real % 4096 == 0 ? ld + line : ld;
}

static int64_t share_rows(const ls_batch *share, int64_t total) {
  return ls_tree_row(total, share->slices, share->slice_hi) - ls_tree_row(total, share->slices, share->slice_lo);
}

static ls_status set_up(ls_loader *l, int64_t batch, ls_precision precision) {
  ls_batch *share = &l->share;
  ls_plan *plan = &l->plan;
  LS_TRY(ls_plan_make(ls_data_rows(l->data, LS_SPLIT_TRAIN), batch, l->data->drop_last, plan));
  size_t real = ls_real_size(precision);
  share->features = l->data->features;
  share->outputs = l->data->outputs;
  share->ldx = leading(share->features, real);
  int64_t full = share_rows(share, plan->batch), last = share_rows(share, plan->used - (plan->steps - 1) * plan->batch);
  l->max_rows = full > last ? full : last;
  LS_NEW(l->index, l->max_rows);
  LS_NEW(l->slice_row, share->slice_hi - share->slice_lo + 1);
  LS_TRY(ls_mem_new(&share->x, (size_t)l->max_rows, (size_t)share->ldx * real));
  if (l->data->labels) LS_NEW(share->labels, l->max_rows);
  if (!l->data->labels) LS_TRY(ls_mem_new(&share->targets, (size_t)l->max_rows, (size_t)share->outputs * real));
  share->slice_row = l->slice_row;
  l->epoch = -1;
  return LS_OK;
}

ls_status ls_loader_new(const ls_data *data, int64_t batch, int slices, int slice_lo, int slice_hi, uint64_t seed, ls_precision precision,
                        ls_loader **out) {
  assert(precision == data->precision && 0 <= slice_lo && slice_lo <= slice_hi && slice_hi <= slices);
  LS_NEW(*out, 1);
  (*out)->data = data;
  (*out)->seed = seed;
  (*out)->share = (ls_batch){.slices = slices, .slice_lo = slice_lo, .slice_hi = slice_hi};
  ls_status status = set_up(*out, batch, precision);
  if (status != LS_OK) ls_loader_free(out);
  return status;
}

void ls_loader_free(ls_loader **out) {
  ls_loader *l = *out;
  if (!l) return;
  LS_FREE(l->index);
  LS_FREE(l->slice_row);
  LS_FREE(l->share.x);
  LS_FREE(l->share.labels);
  LS_FREE(l->share.targets);
  LS_FREE(*out);
}

int64_t ls_loader_steps_per_epoch(const ls_loader *loader) { return loader->plan.steps; }
int64_t ls_loader_max_rows(const ls_loader *loader) { return loader->max_rows; }

ls_status ls_loader_batch(ls_loader *l, int64_t step, ls_batch *out) {
  ls_batch *share = &l->share;
  int64_t start = ls_plan_minibatch(&l->plan, step, &share->total), epoch = step / l->plan.steps;
  if (epoch != l->epoch) ls_order_init(&l->order, l->plan.n, l->data->shuffle, l->seed, l->epoch = epoch);
  int64_t lo = ls_tree_row(share->total, share->slices, share->slice_lo);
  for (int s = share->slice_lo; s <= share->slice_hi; s++)
    l->slice_row[s - share->slice_lo] = ls_tree_row(share->total, share->slices, s) - lo;
  share->rows = l->slice_row[share->slice_hi - share->slice_lo];
  share->first_sample = epoch * l->plan.used + start + lo;
  for (int64_t k = 0; k < share->rows; k++) l->index[k] = ls_order_at(&l->order, start + lo + k);
  *out = *share;
  return ls_data_gather(l->data, LS_SPLIT_TRAIN, l->index, share->rows, share->x, share->ldx, share->labels, share->targets);
}

int64_t ls_loader_samples(const ls_loader *l, int64_t step, int64_t *sample) {
  int64_t total, start = ls_plan_minibatch(&l->plan, step, &total);
  ls_order order;
  ls_order_init(&order, l->plan.n, l->data->shuffle, l->seed, step / l->plan.steps);
  for (int64_t k = 0; k < total; k++) sample[k] = ls_order_at(&order, start + k);
  return total;
}
