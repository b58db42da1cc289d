/* schedule.c - a schedule at work: units, warm-up, checks. */
#include "optim/schedule.h"

#include <math.h>
#include <string.h>

const ls_schedule_ops *ls_schedule_find(const char *name) {
  for (const ls_schedule_ops *const *ops = ls_schedule_table; *ops; ops++)
    if (strcmp((*ops)->name, name) == 0) return *ops;
  return NULL;
}

/* Whole steps, at least 1 unless 0 was meant. */
static void to_steps(double *value, bool *epochs, int64_t steps_per_epoch) {
  if (!*epochs) return;
  double steps = round(*value * (double)steps_per_epoch);
  *value = *value > 0 && steps < 1 ? 1 : steps;
  *epochs = false;
}

void ls_schedule_resolve(ls_schedule_spec *spec, int64_t steps_per_epoch) {
  const ls_hyper *row = spec->ops->hyper;
  for (int i = 0; row[i].name; i++) {
    if (row[i].type == LS_HYPER_STEPS) to_steps(&spec->hyper[i], &spec->epochs[i], steps_per_epoch);
    if (row[i].type != LS_HYPER_STEPLIST) continue;
    for (int k = 0; k < (int)spec->hyper[i]; k++) to_steps(&spec->list[i][k], &spec->list_epochs[i][k], steps_per_epoch);
  }
  to_steps(&spec->warmup, &spec->warmup_epochs, steps_per_epoch);
}

static ls_schedule_args arguments(const ls_schedule_spec *spec, int64_t step) {
  ls_schedule_args args = {.lr = spec->lr, .step = step, .hyper = spec->hyper};
  const ls_hyper *row = spec->ops->hyper;
  for (int i = 0; row[i].name; i++)
    if (row[i].type == LS_HYPER_REALS || row[i].type == LS_HYPER_STEPLIST) args.list[i] = spec->list[i];
  return args;
}

double ls_schedule_at(const ls_schedule_spec *spec, int64_t step) {
  ls_schedule_args args = arguments(spec, step);
  double rate = spec->ops->rate(&args);
  return (double)(step + 1) < spec->warmup ? rate * ((double)(step + 1) / spec->warmup) : rate;
}
