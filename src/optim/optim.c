/* optim.c - looks into the table; lbfgs, which is no kernel and not in it, is found beside
 * it. */
#include "optim/optim.h"

#include <string.h>

#include "optim/lbfgs.h"

const ls_optim_ops *ls_optim_find(const char *name) {
  for (const ls_optim_ops *const *ops = ls_optim_table; *ops; ops++)
    if (strcmp((*ops)->name, name) == 0) return *ops;
  return strcmp(ls_optim_lbfgs.name, name) == 0 ? &ls_optim_lbfgs : NULL;
}

unsigned ls_optim_slots(const ls_optim_ops *ops, const double *hyper) {
  unsigned all = (1u << ops->slots) - 1;
  return ops->slots_used ? ops->slots_used(hyper) & all : all;
}

int ls_optim_slot_count(const ls_optim_ops *ops, const double *hyper) {
  int count = 0;
  for (unsigned used = ls_optim_slots(ops, hyper); used; used >>= 1) count += used & 1;
  return count;
}
