/* optimizers.c - the table of optimizers: keys, ranges, slots. Their arithmetic is in the *_real.c files; a new one is a kernel
 * there and its rows here. docs/optimizers.md has the formulas. */
#include <math.h>
#include <string.h>

#include "optim/kernels.h"
#include "optim/optim.h"

#define UPDATE(name) \
  static void name##_update(const ls_optim_span *s) { (s->precision == LS_SPAN_F32 ? ls_##name##_f32 : ls_##name##_f64)(s); }

#define FRACTION(key, start, text) \
  { .name = key, .type = LS_HYPER_REAL, .value = start, .min = 0, .max = 1, .open_max = 1, .help = text }
#define POSITIVE(key, start, text) \
  { .name = key, .type = LS_HYPER_REAL, .value = start, .min = 0, .max = INFINITY, .open_min = 1, .open_max = 1, .help = text }
#define CHOICE(key, start, list, text) \
  { .name = key, .type = LS_HYPER_CHOICE, .value = start, .min = 0, .max = sizeof list / sizeof *list - 2, .choices = list, .help = text }
#define BOOL(key, text) \
  { .name = key, .type = LS_HYPER_BOOL, .value = 0, .min = 0, .max = 1, .help = text }

static const ls_hyper no_keys[] = {{0}};

UPDATE(sgd)
static const ls_optim_ops sgd = {.abi = LS_OPTIM_ABI,
                                 .name = "sgd",
                                 .help = "gradient descent: w -= lr g (chapter, section on gradient descent)",
                                 .hyper = no_keys,
                                 .update = sgd_update};

static const char *const adam_placements[] = {"outside", "inside", "hat", NULL};
static const ls_hyper adam_keys[] = {
    [LS_ADAM_BETA1] = FRACTION("beta1", 0.9, "decay of the mean of gradients"),
    [LS_ADAM_BETA2] = FRACTION("beta2", 0.999, "decay of the mean of squared gradients"),
    [LS_ADAM_EPSILON] = POSITIVE("epsilon", 1e-8, "keeps the division finite"),
    [LS_ADAM_PLACEMENT] = CHOICE("epsilon_placement", LS_OUTSIDE, adam_placements,
                                 "outside: sqrt(v) + eps (PyTorch); inside: sqrt(v + eps) (the book); hat: TensorFlow 1"),
    [LS_ADAM_AMSGRAD] = BOOL("amsgrad", "divide by the largest v so far"),
    {0}};

static unsigned adam_slots(const double *hyper) { return hyper[LS_ADAM_AMSGRAD] != 0 ? 7 : 3; }

UPDATE(adam)
static const ls_optim_ops adam = {.abi = LS_OPTIM_ABI,
                                  .name = "adam",
                                  .help = "Adam (arXiv 1412.6980): w -= lr m^ / (sqrt(v^) + eps)",
                                  .slots = 3,
                                  .slot_name = {"m", "v", "vmax"},
                                  .slots_used = adam_slots,
                                  .hyper = adam_keys,
                                  .update = adam_update};

UPDATE(adamw)
static const ls_optim_ops adamw = {.abi = LS_OPTIM_ABI,
                                   .name = "adamw",
                                   .help = "Adam with decoupled weight decay (arXiv 1711.05101): w *= 1 - lr wd, then Adam",
                                   .slots = 3,
                                   .slot_name = {"m", "v", "vmax"},
                                   .slots_used = adam_slots,
                                   .hyper = adam_keys,
                                   .update = adamw_update};

const ls_optim_ops *const ls_optim_table[] = {&sgd, &adam, &adamw, NULL};
