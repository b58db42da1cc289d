#include "checkpoint/beside.h"

const char *const ls_beside_names[] = {[LS_BESIDE_BEST] = "best"};

bool ls_beside_kept(const ls_config *config, ls_beside which) {
  return which == LS_BESIDE_BEST && config->restore_best;
}
