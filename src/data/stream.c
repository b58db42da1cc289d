/* stream.c - the budget is cut up in make_room: an eighth, at most 8 MiB, for each of two
 * spans, the rest for ahead.c's windows. Rows that lie close are read with what is between
 * them, which close_up takes out. Begin with gather -> read_rows. */
#include "data/stream.h"

#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "data/format.h"

/* Of a rank's budget, 1 / SPANS are each of the two spans, at most SPAN_BYTES; the windows have the
 * rest. */
enum { SPAN_BYTES = 8 << 20, SPANS = 8, BUDGET = 256 };

/* ---- opening ---- */

/* Bytes of a row as read. */
static int64_t span_row(const ls_recipe *r) {
  return (int64_t)ls_recipe_raw(r) + r->columns * (int64_t)sizeof(double);
}

ls_status ls_span_new(const ls_recipe *r, int64_t bytes, ls_span *span) {
  span->rows = ls_max(bytes / span_row(r), 1);
  LS_TRY(ls_mem_new((void **)&span->x, (size_t)span->rows, ls_recipe_raw(r)));
  LS_NEW(span->y, span->rows * r->columns);
  return LS_OK;
}

void ls_span_free(ls_span *span) {
  LS_FREE(span->x);
  LS_FREE(span->y);
}

int64_t ls_stream_budget(int64_t window_bytes) {
  return ls_min(window_bytes * SPANS / (SPANS - 2) + 1, window_bytes + 2 * SPAN_BYTES);
}

static ls_status make_room(ls_stream *s) {
  const ls_store_args *args = &s->base.args;
  const ls_recipe *r = args->recipe;
  s->ranks = ls_comm_size(args->comm);
  s->sharers = ls_comm_node_size(args->comm);
  s->budget = ((args->spec->budget ? args->spec->budget : BUDGET) << 20) / s->sharers;
  int64_t bytes = ls_min(s->budget / SPANS, SPAN_BYTES), row = span_row(r),
          kept = (int64_t)ls_recipe_y(r);
  s->window_bytes = s->budget - 2 * bytes;
  LS_TRY(ls_span_new(r, bytes / (row + kept) * row, &s->scratch));
  return ls_mem_new(&s->kept, (size_t)s->scratch.rows, ls_recipe_y(r));
}

static ls_status refuse_format(void) {
  char *names = ls_formats_of_streams();
  ls_fail(LS_ECONFIG,
          "data.load: stream reads %s only; lockstep data import makes such a file of any other",
          names);
  LS_FREE(names);
  return LS_ECONFIG;
}

static ls_status open_sources(ls_stream *s) {
  const ls_data_spec *spec = s->base.args.spec;
  const bool labels = s->base.args.recipe->labels;
  ls_opening train = {.spec = spec, .split = LS_SPLIT_TRAIN, .classes = labels, .quick = true};
  LS_TRY(ls_sources_open(spec, labels, true, s->source));
  train.first = s->source[0];
  if (!ls_source_any_row(s->source[0])) return refuse_format();
  LS_TRY(ls_source_open(&train, &s->ahead));
  s->ahead->loose = true; /* all rows that are used have been judged, and others lie between them */
  s->ahead->mean = s->base.args.recipe->x_mean.value;
  for (int i = 0; i < 3; i++) {
    if (!s->source[i]) continue;
    s->source[i]->loose = true;
    s->source[i]->mean = s->ahead->mean;
  }
  return make_room(s);
}

static ls_status open_stream(const ls_store_args *args, ls_store **out) {
  ls_status status = ls_mem_new((void **)out, 1, sizeof(ls_stream));
  if (status == LS_OK) {
    (*out)->args = *args;
    status = open_sources((ls_stream *)*out);
  }
  return ls_comm_agree(args->comm, status);
}

static void close_stream(ls_comm *comm, ls_store *store) {
  ls_stream *s = (ls_stream *)store;
  (void)comm;
  ls_sources_close(s->source);
  ls_source_close(&s->ahead);
  ls_span_free(&s->scratch);
  LS_FREE(s->kept);
  LS_FREE(s);
}

/* Whether y is good; x is looked at when it is used. */
static ls_status take(ls_store *store, int source, const ls_chunk *chunk) {
  const ls_stream *s = (const ls_stream *)store;
  ls_chunk some = *chunk;
  (void)source;
  for (int64_t left = chunk->rows; left > 0; left -= some.rows) {
    some.rows = ls_min(left, s->scratch.rows);
    LS_TRY(ls_recipe_keep_y(store->args.recipe, &some, s->kept));
    some.first += some.rows;
    some.y += some.rows * some.stride;
  }
  return LS_OK;
}

/* ---- any rows ---- */

/* How many rows from row[0] on are read at once: they ascend, lie close together, and the last one
 * is less than `room` rows behind the first. */
