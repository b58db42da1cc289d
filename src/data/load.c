/* load.c - ls_data_open: rank 0 of each node reads, everyone of the node sees it, and all ranks
 * agree at every step. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/columns.h"
#include "data/data_private.h"
#include "data/stream.h"
#include "data/weights.h"

enum { CHUNK_VALUES = 1 << 16 };
typedef struct {
  ls_comm *comm;
  const ls_data_spec *spec;
  ls_data *data;
  ls_source *source[3];        /* node rank 0 only */
  double *y;                   /* (CHUNK_VALUES, or the columns of y where they are more) */
  void *raw;                   /* x of as many rows, where it is not read as it is kept */
  void *kept;                  /* streamed: of y */
  ls_unscaled inputs, targets; /* of train, where their statistics are needed and they are read into
                                  memory */
} loading;

/* ---- shapes ---- */

static ls_status open_sources(loading *l) {
  LS_TRY(ls_sources_open(l->spec, l->data->labels, false, l->source));
  assert(l->source[0]);
  for (int s = 0; s < 3; s++)
    if (l->source[s]) l->data->part[s].shape = l->source[s]->shape;
  int64_t columns = l->source[0]->shape.outputs;
  if (l->spec->inputs) return LS_OK;
  if (l->data->labels && columns != 1)
    return ls_fail(
        LS_EDATA,
        "%s: classes are one column of y, here are %lld; a regression loss takes any number",
        l->source[0]->file[0].path, (long long)columns);
  return columns > 0 ? LS_OK
                     : ls_fail(LS_EDATA, "%s: there are no targets", l->source[0]->file[0].path);
}

static ls_status cut_splits(loading *l) {
  int64_t rows[3];
  for (int s = 0; s < 3; s++) rows[s] = l->data->part[s].shape.rows;
  return ls_cut_splits(l->spec, rows, l->data->cut);
}

/* Rank 0 of each node draws, in memory that all of them see. Collective. */
static ls_status draw_splits(loading *l) {
  ls_data *data = l->data;
  int64_t n = ls_cut_drawn_from(data->cut);
  if (!ls_cut_is_drawn(l->spec, data->cut)) return LS_OK;
  LS_TRY(ls_comm_shared_new(l->comm, ls_drawn_bytes(n), &data->drawn_memory));
  ls_drawn_place(&data->drawn, n, data->drawn_memory.data);
  bool reads = ls_comm_node_rank(l->comm) == 0;
  LS_TRY(ls_comm_agree(
      l->comm, reads ? ls_cut_draw(l->spec, l->source[0], data->cut, &data->drawn) : LS_OK));
  ls_comm_node_barrier(l->comm);
  ls_cut_take(&data->drawn, data->cut);
  return LS_OK;
}

/* ---- memory ---- */

static ls_status allocate(loading *l, ls_part *part) {
  ls_data *data = l->data;
  part->cell = part->shape.bytes ? LS_U8 : data->precision;
  part->raw = part->cell;
  if (part->cell == LS_F32 && data->scaled && !part->shape.single) part->raw = LS_F64;
  size_t x, y;
  bool over = __builtin_mul_overflow((size_t)part->shape.rows, (size_t)part->shape.features, &x) ||
              __builtin_mul_overflow(x, ls_dtype_size(part->cell), &x) ||
              __builtin_mul_overflow((size_t)part->shape.rows,
                                     ls_target_width(data, part->shape.outputs), &y);
  if (over)
    return ls_fail(LS_EDATA, "%lld samples are more than memory can hold",
                   (long long)part->shape.rows);
  bool stays = part == &data->part[0] && data->labels &&
               ls_class_weights_given(&l->spec->class_weights); /* a sample's weight needs them */
  if (l->spec->stream && !stays) return LS_OK;
  if (!l->spec->stream) LS_TRY(ls_comm_shared_new(l->comm, x, &part->x));
  return ls_comm_shared_new(l->comm, y, &part->y);
}

/* ---- reading, on node rank 0 ---- */

static ls_status make_class_room(ls_data *data, int64_t classes) {
  int64_t room = data->classes_room > 0 ? data->classes_room : 64;
  if (classes <= data->classes_room) return LS_OK;
  while (room < classes) room *= 2;
  for (int i = 0; i < 2; i++) {
    int64_t *larger;
    LS_NEW(larger, room);
    if (data->class_count[i])
      memcpy(larger, data->class_count[i], (size_t)data->classes_room * sizeof *larger);
    LS_FREE(data->class_count[i]);
    data->class_count[i] = larger;
  }
  data->classes_room = room;
  return LS_OK;
}

