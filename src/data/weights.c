#include "data/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

ls_status ls_weights_store(ls_data *data, const ls_source *source, int64_t row, int64_t rows,
                           const double *y) {
  double *weight = data->weight.data;
  int64_t outputs = source->shape.outputs;
  for (int64_t k = 0; k < rows; k++) {
    double w = y[k * (outputs + 1) + outputs];
    if (!(w >= 0 && isfinite(w)))
      return ls_bad_value(source, row + k, -1 - outputs, "not a weight: a finite number >= 0 is",
                          w);
    weight[row + k] = w;
  }
  return LS_OK;
}

/* ---- classes ---- */

/* A name of the data goes before a number, as with columns; -1: neither. */
static int64_t class_of(const ls_data *data, const ls_names *names, const char *text) {
  bool found = false;
  int64_t at = names && !names->numbers ? ls_names_find(names, text, strlen(text), &found) : 0;
  char *end;
  long long number = strtoll(text, &end, 10);
  if (found) return at;
  return *text >= '0' && *text <= '9' && !*end && number < data->outputs ? number : -1;
}

static ls_status given(const ls_data *data, const ls_data_spec *spec, const ls_names *names,
                       double *factor) {
  for (int64_t c = 0; c < data->outputs; c++) factor[c] = -1;
  for (int i = 0; i < spec->class_weights.count; i++) {
    const ls_class_weight *item = &spec->class_weights.item[i];
    int64_t c = class_of(data, names, item->name);
    if (c < 0)
      return ls_fail(LS_ECONFIG,
                     "train.class_weights: the data have no class '%s'; there are %lld, see "
                     "'lockstep data info'",
                     item->name, (long long)data->outputs);
    if (factor[c] >= 0)
      return ls_fail(LS_ECONFIG, "train.class_weights: '%s' is a class that is there already",
                     item->name);
    factor[c] = item->weight;
  }
  for (int64_t c = 0; c < data->outputs; c++)
    if (factor[c] < 0) factor[c] = 1;
  return LS_OK;
}

/* n / (classes count): every class of the training samples weighs the same in sum. Classes that
 * they lack are not counted. */
static void balance(const ls_data *data, double *factor) {
  const ls_cut *train = &data->cut[LS_SPLIT_TRAIN];
  const int32_t *label = data->part[0].y.data;
  double classes = 0;
  for (int64_t k = 0; k < train->rows; k++) factor[label[ls_cut_row(train, k)]]++;
  for (int64_t c = 0; c < data->outputs; c++) classes += factor[c] > 0;
  for (int64_t c = 0; c < data->outputs; c++)
    if (factor[c] > 0) factor[c] = (double)train->rows / (classes * factor[c]);
}

static ls_status weigh_classes(ls_data *data, const ls_data_spec *spec, const ls_names *names) {
  const ls_cut *train = &data->cut[LS_SPLIT_TRAIN];
  const int32_t *label = data->part[0].y.data;
  double *factor, *weight = data->weight.data;
  LS_NEW(factor, data->outputs);
  ls_status status = LS_OK;
  if (spec->class_weights.balanced)
    balance(data, factor);
  else
    status = given(data, spec, names, factor);
  for (int64_t k = 0; k < train->rows && status == LS_OK; k++) {
    int64_t row = ls_cut_row(train, k);
    weight[row] *= factor[label[row]];
  }
  LS_FREE(factor);
  return status;
}

ls_status ls_weights_finish(ls_data *data, const ls_data_spec *spec, const ls_names *names) {
  const ls_cut *train = &data->cut[LS_SPLIT_TRAIN];
  double *weight = data->weight.data, sum = 0;
  for (int64_t k = 0; k < train->rows && !spec->weights; k++) weight[ls_cut_row(train, k)] = 1;
  if (ls_class_weights_given(&spec->class_weights)) LS_TRY(weigh_classes(data, spec, names));
  for (int64_t k = 0; k < train->rows; k++) sum += weight[ls_cut_row(train, k)];
  if (!isfinite(sum))
    return ls_fail(LS_EDATA,
                   "the training samples' weights (data.weights, train.class_weights) are too "
                   "large to be added");
  return sum > 0
             ? LS_OK
             : ls_fail(LS_EDATA,
                       "all training samples have weight 0 (data.weights, train.class_weights)");
}
