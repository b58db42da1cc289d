/* beside.c - two lists by ls_beside: what a slot is called in files, and which key asks for
 * it. */
#include "checkpoint/beside.h"

const char *const ls_beside_names[] = {[LS_BESIDE_BEST] = "best", [LS_BESIDE_OTHER] = "trained"};

bool ls_beside_kept(const ls_config *config, ls_beside which) {
  const bool kept[] = {
      [LS_BESIDE_BEST] = config->restore_best, [LS_BESIDE_OTHER] = config->average_type != NULL};
  return kept[which];
}
