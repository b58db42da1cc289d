/* config.h - the resolved config: what the YAML, the overrides and the defaults come to. Functions:
 * config.c (in and out), meaning.c (what keys come to together), diff.c, help.c. What keys there
 * are says table.c alone; to follow one through this room begin with key.h. */
#ifndef LS_CONFIG_CONFIG_H
#define LS_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/real.h"
#include "base/status.h"
#include "config/metric.h"
#include "data/spec.h"
#include "model/model.h"
#include "optim/optim.h"
#include "optim/schedule.h"

typedef enum { LS_EVERY_NEVER, LS_EVERY_STEPS, LS_EVERY_EPOCHS, LS_EVERY_SECONDS } ls_every_unit;
typedef struct {
  ls_every_unit unit;
  double n;
} ls_every;
typedef enum { LS_GEMM_OWN, LS_GEMM_BLAS } ls_gemm_kind;
typedef enum { LS_NONFINITE_STOP, LS_NONFINITE_SKIP, LS_NONFINITE_ROLLBACK } ls_nonfinite;

/* What goes on where the first optimizer ends. */
typedef struct {
  ls_optim_spec optimizer; /* ops NULL: nothing */
  double after;            /* updates of the first */
  bool epochs;             /* `after` is in epochs */
} ls_then;

typedef struct {
  char *file; /* as named on the command line */
  int64_t version;
  uint64_t seed;
  ls_data_spec data;
  ls_init_spec init;
  ls_layer_spec *layer; /* after `repeat` */
  int layers;
  char *loss;
  char *loss_file;             /* of the loss plugin; NULL: none */
  const ls_loss_ops *own_loss; /* out of it; NULL: not loaded */
  double quantiles;            /* of the loss quantile, how many; 0: not given */
  double quantile[LS_QUANTILES_MAX];
  ls_optim_spec optimizer;
  ls_then then;
  ls_schedule_spec schedule;
  int64_t epochs, steps; /* one is 0 */
  int64_t batch;         /* 0: full */
  int64_t slices; /* resolved, except when batch is `full` and it was not given: then -1 until the
                     data is known; 0: one a rank */
  bool slices_given;
  ls_dtype precision;
  ls_gradient_spec gradient;
  ls_nonfinite nonfinite;
  char *early_metric; /* NULL: none */
  int64_t early_patience;
  double early_min_delta;
  bool restore_best;
  char *average_type; /* NULL: none */
  double average_decay;
  ls_gemm_kind gemm; /* who makes the matrix products */
  char *exchange;
  char *mode; /* synchronous, hogwild or downpour */
  int64_t downpour_fetch, downpour_push;
  int64_t staleness; /* -1: auto */
  ls_every eval_every;
  bool eval_on_given; /* else: those there are */
  bool eval_on[LS_SPLITS];
  bool metrics_given; /* else: those that are always made */
  bool metric[LS_METRICS];
  int64_t top_k; /* of the metric */
  ls_every save_every;
  int64_t keep_last;
  char *keep_best; /* NULL: default (val_loss where there is validation); "" : none */
  bool save_async, save_skip_busy;
  ls_every desync_every;
  double watchdog; /* seconds */
  int64_t accumulate;
  char *out_dir; /* NULL: runs/<config name>/<number> */
  bool log_jsonl, log_csv;
  int64_t step_every;
  bool log_weights;
  struct ls_origin *origin; /* where each value came from, for `config show --origin` */
} ls_config;

/* Read and check `file` with overrides "key.path=value". All errors come in one text (LS_ECONFIG),
 * located. Runs no code of others: a plug-in is not loaded, its own keys are kept and not
 * understood (ls_optim_not_loaded). The caller gives the file's bytes (rank 0 reads, everyone gets
 * the same), `name` for messages. */
ls_status ls_config_parse(const char *name, const char *text, size_t bytes, char *const *override,
                          int overrides, ls_config **out);
/* The same with the plug-ins that it names loaded. For the config that the user gives to a command
 * that uses them; never for one out of a checkpoint or a run folder, which may be anyone's. */
ls_status ls_config_parse_and_load(const char *name, const char *text, size_t bytes,
                                   char *const *override, int overrides, ls_config **out);
/* The config was read from what an earlier lockstep wrote: a share for validation that is a lone
 * number there was the last samples, before there was `how`; today's resolved configs name it. */
