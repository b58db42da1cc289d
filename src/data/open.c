/* open.c - ls_data_open (data.h), from top to bottom: one rank of each node opens the sources, says
 * what there is, and reads it all once into the store (store.h); after every step all ranks agree.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "data/columns.h"
#include "data/data_private.h"
#include "data/format.h"
#include "data/given.h"
#include "data/kept.h"
#include "data/missing.h"
#include "data/scaling.h"
#include "data/tell.h"
#include "data/weights.h"
#include "io/h5.h"

enum { CHUNK_BYTES = 1 << 20 };

typedef struct {
  ls_comm *comm;
  const ls_data_spec *spec;
  ls_data *data;
  /* Of the rank that reads: */
  ls_source *source[3];
  void *x;                /* some rows on their way, as recipe.raw */
  double *y;              /* theirs, (columns + weights) */
  int32_t *label;         /* (rows of train's source), where classes have weights */
  ls_scaling *scaling[2]; /* of each column of x, of y as the config has it; NULL: none */
  ls_mask mask;           /* where targets may be missing; else `there` is NULL */
  /* Of all: */
  void *told; /* (told_bytes) what reading finds, on its way to the ranks that do not read */
  size_t told_bytes;
} opening;

static const char *path_of(const opening *o) { return o->source[0]->file[0].path; }

/* ---- what there is ---- */

static ls_status open_sources(opening *o) {
  LS_TRY(ls_sources_open(o->spec, o->data->recipe.labels, false, o->source));
  assert(o->source[0]);
  if (o->spec->inputs || o->source[0]->shape.outputs > 0) return LS_OK;
  return ls_fail(LS_EDATA, "%s: there are no targets", path_of(o));
}

static ls_facts facts_of(const opening *o) {
  ls_facts facts = {.bytes = true, .single = true};
  if (!o->source[0]) return facts;
  facts.features = o->source[0]->shape.features;
  facts.columns = o->source[0]->shape.outputs;
  facts.classes = o->source[0]->shape.classes;
  facts.soft = o->source[0]->shape.soft;
  facts.separator = o->source[0]->separator;
  for (int s = 0; s < 3; s++) {
    if (!o->source[s]) continue;
    const ls_shape *shape = &o->source[s]->shape;
    facts.rows[s] = shape->rows;
    facts.files += o->source[s]->files;
    facts.bytes = facts.bytes && shape->bytes;
    facts.single = facts.single && shape->single;
  }
  return facts;
}

/* What data.missing can make of values that are missing. */
static void choose_remedies(const opening *o) {
  ls_recipe *r = &o->data->recipe;
  const bool real = r->target == LS_TARGET_REAL && !r->labels && !r->soft;
  const bool trained = o->spec->inputs || o->spec->foreign; /* nothing can be said here any more */
  r->remedy[LS_ROLE_X] =
      trained ? "; data.missing.x of the training config: mean or a number fills it in"
              : "; data.missing.x takes such samples: drop leaves them out, mean or a "
                "number fills them in";
  r->remedy[LS_ROLE_Y] = real ? "; data.missing.y takes such samples: drop leaves them out, mask "
                                "counts the other targets"
                              : "; data.missing.y: drop leaves such samples out";
}

static void write_recipe(opening *o, const ls_facts *facts) {
  ls_recipe *r = &o->data->recipe;
  const ls_affine *known = o->spec->x_affine;
  bool scaled = known || ls_scale_given(&o->spec->scale),
       logs = (known && known->logs > 0) || ls_scale_logs(&o->spec->scale);
  memcpy(o->data->rows, facts->rows, sizeof facts->rows);
  o->data->separator = (ls_separator)facts->separator;
  r->features = facts->features;
  r->columns = facts->columns;
  r->soft = facts->soft;
  r->labels = r->labels && !r->soft;
  if (facts->classes > 0) r->classes = facts->classes;
  r->outputs = r->labels ? r->classes : r->columns;
  choose_remedies(o);
  r->kept = facts->bytes && !logs ? LS_U8 : r->precision;
  r->raw = r->kept == LS_F32 && scaled && !facts->single ? LS_F64 : r->kept;
}

