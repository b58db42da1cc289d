/* data.h - sources (files), splits (which rows of them) and the specified order of samples. */
#ifndef LS_DATA_DATA_H
#define LS_DATA_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/real.h"
#include "base/status.h"
#include "comm/comm.h"
#include "io/h5text.h"

typedef enum {
  LS_SPLIT_TRAIN,
  LS_SPLIT_VALIDATION,
  LS_SPLIT_TEST,
  LS_SPLIT_ALL,
  LS_SPLITS
} ls_split;
extern const char *const ls_split_names[]; /* "train", "validation", "test", "all", NULL */

/* How an epoch goes through the samples: as in the file; all shuffled; blocks of the file shuffled,
 * and the samples of some blocks at a time (order.h), so that a stream reads the file in large
 * pieces. */
typedef enum { LS_ORDER_SEQUENTIAL, LS_ORDER_SHUFFLE, LS_ORDER_BLOCKS } ls_order_kind;
typedef enum { LS_SCALE_NONE, LS_SCALE_DIVIDE, LS_SCALE_STANDARD, LS_SCALE_MINMAX } ls_scale_kind;
/* What the loss takes y for: any real numbers, which `scale` may scale; class numbers; or
 * probabilities, 0 to 1 as they are. */
typedef enum { LS_TARGET_REAL, LS_TARGET_CLASS, LS_TARGET_PROBABILITY } ls_target_kind;

/* One file source as the config writes it. idx uses only data.dir. */
typedef struct {
  char *file;              /* may hold * and ?: several files, sorted by name */
  char *x, *y;             /* hdf5: dataset paths */
  bool transpose;          /* hdf5: samples are columns */
  char **x_cols, **y_cols; /* csv: names, numbers or "3-7" ranges, NULL-terminated */
  bool header;             /* csv, default true */
  int line, column;        /* where the config names it, for messages */
} ls_source_spec;

/* x' = (x - shift) / divisor, column by column, computed in double (a quotient, so that byte / 255
 * is exactly that). */
typedef struct {
  int64_t n;
  double *shift, *divisor;
} ls_affine;
/* Are there columns that a float32 cannot tell apart: is its spacing where they are more than a few
 * thousandths of how far they spread? Time stamps are such, of some 1.7e9 and seconds apart. */
bool ls_affine_needs_double(const ls_affine *affine);

/* data.validation as a share of train, after limit: samples drawn from a seed of its own; the last
 * ones; or whole groups, drawn, of the samples that have one value in common. */
typedef enum { LS_SHARE_LAST, LS_SHARE_RANDOM, LS_SHARE_GROUP } ls_share_kind;
typedef struct {
  double share; /* 0: none */
  ls_share_kind how;
  char *by; /* group: column (csv: name or number) or dataset (hdf5); else NULL */
  int64_t seed;
  bool bare; /* written as a lone number, as before there was `how` */
} ls_share_spec;

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

/* data.missing. A NaN is missing, and a text of ls_csv_missing; what y is missing is refused. */
typedef struct {
  bool fill; /* x takes the place of a missing input; else it is refused */
  double x;
  int y;       /* refused: 0 */
  char **text; /* words that are missing besides the usual ones, NULL-terminated; NULL: none */
} ls_missing_spec;

/* The columns of training data, as a checkpoint keeps them to know those of other data again. */
typedef struct {
  ls_texts name;  /* (columns) "speed [m/s]"; "" where a column has none */
  int64_t n[2];   /* inputs, targets */
  int64_t *at[2]; /* (n) the number of each among the columns, from 0 */
  bool places;    /* the numbers are places in a file (CSV), which tell where there is no name */
} ls_trained;

typedef struct {
  char *type;               /* "idx", "hdf5", "csv" */
  char *dir;                /* idx */
  ls_source_spec source[3]; /* by ls_split: train, validation, test; file == NULL: none */
  ls_missing_spec missing;
  char *weights; /* hdf5, csv: dataset or column of train's sample weights; NULL: none */
  ls_class_weights class_weights;
  int64_t classes;           /* 0: from the labels; else y are class numbers whatever the loss
                                takes, rows of one 1 where those are not class numbers */
  int64_t skip[3], limit[3]; /* by ls_split; limit -1: all */
  ls_share_spec validation;  /* of train */
  ls_scale_kind scale;
  double scale_by; /* divide */
  ls_order_kind order;
  bool drop_last;
  bool stream; /* load: stream */
  int64_t
      budget;  /* stream: megabytes that the ranks of a node have together to read ahead; 0: 256 */
  bool inputs; /* there are no labels or targets (predict) */
  const ls_affine *x_affine,
      *y_affine; /* scaling of a checkpoint, used instead of train's statistics; NULL: by `scale` */
  const ls_trained *trained; /* a checkpoint's columns, which are looked for by their names;
                                NULL: the columns are as `source` says */
  bool foreign; /* named by a path alone, for a checkpoint: nobody has said what the columns are */
  const ls_texts *classes_named; /* a checkpoint's classes in order of their numbers, used instead
                                    of those of train; NULL: none */
} ls_data_spec;

typedef struct ls_data ls_data;

/* Open, read (once a node) and check everything. Collective: every rank gets the same status.
 * LS_EDATA, located, for a y that is not what `target` says. */
ls_status ls_data_open(ls_comm *comm, const ls_data_spec *spec, ls_target_kind target,
                       ls_dtype precision, ls_data **out);