void ls_config_was_written(ls_config *config);
/* Of a run folder, whose config.yaml may be anyone's. LS_EIO where it cannot be read. */
ls_status ls_config_of_run(const char *dir, char *const *override, int overrides, ls_config **out);
void ls_config_free(ls_config **config);
/* Is the metric written: given, or one of those that are where none is, or what early_stop or
 * keep.best follow? */
bool ls_config_wants(const ls_config *config, ls_metric metric);
void ls_config_want(ls_config *config, ls_metric metric); /* that one too */
extern const char ls_blas_not_for_guests[]; /* why train.gemm: blas is refused in a program */
/* Has each sample a class: by the loss, or by data.classes? */
bool ls_config_has_classes(const ls_config *config);
bool ls_config_has_validation(const ls_config *config);
/* What the best evaluation is the best by; NULL: none is looked for. validation: are there such
 * samples? */
const char *ls_config_best_metric(const ls_config *config, bool validation);
ls_target_kind ls_config_target(const ls_config *config); /* what its loss takes y for */
/* Of the optimizers, the one that is lbfgs; NULL: none. */
const ls_optim_spec *ls_config_lbfgs(const ls_config *config);
/* All its optimizers, with `first` behind the first one's name: "adam", "adam lr=0.1, then lbfgs";
 * ls_mem text. */
char *ls_config_optimizers(const ls_config *config, const char *first);
ls_loss_spec ls_config_loss(const ls_config *config); /* lives as long as the config */
/* Can there be such a metric with the config's loss and classes? */
bool ls_metric_fits(const ls_config *config, ls_metric metric);
/* What data.scale.type and data.missing.y are called, by their numbers. */
extern const char *const ls_scale_names[], *const ls_missing_y_names[];
/* smallest power of two >= batch/8, at most 64 */
int64_t ls_config_default_slices(int64_t batch);

/* The resolved config as YAML that parses back to the same values; every key, in the table's order;
 * ls_mem text. for_checkpoint leaves out output and checkpoint (what a resume may change freely).
 * origin: "# file:line", "# default", "# command line" behind each. */
typedef enum { LS_DUMP_PLAIN, LS_DUMP_CHECKPOINT, LS_DUMP_ORIGIN } ls_dump_kind;
char *ls_config_dump(const ls_config *config, ls_dump_kind kind);
char *ls_config_dump_json(const ls_config *config);
char *ls_config_schema(void); /* JSON schema, from the table */
/* "train.batch: ..." or NULL if no such key; key NULL: the list of all */
char *ls_config_help(const char *key);
/* A key as help shows it. Call `tell` for each, in the table's order. */
typedef struct {
  const char *path, *types; /* "optimizer.rho", and "rmsprop, adadelta" where only these have it */
  const char *text, *takes; /* what it is, and what it may be set to */
  const char *value;        /* "default 0.9", "required" or "optional" */
} ls_key_help;
typedef void ls_config_key(void *context, const ls_key_help *key);
void ls_config_each_key(ls_config_key *tell, void *context);
/* Does a key ("train.batch", "model.layers[2].units") of the table take whole numbers only? */
bool ls_config_key_is_whole(const char *key);
/* LS_ECONFIG with the key that is meant, where no config has `key` ("train.batch", "train",
 * "model.layers[2]") and this config's plug-ins do not have it either. */
ls_status ls_config_has_key(const ls_config *config, const char *key);
/* What another value of a key is to others: flags of its row, those of its sections with them. */
enum {
  LS_KEY_FREE = 1,      /* a resume may change it: the weights after a step are the same */
  LS_KEY_ALIKE = 2,     /* runs that differ in nothing else repeat one experiment */
  LS_KEY_NOT_SAVED = 4, /* a checkpoint does not keep it */
  LS_KEY_ORDER = 8,     /* it decides which sample stands where in an epoch */
  LS_KEY_FIXED = 16 /* a run has one value of it from its start to its end, whatever is allowed */
};
/* Call `tell` for each key in which two resolved configs differ, with both values as YAML; of
 * layers one by one, of other lists as a whole. */
typedef void ls_config_difference(void *context, const char *key, unsigned flags,
                                  const char *before, const char *after);
void ls_config_diff(const ls_config *a, const ls_config *b, ls_config_difference *tell,
                    void *context);

#endif
