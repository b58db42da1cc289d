/* target.c - y: numbers as read become class numbers or reals of the precision, which become a
 * minibatch's labels or targets. */
#include <math.h>
#include <string.h>

#include "data/data_private.h"

enum { CLASSES_MAX = 1 << 20 };

size_t ls_target_width(const ls_data *data, int64_t outputs) {
  return data->labels ? sizeof(int32_t) : (size_t)outputs * ls_dtype_size(data->precision);
}

static const char not_a_probability[] =
    "a target of binary_cross_entropy lies in 0..1; class numbers go with cross_entropy, or with "
    "data.classes";

static ls_status keep_labels(const ls_data *data, const ls_source *source, int64_t row,
                             int64_t rows, const double *y, int64_t columns, int32_t *label) {
  int64_t most = data->classes > 0 ? data->classes : CLASSES_MAX;
  for (int64_t k = 0; k < rows; k++) {
    double v = y[k * columns];
    if (isnan(v)) return ls_bad_value(source, row + k, -1, "no class", v);
    if (!(v >= 0 && v == floor(v)))
      return ls_bad_value(source, row + k, -1, "not a class number: 0, 1, 2 ... are", v);
    if (v >= (double)most)
      return ls_bad_value(
          source, row + k, -1,
          data->classes ? "class number not below data.classes" : "class number too large", v);
    label[k] = (int32_t)v;
  }
  return LS_OK;
}

static ls_status keep_reals(const ls_data *data, const ls_source *source, int64_t row, int64_t rows,
                            const double *y, int64_t columns, void *out) {
  int64_t n = source->shape.outputs;
  const ls_affine *a = data->y_affine;
  for (int64_t k = 0; k < rows * n; k++) {
    double given = y[k / n * columns + k % n],
           v = a ? (given - a->shift[k % n]) / a->divisor[k % n] : given;
    if (data->precision == LS_F32) v = (double)(float)v;
    if (!isfinite(v)) return ls_bad_value(source, row + k / n, -1 - k % n, ls_not_finite, given);
    if (data->target == LS_TARGET_PROBABILITY && !(v >= 0 && v <= 1))
      return ls_bad_value(source, row + k / n, -1 - k % n, not_a_probability, given);
    ls_dtype_put(data->precision, out, k, v);
  }
  return LS_OK;
}

ls_status ls_target_keep(const ls_data *data, const ls_source *source, int64_t row, int64_t rows,
                         const double *y, int64_t columns, void *out) {
  return data->labels ? keep_labels(data, source, row, rows, y, columns, out)
                      : keep_reals(data, source, row, rows, y, columns, out);
}

/* ---- into a minibatch ---- */

/* Class numbers as rows of one 1 and zeros. */
static void one_hot(const ls_data *data, const int32_t *y, const int64_t *index, int64_t offset,
                    int64_t rows, void *targets) {
  memset(targets, 0, (size_t)(rows * data->outputs) * ls_dtype_size(data->precision));
  for (int64_t k = 0; k < rows; k++) {
    ls_dtype_put(data->precision, targets, k * data->outputs + y[index[k] + offset], 1);
  }
}

static void copy(const ls_data *data, const char *y, const int64_t *index, int64_t offset,
                 int64_t rows, void *targets) {
  size_t width = ls_target_width(data, data->outputs);
  for (int64_t k = 0; k < rows; k++)
    memcpy((char *)targets + (size_t)k * width, y + (size_t)(index[k] + offset) * width, width);
}

void ls_target_copy(const ls_data *data, const void *y, const int64_t *index, int64_t offset,
                    int64_t rows, int32_t *labels, void *targets) {
  for (int64_t k = 0; k < rows && labels; k++) labels[k] = ((const int32_t *)y)[index[k] + offset];
  if (!targets) return;
  if (data->labels)
    one_hot(data, y, index, offset, rows, targets);
  else
    copy(data, y, index, offset, rows, targets);
}
