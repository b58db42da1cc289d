/* init.c - first weights: each a function of the seed, its tensor and its place in it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clamp.h"
#include "base/rng.h"
#include "model/layer.h"

typedef enum { CONSTANT, UNIFORM, NORMAL, TRUNCATED } shape;

/* How the elements of one tensor are drawn: `shape` with half-width, standard deviation or value
 * `size`. */
typedef struct {
  shape shape;
  double size;
} law;

/* Fan-in and fan-out scalings as in PyTorch and Keras (normal ones not truncated). */
static law weight_law(const ls_init_spec *init, const ls_layer *layer, const ls_tensor *w) {
  const double in = (double)w->rows, out = (double)w->cols;
  switch (init->kind) {
    case LS_INIT_DEFAULT:
    case LS_INIT_FILE:
      return layer->activation->relu_like ? (law){NORMAL, sqrt(2 / in)}
                                          : (law){UNIFORM, sqrt(6 / (in + out))};
    case LS_INIT_HE_NORMAL:
      return (law){NORMAL, sqrt(2 / in)};
    case LS_INIT_HE_UNIFORM:
      return (law){UNIFORM, sqrt(6 / in)};
    case LS_INIT_GLOROT_NORMAL:
      return (law){NORMAL, sqrt(2 / (in + out))};
    case LS_INIT_GLOROT_UNIFORM:
      return (law){UNIFORM, sqrt(6 / (in + out))};
    case LS_INIT_LECUN_NORMAL:
      return (law){NORMAL, sqrt(1 / in)};
    case LS_INIT_NORMAL:
      return (law){NORMAL, init->scale};
    case LS_INIT_UNIFORM:
      return (law){UNIFORM, init->scale};
    case LS_INIT_TRUNCATED_NORMAL:
      return (law){TRUNCATED, init->fan_in_gain != 0 ? init->fan_in_gain / sqrt(in) : init->scale};
    case LS_INIT_CONSTANT:
      return (law){CONSTANT, init->value};
    case LS_INIT_ZEROS:
      break;
  }
  return (law){CONSTANT, 0};
}

static law tensor_law(const ls_init_spec *init, const ls_model *model, const ls_tensor *t) {
  if (strcmp(t->name, "W") == 0) return weight_law(init, &model->layer[t->layer], t);
  return (law){CONSTANT, strcmp(t->name, "gain") == 0};
}

/* Elements [first, first + n) of a tensor. */
static void draw(law how, uint64_t seed, uint64_t stream, uint64_t first, int64_t n, double *out) {
  switch (how.shape) {
    case UNIFORM:
      ls_rng_uniforms(seed, stream, first, n, out);
      for (int64_t k = 0; k < n; k++) out[k] = how.size * (2 * out[k] - 1);
      return;
    case NORMAL:
      ls_rng_normals(seed, stream, first, n, out);
      break;
    case TRUNCATED:
      ls_rng_truncated_normals(seed, stream, first, n, out);
      break;
    case CONSTANT:
      for (int64_t k = 0; k < n; k++) out[k] = 1;
      break;
  }
  for (int64_t k = 0; k < n; k++) out[k] *= how.size;
}

void ls_model_init(const ls_model *model, const ls_init_spec *init, uint64_t seed, void *w,
                   int64_t lo, int64_t hi) {
  enum { AT_A_TIME = 1024 };
  double drawn[AT_A_TIME];
  for (int i = 0; i < model->tensors; i++) {
    const ls_tensor *t = &model->tensor[i];
    const int64_t begin = t->offset, last = ls_min(begin + t->rows * t->cols, hi);
    const uint64_t stream = ls_rng_stream(LS_STREAM_INIT, (uint64_t)i);
    const law how = tensor_law(init, model, t);
    for (int64_t k = ls_max(lo, begin); k < last; k += AT_A_TIME) {
      const int64_t n = ls_min(last - k, AT_A_TIME);
      draw(how, seed, stream, (uint64_t)(k - begin), n, drawn);
      for (int64_t at = 0; at < n; at++) ls_dtype_put(model->precision, w, k + at, drawn[at]);
    }
  }
}

bool ls_init_takes(const ls_init_spec *init, int layer) {
  bool takes = init->take != LS_TAKE_LISTED;
  for (char **item = init->layers; item && *item; item++) {
    int lo, hi;
    const int numbers = sscanf(*item, "%d-%d", &lo, &hi);
    if (numbers == 1) hi = lo;
    takes = takes || (numbers > 0 && lo <= layer && layer <= hi);
  }
  return takes;
}
