/* mode.h - train.mode: how the ranks make updates between two moments at which all of them meet.
 * Rows: synchronous in step.c; hogwild.c and downpour.c, with what they share in asynchronous.h;
 * lbfgs.c, which is not asked for by train.mode but by the optimizer. */
#ifndef LS_TRAIN_MODE_H
#define LS_TRAIN_MODE_H

#include "train/run.h"

/* The way from one meeting to the next. The first two are asked for where a mode makes more than
 * one update. */
typedef struct {
  int64_t (*end)(void *context);    /* the global_step at which all must meet */
  uint32_t (*flags)(void *context); /* this rank's, now */
  bool (*goes_on)(void *context);   /* behind the next update is another, if no flag comes up */
  void *context;
} ls_leg;

/* Of the updates since staleness was last looked at: how many others got in between reading the
 * weights and changing them. */
typedef struct {
  int64_t updates, most;
  int64_t again; /* gradients that were made a second time, since the first was too far behind */
  double sum;
} ls_staleness;

struct ls_mode {
  const char *name;
  bool apart;   /* each minibatch is one rank's alone, and bits depend on timing */
  bool stored;  /* gradients are parts in memory, as between nodes, also where they need not be */
  bool layered; /* gradients may be sent to other nodes a layer at a time */
  ls_status (*open)(ls_run *run); /* NULL: nothing to do. Collective */
  void (*close)(ls_run *run);
  /* Updates, at least one, up to a moment at which all ranks meet. *flags: in, this rank's; out,
   * all ranks'. Statuses are ls_run_step's. Collective. */
  ls_status (*advance)(ls_run *run, const ls_leg *leg, uint32_t *flags);
  /* Since the epoch began; NULL: there is none. */
  const ls_staleness *(*staleness)(const ls_run *run);
};
extern const ls_mode ls_mode_synchronous, ls_mode_hogwild, ls_mode_downpour, ls_mode_lbfgs;

const ls_mode *ls_mode_of(const ls_config *config);

#endif
