/* runs.h - several run folders beside one another: what each came to, and which differ in nothing
 * but their seed. */
#ifndef LS_VIEW_RUNS_H
#define LS_VIEW_RUNS_H

#include "config/config.h"
#include "view/history.h"

/* How a run ended up, in numbers. */
typedef enum {
  LS_FINAL_EPOCHS,
  LS_FINAL_LOSS,
  LS_FINAL_ACCURACY,
  LS_FINAL_VAL_LOSS,
  LS_FINAL_VAL_ACCURACY,
  LS_FINAL_TEST_LOSS,
  LS_FINAL_TEST_ACCURACY,
  LS_FINAL_SPEED,          /* training samples a second */
  LS_FINAL_STALENESS_MEAN, /* over the epochs; NaN: synchronous */
  LS_FINAL_STALENESS_MAX,
  LS_FINALS
} ls_final;
extern const char *const ls_final_names[]; /* "epochs", "loss", ..., "staleness_max", NULL */

typedef struct {
  const char *path;
  ls_history *history;
  ls_config *config; /* of its config.yaml; NULL where that cannot be read: such a run is alone in
                        its group */
  int group;
  /* exit of the end event; "unfinished" without one; "diverged" where the loss is not finite;
   * "dead" where the end event says so: no better than guessing, and a layer's units are still. */
  const char *verdict;
  /* The run of its group that has its seed and fold too, and so its numbers: that one counts and
   * this one does not; -1: none. In a mode whose bits depend on timing each run is one of its own.
   */
  int same_as;
  double final[LS_FINALS]; /* NaN: not known */
} ls_runs_item;

typedef struct {
  int n, groups;
  ls_runs_item *item; /* (n), in the order given */
} ls_runs;

/* path: NULL-terminated; steps, asked: as for ls_history_read_asked. LS_EUSAGE where there are
 * none, LS_EDATA where one is no run. */
ls_status ls_runs_read(const char *const *path, int64_t steps, const char *asked, ls_runs **out);
void ls_runs_free(ls_runs **runs);

/* The first of a group that counts. */
const ls_runs_item *ls_runs_first(const ls_runs *runs, int group);
/* "adam lr=0.001, cosine, then lbfgs"; "hogwild on 4: sgd lr=0.05", whose ranks matter; and where
 * several groups read alike, behind it what they differ in, "decay_rate=0.2", or the folder's name;
 * ls_mem text. */
char *ls_runs_label(const ls_runs *runs, int group);
/* "runs/a (adam lr=0.001)" of one run, or its label where that is of it alone; ls_mem text. */
char *ls_runs_title(const ls_runs *runs, int item);
/* Over the group's runs that are neither diverged nor dead, or over all where none is left: how
 * many, mean, and standard deviation (n - 1; NaN for one). */
int ls_runs_mean(const ls_runs *runs, int group, ls_final what, double *mean, double *deviation);
/* The same of a member of the end events. */
int ls_runs_end_mean(const ls_runs *runs, int group, const char *name, double *mean,
                     double *deviation);
bool ls_runs_good(const ls_runs_item *item); /* neither diverged nor dead */
/* Those that count, each with numbers of its own, and what they are to one another: "seed", or
 * "run" where they are folds or have a seed in common. */
int ls_runs_size(const ls_runs *runs, int group);
const char *ls_runs_unit(const ls_runs *runs, int group);
bool ls_runs_counts(const ls_runs_item *item, int group);
/* A warning for each run that does not count. */
void ls_runs_tell_again(const ls_runs *runs);

#endif
