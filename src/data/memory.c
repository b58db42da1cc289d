/* memory.c - samples in memory, as kept, one copy a node (store.h). */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "data/store.h"

typedef struct {
  ls_store base;
  ls_shared x[3], y[3]; /* by source: (rows, features) as kept; (rows) labels or (rows, columns) */
  /* Values of train that are to be measured, as read: in the place where they will be kept, if they
   * are of the same type, else in memory of their own. NULL: they are not measured. */
  void *waiting[2];
  void *own[2];
} memory;

static void *row_of(const ls_shared *block, int64_t row, size_t width) {
  return (char *)block->data + (size_t)row * width;
}

/* ---- opening ---- */

static ls_status make_blocks(memory *m, int s) {
  const ls_store_plan *plan = &m->base.plan;
  size_t x, y, rows = (size_t)plan->rows[s];
  if (__builtin_mul_overflow(rows, ls_recipe_x(plan->recipe), &x) ||
      __builtin_mul_overflow(rows, ls_recipe_y(plan->recipe), &y))
    return ls_fail(LS_EDATA, "%lld samples are more than memory can hold",
                   (long long)plan->rows[s]);
  LS_TRY(ls_comm_shared_new(plan->comm, x, &m->x[s]));
  return ls_comm_shared_new(plan->comm, y, &m->y[s]);
}

static ls_status make_waiting(memory *m) {
  const ls_store_plan *plan = &m->base.plan;
  const ls_recipe *r = plan->recipe;
  const bool same[2] = {r->raw == r->kept, r->precision == LS_F64};
  const int64_t n[2] = {r->features, r->columns};
  void *const place[2] = {m->x[0].data, m->y[0].data};
  for (int role = 0; role < 2; role++) {
    if (!plan->measures[role]) continue;
    if (!same[role])
      LS_TRY(ls_mem_new(&m->own[role], (size_t)(plan->rows[0] * n[role]), sizeof(double)));
    m->waiting[role] = same[role] ? place[role] : m->own[role];
  }
  return LS_OK;
}

static void close_memory(ls_comm *comm, ls_store *store) {
  memory *m = (memory *)store;
  for (int s = 0; s < 3; s++) {
    ls_comm_shared_free(comm, &m->x[s]);
    ls_comm_shared_free(comm, &m->y[s]);
  }
  for (int role = 0; role < 2; role++) LS_FREE(m->own[role]);
  LS_FREE(m);
}

static ls_status open_memory(const ls_store_plan *plan, ls_store **out) {
  LS_TRY(ls_comm_agree(plan->comm, ls_mem_new((void **)out, 1, sizeof(memory))));
  memory *m = (memory *)*out;
  m->base.plan = *plan;
  for (int s = 0; s < 3; s++)
    if (plan->rows[s] > 0) LS_TRY(make_blocks(m, s));
  return ls_comm_agree(plan->comm, ls_comm_node_rank(plan->comm) == 0 ? make_waiting(m) : LS_OK);
}

/* ---- rows on their way in ---- */

static ls_status wait_x(memory *m, const ls_origin *origin, int64_t rows, const void *x) {
  const ls_recipe *r = m->base.plan.recipe;
  const size_t width = ls_recipe_raw(r);
  LS_TRY(ls_recipe_check_x(r, origin, rows, x));
  memcpy((char *)m->waiting[0] + (size_t)origin->first * width, x, (size_t)rows * width);
  return LS_OK;
}

static ls_status wait_y(memory *m, const ls_origin *origin, int64_t rows, const double *y,
                        int64_t stride) {
  const ls_recipe *r = m->base.plan.recipe;
  const int64_t columns = r->columns;
  double *to = (double *)m->waiting[1] + origin->first * columns;
  LS_TRY(ls_recipe_check_y(r, origin, rows, y, stride));
  for (int64_t k = 0; k < rows; k++, to += columns)
    memcpy(to, y + k * stride, (size_t)columns * sizeof *y);
  return LS_OK;
}

static ls_status take(ls_store *store, int s, const ls_origin *origin, int64_t rows, const void *x,
                      const double *y, int64_t stride) {
  memory *m = (memory *)store;
  const ls_recipe *r = store->plan.recipe;
  void *to_x = row_of(&m->x[s], origin->first, ls_recipe_x(r)),
       *to_y = row_of(&m->y[s], origin->first, ls_recipe_y(r));
  LS_TRY(s == 0 && m->waiting[0] ? wait_x(m, origin, rows, x)
                                 : ls_recipe_keep_x(r, origin, rows, x, to_x));
  return s == 0 && m->waiting[1] ? wait_y(m, origin, rows, y, stride)
                                 : ls_recipe_keep_y(r, origin, rows, y, stride, to_y);
}

/* ---- statistics ---- */

/* Rows that are drawn, or of which some are dropped, lie apart, and come one by one. */
static ls_status rows_x(void *arg, int64_t lo, int64_t rows, const void **x) {
  const memory *m = arg;
  (void)rows;
  *x = (const char *)m->waiting[0] +
       (size_t)ls_cut_row(ls_store_train(&m->base), lo) * ls_recipe_raw(m->base.plan.recipe);
  return LS_OK;
}

static ls_status rows_y(void *arg, int64_t lo, int64_t rows, const void **y) {
  const memory *m = arg;
  (void)rows;
  *y = (const double *)m->waiting[1] +
       ls_cut_row(ls_store_train(&m->base), lo) * m->base.plan.recipe->columns;
  return LS_OK;
}

static ls_matrix matrix(ls_store *store, int role) {
  const ls_cut *train = ls_store_train(store);
  const ls_recipe *r = store->plan.recipe;
  int64_t most = train->drawn || train->kept ? 1 : INT64_MAX;
  if (role == LS_ROLE_Y) return (ls_matrix){rows_y, store, LS_F64, train->rows, r->columns, most};
  return (ls_matrix){rows_x, store, r->raw, train->rows, r->features, most};
}

static ls_status settle_some(memory *m, const ls_origin *origin, int64_t rows) {
  const ls_recipe *r = m->base.plan.recipe;
  const int64_t row = origin->first;
  if (m->waiting[0])
    LS_TRY(ls_recipe_keep_x(r, origin, rows,
                            (const char *)m->waiting[0] + (size_t)row * ls_recipe_raw(r),
                            row_of(&m->x[0], row, ls_recipe_x(r))));
  return m->waiting[1]
             ? ls_recipe_keep_y(r, origin, rows, (const double *)m->waiting[1] + row * r->columns,
                                r->columns, row_of(&m->y[0], row, ls_recipe_y(r)))
             : LS_OK;
}

static ls_status settle(ls_store *store, const ls_source *train) {
  memory *m = (memory *)store;
  const int64_t rows = store->plan.rows[0];
  for (int64_t row = 0, n; row < rows; row += n)
    if (ls_splits_used(store->plan.splits, 0, row, rows - row, &n))
      LS_TRY(settle_some(m, &(ls_origin){.source = train, .first = row}, n));
  for (int role = 0; role < 2; role++) LS_FREE(m->own[role]);
  m->waiting[0] = m->waiting[1] = NULL;
  return LS_OK;
}

/* ---- a minibatch ---- */

static ls_status gather(const ls_store *store, int s, const int64_t *row, int64_t rows, void *x,
                        int64_t ldx, int32_t *labels, void *targets) {
  const memory *m = (const memory *)store;
  const ls_recipe *r = store->plan.recipe;
  if (x) ls_recipe_give_x(r, m->x[s].data, row, rows, x, ldx);
  ls_recipe_give_y(r, m->y[s].data, row, rows, labels, targets);
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
