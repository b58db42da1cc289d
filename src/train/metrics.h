/* metrics.h - the values of the metrics (config/metric.h) by name, and as JSON. */
#ifndef LS_TRAIN_METRICS_H
#define LS_TRAIN_METRICS_H

#include <jansson.h>

#include "train/evaluate.h"

/* Of a metric that can be followed: a number's name, "val_" before it or not. NaN: there is none.
 */
double ls_metric_value(const ls_score *score, const char *metric);
/* PREFIXloss, and of the others what the config wants, as far as it was made; a figure's list is
 * PREFIXprecision, PREFIXrecall, PREFIXf1_by_class and the like (a number a class or output),
 * PREFIXreliability or PREFIXtargets. */
void ls_score_json(const ls_run *run, const ls_score *score, const char *prefix, json_t *object);
/* The lists alone. */
void ls_figures_json(const ls_figures *figures, const char *prefix, json_t *object);

#endif
