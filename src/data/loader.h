/* loader.h - minibatches of the split train: which samples each has, and this rank's share of them.
 * Everything is a function of the step. */
#ifndef LS_DATA_LOADER_H
#define LS_DATA_LOADER_H

#include "base/batch.h"
#include "data/data.h"
#include "data/order.h"

typedef struct ls_loader ls_loader;
/* Minibatches of so many samples, cut into `slices`, of which [slice_lo, slice_hi) are this rank's;
 * at most `together` of them are ever asked for at once. */
ls_status ls_loader_new(const ls_data *data, int64_t batch, int slices, int slice_lo, int slice_hi,
                        int together, uint64_t seed, ls_loader **out);
void ls_loader_free(ls_loader **loader);
/* The slices' ranks share the work of adding weights up: from here on ls_loader_batch is
 * collective, and all ranks ask for the same steps.
 */
void ls_loader_join(ls_loader *loader, ls_comm *comm);
/* Rows come into x from here on, (max_rows, ldx) real, zeroed, where other ranks see them. */
void ls_loader_into(ls_loader *loader, void *x);
int64_t ls_loader_max_rows(const ls_loader *loader); /* at once, of this rank's share */
/* How epochs are cut into minibatches (order.h). */
const struct ls_calendar *ls_loader_calendar(const ls_loader *loader);
/* The calendar's moved and moved_samples, for a run that goes on with minibatches of another size;
 * before the first batch. */
void ls_loader_move(ls_loader *loader, int64_t steps, int64_t samples);
/* This rank's share of the minibatch of update `step` (global_step, 0 first). Valid until the next
 * call. */
ls_status ls_loader_batch(ls_loader *loader, int64_t step, ls_batch *out);
/* Slices [lo, hi) of this rank's share alone. Each rank asks for its first slice first. */
ls_status ls_loader_slices(ls_loader *loader, int64_t step, int lo, int hi, ls_batch *out);
/* The samples (numbers within train) of the whole minibatch of `step`; returns how many; sample has
 * room for the batch size. */
int64_t ls_loader_samples(const ls_loader *loader, int64_t step, int64_t *sample);

#endif
