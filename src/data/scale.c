#include "data/scale.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

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
  double *least, *most, *origin, *sum, *part,
      *count; /* (n) each; count: of values that are there */
} sums;

enum { BLOCK_ROWS = 1024 };

/* Targets may be missing (NaN). */
static void add_rows(const ls_matrix *m, const void *x, int64_t rows, int power, sums *s) {
  for (int64_t i = 0, r = 0; r < rows; r++)
    for (int64_t f = 0; f < m->n; f++, i++) {
      const double v = ls_dtype_get(m->cell, x, i);
      if (isnan(v)) continue;
      if (power == 1 && s->count[f]++ == 0) s->origin[f] = s->least[f] = s->most[f] = v;
      const double d = v - s->origin[f];
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
    add_rows(m, x, rows, power, s);
    if (rows < left) continue;
    for (int64_t f = 0; f < m->n; f++) s->sum[f] += s->part[f], s->part[f] = 0;
  }
  return LS_OK;
}

/* Mean and population standard deviation in two passes; the first subtracts the first value, so
 * that a large offset costs no digits. */
static ls_status measure(const ls_matrix *m, ls_scale_kind kind, sums *s, ls_affine *affine) {
  LS_TRY(add_up(m, 1, s));
  for (int64_t f = 0; f < m->n; f++) {
    affine->shift[f] =
        kind == LS_SCALE_STANDARD ? s->origin[f] + s->sum[f] / s->count[f] : s->least[f];
    affine->divisor[f] = s->most[f] - s->least[f];
  }
  if (kind == LS_SCALE_STANDARD) {
    memcpy(s->origin, affine->shift, (size_t)m->n * sizeof *s->origin);
    LS_TRY(add_up(m, 2, s));
    for (int64_t f = 0; f < m->n; f++) affine->divisor[f] = sqrt(s->sum[f] / s->count[f]);
  }
  for (int64_t f = 0; f < m->n; f++) {
    bool constant = s->least[f] == s->most[f]; /* whatever the rounding of its mean */
    if (constant) affine->shift[f] = s->least[f];
    if (constant || affine->divisor[f] < DBL_MIN || !isfinite(affine->divisor[f]))
      affine->divisor[f] = 1.0;
  }
  return LS_OK;
}

ls_status ls_affine_measure(const ls_matrix *m, ls_scale_kind kind, ls_affine **out) {
  double *work;
  LS_NEW(work, 6 * m->n);
  sums s = {work, work + m->n, work + 2 * m->n, work + 3 * m->n, work + 4 * m->n, work + 5 * m->n};
  ls_status status = ls_affine_new(m->n, out);
  if (status == LS_OK) status = measure(m, kind, &s, *out);
  LS_FREE(work);
  return status;
}

ls_status ls_affine_divide(int64_t n, double by, ls_affine **out) {
  LS_TRY(ls_affine_new(n, out));
  for (int64_t f = 0; f < n; f++) (*out)->divisor[f] = by;
  return LS_OK;
}
