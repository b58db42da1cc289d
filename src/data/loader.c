/* loader.c - begin with ls_loader_slices. What is beside order.h and the store here: a
 * minibatch's weights are divided by their mean, whose sum is made slice by slice in tree
 * order, for many steps at once (fill_window) and on many ranks each its own slices. */
#include "data/loader.h"

#include <assert.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "data/ahead.h"
#include "data/data_private.h"

enum { WINDOW_SUMS = 1024 };

/* Of samples, each by the fraction of its targets that are there. */
typedef struct {
  double weight, number;
} counted;
enum { COUNTED = sizeof(counted) / sizeof(double) };

struct ls_loader {
  const ls_data *data;
  int slice_lo, slice_hi; /* this rank's */
  ls_share share;         /* what of it is asked for */
  ls_ahead *ahead;        /* load: stream; else NULL */
  int64_t max_rows;
  int64_t *index;     /* (max_rows) samples of this share */
  int64_t *slice_row; /* (slice_hi - slice_lo + 1) */
  ls_batch batch;     /* its buffers, allocated once */
  bool is_placed;     /* its x is the caller's */
  /* Where samples are weighted, or not all of their targets are there: what each of this share
   * counts, and the sums of both over all slices of some steps. */
  double *weight; /* (max_rows) */
  ls_comm *comm;  /* whose ranks each make those of their own slices; NULL: all are made here */
  int64_t first_step, steps; /* those steps; first_step -1: none yet */
  counted *slice_sum;        /* (steps, slices) */
  ls_share slice;            /* one at a time */
  int64_t *slice_index;      /* (samples of a slice) */
};

static double value_of(const ls_loader *l, const ls_row_values *of, int64_t sample) {
  if (!of->value) return 1;
  return of->value[ls_cut_row(&l->data->splits.cut[LS_SPLIT_TRAIN], sample) - of->first];
}

static double weight_of(const ls_loader *l, int64_t sample) {
  return value_of(l, &l->data->weight, sample);
}

/* Samples, or parts of them, count differently: for files always or never. */
static bool is_weighted(const ls_loader *l) {
  return l->data->weight.value || l->data->there.value;
}

static ls_status set_up_weights(ls_loader *l) {
  const bool given = l->data->kind == &ls_store_given; /* what will come with the samples? */
  l->batch.masked = ls_data_masked(l->data) && (given || l->data->there.value);
  if (!given && !is_weighted(l)) return LS_OK;
  l->slice = l->share;
  l->first_step = -1;
  l->steps = given || WINDOW_SUMS < l->batch.slices ? 1 : WINDOW_SUMS / l->batch.slices;
  LS_NEW(l->weight, l->max_rows);
  LS_NEW(l->slice_index, l->share.calendar.batch / l->batch.slices + 1);
  LS_NEW(l->slice_sum, l->steps * l->batch.slices);
  return LS_OK;
}

/* Samples in order. */
static counted add_slice(ls_loader *l, int64_t step, int slice) {
  int64_t total, first;
  counted sum = {0};
  l->slice.slice_lo = slice;
  l->slice.slice_hi = slice + 1;
  int64_t rows = ls_share_samples(&l->slice, step, l->slice_index, &total, &first);
  for (int64_t k = 0; k < rows; k++) {
    const double there = value_of(l, &l->data->there, l->slice_index[k]);
    sum.weight += weight_of(l, l->slice_index[k]) * there;
    sum.number += there;
  }
  return sum;
}

/* Each slice's sum is made by one rank, so that adding the ranks' zeros up changes no bit, and
 * seldom enough to cost no time. */
static void fill_window(ls_loader *l, int64_t step) {
  const ls_batch *b = &l->batch;
  int lo = l->comm ? l->slice_lo : 0, hi = l->comm ? l->slice_hi : b->slices;
  l->first_step = step;
  memset(l->slice_sum, 0, (size_t)(l->steps * b->slices) * sizeof *l->slice_sum);
  for (int64_t k = 0; k < l->steps; k++)
    for (int s = lo; s < hi; s++) l->slice_sum[k * b->slices + s] = add_slice(l, step + k, s);
  if (l->comm) ls_comm_sum(l->comm, (double *)l->slice_sum, l->steps * b->slices * COUNTED);
}

/* Once a step, where a rank begins with it: all of them are there then. */
static void add_up(ls_loader *l, int64_t step) {
  const bool here = l->first_step >= 0 && step >= l->first_step && step < l->first_step + l->steps;
  if (!here || l->steps == 1) fill_window(l, step); /* a step that failed may be made again */
}

/* The sums over the whole minibatch are those of its slices in tree order. Where all weights are 0,
 * or no target is there, loss and gradient are 0. */
static void weigh(ls_loader *l, int64_t step) {
  const int slices = l->batch.slices;
  if (l->batch.slice_lo == l->slice_lo) add_up(l, step);
  const counted *sum = l->slice_sum + (step - l->first_step) * slices;
  const double mean = ls_tree_sum(&sum->weight, slices, COUNTED) / (double)l->batch.total;
  l->batch.there = ls_tree_sum(&sum->number, slices, COUNTED);
  for (int64_t k = 0; k < l->batch.rows; k++)
    l->weight[k] = mean > 0 ? weight_of(l, l->index[k]) / mean : 0;
}

/* Of `together` neighbouring slices. */
static int64_t most_rows(const ls_loader *l, int together) {
  const int64_t share = ls_share_most(&l->share), slices = l->batch.slices,
                whole = l->share.calendar.batch,
                few = whole / slices * together + (whole % slices * together + slices - 1) / slices;
  return ls_min(few, share);
}

