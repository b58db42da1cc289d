/* plan.h - what a checkpoint file holds (docs/checkpoints.md).
 *
 * One file: a 4,096-byte user block with a SHA-256 of all that follows, then plain HDF5 with
 * contiguous datasets. The HDF5 library makes an empty skeleton once; a save copies the state into
 * an in-memory image at the datasets' offsets (image.h), and a writer thread (saver.h) hashes,
 * writes, fsyncs, re-reads, renames and fsyncs the folder. Nothing in it depends on the ranks. */
#ifndef LS_CHECKPOINT_PLAN_H
#define LS_CHECKPOINT_PLAN_H

#include <stdint.h>

#include "base/batch.h"
#include "base/real.h"
#include "base/status.h"
#include "data/data.h"
#include "io/h5file.h"
#include "model/model.h"

enum {
  LS_CKPT_MAJOR = 1, /* a reader refuses any other */
  LS_CKPT_MINOR = 1, /* a newer one may add datasets below /optional, which this one passes over */
  LS_CKPT_BLOCK = 4096, /* user block */
  LS_CKPT_HEADER = 2,   /* its version; 1 names no index: format 1.0 */
  LS_CKPT_DIGEST = 32,  /* XXH3-128 in hex */
  LS_CKPT_SHA = 32
};
#define LS_CKPT_INDEX "/integrity/index"
#define LS_CKPT_WRITER "lockstep " LOCKSTEP_VERSION ", compiler " __VERSION__
#define LS_CKPT_ORDER \
  "feistel-1" /* /data/order: data/order.c's permutation, keyed by seed and epoch */

/* The scalar part of the state; plain data, identical on all ranks, stored as /train, /optim, /data
 * and /meta. */
typedef struct {
  int64_t global_step;   /* updates seen, skipped ones included */
  int64_t t;             /* optimizer updates made */
  int64_t epoch;         /* epochs finished */
  int64_t samples_seen;  /* global sample number: where in the data the next step begins */
  int64_t epoch_samples; /* samples in the running sums below */
  int64_t begin_step;    /* update with which the present epoch began, or would have with the
                            present minibatch all the way (it may then be negative) */
  int64_t begin_sample;  /* samples seen before it */
  double best_value;     /* best metric so far; NaN: none */
  int64_t best_step;
  int64_t early_bad;                      /* evaluations since the best one */
  int64_t nonfinite_total, nonfinite_row; /* skipped steps: all, in a row */
  int64_t rollbacks;
  double last_loss, last_grad_norm;
} ls_state;

/* What does not change during a run. */
typedef struct {
  ls_precision precision;
  const ls_tensor *tensor; /* the model's tensors, in flat order */
  int tensors;
  int slots;
  const char *const *slot_name;
  int slices; /* running sums are kept per slice */
  uint64_t seed;
  int64_t batch;
  const char *config_text; /* resolved, without output and checkpoint keys */
  const ls_data_file *file;
  int files;
  const char *kernel; /* numerics */
  const char *run_id; /* derived from config_text and data digests */
  const ls_affine *x_affine, *y_affine;
  const ls_texts *names;     /* of the outputs; NULL or empty: none */
  const ls_trained *trained; /* the columns of the training data; NULL or empty: nothing is known */
  int64_t outputs, inputs;
} ls_checkpoint_plan;

/* What determines a run's numbers, the resolved config and the data: XXH3-128 of the config's text
 * and the files' digests, in hex. out has room for LS_RUN_ID. */
enum { LS_RUN_ID = 33 };
void ls_run_id(const char *config_text, const ls_data_file *file, int files, char *out);

/* Every dataset of a checkpoint in file order; [0, covered) are listed in the index, which comes
 * behind them. The list is a function of plan, writer and minor version alone, so a reader can make
 * it again and ask for nothing less. */
typedef struct {
  ls_h5_item *item; /* (items) */
  int items, covered;
  int first_tensor; /* items [first_tensor, first_tensor + tensors * (1 + slots)): the tensors, then
                       each slot's */
} ls_layout;

ls_status ls_layout_new(const ls_checkpoint_plan *plan, const char *writer, int64_t minor,
                        ls_layout *out);
ls_status ls_layout_copy(const ls_layout *from, ls_layout *out);
void ls_layout_free(ls_layout *layout);
const ls_h5_item *ls_layout_find(const ls_layout *layout,
                                 const char *path); /* NULL if there is none */
ls_status ls_tensor_item(const ls_tensor *tensor, const char *slot, ls_precision precision,
                         ls_h5_item *out); /* slot NULL: the weights */

/* One field of ls_state in the file. A field may be kept twice, where two groups need it. */
typedef struct {
  const char *path;
  ls_h5_type type;
  size_t offset; /* in ls_state; 8 bytes */
  int minor;     /* since which format; files from before have 0 there */
} ls_state_field;
extern const ls_state_field ls_state_fields[];
extern const int ls_state_field_count;

/* Names, shapes and types of the tensors: two checkpoints with the same one hold the same kind of
 * model. out: (LS_CKPT_DIGEST + 1) */
void ls_model_digest(const ls_layout *layout, int tensors, char *out);

#endif
