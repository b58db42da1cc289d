/* scale.c - what inputs and real targets are shifted and divided by. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/data_private.h"

enum { BLOCK = 1024 }; /* rows added up before they join the total: fixed, and short enough to keep the digits */

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

ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out) {
  if (from->n != n)
    return ls_fail(LS_EDATA, "the data have %lld %s, the checkpoint's scaling is for %lld", (long long)n, what, (long long)from->n);
  LS_TRY(ls_affine_new(n, out));
  memcpy((*out)->shift, from->shift, (size_t)n * sizeof(double));
  memcpy((*out)->divisor, from->divisor, (size_t)n * sizeof(double));
  return LS_OK;
}

static double cell_at(const void *x, ls_cell cell, int64_t i) {
  return cell == LS_CELL_U8 ? ((const uint8_t *)x)[i] : cell == LS_CELL_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

typedef struct {
  const void *x; /* (rows, n) */
  ls_cell cell;
  int64_t rows, n;
} matrix;

static void extremes(const matrix *m, double *least, double *most) {
  for (int64_t f = 0; f < m->n; f++) least[f] = most[f] = cell_at(m->x, m->cell, f);
  for (int64_t r = 1; r < m->rows; r++)
    for (int64_t f = 0; f < m->n; f++) {
      double v = cell_at(m->x, m->cell, r * m->n + f);
      if (v < least[f]) least[f] = v;
      if (v > most[f]) most[f] = v;
    }
}

/* sum[f] = sum over rows of (x - from[f])^power, blocks of rows first. part (n) is scratch. */
static void column_sums(const matrix *m, const double *from, int power, double *part, double *sum) {
  memset(sum, 0, (size_t)m->n * sizeof *sum);
  for (int64_t lo = 0; lo < m->rows; lo += BLOCK) {
    memset(part, 0, (size_t)m->n * sizeof *part);
    for (int64_t r = lo; r < lo + BLOCK && r < m->rows; r++)
      for (int64_t f = 0; f < m->n; f++) {
        double d = cell_at(m->x, m->cell, r * m->n + f) - from[f];
        part[f] += power == 2 ? d * d : d;
      }
    for (int64_t f = 0; f < m->n; f++) sum[f] += part[f];
  }
}

/* Mean and population standard deviation in two passes; the first subtracts the least value, so that a large offset costs no digits. */
static void standard(const matrix *m, const double *least, double *mean, double *deviation, double *part) {
  column_sums(m, least, 1, part, mean);
  for (int64_t f = 0; f < m->n; f++) mean[f] = least[f] + mean[f] / (double)m->rows;
  column_sums(m, mean, 2, part, deviation);
  for (int64_t f = 0; f < m->n; f++) deviation[f] = sqrt(deviation[f] / (double)m->rows);
}

static void finish(const double *least, const double *most, ls_scale_kind kind, ls_affine *affine) {
  for (int64_t f = 0; f < affine->n; f++) {
    bool constant = least[f] == most[f];
    if (kind == LS_SCALE_MINMAX) affine->divisor[f] = most[f] - least[f];
    if (kind == LS_SCALE_MINMAX || constant) affine->shift[f] = least[f];
    if (constant || affine->divisor[f] < DBL_MIN || !isfinite(affine->divisor[f])) affine->divisor[f] = 1.0;
  }
}

ls_status ls_affine_measure(const void *x, ls_cell cell, int64_t rows, ls_scale_kind kind, double by, ls_affine *affine) {
  matrix m = {x, cell, rows, affine->n};
  if (kind == LS_SCALE_NONE || kind == LS_SCALE_DIVIDE) {
    for (int64_t f = 0; f < m.n; f++) affine->divisor[f] = kind == LS_SCALE_DIVIDE ? by : 1.0;
    return LS_OK;
  }
  double *work; /* least, most, scratch: (n) each */
  LS_NEW(work, 3 * m.n);
  extremes(&m, work, work + m.n);
  if (kind == LS_SCALE_STANDARD) standard(&m, work, affine->shift, affine->divisor, work + 2 * m.n);
  finish(work, work + m.n, kind, affine);
  LS_FREE(work);
  return LS_OK;
}
