/* data.h - an open data set: its samples, and what is known of them. ls_data_open is in open.c,
 * what is of a program's own samples in given.c, ls_data_lend in tell.c, all else in
 * data.c. Which data are meant says spec.h, or guess.h by a path alone; order.h says which sample
 * is where in which epoch, loader.h gives minibatches. */
#ifndef LS_DATA_DATA_H
#define LS_DATA_DATA_H

#include "base/batch.h"
#include "base/real.h"
#include "comm/comm.h"
#include "data/spec.h"

typedef struct ls_data ls_data;
typedef struct ls_account ls_account; /* account.h */

/* Open, read (once a node) and check everything. Collective: every rank gets the same status.
 * LS_EDATA, located, for a y that is not what `target` says. */
ls_status ls_data_open(ls_comm *comm, const ls_data_spec *spec, ls_target_kind target,
                       ls_dtype precision, ls_data **out);
void ls_data_close(ls_comm *comm, ls_data **data);
/* What only rank 0 of each node knows of them is told to all: some of the ranks may then use them
 * by themselves, with a communicator of their own, and any of them be its rank 0. They are closed
 * with the one that opened them. Collective. */
ls_status ls_data_lend(ls_comm *comm, ls_data *data);
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
/* What was understood of them, for people. On rank 0 of each node; not of inputs alone. */
const ls_account *ls_data_account(const ls_data *data);
/* What separates the fields of the training data's CSV files; auto: they are none. */
ls_separator ls_data_separator(const ls_data *data);
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

/* type memory: the samples that this rank works on next, of `total` of all ranks, which are train's
 * next minibatch, from position `begin` of the epoch on, or the split test as a whole (begin 0).
 * x (rows, features) and y (rows, targets or 1), both LS_F32 or LS_F64, of which samples
 * [first, first + rows) are here; they are scaled and copied. LS_EDATA, with sample and column, for
 * a number that cannot be. */
typedef struct {
  int64_t begin, total, first, rows;
  ls_dtype type;
  const void *x, *y;
  bool weighted;      /* samples count differently, here or on another rank */
  const void *weight; /* (rows) what each counts; NULL: 1 */
} ls_given;
ls_status ls_data_give(ls_data *data, ls_split split, const ls_given *samples);
/* Numbers of a y as it is given. */
int64_t ls_data_columns(const ls_data *data);

/* Copy samples (numbers within the split, `index[0..rows)`) to where a batch has x (rows, ldx)
 * real, scaled, labels (where y are class numbers) and targets; any of the three may be NULL.
 * LS_EDATA only where the data are streamed. */
ls_status ls_data_gather(const ls_data *data, ls_split split, const int64_t *index, int64_t rows,
                         const ls_batch *to);

/* y are a column a class, of shares that sum to 1: they are the targets, beside the labels, which
 * are the classes with the largest ones. */
bool ls_data_soft(const ls_data *data);
/* What takes the place of missing inputs where that is train's mean; n 0: it is not. */
const ls_filling *ls_data_x_mean(const ls_data *data);
/* Targets may be missing (NaN), and count nothing then. */
bool ls_data_masked(const ls_data *data);
/* Scaling as used, of the features and of the targets; NULL where none. */
const ls_affine *ls_data_x_affine(const ls_data *data);
const ls_affine *ls_data_y_affine(const ls_data *data);

#endif