/* ---- which rows are which split ---- */

/* `mine`: has this rank come so far? Collective where samples may be dropped, else this rank's own;
 * the next two are collective. */
static ls_status find_kept(opening *o, ls_status mine, bool reads) {
  ls_data *data = o->data;
  if (!ls_kept_asked(o->spec)) return mine;
  LS_TRY(ls_comm_agree(o->comm, mine));
  LS_TRY(ls_comm_shared_new(o->comm, ls_kept_room(o->spec, data->rows), &data->kept));
  ls_kept_lay(data->rows, data->kept.data, data->splits.kept);
  LS_TRY(
      ls_comm_agree(o->comm, reads ? ls_kept_find(o->spec, o->source, data->splits.kept) : LS_OK));
  ls_comm_node_barrier(o->comm);
  return LS_OK;
}

static ls_status make_means(opening *o) {
  const ls_filling *known = o->spec->x_mean;
  ls_filling *mean = &o->data->recipe.x_mean;
  if (!known) return ls_missing_means(o->source[0], &o->data->splits, mean->value);
  for (int64_t f = 0; f < mean->n; f++) /* of other data nothing is filled in */
    mean->value[f] = known->n == mean->n ? known->value[f] : (double)NAN;
  return LS_OK;
}

static ls_status find_means(opening *o, bool reads) {
  ls_filling *mean = &o->data->recipe.x_mean;
  if (o->spec->missing.x_how != LS_MISSING_MEAN) return LS_OK;
  mean->n = o->data->recipe.features;
  LS_TRY(
      ls_comm_agree(o->comm, ls_mem_new((void **)&mean->value, (size_t)mean->n, sizeof(double))));
  LS_TRY(ls_comm_agree(o->comm, reads ? make_means(o) : LS_OK));
  ls_comm_node_bcast(o->comm, mean->value, (size_t)mean->n * sizeof(double));
  for (int s = 0; s < 3; s++)
    if (o->source[s]) o->source[s]->mean = mean->value;
  return LS_OK;
}

/* The rank that reads draws, in memory that all of its node see. */
static ls_status draw(opening *o, bool reads) {
  ls_splits *splits = &o->data->splits;
  size_t room = ls_splits_room(o->spec, splits);
  if (room == 0) return LS_OK;
  LS_TRY(ls_comm_shared_new(o->comm, room, &o->data->drawn));
  ls_splits_lay(splits, o->data->drawn.data);
  LS_TRY(ls_comm_agree(o->comm, reads ? ls_splits_draw(o->spec, o->source[0], splits) : LS_OK));
  ls_comm_node_barrier(o->comm);
  ls_splits_take(splits);
  return LS_OK;
}

/* ---- scaling ---- */

/* Class numbers, probabilities and counts are what they are. */
static bool scales_targets(const opening *o) {
  const ls_recipe *r = &o->data->recipe;
  return !r->labels && !r->soft && r->target == LS_TARGET_REAL && !o->spec->inputs;
}

/* A checkpoint's goes first. */
static ls_status choose_scaling(opening *o) {
  const ls_affine *known[2] = {o->spec->x_affine, o->spec->y_affine};
  LS_TRY(ls_scalings_of(o->source[0], &o->spec->scale, scales_targets(o), o->scaling));
  for (int role = 0; role < 2; role++)
    if (known[role]) LS_FREE(o->scaling[role]);
  return LS_OK;
}

/* By statistics of the training samples. */
static bool is_measured(const opening *o, int role) {
  const ls_recipe *r = &o->data->recipe;
  const int64_t n = role == LS_ROLE_X ? r->features : r->columns;
  bool any = false;
  for (int64_t k = 0; o->scaling[role] && k < n; k++)
    any = any || ls_scaling_measured(&o->scaling[role][k]);
  return any;
}

