/* run.h - everything a run consists of, joined: data, model, exchange, optimizer; and one step of
 * it. Functions: run.c joins; step.c makes an update, of pass.c and accumulate.c. A run that only
 * gives outputs: infer.h; how good it is: evaluate.h. */
#ifndef LS_TRAIN_RUN_H
#define LS_TRAIN_RUN_H

#include "base/batch.h"
#include "base/team.h"
#include "checkpoint/beside.h"
#include "checkpoint/read.h"
#include "comm/comm.h"
#include "comm/exchange.h"
#include "config/config.h"
#include "data/loader.h"
#include "model/model.h"
#include "train/trace.h"
#include "train/update.h"

/* Bits that the ranks OR together in each step's reduce, in a message that flows anyway. */
enum {
  LS_FLAG_NONFINITE = 1,
  LS_FLAG_SIGNAL = 2,
  LS_FLAG_TIME = 4,
  LS_FLAG_SAVE = 8,
  LS_FLAG_FAILED = 16
};

/* Where the time of steps went, in seconds. wait: for other ranks, and for what they send (in
 * ls_exchange_reduce and _publish); reduce: summing gradients, piece by piece in the update. */
typedef enum {
  LS_TIME_DATA,
  LS_TIME_COMPUTE,
  LS_TIME_WAIT,
  LS_TIME_REDUCE,
  LS_TIME_UPDATE,
  LS_TIMES
} ls_time_kind;
extern const char *const ls_time_names[]; /* "data", "compute", ... */

typedef struct ls_mode ls_mode; /* mode.h */

typedef struct {
  ls_comm *comm;
  ls_config *config;
  const ls_mode *mode;
  struct ls_asynchronous *asynchronous; /* asynchronous.h; NULL: synchronous */
  struct ls_lbfgs *lbfgs;               /* lbfgs.c; NULL: none */
  bool one_order; /* lbfgs: each loss is of the minibatch of the first update, in its order */
  void *spare[LS_TREE_DEPTH]; /* (n) real, as many as accumulate.c takes */
  ls_data *data;
  bool lent; /* they are: somebody else closes them */
  ls_model *model;
  ls_loader *loader;
  ls_exchange *exchange;
  ls_update *update;
  bool shows_average; /* the exchange has the average, `beside` what is trained; else the reverse */
  void *beside[LS_BESIDES]; /* (hi - lo) real of this rank's shard (beside.h); NULL: not kept */
  ls_team *team;
  ls_shared common; /* the model's, where ranks share what gradients are made from (model.h) */
  int slices, slice_lo, slice_hi; /* of the minibatch; this rank's */
  int64_t parameters, steps;      /* steps: where the run ends */
  const ls_calendar *calendar;    /* the loader's: epochs and minibatches */
  int64_t batch;                  /* resolved global minibatch */
  ls_schedule_spec schedule;      /* the config's, all in steps */
  ls_state state;
  int64_t *layer_at;     /* (layers) where the parameters of each begin */
  ls_stats *running;     /* (slices) sums of this epoch so far; this rank fills its own slices */
  ls_stats *slice_stats; /* (slices) own ones of the last step, until the next collective that sums
                            (ls_step_loss, ls_running_score, ls_state_capture); then scratch */
  uint64_t *seen_of;     /* (2 ranks) work space of their comparison */
  uint64_t weights_seen; /* digest of what this rank's copy of the weights was since the last
                            comparison */
  double lr, grad_norm;  /* of the last update; grad_norm NaN where it was not asked for */
  double time[LS_TIMES];
  ls_trace *trace;     /* NULL: none */
  bool classes_noted;  /* classes without a sample have been told of */
  ls_checkpoint *from; /* inference only: config (the run's own), weights and scaling of it */
} ls_run;

/* Open the data, build everything, set initial weights (not those of init: file). mode: most want
 * ls_mode_of(config). threads 0: as many as it has cores of its own. Collective; every rank gets
 * the same status. */
