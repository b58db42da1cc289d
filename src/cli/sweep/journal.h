/* journal.h - what is known of a sweep's runs, from their folders: there is no other record. */
#ifndef LS_CLI_SWEEP_JOURNAL_H
#define LS_CLI_SWEEP_JOURNAL_H

#include "cli/sweep/plan.h"
#include "io/json.h"

/* How a run stands. */
typedef struct {
  bool over;       /* it will not be gone on with: it has ended, diverged or failed */
  bool good;       /* it ended well, and the network is alive */
  char status[24]; /* the end event's exit, or dead; "failed 65"; unfinished */
  char *text;      /* why it failed; NULL: it has not */
  json_t *end;     /* the end event; NULL: there is none */
} ls_sweep_row;

/* What the folder says; LS_OK with `unfinished` where there is nothing yet. */
ls_status ls_sweep_row_read(const char *dir, const char *run, ls_sweep_row *row);
void ls_sweep_row_free(ls_sweep_row *row);
/* A member of the end event: "val_loss"; NaN: there is no such number. */
double ls_sweep_row_value(const ls_sweep_row *row, const char *metric);
/* A run that failed, with `code` and why; forgotten by ls_sweep_row_retry, so that the same command
 * tries again. */
ls_status ls_sweep_row_fail(const char *dir, const char *run, ls_status code, const char *text);
ls_status ls_sweep_row_retry(const char *dir, const char *run);

/* DIR/sweep.csv, replaced as a whole: a line a run, in the plan's order. */
ls_status ls_sweep_csv_write(const char *dir, const ls_sweep_plan *plan, const ls_sweep_row *row);

/* The runs of one trial together. */
typedef struct {
  int64_t trial, runs, over, good;
  double mean, deviation; /* of the metric over all runs; NaN unless all are good, and for one */
} ls_sweep_trial;
/* (plan->trials), the best first; those that have no mean yet, or none, behind, by number. */
ls_status ls_sweep_rank(const ls_sweep_plan *plan, const ls_sweep_row *row, const char *metric,
                        ls_sweep_trial **out);
/* Is a value of the metric, "val_loss" or "test_accuracy", better than another? */
bool ls_sweep_better(const char *metric, double value, double than);
/* Is it the name of one that end events may have? */
bool ls_sweep_metric_known(const char *metric);

#endif