static ls_status copy_affine(const opening *o, const ls_affine *from, int64_t n, const char *what,
                             ls_affine **out) {
  ls_status status = ls_affine_copy(from, n, what, out);
  if (status != LS_OK && ls_data_columns_fit(o->data, from->n))
    return ls_fail(status, "%s: %s%s", path_of(o), ls_error_text(), ls_columns_hint);
  return status == LS_OK ? status : ls_fail_prefix(status, "%s", path_of(o));
}

/* What is known before a sample has been read. */
static ls_status know_scaling(opening *o) {
  const ls_data_spec *spec = o->spec;
  ls_recipe *r = &o->data->recipe;
  if (spec->y_affine && scales_targets(o))
    LS_TRY(copy_affine(o, spec->y_affine, r->outputs, "targets", &r->y_affine));
  if (spec->x_affine) LS_TRY(copy_affine(o, spec->x_affine, r->features, "features", &r->x_affine));
  if (o->scaling[LS_ROLE_X])
    LS_TRY(ls_affine_make(r->features, o->scaling[LS_ROLE_X], &r->x_affine));
  return o->scaling[LS_ROLE_Y] ? ls_affine_make(r->columns, o->scaling[LS_ROLE_Y], &r->y_affine)
                               : LS_OK;
}

/* Inputs that are read for their statistics alone are looked at on their way. */
typedef struct {
  ls_matrix of;
  ls_constants *constant;
} looked;

static ls_status look_at_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  looked *l = arg;
  const size_t width = (size_t)l->of.n * ls_dtype_size(l->of.cell);
  LS_TRY(l->of.rows(l->of.arg, lo, rows, x));
  for (int64_t k = 0; k < rows; k++)
    ls_constants_look(l->constant, l->of.cell, (const char *)*x + (size_t)k * width);
  return LS_OK;
}

static ls_status measure(opening *o) {
  ls_data *data = o->data;
  ls_affine *const affine[2] = {data->recipe.x_affine, data->recipe.y_affine};
  for (int role = 0; role < 2; role++) {
    if (!is_measured(o, role)) continue;
    ls_matrix m = data->kind->matrix(data->store, role);
    looked look = {m, &data->account.side[role].constant};
    if (data->kind->any_row) m.rows = look_at_rows, m.arg = &look;
    LS_TRY(ls_affine_measure(&m, o->scaling[role], affine[role]));
  }
  return LS_OK;
}

/* ---- reading ---- */

static ls_status make_class_room(ls_data *data, int64_t classes) {
  int64_t room = data->class_room > 0 ? data->class_room : 64;
  if (classes <= data->class_room) return LS_OK;
  while (room < classes) room *= 2;
  for (int i = 0; i < 2; i++) LS_GROW(data->class_count[i], room);
  data->class_room = room;
  return LS_OK;
}

/* How many classes there are, and how many samples of train and validation each has. Rows behind
 * `limit` tell of classes too, as far as they have labels. */
static ls_status count_classes(opening *o, int source, const ls_chunk *chunk) {
  ls_data *data = o->data;
  for (int64_t k = 0; k < chunk->rows; k++) {
    const int64_t row = chunk->first + k;
    int32_t label;
    if (!ls_recipe_label(&data->recipe, chunk->y + k * chunk->stride, &label)) continue;
    if (label >= data->recipe.outputs) data->recipe.outputs = label + 1;
    LS_TRY(make_class_room(data, data->recipe.outputs));
    for (int s = LS_SPLIT_TRAIN; s <= LS_SPLIT_VALIDATION; s++)
      data->class_count[s][label] += ls_cut_has(&data->splits.cut[s], source, row);
    if (o->label && source == LS_SPLIT_TRAIN) o->label[row] = label;
  }
  return LS_OK;
}

