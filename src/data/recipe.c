/* recipe.c - what is wrong with a class number or a target is said here (no_label, no_target).
 * Scaled numbers stay doubles until they are rounded once; bytes stay bytes up to the
 * minibatch. Begin with ls_recipe_keep_x and ls_recipe_keep_y; then ls_recipe_give. */
#include "data/recipe.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/gather.h"
#include "data/one_hot.h"
#include "data/scale.h"

enum { CLASSES_MAX = 1 << 20 };

/* ---- as read -> as kept ---- */

/* Which are infinite, or too large for the precision? */
static ls_status check_gaps(const ls_recipe *r, const ls_chunk *chunk, const void *kept) {
  for (int64_t i = 0; i < chunk->rows * r->features; i++) {
    const double v = ls_dtype_get(r->kept, kept, i);
    if (isinf(v)) return ls_refuse(chunk, i / r->features, i % r->features, ls_not_finite, v);
  }
  return LS_OK;
}

static const char no_logarithm[] =
    "data.scale: only numbers > 0 have a logarithm; give this column another type in "
    "data.scale.columns, such as standard";

/* Of a row's n values; not a number is another complaint. */
static ls_status refuse_no_log(const ls_affine *a, int role, const ls_chunk *chunk, ls_dtype type) {
  const void *value = role == LS_ROLE_X ? chunk->x : chunk->y;
  for (int64_t k = 0; a && a->logs > 0 && k < chunk->rows; k++)
    for (int64_t c = 0; c < a->n; c++) {
      const int64_t stride = role == LS_ROLE_X ? a->n : chunk->stride;
      const double v = ls_dtype_get(type, value, k * stride + c);
      if (a->log[c] && v <= 0)
        return ls_refuse(chunk, k, role == LS_ROLE_X ? c : -1 - c, no_logarithm, v);
    }
  return LS_OK;
}

ls_status ls_recipe_check_x(const ls_recipe *r, const ls_chunk *chunk) {
  LS_TRY(ls_refuse_not_finite(chunk, r->features, r->raw, chunk->x, r->remedy[LS_ROLE_X]));
  return refuse_no_log(r->x_affine, LS_ROLE_X, chunk, r->raw);
}

ls_status ls_recipe_keep_x(const ls_recipe *r, const ls_chunk *chunk, void *kept) {
  const int64_t rows = chunk->rows;
  LS_TRY(refuse_no_log(r->x_affine, LS_ROLE_X, chunk, r->raw));
  if (r->x_affine && r->kept != LS_U8)
    LS_REAL_OF(r->kept, ls_scale)(r->x_affine, r->raw, rows, chunk->x, kept);
  else if (r->raw != r->kept) /* scaled in name only: every column's type is none */
    for (int64_t i = 0; i < rows * r->features; i++)
      ls_dtype_put(r->kept, kept, i, ls_dtype_get(r->raw, chunk->x, i));
  else if (kept != chunk->x)
    memcpy(kept, chunk->x, (size_t)rows * ls_recipe_x(r));
  if (r->gaps[LS_ROLE_X]) return check_gaps(r, chunk, kept);
  return ls_refuse_not_finite(chunk, r->features, r->kept, kept, r->remedy[LS_ROLE_X]);
}

static const char not_a_probability[] =
    "a target of binary_cross_entropy lies in 0..1; class numbers go with cross_entropy, or with "
    "data.classes";

static const char not_a_count[] = "a target of poisson is a count, or another number >= 0";

/* What is wrong with v as a class number; NULL: nothing. */
static const char *no_label(const ls_recipe *r, double v) {
  if (isnan(v)) return "no class: it is missing";
  if (v == -1)
    return "not a class number: 0, 1, 2 ... are, and classes -1 and 1 become such by (y + 1) / 2; "
           "other numbers are targets of a regression, loss: mse";
  if (!(v >= 0 && v == floor(v)))
    return "not a class number: 0, 1, 2 ... are, and texts are names of classes; other numbers are "
           "targets of a regression, loss: mse";
  if (r->classes > 0 && v >= (double)r->classes) return "class number not below data.classes";
  return v < CLASSES_MAX ? NULL : "class number too large";
}

