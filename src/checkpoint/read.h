/* read.h - a checkpoint from its file, believed only where every byte and every field agree. */
#ifndef LS_CHECKPOINT_READ_H
#define LS_CHECKPOINT_READ_H

#include <stdint.h>

#include "base/batch.h"
#include "checkpoint/plan.h"

/* Reading. Verifies the digest, then the list of datasets, then every field against every other. */
typedef struct {
  int64_t minor; /* of the format: 0 does not have begin_step and begin_sample */
  ls_state state;
  ls_precision precision;
  int tensors;
  ls_tensor *tensor;
  void *weights; /* flat (n) of the precision */
  int64_t parameters;
  int slots;
  char **slot_name;
  void **slot; /* flat (n) each */
  int slices;
  ls_stats *slice_sums;
  uint64_t seed;
  int64_t batch;
  char *config_text, *run_id, *kernel, *writer;
  int files;
  ls_data_file *file;
  ls_affine x_affine, y_affine;
  ls_texts names; /* of the outputs: the classes, or target columns with their units; none where the
                     data have none */
  ls_trained trained; /* the columns of the training data; empty: nothing is known of them */
  int64_t inputs, outputs;
} ls_checkpoint;
ls_status ls_checkpoint_read(const char *path,
                             ls_checkpoint **out); /* LS_EDATA, located, for any fault */
/* The same where it matters why: LS_EDATA only if bytes that were read are wrong. LS_EIO: they
 * could not be read, or are of a newer format, and nothing is known against them. */
ls_status ls_checkpoint_judge(const char *path, ls_checkpoint **out);
void ls_checkpoint_free(ls_checkpoint **checkpoint);

#endif
