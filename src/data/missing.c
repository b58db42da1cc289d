/* missing.c - the mean of a column is its numbers' sum in the order of the file over their
 * count; a column that has none is refused at train's first sample, since it stands nowhere. */
#include "data/missing.h"

#include <math.h>

#include "base/mem.h"

/* ---- means ---- */

typedef struct {
  const ls_cut *train;
  int64_t features;
  double *mean, *count; /* (features) sums so far */
} sums;

static void add(void *arg, int64_t row, const double *x, const double *y) {
  const sums *s = arg;
  (void)y;
  if (!ls_cut_has(s->train, 0, row)) return;
  for (int64_t f = 0; f < s->features; f++) {
    if (isnan(x[f])) continue;
    s->mean[f] += x[f];
    s->count[f]++;
  }
}

ls_status ls_missing_means(ls_source *train, const ls_splits *splits, double *mean) {
  const int64_t features = train->shape.features;
  const ls_cut *cut = &splits->cut[LS_SPLIT_TRAIN];
  const ls_chunk first = {.source = train, .first = ls_cut_row(cut, 0)};
  sums s = {cut, features, mean, NULL};
  LS_NEW(s.count, features);
  for (int64_t f = 0; f < features; f++) mean[f] = 0;
  ls_status status = ls_source_visit(train, add, &s);
  for (int64_t f = 0; f < features && status == LS_OK; f++) {
    mean[f] /= s.count[f];
    if (s.count[f] == 0)
      status = ls_refuse(&first, 0, f, "missing in all training samples, so it has no mean",
                         (double)NAN);
  }
  LS_FREE(s.count);
  return status;
}

/* ---- targets that count nothing ---- */

void ls_mask_add(const ls_mask *mask, const ls_chunk *chunk) {
  const int64_t targets = chunk->source->shape.outputs;
  for (int64_t k = 0; k < chunk->rows; k++) {
    const bool trained = ls_cut_has(mask->train, LS_SPLIT_TRAIN, chunk->first + k);
    int64_t there = 0;
    for (int64_t c = 0; c < targets; c++) {
      if (isnan(chunk->y[k * chunk->stride + c])) continue;
      there++;
      mask->samples[c] += trained;
    }
    mask->there[chunk->first + k] = (double)there / (double)targets;
  }
}

ls_status ls_mask_check(const ls_mask *mask, const ls_source *train) {
  const ls_chunk first = {.source = train, .first = ls_cut_row(mask->train, 0)};
  for (int64_t c = 0; c < train->shape.outputs; c++)
    if (mask->samples[c] == 0)
      return ls_refuse(&first, 0, -1 - c,
                       "missing in all training samples, so it cannot be learned", (double)NAN);
  return LS_OK;
}
