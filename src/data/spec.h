/* spec.h - which data are meant, as a config (or a path alone, guess.h) says it. Types only. */
#ifndef LS_DATA_SPEC_H
#define LS_DATA_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/texts.h"

typedef enum {
  LS_SPLIT_TRAIN,
  LS_SPLIT_VALIDATION,
  LS_SPLIT_TEST,
  LS_SPLIT_ALL,
  LS_SPLITS
} ls_split;
extern const char *const ls_split_names[]; /* "train", "validation", "test", "all", NULL */

enum { LS_ROLE_X, LS_ROLE_Y }; /* of columns: inputs, targets */

/* How many texts a list has, which ends with NULL; NULL: none. */
static inline int ls_list_length(char *const *list) {
  int n = 0;
  while (list && list[n]) n++;
  return n;
}

/* How an epoch goes through the samples: as in the file; all shuffled; blocks of the file shuffled,
 * and the samples of some blocks at a time (order.h), so that a stream reads the file in large
 * pieces. */
typedef enum { LS_ORDER_SEQUENTIAL, LS_ORDER_SHUFFLE, LS_ORDER_BLOCKS } ls_order_kind;
/* What the loss takes y for: any real numbers, which `scale` may scale; class numbers; or
 * probabilities, 0 to 1 as they are. */
typedef enum {
  LS_TARGET_REAL,
  LS_TARGET_CLASS,
  LS_TARGET_PROBABILITY,
  LS_TARGET_COUNT /* numbers >= 0, never scaled */
} ls_target_kind;

/* One file source as the config writes it. */
typedef struct {
  char *file;              /* may hold * and ?: several files, sorted by name; idx: of images */
  char *y;                 /* idx, npy: the file of labels or targets */
  bool transpose;          /* hdf5: samples are columns */
  char **x_cols, **y_cols; /* csv: names, numbers or "3-7" ranges; hdf5: datasets
                              (formats/dataset.h); NULL-terminated */
  bool header;             /* csv, default true */
  int line, column;        /* where the config names it, for messages */
} ls_source_spec;

/* How a column is scaled: the first three are also what may follow the logarithm. */
typedef enum {
  LS_SCALE_NONE,
  LS_SCALE_STANDARD,
  LS_SCALE_MINMAX,
  LS_SCALE_DIVIDE,
  LS_SCALE_LOG
} ls_scale_kind;
typedef struct {
  ls_scale_kind kind;
  double by;            /* divide */
  ls_scale_kind of_log; /* log: how its values are scaled */
} ls_scaling;

/* data.scale: all inputs and, but for divide, real targets; and what it says of some columns. */
typedef struct {
  char *name; /* as a config calls columns: a name, a number, a range of either, a dataset */
  ls_scaling scaling;
} ls_named_scaling;
typedef struct {
  int count;
  ls_named_scaling *item; /* (count) */
} ls_named_scalings;
typedef struct {
  ls_scaling all;
  ls_named_scalings columns; /* the last one that names a column holds */
} ls_scale_spec;
static inline bool ls_scale_given(const ls_scale_spec *spec) { /* some column may be scaled */
  return spec->all.kind != LS_SCALE_NONE || spec->columns.count > 0;
}

/* x' = (x - shift) / divisor, column by column, computed in double (a quotient, so that byte / 255
 * is exactly that); where log is 1, of the natural logarithm of x. */
typedef struct {
  int64_t n;
  double *shift, *divisor;
  int64_t logs; /* n, or 0: log is NULL, and all are 0 */
  int64_t *log;
} ls_affine;

/* data.validation as a share of train, after limit: samples drawn from a seed of its own; the last
 * ones; or whole groups, drawn, of the samples that have one value in common. */
typedef enum { LS_DRAW_LAST, LS_DRAW_RANDOM, LS_DRAW_GROUP } ls_draw_kind;
typedef struct {
  double share; /* 0: none */
  ls_draw_kind how;
  char *by; /* group: column (csv: name or number) or dataset (hdf5); else NULL */
  int64_t seed;
  bool bare; /* written as a lone number, as before there was `how` */
} ls_validation_spec;

/* data.fold: fold n of k of train, drawn as data.validation says but for its share, is what
 * validates. k 0: none. */
typedef struct {
  int64_t k, n;
} ls_fold_spec;

/* train.class_weights: classes that are not named weigh 1. */
typedef struct {
  char *name; /* or number */
  double weight;
} ls_class_weight;
typedef struct {
  bool balanced;
  int count;
  ls_class_weight *item; /* (count) */
} ls_class_weights;
static inline bool ls_class_weights_given(const ls_class_weights *weights) {
  return weights->balanced || weights->count > 0;
}

