/* figures.h - what an evaluation makes beyond its score where it is asked to: of classes and of
 * outputs of yes and no who is taken for what, how well probabilities are ranked and how far they
 * can be relied on; errors of each target. Every sample counts one, whatever weight it has in
 * training. The same on every rank, and the same bits on any number of them. */
#ifndef LS_TRAIN_FIGURES_H
#define LS_TRAIN_FIGURES_H

#include "comm/comm.h"
#include "config/config.h"

enum { LS_BINS = 10 };

/* Samples of a class, or with a yes in an output: found, or missed; and those that were taken for
 * such ones and are none. */
typedef struct {
  double found, missed, mistaken;
} ls_outcome;
/* Probabilities within a tenth: how many, what they are on average, and how often it was so. */
typedef struct {
  double count, p, fraction; /* p, fraction: NaN where there are none */
} ls_bin;
typedef struct {
  double mae, rmse, r2, explained_variance, max_error; /* of one target, in its own units */
} ls_target_score;

typedef struct {
  int64_t outputs;
  bool made[LS_METRICS];
  int64_t k;           /* of top_k */
  ls_outcome *outcome; /* (outputs), or NULL */
  /* (outputs, outputs) counts, rows the label, columns the prediction; or NULL */
  double *confusion;
  double *auc, *average_precision; /* (outputs) each, or NULL */
  ls_bin bin[LS_BINS];
  ls_target_score *target; /* (outputs), or NULL */
  /* while they are made */
  struct ls_figure_sums *block; /* (blocks), others' zero until summed */
  int64_t blocks;
  struct ls_ranking *ranking;
} ls_figures;

/* Room for what the config asks for. LS_ECONFIG if eval.top_k is more than there are classes. */
ls_status ls_figures_new(const ls_config *config, int64_t outputs, ls_figures *out);
void ls_figures_free(ls_figures *figures);

/* ---- making them ---- */

/* Of a split of `rows` samples in `blocks`, of which this rank takes `own`, from `first` on. */
ls_status ls_figures_begin(ls_figures *figures, int64_t rows, int64_t blocks, int64_t first,
                           int64_t own);
/* Samples [first, first + rows) of the split, which are a block. */
typedef struct {
  int64_t block, first, rows;
  ls_dtype type;
  const void *z; /* (rows, ld) what the class is the largest of, less `norm`; and > 0 for a yes */
  const void *p; /* (rows, ld) what the network gives; NULL: exp(z - norm) */
  int64_t ld;
  const double *norm;    /* (outputs), or NULL */
  const int32_t *labels; /* (rows) classes; NULL: each output is a yes or no */
  const void *targets;   /* (rows, outputs), or NULL: what labels say */
} ls_answers;
void ls_figures_take(ls_figures *figures, const ls_answers *answers);
/* All of them were taken: into value[] by ls_metric. Collective. classes: they had labels. */
void ls_figures_make(ls_figures *figures, ls_comm *comm, int64_t rows, bool classes, double *value);
void ls_figures_end(ls_figures *figures); /* frees what they were made with */

/* Of a class or output: of those taken for it the fraction that are it; of its own the fraction
 * that are found; and F1, 2 found / (2 found + missed + mistaken). NaN: there are none. */
double ls_precision_of(const ls_outcome *outcome);
double ls_recall_of(const ls_outcome *outcome);
double ls_f1_of(const ls_outcome *outcome);

#endif
