/* halving.h - successive halving: all trials are trained for a few epochs, the better half of them
 * for twice as many, and so on. Each such rung is decided when all of its runs are there, by what
 * their folders say about its epoch alone; so it is the same decision whenever, and by however many
 * ranks, it is made. */
#ifndef LS_CLI_SWEEP_HALVING_H
#define LS_CLI_SWEEP_HALVING_H

#include "cli/sweep/journal.h"

enum { LS_RUNGS_MAX = 32 };

typedef struct {
  int rungs;                    /* 1: there is no halving, and one rung of whole runs */
  int64_t epochs[LS_RUNGS_MAX]; /* at which a rung ends; the last: with the run */
  int64_t trials[LS_RUNGS_MAX]; /* that take part in it */
} ls_rung_plan;

/* first: epochs of the first rung, at least; 0: one. Halves are rounded up. */
ls_rung_plan ls_halving_plan(int64_t trials, int64_t epochs, int64_t first);

/* "rung 2 of 4, to epoch 25: "; empty where there is no halving. */
enum { LS_HALVING_TEXT = 80 };
void ls_halving_text(const ls_rung_plan *halving, int rung, char out[LS_HALVING_TEXT]);

/* Where a sweep stands. */
typedef struct {
  int rung;     /* that is being trained; halving.rungs: all are over */
  bool *over;   /* (plan->runs) nothing is to be done in this rung */
  int64_t left; /* runs that are not over */
} ls_sweep_stage;
/* From the rows (plan->runs) as read, and from the folders: decides what can be decided, and notes
 * in the rows how far their trials have come, and which are pruned. */
ls_status ls_halving_look(const ls_rung_plan *halving, const char *dir, const ls_sweep_plan *plan,
                          const char *metric, ls_sweep_row *row, ls_sweep_stage *stage);

#endif
