/* gather_real.c - bytes are scaled by two products, v hi + v lo, that give the bits of the
 * division; all 256 are tried beforehand, and where one differs a table is used. Begin with
 * ls_gather -> one_row. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/gather.h"
#include "data/scale.h"

/* What bytes become. hi has 8 bits less than a real, so v * hi is exact, and v * hi + v * lo is v /
 * divisor rounded once, but for cases so rare that comparing all 256 finds none in practice; where
 * it does, the table is used (three times slower). */
struct LS_R(ls_bytes) {
  bool product;
  real hi, lo, table[256];
};

ls_status LS_R(ls_bytes_new)(double shift, double divisor, void **out) {
  struct LS_R(ls_bytes) * b;
  int exponent, bits = LS_REAL_BITS == 32 ? 16 : 45;
  LS_NEW(b, 1);
  frexp(1 / divisor, &exponent);
  double hi = ldexp(nearbyint(ldexp(1 / divisor, bits - exponent)), exponent - bits);
  b->hi = (real)hi;
  b->lo = (real)(fma(-hi, divisor, 1) / divisor);
  b->product = true;
  for (int v = 0; v < 256; v++) {
    b->table[v] = (real)((v - shift) / divisor);
    real product = (real)v * b->hi + (real)v * b->lo;
    b->product = b->product && product == b->table[v];
  }
  *out = b;
  return LS_OK;
}

LS_CLONES static void by_product(const uint8_t *v, int64_t n, real hi, real lo, real *x) {
  for (int64_t i = 0; i < n; i++) x[i] = (real)v[i] * hi + (real)v[i] * lo;
}

static void by_table(const uint8_t *v, int64_t n, const real *table, real *x) {
  for (int64_t i = 0; i < n; i++) x[i] = table[v[i]];
}

LS_CLONES static void by_feature(const uint8_t *v, int64_t n, const double *shift,
                                 const double *divisor, real *x) {
  for (int64_t i = 0; i < n; i++) x[i] = (real)(((double)v[i] - shift[i]) / divisor[i]);
}

static void one_row(const ls_rows *from, int64_t row, real *x) {
  int64_t n = from->features;
  const uint8_t *v = (const uint8_t *)from->x + row * n;
  const struct LS_R(ls_bytes) *bytes = from->bytes;
  if (from->cell != LS_U8)
    memcpy(x, (const real *)from->x + row * n, (size_t)n * sizeof(real));
  else if (!bytes)
    by_feature(v, n, from->affine->shift, from->affine->divisor, x);
  else if (bytes->product)
    by_product(v, n, bytes->hi, bytes->lo, x);
  else
    by_table(v, n, bytes->table, x);
}

/* Rows lie anywhere in memory: ask for the next one while this one is converted. */
static void prefetch(const ls_rows *from, int64_t row) {
  size_t bytes = (size_t)from->features * ls_dtype_size(from->cell);
  const char *at = (const char *)from->x + (size_t)row * bytes;
  for (size_t b = 0; b < bytes && b < 4096; b += LS_ALIGN) __builtin_prefetch(at + b);
}

void LS_R(ls_gather)(const ls_rows *from, const int64_t *index, int64_t rows, void *out,
                     int64_t ldx) {
  real *x = out;
  size_t pad = (size_t)(ldx - from->features) * sizeof(real);
  for (int64_t k = 0; k < rows; k++) {
    if (k + 1 < rows) prefetch(from, index ? index[k + 1] : k + 1);
    one_row(from, index ? index[k] : k, x + k * ldx);
    memset(x + k * ldx + from->features, 0, pad);
  }
}

static void scale_reals(const ls_affine *affine, int64_t rows, const real *x, real *out) {
  for (int64_t r = 0; r < rows; r++, x += affine->n, out += affine->n)
    for (int64_t i = 0; i < affine->n; i++)
      out[i] = (real)ls_affine_scaled(affine, i, (double)x[i]);
}

/* In place, a real is written where no later double lies. */
static void scale_doubles(const ls_affine *affine, int64_t rows, const char *x, char *out) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < affine->n; i++, x += sizeof(double), out += sizeof(real)) {
      double value;
      memcpy(&value, x, sizeof value);
      real scaled = (real)ls_affine_scaled(affine, i, value);
      memcpy(out, &scaled, sizeof scaled);
    }
}

void LS_R(ls_scale)(const ls_affine *affine, ls_dtype from, int64_t rows, const void *x,
                    void *out) {
  if (from == LS_F64)
    scale_doubles(affine, rows, x, out);
  else
    scale_reals(affine, rows, x, out);
}

/* inf - inf and NaN - NaN are NaN, which is not 0. */
LS_CLONES static bool all_finite(const real *x, int64_t n) {
  int bad = 0;
  for (int64_t i = 0; i < n; i++) bad |= !(x[i] - x[i] == 0);
  return !bad;
}

int64_t LS_R(ls_not_finite)(const void *values, int64_t n) {
  const real *x = values;
  int64_t i = 0;
  if (all_finite(x, n)) return n;
  while (i < n && isfinite(x[i])) i++;
  return i;
}
