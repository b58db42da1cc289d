/* schedule.c - a schedule at work: units, warm-up, checks. The formulas are schedules.c's. Begin
 * with ls_schedule_at. */
#include "optim/schedule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const ls_schedule_ops *ls_schedule_find(const char *name) {
  for (const ls_schedule_ops *const *ops = ls_schedule_table; *ops; ops++)
    if (strcmp((*ops)->name, name) == 0) return *ops;
  return NULL;
}

const char *const ls_scaling_rules[] = {"none", "linear", "sqrt", NULL};

double ls_schedule_scaled(const ls_schedule_spec *spec, double lr, int64_t batch) {
  enum { NONE, LINEAR, SQRT };
  if (spec->scaling == NONE || spec->base_batch == 0) return lr;
  const double times = (double)batch / (double)spec->base_batch;
  return lr * (spec->scaling == SQRT ? sqrt(times) : times);
}

/* Whole steps, at least 1 unless 0 was meant, and few enough for a double to count. */
static void to_steps(double *value, bool *epochs, int64_t steps_per_epoch) {
  if (!*epochs) return;
  double steps = fmin(round(*value * (double)steps_per_epoch), 0x1p53);
  *value = *value > 0 && steps < 1 ? 1 : steps;
  *epochs = false;
}

/* Is a value of the schedule itself given in epochs? */
static bool counts_epochs(const ls_schedule_spec *spec) {
  const ls_hyper *row = spec->ops->hyper;
  bool found = false;
  for (int i = 0; row[i].name; i++) {
    found = found || (row[i].type == LS_HYPER_STEPS && spec->epochs[i]);
    for (int k = 0; row[i].type == LS_HYPER_STEPLIST && k < (int)spec->hyper[i]; k++)
      found = found || spec->list_epochs[i][k];
  }
  return found;
}

/* Values in steps, where others are in epochs. */
static void move_steps(ls_schedule_spec *spec) {
  const ls_hyper *row = spec->ops->hyper;
  for (int i = 0; row[i].name; i++) {
    if (row[i].type == LS_HYPER_STEPS && !spec->epochs[i])
      spec->hyper[i] = fmax(spec->hyper[i] - (double)spec->moved, 1);
    for (int k = 0; row[i].type == LS_HYPER_STEPLIST && k < (int)spec->hyper[i]; k++)
      if (!spec->list_epochs[i][k]) spec->list[i][k] -= (double)spec->moved;
  }
}

void ls_schedule_resolve_moved(ls_schedule_spec *spec, int64_t steps_per_epoch, int64_t moved) {
  spec->moved = counts_epochs(spec) ? moved : 0;
  spec->warmup_moved = spec->warmup_epochs ? moved : 0;
  if (spec->moved != 0) move_steps(spec);
  ls_schedule_resolve(spec, steps_per_epoch);
}

void ls_schedule_resolve(ls_schedule_spec *spec, int64_t steps_per_epoch) {
  const ls_hyper *row = spec->ops->hyper;
  for (int i = 0; row[i].name; i++) {
    if (row[i].type == LS_HYPER_STEPS) to_steps(&spec->hyper[i], &spec->epochs[i], steps_per_epoch);
    if (row[i].type != LS_HYPER_STEPLIST) continue;
    for (int k = 0; k < (int)spec->hyper[i]; k++)
      to_steps(&spec->list[i][k], &spec->list_epochs[i][k], steps_per_epoch);
  }
  to_steps(&spec->warmup, &spec->warmup_epochs, steps_per_epoch);
}

static ls_schedule_args arguments(const ls_schedule_spec *spec, int64_t step) {
  ls_schedule_args args = {.lr = spec->lr,
                           .step = step,
                           .hyper = spec->hyper,
                           .run = spec->run > 0 ? spec->run - spec->moved : 0,
                           .cuts = spec->cuts};
  const ls_hyper *row = spec->ops->hyper;
  for (int i = 0; row[i].name; i++)
    if (row[i].type == LS_HYPER_REALS || row[i].type == LS_HYPER_STEPLIST)
      args.list[i] = spec->list[i];
  return args;
}

double ls_schedule_at(const ls_schedule_spec *spec, int64_t step) {
  int64_t counted = step > spec->moved ? step - spec->moved : 0;
  ls_schedule_args args = arguments(spec, counted);
  double rate = spec->ops->rate(&args), warm = (double)(step - spec->warmup_moved + 1);
  return warm < spec->warmup ? rate * (warm / spec->warmup) : rate;
}

static _Thread_local char text[200];

static const char *steps_fault(const char *name, double value, bool epochs) {
  if (epochs || value == floor(value)) return NULL;
  snprintf(text, sizeof text, "%s: %g is not a whole number of steps", name, value);
  return text;
}

/* Ascending, as far as neighbours are in the same unit: all of them once the spec is resolved. */
static const char *list_fault(const char *name, const double *value, const bool *epochs, int n) {
  for (int k = 0; k < n; k++) {
    const char *fault = steps_fault(name, value[k], epochs[k]);
    if (fault) return fault;
    if (k == 0 || epochs[k] != epochs[k - 1] || value[k] > value[k - 1]) continue;
    snprintf(text, sizeof text, "%s must ascend: %g does not come after %g", name, value[k],
             value[k - 1]);
    return text;
  }
  return NULL;
}

static const char *units_fault(const ls_schedule_spec *spec) {
  const char *fault = steps_fault("warmup", spec->warmup, spec->warmup_epochs);
  const ls_hyper *row = spec->ops->hyper;
  for (int i = 0; row[i].name && !fault; i++) {
    if (row[i].type == LS_HYPER_STEPS)
      fault = steps_fault(row[i].name, spec->hyper[i], spec->epochs[i]);
    if (row[i].type == LS_HYPER_STEPLIST)
      fault = list_fault(row[i].name, spec->list[i], spec->list_epochs[i], (int)spec->hyper[i]);
  }
  return fault;
}

const char *ls_schedule_fault(const ls_schedule_spec *spec) {
  const char *fault = units_fault(spec);
  ls_schedule_args args = arguments(spec, 0);
  return fault || !spec->ops->check ? fault : spec->ops->check(&args);
}
