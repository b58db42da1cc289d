/* split.c - which rows of which source each split is. */
#include <math.h>

#include "base/mem.h"
#include "data/data_private.h"

const char *const ls_split_names[] = {"train", "validation", "test", "all", NULL};

int64_t ls_data_share(double share, int64_t n) {
  return (int64_t)floor(share * (double)n * (1 + 1e-15));
}

static ls_status cut_split(const ls_data_spec *spec, int s, int64_t rows, ls_cut *cut) {
  int64_t left = rows - spec->skip[s];
  if (left <= 0)
    return ls_fail(LS_EDATA, "data.skip.%s: %lld leaves none of the %lld samples there are",
                   ls_split_names[s], (long long)spec->skip[s], (long long)rows);
  *cut = (ls_cut){.part = s,
                  .first = spec->skip[s],
                  .rows = spec->limit[s] >= 0 && spec->limit[s] < left ? spec->limit[s] : left};
  return cut->rows > 0 ? LS_OK
                       : ls_fail(LS_EDATA, "data.limit.%s: 0 leaves no samples", ls_split_names[s]);
}

ls_status ls_cut_splits(const ls_data_spec *spec, const int64_t rows[3], ls_cut cut[3]) {
  for (int s = 0; s < 3; s++)
    if (rows[s] > 0) LS_TRY(cut_split(spec, s, rows[s], &cut[s]));
  const ls_share_spec *share = &spec->validation;
  if (!(share->share > 0) || cut[1].rows > 0) return LS_OK;
  ls_cut *train = &cut[0];
  int64_t kept = ls_data_share(share->share, train->rows);
  if (kept < 1 || kept >= train->rows)
    return ls_fail(LS_EDATA, "data.validation: %g of %lld samples are %lld, which leaves %s",
                   share->share, (long long)train->rows, (long long)kept,
                   kept < 1 ? "none to validate with" : "none to train on");
  train->rows -= kept;
  cut[1] = (ls_cut){.part = 0, .first = train->first + train->rows, .rows = kept};
  return LS_OK;
}

/* ---- a share that is drawn ---- */

bool ls_cut_is_drawn(const ls_data_spec *spec, const ls_cut cut[3]) {
  return spec->validation.how != LS_SHARE_LAST && cut[1].rows > 0 && cut[1].part == 0;
}

int64_t ls_cut_drawn_from(const ls_cut cut[3]) { return cut[0].rows + cut[1].rows; }

static ls_status draw_groups(const ls_share_spec *share, ls_source *train, const ls_cut cut[3],
                             ls_drawn *drawn) {
  uint64_t *key;
  int64_t groups = 0;
  LS_NEW(key, train->shape.rows);
  ls_status status = ls_source_keys(train, share->by, key);
  if (status == LS_OK)
    status =
        ls_drawn_groups(drawn, cut[1].rows, (uint64_t)share->seed, key + cut[0].first, &groups);
  LS_FREE(key);
  LS_TRY(status);
  return *drawn->taken > 0
             ? LS_OK
             : ls_fail(LS_EDATA,
                       "data.validation: none of the %lld groups by '%s' is as small as %g of the "
                       "%lld samples, which are %lld; make share larger",
                       (long long)groups, share->by, share->share, (long long)drawn->n,
                       (long long)cut[1].rows);
}

ls_status ls_cut_draw(const ls_data_spec *spec, ls_source *train, const ls_cut cut[3],
                      ls_drawn *drawn) {
  const ls_share_spec *share = &spec->validation;
  if (share->how == LS_SHARE_GROUP) return draw_groups(share, train, cut, drawn);
  ls_drawn_random(drawn, cut[1].rows, (uint64_t)share->seed);
  return LS_OK;
}

void ls_cut_take(const ls_drawn *drawn, ls_cut cut[3]) {
  cut[0].rows = drawn->n - *drawn->taken;
  cut[0].drawn = drawn;
  cut[0].taken = false;
  cut[1] = (ls_cut){
      .part = 0, .first = cut[0].first, .rows = *drawn->taken, .drawn = drawn, .taken = true};
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

/* ---- without the data ---- */

struct ls_splits {
  int64_t features;
  ls_cut cut[3];
  ls_drawn drawn;
  int64_t *memory;
};

static ls_status read_splits(ls_splits *s, const ls_data_spec *spec, ls_source *source[3],
                             bool want_classes) {
  int64_t rows[3];
  LS_TRY(ls_sources_open(spec, want_classes || spec->classes > 0, true, source));
  s->features = source[0]->shape.features;
  for (int i = 0; i < 3; i++) rows[i] = source[i] ? source[i]->shape.rows : 0;
  LS_TRY(ls_cut_splits(spec, rows, s->cut));
  if (!ls_cut_is_drawn(spec, s->cut)) return LS_OK;
  int64_t n = ls_cut_drawn_from(s->cut);
  LS_TRY(ls_mem_new((void **)&s->memory, ls_drawn_bytes(n), 1));
  ls_drawn_place(&s->drawn, n, s->memory);
  LS_TRY(ls_cut_draw(spec, source[0], s->cut, &s->drawn));
  ls_cut_take(&s->drawn, s->cut);
  return LS_OK;
}

ls_status ls_splits_read(const ls_data_spec *spec, bool want_classes, ls_splits **out) {
  ls_source *source[3] = {0};
  LS_NEW(*out, 1);
  ls_status status = read_splits(*out, spec, source, want_classes);
  ls_sources_close(source);
  if (status != LS_OK) ls_splits_free(out);
  return status;
}

void ls_splits_free(ls_splits **out) {
  if (!*out) return;
  LS_FREE((*out)->memory);
  LS_FREE(*out);
}

int64_t ls_splits_features(const ls_splits *s) { return s->features; }
int64_t ls_splits_rows(const ls_splits *s, ls_split split) { return s->cut[split].rows; }
int64_t ls_splits_file_row(const ls_splits *s, ls_split split, int64_t i) {
  return ls_cut_row(&s->cut[split], i);
}