void ls_data_close(ls_comm *comm, ls_data **data);
/* What data named by a path alone are compared with: those that a checkpoint was trained on. */
typedef struct {
  const ls_data_spec *spec;
  const ls_trained *trained; /* NULL: nothing is known of their columns but what spec says */
  bool no_header;            /* CSV: the first row is a sample */
} ls_data_like;
/* The samples of predict as split train, without labels or targets. file: "FILE" or "FILE:DATASET",
 * HDF5, CSV, .npy or IDX images as its first bytes say; `like` tells what `file` leaves open
 * (dataset, columns). x_affine NULL: not scaled. Collective.
 */
ls_status ls_data_open_inputs(ls_comm *comm, const char *file, const ls_data_like *like,
                              const ls_affine *x_affine, ls_dtype precision, ls_data **out);
/* The spec of data named by a path alone: a folder of IDX files, or an HDF5 file as `lockstep data
 * import` makes it (docs/data.md). LS_EDATA for anything else. */
ls_status ls_data_guess(const char *path, ls_data_spec *out);
/* The same for eval: columns (CSV) and datasets (HDF5) are those of the training data, the whole
 * file is train where it has one set of samples. Lists of columns are borrowed from `like`. */
ls_status ls_data_guess_like(const char *path, const ls_data_like *like, ls_data_spec *out);
void ls_data_guess_free(ls_data_spec *spec);

/* Which samples each split has, without reading more than that takes (headers; CSV files whole). */
typedef struct ls_splits ls_splits;
ls_status ls_splits_read(const ls_data_spec *spec, bool want_classes, ls_splits **out);
void ls_splits_free(ls_splits **splits);
int64_t ls_splits_features(const ls_splits *splits);
int64_t ls_splits_rows(const ls_splits *splits, ls_split split);
int64_t ls_splits_file_row(const ls_splits *splits, ls_split split, int64_t i);

/* How many samples the split train would have of the same files by another spec. */
ls_status ls_data_train_rows(const ls_data *data, const ls_data_spec *spec, int64_t *rows);
int64_t ls_data_features(const ls_data *data);
/* The data are HDF5, and would have so many features if their columns were samples. */
bool ls_data_columns_fit(const ls_data *data, int64_t features);
extern const char ls_columns_hint[];                       /* what to say then, behind a message */
int64_t ls_data_outputs(const ls_data *data);              /* classes or target columns */
int64_t ls_data_rows(const ls_data *data, ls_split split); /* 0: there is no such split */
/* What the outputs are called: the classes, or the target columns with their units; (outputs), or
 * none, also where spec.classes_named says it already. On rank 0 of each node. */
const ls_texts *ls_data_names(const ls_data *data);
/* The columns of the training data; none (no names) where nothing is known of them. On rank 0 of
 * each node. */
const ls_trained *ls_data_trained(const ls_data *data);
/* How many samples of train or validation each class has; (outputs), or NULL where there are no
 * class numbers. On rank 0 of each node. */
const int64_t *ls_data_class_counts(const ls_data *data, ls_split split);
/* floor(share n), for the share as it is written: 0.29 of 100 is 29, though the double 0.29 is a
 * little less. */
int64_t ls_data_share(double share, int64_t n);
/* The file number (0-based, among all samples of the split's own source file, before skip) of
 * sample i of a split. */
int64_t ls_data_file_row(const ls_data *data, ls_split split, int64_t i);
/* What a checkpoint and the record keep: per file its path, size, sample count and XXH3-128 digest.
 */
typedef struct {
  char *path;
  int64_t bytes, samples;
  char digest[48];
} ls_data_file;
const ls_data_file *ls_data_files(const ls_data *data, int *count);

/* Copy samples (numbers within the split, `index[0..rows)`) into x (rows, ldx) real, scaled, and
 * labels (where y are class numbers) and targets; any of the three may be NULL. LS_EDATA only
 * where the data are streamed. */
ls_status ls_data_gather(const ls_data *data, ls_split split, const int64_t *index, int64_t rows,
                         void *x, int64_t ldx, int32_t *labels, void *targets);

/* Scaling as used, of the features and of the targets; NULL where none. */
const ls_affine *ls_data_x_affine(const ls_data *data);
const ls_affine *ls_data_y_affine(const ls_data *data);

/* order.c: position p of epoch e (from 0) holds sample ls_order_sample(): a keyed Feistel
 * permutation of 0..n-1, cycle-walked; identity when sequential. features: of a sample, for blocks.
 */
int64_t ls_order_sample(int64_t n, ls_order_kind kind, int64_t features, uint64_t seed,
                        int64_t epoch, int64_t position);

/* loader.c: batches of one split for training. */
typedef struct ls_loader ls_loader;
ls_status ls_loader_new(const ls_data *data, int64_t batch, int slices, int slice_lo, int slice_hi,
                        uint64_t seed, ls_dtype precision, ls_loader **out);
void ls_loader_free(ls_loader **loader);
/* The slices' ranks share the work of adding weights up: from here on ls_loader_batch is
 * collective, and all ranks ask for the same steps.
 */
void ls_loader_join(ls_loader *loader, ls_comm *comm);
int64_t ls_loader_steps_per_epoch(const ls_loader *loader);
int64_t ls_loader_max_rows(const ls_loader *loader); /* of this rank's share */
/* How epochs are cut into minibatches (order.h). */
const struct ls_plan *ls_loader_plan(const ls_loader *loader);
/* The plan's moved and moved_samples, for a run that goes on with minibatches of another size;
 * before the first batch. */
void ls_loader_move(ls_loader *loader, int64_t steps, int64_t samples);
/* This rank's share of the minibatch of update `step` (global_step, 0 first). Valid until the next
 * call. */
ls_status ls_loader_batch(ls_loader *loader, int64_t step, ls_batch *out);
/* The samples (numbers within train) of the whole minibatch of `step`; returns how many; sample has
 * room for the batch size. */
int64_t ls_loader_samples(const ls_loader *loader, int64_t step, int64_t *sample);

#endif
