/* widen.c - each target's scaling and name are repeated for its outputs, one target's behind
 * the other's; of a variance the shift is 0, the divisor squared and the unit too. Begin at the
 * bottom. */
#include "checkpoint/widen.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/scale.h"

typedef struct {
  ls_checkpoint *c;
  ls_loss_spec loss;
  int heads;
} widening;

static bool is_variance(const widening *w, int64_t output) {
  return ls_loss_is_variance(w->loss.name, output);
}

/* "flux q0.9 [W]": from the target's name and unit, which may both be missing. */
static char *name_of(const widening *w, int64_t output) {
  const ls_checkpoint *c = w->c;
  const int64_t target = output / w->heads;
  char own[24] = "y", what[40] = "mean";
  if (c->outputs > w->heads) snprintf(own, sizeof own, "y%jd", target + 1);
  const char *name =
      target < c->names.count && *c->names.text[target] ? c->names.text[target] : own;
  const char *unit = strstr(name, " [");
  const int length = (int)(unit ? (size_t)(unit - name) : strlen(name));
  if (is_variance(w, output) && unit) /* of "[W]": "[W^2]" */
    return ls_mem_format("%.*s variance%.*s^2]", length, name, (int)strlen(unit) - 1, unit);
  if (is_variance(w, output)) return ls_mem_format("%s variance", name);
  if (w->loss.quantiles > 0)
    snprintf(what, sizeof what, "q%.12g", w->loss.quantile[output % w->heads]);
  return ls_mem_format("%.*s %s%s", length, name, what, unit ? unit : "");
}

static ls_status widen_names(const widening *w) {
  ls_checkpoint *c = w->c;
  ls_texts names = {0};
  ls_status status = LS_OK;
  for (int64_t o = 0; o < c->outputs && status == LS_OK; o++)
    status = ls_texts_add(&names, name_of(w, o));
  ls_texts_free(&c->names);
  c->names = names;
  return status;
}

static ls_status widen_scaling(const widening *w) {
  ls_affine *a = &w->c->y_affine;
  const int64_t n = w->c->outputs;
  ls_affine wide = {.n = n, .logs = a->logs > 0 ? n : 0};
  if (a->n == 0) return LS_OK;
  LS_NEW(wide.shift, n);
  LS_NEW(wide.divisor, n);
  if (wide.logs > 0) LS_NEW(wide.log, n);
  for (int64_t o = 0; o < n; o++) {
    const int64_t target = o / w->heads;
    const bool variance = is_variance(w, o);
    wide.shift[o] = variance ? 0 : a->shift[target];
    wide.divisor[o] = variance ? ls_affine_variance(a, target) : a->divisor[target];
    if (wide.logs > 0) wide.log[o] = a->log[target];
  }
  LS_FREE(a->shift);
  LS_FREE(a->divisor);
  LS_FREE(a->log);
  *a = wide;
  return LS_OK;
}

ls_status ls_checkpoint_widen(ls_checkpoint *c, const ls_config *config) {
  widening w = {c, ls_config_loss(config), 1};
  w.heads = ls_loss_heads(&w.loss);
  if (w.heads == 1 && w.loss.quantiles == 0) return LS_OK;
  c->heads = w.heads;
  c->outputs *= w.heads;
  LS_TRY(widen_scaling(&w));
  return widen_names(&w);
}
