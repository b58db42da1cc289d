/* gather.h - rows of a source into a batch: the loop that runs at memory speed. */
#ifndef LS_DATA_GATHER_H
#define LS_DATA_GATHER_H

#include "base/real.h"
#include "data/source.h"

typedef struct {
  const void *x; /* (rows, features) cells; reals are scaled already */
  ls_dtype cell;
  int64_t features;
  const void *bytes; /* what bytes become, from ls_bytes_new, where all features are scaled alike */
  const ls_affine *affine; /* else each feature's own scaling */
} ls_rows;

/* Bytes as (v - shift) / divisor; freed with LS_FREE. */
ls_status ls_bytes_new_f32(double shift, double divisor, void **out);
ls_status ls_bytes_new_f64(double shift, double divisor, void **out);
/* x (rows, ldx) real = rows index[k], columns from `features` on 0. index NULL: rows 0, 1, 2 ... */
void ls_gather_f32(const ls_rows *from, const int64_t *index, int64_t rows, void *x, int64_t ldx);
void ls_gather_f64(const ls_rows *from, const int64_t *index, int64_t rows, void *x, int64_t ldx);
/* x (rows, n), reals or doubles -> (x - shift) / divisor, rounded once; out may be x. */
void ls_scale_f32(const ls_affine *affine, ls_dtype from, int64_t rows, const void *x, void *out);
void ls_scale_f64(const ls_affine *affine, ls_dtype from, int64_t rows, const void *x, void *out);
/* The first of n values that is not finite, or n. */
int64_t ls_not_finite_f32(const void *x, int64_t n);
int64_t ls_not_finite_f64(const void *x, int64_t n);
static inline int64_t ls_first_not_finite(ls_dtype type, const void *x, int64_t n) {
  return type == LS_U8 ? n : LS_REAL_OF(type, ls_not_finite)(x, n);
}

#endif
