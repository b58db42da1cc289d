/* plan.h - which runs a sweep has: a pure function of the config and the command line. */
#ifndef LS_CLI_SWEEP_PLAN_H
#define LS_CLI_SWEEP_PLAN_H

#include "base/texts.h"
#include "config/config.h"

typedef enum { LS_VARY_LIST, LS_VARY_RANGE, LS_VARY_LOG } ls_vary_kind;

/* --vary KEY=SPEC */
typedef struct {
  char *key;
  ls_vary_kind kind;
  ls_texts list; /* the values, as YAML */
  double lo, hi; /* of a range */
  bool whole;    /* the key takes whole numbers only */
} ls_vary;

typedef struct {
  int64_t trial; /* from 1 */
  int64_t fold;  /* -1: there are none */
  uint64_t seed;
  char *name; /* of its folder */
} ls_sweep_run;

/* The command line, as given; NULL and 0: not. */
typedef struct {
  const char *const *vary; /* NULL-terminated */
  const char *seeds;
  int64_t trials, folds;
} ls_sweep_asked;

typedef struct {
  ls_vary *vary;
  int varies;
  int64_t trials, folds, seeds;
  int64_t each;      /* runs of a trial */
  uint64_t *seed;    /* (seeds) */
  uint64_t draws;    /* the seed of drawn values: the config's */
  ls_sweep_run *run; /* (runs) trial by trial, fold by fold, seed by seed */
  int64_t runs;
} ls_sweep_plan;

/* The trial that a run is of, by its folder's name, "trial-12-seed-1"; 0: it is no such name. */
int64_t ls_sweep_trial_of(const char *folder);

/* LS_EUSAGE, with the option, for what cannot be understood. */
ls_status ls_sweep_plan_new(const ls_sweep_asked *asked, const ls_config *base,
                            ls_sweep_plan **out);
void ls_sweep_plan_free(ls_sweep_plan **plan);

/* The value of a varied key in a trial, as YAML; ls_mem text. Of lists all combinations, the last
 * list the fastest, round and round; a drawn number is a function of (seed of the config, key,
 * trial), with four significant digits. */
char *ls_sweep_value(const ls_sweep_plan *plan, int vary, int64_t trial);
/* Append "KEY=VALUE" for all in which a run differs from the others; or, with run NULL, in which a
 * trial does. */
ls_status ls_sweep_settings(const ls_sweep_plan *plan, int64_t trial, const ls_sweep_run *run,
                            ls_texts *out);
/* The same in one text, " KEY=VALUE ..." of a trial; ls_mem. brief: of a key its last word alone.
 */
char *ls_sweep_label(const ls_sweep_plan *plan, int64_t trial, bool brief);

#endif
