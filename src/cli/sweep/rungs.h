/* rungs.h - successive halving: all trials are trained for a few epochs, the better half of them
 * for twice as many, and so on. Each such rung is decided when all of its runs are there, by what
 * their folders say about its epoch alone; so it is the same decision whenever, and by however many
 * ranks, it is made. */
#ifndef LS_CLI_SWEEP_RUNGS_H
#define LS_CLI_SWEEP_RUNGS_H

#include "cli/sweep/sweep.h"

/* first: epochs of the first rung, at least; 0: one. Halves are rounded up. */
ls_rungs ls_rungs_plan(int64_t trials, int64_t epochs, int64_t first);

/* "rung 2 of 4, to epoch 25: ", of the one that is being trained; empty where there is no halving.
 */
enum { LS_RUNG_TEXT = 80 };
void ls_rung_text(const ls_sweep *sweep, char out[LS_RUNG_TEXT]);

/* From the rows as read, and from the folders: decides what can be decided, says where the sweep
 * stands, and notes in the rows how far their trials have come, and which are pruned. */
ls_status ls_rungs_look(ls_sweep *sweep);

#endif
