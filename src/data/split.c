/* split.c - which rows of which source each split is. */
#include <math.h>

#include "data/data_private.h"

const char *const ls_split_names[] = {"train", "validation", "test", "all", NULL};

/* floor(share n), for the share as it is written: 0.29 of 100 is 29, though the double 0.29 is a
 * little less. */
static int64_t share_of(double share, int64_t n) {
  return (int64_t)floor(share * (double)n * (1 + 1e-15));
}

static ls_status cut_split(const ls_data_spec *spec, int s, int64_t rows, ls_cut *cut) {
  int64_t left = rows - spec->skip[s];
  if (left <= 0)
    return ls_fail(LS_EDATA, "data.skip.%s: %lld leaves none of the %lld samples there are",
                   ls_split_names[s], (long long)spec->skip[s], (long long)rows);
  *cut = (ls_cut){s, spec->skip[s],
                  spec->limit[s] >= 0 && spec->limit[s] < left ? spec->limit[s] : left};
  return cut->rows > 0 ? LS_OK
                       : ls_fail(LS_EDATA, "data.limit.%s: 0 leaves no samples", ls_split_names[s]);
}

ls_status ls_cut_splits(const ls_data_spec *spec, const int64_t rows[3], ls_cut cut[3]) {
  for (int s = 0; s < 3; s++)
    if (rows[s] > 0) LS_TRY(cut_split(spec, s, rows[s], &cut[s]));
  if (!(spec->validation > 0) || cut[1].rows > 0) return LS_OK;
  ls_cut *train = &cut[0];
  int64_t kept = share_of(spec->validation, train->rows);
  if (kept < 1 || kept >= train->rows)
    return ls_fail(LS_EDATA, "data.validation: %g of %lld samples are %lld, which leaves %s",
                   spec->validation, (long long)train->rows, (long long)kept,
                   kept < 1 ? "none to validate with" : "none to train on");
  train->rows -= kept;
  cut[1] = (ls_cut){0, train->first + train->rows, kept};
  return LS_OK;
}

ls_status ls_data_train_rows(const ls_data *data, const ls_data_spec *spec, int64_t *rows) {
  int64_t all[3];
  ls_cut cut[3] = {0};
  for (int s = 0; s < 3; s++) all[s] = data->part[s].shape.rows;
  LS_TRY(ls_cut_splits(spec, all, cut));
  *rows = cut[LS_SPLIT_TRAIN].rows;
  return LS_OK;
}

ls_status ls_sources_open(const ls_data_spec *spec, bool classes, bool quick,
                          ls_source *source[3]) {
  ls_opening what = {.spec = spec, .classes = classes, .quick = quick};
  for (int s = 0; s < 3; s++) {
    what.split = (ls_split)s;
    what.first = source[0];
    LS_TRY(ls_source_open(&what, &source[s]));
    if (!source[0]) return ls_fail(LS_EDATA, "data.train: there is no training data");
    if (!source[s]) continue;
    const ls_shape *shape = &source[s]->shape, *train = &source[0]->shape;
    if (shape->features != train->features || shape->outputs != train->outputs)
      return ls_fail(LS_EDATA, "%s: %lld features and %lld targets a sample; %s has %lld and %lld",
                     source[s]->file[0].path, (long long)shape->features, (long long)shape->outputs,
                     source[0]->file[0].path, (long long)train->features,
                     (long long)train->outputs);
  }
  return LS_OK;
}

void ls_sources_close(ls_source *source[3]) {
  for (int s = 2; s >= 0; s--) ls_source_close(&source[s]);
}

ls_status ls_data_count(const ls_data_spec *spec, bool want_classes, int64_t rows[3],
                        int64_t first[3], int64_t *features) {
  ls_source *source[3] = {0};
  ls_cut cut[3] = {0};
  int64_t all[3] = {0};
  ls_status status = ls_sources_open(spec, want_classes || spec->classes > 0, true, source);
  for (int s = 0; s < 3 && status == LS_OK; s++) all[s] = source[s] ? source[s]->shape.rows : 0;
  if (status == LS_OK) status = ls_cut_splits(spec, all, cut);
  *features = source[0] ? source[0]->shape.features : 0;
  for (int s = 0; s < 3; s++) rows[s] = cut[s].rows, first[s] = cut[s].first;
  ls_sources_close(source);
  return status;
}
