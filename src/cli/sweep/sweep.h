/* sweep.h - a sweep at work, which each file of this folder does one thing for: owner.h knows it
 * again, journal.h reads what its runs have come to, rungs.h decides which trials go on, groups.h
 * trains, watch.h looks on and report.h tells. */
#ifndef LS_CLI_SWEEP_SWEEP_H
#define LS_CLI_SWEEP_SWEEP_H

#include "cli/sweep/plan.h"
#include "io/json.h"

/* How a run stands. */
typedef struct {
  bool over;       /* it will not be gone on with: it has ended, diverged or failed */
  bool good;       /* it ended well, and the network is alive */
  bool paused;     /* it has come to the end of a rung (rungs.h), and waits */
  int rung;        /* that its trial takes part in; 0 where there is no halving */
  char status[24]; /* the end event's exit, or dead; "failed 65"; pruned; unfinished */
  char *text;      /* why it failed; NULL: it has not */
  json_t *end;     /* the end event; NULL: there is none */
} ls_sweep_row;

enum { LS_RUNGS_MAX = 32 };
typedef struct {
  int count;                    /* 1: there is no halving, and one rung of whole runs */
  int64_t epochs[LS_RUNGS_MAX]; /* at which a rung ends; the last: with the run */
  int64_t trials[LS_RUNGS_MAX]; /* that take part in it */
} ls_rungs;

typedef struct {
  const char *dir;    /* of its runs' folders */
  const char *metric; /* that they are judged by: "val_loss" */
  ls_sweep_plan *plan;
  ls_rungs rungs;
  ls_sweep_row *row; /* (plan->runs) rank 0's */
  /* where it stands */
  int rung;     /* that is being trained; rungs.count: all are over */
  bool *over;   /* (plan->runs) nothing is to be done in this rung */
  int64_t left; /* runs that are not over */
} ls_sweep;

#endif
