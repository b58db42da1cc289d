/* memory.c - samples in memory, as kept, one copy a node (store.h). */
#include <stdint.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "data/store.h"

enum { JOINED_BYTES = 1 << 20 };

/* Values of train that are to be measured, as read, in the place where they will be kept. Doubles
 * that will be floats there are in two halves: the upper ones there, the lower ones here. */
typedef struct {
  char *place; /* (rows, n); NULL: they are not measured */
  int64_t n;
  size_t size;     /* of a value as read */
  uint32_t *low;   /* (rows, n), or NULL: they are whole in their place */
  double *joined;  /* (at_once, n) some of them, made whole */
  int64_t at_once; /* rows */
} waiting;

typedef struct {
  ls_store base;
  ls_shared block;    /* all of it */
  char *x[3], *y[3];  /* by source: (rows, features) as kept; (rows) labels or (rows, columns) */
  waiting waiting[2]; /* of x, of y */
} memory;

static void *row_of(char *first, int64_t row, size_t width) { return first + (size_t)row * width; }

/* ---- opening ---- */

/* Bytes of so many rows, on top of *end, from where the next ones may begin; false: too many. */
static bool lay(size_t rows, size_t width, size_t *end) {
  size_t bytes;
  if (__builtin_mul_overflow(rows, width, &bytes) || __builtin_add_overflow(*end, bytes, end) ||
      __builtin_add_overflow(*end, (size_t)LS_ALIGN - 1, end))
    return false;
  *end -= *end % LS_ALIGN;
  return true;
}

/* Where in the one block everything lies: each block takes a broadcast and an agreement. */
typedef struct {
  size_t x[3], y[3], end;
} layout;

static ls_status lay_out(const ls_store_args *args, layout *l) {
  for (int s = 0; s < 3; s++) {
    const size_t rows = (size_t)args->rows[s];
    l->x[s] = l->end;
    bool fits = lay(rows, ls_recipe_x(args->recipe), &l->end);
    l->y[s] = l->end;
    fits = fits && lay(rows, ls_recipe_y(args->recipe), &l->end);
    if (!fits) return ls_fail(LS_EDATA, "%jd samples are more than memory can hold", args->rows[s]);
  }
  return LS_OK;
}

static ls_status wait_in(waiting *w, int64_t rows, int64_t n, size_t size, bool whole) {
  *w = (waiting){.n = n, .size = size, .at_once = INT64_MAX};
  if (whole) return LS_OK;
  w->at_once = JOINED_BYTES / (n * (int64_t)sizeof(double));
  if (w->at_once < 1) w->at_once = 1;
  LS_NEW(w->joined, w->at_once * n);
  LS_NEW(w->low, rows * n);
  return LS_OK;
}

static ls_status make_waiting(memory *m) {
  const ls_store_args *args = &m->base.args;
  const ls_recipe *r = args->recipe;
  const int64_t rows = args->rows[0];
  if (args->measures[LS_ROLE_X])
    LS_TRY(wait_in(&m->waiting[LS_ROLE_X], rows, r->features, ls_dtype_size(r->raw),
                   r->raw == r->kept));
  if (args->measures[LS_ROLE_Y])
    LS_TRY(
        wait_in(&m->waiting[LS_ROLE_Y], rows, r->columns, sizeof(double), r->precision == LS_F64));
  return LS_OK;
}

static void wait_no_more(waiting *w) {
  LS_FREE(w->low);
  LS_FREE(w->joined);
  w->place = NULL;
}

static void close_memory(ls_comm *comm, ls_store *store) {
  memory *m = (memory *)store;
  ls_comm_shared_free(comm, &m->block);
  for (int role = 0; role < 2; role++) wait_no_more(&m->waiting[role]);
  LS_FREE(m);
}

static ls_status prepare(const ls_store_args *args, layout *l, ls_store **out) {
  LS_TRY(ls_mem_new((void **)out, 1, sizeof(memory)));
  (*out)->args = *args;
  LS_TRY(lay_out(args, l));
  return ls_comm_node_rank(args->comm) == 0 ? make_waiting((memory *)*out) : LS_OK;
}

static ls_status open_memory(const ls_store_args *args, ls_store **out) {
  layout l = {0};
  ls_shared block;
  const ls_status status = prepare(args, &l, out);
  LS_TRY(ls_comm_shared_after(args->comm, status, l.end, &block));
  memory *m = (memory *)*out;
  m->block = block;
  for (int s = 0; s < 3; s++) {
    m->x[s] = (char *)block.data + l.x[s];
    m->y[s] = (char *)block.data + l.y[s];
  }
  m->waiting[LS_ROLE_X].place = m->waiting[LS_ROLE_X].n > 0 ? m->x[0] : NULL;
  m->waiting[LS_ROLE_Y].place = m->waiting[LS_ROLE_Y].n > 0 ? m->y[0] : NULL;
  return LS_OK;
}

/* ---- rows on their way in ---- */

static void put_row(const waiting *w, int64_t row, const void *values) {
  if (!w->low) memcpy(w->place + (size_t)(row * w->n) * w->size, values, (size_t)w->n * w->size);
  for (int64_t i = row * w->n, c = 0; w->low && c < w->n; c++, i++) {
    uint64_t bits;
    memcpy(&bits, (const char *)values + (size_t)c * sizeof bits, sizeof bits);
    const uint32_t high = (uint32_t)(bits >> 32);
    memcpy(w->place + (size_t)i * sizeof high, &high, sizeof high);
    w->low[i] = (uint32_t)bits;
  }
}

