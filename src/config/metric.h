/* metric.h - the one table of metrics: what each is called, which way is better, which networks
 * have it, and whether it is made without being asked for. Evaluations make the values
 * (train/evaluate.c, train/figures.c), each from the whole split. */
#ifndef LS_CONFIG_METRIC_H
#define LS_CONFIG_METRIC_H

#include <stdbool.h>

/* What a network needs to have it. ANSWERS: classes, or outputs of yes and no; PROBABILITIES: of
 * these. */
typedef enum {
  LS_NEEDS_NOTHING,
  LS_NEEDS_ANSWERS,
  LS_NEEDS_PROBABILITIES,
  LS_NEEDS_CLASSES,
  LS_NEEDS_NUMBERS
} ls_needs;
/* Is it made by every evaluation and for an epoch's running means too, or by every evaluation
 * alone, or as a figure of the whole split where it is asked for? */
typedef enum { LS_MADE_ALWAYS, LS_MADE_OF_SPLITS, LS_MADE_WHEN_ASKED } ls_made;
typedef enum { LS_LOWER, LS_HIGHER, LS_NEITHER } ls_better;

/* X(constant, name, which is better, what it needs, when it is made): those that are one number,
 * which a run can follow, ... */
#define LS_METRIC_NUMBERS(X)                                               \
  X(LOSS, "loss", LOWER, NOTHING, ALWAYS)                                  \
  X(ACCURACY, "accuracy", HIGHER, ANSWERS, ALWAYS)                         \
  X(MAE, "mae", LOWER, NUMBERS, ALWAYS)                                    \
  X(RMSE, "rmse", LOWER, NUMBERS, ALWAYS)                                  \
  X(R2, "r2", HIGHER, NUMBERS, OF_SPLITS)                                  \
  X(TOP_K, "top_k", HIGHER, CLASSES, WHEN_ASKED)                           \
  X(BALANCED_ACCURACY, "balanced_accuracy", HIGHER, ANSWERS, WHEN_ASKED)   \
  X(F1, "f1", HIGHER, ANSWERS, WHEN_ASKED)                                 \
  X(F1_MICRO, "f1_micro", HIGHER, ANSWERS, WHEN_ASKED)                     \
  X(AUC, "auc", HIGHER, ANSWERS, WHEN_ASKED)                               \
  X(AVERAGE_PRECISION, "average_precision", HIGHER, ANSWERS, WHEN_ASKED)   \
  X(BRIER, "brier", LOWER, PROBABILITIES, WHEN_ASKED)                      \
  X(EXPLAINED_VARIANCE, "explained_variance", HIGHER, NUMBERS, WHEN_ASKED) \
  X(MAX_ERROR, "max_error", LOWER, NUMBERS, WHEN_ASKED)
/* ... and those that are lists. */
#define LS_METRIC_LISTS(X)                                          \
  X(PER_CLASS, "per_class", NEITHER, ANSWERS, WHEN_ASKED)           \
  X(RELIABILITY, "reliability", NEITHER, PROBABILITIES, WHEN_ASKED) \
  X(PER_TARGET, "per_target", NEITHER, NUMBERS, WHEN_ASKED)

#define LS_METRIC_CONSTANT(constant, ...) LS_METRIC_##constant,
typedef enum {
  LS_METRIC_NUMBERS(LS_METRIC_CONSTANT) LS_NUMBERS,
  LS_METRIC_LAST_NUMBER = LS_NUMBERS - 1,
  LS_METRIC_LISTS(LS_METRIC_CONSTANT) LS_METRICS
} ls_metric;

typedef struct {
  const char *name;
  ls_better better;
  ls_needs needs;
  ls_made made;
} ls_metric_row;
extern const ls_metric_row ls_metric_table[LS_METRICS];
/* Names, NULL-terminated: all of them; those that a run can follow behind "none", each of train
 * and, as "val_...", of validation. */
extern const char *const ls_metric_names[], *const ls_metric_followed[];

/* What is in front of the name where it is of a split, by its number: "", "val_", "test_", "all_".
 */
extern const char *const ls_metric_prefix[];

/* By its name, of train or, behind "val_", of the validation; LS_METRICS: there is no such one. */
ls_metric ls_metric_of(const char *name);
bool ls_metric_validates(const char *name); /* begins with "val_" */
/* By more than `by`. */
bool ls_metric_better(const char *name, double value, double than, double by);

#endif