/* Rows that splits use. */
static ls_status take_rows(opening *o, int s, const ls_chunk *chunk) {
  ls_data *data = o->data;
  LS_TRY(data->kind->take(data->store, s, chunk));
  if (!o->spec->inputs) ls_account_take(data, s, chunk);
  if (s == LS_SPLIT_TRAIN && o->mask.there) ls_mask_add(&o->mask, chunk);
  if (!chunk->source->shape.weights) return LS_OK;
  return ls_weights_store((double *)data->weight_memory.data + chunk->first, chunk);
}

/* Rows that are all used, or all not; those before `skip` are not asked for anything. */
static ls_status read_some(opening *o, int s, int64_t row, int64_t rows, bool used) {
  ls_data *data = o->data;
  ls_source *source = o->source[s];
  void *x = data->kind->any_row ? NULL : o->x;
  const ls_chunk chunk = {.source = source,
                          .first = row,
                          .rows = rows,
                          .x = x,
                          .y = o->y,
                          .stride = ls_shape_columns(&source->shape)};
  source->loose = !used;
  LS_TRY(ls_source_read(source, rows, data->recipe.raw, x, o->y));
  if (used) LS_TRY(take_rows(o, s, &chunk));
  const bool classes = data->recipe.labels || data->recipe.soft;
  return classes && row >= data->splits.lo[s] ? count_classes(o, s, &chunk) : LS_OK;
}

static ls_status read_source(opening *o, int s) {
  const ls_shape *shape = &o->source[s]->shape;
  int64_t columns = ls_shape_columns(shape), y = columns * (int64_t)sizeof *o->y,
          x = o->data->kind->any_row ? 0 : (int64_t)ls_recipe_raw(&o->data->recipe),
          step = ls_max(CHUNK_BYTES / (x + y), 1);
  LS_TRY(ls_mem_new(&o->x, (size_t)step, (size_t)x));
  LS_NEW(o->y, step * columns);
  for (int64_t row = 0, rows; row < shape->rows; row += rows) {
    bool used = ls_splits_used(&o->data->splits, s, row, ls_min(shape->rows - row, step), &rows);
    LS_TRY(read_some(o, s, row, rows, used));
  }
  LS_FREE(o->x);
  LS_FREE(o->y);
  return LS_OK;
}

static ls_status finish_weights(opening *o) {
  ls_data *data = o->data;
  ls_columns columns;
  if (!data->weight_memory.data) return LS_OK;
  LS_TRY(ls_columns_of(o->source[0], &columns));
  const bool soft = data->recipe.soft; /* whose columns are called as the classes */
  const ls_weights weights = {.spec = o->spec,
                              .train = &data->splits.cut[LS_SPLIT_TRAIN],
                              .weight = data->weight_memory.data,
                              .classes = data->recipe.outputs,
                              .names = soft ? &columns.name[LS_ROLE_Y] : &columns.classes,
                              .count = data->class_count[LS_SPLIT_TRAIN],
                              .label = o->label};
  ls_status status = ls_weights_finish(&weights);
  ls_columns_free(&columns);
  LS_FREE(o->label);
  return status;
}

static ls_status read_train(opening *o) {
  if (o->data->there_memory.data) {
    o->mask.train = &o->data->splits.cut[LS_SPLIT_TRAIN];
    o->mask.there = o->data->there_memory.data;
    LS_NEW(o->mask.samples, o->data->recipe.columns);
  }
  LS_TRY(read_source(o, LS_SPLIT_TRAIN));
  return o->mask.there ? ls_mask_check(&o->mask, o->source[0]) : LS_OK;
}

/* Train first: its statistics scale the other sources as they are read. */
static ls_status read_sources(opening *o) {
  const ls_store_kind *kind = o->data->kind;
  LS_TRY(know_scaling(o));
  if (!o->spec->inputs) LS_TRY(ls_account_begin(o->data, o->source));
  if (ls_class_weights_given(&o->spec->class_weights)) LS_NEW(o->label, o->data->rows[0]);
  if (kind->any_row) LS_TRY(measure(o));
  LS_TRY(read_train(o));
  if (!kind->any_row) LS_TRY(measure(o));
  if (kind->settle) LS_TRY(kind->settle(o->data->store, o->source[0]));
  for (int s = 1; s < 3; s++)
    if (o->source[s]) LS_TRY(read_source(o, s));
  return finish_weights(o);
}