bool ls_recipe_label(const ls_recipe *r, const double *y, int32_t *label) {
  if (r->soft ? !ls_is_soft(y, r->columns) : no_label(r, y[0]) != NULL) return false;
  *label = r->soft ? 0 : (int32_t)y[0];
  for (int64_t c = 1; r->soft && c < r->columns; c++)
    if (y[c] > y[*label]) *label = (int32_t)c;
  return true;
}

/* What is wrong with target c of row k, which is `value`. */
static ls_status refuse_target(const ls_recipe *r, const ls_chunk *chunk, int64_t k, int64_t c,
                               const char *wrong, double value) {
  return ls_refuse_missing(chunk, k, -1 - c, wrong, value, r->remedy[LS_ROLE_Y]);
}

static ls_status keep_labels(const ls_recipe *r, const ls_chunk *chunk, int32_t *label) {
  for (int64_t k = 0; k < chunk->rows; k++) {
    const double y = chunk->y[k * chunk->stride];
    const char *wrong = no_label(r, y);
    if (wrong) return refuse_target(r, chunk, k, 0, wrong, y);
    label[k] = (int32_t)y;
  }
  return LS_OK;
}

/* What is wrong with v as a target, scaled and rounded; NULL: nothing. */
static const char *no_target(const ls_recipe *r, double v) {
  if (r->gaps[LS_ROLE_Y] && isnan(v)) return NULL;
  if (!isfinite(v)) return ls_not_finite;
  if (r->target == LS_TARGET_COUNT && v < 0) return not_a_count;
  return r->target != LS_TARGET_PROBABILITY || (v >= 0 && v <= 1) ? NULL : not_a_probability;
}

static ls_status keep_reals(const ls_recipe *r, const ls_chunk *chunk, void *out) {
  const ls_affine *a = r->y_affine;
  LS_TRY(refuse_no_log(a, LS_ROLE_Y, chunk, LS_F64));
  for (int64_t k = 0, at = 0; k < chunk->rows; k++)
    for (int64_t c = 0; c < r->columns; c++, at++) {
      const double given = chunk->y[k * chunk->stride + c];
      ls_dtype_put(r->precision, out, at, a ? ls_affine_scaled(a, c, given) : given);
      const char *wrong = no_target(r, ls_dtype_get(r->precision, out, at));
      if (wrong) return refuse_target(r, chunk, k, c, wrong, given);
    }
  return LS_OK;
}

static const char no_soft[] =
    "several columns of y are shares of the classes here, numbers >= 0 that sum to 1, and those of "
    "this row do not; divide them by their sum, or put the class in their place";

static ls_status check_shares(const ls_recipe *r, const ls_chunk *chunk) {
  for (int64_t k = 0; k < chunk->rows; k++) {
    const double *row = chunk->y + k * chunk->stride;
    double sum = 0;
    if (ls_is_soft(row, r->columns)) continue;
    for (int64_t c = 0; c < r->columns; c++) {
      sum += row[c];
      if (!isfinite(row[c])) return refuse_target(r, chunk, k, c, ls_not_finite, row[c]);
      if (row[c] < 0) return ls_refuse(chunk, k, -1 - c, no_soft, row[c]);
    }
    return ls_refuse(chunk, k, -1, no_soft, sum);
  }
  return LS_OK;
}

ls_status ls_recipe_check_y(const ls_recipe *r, const ls_chunk *chunk) {
  for (int64_t k = 0; k < chunk->rows; k++)
    for (int64_t c = 0; c < r->columns; c++) {
      const double v = chunk->y[k * chunk->stride + c];
      const bool gap = r->gaps[LS_ROLE_Y] && isnan(v);
      if (!isfinite(v) && !gap) return refuse_target(r, chunk, k, c, ls_not_finite, v);
    }
  return refuse_no_log(r->y_affine, LS_ROLE_Y, chunk, LS_F64);
}