/* How many there are, and how many samples of train and validation each has. */
static ls_status count_classes(ls_data *data, int part, int64_t row, const int32_t *label,
                               int64_t rows) {
  for (int64_t k = 0; k < rows; k++)
    if (label[k] >= data->outputs) data->outputs = label[k] + 1;
  LS_TRY(make_class_room(data, data->outputs));
  for (int64_t k = 0; k < rows; k++)
    for (int s = LS_SPLIT_TRAIN; s <= LS_SPLIT_VALIDATION; s++)
      if (ls_cut_has(&data->cut[s], part, row + k)) data->class_count[s][label[k]]++;
  return LS_OK;
}

static ls_status take_inputs(loading *l, int s, int64_t row, int64_t rows, const void *raw,
                             void *x) {
  const ls_part *part = &l->data->part[s];
  if (s > 0 || !l->inputs.at) return ls_inputs_keep(l->data, part, l->source[s], row, rows, raw, x);
  LS_TRY(ls_check_finite(l->source[s], row, rows, part->raw, raw));
  if (raw != x) ls_unscaled_put(&l->inputs, row, rows, raw, l->data->features);
  return LS_OK;
}

static ls_status take_targets(loading *l, int s, int64_t row, int64_t rows, int64_t columns,
                              void *y) {
  if (s > 0 || !l->targets.at)
    return ls_target_keep(l->data, l->source[s], row, rows, l->y, columns, y);
  for (int64_t k = 0; k < rows; k++)
    LS_TRY(ls_check_finite_targets(l->source[s], row + k, 1, LS_F64, l->y + k * columns));
  ls_unscaled_put(&l->targets, row, rows, l->y, columns);
  return LS_OK;
}

/* Into memory, or (streamed) y alone and only to see whether it is good. */
static ls_status read_part(loading *l, int s) {
  ls_data *data = l->data;
  ls_part *part = &data->part[s];
  ls_source *r = l->source[s];
  int64_t columns = ls_shape_columns(&r->shape), step = CHUNK_VALUES / (columns ? columns : 1);
  size_t y_width = ls_target_width(data, part->shape.outputs),
         x_width = (size_t)part->shape.features * ls_dtype_size(part->cell);
  if (step < 1) step = 1;
  LS_NEW(l->y, step * columns);
  LS_TRY(ls_mem_new(&l->kept, (size_t)step, y_width));
  if (part->x.data && part->raw != part->cell)
    LS_TRY(ls_mem_new(&l->raw, (size_t)(step * part->shape.features), ls_dtype_size(part->raw)));
  for (int64_t row = 0, rows; row < part->shape.rows; row += rows) {
    rows = part->shape.rows - row < step ? part->shape.rows - row : step;
    void *x = part->x.data ? (char *)part->x.data + (size_t)row * x_width : NULL;
    void *y = part->y.data ? (char *)part->y.data + (size_t)row * y_width : l->kept;
    void *raw = l->raw ? l->raw : x;
    LS_TRY(r->format->read(r, rows, part->raw, raw, l->y));
    if (x) LS_TRY(take_inputs(l, s, row, rows, raw, x));
    LS_TRY(take_targets(l, s, row, rows, columns, y));
    if (data->labels) LS_TRY(count_classes(data, s, row, y, rows));
    if (r->shape.weights) LS_TRY(ls_weights_store(data, r, row, rows, l->y));
  }
  LS_FREE(l->y);
  LS_FREE(l->raw);
  LS_FREE(l->kept);
  return LS_OK;
}

/* ---- scaling, on node rank 0 ---- */

/* A checkpoint's scaling. */
static ls_status copy_affine(const loading *l, const ls_affine *from, int64_t n, const char *what,
                             ls_affine **out) {
  ls_status status = ls_affine_copy(from, n, what, out);
  if (status != LS_OK && ls_data_columns_fit(l->data, from->n))
    return ls_fail(status, "%s: %s%s", l->source[0]->file[0].path, ls_error_text(),
                   ls_columns_hint);
  return status == LS_OK ? status : ls_fail_prefix(status, "%s", l->source[0]->file[0].path);
}

/* By the training samples. */
static bool is_measured(const loading *l, const ls_affine *known) {
  return !known && (l->spec->scale == LS_SCALE_STANDARD || l->spec->scale == LS_SCALE_MINMAX);
}
static bool measures_inputs(const loading *l) { return is_measured(l, l->spec->x_affine); }
static bool scales_targets(const loading *l) {
  return !l->data->labels && l->data->target == LS_TARGET_REAL && !l->spec->inputs;
}
static bool measures_targets(const loading *l) {
  return scales_targets(l) && is_measured(l, l->spec->y_affine);
}