ls_status ls_run_new(ls_comm *comm, ls_config *config, const ls_mode *mode, int threads,
                     ls_run **out);
/* The same with data that are open, and stay so (ls_data_lend); NULL: with those of the config. */
ls_status ls_run_new_with(ls_comm *comm, ls_config *config, const ls_mode *mode, int threads,
                          ls_data *data, ls_run **out);
void ls_run_free(ls_run **run);
ls_task ls_run_task(const ls_run *run);
/* LS_ECONFIG where the data are shares of classes, and the model needs one class a sample. */
ls_status ls_run_check_soft(const ls_run *run);

/* The run goes on from a checkpoint whose epochs had another number of steps: calendar.moved and
 * moved_samples (data/order.h), and all that follows from them: the epoch of an update, the rates
 * of a schedule in epochs, where the run ends. Before the first step. */
void ls_run_move(ls_run *run, int64_t steps, int64_t samples);

/* ---- step.c ---- */

/* One update: the minibatch of state.global_step. *flags: in, this rank's; out, all ranks'.
 * want_norm: make grad_norm. goes_on: what follows is the next step; new weights may be on their
 * way until its forward pass wants them, if no flag came out. LS_EDIVERGED if something is not
 * finite and train.nonfinite is stop. */
ls_status ls_run_step(ls_run *run, bool want_norm, bool goes_on, uint32_t *flags);
/* Its parts. The pass over the minibatch of state.global_step by the present weights, and the
 * exchange's reduce: gradients and flags (as above) of all ranks are ready in the exchange. */
uint32_t ls_run_summed_gradient(ls_run *run, uint32_t flags, ls_batch *batch);
/* This rank's new weights are everyone's, and the model's. */
void ls_run_publish(ls_run *run);
/* It is counted. LS_EDIVERGED where train.nonfinite is stop. */
ls_status ls_run_not_finite(ls_run *run, const char *advice);

/* ---- pass.c ---- */

/* What the steps of every mode have in common (mode.h). */
void ls_run_begin_epoch(ls_run *run); /* the running sums begin anew where an epoch does */
void ls_run_clear(ls_run *run);       /* before the first collect of a step */
/* The losses of the batch's slices, into slice_stats: are they finite? */
bool ls_run_collect(ls_run *run, const ls_batch *batch);
void ls_run_add(ls_run *run, const ls_batch *batch); /* they count: into the running sums */
/* So many updates, with so many samples, are done. */
void ls_run_advance(ls_run *run, int64_t updates, int64_t samples);
/* The time since `since` was spent on `kind`; returns the time now. */
double ls_run_lap(ls_run *run, ls_time_kind kind, double since);
/* Of the time of the update just made, what went into summing over the ranks and into gradients
 * that were deferred, done piece by piece within it, is counted as reduce and compute. */
void ls_run_split_update(ls_run *run);
/* Slices [lo, hi) of the present minibatch; the job ends where they cannot be had. */
void ls_run_load(ls_run *run, int lo, int hi, ls_batch *batch);
/* Their forward pass, losses, backward pass and the gradients of these nodes: is the loss finite?
 */
bool ls_run_pass(ls_run *run, const ls_batch *batch, int parts, const ls_tree_node *node,
                 void *const *grad);
/* The exchange's weights have changed (an update, a checkpoint, an average): show them to the
 * model. Every rank calls it after they are in place. */
void ls_run_weights_changed(ls_run *run);

/* ---- accumulate.c ---- */

/* At most so many slices are in memory at once. */
int ls_accumulate_slices(const ls_run *run);
ls_status ls_accumulate_new(ls_run *run);
void ls_accumulate_free(ls_run *run);
/* All of this rank's parts, in rounds: is the loss finite? *batch: its share, without samples. */
bool ls_accumulate(ls_run *run, ls_batch *batch);

#endif
