/* splits.c - two steps, as lengths are needed before anything is read: ls_splits_cut says how
 * long each split is, ls_splits_draw and _take which rows a drawn one has. A fold is a stretch
 * of the drawn order, or one of drawn.h's folds of groups, so that folds never meet. */
#include "data/splits.h"

#include <math.h>

#include "base/mem.h"
#include "data/format.h"
#include "data/kept.h"

const char *const ls_split_names[] = {"train", "validation", "test", "all", NULL};

int64_t ls_data_portion(double fraction, int64_t n) {
  return (int64_t)floor(fraction * (double)n * (1 + 1e-15));
}

/* Where fold n of k begins among `samples` drawn ones; fold k: the end. */
static int64_t fold_begin(int64_t k, int64_t n, int64_t samples) {
  return samples / k * n + samples % k * n / k;
}

int64_t ls_data_held_out(const ls_data_spec *spec, int64_t n) {
  const ls_fold_spec *fold = &spec->fold;
  if (fold->k > 0) return fold_begin(fold->k, fold->n + 1, n) - fold_begin(fold->k, fold->n, n);
  return ls_data_portion(spec->validation.share, n);
}

/* How the samples that validate are drawn: a fold needs no data.validation. */
static ls_validation_spec drawn_how(const ls_data_spec *spec) {
  static const ls_validation_spec alone = {.how = LS_DRAW_RANDOM, .seed = 1};
  return spec->validation.share > 0 ? spec->validation : alone;
}

static ls_status cut_split(const ls_data_spec *spec, int s, int64_t rows, ls_splits *splits) {
  const ls_cut *all = &splits->all[s];
  int64_t skip = spec->skip[s], limit = spec->limit[s];
  if (rows <= skip)
    return ls_fail(LS_EDATA, "data.skip.%s: %jd leaves none of the %jd samples there are",
                   ls_split_names[s], skip, rows);
  int64_t first = all->kept ? ls_drawn_before(all->kept, skip) : skip, left = all->rows - first;
  if (left <= 0)
    return ls_fail(LS_EDATA, "data.missing: all samples of %s have missing values and are dropped",
                   ls_split_names[s]);
  ls_cut *cut = &splits->cut[s];
  *cut = *all;
  cut->first = first;
  cut->rows = limit >= 0 && limit < left ? limit : left;
  return cut->rows > 0 ? LS_OK
                       : ls_fail(LS_EDATA, "data.limit.%s: 0 leaves no samples", ls_split_names[s]);
}

static void find_ends(const ls_data_spec *spec, int s, int64_t rows, ls_splits *splits) {
  const ls_cut *cut = &splits->cut[s];
  splits->lo[s] = spec->whole ? 0 : ls_cut_row(cut, 0);
  splits->hi[s] = spec->whole ? rows : ls_cut_row(cut, cut->rows - 1) + 1;
}

static ls_status refuse_length(const ls_data_spec *spec, int64_t rows, int64_t kept) {
  if (spec->fold.k > 0)
    return ls_fail(LS_EDATA, "data.fold: %jd samples are too few for %jd folds", rows,
                   spec->fold.k);
  return ls_fail(LS_EDATA, "data.validation: %g of %jd samples are %jd, which leaves %s",
                 spec->validation.share, rows, kept,
                 kept < 1 ? "none to validate with" : "none to train on");
}

ls_status ls_splits_cut(const ls_data_spec *spec, const int64_t rows[3], ls_splits *splits) {
  ls_cut *cut = splits->cut, *train = &cut[LS_SPLIT_TRAIN];
  for (int s = 0; s < 3; s++) {
    const ls_drawn *kept = splits->kept[s].n > 0 ? &splits->kept[s] : NULL;
    cut[s] = (ls_cut){0};
    splits->all[s] = (ls_cut){.source = s, .kept = kept, .rows = kept ? *kept->taken : rows[s]};
    if (rows[s] == 0) continue;
    LS_TRY(cut_split(spec, s, rows[s], splits));
    find_ends(spec, s, rows[s], splits);
  }
  bool held = spec->fold.k > 0 || spec->validation.share > 0;
  if (!held || cut[LS_SPLIT_VALIDATION].rows > 0) return LS_OK;
  int64_t kept = ls_data_held_out(spec, train->rows);
  if (kept < 1 || kept >= train->rows || spec->fold.k > train->rows)
    return refuse_length(spec, train->rows, kept);
  train->rows -= kept;
  cut[LS_SPLIT_VALIDATION] =
      (ls_cut){.kept = train->kept, .first = train->first + train->rows, .rows = kept};
  return LS_OK;
}

static bool is_used(const ls_splits *splits, int source, int64_t row) {
  const ls_drawn *kept = splits->all[source].kept;
  return row >= splits->lo[source] && row < splits->hi[source] && (!kept || ls_drawn_is(kept, row));
}

bool ls_splits_used(const ls_splits *splits, int source, int64_t row, int64_t most, int64_t *run) {
  const bool used = is_used(splits, source, row);
  for (*run = 1; *run < most && is_used(splits, source, row + *run) == used;) ++*run;
  return used;
}

/* ---- validation that is drawn ---- */

/* How many samples it is drawn from. */
static int64_t drawn_from(const ls_cut cut[3]) { return cut[0].rows + cut[1].rows; }

size_t ls_splits_room(const ls_data_spec *spec, const ls_splits *splits) {
  const ls_cut *validation = &splits->cut[LS_SPLIT_VALIDATION];
  bool drawn =
      drawn_how(spec).how != LS_DRAW_LAST && validation->rows > 0 && validation->source == 0;
  return drawn ? ls_drawn_bytes(drawn_from(splits->cut)) : 0;
}

