#include "data/given.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "data/data_private.h"
#include "data/scale.h"

/* ---- messages ---- */

static void place(const ls_source *source, int64_t row, int64_t column, char *text, size_t size) {
  const bool input = column >= 0;
  (void)source;
  snprintf(text, size, "sample %lld, %s %lld", (long long)row, input ? "input" : "target",
           (long long)(input ? column : -1 - column));
}
static const ls_format format = {.name = "memory", .place = place};
static const ls_source source = {.format = &format};

/* ---- inputs ---- */

static double scaled(const ls_given_inputs *in, int64_t f, double x) {
  if (in->mean && in->mean->n > 0 && isnan(x)) x = in->mean->value[f];
  if (!in->scale || in->scale->n == 0) return x;
  return ls_affine_scaled(in->scale, f, x);
}

ls_status ls_given_x(const ls_given_inputs *in, ls_dtype type, int64_t first, int64_t rows,
                     const void *x, ls_dtype precision, void *out, int64_t ldx) {
  const ls_origin origin = {.source = &source, .first = first};
  for (int64_t r = 0; r < rows; r++)
    for (int64_t f = 0; f < in->features; f++) {
      const double given = ls_dtype_get(type, x, r * in->features + f);
      ls_dtype_put(precision, out, r * ldx + f, scaled(in, f, given));
      if (!isfinite(ls_dtype_get(precision, out, r * ldx + f)))
        return ls_refuse(&origin, r, f, ls_not_finite, given);
    }
  return LS_OK;
}

/* ---- as a store ---- */

typedef struct {
  int64_t first, rows, room;
  void *x, *y; /* (room, features) and (room), or (room, columns), as kept */
} part;

typedef struct {
  ls_store base;
  part part[3]; /* by source */
} given;

static ls_status open_given(const ls_store_plan *plan, ls_store **out) {
  LS_TRY(ls_comm_agree(plan->comm, ls_mem_new((void **)out, 1, sizeof(given))));
  (*out)->plan = *plan;
  return LS_OK;
}

static void close_given(ls_comm *comm, ls_store *store) {
  given *g = (given *)store;
  (void)comm;
  for (int s = 0; s < 3; s++) {
    LS_FREE(g->part[s].x);
    LS_FREE(g->part[s].y);
  }
  LS_FREE(g);
}

static ls_status make_room(const ls_recipe *r, part *p, int64_t rows) {
  if (rows <= p->room) return LS_OK;
  p->room = 0;
  LS_FREE(p->x);
  LS_FREE(p->y);
  LS_TRY(ls_mem_new(&p->x, (size_t)rows, ls_recipe_x(r)));
  LS_TRY(ls_mem_new(&p->y, (size_t)rows, ls_recipe_y(r)));
  p->room = rows;
  return LS_OK;
}

static ls_status take_y(const ls_recipe *r, const ls_given *samples, void *kept) {
  double *row;
  ls_status status = LS_OK;
  LS_NEW(row, r->columns);
  for (int64_t k = 0; k < samples->rows && status == LS_OK; k++) {
    const ls_origin origin = {.source = &source, .first = samples->first + k};
    for (int64_t c = 0; c < r->columns; c++)
      row[c] = ls_dtype_get(samples->type, samples->y, k * r->columns + c);
    status =
        ls_recipe_keep_y(r, &origin, 1, row, r->columns, (char *)kept + (size_t)k * ls_recipe_y(r));
  }
  LS_FREE(row);
  return status;
}

ls_status ls_data_give(ls_data *data, ls_split split, const ls_given *samples) {
  const ls_recipe *r = &data->recipe;
  const ls_given_inputs inputs = {r->features, r->x_affine, NULL};
  part *p = &((given *)data->store)->part[split];
  assert(data->kind == &ls_store_given);
  LS_TRY(make_room(r, p, samples->rows));
  p->first = samples->begin + samples->first;
  p->rows = samples->rows;
  if (split == LS_SPLIT_TEST) {
    data->rows[split] = samples->total;
    data->splits.cut[split] = (ls_cut){.source = split, .rows = samples->total};
  }
  LS_TRY(ls_given_x(&inputs, samples->type, samples->first, samples->rows, samples->x, r->precision,
                    p->x, r->features));
  return take_y(r, samples, p->y);
}

int64_t ls_data_columns(const ls_data *data) { return data->recipe.columns; }

/* Rows that follow one another: the order is sequential. */
static ls_status gather(const ls_store *store, int s, const int64_t *row, int64_t rows, void *x,
                        int64_t ldx, int32_t *labels, void *targets) {
  const part *p = &((const given *)store)->part[s];
  const ls_recipe *r = store->plan.recipe;
  const size_t at = (size_t)(row[0] - p->first);
  assert(row[0] >= p->first && row[0] + rows <= p->first + p->rows);
  if (x) ls_recipe_give_x(r, (const char *)p->x + at * ls_recipe_x(r), NULL, rows, x, ldx);
  ls_recipe_give_y(r, (const char *)p->y + at * ls_recipe_y(r), NULL, rows, labels, targets);
  return LS_OK;
}

const ls_store_kind ls_store_given = {.open = open_given, .gather = gather, .close = close_given};