/* What is known before a sample has been read. */
static ls_status know_scaling(loading *l) {
  const ls_data_spec *spec = l->spec;
  ls_data *data = l->data;
  ls_matrix none = {.n = data->features};
  if (spec->y_affine && scales_targets(l))
    LS_TRY(copy_affine(l, spec->y_affine, data->outputs, "targets", &data->y_affine));
  if (spec->x_affine)
    return copy_affine(l, spec->x_affine, data->features, "features", &data->x_affine);
  if (spec->scale != LS_SCALE_DIVIDE) return LS_OK;
  LS_TRY(ls_affine_new(data->features, &data->x_affine));
  return ls_affine_measure(&none, spec->scale, spec->scale_by, data->x_affine);
}

/* Room for train's values until they can be scaled; streams are read once more instead. */
static ls_status make_waiting_room(loading *l) {
  ls_data *data = l->data;
  const ls_part *train = &data->part[0];
  if (train->source) return LS_OK;
  if (measures_inputs(l))
    LS_TRY(ls_unscaled_new(&l->inputs, train->x.data, train->raw, train->cell, train->shape.rows,
                           data->features));
  return measures_targets(l) ? ls_unscaled_new(&l->targets, train->y.data, LS_F64, data->precision,
                                               train->shape.rows, data->outputs)
                             : LS_OK;
}

static ls_status measure(loading *l) {
  ls_data *data = l->data;
  const ls_source *stream = data->part[0].source;
  if (measures_inputs(l)) {
    ls_matrix m = stream ? ls_stream_inputs(data) : ls_unscaled_matrix(&l->inputs, &data->cut[0]);
    LS_TRY(ls_affine_new(data->features, &data->x_affine));
    LS_TRY(ls_affine_measure(&m, l->spec->scale, 1, data->x_affine));
  }
  if (measures_targets(l)) {
    ls_matrix m = stream ? ls_stream_targets(data) : ls_unscaled_matrix(&l->targets, &data->cut[0]);
    LS_TRY(ls_affine_new(data->outputs, &data->y_affine));
    LS_TRY(ls_affine_measure(&m, l->spec->scale, 1, data->y_affine));
  }
  return LS_OK;
}

static ls_status scale_waiting(loading *l) {
  ls_unscaled *x = &l->inputs, *y = &l->targets;
  if (x->at) {
    ls_unscaled_scale(x, l->data->x_affine);
    LS_TRY(ls_check_finite(l->source[0], 0, x->rows, x->cell, x->at));
  }
  if (y->at) {
    ls_unscaled_scale(y, l->data->y_affine);
    LS_TRY(ls_check_finite_targets(l->source[0], 0, y->rows, y->cell, y->at));
  }
  ls_unscaled_free(x);
  ls_unscaled_free(y);
  return LS_OK;
}

/* Train first: its statistics scale the other splits as they are read. */
static ls_status read_parts(loading *l) {
  LS_TRY(know_scaling(l));
  LS_TRY(make_waiting_room(l));
  if (l->spec->stream) LS_TRY(measure(l));
  LS_TRY(read_part(l, LS_SPLIT_TRAIN));
  if (!l->spec->stream) LS_TRY(measure(l));
  LS_TRY(scale_waiting(l));
  for (int s = 1; s < 3; s++)
    if (l->source[s]) LS_TRY(read_part(l, s));
  return l->data->weight.data ? ls_weights_finish(l->data, l->spec, l->source[0]->names) : LS_OK;
}

/* ---- the whole ---- */

static ls_status collect_files(loading *l) {
  ls_data *data = l->data;
  int files = 0;
  for (int s = 0; s < 3; s++) files += l->source[s] ? l->source[s]->files : 0;
  LS_NEW(data->file, files);
  data->files = files;
  ls_data_file *file = data->file;
  for (int s = 0; s < 3; s++)
    for (int i = 0; l->source[s] && i < l->source[s]->files; i++, file++) {
      *file = l->source[s]->file[i];
      file->path = ls_mem_text(file->path);
    }
  return LS_OK;
}

/* The file's numbers must mean the checkpoint's classes: where both have names, the same ones. */
static ls_status check_classes(const loading *l, const ls_texts *have) {
  const ls_texts *want = l->spec->classes_named;
  for (int64_t c = 0; c < have->count && c < want->count; c++)
    if (strcmp(have->text[c], want->text[c]) != 0)
      return ls_fail(LS_EDATA, "%s: class %lld is '%s' here, '%s' in the checkpoint",
                     l->source[0]->file[0].path, (long long)c, have->text[c], want->text[c]);
  return LS_OK;
}

