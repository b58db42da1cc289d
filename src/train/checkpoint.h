/* checkpoint.h - what a checkpoint file holds, and how it is written, found, verified and read
 * (docs/checkpoints.md).
 *
 * One file: a 4,096-byte user block with a SHA-256 of all that follows, then plain HDF5 with
 * contiguous datasets. The HDF5 library makes an empty skeleton once; a save copies the state into
 * an in-memory image at the datasets' offsets, and a writer thread hashes, writes, fsyncs,
 * re-reads, renames and fsyncs the folder. Nothing in it depends on the ranks. */
#ifndef LS_TRAIN_CHECKPOINT_H
#define LS_TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/real.h"
#include "base/status.h"
#include "data/data.h"
#include "model/model.h"

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

/* An image: the whole file in memory, ready for the state to be copied in. */
typedef struct ls_image ls_image;
ls_status ls_image_new(const ls_checkpoint_plan *plan,
                       ls_image **out); /* makes the skeleton; no file is touched */
ls_status ls_image_clone(const ls_image *image, ls_image **out); /* the second buffer */
void ls_image_free(ls_image **image);
void *ls_image_weights(ls_image *image,
                       int tensor); /* where tensor's values go: rows*cols of the precision */
void *ls_image_slot(ls_image *image, int slot, int tensor);
void ls_image_state(ls_image *image, const ls_state *state,
                    const ls_stats *slice_sums); /* (slices) running sums of the epoch */
size_t ls_image_bytes(const ls_image *image);
/* Seal (digests, user block) and commit as dir/name. Only this call does I/O; may run on a writer
 * thread. An old final.h5 is replaced; another name that exists is an error, unless it holds the
 * same bytes. */
ls_status ls_image_commit(ls_image *image, const char *dir, const char *name);

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
/* User block and SHA-256 only; LS_EDATA and LS_EIO as ls_checkpoint_judge. */
ls_status ls_checkpoint_verify(const char *path);
/* Does the file look like one, by its first bytes? Also where a few of them are damaged, and for
 * plain HDF5 that holds a /model. */
bool ls_checkpoint_probe(const char *path);
void ls_checkpoint_free(ls_checkpoint **checkpoint);

/* Newest good checkpoint of a run folder: path (ls_mem) or NULL where the folder holds none.
 * Damaged ones (bytes that were read and are wrong) are warned of and renamed *.damaged; LS_EDATA
 * if there were some (also *.damaged ones) and none is good, and where one that may be the newest
 * cannot be read. LS_EIO where one is a link or a pipe. repair false: nothing is renamed. repair
 * true: LS_EIO where another run holds the folder's lock. */
ls_status ls_checkpoint_newest(const char *dir, bool repair, char **path);

/* The checkpoints of a folder by their names, newest first, unverified; damaged (NULL ok): how many
 * are set aside as *.damaged. final.h5 has the step of its header, INT64_MAX where that is
 * unreadable. Links, pipes and the like are warned of and left out. *row from ls_mem. */
typedef struct {
  char name[40];
  int64_t step;
} ls_saved;
ls_status ls_checkpoint_list(const char *dir, ls_saved **row, int *count, int *damaged);

/* What determines a run's numbers, the resolved config and the data: XXH3-128 of the config's text
 * and the files' digests, in hex. out has room for LS_RUN_ID. */
enum { LS_RUN_ID = 33 };
void ls_run_id(const char *config_text, const ls_data_file *file, int files, char *out);

/* XXH3-128 of the flat weights as docs/checkpoints.md's weights_hash: "xxh3-128:<32 hex>". out has
 * room for 48. */
void ls_weights_hash(const void *weights, int64_t parameters, ls_precision precision, char *out);

/* /model/NNNN/W and b of a plain HDF5 file or a checkpoint, into flat w; shapes must agree
 * (LS_EDATA, located). */
ls_status ls_weights_read(const char *path, const ls_tensor *tensor, int tensors,
                          ls_precision precision, void *w);

#endif
