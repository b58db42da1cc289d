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
const char ls_not_finite[] = "missing, not finite or too large for the precision";

typedef struct {
  ls_comm *comm;
  const ls_data_spec *spec;
  ls_data *data;
  ls_source *source[3]; /* node rank 0 only */
  double *y;            /* (CHUNK_VALUES, or the columns of y where they are more) */
  void *kept;           /* streamed: of y */
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

/* ---- bad values ---- */

ls_status ls_bad_value(const ls_source *source, int64_t row, int64_t column, const char *what,
                       double value) {
  char place[512];
  source->format->place(source, row, column, place, sizeof place);
  return ls_fail(LS_EDATA, "%s: %s (%.17g)", place, what, value);
}

ls_status ls_check_finite(const ls_source *source, int64_t row, int64_t rows, ls_cell cell,
                          const void *x) {
  int64_t features = source->shape.features, n = rows * features,
          bad = ls_first_not_finite(cell, x, n);
  if (bad == n) return LS_OK;
  double value = cell == LS_CELL_F32 ? (double)((const float *)x)[bad] : ((const double *)x)[bad];
  return ls_bad_value(source, row + bad / features, bad % features, ls_not_finite, value);
}

/* ---- memory ---- */

static ls_status allocate(loading *l, ls_part *part) {
  ls_data *data = l->data;
  part->cell = part->shape.bytes           ? LS_CELL_U8
               : data->precision == LS_F32 ? LS_CELL_F32
                                           : LS_CELL_F64;
  size_t x, y;
  bool over = __builtin_mul_overflow((size_t)part->shape.rows, (size_t)part->shape.features, &x) ||
              __builtin_mul_overflow(x, ls_cell_size(part->cell), &x) ||
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

static void count_classes(ls_data *data, const int32_t *label, int64_t rows) {
  for (int64_t k = 0; k < rows; k++)
    if (label[k] >= data->outputs) data->outputs = label[k] + 1;
}

/* Into memory, or (streamed) y alone and only to see whether it is good. */
static ls_status read_part(loading *l, int s) {
  ls_data *data = l->data;
  ls_part *part = &data->part[s];
  ls_source *r = l->source[s];
  int64_t columns = ls_shape_columns(&r->shape), step = CHUNK_VALUES / (columns ? columns : 1);
  size_t y_width = ls_target_width(data, part->shape.outputs),
         x_width = (size_t)part->shape.features * ls_cell_size(part->cell);
  if (step < 1) step = 1;
  LS_NEW(l->y, step * columns);
  LS_TRY(ls_mem_new(&l->kept, (size_t)step, y_width));
  for (int64_t row = 0, rows; row < part->shape.rows; row += rows) {
    rows = part->shape.rows - row < step ? part->shape.rows - row : step;
    void *x = part->x.data ? (char *)part->x.data + (size_t)row * x_width : NULL;
    void *y = part->y.data ? (char *)part->y.data + (size_t)row * y_width : l->kept;
    LS_TRY(r->format->read(r, rows, part->cell, x, l->y));
    if (x) LS_TRY(ls_check_finite(r, row, rows, part->cell, x));
    LS_TRY(ls_target_keep(data, r, row, rows, l->y, columns, y));
    if (data->labels) count_classes(data, y, rows);
    if (r->shape.weights) LS_TRY(ls_weights_store(data, r, row, rows, l->y));
  }
  LS_FREE(l->y);
  LS_FREE(l->kept);
  return LS_OK;
}

static ls_status read_parts(loading *l) {
  for (int s = 0; s < 3; s++)
    if (l->source[s]) LS_TRY(read_part(l, s));
  return l->data->weight.data ? ls_weights_finish(l->data, l->spec, l->source[0]->names) : LS_OK;
}

/* ---- scaling, on node rank 0 ---- */

/* Rows of x or y of the train split, in memory. */
typedef struct {
  const char *first;
  size_t width;
} block;

static ls_status block_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  const block *b = arg;
  (void)rows;
  *x = b->first + (size_t)lo * b->width;
  return LS_OK;
}

/* A checkpoint's scaling. */
static ls_status copy_affine(const loading *l, const ls_affine *from, int64_t n, const char *what,
                             ls_affine **out) {
  ls_status status = ls_affine_copy(from, n, what, out);
  return status == LS_OK ? status : ls_fail_prefix(status, "%s", l->source[0]->file[0].path);
}

static ls_status measure_inputs(loading *l) {
  ls_data *data = l->data;
  ls_part *part = &data->part[0];
  ls_matrix m = {block_rows, NULL, part->cell, data->cut[0].rows, data->features, INT64_MAX};
  block b = {part->x.data, (size_t)data->features * ls_cell_size(part->cell)};
  if (l->spec->x_affine)
    return copy_affine(l, l->spec->x_affine, data->features, "features", &data->x_affine);
  if (l->spec->scale == LS_SCALE_NONE) return LS_OK;
  LS_TRY(ls_affine_new(data->features, &data->x_affine));
  b.first += (size_t)data->cut[0].first * b.width;
  m.arg = &b;
  if (part->source) ls_stream_inputs(data, &m);
  return ls_affine_measure(&m, l->spec->scale, l->spec->scale_by, data->x_affine);
}

static ls_status measure_targets(loading *l) {
  ls_data *data = l->data;
  if (data->labels || l->spec->inputs) return LS_OK;
  if (l->spec->y_affine)
    return copy_affine(l, l->spec->y_affine, data->outputs, "targets", &data->y_affine);
  if (l->spec->scale != LS_SCALE_STANDARD && l->spec->scale != LS_SCALE_MINMAX) return LS_OK;
  LS_TRY(ls_affine_new(data->outputs, &data->y_affine));
  block b = {data->part[0].y.data, (size_t)data->outputs * ls_real_size(data->precision)};
  b.first += (size_t)data->cut[0].first * b.width;
  ls_matrix m = {block_rows,
                 &b,
                 data->precision == LS_F32 ? LS_CELL_F32 : LS_CELL_F64,
                 data->cut[0].rows,
                 data->outputs,
                 INT64_MAX};
  if (data->part[0].source) ls_stream_targets(data, &m);
  return ls_affine_measure(&m, l->spec->scale, 1, data->y_affine);
}

static ls_status scale_parts(loading *l) {
  ls_data *data = l->data;
  LS_TRY(measure_inputs(l));
  LS_TRY(measure_targets(l));
  ls_cell real = data->precision == LS_F32 ? LS_CELL_F32 : LS_CELL_F64;
  for (int s = 0; s < 3; s++) {
    ls_part *part = &data->part[s];
    if (part->shape.rows == 0) continue;
    if (data->x_affine && part->x.data)
      ls_scale_cells(data->x_affine, part->cell, part->shape.rows, part->x.data);
    if (data->y_affine && part->y.data)
      ls_scale_cells(data->y_affine, real, part->shape.rows, part->y.data);
  }
  return LS_OK;
}

/* ---- the whole ---- */

static ls_status collect_files(loading *l) {
  ls_data *data = l->data;
  for (int s = 0; s < 3; s++) data->files += l->source[s] ? l->source[s]->files : 0;
  LS_NEW(data->file, data->files);
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

static ls_status name_targets(loading *l, const ls_texts *name, const ls_texts *unit) {
  ls_texts *names = &l->data->names;
  LS_NEW(names->text, name->count);
  for (; names->count < name->count; names->count++) {
    const char *in = unit->count ? unit->text[names->count] : "";
    names->text[names->count] =
        ls_mem_format(*in ? "%s [%s]" : "%s%s", name->text[names->count], in);
  }
  return LS_OK;
}

static ls_status name_outputs(loading *l) {
  ls_columns columns;
  if (l->spec->inputs) return LS_OK;
  LS_TRY(ls_columns_of(l->source[0], &columns));
  ls_status status = l->data->labels ? name_classes(l, &columns.classes)
                                     : name_targets(l, &columns.name[1], &columns.unit[1]);
  ls_columns_free(&columns);
  return status;
}

static ls_status map_bytes(ls_data *data) {
  const ls_affine *a = data->x_affine;
  double shift = a ? a->shift[0] : 0, divisor = a ? a->divisor[0] : 1;
  for (int64_t f = 1; a && f < a->n; f++)
    if (a->shift[f] != shift || a->divisor[f] != divisor) return LS_OK;
  return data->precision == LS_F32 ? ls_bytes_new_f32(shift, divisor, &data->bytes)
                                   : ls_bytes_new_f64(shift, divisor, &data->bytes);
}

static ls_status open_all(loading *l, bool want_classes) {
  ls_comm *comm = l->comm;
  ls_data *data = l->data;
  bool reads = ls_comm_node_rank(comm) == 0;
  data->classes = l->spec->classes;
  data->labels = !l->spec->inputs && (want_classes || l->spec->classes > 0);
  LS_TRY(ls_comm_agree(comm, reads ? open_sources(l) : LS_OK));
  LS_TRY(ls_share_shapes(comm, data));
  LS_TRY(ls_comm_agree(comm, cut_splits(l)));
  data->features = data->part[0].shape.features;
  data->outputs = data->labels ? l->spec->classes : data->part[0].shape.outputs;
  for (int s = 0; s < 3; s++)
    if (data->part[s].shape.rows > 0) LS_TRY(allocate(l, &data->part[s]));
  if (l->spec->weights || ls_class_weights_given(&l->spec->class_weights))
    LS_TRY(
        ls_comm_shared_new(comm, (size_t)data->part[0].shape.rows * sizeof(double), &data->weight));
  if (l->spec->stream) LS_TRY(ls_comm_agree(comm, ls_stream_open(comm, l->spec, data)));
  LS_TRY(ls_comm_agree(comm, reads ? read_parts(l) : LS_OK));
  LS_TRY(ls_comm_agree(comm, reads ? scale_parts(l) : LS_OK));
  LS_TRY(ls_comm_agree(comm, reads ? collect_files(l) : LS_OK));
  LS_TRY(ls_comm_agree(comm, reads ? name_outputs(l) : LS_OK));
  LS_TRY(ls_share_rest(comm, data));
  if (data->labels) data->classes = data->outputs;
  return ls_comm_agree(comm, map_bytes(data));
}

ls_status ls_data_open(ls_comm *comm, const ls_data_spec *spec, bool want_classes,
                       ls_precision precision, ls_data **out) {
  loading l = {.comm = comm, .spec = spec};
  *out = NULL;
  LS_TRY(ls_comm_agree(comm, ls_mem_new((void **)&l.data, 1, sizeof *l.data)));
  l.data->precision = precision;
  l.data->order = spec->order;
  l.data->drop_last = spec->drop_last;
  ls_status status = open_all(&l, want_classes);
  ls_sources_close(l.source);
  LS_FREE(l.y);
  LS_FREE(l.kept);
  if (status != LS_OK) ls_data_close(comm, &l.data);
  *out = l.data;
  return status;
}
