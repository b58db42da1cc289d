/* history.h - what a run's metrics.jsonl tells, as columns of numbers. */
#ifndef LS_VIEW_HISTORY_H
#define LS_VIEW_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "io/lines.h"

/* Columns, by the names of the events' members. */
typedef enum {
  LS_H_EPOCH,
  LS_H_STEP,
  LS_H_LOSS,
  LS_H_ACCURACY,
  LS_H_VAL_LOSS,
  LS_H_VAL_ACCURACY,
  LS_H_LR,
  LS_H_SAMPLES_PER_S,
  LS_H_SECONDS,
  LS_H_STALENESS_MEAN,
  LS_H_STALENESS_MAX,
  LS_H_ASKED, /* a member that the reader names */
  LS_H_COLUMNS
} ls_history_column;
extern const char *const ls_history_names[]; /* "epoch", ..., "staleness_max", NULL */

enum { LS_H_WEIGHTS = 64 }; /* that a step event logs at most */

/* Events of one kind, in order; a column holds NaN where an event lacks it, and infinity where it
 * is null: a number that was not finite. Behind the columns of `step` come the logged weights,
 * after each step's update. */
typedef struct {
  int64_t n, room;
  double *column[LS_H_COLUMNS + LS_H_WEIGHTS]; /* (n) each */
} ls_history_events;

typedef struct {
  char *run;         /* as named by the caller */
  const char *asked; /* the caller's; NULL: nothing */
  ls_history_events epoch, step;
  int64_t stride; /* every how many-th step event `step` holds */
  int weights;    /* logged parameters a step event, 0: none */
  int64_t steps_per_epoch, parameters;
  int ranks;     /* of the last start */
  bool ended;    /* an `end` event came after the last `start` */
  char exit[24]; /* "" where not ended */
  bool dead;     /* the end event says that the network is */
  json_t *end;   /* that event; NULL: not ended */
} ls_history;

/* run: the folder, or the file itself. LS_EDATA, with the line, for what is no event; a last line
 * without its newline (a killed run) is left out. steps: at most so many step events (even, or
 * LS_HISTORY_ALL; 0: none), so that memory does not grow with the run: of more, every 2nd, 4th, ...
 * is kept. */
enum { LS_HISTORY_DRAWN = 1 << 20 }; /* more than a picture shows */
#define LS_HISTORY_ALL INT64_MAX
ls_status ls_history_read(const char *run, int64_t steps, ls_history **out);
/* With this member of the events as LS_H_ASKED; NULL: none. */
ls_status ls_history_read_asked(const char *run, int64_t steps, const char *asked,
                                ls_history **out);
void ls_history_free(ls_history **history);
bool ls_history_has(const ls_history_events *events,
                    ls_history_column column); /* any number in it? */
/* LS_H_ASKED where none is called so. */
ls_history_column ls_history_column_of(const char *name);
/* A number of the end event; NaN: there is none. */
double ls_history_end(const ls_history *history, const char *name);

/* Is it a `step` event, by how our own lines begin? What is not asked for need not be parsed. */
bool ls_history_step_line(const ls_line *line);

#endif