/* How a CSV file is written. */
typedef enum {
  LS_SEPARATOR_AUTO, /* by its first line */
  LS_SEPARATOR_COMMA,
  LS_SEPARATOR_SEMICOLON,
  LS_SEPARATOR_TAB,
  LS_SEPARATOR_BAR,
  LS_SEPARATOR_BLANKS, /* any number of blanks and tabs */
  LS_SEPARATORS
} ls_separator;
extern const char *const ls_separator_names[]; /* "auto", ",", ";", "tab", "|", "blanks", NULL */
typedef struct {
  ls_separator separator;
  bool likely;        /* where the first line has none of it: by that line */
  bool decimal_comma; /* numbers are 1,5 */
  bool comment;       /* # and what is behind it in a line is none of the data */
  bool one_hot; /* an input may be texts: as many inputs as train has of them, one of them 1 */
} ls_csv_spec;

/* data.missing: a NaN, and a text of ls_word_missing, is refused; the sample is dropped; or the
 * mean of train's column, or a number, takes its place. */
typedef enum { LS_MISSING_REFUSE, LS_MISSING_DROP, LS_MISSING_MEAN, LS_MISSING_FILL } ls_missing;
/* Of y: the same, or a target that is missing counts nothing (NaN all the way into the loss). */
typedef enum { LS_MISSING_Y_REFUSE, LS_MISSING_Y_DROP, LS_MISSING_Y_MASK } ls_missing_y;
typedef struct {
  double x;    /* FILL: that number */
  int x_how;   /* ls_missing, of inputs */
  int y;       /* ls_missing_y, of labels and targets */
  char **text; /* words that are missing besides the usual ones, NULL-terminated; NULL: none */
} ls_missing_spec;

/* What takes the place of missing inputs, column by column. */
typedef struct {
  int64_t n;
  double *value;
} ls_filling;

/* What a program knows of the samples that it will give, as train's samples tell it of files. Each
 * is NULL where it is not known. */
typedef struct {
  const double *shift[2], *divisor[2]; /* (inputs), (targets): of what is scaled by statistics */
  const double *x_mean;                /* (inputs): what takes the place of missing ones */
  const int64_t *class_counts;         /* (classes) samples of each */
} ls_statistics;

/* The columns of training data, as a checkpoint keeps them to know those of other data again. */
typedef struct {
  ls_texts name;  /* (columns) "speed [m/s]"; "" where a column has none */
  int64_t n[2];   /* inputs, targets */
  int64_t *at[2]; /* (n) the number of each among the columns, from 0 */
  bool places;    /* the numbers are places in a file (CSV), which tell where there is no name */
  ls_texts value; /* (n[0]) the text that an input is 1 for; "": it is a number; none: all are */
} ls_trained;

typedef struct {
  char *type;               /* "idx", "hdf5", "csv", "memory" */
  char *dir;                /* idx: of what `source` does not name */
  ls_source_spec source[3]; /* by ls_split: train, validation, test; file == NULL: none */
  ls_missing_spec missing;
  ls_csv_spec csv;
  char *weights;   /* hdf5, csv: dataset or column of train's sample weights; NULL: none */
  bool unweighted; /* the weights are not read (eval) */
  ls_class_weights class_weights;
  int64_t classes;               /* 0: from the labels; else y are class numbers whatever the loss
                                    takes, rows of one 1 where those are not class numbers */
  int64_t skip[3], limit[3];     /* by ls_split; limit -1: all */
  ls_validation_spec validation; /* of train */
  ls_fold_spec fold;             /* of train */
  ls_scale_spec scale;
  ls_order_kind order;
  bool drop_last;
  bool stream; /* load: stream */
  int64_t
      budget;  /* stream: megabytes that the ranks of a node have together to read ahead; 0: 256 */
  bool inputs; /* there are no labels or targets (predict) */
  /* type memory: there are no files, a program gives the samples (ls_data_give). */
  bool given; /* and it is that program which opens them */
  int64_t given_inputs, given_targets;
  int64_t given_samples; /* of an epoch; 0: as many as a minibatch has */
  char **given_names[2]; /* what inputs, targets are called, NULL-terminated; NULL, or none: not */
  char **given_classes;  /* the classes */
  const ls_statistics *statistics; /* that it knows of them; NULL: none */
  bool whole; /* the split `all` is used, which has the samples that skip and limit leave out */
  const ls_affine *x_affine,
      *y_affine; /* scaling of a checkpoint, used instead of train's statistics; NULL: by `scale` */
  const ls_filling *x_mean;  /* missing.x: mean: a checkpoint's; NULL: of train */
  const ls_trained *trained; /* a checkpoint's columns, which are looked for by their names;
                                NULL: the columns are as `source` says */
  bool foreign; /* named by a path alone, for a checkpoint: nobody has said what the columns are */
  bool alone;   /* named by a path alone, for data import: there is no config */
  const ls_texts *classes_named; /* a checkpoint's classes in order of their numbers, used instead
                                    of those of train; NULL: none */
} ls_data_spec;

#endif
