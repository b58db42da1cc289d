/* events.h - RUN/metrics.jsonl and metrics.csv: one event a line, written at once. Rank 0 only;
 * NULL: nothing is written. */
#ifndef LS_TRAIN_EVENTS_H
#define LS_TRAIN_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_events ls_events;

/* Open for appending. resume_step < 0: a fresh run, old files are emptied. Else cut back to that
 * step: what is behind it, an `end`, a start from there or later, and a line that was not finished
 * go; checkpoint_file (may be NULL) gets its event if the killed run had no time to write it. */
ls_status ls_events_open(const char *dir, bool jsonl, bool csv, int64_t resume_step,
                         const char *checkpoint_file, ls_events **out);
void ls_events_close(ls_events **events);
json_t *ls_event(const char *name); /* a new one, of this name alone */
/* Append an event (takes the reference). `epoch` events go into the csv as well; the checkpoint
 * that the run goes on from, written again under its name, is not told twice. */
ls_status ls_events_put(ls_events *events, json_t *event);
/* To the disk, before a checkpoint of the same step is committed. */
ls_status ls_events_sync(ls_events *events);

#endif
