/* figures.h - what evaluations make beyond loss and the like, by eval.metrics: room for it, and its
 * JSON. */
#ifndef LS_TRAIN_FIGURES_H
#define LS_TRAIN_FIGURES_H

#include <jansson.h>

#include "train/run.h"

/* Room for what the config asks for. LS_ECONFIG if eval.top_k is more than there are classes. */
ls_status ls_figures_new(const ls_config *config, int64_t outputs, ls_figures *out);
void ls_figures_free(ls_figures *figures);
/* Of a class: the share of samples taken for it that are of it, and of its samples the share that
 * is found. NaN: there are none. */
double ls_precision_of(const double *confusion, int64_t classes, int64_t class);
double ls_recall_of(const double *confusion, int64_t classes, int64_t class);
/* Add PREFIXtop_k, PREFIXprecision and PREFIXrecall (a number a class), PREFIXtargets (mae, rmse
 * and r2 of each), as far as they were made.
 */
void ls_figures_json(const ls_figures *figures, int64_t outputs, const char *prefix,
                     json_t *object);

#endif
