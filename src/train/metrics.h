/* metrics.h - RUN/metrics.jsonl and metrics.csv: one event a line, written at once. Rank 0 only;
 * NULL: nothing is written. */
#ifndef LS_TRAIN_METRICS_H
#define LS_TRAIN_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_metrics ls_metrics;

/* Open for appending. resume_step < 0: a fresh run, old files are emptied. Else cut back to that
 * step: lines behind it, an `end` and a line that was not finished go; checkpoint_file (may be
 * NULL) gets its event if the killed run had no time to write it. */
ls_status ls_metrics_open(const char *dir, bool jsonl, bool csv, int64_t resume_step,
                          const char *checkpoint_file, ls_metrics **out);
void ls_metrics_close(ls_metrics **metrics);
/* Append an event (takes the reference). `epoch` events go into the csv as well. */
ls_status ls_metrics_event(ls_metrics *metrics, json_t *event);
ls_status ls_metrics_sync(
    ls_metrics *metrics); /* to the disk, before a checkpoint of the same step is committed */

#endif
