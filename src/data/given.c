/* given.c - a program's samples in three roles: a source without rows, for names and places;
 * scaling and class weights by the program's statistics; a store that holds what was given last
 * of each split. Begin with ls_data_give. */
#include "data/given.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/columns.h"
#include "data/data_private.h"
#include "data/scaling.h"
#include "data/weights.h"

/* ---- as a source ---- */

typedef struct {
  ls_source base;
  const ls_data_spec *spec;
} memory;

static void place(const ls_source *source, int64_t row, int64_t column, char *text, size_t size) {
  const int64_t y = -1 - column;
  if (column >= 0)
    snprintf(text, size, "sample %jd, input %jd", row, column);
  else if (y < source->shape.outputs)
    snprintf(text, size, "sample %jd, target %jd", row, y);
  else
    snprintf(text, size, "sample %jd, weight", row);
}

static ls_status columns(const ls_source *source, ls_columns *out) {
  const ls_data_spec *spec = ((const memory *)source)->spec;
  char **names[2] = {spec->given_names[0], spec->given_names[1]};
  if (source->shape.soft && !names[1]) names[1] = spec->given_classes;
  for (int role = 0; role < 2; role++)
    LS_TRY(ls_columns_split(names[role], ls_list_length(names[role]), &out->name[role],
                            &out->unit[role]));
  const int classes = ls_list_length(spec->given_classes);
  LS_NEW(out->classes.text, classes);
  for (; out->classes.count < classes; out->classes.count++)
    out->classes.text[out->classes.count] = ls_mem_text(spec->given_classes[out->classes.count]);
  return LS_OK;
}

static void close_source(ls_source *source) { (void)source; }

static const ls_format format = {
    .name = "memory", .place = place, .columns = columns, .close = close_source};

ls_status ls_given_source(const ls_data_spec *spec, ls_source **out) {
  LS_TRY(ls_source_new(&format, sizeof(memory), 1, out));
  ((memory *)*out)->spec = spec;
  (*out)->shape = (ls_shape){
      .rows = spec->given_samples, .features = spec->given_inputs, .outputs = spec->given_targets};
  if (spec->classes > 1 && spec->given_targets == spec->classes) {
    (*out)->shape.soft = true;
    (*out)->shape.classes = spec->classes;
  }
  (*out)->file->path = ls_mem_text("the program's samples");
  return LS_OK;
}

/* ---- what the program knows of them ---- */

static ls_status check_scaling(const char *what, int64_t k, double shift, double divisor) {
  if (isfinite(shift) && isfinite(divisor) && divisor > 0) return LS_OK;
  return ls_fail(LS_EUSAGE,
                 "%s_shift %g, %s_divisor %g of number %jd: they are numbers, and divisors more "
                 "than 0",
                 what, shift, what, divisor, k);
}

ls_status ls_given_scale(const ls_data_spec *spec, int role, const ls_scaling *how,
                         ls_affine *affine) {
  static const ls_statistics none = {0};
  const ls_statistics *known = spec->statistics ? spec->statistics : &none;
  const char *what = role == LS_ROLE_X ? "x" : "y";
  const double *shift = known->shift[role], *divisor = known->divisor[role];
  int64_t measured = 0;
  for (int64_t k = 0; affine && how && k < affine->n; k++) measured += ls_scaling_measured(&how[k]);
  if (!shift != !divisor)
    return ls_fail(LS_EUSAGE, "%s_shift and %s_divisor go together", what, what);
  if (measured == 0 && shift)
    return ls_fail(LS_EUSAGE, "%s_shift and %s_divisor go with data.scale: standard or minmax",
                   what, what);
  if (measured > 0 && !shift)
    return ls_fail(LS_ECONFIG,
                   "data.scale: samples of a program are scaled by the statistics that it gives, "
                   "and it has given none (%s_shift, %s_divisor)",
                   what, what);
  for (int64_t k = 0; measured > 0 && k < affine->n; k++) {
    if (!ls_scaling_measured(&how[k])) continue;
    LS_TRY(check_scaling(what, k, shift[k], divisor[k]));
    affine->shift[k] = shift[k];
    affine->divisor[k] = divisor[k];
  }
  return LS_OK;
}

/* ---- inputs ---- */

static double filled(const ls_given_inputs *in, int64_t f, double x) {
  return in->mean && in->mean->n > 0 && isnan(x) ? in->mean->value[f] : x;
}

