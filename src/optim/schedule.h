/* schedule.h - learning rates as pure functions of global_step, in double precision. No state; that
 * of plateau, what evaluations made of the rate, is a number that is given.
 * Functions: schedule.c; the rows: schedules.c; loading and checking: plugin.c. */
#ifndef LS_OPTIM_SCHEDULE_H
#define LS_OPTIM_SCHEDULE_H

#include <stdbool.h>

#include "base/status.h"
#include "lockstep/optim.h"

extern const ls_schedule_ops *const ls_schedule_table[]; /* NULL-terminated */
const ls_schedule_ops *ls_schedule_find(const char *name);
/* A plug-in; see ls_optim_load. */
ls_status ls_schedule_load(const char *file, const ls_schedule_ops **out);

typedef struct {
  const ls_schedule_ops *ops;
  double lr;                  /* optimizer.lr */
  double hyper[LS_HYPER_MAX]; /* lists: their length */
  bool epochs[LS_HYPER_MAX];  /* this STEPS value (or list) was given in epochs */
  double list[LS_HYPER_MAX][LS_LIST_MAX];
  bool list_epochs[LS_HYPER_MAX][LS_LIST_MAX]; /* STEPLIST: this entry was given in epochs */
  int scaling; /* a row of ls_scaling_rules: of lr, for another batch than that it was found for */
  int64_t base_batch; /* 0: not given */
  double warmup;      /* steps; 0: none */
  bool warmup_epochs;
  /* Of updates, what is subtracted from global_step: they are counted as if all epochs had had the
   * present number of steps (ls_schedule_resolve_moved). */
  int64_t moved, warmup_moved;
  int64_t run;  /* updates of the whole run; 0: not known (yet) */
  int64_t cuts; /* plateau: how often the rate has been cut so far */
  char *metric; /* plateau: of evaluations, what has to get better */
  char *file;
  char *own_keys; /* as in ls_optim_spec */
} ls_schedule_spec;

/* As ls_optim_not_loaded; it has no rate. */
extern const ls_schedule_ops ls_schedule_not_loaded;
const char *ls_schedule_name(const ls_schedule_spec *spec);

extern const char *const ls_scaling_rules[]; /* NULL-terminated; the first is none */
/* What optimizer.lr, found for minibatches of base_batch, becomes for those of `batch`. */
double ls_schedule_scaled(const ls_schedule_spec *spec, double lr, int64_t batch);

/* What of a plateau's evaluations counts, and for how long. */
typedef struct {
  const char *metric;
  double min_delta;
  int64_t patience, cooldown; /* evaluations */
} ls_plateau;
bool ls_schedule_plateau(const ls_schedule_spec *spec, ls_plateau *out); /* false: it is none */

/* Convert everything given in epochs to steps, once the number of steps an epoch is known.
 * Idempotent. */
void ls_schedule_resolve(ls_schedule_spec *spec, int64_t steps_per_epoch);
/* The same for a run whose epochs had another number of steps before: update j is the one that
 * would be number j - moved had all had this one (data/order.h). What was given in epochs counts
 * such updates, what was given in steps global_step, so the rate has no jump where the run goes on.
 */
void ls_schedule_resolve_moved(ls_schedule_spec *spec, int64_t steps_per_epoch, int64_t moved);
/* The rate of the update that sees global_step = step (0 at the first), warm-up included. spec must
 * be resolved. NAN where it depends on the length of the run, and that is not known. */
double ls_schedule_at(const ls_schedule_spec *spec, int64_t step);
/* NULL or what is wrong with the values together (values and boundaries of different length, out of
 * order, steps that are not whole). Before ls_schedule_resolve, steps and epochs in one list are
 * not compared: ask again afterwards. The text is valid until the next call. */
const char *ls_schedule_fault(const ls_schedule_spec *spec);
/* The same, as a status (ls_optim_check); of a plug-in after its check and some rates in a child
 * process. */
ls_status ls_schedule_check(const ls_schedule_spec *spec);

#endif
