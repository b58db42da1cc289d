#include "train/mode.h"

#include <string.h>

static bool norm_due(const ls_run *run) {
  int64_t next = run->state.global_step + 1;
  return ls_plan_within(run->plan, next) == 0 || next == run->steps;
}

static ls_status one_step(ls_run *run, const ls_leg *leg, uint32_t *flags) {
  (void)leg;
  return ls_run_step(run, norm_due(run), flags);
}

const ls_mode ls_mode_synchronous = {.name = "synchronous", .advance = one_step};

const ls_mode *ls_mode_of(const ls_config *config) {
  static const ls_mode *const modes[] = {&ls_mode_hogwild, &ls_mode_downpour};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (strcmp(config->mode, modes[i]->name) == 0) return modes[i];
  return ls_config_lbfgs(config) ? &ls_mode_lbfgs : &ls_mode_synchronous;
}