/* At most w->at_once rows, as they were read; good until the next call. */
static const void *rows_from(const waiting *w, int64_t row, int64_t rows) {
  if (!w->low) return w->place + (size_t)(row * w->n) * w->size;
  for (int64_t i = row * w->n, c = 0; c < rows * w->n; c++, i++) {
    uint32_t high;
    memcpy(&high, w->place + (size_t)i * sizeof high, sizeof high);
    const uint64_t bits = (uint64_t)high << 32 | w->low[i];
    memcpy(&w->joined[c], &bits, sizeof bits);
  }
  return w->joined;
}

static ls_status wait_x(const memory *m, const ls_chunk *chunk) {
  const ls_recipe *r = m->base.args.recipe;
  const char *x = chunk->x;
  LS_TRY(ls_recipe_check_x(r, chunk));
  for (int64_t k = 0; k < chunk->rows; k++, x += ls_recipe_raw(r))
    put_row(&m->waiting[LS_ROLE_X], chunk->first + k, x);
  return LS_OK;
}

static ls_status wait_y(const memory *m, const ls_chunk *chunk) {
  LS_TRY(ls_recipe_check_y(m->base.args.recipe, chunk));
  for (int64_t k = 0; k < chunk->rows; k++)
    put_row(&m->waiting[LS_ROLE_Y], chunk->first + k, chunk->y + k * chunk->stride);
  return LS_OK;
}

static ls_status keep_x(const memory *m, int s, const ls_chunk *chunk) {
  const ls_recipe *r = m->base.args.recipe;
  return ls_recipe_keep_x(r, chunk, row_of(m->x[s], chunk->first, ls_recipe_x(r)));
}

static ls_status keep_y(const memory *m, int s, const ls_chunk *chunk) {
  const ls_recipe *r = m->base.args.recipe;
  return ls_recipe_keep_y(r, chunk, row_of(m->y[s], chunk->first, ls_recipe_y(r)));
}

static ls_status take(ls_store *store, int s, const ls_chunk *chunk) {
  const memory *m = (const memory *)store;
  const bool waits[2] = {s == 0 && m->waiting[LS_ROLE_X].place,
                         s == 0 && m->waiting[LS_ROLE_Y].place};
  LS_TRY(waits[LS_ROLE_X] ? wait_x(m, chunk) : keep_x(m, s, chunk));
  return waits[LS_ROLE_Y] ? wait_y(m, chunk) : keep_y(m, s, chunk);
}

/* ---- statistics ---- */

static ls_status rows_x(void *arg, int64_t lo, int64_t rows, const void **x) {
  const memory *m = arg;
  *x = rows_from(&m->waiting[LS_ROLE_X], ls_cut_row(ls_store_train(&m->base), lo), rows);
  return LS_OK;
}

static ls_status rows_y(void *arg, int64_t lo, int64_t rows, const void **y) {
  const memory *m = arg;
  *y = rows_from(&m->waiting[LS_ROLE_Y], ls_cut_row(ls_store_train(&m->base), lo), rows);
  return LS_OK;
}

/* Rows that are drawn, or of which some are dropped, lie apart, and come one by one. */
static ls_matrix matrix(ls_store *store, int role) {
  const ls_cut *train = ls_store_train(store);
  const ls_recipe *r = store->args.recipe;
  int64_t most = train->drawn || train->kept ? 1 : ((memory *)store)->waiting[role].at_once;
  if (role == LS_ROLE_Y) return (ls_matrix){rows_y, store, LS_F64, train->rows, r->columns, most};
  return (ls_matrix){rows_x, store, r->raw, train->rows, r->features, most};
}

/* Rows of train from `row` on. */
static ls_status settle_some(const memory *m, const ls_source *train, int64_t row, int64_t rows) {
  const waiting *x = &m->waiting[LS_ROLE_X], *y = &m->waiting[LS_ROLE_Y];
  ls_chunk chunk = {.source = train, .first = row, .rows = rows, .stride = y->n};
  if (x->place) {
    chunk.x = rows_from(x, row, rows);
    LS_TRY(keep_x(m, 0, &chunk));
  }
  if (!y->place) return LS_OK;
  chunk.y = rows_from(y, row, rows);
  return keep_y(m, 0, &chunk);
}

static ls_status settle(ls_store *store, const ls_source *train) {
  memory *m = (memory *)store;
  const int64_t rows = store->args.rows[0];
  int64_t most = INT64_MAX;
  for (int role = 0; role < 2; role++)
    if (m->waiting[role].place) most = ls_min(most, m->waiting[role].at_once);
  for (int64_t row = 0, n; row < rows; row += n)
    if (ls_splits_used(store->args.splits, 0, row, ls_min(rows - row, most), &n))
      LS_TRY(settle_some(m, train, row, n));
  for (int role = 0; role < 2; role++) wait_no_more(&m->waiting[role]);
  return LS_OK;
}

/* ---- a minibatch ---- */

static ls_status gather(const ls_store *store, int s, const int64_t *row, int64_t rows,
                        const ls_batch *to) {
  const memory *m = (const memory *)store;
  ls_recipe_give(store->args.recipe, m->x[s], m->y[s], row, rows, to);
  return LS_OK;
}

const ls_store_kind ls_store_memory = {
    .open = open_memory,
    .take = take,
    .matrix = matrix,
    .settle = settle,
    .gather = gather,
    .close = close_memory,
};
