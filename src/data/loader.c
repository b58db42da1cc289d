/* loader.c - which samples a step's minibatch has, and this rank's share of them. Everything is a function of the step. */
#include <assert.h>

#include "base/mem.h"
#include "data/data_private.h"
#include "data/stream.h"

struct ls_loader {
  const ls_data *data;
  ls_share share;
  ls_stream *stream; /* load: stream; else NULL */
  int64_t max_rows;
  int64_t *index;     /* (max_rows) samples of this share */
  int64_t *slice_row; /* (slice_hi - slice_lo + 1) */
  ls_batch batch;     /* its buffers, allocated once */
};

/* Leading dimension: whole cache lines; no multiple of 4 KiB, at which all rows would meet in the same cache sets. */
static int64_t leading(int64_t features, size_t real) {
  int64_t line = LS_ALIGN / (int64_t)real, ld = (features + line - 1) / line * line;
  return ld * (int64_t)real % 4096 == 0 ? ld + line : ld;
}

static ls_status set_up(ls_loader *l, int64_t batch, ls_precision precision) {
  ls_batch *b = &l->batch;
  LS_TRY(ls_plan_make(ls_data_rows(l->data, LS_SPLIT_TRAIN), batch, l->data->drop_last, &l->share.plan));
  size_t real = ls_real_size(precision);
  b->features = l->data->features;
  b->outputs = l->data->outputs;
  b->ldx = leading(b->features, real);
  l->max_rows = ls_share_most(&l->share);
  LS_NEW(l->index, l->max_rows);
  LS_NEW(l->slice_row, b->slice_hi - b->slice_lo + 1);
  LS_TRY(ls_mem_new(&b->x, (size_t)l->max_rows, (size_t)b->ldx * real));
  if (l->data->labels) LS_NEW(b->labels, l->max_rows);
  if (!l->data->labels) LS_TRY(ls_mem_new(&b->targets, (size_t)l->max_rows, (size_t)b->outputs * real));
  b->slice_row = l->slice_row;
  return l->data->ahead ? ls_stream_new(l->data, &l->share, &l->stream) : LS_OK;
}

ls_status ls_loader_new(const ls_data *data, int64_t batch, int slices, int slice_lo, int slice_hi, uint64_t seed, ls_precision precision,
                        ls_loader **out) {
  assert(precision == data->precision && 0 <= slice_lo && slice_lo <= slice_hi && slice_hi <= slices);
  LS_NEW(*out, 1);
  (*out)->data = data;
  (*out)->share =
      (ls_share){.shuffle = data->shuffle, .seed = seed, .slices = slices, .slice_lo = slice_lo, .slice_hi = slice_hi, .epoch = -1};
  (*out)->batch = (ls_batch){.slices = slices, .slice_lo = slice_lo, .slice_hi = slice_hi};
  ls_status status = set_up(*out, batch, precision);
  if (status != LS_OK) ls_loader_free(out);
  return status;
}

void ls_loader_free(ls_loader **out) {
  ls_loader *l = *out;
  if (!l) return;
  ls_stream_free(&l->stream);
  LS_FREE(l->index);
  LS_FREE(l->slice_row);
  LS_FREE(l->batch.x);
  LS_FREE(l->batch.labels);
  LS_FREE(l->batch.targets);
  LS_FREE(*out);
}

int64_t ls_loader_steps_per_epoch(const ls_loader *loader) { return loader->share.plan.steps; }
int64_t ls_loader_max_rows(const ls_loader *loader) { return loader->max_rows; }

ls_status ls_loader_batch(ls_loader *l, int64_t step, ls_batch *out) {
  ls_batch *b = &l->batch;
  int64_t first;
  b->rows = ls_share_samples(&l->share, step, l->index, &b->total, &first);
  b->first_sample = step / l->share.plan.steps * l->share.plan.used + first;
  int64_t lo = ls_tree_row(b->total, b->slices, b->slice_lo);
  for (int s = b->slice_lo; s <= b->slice_hi; s++) l->slice_row[s - b->slice_lo] = ls_tree_row(b->total, b->slices, s) - lo;
  *out = *b;
  if (l->stream) LS_TRY(ls_stream_batch(l->stream, step, b->x, b->ldx));
  void *x = l->stream ? NULL : b->x;
  return ls_data_gather(l->data, LS_SPLIT_TRAIN, l->index, b->rows, x, b->ldx, b->labels, b->targets);
}

int64_t ls_loader_samples(const ls_loader *l, int64_t step, int64_t *sample) {
  ls_share whole = l->share;
  int64_t total, first;
  whole.slice_lo = 0;
  whole.slice_hi = whole.slices;
  whole.epoch = -1;
  return ls_share_samples(&whole, step, sample, &total, &first);
}