void ls_splits_lay(ls_splits *splits, void *memory) {
  ls_drawn_lay(&splits->drawn, drawn_from(splits->cut), memory);
}

/* Of the i-th sample that is drawn from; samples of both splits, train's first. */
static int64_t key_row(const ls_cut *train, int64_t i) {
  return train->kept ? ls_drawn_sample(train->kept, true, train->first + i) : train->first + i;
}

static ls_status choose_groups(const ls_data_spec *spec, const uint64_t *key, ls_splits *splits,
                               int64_t *groups) {
  const uint64_t seed = (uint64_t)spec->validation.seed;
  const ls_fold_spec *fold = &spec->fold;
  if (fold->k > 0) return ls_drawn_fold(&splits->drawn, fold->k, fold->n, seed, key, groups);
  return ls_drawn_groups(&splits->drawn, splits->cut[1].rows, seed, key, groups);
}

static ls_status refuse_groups(const ls_data_spec *spec, const ls_splits *splits, int64_t groups) {
  const ls_validation_spec *validation = &spec->validation;
  if (spec->fold.k > 0)
    return ls_fail(LS_EDATA, "data.fold: the %jd groups by '%s' are too few for %jd folds", groups,
                   validation->by, spec->fold.k);
  return ls_fail(LS_EDATA,
                 "data.validation: none of the %jd groups by '%s' is as small as %g of the "
                 "%jd samples, which are %jd; make share larger",
                 groups, validation->by, validation->share, splits->drawn.n, splits->cut[1].rows);
}

static ls_status draw_groups(const ls_data_spec *spec, ls_source *train, ls_splits *splits) {
  const ls_cut *cut = splits->cut;
  uint64_t *key = NULL;
  bool *asked = NULL;
  int64_t groups = 0;
  ls_status status = ls_mem_new((void **)&key, (size_t)train->shape.rows, sizeof *key);
  if (status == LS_OK)
    status = ls_mem_new((void **)&asked, (size_t)train->shape.rows, sizeof *asked);
  for (int64_t i = 0; status == LS_OK && i < drawn_from(cut); i++)
    asked[key_row(&cut[0], i)] = true;
  if (status == LS_OK) status = ls_source_keys(train, spec->validation.by, asked, key);
  for (int64_t i = 0; status == LS_OK && i < drawn_from(cut); i++)
    key[i] = key[key_row(&cut[0], i)];
  if (status == LS_OK) status = choose_groups(spec, key, splits, &groups);
  LS_FREE(asked);
  LS_FREE(key);
  LS_TRY(status);
  const bool enough = groups >= spec->fold.k && *splits->drawn.taken > 0;
  return enough ? LS_OK : refuse_groups(spec, splits, groups);
}

ls_status ls_splits_draw(const ls_data_spec *spec, ls_source *train, ls_splits *splits) {
  const ls_validation_spec how = drawn_how(spec);
  const ls_fold_spec *fold = &spec->fold;
  if (how.how == LS_DRAW_GROUP) return draw_groups(spec, train, splits);
  int64_t from = fold->k > 0 ? fold_begin(fold->k, fold->n, drawn_from(splits->cut)) : 0;
  ls_drawn_random(&splits->drawn, from, splits->cut[1].rows, (uint64_t)how.seed);
  return LS_OK;
}

void ls_splits_take(ls_splits *splits) {
  const ls_drawn *drawn = &splits->drawn;
  ls_cut *train = &splits->cut[LS_SPLIT_TRAIN];
  train->rows = drawn->n - *drawn->taken;
  train->drawn = drawn;
  splits->cut[LS_SPLIT_VALIDATION] = (ls_cut){.kept = train->kept,
                                              .first = train->first,
                                              .rows = *drawn->taken,
                                              .drawn = drawn,
                                              .taken = true};
}

/* ---- without the data ---- */

static ls_status find_kept(const ls_data_spec *spec, ls_source *source[3], const int64_t rows[3],
                           ls_splits *splits) {
  size_t room = ls_kept_room(spec, rows);
  if (room == 0) return LS_OK;
  LS_TRY(ls_mem_new(&splits->own[0], room, 1));
  ls_kept_lay(rows, splits->own[0], splits->kept);
  return ls_kept_find(spec, source, splits->kept);
}

static ls_status read_splits(const ls_data_spec *spec, ls_source *source[3], ls_splits *splits) {
  int64_t rows[3];
  for (int s = 0; s < 3; s++) rows[s] = source[s] ? source[s]->shape.rows : 0;
  LS_TRY(find_kept(spec, source, rows, splits));
  LS_TRY(ls_splits_cut(spec, rows, splits));
  size_t room = ls_splits_room(spec, splits);
  if (room == 0) return LS_OK;
  LS_TRY(ls_mem_new(&splits->own[1], room, 1));
  ls_splits_lay(splits, splits->own[1]);
  LS_TRY(ls_splits_draw(spec, source[0], splits));
  ls_splits_take(splits);
  return LS_OK;
}

ls_status ls_splits_read(const ls_data_spec *spec, bool want_classes, ls_splits *splits,
                         int64_t *features) {
  ls_source *source[3] = {0};
  *splits = (ls_splits){0};
  ls_status status = ls_sources_open(spec, want_classes || spec->classes > 0, true, source);
  if (status == LS_OK) {
    *features = source[0]->shape.features;
    status = read_splits(spec, source, splits);
  }
  ls_sources_close(source);
  if (status != LS_OK) ls_splits_free(splits);
  return status;
}

void ls_splits_free(ls_splits *splits) {
  for (int i = 0; i < 2; i++) LS_FREE(splits->own[i]);
}
