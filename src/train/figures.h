/* figures.h - what an evaluation makes beyond its score where it is asked to: of classes and of
 * outputs of yes and no who is taken for what, and errors of each target. Every sample counts one,
 * whatever weight it has in training. The same on every rank. */
#ifndef LS_TRAIN_FIGURES_H
#define LS_TRAIN_FIGURES_H

#include "comm/comm.h"
#include "config/config.h"

/* Samples of a class, or with a yes in an output: found, or missed; and those that were taken for
 * such ones and are none. */
typedef struct {
  double found, missed, mistaken;
} ls_outcome;
typedef struct {
  double mae, rmse, r2; /* of one target, in its own units */
} ls_target_score;
typedef struct {
  int64_t outputs;
  int64_t k;           /* of top_k; 0: it is not made */
  ls_outcome *outcome; /* NULL, or (outputs) */
  bool by_class;       /* what they come to is told of each */
  double
      *confusion; /* NULL, or (outputs, outputs) counts, rows the label, columns the prediction */
  ls_target_score *target; /* NULL, or (outputs) */
} ls_figures;

/* Room for what the config asks for. LS_ECONFIG if eval.top_k is more than there are classes. */
ls_status ls_figures_new(const ls_config *config, int64_t outputs, ls_figures *out);
void ls_figures_free(ls_figures *figures);
void ls_figures_clear(ls_figures *figures);              /* counts begin anew */
void ls_figures_sum(ls_figures *figures, ls_comm *comm); /* those of all ranks. Collective */
/* A sample of class `label` was taken for `taken`; -1: for none, since it has no numbers. */
void ls_figures_count(ls_figures *figures, int64_t label, int64_t taken);
/* In an output is, or is not, what the network took for a yes. */
void ls_figures_count_yes(ls_figures *figures, int64_t output, bool is, bool taken);

/* Of a class or output: of those taken for it the share that are it; of its own the share that are
 * found; and F1, 2 found / (2 found + missed + mistaken). NaN: there are none. */
double ls_precision_of(const ls_outcome *outcome);
double ls_recall_of(const ls_outcome *outcome);
double ls_f1_of(const ls_outcome *outcome);
/* The mean of F1 over classes or outputs that it is known of; F1 of all of them counted together.
 */
double ls_f1_macro(const ls_figures *figures);
double ls_f1_micro(const ls_figures *figures);
/* The mean of recall over the classes that there are, of `samples` in all; where outputs say yes or
 * no, of the yes and of the no of each. */
double ls_balanced_accuracy(const ls_figures *figures, bool classes, double samples);

#endif