/* What is wrong with an input, which is `kept` then; NULL: nothing. */
static const char *no_input(const ls_affine *scale, int64_t f, double own, double kept) {
  if (isfinite(kept)) return NULL;
  const bool log = scale && scale->n > 0 && ls_affine_is_log(scale, f);
  return log && own <= 0 ? "only numbers > 0 have a logarithm (data.scale)" : ls_not_finite;
}

ls_status ls_given_x(const ls_given_inputs *in, ls_dtype type, int64_t first, int64_t rows,
                     const void *x, ls_dtype precision, void *out, int64_t ldx) {
  static const ls_source anywhere = {.format = &format};
  const ls_chunk chunk = {.source = &anywhere, .first = first};
  const ls_affine *scale = in->scale && in->scale->n > 0 ? in->scale : NULL;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t f = 0; f < in->features; f++) {
      const double given = ls_dtype_get(type, x, r * in->features + f), own = filled(in, f, given);
      ls_dtype_put(precision, out, r * ldx + f, scale ? ls_affine_scaled(scale, f, own) : own);
      const char *wrong = no_input(scale, f, own, ls_dtype_get(precision, out, r * ldx + f));
      if (wrong)
        return ls_refuse_missing(&chunk, r, f, wrong, given,
                                 "; data.missing.x: mean or a number fills it in");
    }
  return LS_OK;
}

/* ---- as a store ---- */

typedef struct {
  int64_t first, rows, room;
  void *x, *y;            /* (room, features) and (room), or (room, columns), as kept */
  double *weight, *there; /* (room), see ls_data; of train alone */
} held;

typedef struct {
  ls_store base;
  ls_source source; /* for messages */
  held held[3];     /* by source */
  ls_filling missing;
  double *factor; /* (classes) what each counts; NULL: the same */
} given;

/* What takes the place of missing inputs: train's means, or the same number. */
static ls_status take_missing(given *g) {
  const ls_missing_spec *how = &g->base.args.spec->missing;
  const ls_filling *mean = &g->base.args.recipe->x_mean;
  if (how->x_how != LS_MISSING_MEAN && how->x_how != LS_MISSING_FILL) return LS_OK;
  g->missing.n = g->base.args.recipe->features;
  LS_NEW(g->missing.value, g->missing.n);
  for (int64_t f = 0; f < g->missing.n; f++)
    g->missing.value[f] = how->x_how == LS_MISSING_MEAN ? mean->value[f] : how->x;
  return LS_OK;
}

static ls_status take_class_weights(given *g) {
  const ls_data_spec *spec = g->base.args.spec;
  const int64_t *count = spec->statistics ? spec->statistics->class_counts : NULL;
  const int named = ls_list_length(spec->given_classes);
  if (!ls_class_weights_given(&spec->class_weights)) return LS_OK;
  if (spec->class_weights.balanced && !count)
    return ls_fail(LS_ECONFIG,
                   "train.class_weights: balanced, and the program has not said how many samples "
                   "each class has (class_counts)");
  const ls_texts names = {.text = spec->given_classes, .count = named};
  const ls_weights weights = {
      .spec = spec, .classes = g->base.args.recipe->outputs, .names = &names, .count = count};
  LS_NEW(g->factor, weights.classes);
  return ls_weights_of_classes(&weights, g->factor);
}

static ls_status set_up(given *g) {
  const ls_recipe *r = g->base.args.recipe;
  g->source =
      (ls_source){.format = &format, .shape = {.features = r->features, .outputs = r->columns}};
  LS_TRY(take_missing(g));
  return take_class_weights(g);
}

static ls_status open_given(const ls_store_args *args, ls_store **out) {
  LS_TRY(ls_comm_new(args->comm, (void **)out, 1, sizeof(given)));
  (*out)->args = *args;
  return ls_comm_agree(args->comm, set_up((given *)*out));
}

static void close_held(held *p) {
  LS_FREE(p->x);
  LS_FREE(p->y);
  LS_FREE(p->weight);
  LS_FREE(p->there);
}

static void close_given(ls_comm *comm, ls_store *store) {
  given *g = (given *)store;
  (void)comm;
  for (int s = 0; s < 3; s++) close_held(&g->held[s]);
  LS_FREE(g->missing.value);
  LS_FREE(g->factor);
  LS_FREE(g);
}

