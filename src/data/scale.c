/* scale.c - what inputs and real targets are shifted and divided by. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/data_private.h"

ls_status ls_affine_new(int64_t n, ls_affine **out) {
  LS_NEW(*out, 1);
  (*out)->n = n;
  ls_status status;
  LS_TRY_TO(fail, ls_mem_new((void **)&(*out)->shift, (size_t)n, sizeof(double)));
  LS_TRY_TO(fail, ls_mem_new((void **)&(*out)->divisor, (size_t)n, sizeof(double)));
  return LS_OK;
fail:
  ls_affine_free(out);
  return status;
}

void ls_affine_free(ls_affine **affine) {
  if (!*affine) return;
  LS_FREE((*affine)->shift);
  LS_FREE((*affine)->divisor);
  LS_FREE(*affine);
}

bool ls_affine_needs_double(const ls_affine *a) {
  for (int64_t c = 0; c < a->n; c++)
    if (fabs(a->shift[c]) * FLT_EPSILON > a->divisor[c] / 512) return true;
  return false;
}

ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out) {
  if (from->n != n)
    return ls_fail(LS_EDATA, "the data have %lld %s, the checkpoint's scaling is for %lld",
                   (long long)n, what, (long long)from->n);
  LS_TRY(ls_affine_new(n, out));
  memcpy((*out)->shift, from->shift, (size_t)n * sizeof(double));
  memcpy((*out)->divisor, from->divisor, (size_t)n * sizeof(double));
  return LS_OK;
}

typedef struct {
  double *least, *most, *origin, *sum, *part; /* (n) each */
} sums;

enum { BLOCK_ROWS = 1024 };

static void add_rows(const ls_matrix *m, const void *x, int64_t rows, int power, sums *s) {
  for (int64_t i = 0, r = 0; r < rows; r++)
    for (int64_t f = 0; f < m->n; f++, i++) {
      double v = ls_dtype_get(m->cell, x, i), d = v - s->origin[f];
      s->part[f] += power == 2 ? d * d : d;
      if (v < s->least[f]) s->least[f] = v;
      if (v > s->most[f]) s->most[f] = v;
    }
}

/* One pass: sum[f] = sum of (x - origin[f])^power, and the extremes in the first one. A block of
 * rows is added up before it joins the total: the blocks are fixed, and short enough to keep the
 * digits. */
static ls_status add_up(const ls_matrix *m, int power, sums *s) {
  const void *x;
  memset(s->sum, 0, (size_t)m->n * sizeof *s->sum);
  memset(s->part, 0, (size_t)m->n * sizeof *s->part);
  for (int64_t lo = 0, rows; lo < m->count; lo += rows) {
    int64_t left = BLOCK_ROWS - lo % BLOCK_ROWS; /* of this block */
    if (left > m->count - lo) left = m->count - lo;
    rows = left < m->most ? left : m->most;
    LS_TRY(m->rows(m->arg, lo, rows, &x));
    if (lo == 0 && power == 1)
      for (int64_t f = 0; f < m->n; f++)
        s->origin[f] = s->least[f] = s->most[f] = ls_dtype_get(m->cell, x, f);
    add_rows(m, x, rows, power, s);
    if (rows < left) continue;
    for (int64_t f = 0; f < m->n; f++) s->sum[f] += s->part[f], s->part[f] = 0;
  }
  return LS_OK;
}

/* Mean and population standard deviation in two passes; the first subtracts the first row, so that
 * a large offset costs no digits. */
static ls_status measure(const ls_matrix *m, ls_scale_kind kind, sums *s, ls_affine *affine) {
  LS_TRY(add_up(m, 1, s));
  for (int64_t f = 0; f < m->n; f++) {
    affine->shift[f] =
        kind == LS_SCALE_STANDARD ? s->origin[f] + s->sum[f] / (double)m->count : s->least[f];
    affine->divisor[f] = s->most[f] - s->least[f];
  }
  if (kind == LS_SCALE_STANDARD) {
    memcpy(s->origin, affine->shift, (size_t)m->n * sizeof *s->origin);
    LS_TRY(add_up(m, 2, s));
    for (int64_t f = 0; f < m->n; f++) affine->divisor[f] = sqrt(s->sum[f] / (double)m->count);
  }
  for (int64_t f = 0; f < m->n; f++) {
    bool constant = s->least[f] == s->most[f]; /* whatever the rounding of its mean */
    if (constant) affine->shift[f] = s->least[f];
    if (constant || affine->divisor[f] < DBL_MIN || !isfinite(affine->divisor[f]))
      affine->divisor[f] = 1.0;
  }
  return LS_OK;
}