static int64_t reach(const int64_t *row, int64_t rows, int64_t room, int64_t gap) {
  int64_t n = 1;
  while (n < rows && row[n] > row[n - 1] && row[n] - row[n - 1] <= gap && row[n] - row[0] < room)
    n++;
  return n;
}

/* Of rows that have been read with those between them, those that are wanted, side by side. */
static void close_up(const int64_t *row, int64_t n, size_t width, char *at) {
  for (int64_t i = 1; i < n; i++)
    memmove(at + (size_t)i * width, at + (size_t)(row[i] - row[0]) * width, width);
}

/* Rows row[0..rows) of a source, at most as many as scratch has room for, into scratch: x as raw
 * cells, y; either or both. */
static ls_status read_rows(const ls_stream *s, ls_source *source, const int64_t *row, int64_t rows,
                           bool want_x, bool want_y) {
  const ls_recipe *r = s->base.args.recipe;
  size_t width = ls_recipe_raw(r), y_width = (size_t)r->columns * sizeof(double);
  int64_t gap = 1 + LS_STREAM_GAP / (int64_t)width;
  for (int64_t k = 0, n; k < rows; k += n) {
    n = reach(row + k, rows - k, s->scratch.rows - k, gap);
    char *x = want_x ? s->scratch.x + (size_t)k * width : NULL;
    double *y = want_y ? s->scratch.y + k * r->columns : NULL;
    int64_t all = row[k + n - 1] - row[k] + 1;
    LS_TRY(ls_source_read_at(source, row[k], all, r->raw, x, y));
    if (x && all > n) close_up(row + k, n, width, x);
    if (y && all > n) close_up(row + k, n, y_width, (char *)y);
  }
  return LS_OK;
}

/* Rows row[0..rows) of a source, which are in scratch. */
static ls_chunk scratch_rows(const ls_stream *s, int source, const int64_t *row, int64_t rows) {
  return (ls_chunk){.source = s->source[source],
                    .row = row,
                    .rows = rows,
                    .x = s->scratch.x,
                    .y = s->scratch.y,
                    .stride = s->base.args.recipe->columns};
}

static ls_status gather(const ls_store *store, int source, const int64_t *row, int64_t rows,
                        const ls_batch *to) {
  const ls_stream *s = (const ls_stream *)store;
  const ls_recipe *r = store->args.recipe;
  const bool x = to->x, y = to->labels || to->targets;
  for (int64_t k = 0, n; k < rows; k += n) {
    n = ls_min(rows - k, s->scratch.rows);
    const ls_chunk chunk = scratch_rows(s, source, row + k, n);
    LS_TRY(read_rows(s, s->source[source], row + k, n, x, y));
    if (x) LS_TRY(ls_recipe_keep_x(r, &chunk, s->scratch.x));
    if (y) LS_TRY(ls_recipe_keep_y(r, &chunk, s->kept));
    const ls_batch part = ls_recipe_behind(r, to, k);
    ls_recipe_give(r, s->scratch.x, s->kept, NULL, n, &part);
  }
  return LS_OK;
}

/* ---- the training samples, for their statistics ---- */

enum { TOGETHER = 256 };

static ls_status rows_of(ls_stream *s, int role, int64_t lo, int64_t rows, const void **out) {
  const ls_recipe *r = s->base.args.recipe;
  const bool x = role == LS_ROLE_X;
  int64_t row[TOGETHER];
  for (int64_t k = 0; k < rows; k++) row[k] = ls_cut_row(ls_store_train(&s->base), lo + k);
  const ls_chunk chunk = scratch_rows(s, 0, row, rows);
  *out = x ? chunk.x : chunk.y;
  LS_TRY(read_rows(s, s->source[0], row, rows, x, !x));
  return x ? ls_recipe_check_x(r, &chunk) : ls_recipe_check_y(r, &chunk);
}

static ls_status rows_x(void *arg, int64_t lo, int64_t rows, const void **x) {
  return rows_of(arg, LS_ROLE_X, lo, rows, x);
}
static ls_status rows_y(void *arg, int64_t lo, int64_t rows, const void **y) {
  return rows_of(arg, LS_ROLE_Y, lo, rows, y);
}

static ls_matrix matrix(ls_store *store, int role) {
  const ls_stream *s = (const ls_stream *)store;
  const ls_recipe *r = store->args.recipe;
  int64_t samples = ls_store_train(store)->rows, most = ls_min(s->scratch.rows, TOGETHER);
  if (role == LS_ROLE_Y) return (ls_matrix){rows_y, store, LS_F64, samples, r->columns, most};
  return (ls_matrix){rows_x, store, r->raw, samples, r->features, most};
}

const ls_store_kind ls_store_stream = {
    .any_row = true,
    .open = open_stream,
    .take = take,
    .matrix = matrix,
    .gather = gather,
    .close = close_stream,
};
