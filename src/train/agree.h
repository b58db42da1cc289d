/* agree.h - what all ranks must have in common, and whether they have: config, data and products
 * before the first step (agree.c), weights while they train (desync.c). */
#ifndef LS_TRAIN_AGREE_H
#define LS_TRAIN_AGREE_H

#include "train/run.h"

/* Same binary and command line on every rank, --threads apart? LS_EINTERNAL names the odd ones.
 * Collective; before anything else is. */
ls_status ls_launch_agree(ls_comm *comm, int argc, char *const *argv);
/* Same config and data on every rank? LS_EINTERNAL names the odd ones. Collective. */
ls_status ls_run_agree(const ls_run *run);
/* And products by the same library and kernel? */
ls_status ls_products_agree(const ls_run *run);

/* Copies of the weights on several ranks or nodes: add the present ones to this rank's digest;
 * before an update. */
void ls_desync_note(ls_run *run);
/* Were and are all copies the same since the last call? LS_EINTERNAL names the odd ones.
 * Collective. */
ls_status ls_desync_check(ls_run *run);

#endif
