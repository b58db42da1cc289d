/* mode.c - which row of mode.h a config asks for. */
#include "train/mode.h"

#include <string.h>

const ls_mode *ls_mode_of(const ls_config *config) {
  static const ls_mode *const modes[] = {&ls_mode_hogwild, &ls_mode_downpour};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (strcmp(config->mode, modes[i]->name) == 0) return modes[i];
  return ls_config_lbfgs(config) ? &ls_mode_lbfgs : &ls_mode_synchronous;
}