static ls_status make_room(const ls_recipe *r, held *p, int64_t rows) {
  if (rows <= p->room) return LS_OK;
  p->room = 0;
  close_held(p);
  LS_TRY(ls_mem_new(&p->x, (size_t)rows, ls_recipe_x(r)));
  LS_TRY(ls_mem_new(&p->y, (size_t)rows, ls_recipe_y(r)));
  LS_NEW(p->weight, rows);
  LS_NEW(p->there, rows);
  p->room = rows;
  return LS_OK;
}

/* What a sample counts: its own weight, times its class's. */
static ls_status weigh(const given *g, const ls_chunk *one, double *weight) {
  int32_t label;
  LS_TRY(ls_weights_store(weight, one));
  if (g->factor && ls_recipe_label(g->base.args.recipe, one->y, &label))
    *weight *= g->factor[label];
  return LS_OK;
}

/* Of the targets, the fraction that are there. */
static double fraction_there(const double *y, int64_t n) {
  int64_t there = 0;
  for (int64_t c = 0; c < n; c++) there += !isnan(y[c]);
  return (double)there / (double)n;
}

static ls_status take_row(const given *g, const ls_given *samples, int64_t k, double *row,
                          held *to) {
  const ls_recipe *r = g->base.args.recipe;
  const ls_chunk one = {.source = &g->source,
                        .first = samples->first + k,
                        .rows = 1,
                        .y = row,
                        .stride = r->columns + 1};
  for (int64_t c = 0; c < r->columns; c++)
    row[c] = ls_dtype_get(samples->type, samples->y, k * r->columns + c);
  row[r->columns] = samples->weight ? ls_dtype_get(samples->type, samples->weight, k) : 1;
  LS_TRY(ls_recipe_keep_y(r, &one, (char *)to->y + (size_t)k * ls_recipe_y(r)));
  to->there[k] = fraction_there(row, r->columns);
  return weigh(g, &one, &to->weight[k]);
}

/* Targets and weights. */
static ls_status take_y(const given *g, const ls_given *samples, held *to) {
  double *row;
  ls_status status = LS_OK;
  LS_NEW(row, g->base.args.recipe->columns + 1);
  for (int64_t k = 0; k < samples->rows && status == LS_OK; k++)
    status = take_row(g, samples, k, row, to);
  LS_FREE(row);
  return status;
}

ls_status ls_data_give(ls_data *data, ls_split split, const ls_given *samples) {
  const ls_recipe *r = &data->recipe;
  given *g = (given *)data->store;
  const ls_given_inputs inputs = {r->features, r->x_affine, &g->missing};
  held *p = &g->held[split];
  assert(data->kind == &ls_store_given);
  LS_TRY(
      make_room(r, p, samples->rows > 0 ? samples->rows : 1)); /* something is held in any case */
  p->first = samples->begin + samples->first;
  p->rows = samples->rows;
  if (split == LS_SPLIT_TEST) {
    data->rows[split] = samples->total;
    data->splits.cut[split] = (ls_cut){.source = split, .rows = samples->total};
  } else {
    const bool weighted = samples->weighted || g->factor;
    data->weight = (ls_row_values){weighted ? p->weight : NULL, p->first};
    data->there = (ls_row_values){ls_data_masked(data) ? p->there : NULL, p->first};
  }
  LS_TRY(ls_given_x(&inputs, samples->type, samples->first, samples->rows, samples->x, r->precision,
                    p->x, r->features));
  return take_y(g, samples, p);
}

int64_t ls_data_columns(const ls_data *data) { return data->recipe.columns; }

/* Rows that follow one another: the order is sequential. */
static ls_status gather(const ls_store *store, int s, const int64_t *row, int64_t rows,
                        const ls_batch *to) {
  const held *p = &((const given *)store)->held[s];
  const ls_recipe *r = store->args.recipe;
  const size_t at = (size_t)(row[0] - p->first);
  assert(row[0] >= p->first && row[0] + rows <= p->first + p->rows);
  ls_recipe_give(r, (const char *)p->x + at * ls_recipe_x(r),
                 (const char *)p->y + at * ls_recipe_y(r), NULL, rows, to);
  return LS_OK;
}

const ls_store_kind ls_store_given = {.open = open_given, .gather = gather, .close = close_given};
