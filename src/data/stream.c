#include "data/stream.h"

#include <string.h>

#include "base/mem.h"

/* Of a rank's budget, 1 / SPANS are each of the two spans, at most SPAN_BYTES; the windows have the
 * rest. */
enum { SPAN_BYTES = 8 << 20, SPANS = 8, BUDGET = 256 };

size_t ls_stream_x_width(const ls_data *data) {
  return (size_t)data->features * ls_dtype_size(data->part[0].cell);
}

size_t ls_stream_y_width(const ls_data *data) {
  int64_t outputs = data->part[0].shape.outputs;
  return outputs ? ls_target_width(data, outputs) : 0;
}

/* A row of x on its way: as read, before it is scaled. */
static size_t raw_width(const ls_data *data) {
  size_t most = 1;
  for (int s = 0; s < 3; s++)
    if (ls_dtype_size(data->part[s].raw) > most) most = ls_dtype_size(data->part[s].raw);
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

enum { GAP_BYTES = 64 << 10, ROWS_TOGETHER = 256 };

/* How many rows from row[0] on are read at once: they ascend, lie close together, and the last one
 * is less than `room` rows behind the first. */
static int64_t reach(const int64_t *row, int64_t rows, int64_t room, int64_t gap) {
  int64_t n = 1;
  while (n < rows && row[n] > row[n - 1] && row[n] - row[n - 1] <= gap && row[n] - row[0] < room)
    n++;
  return n;
}

/* Rows row[0..rows) of a part, at most as many as scratch has room for, into x (rows, features) raw
 * cells and y (rows, outputs); either may be NULL. Those that lie close together are read with what
 * is between them, which then goes. */
static ls_status read_rows(const ls_data *data, const ls_part *part, const int64_t *row,
                           int64_t rows, char *x, double *y) {
  size_t width = (size_t)data->features * ls_dtype_size(part->raw),
         y_width = (size_t)part->shape.outputs * sizeof *y;
  int64_t gap = 1 + GAP_BYTES / (int64_t)width;
  for (int64_t k = 0, n; k < rows; k += n) {
    n = reach(row + k, rows - k, data->scratch.rows - k, gap);
    char *to_x = x ? x + (size_t)k * width : NULL,
         *to_y = y ? (char *)y + (size_t)k * y_width : NULL;
    LS_TRY(part->source->format->read_at(part->source, row[k], row[k + n - 1] - row[k] + 1,
                                         part->raw, to_x, (double *)(void *)to_y));
    for (int64_t i = 1; i < n && row[k + n - 1] - row[k] >= n; i++) {
      size_t from = (size_t)(row[k + i] - row[k]);
      if (x) memmove(to_x + (size_t)i * width, to_x + from * width, width);
      if (y) memmove(to_y + (size_t)i * y_width, to_y + from * y_width, y_width);
    }
  }
  return LS_OK;
}

/* How many rows from row[0] on follow one another in the file: one place tells where each is. */
static int64_t in_a_row(const int64_t *row, int64_t rows) {
  int64_t n = 1;
  while (n < rows && row[n] == row[n - 1] + 1) n++;
  return n;
}

static int64_t train_rows(const ls_data *data, int64_t lo, int64_t rows, int64_t *row) {
  for (int64_t k = 0; k < rows; k++) row[k] = ls_cut_row(&data->cut[0], lo + k);
  return rows;
}

static ls_status input_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  const ls_data *data = arg;
  const ls_part *part = &data->part[0];
  size_t width = (size_t)data->features * ls_dtype_size(part->raw);
  int64_t row[ROWS_TOGETHER];
  *x = data->scratch.x;
  LS_TRY(read_rows(data, part, row, train_rows(data, lo, rows, row), data->scratch.x, NULL));
  for (int64_t k = 0, n; k < rows; k += n) {
    n = in_a_row(row + k, rows - k);
    LS_TRY(
        ls_check_finite(part->source, row[k], n, part->raw, data->scratch.x + (size_t)k * width));
  }
  return LS_OK;
}

