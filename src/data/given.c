#include "data/given.h"

#include <math.h>

#include "data/scale.h"

static double scaled(const ls_given_inputs *in, int64_t f, double x) {
  if (in->mean->n > 0 && isnan(x)) x = in->mean->value[f];
  return in->scale->n > 0 ? ls_affine_scaled(in->scale, f, x) : x;
}

ls_status ls_given_x(const ls_given_inputs *in, ls_dtype type, int64_t first, int64_t rows,
                     const void *x, ls_dtype precision, void *out, int64_t ldx) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t f = 0; f < in->features; f++) {
      const double given = ls_dtype_get(type, x, r * in->features + f);
      ls_dtype_put(precision, out, r * ldx + f, scaled(in, f, given));
      if (!isfinite(ls_dtype_get(precision, out, r * ldx + f)))
        return ls_fail(LS_EDATA, "input %lld of sample %lld is %g, which is not finite%s",
                       (long long)f, (long long)(first + r), given,
                       isfinite(given) ? " when it is scaled, or has no logarithm" : "");
    }
  return LS_OK;
}
