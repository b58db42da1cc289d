#include <math.h>
#include <string.h>

#include "data/gather.h"

static void by_table(const uint8_t *v, int64_t n, const real *table, real *x) {
  for (int64_t i = 0; i < n; i++) x[i] = table[v[i]];
}

LS_CLONES static void by_feature(const uint8_t *v, int64_t n, const double *shift, const double *divisor, real *x) {
  for (int64_t i = 0; i < n; i++) x[i] = (real)(((double)v[i] - shift[i]) / divisor[i]);
}

static void one_row(const ls_rows *from, int64_t row, real *x) {
  int64_t n = from->features;
  if (from->cell != LS_CELL_U8)
    memcpy(x, (const real *)from->x + row * n, (size_t)n * sizeof(real));
  else if (from->table)
    by_table((const uint8_t *)from->x + row * n, n, from->table, x);
  else
    by_feature((const uint8_t *)from->x + row * n, n, from->affine->shift, from->affine->divisor, x);
}

void LS_R(ls_gather)(const ls_rows *from, const int64_t *index, int64_t offset, int64_t rows, real *x, int64_t ldx) {
  size_t pad = (size_t)(ldx - from->features) * sizeof(real);
  for (int64_t k = 0; k < rows; k++) {
    one_row(from, index[k] + offset, x + k * ldx);
    memset(x + k * ldx + from->features, 0, pad);
  }
}

void LS_R(ls_scale)(const ls_affine *affine, int64_t rows, real *x) {
  for (int64_t r = 0; r < rows; r++, x += affine->n)
    for (int64_t i = 0; i < affine->n; i++) x[i] = (real)(((double)x[i] - affine->shift[i]) / affine->divisor[i]);
}

int64_t LS_R(ls_not_finite)(const real *x, int64_t n) {
  int64_t i = 0;
  while (i < n && isfinite(x[i])) i++;
  return i;
}
