/* journal.h - what is known of a sweep's runs, from their folders: there is no other record. */
#ifndef LS_CLI_SWEEP_JOURNAL_H
#define LS_CLI_SWEEP_JOURNAL_H

#include "cli/sweep/sweep.h"

/* What the folder says, all but the rung; LS_OK with `unfinished` where there is nothing yet. */
ls_status ls_sweep_row_read(const char *dir, const char *run, ls_sweep_row *row);
void ls_sweep_row_free(ls_sweep_row *row);
/* A member of the end event: "val_loss"; NaN: there is no such number. */
double ls_sweep_row_value(const ls_sweep_row *row, const char *metric);
/* *last: the last epoch that its events tell of, 0: none. *found: one tells of `epoch`; *value: its
 * metric, NaN where there is no number. */
ls_status ls_sweep_row_at(const char *dir, const char *run, int64_t epoch, const char *metric,
                          int64_t *last, bool *found, double *value);
/* A run that failed, with `code` and why; forgotten by ls_sweep_row_retry, so that the same command
 * tries again. */
ls_status ls_sweep_row_fail(const char *dir, const char *run, ls_status code, const char *text);
ls_status ls_sweep_row_retry(const char *dir, const char *run);

/* DIR/sweep.csv, replaced as a whole: a line a run, in the plan's order. */
ls_status ls_sweep_csv_write(const ls_sweep *sweep);

/* The runs of one trial together. */
typedef struct {
  int64_t trial, runs, over, good;
  int rung;
  double mean, deviation; /* of the metric over all runs; NaN unless all are good, and for one */
} ls_sweep_trial;
/* (plan->trials), the best first: by rung, by mean; those that have no mean yet, or none, behind,
 * by number. value (plan->runs): of the metric; NULL: those of the end events. */
ls_status ls_sweep_rank(const ls_sweep *sweep, const double *value, ls_sweep_trial **out);
/* Is a value of the metric, "val_loss" or "test_accuracy", better than another? */
bool ls_sweep_better(const char *metric, double value, double than);
/* By its name, as ls_metric_of; *test: it is the test split's. */
ls_metric ls_sweep_metric_of(const char *name, bool *test);
/* Is it the name of one that end events may have? */
bool ls_sweep_metric_known(const char *metric);

#endif
