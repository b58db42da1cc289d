/* evaluate.h - how good a run's network is: loss and metrics of a split. */
#ifndef LS_TRAIN_EVALUATE_H
#define LS_TRAIN_EVALUATE_H

#include "train/apply.h"
#include "train/ensemble.h"
#include "train/figures.h"
#include "train/run.h"

/* Loss and metrics of a split with the present weights, in fixed blocks: the same bits on any
 * number of ranks. Collective. */
typedef struct {
  int64_t samples;
  /* By ls_metric; NaN: not made. Errors are over all values, in the target's units where there is
   * one, else as trained. */
  double value[LS_NUMBERS];
  const ls_figures *more; /* made with them, or NULL */
} ls_score;
ls_status ls_evaluate(ls_run *run, ls_split split, ls_score *out,
                      ls_figures *more); /* more may be NULL */
/* The first of `rows` samples that a rank evaluates; those of rank `ranks` would follow the last.
 */
int64_t ls_eval_first(int64_t rows, int rank, int ranks);
/* The same of a network that joins an ensemble, made for this rank's samples (ls_eval_first); or,
 * by_mean, of the mean of all that have joined it, with the loss and the scaling of this network.
 * Not for networks that couple samples. */
ls_status ls_evaluate_in(ls_run *run, ls_split split, ls_ensemble *ensemble, bool by_mean,
                         ls_score *out, ls_figures *more);
ls_score ls_score_none(double loss); /* and no other metric */
/* Is it known to be worse than always predicting the mean of the targets (r2 below 0)? */
bool ls_score_is_poor(const ls_score *score);
/* Of the hidden layer where they are most, the fraction of units that give the same for each of the
 * first samples of train. This rank alone. */
ls_status ls_evaluate_units(ls_run *run, double *still);
/* What an error of one as trained is in the targets' unit, where there is one target; 1 where there
 * are several, each with its own. */
double ls_run_target_unit(const ls_run *run);
/* It is trained on the logarithm of its only target: there is no such unit. */
bool ls_run_log_target(const ls_run *run);

#endif