/* Classes that only data.classes knows are called by their numbers. */
static ls_status name_classes(loading *l, const ls_texts *classes) {
  ls_texts *names = &l->data->names;
  if (l->spec->classes_named)
    return l->source[0]->names ? LS_OK : check_classes(l, classes); /* CSV has been read by these */
  if (!classes->count) return LS_OK;
  LS_NEW(names->text, l->data->outputs);
  for (; names->count < l->data->outputs; names->count++)
    names->text[names->count] = names->count < classes->count
                                    ? ls_mem_text(classes->text[names->count])
                                    : ls_mem_format("%lld", (long long)names->count);
  return LS_OK;
}

static ls_status name_outputs(loading *l) {
  ls_columns columns;
  if (l->spec->inputs) return LS_OK;
  LS_TRY(ls_columns_of(l->source[0], &columns));
  ls_status status = l->data->labels
                         ? name_classes(l, &columns.classes)
                         : ls_columns_whole(&columns.name[1], &columns.unit[1], &l->data->names);
  l->data->trained = columns.trained;
  columns.trained = (ls_trained){0};
  ls_columns_free(&columns);
  return status;
}

static ls_status map_bytes(ls_data *data) {
  const ls_affine *a = data->x_affine;
  double shift = a ? a->shift[0] : 0, divisor = a ? a->divisor[0] : 1;
  for (int64_t f = 1; a && f < a->n; f++)
    if (a->shift[f] != shift || a->divisor[f] != divisor) return LS_OK;
  return LS_REAL_OF(data->precision, ls_bytes_new)(shift, divisor, &data->bytes);
}

static ls_status open_all(loading *l) {
  ls_comm *comm = l->comm;
  ls_data *data = l->data;
  bool reads = ls_comm_node_rank(comm) == 0;
  data->classes = l->spec->classes;
  data->labels = !l->spec->inputs && (data->target == LS_TARGET_CLASS || l->spec->classes > 0);
  LS_TRY(ls_comm_agree(comm, reads ? open_sources(l) : LS_OK));
  LS_TRY(ls_share_shapes(comm, data));
  LS_TRY(ls_comm_agree(comm, cut_splits(l)));
  LS_TRY(draw_splits(l));
  data->features = data->part[0].shape.features;
  data->outputs = data->labels ? l->spec->classes : data->part[0].shape.outputs;
  data->scaled = l->spec->x_affine || l->spec->scale != LS_SCALE_NONE;
  for (int s = 0; s < 3; s++)
    if (data->part[s].shape.rows > 0) LS_TRY(allocate(l, &data->part[s]));
  if (l->spec->weights || ls_class_weights_given(&l->spec->class_weights))
    LS_TRY(
        ls_comm_shared_new(comm, (size_t)data->part[0].shape.rows * sizeof(double), &data->weight));
  if (l->spec->stream) LS_TRY(ls_comm_agree(comm, ls_stream_open(comm, l->spec, data)));
  LS_TRY(ls_comm_agree(comm, reads ? read_parts(l) : LS_OK));
  LS_TRY(ls_comm_agree(comm, reads ? collect_files(l) : LS_OK));
  LS_TRY(ls_comm_agree(comm, reads ? name_outputs(l) : LS_OK));
  LS_TRY(ls_share_rest(comm, data));
  if (data->labels) data->classes = data->outputs;
  return ls_comm_agree(comm, map_bytes(data));
}

ls_status ls_data_open(ls_comm *comm, const ls_data_spec *spec, ls_target_kind target,
                       ls_dtype precision, ls_data **out) {
  loading l = {.comm = comm, .spec = spec};
  *out = NULL;
  LS_TRY(ls_comm_agree(comm, ls_mem_new((void **)&l.data, 1, sizeof *l.data)));
  l.data->target = target;
  l.data->precision = precision;
  l.data->turnable = strcmp(spec->type, "hdf5") == 0;
  l.data->order = spec->order;
  l.data->drop_last = spec->drop_last;
  ls_status status = open_all(&l);
  ls_sources_close(l.source);
  ls_unscaled_free(&l.inputs);
  ls_unscaled_free(&l.targets);
  LS_FREE(l.y);
  LS_FREE(l.raw);
  LS_FREE(l.kept);
  if (status != LS_OK) ls_data_close(comm, &l.data);
  *out = l.data;
  return status;
}
