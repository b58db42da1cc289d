/* weights.c - a number in the config means a class by its name first, and by its number only
 * where no class is called so (class_of). Balanced: every class that is there weighs as much as
 * any other. Begin with ls_weights_finish. */
#include "data/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

ls_status ls_weights_store(double *weight, const ls_chunk *chunk) {
  int64_t outputs = chunk->source->shape.outputs;
  for (int64_t k = 0; k < chunk->rows; k++) {
    double w = chunk->y[k * chunk->stride + outputs];
    if (!(w >= 0 && isfinite(w)))
      return ls_refuse(chunk, k, -1 - outputs, "not a weight: a finite number >= 0 is", w);
    weight[k] = w;
  }
  return LS_OK;
}

/* ---- classes ---- */

/* A name of the data goes before a number, as with columns; -1: neither. */
static int64_t class_of(const ls_weights *w, const char *text) {
  char *end;
  for (int64_t c = 0; c < w->names->count && c < w->classes; c++)
    if (strcmp(w->names->text[c], text) == 0) return c;
  const long long number = strtoll(text, &end, 10);
  const bool is_number = *text >= '0' && *text <= '9' && !*end;
  return is_number && number < w->classes ? number : -1;
}

static ls_status given(const ls_weights *w, double *factor) {
  const ls_class_weights *given = &w->spec->class_weights;
  for (int64_t c = 0; c < w->classes; c++) factor[c] = -1;
  for (int i = 0; i < given->count; i++) {
    const char *name = given->item[i].name;
    int64_t c = class_of(w, name);
    if (c < 0)
      return ls_fail(LS_ECONFIG,
                     "train.class_weights: the data have no class '%s'; there are %jd, see "
                     "'lockstep data info'",
                     name, w->classes);
    if (factor[c] >= 0)
      return ls_fail(LS_ECONFIG, "train.class_weights: '%s' is a class that is there already",
                     name);
    factor[c] = given->item[i].weight;
  }
  for (int64_t c = 0; c < w->classes; c++)
    if (factor[c] < 0) factor[c] = 1;
  return LS_OK;
}

/* n / (classes count): every class of the training samples weighs the same in sum. Classes that
 * they lack are not counted. */
static void balance(const ls_weights *w, double *factor) {
  double classes = 0;
  int64_t n = 0;
  for (int64_t c = 0; c < w->classes; c++) {
    classes += w->count[c] > 0;
    n += w->count[c];
  }
  for (int64_t c = 0; c < w->classes; c++)
    if (w->count[c] > 0) factor[c] = (double)n / (classes * (double)w->count[c]);
}

ls_status ls_weights_of_classes(const ls_weights *w, double *factor) {
  if (!w->spec->class_weights.balanced) return given(w, factor);
  balance(w, factor);
  return LS_OK;
}

static ls_status weigh_classes(const ls_weights *w) {
  double *factor;
  LS_NEW(factor, w->classes);
  ls_status status = ls_weights_of_classes(w, factor);
  for (int64_t k = 0; k < w->train->rows && status == LS_OK; k++) {
    int64_t row = ls_cut_row(w->train, k);
    w->weight[row] *= factor[w->label[row]];
  }
  LS_FREE(factor);
  return status;
}

ls_status ls_weights_finish(const ls_weights *w) {
  double sum = 0;
  for (int64_t k = 0; k < w->train->rows && !w->spec->weights; k++)
    w->weight[ls_cut_row(w->train, k)] = 1;
  if (ls_class_weights_given(&w->spec->class_weights)) LS_TRY(weigh_classes(w));
  for (int64_t k = 0; k < w->train->rows; k++) sum += w->weight[ls_cut_row(w->train, k)];
  if (!isfinite(sum))
    return ls_fail(LS_EDATA,
                   "the training samples' weights (data.weights, train.class_weights) are too "
                   "large to be added");
  if (sum > 0) return LS_OK;
  return ls_fail(LS_EDATA,
                 "all training samples have weight 0 (data.weights, train.class_weights)");
}
