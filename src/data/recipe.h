/* recipe.h - how rows as a file has them become rows as they are kept, and those the rows of a
 * minibatch: number types, scaling, class numbers. What cannot be kept is refused on the way.
 * Private to data/ and the data commands. */
#ifndef LS_DATA_RECIPE_H
#define LS_DATA_RECIPE_H

#include "data/refuse.h"
#include "data/spec.h"

typedef struct {
  ls_dtype precision;
  ls_target_kind target;
  bool labels;               /* y are class numbers, for `target` or by spec.classes; or */
  bool soft;                 /* they are a column a class, of shares: targets as they are, and the
                                class with the largest one */
  bool gaps[2];              /* of x, of real y: a NaN is a value that is missing, and is kept */
  int64_t classes;           /* below this; 0: from the labels */
  int64_t features, columns; /* of x and of y in a file */
  int64_t outputs;           /* classes, or columns */
  ls_dtype raw, kept;        /* x as read: doubles where they are yet to be scaled, so that they are
                                rounded once; x as kept: bytes stay bytes, and are scaled at last */
  ls_affine *x_affine, *y_affine; /* NULL: none */
  ls_filling x_mean;              /* n 0: none; it is filled in before scaling, by the sources */
  void *bytes;                    /* see ls_rows */
  const char *remedy[2];          /* of x, of y: for ls_refuse_missing */
} ls_recipe;

/* Bytes of a row: of x as read and as kept; of y as kept, int32 class numbers or reals. */
static inline size_t ls_recipe_raw(const ls_recipe *r) {
  return (size_t)r->features * ls_dtype_size(r->raw);
}
static inline size_t ls_recipe_x(const ls_recipe *r) {
  return (size_t)r->features * ls_dtype_size(r->kept);
}
static inline size_t ls_recipe_y(const ls_recipe *r) {
  return r->labels ? sizeof(int32_t) : (size_t)r->columns * ls_dtype_size(r->precision);
}

/* LS_EDATA, located, for an x, a y as read that is neither finite nor, of y, a gap; or of which the
 * logarithm is wanted, and which has none. */
ls_status ls_recipe_check_x(const ls_recipe *recipe, const ls_chunk *chunk);
ls_status ls_recipe_check_y(const ls_recipe *recipe, const ls_chunk *chunk);
/* The class of a row of y as read; false: it has none. */
bool ls_recipe_label(const ls_recipe *recipe, const double *y, int32_t *label);
/* Rows of x as read -> as kept; in place, or to where nothing of them lies. LS_EDATA, located, for
 * one that is not finite then. */
ls_status ls_recipe_keep_x(const ls_recipe *recipe, const ls_chunk *chunk, void *kept);
/* The first `columns` of each row of y as read -> as kept. LS_EDATA, located. */
ls_status ls_recipe_keep_y(const ls_recipe *recipe, const ls_chunk *chunk, void *kept);

/* Of a recipe whose scaling is known: before the first row is given out. */
ls_status ls_recipe_finish(ls_recipe *recipe);
/* Rows index[k] of x and y as kept (NULL: 0, 1, 2 ...) to where a batch has x (rows, ldx) real,
 * columns from `features` on 0, labels (rows) and targets (rows, outputs); any may be NULL. */
void ls_recipe_give(const ls_recipe *recipe, const void *x, const void *y, const int64_t *index,
                    int64_t rows, const ls_batch *to);
/* Where a batch has its rows from k on. */
ls_batch ls_recipe_behind(const ls_recipe *recipe, const ls_batch *batch, int64_t k);
void ls_recipe_free(ls_recipe *recipe);

#endif
