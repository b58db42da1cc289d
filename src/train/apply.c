/* apply.c - begin with ls_apply_rows. Outputs go back through the targets' scaling in double; a
 * derivative is the network's, times the slope of its output's scaling, divided by the slope of
 * its input's (copy_slopes). */
#include "train/apply.h"

#include "base/mem.h"
#include "checkpoint/widen.h"
#include "data/scale.h"
#include "model/gemm.h"

ls_status ls_apply_model(const ls_checkpoint *of, const ls_config *config, ls_team *team,
                         ls_apply_what what, ls_model **out) {
  const int slices = config->slices > 0 ? (int)config->slices : 1;
  const ls_loss_spec loss = ls_config_loss(config);
  LS_TRY(ls_model_new(config->layer, config->layers, &loss, of->inputs, ls_checkpoint_targets(of),
                      slices, config->precision, out));
  if (what == LS_APPLY_SLOPES) LS_TRY(ls_model_derive(*out));
  if (of->parameters != ls_model_parameters(*out))
    return ls_fail(LS_EDATA, "the checkpoint's config and its tensors do not agree");
  return ls_model_reserve(*out, LS_EVAL_ROWS, team);
}

ls_dtype ls_apply_type(const ls_checkpoint *of) {
  return ls_affine_needs_double(&of->y_affine) ? LS_F64 : of->precision;
}

ls_status ls_apply_open(ls_model *model, const ls_checkpoint *of, ls_apply_what what,
                        ls_apply *out) {
  ls_batch *b = &out->batch;
  *out = (ls_apply){.of = of, .model = model, .what = what, .width = of->outputs};
  if (what == LS_APPLY_SLOPES) out->width *= of->inputs;
  b->features = of->inputs;
  b->ldx = ls_leading(b->features, of->precision);
  b->outputs = of->outputs;
  b->slices = b->slice_hi = 1;
  b->slice_row = out->slice_row;
  return ls_mem_new(&b->x, (size_t)(LS_EVAL_ROWS * b->ldx), ls_dtype_size(of->precision));
}

void ls_apply_close(ls_apply *apply) { LS_FREE(apply->batch.x); }

/* Targets were trained scaled: bring the outputs back to their units. */
static double unscale(const ls_affine *y, int64_t column, double own) {
  return y->n == 0 ? own : ls_affine_own(y, column, own);
}

static void copy_outputs(ls_apply *a, int64_t rows, ls_dtype type, void *out) {
  int64_t ld, at = 0;
  const void *y = ls_model_output(a->model, &ld);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < a->width; c++, at++)
      ls_dtype_put(type, out, at,
                   unscale(&a->of->y_affine, c, ls_dtype_get(a->of->precision, y, r * ld + c)));
}

static double slope_of(const ls_affine *a, int64_t column, double scaled) {
  return a->n == 0 ? 1 : ls_affine_slope(a, column, scaled);
}

/* By the inputs in their units, of the outputs in theirs: as the exported C has it. */
static void copy_slopes(ls_apply *a, int64_t rows, ls_dtype type, void *out) {
  const ls_affine *x = &a->of->x_affine, *y = &a->of->y_affine;
  const ls_dtype real = a->of->precision;
  const int64_t inputs = a->of->inputs;
  int64_t ld, y_ld;
  const void *outputs = ls_model_output(a->model, &y_ld);
  for (int64_t o = 0; o < a->of->outputs; o++) {
    const void *d = ls_model_slopes(a->model, &a->batch, o, &ld);
    for (int64_t r = 0; r < rows; r++) {
      const double own = slope_of(y, o, ls_dtype_get(real, outputs, r * y_ld + o));
      for (int64_t i = 0; i < inputs; i++) {
        const double slope = ls_dtype_get(real, d, r * ld + i) * own,
                     x_own = slope_of(x, i, ls_dtype_get(real, a->batch.x, r * a->batch.ldx + i));
        ls_dtype_put(type, out, r * a->width + o * inputs + i, slope / x_own);
      }
    }
  }
}

void ls_apply_rows(ls_apply *a, int64_t rows, ls_dtype type, void *out) {
  a->batch.rows = a->batch.total = a->slice_row[1] = rows;
  ls_model_forward(a->model, &a->batch, false, 0); /* the seed is for training alone */
  if (a->what == LS_APPLY_SLOPES)
    copy_slopes(a, rows, type, out);
  else
    copy_outputs(a, rows, type, out);
}
