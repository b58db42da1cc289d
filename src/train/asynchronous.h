/* asynchronous.h - what the modes have in common in which each rank makes updates of its own
 * (docs/asynchronous.md). Between two meetings of all ranks, a leg, each of them, again and again,
 * takes the next minibatch's number, brings its copy of the weights up to date, and has the whole
 * minibatch's gradient written into the common weights. Rows of ls_ways: hogwild.c, downpour.c. */
#ifndef LS_TRAIN_ASYNCHRONOUS_H
#define LS_TRAIN_ASYNCHRONOUS_H

#include "train/mode.h"

/* Where the common weights are, and how a rank gets at them. */
typedef struct {
  void (*close)(ls_run *run);
  /* Updates from state.global_step up to `end` are to be made, from the copy of the weights that
   * every rank has. Collective. */
  void (*begin)(ls_run *run, int64_t end);
  int64_t (*take)(ls_run *run); /* the next of them, for this rank alone; -1: there is none left */
  void (*stop)(ls_run *run);    /* nobody begins another one */
  /* From the common weights into this rank's copy; anew: whatever it was to go on with. */
  void (*read)(ls_run *run, bool anew);
  /* How many updates of others have come since, where it can be told before this rank's next write;
   * else 0. */
  int64_t (*behind)(ls_run *run);
  void (*write)(ls_run *run, void *gradient, int64_t step);
  /* What was not written yet is; all have come here, and have a copy of the common weights and of
   * what the optimizer keeps. Collective. */
  void (*settle)(ls_run *run);
} ls_ways;

/* What a rank did in a leg; 8 bytes each. */
typedef struct {
  int64_t made, good;       /* minibatches; of them in the weights */
  int64_t samples, counted; /* of the minibatches; in the running sums */
  int64_t row, skipped;     /* not finite: in a row, all */
  int64_t flags;
  ls_staleness stale;
} ls_tally;

struct ls_asynchronous {
  const ls_ways *ways;
  ls_tally mine, *all; /* (ranks) */
  ls_staleness stale;  /* of all ranks, in this epoch */
  int64_t most;        /* a gradient that is further behind is made again */
  void *own;           /* the mode's */
};

ls_status ls_asynchronous_open(ls_run *run, const ls_ways *ways); /* Collective */
/* `updates` of this rank are in the common weights; between what each was made from and then came
 * `others` of the other ranks, on the whole, and `most` at most. */
void ls_asynchronous_note(ls_run *run, int64_t updates, int64_t others, int64_t most);

/* Of ls_mode. */
void ls_asynchronous_close(ls_run *run);
ls_status ls_asynchronous_advance(ls_run *run, const ls_leg *leg, uint32_t *flags);
const ls_staleness *ls_asynchronous_staleness(const ls_run *run);

#endif