/* ---- what it is called ---- */

static ls_status collect_files(opening *o) {
  ls_data *data = o->data;
  int files = 0;
  for (int s = 0; s < 3; s++) files += o->source[s] ? o->source[s]->files : 0;
  LS_NEW(data->file, files);
  for (int s = 0; s < 3; s++)
    for (int i = 0; o->source[s] && i < o->source[s]->files; i++) {
      ls_data_file *file = &data->file[data->files++];
      *file = o->source[s]->file[i];
      file->path = ls_mem_text(file->path);
    }
  return LS_OK;
}

/* The file's numbers must mean the checkpoint's classes: where both have names, the same ones. */
static ls_status check_classes(const opening *o, const ls_texts *have) {
  const ls_texts *want = o->spec->classes_named;
  for (int64_t c = 0; c < have->count && c < want->count; c++)
    if (strcmp(have->text[c], want->text[c]) != 0)
      return ls_fail(LS_EDATA, "%s: class %jd is '%s' here, '%s' in the checkpoint", path_of(o), c,
                     have->text[c], want->text[c]);
  return LS_OK;
}

/* Classes that only data.classes knows are called by their numbers. */
static ls_status name_classes(opening *o, const ls_texts *classes) {
  ls_texts *names = &o->data->names;
  if (o->spec->classes_named)
    return o->source[0]->names ? LS_OK : check_classes(o, classes); /* CSV was read by these */
  if (!classes->count) return LS_OK;
  LS_NEW(names->text, o->data->recipe.outputs);
  for (; names->count < o->data->recipe.outputs; names->count++)
    names->text[names->count] = names->count < classes->count
                                    ? ls_mem_text(classes->text[names->count])
                                    : ls_mem_format("%jd", names->count);
  return LS_OK;
}

static ls_status name_targets(ls_columns *columns, ls_texts *out) {
  if (columns->called.count == 0)
    return ls_columns_whole(&columns->name[LS_ROLE_Y], &columns->unit[LS_ROLE_Y], out);
  *out = columns->called;
  columns->called = (ls_texts){0};
  return LS_OK;
}

static ls_status name_columns(opening *o) {
  ls_columns columns;
  LS_TRY(ls_columns_of(o->source[0], &columns));
  ls_status status = o->data->recipe.labels ? name_classes(o, &columns.classes)
                                            : name_targets(&columns, &o->data->names);
  o->data->trained = columns.trained;
  columns.trained = (ls_trained){0};
  ls_columns_free(&columns);
  return status;
}

static ls_status describe(opening *o) {
  LS_TRY(collect_files(o));
  if (o->spec->inputs) return LS_OK;
  LS_TRY(name_columns(o));
  return ls_account_name(&o->data->account, &o->data->trained);
}

/* ---- the whole ---- */

static ls_status open_store(opening *o) {
  ls_data *data = o->data;
  ls_store_args args = {.comm = o->comm,
                        .spec = o->spec,
                        .recipe = &data->recipe,
                        .splits = &data->splits,
                        .measures = {is_measured(o, LS_ROLE_X), is_measured(o, LS_ROLE_Y)}};
  memcpy(args.rows, data->rows, sizeof args.rows);
  return data->kind->open(&args, &data->store);
}

/* What each training sample counts, for all of a node. */
static ls_status open_weights(opening *o) {
  ls_data *data = o->data;
  const size_t bytes = (size_t)data->rows[0] * sizeof(double);
  if ((o->spec->weights && !o->spec->unweighted) || ls_class_weights_given(&o->spec->class_weights))
    LS_TRY(ls_comm_shared_new(o->comm, bytes, &data->weight_memory));
  if (ls_data_masked(data) && !o->spec->unweighted)
    LS_TRY(ls_comm_shared_new(o->comm, bytes, &data->there_memory));
  data->weight = (ls_row_values){.value = data->weight_memory.data};
  data->there = (ls_row_values){.value = data->there_memory.data};
  return LS_OK;
}

