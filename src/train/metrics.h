/* metrics.h - the metrics: their names, sense and values, what eval.metrics makes beyond loss and
 * the like, and all of it as JSON. */
#ifndef LS_TRAIN_METRICS_H
#define LS_TRAIN_METRICS_H

#include <jansson.h>

#include "train/run.h"

/* metric: "loss", "accuracy", "mae", "rmse" or "r2"; behind "val_" it is of the validation. */
bool ls_metric_validates(const char *metric);
double ls_metric_value(const ls_score *score, const char *metric); /* NaN: there is none */
bool ls_metric_better(const char *metric, double value, double than);
/* PREFIXloss, and of the others what the config wants; then the figures, where they were made. */
void ls_score_json(const ls_run *run, const ls_score *score, const char *prefix, json_t *object);

/* Room for what the config asks for. LS_ECONFIG if eval.top_k is more than there are classes. */
ls_status ls_figures_new(const ls_config *config, int64_t outputs, ls_figures *out);
void ls_figures_free(ls_figures *figures);
/* Of a class: the share of samples taken for it that are of it, and of its samples the share that
 * is found. NaN: there are none. */
double ls_precision_of(const double *confusion, int64_t classes, int64_t class);
double ls_recall_of(const double *confusion, int64_t classes, int64_t class);
/* Add PREFIXtop_k, PREFIXprecision and PREFIXrecall (a number a class), PREFIXtargets (mae, rmse
 * and r2 of each), as far as they were made. */
void ls_figures_json(const ls_figures *figures, int64_t outputs, const char *prefix,
                     json_t *object);

#endif
