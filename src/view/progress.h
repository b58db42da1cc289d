/* progress.h - what a person sees of a run on stderr: a bar on a terminal, a table of epochs, the
 * summary at the end.
 *
 * Every function takes NULL and then does nothing: ranks above 0 have none. */
#ifndef LS_VIEW_PROGRESS_H
#define LS_VIEW_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_progress ls_progress;

typedef struct {
  int64_t first_step; /* global_step where this process begins */
  int64_t steps;      /* global_step where training ends */
  int64_t steps_per_epoch;
  int64_t batch;      /* samples an update, for samples/s in the bar */
  bool accuracy;      /* a column of the table */
  const char *beside; /* what has columns beside training: "val", "all" or NULL */
  int64_t moved;      /* epochs are counted by step - moved: data/order.h */
} ls_progress_args;

/* auto (a bar where stderr is a terminal that a person sees, else line), bar, line (the table's
 * lines only) or none. LS_EUSAGE for another word. */
ls_status ls_progress_check(const char *style);
/* style: one of these. The clock for "time left" starts here. */
ls_status ls_progress_new(const char *style, const ls_progress_args *args, ls_progress **out);
void ls_progress_free(ls_progress **progress);

/* After each update; step: updates done so far. Cheap: counts down, looks at the clock about every
 * 25 ms, draws every 100. */
void ls_progress_step(ls_progress *progress, int64_t step);

typedef struct {
  int64_t epoch, step;   /* epochs and updates done, from 1 */
  double loss, accuracy; /* NaN: not known, shown as -; so are the next two */
  double beside_loss, beside_accuracy;
  double lr, samples_per_s;
  bool best; /* of all evaluations so far */
  bool last; /* training ends here */
} ls_progress_row;
/* A line of the table; where there are more than 200 epochs, and they are quick, only each 2nd,
 * 5th, 10th ... is printed. */
void ls_progress_epoch(ls_progress *progress, const ls_progress_row *row);

/* A checkpoint is durable. On a terminal a mark in its epoch's row, elsewhere and with -v a line
 * "committed STEP DIR/NAME". */
void ls_progress_committed(ls_progress *progress, int64_t step, const char *dir, const char *name);

/* Seconds spent in one kind of work, over the ranks. Names with a hint: data, wait, reduce, eval,
 * checkpoint, compute. */
typedef struct {
  const char *name;
  double min, avg, max;
} ls_progress_time;

typedef struct {
  const char *exit;               /* as in the `end` event */
  const char *run;                /* folder, or NULL */
  int64_t epochs, steps, samples; /* done by this process */
  int ranks;
  double seconds, samples_per_s;
  const char *best_metric; /* NULL: none */
  double best_value;
  int64_t best_step;
  double loss, accuracy, test_loss, test_accuracy; /* NaN: not known */
  const ls_progress_time *time;                    /* (times), by the caller's order */
  int times;
  /* what the config says of what a hint could advise */
  bool streamed, full_batch, evaluates, saves, async;
  const char *next; /* the command to type now, or NULL */
} ls_progress_summary;
void ls_progress_end(ls_progress *progress, const ls_progress_summary *summary);

#endif
