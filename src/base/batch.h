/* batch.h - what a loader gives and a model takes: one rank's share of a minibatch, and the
 * statistics that come back. */
#ifndef LS_BASE_BATCH_H
#define LS_BASE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tree.h"

typedef struct {
  int64_t rows;          /* samples of this rank's share, may be 0 */
  int64_t total;         /* samples of the whole global minibatch: the N of every mean */
  void *x;               /* (rows, ldx) real, columns from `features` to ldx are 0 */
  int64_t features, ldx; /* ldx: a multiple of 64 bytes, no multiple of 4 KiB */
  int32_t *labels;       /* (rows) class numbers, or NULL where the samples have none */
  void *targets;         /* (rows, outputs) real, or NULL where the loss takes class numbers; a loss
                            of classes takes them as shares of the classes */
  bool masked;           /* some of them may be NaN: those are missing, and count nothing */
  /* masked: samples of the whole global minibatch, each by the fraction of its targets that are
   * there */
  double there;
  int64_t outputs; /* width of targets */
  double *weight;  /* (rows) what each sample counts, of mean 1 over the global minibatch (masked:
                      over the targets of it that are there); NULL: 1 */
  int slice_lo, slice_hi; /* this rank's slices of `slices` */
  int slices;
  /* (slice_hi - slice_lo + 1) first row of each of them, relative to this share, and the end. */
  int64_t *slice_row;
  int64_t first_sample; /* global sample number (since step 0) of row 0, for counters such as
                           dropout's */
} ls_batch;

/* Sums over the rows of one slice (or one block of an evaluation), each added up in row order in
 * double. */
typedef struct {
  double loss; /* sum of the samples' losses, each times its weight (the mean over outputs already
                  taken where the loss has one) */
  double correct; /* samples whose class is right; multi-label without classes: fraction of outputs
                     right; masked: samples by the fraction of their targets that are there; other
                     regression without classes: 0 */
  double abs_err; /* sum over samples and outputs of |y - t| */
  double sq_err;  /* sum over samples and outputs of (y - t)^2 */
} ls_stats;
enum { LS_STATS_N = sizeof(ls_stats) / sizeof(double) };

#endif
