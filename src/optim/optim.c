/* optim.c - finding an optimizer, and whether its values go together. */
#include "optim/optim.h"

#include <string.h>

#include "optim/plugin.h"

const ls_optim_ops *ls_optim_find(const char *name) {
  for (const ls_optim_ops *const *ops = ls_optim_table; *ops; ops++)
    if (strcmp((*ops)->name, name) == 0) return *ops;
  return NULL;
}

static const ls_hyper no_keys[] = {{0}};
const ls_optim_ops ls_optim_not_loaded = {.name = "plugin", .hyper = no_keys};

const char *ls_optim_name(const ls_optim_spec *spec) {
  return spec->ops == &ls_optim_not_loaded && spec->file ? ls_plugin_name(spec->file)
                                                         : spec->ops->name;
}

unsigned ls_optim_slots(const ls_optim_ops *ops, const double *hyper) {
  unsigned all = (1u << ops->slots) - 1;
  return ops->slots_used ? ops->slots_used(hyper) & all : all;
}

enum { TRIAL = 3 };
typedef struct {
  double p[TRIAL], g[TRIAL], slot[LS_SLOTS_MAX][TRIAL]; /* as floats in the trial with float32 */
} trial_block;

static void fill(ls_dtype precision, double *block, double value) {
  for (int i = 0; i < TRIAL; i++) {
    ls_dtype_put(precision, block, i, value);
  }
}

static void trial_update(const ls_optim_spec *spec, ls_dtype precision) {
  trial_block block;
  double norm[LS_NORMS_MAX] = {0};
  ls_optim_span span = {.n = TRIAL,
                        .precision = (int)precision,
                        .p = block.p,
                        .g = block.g,
                        .lr = spec->lr,
                        .t = 1,
                        .weight_decay = spec->weight_decay,
                        .seed = 1,
                        .hyper = spec->hyper,
                        .norm = spec->ops->reduce ? norm : NULL};
  unsigned used = ls_optim_slots(spec->ops, spec->hyper);
  fill(precision, block.p, 0.5);
  fill(precision, block.g, 0.25);
  for (int i = 0; i < spec->ops->slots; i++) {
    if (!(used >> i & 1)) continue;
    span.slot[i] = block.slot[i];
    fill(precision, block.slot[i],
         spec->ops->slot_start ? spec->ops->slot_start(spec->hyper, i) : 0);
  }
  if (spec->ops->reduce) spec->ops->reduce(&span, norm);
  spec->ops->update(&span);
}

void ls_optim_try(const ls_optim_spec *spec) {
  if (spec->ops->check && spec->ops->check(spec->hyper)) return;
  trial_update(spec, LS_F32);
  trial_update(spec, LS_F64);
}

const char *ls_optim_check(const ls_optim_spec *spec) {
  if (spec->ops == &ls_optim_not_loaded) return NULL;
  const char *mishap = spec->file ? ls_plugin_try_optim(spec) : NULL;
  return mishap || !spec->ops->check ? mishap : spec->ops->check(spec->hyper);
}