/* As a checkpoint has them, or by the program's statistics. */
static ls_status scale_given(opening *o) {
  ls_recipe *r = &o->data->recipe;
  LS_TRY(choose_scaling(o));
  LS_TRY(know_scaling(o));
  LS_TRY(ls_given_scale(o->spec, LS_ROLE_X, o->scaling[LS_ROLE_X], r->x_affine));
  return ls_given_scale(o->spec, LS_ROLE_Y, o->scaling[LS_ROLE_Y], r->y_affine);
}

static ls_status take_given_means(opening *o) {
  const ls_filling *from = o->spec->x_mean;
  ls_filling *mean = &o->data->recipe.x_mean;
  const double *known = o->spec->statistics ? o->spec->statistics->x_mean : NULL;
  if (!known && from && from->n == o->data->recipe.features) known = from->value;
  if (o->spec->missing.x_how != LS_MISSING_MEAN)
    return o->spec->statistics && o->spec->statistics->x_mean
               ? ls_fail(LS_EUSAGE, "x_mean goes with data.missing.x: mean")
               : LS_OK;
  if (!known)
    return ls_fail(
        LS_ECONFIG,
        "data.missing.x: mean, and the program has not said what the means are (x_mean)");
  LS_NEW(mean->value, o->data->recipe.features);
  mean->n = o->data->recipe.features;
  for (int64_t f = 0; f < mean->n; f++) {
    if (!isfinite(known[f]))
      return ls_fail(LS_EUSAGE, "x_mean %g of number %jd is no number", known[f], f);
    mean->value[f] = known[f];
  }
  return LS_OK;
}

static ls_status count_given_classes(opening *o) {
  const int64_t *count = o->spec->statistics ? o->spec->statistics->class_counts : NULL;
  ls_data *data = o->data;
  if (!count) return LS_OK;
  if (!data->recipe.labels && !data->recipe.soft)
    return ls_fail(LS_EUSAGE, "class_counts, and there are no classes");
  for (int64_t c = 0; c < data->recipe.classes; c++)
    if (count[c] < 0)
      return ls_fail(LS_EUSAGE, "class_counts: class %jd has %jd samples", c, count[c]);
  LS_TRY(make_class_room(data, data->recipe.classes));
  memcpy(data->class_count[0], count, (size_t)data->recipe.classes * sizeof *count);
  return LS_OK;
}

/* A program's memory: there is nothing to read, and nothing to measure. */
static ls_status take_given(opening *o) {
  const ls_data_spec *spec = o->spec;
  ls_data *data = o->data;
  ls_recipe *r = &data->recipe;
  if (!spec->given)
    return ls_fail(LS_ECONFIG,
                   "data.type memory: the samples are in the memory of the program "
                   "that trains by liblockstep, and not here; name files instead");
  LS_TRY(ls_given_source(spec, &o->source[0]));
  data->rows[0] = spec->given_samples;
  r->features = spec->given_inputs;
  r->columns = spec->given_targets;
  r->soft = o->source[0]->shape.soft;
  r->labels = r->labels && !r->soft;
  r->outputs = r->labels ? r->classes : r->columns;
  r->kept = r->raw = r->precision;
  data->order = LS_ORDER_SEQUENTIAL;
  LS_TRY(ls_splits_cut(spec, data->rows, &data->splits));
  LS_TRY(scale_given(o));
  LS_TRY(take_given_means(o));
  LS_TRY(count_given_classes(o));
  return name_columns(o);
}

