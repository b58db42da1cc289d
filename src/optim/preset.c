/* preset.c - forms, epsilons and first accumulators of the book, TensorFlow 1 and PyTorch under one
 * name. Rates of decay (momentum, rho, beta1, beta2) and weight_decay stay as given or as
 * lockstep's defaults. */
#include <stdio.h>
#include <string.h>

#include "optim/kernels.h"
#include "optim/optim.h"

/* One value; no key: this preset has the optimizer, and nothing to set for it. */
static const struct {
  const char *preset, *type, *key;
  double value;
} table[] = {
    {"book", "sgd", NULL, 0},
    {"book", "momentum", "form", LS_EWA},
    {"book", "rmsprop", "epsilon", 1e-8},
    {"book", "rmsprop", "epsilon_placement", LS_INSIDE},
    {"book", "rmsprop", "initial_accumulator", 0},
    {"book", "rmsprop", "form", LS_TENSORFLOW},
    {"book", "adam", "epsilon", 1e-8},
    {"book", "adam", "epsilon_placement", LS_INSIDE},
    {"tensorflow1", "sgd", NULL, 0},
    {"tensorflow1", "momentum", "form", LS_TF},
    {"tensorflow1", "rmsprop", "epsilon", 1e-10},
    {"tensorflow1", "rmsprop", "epsilon_placement", LS_INSIDE},
    {"tensorflow1", "rmsprop", "initial_accumulator", 1},
    {"tensorflow1", "rmsprop", "form", LS_TENSORFLOW},
    {"tensorflow1", "adagrad", "epsilon", 0},
    {"tensorflow1", "adagrad", "initial_accumulator", 0.1},
    {"tensorflow1", "adadelta", "epsilon", 1e-8},
    {"tensorflow1", "adam", "epsilon", 1e-8},
    {"tensorflow1", "adam", "epsilon_placement", LS_HAT},
    {"pytorch", "sgd", NULL, 0},
    {"pytorch", "momentum", "form", LS_TF},
    {"pytorch", "rmsprop", "epsilon", 1e-8},
    {"pytorch", "rmsprop", "epsilon_placement", LS_OUTSIDE},
    {"pytorch", "rmsprop", "initial_accumulator", 0},
    {"pytorch", "rmsprop", "form", LS_PYTORCH},
    {"pytorch", "adagrad", "epsilon", 1e-10},
    {"pytorch", "adagrad", "epsilon_placement", LS_OUTSIDE},
    {"pytorch", "adagrad", "initial_accumulator", 0},
    {"pytorch", "adadelta", "epsilon", 1e-6},
    {"pytorch", "adam", "epsilon", 1e-8},
    {"pytorch", "adam", "epsilon_placement", LS_OUTSIDE},
    {"pytorch", "adamw", "epsilon", 1e-8},
    {"pytorch", "adamw", "epsilon_placement", LS_OUTSIDE},
    {"pytorch", "adamax", "epsilon", 1e-8},
    {"pytorch", "nadam", "epsilon", 1e-8},
    {"pytorch", "nadam", "momentum_decay", 0.004},
    {"pytorch", "nadam", "form", LS_DOZAT},
};
enum { ROWS = sizeof table / sizeof *table };

static void set(const ls_optim_ops *ops, const char *key, double value, double *hyper) {
  for (int i = 0; ops->hyper[i].name; i++)
    if (strcmp(ops->hyper[i].name, key) == 0) hyper[i] = value;
}

static ls_status unknown(const char *preset, const char *type) {
  char covered[200] = "";
  size_t used = 0;
  for (int i = 0; i < ROWS; i++) {
    bool repeated = i > 0 && strcmp(table[i].type, table[i - 1].type) == 0;
    if (strcmp(table[i].preset, preset) != 0 || repeated) continue;
    used += (size_t)snprintf(covered + used, sizeof covered - used, "%s%s", used ? ", " : "",
                             table[i].type);
  }
  if (!used)
    return ls_fail(LS_ECONFIG, "unknown preset '%s': there are book, tensorflow1 and pytorch",
                   preset);
  return ls_fail(LS_ECONFIG, "preset '%s' has no optimizer '%s'; it has %s", preset, type, covered);
}

ls_status ls_optim_preset(const ls_optim_ops *ops, const char *preset, double *hyper) {
  bool known = false;
  for (int i = 0; i < ROWS; i++) {
    if (strcmp(table[i].preset, preset) != 0 || strcmp(table[i].type, ops->name) != 0) continue;
    known = true;
    if (table[i].key) set(ops, table[i].key, table[i].value, hyper);
  }
  return known ? LS_OK : unknown(preset, ops->name);
}