ls_status ls_recipe_keep_y(const ls_recipe *r, const ls_chunk *chunk, void *kept) {
  if (r->soft) LS_TRY(check_shares(r, chunk));
  return r->labels ? keep_labels(r, chunk, kept) : keep_reals(r, chunk, kept);
}

/* ---- as kept -> a minibatch ---- */

static bool is_alike(const ls_affine *a) {
  for (int64_t f = 1; f < a->n; f++)
    if (a->shift[f] != a->shift[0] || a->divisor[f] != a->divisor[0]) return false;
  return true;
}

ls_status ls_recipe_finish(ls_recipe *r) {
  const ls_affine *a = r->x_affine;
  if (a && !is_alike(a)) return LS_OK;
  return LS_REAL_OF(r->precision, ls_bytes_new)(a ? a->shift[0] : 0, a ? a->divisor[0] : 1,
                                                &r->bytes);
}

static void give_x(const ls_recipe *r, const void *kept, const int64_t *index, int64_t rows,
                   const ls_batch *to) {
  ls_rows from = {kept, r->kept, r->features, r->bytes, r->x_affine};
  LS_REAL_OF(r->precision, ls_gather)(&from, index, rows, to->x, to->ldx);
}

/* Class numbers as rows of one 1 and zeros. */
static void one_hot(const ls_recipe *r, const int32_t *label, const int64_t *index, int64_t rows,
                    void *targets) {
  memset(targets, 0, (size_t)(rows * r->outputs) * ls_dtype_size(r->precision));
  for (int64_t k = 0; k < rows; k++)
    ls_dtype_put(r->precision, targets, k * r->outputs + label[index ? index[k] : k], 1);
}

static int32_t label_of(const ls_recipe *r, const void *kept, int64_t row) {
  if (r->labels) return ((const int32_t *)kept)[row];
  const char *shares = (const char *)kept + (size_t)row * ls_recipe_y(r);
  int32_t largest = 0;
  for (int32_t c = 1; c < r->columns; c++)
    if (ls_dtype_get(r->precision, shares, c) > ls_dtype_get(r->precision, shares, largest))
      largest = c;
  return largest;
}

static void give_targets(const ls_recipe *r, const void *kept, const int64_t *index, int64_t rows,
                         char *targets) {
  const size_t width = ls_recipe_y(r);
  for (int64_t k = 0; k < rows; k++, targets += width)
    memcpy(targets, (const char *)kept + (size_t)(index ? index[k] : k) * width, width);
}

void ls_recipe_give(const ls_recipe *r, const void *x, const void *y, const int64_t *index,
                    int64_t rows, const ls_batch *to) {
  if (to->x) give_x(r, x, index, rows, to);
  for (int64_t k = 0; k < rows && to->labels; k++)
    to->labels[k] = label_of(r, y, index ? index[k] : k);
  if (!to->targets) return;
  if (r->labels)
    one_hot(r, y, index, rows, to->targets);
  else
    give_targets(r, y, index, rows, to->targets);
}

ls_batch ls_recipe_behind(const ls_recipe *r, const ls_batch *batch, int64_t k) {
  const size_t at = (size_t)k * ls_dtype_size(r->precision);
  ls_batch b = *batch;
  if (b.x) b.x = (char *)b.x + at * (size_t)b.ldx;
  if (b.labels) b.labels += k;
  if (b.targets) b.targets = (char *)b.targets + at * (size_t)r->outputs;
  return b;
}

void ls_recipe_free(ls_recipe *r) {
  ls_affine_free(&r->x_affine);
  ls_affine_free(&r->y_affine);
  LS_FREE(r->x_mean.value);
  LS_FREE(r->bytes);
}