static ls_status target_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  const ls_data *data = arg;
  const ls_part *part = &data->part[0];
  int64_t row[ROWS_TOGETHER];
  *x = data->scratch.y;
  LS_TRY(read_rows(data, part, row, train_rows(data, lo, rows, row), NULL, data->scratch.y));
  for (int64_t k = 0, n; k < rows; k += n) {
    n = in_a_row(row + k, rows - k);
    LS_TRY(ls_check_finite_targets(part->source, row[k], n, LS_F64,
                                   data->scratch.y + k * part->shape.outputs));
  }
  return LS_OK;
}

static int64_t rows_at_once(const ls_data *data) {
  return data->scratch.rows < ROWS_TOGETHER ? data->scratch.rows : ROWS_TOGETHER;
}

ls_matrix ls_stream_inputs(const ls_data *data) {
  return (ls_matrix){input_rows,        (void *)(uintptr_t)data, data->part[0].raw,
                     data->cut[0].rows, data->features,          rows_at_once(data)};
}
ls_matrix ls_stream_targets(const ls_data *data) {
  return (ls_matrix){target_rows,       (void *)(uintptr_t)data, LS_F64,
                     data->cut[0].rows, data->outputs,           rows_at_once(data)};
}

/* ---- any samples ---- */

void ls_stream_convert(const ls_data *data, const char *cells, int64_t rows, void *x, int64_t ldx) {
  size_t to = (size_t)ldx * ls_dtype_size(data->precision), from = ls_stream_x_width(data);
  for (int64_t k = 0, n; k < rows; k += n) {
    n = rows - k < data->scratch.rows ? rows - k : data->scratch.rows;
    ls_rows some = {cells + (size_t)k * from, data->part[0].cell, data->features, data->bytes,
                    data->x_affine};
    ls_gather(data->precision, &some, data->counter, 0, n, (char *)x + (size_t)k * to, ldx);
  }
}

/* Scaled in place, then checked: what is behind a large divisor may still be too large. */
static ls_status keep_inputs(const ls_data *data, const ls_part *part, const int64_t *row,
                             int64_t rows, char *cells) {
  size_t width = (size_t)data->features * ls_dtype_size(part->cell);
  if (data->x_affine) ls_scale_cells(data->x_affine, part->raw, part->cell, rows, cells, cells);
  for (int64_t k = 0, n; k < rows; k += n) {
    n = in_a_row(row + k, rows - k);
    LS_TRY(ls_check_finite(part->source, row[k], n, part->cell, cells + (size_t)k * width));
  }
  return LS_OK;
}

static ls_status keep_targets(const ls_data *data, const ls_part *part, const int64_t *row,
                              int64_t rows, const double *y) {
  int64_t outputs = part->shape.outputs;
  size_t width = ls_target_width(data, outputs);
  for (int64_t k = 0, n; k < rows; k += n) {
    n = in_a_row(row + k, rows - k);
    LS_TRY(ls_target_keep(data, part->source, row[k], n, y + k * outputs, outputs,
                          (char *)data->kept + (size_t)k * width));
  }
  return LS_OK;
}

ls_status ls_stream_gather(const ls_data *data, const ls_part *part, const int64_t *row,
                           int64_t rows, void *x, int64_t ldx, int32_t *labels, void *targets) {
  const ls_span *s = &data->scratch;
  size_t real = ls_dtype_size(data->precision);
  char *cells = x ? s->x : NULL;
  double *y = labels || targets ? s->y : NULL;
  for (int64_t k = 0, n; k < rows; k += n) {
    n = rows - k < s->rows ? rows - k : s->rows;
    LS_TRY(read_rows(data, part, row + k, n, cells, y));
    if (x) LS_TRY(keep_inputs(data, part, row + k, n, cells));
    if (y) LS_TRY(keep_targets(data, part, row + k, n, y));
    if (x) ls_stream_convert(data, cells, n, (char *)x + (size_t)(k * ldx) * real, ldx);
    if (y)
      ls_target_copy(data, data->kept, data->counter, 0, n, labels ? labels + k : NULL,
                     targets ? (char *)targets + (size_t)(k * data->outputs) * real : NULL);
  }
  return LS_OK;
}
