/* scale.c - begin with measure: two passes over fixed blocks of 1,024 rows, the first less the
 * column's first value, so that a large offset costs no digits. A column that is constant, or
 * as good as that, is divided by 1. */
#include "data/scale.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "data/scaling.h"

double ls_affine_own(const ls_affine *a, int64_t c, double scaled) {
  double own = scaled * a->divisor[c] + a->shift[c];
  return ls_affine_is_log(a, c) ? ls_exponential(own) : own;
}

double ls_affine_slope(const ls_affine *a, int64_t c, double scaled) {
  return ls_affine_is_log(a, c) ? a->divisor[c] * ls_affine_own(a, c, scaled) : a->divisor[c];
}

ls_status ls_affine_new(int64_t n, bool logs, ls_affine **out) {
  LS_NEW(*out, 1);
  ls_affine *a = *out;
  a->n = n;
  a->logs = logs ? n : 0;
  ls_status status;
  LS_TRY_TO(fail, ls_mem_new((void **)&a->shift, (size_t)n, sizeof *a->shift));
  LS_TRY_TO(fail, ls_mem_new((void **)&a->divisor, (size_t)n, sizeof *a->divisor));
  if (logs) LS_TRY_TO(fail, ls_mem_new((void **)&a->log, (size_t)n, sizeof *a->log));
  return LS_OK;
fail:
  ls_affine_free(out);
  return status;
}

void ls_affine_free(ls_affine **affine) {
  if (!*affine) return;
  LS_FREE((*affine)->shift);
  LS_FREE((*affine)->divisor);
  LS_FREE((*affine)->log);
  LS_FREE(*affine);
}

/* Of a logarithm a float32 has as much as of 1. */
bool ls_affine_needs_double(const ls_affine *a) {
  for (int64_t c = 0; c < a->n; c++) {
    double size = ls_affine_is_log(a, c) ? 1 : fabs(a->shift[c]);
    if (size * FLT_EPSILON > a->divisor[c] / 512) return true;
  }
  return false;
}

ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out) {
  if (from->n != n)
    return ls_fail(LS_EDATA, "%jd %s a sample, and the checkpoint has %jd", n, what, from->n);
  LS_TRY(ls_affine_new(n, from->logs > 0, out));
  memcpy((*out)->shift, from->shift, (size_t)n * sizeof(double));
  memcpy((*out)->divisor, from->divisor, (size_t)n * sizeof(double));
  if (from->logs > 0) memcpy((*out)->log, from->log, (size_t)n * sizeof *from->log);
  return LS_OK;
}

typedef struct {
  const ls_matrix *m;
  const ls_affine *affine;
  double *least, *most, *origin, *sum, *part,
      *count; /* (n) each; count: of values that are there */
} sums;

enum { BLOCK_ROWS = 1024 };

static double value_at(const sums *s, const void *x, int64_t i, int64_t f) {
  const double v = ls_dtype_get(s->m->cell, x, i);
  return ls_affine_is_log(s->affine, f) ? ls_logarithm(v) : v;
}

/* Targets may be missing (NaN). */
static void add_rows(const void *x, int64_t rows, int power, sums *s) {
  for (int64_t i = 0, r = 0; r < rows; r++)
    for (int64_t f = 0; f < s->m->n; f++, i++) {
      const double v = value_at(s, x, i, f);
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
static ls_status add_up(int power, sums *s) {
  const ls_matrix *m = s->m;
  const void *x;
  memset(s->sum, 0, (size_t)m->n * sizeof *s->sum);
  memset(s->part, 0, (size_t)m->n * sizeof *s->part);
  for (int64_t lo = 0, rows; lo < m->count; lo += rows) {
    const int64_t left = ls_min(BLOCK_ROWS - lo % BLOCK_ROWS, m->count - lo); /* of this block */
    rows = ls_min(left, m->most);
    LS_TRY(m->rows(m->arg, lo, rows, &x));
    add_rows(x, rows, power, s);
    if (rows < left) continue;
    for (int64_t f = 0; f < m->n; f++) s->sum[f] += s->part[f], s->part[f] = 0;
  }
  return LS_OK;
}

static ls_scale_kind measured_as(const ls_scaling *how) {
  return how->kind == LS_SCALE_LOG ? how->of_log : how->kind;
}

static void settle(const ls_scaling *how, const sums *s, int64_t f, ls_affine *a) {
  const bool standard = measured_as(how) == LS_SCALE_STANDARD;
  bool constant = s->least[f] == s->most[f]; /* whatever the rounding of its mean */
  if (!ls_scaling_measured(how)) return;
  a->shift[f] = standard && !constant ? s->origin[f] : s->least[f];
  a->divisor[f] = standard ? sqrt(s->sum[f] / s->count[f]) : s->most[f] - s->least[f];
  if (constant || a->divisor[f] < DBL_MIN || !isfinite(a->divisor[f])) a->divisor[f] = 1.0;
}

/* Mean and population standard deviation in two passes; the first subtracts the first value, so
 * that a large offset costs no digits. */
static ls_status measure(const ls_scaling *how, sums *s, ls_affine *a) {
  bool standard = false;
  LS_TRY(add_up(1, s));
  for (int64_t f = 0; f < a->n; f++) {
    standard = standard || measured_as(&how[f]) == LS_SCALE_STANDARD;
    s->origin[f] += s->sum[f] / s->count[f];
  }
  if (standard) LS_TRY(add_up(2, s));
  for (int64_t f = 0; f < a->n; f++) settle(&how[f], s, f, a);
  return LS_OK;
}

ls_status ls_affine_make(int64_t n, const ls_scaling *how, ls_affine **out) {
  bool logs = false;
  for (int64_t f = 0; f < n; f++) logs = logs || how[f].kind == LS_SCALE_LOG;
  LS_TRY(ls_affine_new(n, logs, out));
  for (int64_t f = 0; f < n; f++) {
    (*out)->divisor[f] = how[f].kind == LS_SCALE_DIVIDE ? how[f].by : 1;
    if (logs) (*out)->log[f] = how[f].kind == LS_SCALE_LOG;
  }
  return LS_OK;
}

ls_status ls_affine_measure(const ls_matrix *m, const ls_scaling *how, ls_affine *affine) {
  double *work;
  LS_NEW(work, 6 * m->n);
  sums s = {m,
            affine,
            work,
            work + m->n,
            work + 2 * m->n,
            work + 3 * m->n,
            work + 4 * m->n,
            work + 5 * m->n};
  ls_status status = measure(how, &s, affine);
  LS_FREE(work);
  return status;
}