static ls_status set_up(ls_loader *l, int64_t batch, int together) {
  const ls_recipe *r = &l->data->recipe;
  ls_batch *b = &l->batch;
  LS_TRY(ls_calendar_make(ls_data_rows(l->data, LS_SPLIT_TRAIN), batch, l->data->drop_last,
                          &l->share.calendar));
  const size_t real = ls_dtype_size(r->precision);
  b->features = r->features;
  b->outputs = r->outputs;
  b->ldx = ls_leading(b->features, r->precision);
  l->max_rows = most_rows(l, together);
  LS_NEW(l->index, l->max_rows);
  LS_NEW(l->slice_row, b->slice_hi - b->slice_lo + 1);
  LS_TRY(ls_mem_new(&b->x, (size_t)l->max_rows, (size_t)b->ldx * real));
  if (r->labels || r->soft) LS_NEW(b->labels, l->max_rows);
  if (r->target != LS_TARGET_CLASS || r->soft)
    LS_TRY(ls_mem_new(&b->targets, (size_t)l->max_rows, (size_t)b->outputs * real));
  b->slice_row = l->slice_row;
  LS_TRY(set_up_weights(l));
  if (l->data->kind != &ls_store_stream) return LS_OK;
  return ls_ahead_new((const ls_stream *)l->data->store, &l->share, &l->ahead);
}

ls_status ls_loader_new(const ls_data *data, int64_t batch, int slices, int slice_lo, int slice_hi,
                        int together, uint64_t seed, ls_loader **out) {
  assert(0 <= slice_lo && slice_lo <= slice_hi && slice_hi <= slices);
  LS_NEW(*out, 1);
  (*out)->data = data;
  (*out)->slice_lo = slice_lo;
  (*out)->slice_hi = slice_hi;
  (*out)->share = (ls_share){.kind = data->order,
                             .features = data->recipe.features,
                             .seed = seed,
                             .slices = slices,
                             .slice_lo = slice_lo,
                             .slice_hi = slice_hi,
                             .epoch = -1};
  (*out)->batch = (ls_batch){.slices = slices, .slice_lo = slice_lo, .slice_hi = slice_hi};
  ls_status status = set_up(*out, batch, together);
  if (status != LS_OK) ls_loader_free(out);
  return status;
}

void ls_loader_free(ls_loader **out) {
  ls_loader *l = *out;
  if (!l) return;
  ls_ahead_free(&l->ahead);
  LS_FREE(l->index);
  LS_FREE(l->slice_row);
  if (!l->is_placed) LS_FREE(l->batch.x);
  LS_FREE(l->batch.labels);
  LS_FREE(l->batch.targets);
  LS_FREE(l->weight);
  LS_FREE(l->slice_index);
  LS_FREE(l->slice_sum);
  LS_FREE(*out);
}

void ls_loader_into(ls_loader *l, void *x) {
  if (!l->is_placed) LS_FREE(l->batch.x);
  l->batch.x = x;
  l->is_placed = true;
}

void ls_loader_join(ls_loader *loader, ls_comm *comm) { loader->comm = comm; }
const ls_calendar *ls_loader_calendar(const ls_loader *loader) { return &loader->share.calendar; }

void ls_loader_move(ls_loader *l, int64_t steps, int64_t samples) {
  l->share.calendar.moved = l->slice.calendar.moved = steps;
  l->share.calendar.moved_samples = l->slice.calendar.moved_samples = samples;
  l->first_step = -1;
  if (l->ahead) ls_ahead_move(l->ahead, &l->share);
}

int64_t ls_loader_max_rows(const ls_loader *loader) { return loader->max_rows; }

/* Of the share's samples, the number of the part's first one. */
static int64_t rows_before_part(const ls_loader *l) {
  const ls_batch *b = &l->batch;
  return ls_tree_row(b->total, b->slices, b->slice_lo) -
         ls_tree_row(b->total, b->slices, l->slice_lo);
}

ls_status ls_loader_batch(ls_loader *l, int64_t step, ls_batch *out) {
  return ls_loader_slices(l, step, l->slice_lo, l->slice_hi, out);
}

ls_status ls_loader_slices(ls_loader *l, int64_t step, int lo, int hi, ls_batch *out) {
  ls_batch *b = &l->batch;
  int64_t first;
  b->slice_lo = l->share.slice_lo = lo;
  b->slice_hi = l->share.slice_hi = hi;
  b->weight = is_weighted(l) ? l->weight : NULL;
  b->rows = ls_share_samples(&l->share, step, l->ahead && !b->weight ? NULL : l->index, &b->total,
                             &first);
  b->first_sample =
      ls_calendar_samples(&l->share.calendar, ls_calendar_epoch(&l->share.calendar, step)) + first;
  const int64_t row = ls_tree_row(b->total, b->slices, lo);
  for (int s = lo; s <= hi; s++) l->slice_row[s - lo] = ls_tree_row(b->total, b->slices, s) - row;
  assert(b->rows <= l->max_rows);
  if (b->weight) weigh(l, step);
  *out = *b; /* the same buffers, which are filled next */
  if (l->ahead) return ls_ahead_batch(l->ahead, step, rows_before_part(l), b);
  return ls_data_gather(l->data, LS_SPLIT_TRAIN, l->index, b->rows, b);
}

int64_t ls_loader_samples(const ls_loader *l, int64_t step, int64_t *sample) {
  ls_share whole = l->share;
  int64_t total, first;
  whole.slice_lo = 0;
  whole.slice_hi = whole.slices;
  whole.epoch = -1;
  return ls_share_samples(&whole, step, sample, &total, &first);
}
