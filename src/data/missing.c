#include "data/missing.h"

#include <math.h>

#include "base/mem.h"

enum { CHUNK_BYTES = 1 << 20 };

/* ---- reading a source through, and back to its begin ---- */

typedef struct {
  ls_source *source;
  double *x, *y; /* (step, features), (step, columns) of y */
  int64_t step;
} reader;

typedef void visit(void *arg, int64_t row, const double *x, const double *y);

static ls_status read_rows(reader *r, visit *each, void *arg) {
  const ls_shape *shape = &r->source->shape;
  const int64_t columns = ls_shape_columns(shape);
  r->step = CHUNK_BYTES / 8 / (shape->features + columns) + 1;
  LS_NEW(r->x, r->step * shape->features);
  LS_NEW(r->y, r->step * columns);
  for (int64_t row = 0, rows; row < shape->rows; row += rows) {
    rows = shape->rows - row < r->step ? shape->rows - row : r->step;
    LS_TRY(ls_source_read(r->source, rows, LS_F64, r->x, r->y));
    for (int64_t k = 0; k < rows; k++)
      each(arg, row + k, r->x + k * shape->features, r->y + k * columns);
  }
  return r->source->format->rewind(r->source);
}

static ls_status read_through(ls_source *source, visit *each, void *arg) {
  reader r = {.source = source};
  source->loose = true;
  ls_status status = read_rows(&r, each, arg);
  source->loose = false;
  LS_FREE(r.x);
  LS_FREE(r.y);
  return status;
}

/* ---- dropped samples ---- */

bool ls_kept_asked(const ls_data_spec *spec) {
  const ls_missing_spec *missing = &spec->missing;
  return !spec->inputs && (missing->x_how == LS_MISSING_DROP || missing->y == LS_MISSING_Y_DROP);
}

size_t ls_kept_room(const ls_data_spec *spec, const int64_t rows[3]) {
  size_t room = 0;
  if (!ls_kept_asked(spec)) return 0;
  for (int s = 0; s < 3; s++) room += ls_drawn_bytes(rows[s]);
  return room;
}

void ls_kept_place(const int64_t rows[3], void *memory, ls_drawn kept[3]) {
  char *at = memory;
  for (int s = 0; s < 3; s++) {
    ls_drawn_place(&kept[s], rows[s], at);
    at += ls_drawn_bytes(rows[s]);
  }
}

typedef struct {
  ls_drawn *kept;
  int64_t n[2]; /* values of x, of y that drop a sample */
} search;

static bool has_nan(const double *value, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (isnan(value[i])) return true;
  return false;
}

static void keep(void *arg, int64_t row, const double *x, const double *y) {
  const search *s = arg;
  if (!has_nan(x, s->n[0]) && !has_nan(y, s->n[1])) ls_drawn_take(s->kept, row);
}

ls_status ls_kept_find(const ls_data_spec *spec, ls_source *source[3], ls_drawn kept[3]) {
  for (int i = 0; i < 3; i++) {
    if (!source[i]) continue;
    const ls_shape *shape = &source[i]->shape;
    search s = {&kept[i],
                {spec->missing.x_how == LS_MISSING_DROP ? shape->features : 0,
                 spec->missing.y == LS_MISSING_Y_DROP ? shape->outputs : 0}};
    LS_TRY(read_through(source[i], keep, &s));
    ls_drawn_count(&kept[i]);
  }
  return LS_OK;
}

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
  const ls_origin origin = {.source = train, .first = ls_cut_row(cut, 0)};
  sums s = {cut, features, mean, NULL};
  LS_NEW(s.count, features);
  for (int64_t f = 0; f < features; f++) mean[f] = 0;
  ls_status status = read_through(train, add, &s);
  for (int64_t f = 0; f < features && status == LS_OK; f++) {
    mean[f] /= s.count[f];
    if (s.count[f] == 0)
      status = ls_refuse(&origin, 0, f, "missing in all training samples, so it has no mean",
                         (double)NAN);
  }
  LS_FREE(s.count);
  return status;
}

/* ---- targets that count nothing ---- */

void ls_mask_add(const ls_mask *mask, const ls_origin *origin, int64_t rows, const double *y,
                 int64_t stride) {
  const int64_t targets = origin->source->shape.outputs;
  for (int64_t k = 0; k < rows; k++) {
    const bool trained = ls_cut_has(mask->train, LS_SPLIT_TRAIN, origin->first + k);
    int64_t there = 0;
    for (int64_t c = 0; c < targets; c++) {
      if (isnan(y[k * stride + c])) continue;
      there++;
      mask->samples[c] += trained;
    }
    mask->share[origin->first + k] = (double)there / (double)targets;
  }
}

ls_status ls_mask_check(const ls_mask *mask, const ls_source *train) {
  const ls_origin origin = {.source = train, .first = ls_cut_row(mask->train, 0)};
  for (int64_t c = 0; c < train->shape.outputs; c++)
    if (mask->samples[c] == 0)
      return ls_refuse(&origin, 0, -1 - c,
                       "missing in all training samples, so it cannot be learned", (double)NAN);
  return LS_OK;
}
