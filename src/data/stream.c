#include "data/stream.h"

#include "base/mem.h"

/* Of a rank's budget, 1 / SPANS are each of the two spans, at most SPAN_BYTES; the windows have the
 * rest. */
enum { SPAN_BYTES = 8 << 20, SPANS = 8, BUDGET = 256 };

size_t ls_stream_x_width(const ls_data *data) {
  return (size_t)data->features * ls_cell_size(data->part[0].cell);
}

size_t ls_stream_y_width(const ls_data *data) {
  int64_t outputs = data->part[0].shape.outputs;
  return outputs ? ls_target_width(data, outputs) : 0;
}

/* A row of x on its way: as read, before it is scaled. */
static size_t raw_width(const ls_data *data) {
  size_t most = 1;
  for (int s = 0; s < 3; s++)
    if (ls_cell_size(data->part[s].raw) > most) most = ls_cell_size(data->part[s].raw);
  return (size_t)data->features * most;
}

ls_status ls_span_new(const ls_data *data, int64_t bytes, ls_span *span) {
  int64_t outputs = data->part[0].shape.outputs, x = (int64_t)raw_width(data),
          y = outputs * (int64_t)sizeof(double);
  void *cells;
  span->rows = bytes / (x + y) > 0 ? bytes / (x + y) : 1;
  LS_TRY(ls_mem_new(&cells, (size_t)span->rows, (size_t)x));
  span->x = cells;
  LS_NEW(span->y, span->rows * outputs);
  return LS_OK;
}

int64_t ls_stream_budget(int64_t window_bytes) {
  int64_t small = window_bytes * SPANS / (SPANS - 2) + 1, large = window_bytes + 2 * SPAN_BYTES;
  return small < large ? small : large;
}

static ls_status make_room(ls_comm *comm, const ls_data_spec *spec, ls_data *data) {
  data->ranks = ls_comm_size(comm);
  data->sharers = ls_comm_node_size(comm);
  data->budget = ((spec->budget ? spec->budget : BUDGET) << 20) / data->sharers;
  int64_t span = data->budget / SPANS < SPAN_BYTES ? data->budget / SPANS : SPAN_BYTES;
  data->window_bytes = data->budget - 2 * span;
  int64_t row =
      (int64_t)(raw_width(data) + ls_stream_y_width(data)) + 8 * data->part[0].shape.outputs + 8;
  LS_TRY(
      ls_span_new(data, span / row * (row - (int64_t)ls_stream_y_width(data) - 8), &data->scratch));
  LS_TRY(ls_mem_new(&data->kept, (size_t)data->scratch.rows, ls_stream_y_width(data)));
  LS_NEW(data->counter, data->scratch.rows);
  for (int64_t k = 0; k < data->scratch.rows; k++) data->counter[k] = k;
  return LS_OK;
}

ls_status ls_stream_open(ls_comm *comm, const ls_data_spec *spec, ls_data *data) {
  ls_source *source[3] = {0};
  ls_opening train = {.spec = spec, .split = LS_SPLIT_TRAIN, .quick = true};
  ls_status status = ls_sources_open(spec, false, true, source);
  for (int s = 0; s < 3; s++) data->part[s].source = source[s];
  LS_TRY(status);
  if (!ls_source_any_row(source[0]))
    return ls_fail(
        LS_ECONFIG,
        "data.load: stream reads hdf5 only; lockstep data import makes such a file of any other");
  for (int s = 0; s < 3; s++)
    if (source[s] && data->part[s].cell != data->part[0].cell)
      return ls_fail(LS_EDATA,
                     "%s: bytes in one split and other numbers in another can't be streamed",
                     source[s]->file[0].path);
  LS_TRY(ls_source_open(&train, &data->ahead));
  return make_room(comm, spec, data);
}

/* ---- the train split, for its statistics ---- */

static ls_status input_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  const ls_data *data = arg;
  const ls_part *part = &data->part[0];
  *x = data->scratch.x;
  lo += data->cut[0].first;
  LS_TRY(part->source->format->read_at(part->source, lo, rows, part->raw, data->scratch.x, NULL));
  return ls_check_finite(part->source, lo, rows, part->raw, data->scratch.x);
}

static ls_status target_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  const ls_data *data = arg;
  const ls_part *part = &data->part[0];
  *x = data->scratch.y;
  lo += data->cut[0].first;
  LS_TRY(part->source->format->read_at(part->source, lo, rows, part->cell, NULL, data->scratch.y));
  return ls_check_finite_targets(part->source, lo, rows, LS_CELL_F64, data->scratch.y);
}

ls_matrix ls_stream_inputs(const ls_data *data) {
  return (ls_matrix){input_rows,        (void *)(uintptr_t)data, data->part[0].raw,
                     data->cut[0].rows, data->features,          data->scratch.rows};
}
ls_matrix ls_stream_targets(const ls_data *data) {
  return (ls_matrix){target_rows,       (void *)(uintptr_t)data, LS_CELL_F64,
                     data->cut[0].rows, data->outputs,           data->scratch.rows};
}

/* ---- any samples ---- */

void ls_stream_convert(const ls_data *data, const char *cells, int64_t rows, void *x, int64_t ldx) {
  size_t to = (size_t)ldx * ls_real_size(data->precision), from = ls_stream_x_width(data);
  for (int64_t k = 0, n; k < rows; k += n) {
    n = rows - k < data->scratch.rows ? rows - k : data->scratch.rows;
    ls_rows some = {cells + (size_t)k * from, data->part[0].cell, data->features, data->bytes,
                    data->x_affine};
    ls_gather(data->precision, &some, data->counter, 0, n, (char *)x + (size_t)k * to, ldx);
  }
}

ls_status ls_stream_gather(const ls_data *data, const ls_part *part, const int64_t *index,
                           int64_t offset, int64_t rows, void *x, int64_t ldx, int32_t *labels,
                           void *targets) {
  const ls_span *s = &data->scratch;
  size_t real = ls_real_size(data->precision);
  void *cells = x ? s->x : NULL;
  double *y = labels || targets ? s->y : NULL;
  for (int64_t k = 0, run; k < rows; k += run) {
    int64_t row = index[k] + offset;
    for (run = 1; k + run < rows && run < s->rows && index[k + run] == index[k] + run;) run++;
    LS_TRY(part->source->format->read_at(part->source, row, run, part->raw, cells, y));
    if (x) LS_TRY(ls_inputs_keep(data, part, part->source, row, run, cells, cells));
    if (y) LS_TRY(ls_target_keep(data, part->source, row, run, y, part->shape.outputs, data->kept));
    if (x) ls_stream_convert(data, cells, run, (char *)x + (size_t)(k * ldx) * real, ldx);
    if (y)
      ls_target_copy(data, data->kept, data->counter, 0, run, labels ? labels + k : NULL,
                     targets ? (char *)targets + (size_t)(k * data->outputs) * real : NULL);
  }
  return LS_OK;
}
