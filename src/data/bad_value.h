/* bad_value.h - what is wrong with a value, and where it stands. Private to data/. */
#ifndef LS_DATA_BAD_VALUE_H
#define LS_DATA_BAD_VALUE_H

#include "data/format.h"
#include "data/gather.h"

/* The first of n cells that is not finite, or n. */
static inline int64_t ls_first_not_finite(ls_dtype cell, const void *x, int64_t n) {
  if (cell == LS_U8) return n;
  return cell == LS_F32 ? ls_not_finite_f32(x, n) : ls_not_finite_f64(x, n);
}
/* LS_EDATA with its place for the first of `rows` rows' values, row `row` of the source, that is
 * not finite. */
ls_status ls_check_finite(const ls_source *source, int64_t row, int64_t rows, ls_dtype cell,
                          const void *x);
ls_status ls_check_finite_targets(const ls_source *source, int64_t row, int64_t rows, ls_dtype cell,
                                  const void *y);
extern const char ls_not_finite[]; /* what is wrong with such a value */
ls_status ls_bad_value(const ls_source *source, int64_t row, int64_t column, const char *what,
                       double value);

#endif