ls_status ls_affine_measure(const ls_matrix *m, ls_scale_kind kind, double by, ls_affine *affine) {
  double *work;
  if (kind == LS_SCALE_NONE || kind == LS_SCALE_DIVIDE) {
    for (int64_t f = 0; f < m->n; f++) affine->divisor[f] = kind == LS_SCALE_DIVIDE ? by : 1.0;
    return LS_OK;
  }
  LS_NEW(work, 5 * m->n);
  sums s = {work, work + m->n, work + 2 * m->n, work + 3 * m->n, work + 4 * m->n};
  ls_status status = measure(m, kind, &s, affine);
  LS_FREE(work);
  return status;
}

void ls_scale_cells(const ls_affine *affine, ls_dtype from, ls_dtype to, int64_t rows,
                    const void *x, void *out) {
  if (to == LS_F32) ls_scale_f32(affine, from, rows, x, out);
  if (to == LS_F64) ls_scale_f64(affine, from, rows, x, out);
}

/* ---- waiting for statistics ---- */

enum { WIDE_VALUES = 1 << 14 };

ls_status ls_unscaled_new(ls_unscaled *u, void *at, ls_dtype raw, ls_dtype kept, int64_t rows,
                          int64_t n) {
  *u = (ls_unscaled){.at = at, .cell = kept, .n = n, .rows = rows, .most = INT64_MAX};
  if (raw == kept) return LS_OK;
  u->most = WIDE_VALUES / n > 0 ? WIDE_VALUES / n : 1;
  LS_NEW(u->wide, u->most * n);
  LS_NEW(u->low, rows * n);
  return LS_OK;
}

void ls_unscaled_free(ls_unscaled *u) {
  LS_FREE(u->wide);
  LS_FREE(u->low);
  *u = (ls_unscaled){0};
}

static void put_halves(ls_unscaled *u, int64_t i, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t high = (uint32_t)(bits >> 32);
  u->low[i] = (uint32_t)bits;
  memcpy(u->at + (size_t)i * sizeof high, &high, sizeof high);
}

static double take_halves(const ls_unscaled *u, int64_t i) {
  uint32_t high;
  double value;
  memcpy(&high, u->at + (size_t)i * sizeof high, sizeof high);
  uint64_t bits = (uint64_t)high << 32 | u->low[i];
  memcpy(&value, &bits, sizeof value);
  return value;
}

void ls_unscaled_put(ls_unscaled *u, int64_t row, int64_t rows, const double *value,
                     int64_t columns) {
  for (int64_t r = 0, i = row * u->n; r < rows; r++, value += columns)
    for (int64_t f = 0; f < u->n; f++, i++)
      if (u->low)
        put_halves(u, i, value[f]);
      else
        ((double *)(void *)u->at)[i] = value[f];
}

static const void *take_rows(const ls_unscaled *u, int64_t row, int64_t rows) {
  if (!u->low) return u->at + (size_t)(row * u->n) * ls_dtype_size(u->cell);
  for (int64_t i = 0; i < rows * u->n; i++) u->wide[i] = take_halves(u, row * u->n + i);
  return u->wide;
}

static ls_status unscaled_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  const ls_unscaled *u = arg;
  *x = take_rows(u, ls_cut_row(u->cut, lo), rows);
  return LS_OK;
}

static ls_dtype cell_of(const ls_unscaled *u) { return u->low ? LS_F64 : u->cell; }

ls_matrix ls_unscaled_matrix(ls_unscaled *u, const ls_cut *cut) {
  u->cut = cut;
  return (ls_matrix){unscaled_rows, u,    cell_of(u),
                     cut->rows,     u->n, cut->drawn ? 1 : u->most}; /* scattered: one by one */
}

void ls_unscaled_scale(const ls_unscaled *u, const ls_affine *affine) {
  for (int64_t row = 0, rows; row < u->rows; row += rows) {
    rows = u->rows - row < u->most ? u->rows - row : u->most;
    ls_scale_cells(affine, cell_of(u), u->cell, rows, take_rows(u, row, rows),
                   u->at + (size_t)(row * u->n) * ls_dtype_size(u->cell));
  }
}

ls_status ls_inputs_keep(const ls_data *data, const ls_part *part, const ls_source *source,
                         int64_t row, int64_t rows, const void *x, void *out) {
  if (data->x_affine) ls_scale_cells(data->x_affine, part->raw, part->cell, rows, x, out);
  return ls_check_finite(source, row, rows, part->cell, out);
}