static ls_status open_given(opening *o) {
  LS_TRY(ls_comm_agree(o->comm, take_given(o)));
  LS_TRY(open_store(o));
  return ls_comm_agree(o->comm, ls_recipe_finish(&o->data->recipe));
}

static ls_status read_and_describe(opening *o) {
  LS_TRY(read_sources(o));
  return describe(o);
}

/* What reading finds is everyone's. Collective, the status is this rank's own. */
static ls_status tell_findings(opening *o, ls_status mine) {
  ls_data *data = o->data;
  ls_recipe *r = &data->recipe;
  const ls_findings found = {.outputs = &r->outputs,
                             .affine = {&r->x_affine, &r->y_affine},
                             .file = &data->file,
                             .files = &data->files};
  LS_TRY(ls_tell_findings(o->comm, mine, o->told, o->told_bytes, &found));
  if (r->labels) r->classes = r->outputs;
  return ls_recipe_finish(r);
}

/* What this rank makes of the facts. */
static ls_status make_recipe(opening *o, const ls_facts *facts, bool reads) {
  const ls_data_spec *spec = o->spec;
  const bool x = spec->x_affine || ls_scale_given(&spec->scale);
  write_recipe(o, facts);
  o->told_bytes = ls_tell_room((x ? facts->features : 0) + facts->columns, facts->files);
  LS_TRY(ls_mem_new(&o->told, o->told_bytes, 1));
  return reads ? choose_scaling(o) : LS_OK;
}

static ls_status open_files(opening *o) {
  ls_comm *comm = o->comm;
  ls_data *data = o->data;
  const bool reads = ls_comm_node_rank(comm) == 0;
  ls_status status = reads ? open_sources(o) : LS_OK;
  ls_facts facts = facts_of(o);
  status = ls_tell_facts(comm, status, &facts);
  if (status == LS_OK) status = make_recipe(o, &facts, reads);
  status = find_kept(o, status, reads);
  if (status == LS_OK) status = ls_splits_cut(o->spec, data->rows, &data->splits);
  LS_TRY(ls_comm_agree(comm, status));
  LS_TRY(draw(o, reads));
  LS_TRY(find_means(o, reads));
  LS_TRY(open_weights(o));
  LS_TRY(open_store(o));
  return ls_comm_agree(comm, tell_findings(o, reads ? read_and_describe(o) : LS_OK));
}

ls_status ls_data_open(ls_comm *comm, const ls_data_spec *spec, ls_target_kind target,
                       ls_dtype precision, ls_data **out) {
  ls_data *data = *out = ls_mem_must(sizeof *data);
  opening o = {.comm = comm, .spec = spec, .data = data};
  data->recipe.precision = precision;
  data->recipe.target = target;
  data->recipe.classes = spec->classes;
  data->recipe.labels = !spec->inputs && (target == LS_TARGET_CLASS || spec->classes > 0);
  data->recipe.gaps[LS_ROLE_Y] = spec->missing.y == LS_MISSING_Y_MASK &&
                                 target != LS_TARGET_CLASS && target != LS_TARGET_PROBABILITY &&
                                 !data->recipe.labels && !spec->inputs;
  data->turnable = strcmp(spec->type, "hdf5") == 0;
  data->order = spec->order;
  data->drop_last = spec->drop_last;
  data->account = (ls_account){.spec = spec, .scales_targets = scales_targets(&o)};
  data->kind = spec->stream ? &ls_store_stream : &ls_store_memory;
  const bool memory = strcmp(spec->type, "memory") == 0;
  if (memory) data->kind = &ls_store_given;
  ls_status status = memory ? open_given(&o) : open_files(&o);
  ls_sources_close(o.source);
  ls_h5_rest();
  LS_FREE(o.x);
  LS_FREE(o.y);
  LS_FREE(o.label);
  LS_FREE(o.mask.samples);
  LS_FREE(o.told);
  for (int role = 0; role < 2; role++) LS_FREE(o.scaling[role]);
  if (status != LS_OK) ls_data_close(comm, out);
  return status;
}
