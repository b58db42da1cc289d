/* ranking.h - how well a number tells samples that are something from those that are not: area
 * under the ROC curve and average precision, exactly, from all numbers of a split in order. */
#ifndef LS_TRAIN_RANKING_H
#define LS_TRAIN_RANKING_H

#include "comm/comm.h"

typedef struct ls_ranking ls_ranking;

/* For `rows` samples, of which this rank puts `own`, from `first` on, with `outputs` numbers each.
 */
ls_status ls_ranking_new(int64_t rows, int64_t first, int64_t own, int64_t outputs,
                         ls_ranking **out);
void ls_ranking_free(ls_ranking **ranking);
void ls_ranking_put(ls_ranking *ranking, int64_t row, int64_t output, double score, bool is);
/* Of each output (Fawcett 2006: An introduction to ROC analysis): auc, the fraction of pairs of one
 * sample that is and one that is not in which the former has the larger number, of equal ones one
 * half; and precision, the mean over the samples that are of the precision among those with at
 * least their number. NaN where it is not known: nothing is, or (auc) is not. Both (outputs).
 * Collective. */
void ls_ranking_make(ls_ranking *ranking, ls_comm *comm, double *auc, double *precision);

#endif
