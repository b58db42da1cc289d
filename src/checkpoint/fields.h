/* fields.h - what a checkpoint holds, and the table of where each field of it is in the file
 * (docs/checkpoints.md).
 *
 * One file: a 4,096-byte user block with a SHA-256 of all that follows (block.h), then plain HDF5
 * with contiguous datasets. The HDF5 library makes an empty skeleton once; a save copies the state
 * into an in-memory image at the datasets' offsets (image.h), and a writer thread (saver.h) hashes,
 * writes, fsyncs, re-reads, renames and fsyncs the folder. Nothing in it depends on the ranks.
 *
 * A field more is a member of ls_checkpoint (or ls_state) and a row of ls_fields, with the minor
 * version that it is new in: writing, reading, comparing and freeing follow from the row. What it
 * may not contradict is a rule in check.c. */
#ifndef LS_CHECKPOINT_FIELDS_H
#define LS_CHECKPOINT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/real.h"
#include "base/status.h"
#include "data/data.h"
#include "io/h5item.h"
#include "model/model.h"

enum {
  LS_CKPT_MAJOR = 1, /* a reader refuses any other */
  LS_CKPT_MINOR = 3, /* a newer one may add datasets below /optional, which this one passes over */
  LS_CKPT_DIGEST = 33, /* XXH3-128 in hex, and the zero behind it */
  LS_RUN_ID = 33
};
#define LS_CKPT_INDEX "/integrity/index"

/* How a metric went, to somebody who waits for it to get better. */
typedef struct {
  double value; /* the last one that counted as better; NaN: none yet */
  int64_t bad;  /* evaluations since */
} ls_watch;

/* The scalar part of the state; plain data of 8 bytes each, identical on all ranks. */
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
  int64_t best_step;     /* 0: none that is kept */
  ls_watch early;        /* train.early_stop's */
  int64_t nonfinite_total, nonfinite_row; /* skipped steps: all, in a row */
  int64_t rollbacks;
  double last_loss, last_grad_norm;
  ls_watch plateau;                   /* schedule.type: plateau's */
  int64_t plateau_rest, plateau_cuts; /* evaluations that do not count yet; of the rate, so far */
  /* 1: a final.h5 with the best weights in /model, the last ones in slot `best` */
  int64_t restored;
} ls_state;
extern const ls_state ls_state_fresh;

/* A writer fills it but for the derived fields, the state and what is behind it, and keeps what it
 * points to; a reader owns everything. */
typedef struct {
  int64_t major, minor; /* minor 0 does not have begin_step and begin_sample, 1 nothing optional,
                           2 no plateau */
  char *writer, *order; /* order: of the samples, by its name */
  char run_id[LS_RUN_ID];
  char config_digest[LS_CKPT_DIGEST], model_digest[LS_CKPT_DIGEST]; /* derived */
  char *config_text;  /* resolved, without output and checkpoint keys */
  ls_data_file *file; /* (files) */
  int64_t files;
  uint64_t seed;
  int64_t batch, slices, inputs, outputs; /* outputs: the targets, until they are widened */
  int64_t heads; /* what they were multiplied by then (widen.h); 0: they were not. In no file */
  ls_affine x_affine, y_affine; /* n 0: none */
  ls_filling x_mean;            /* data.missing.x: mean; else n 0 */
  ls_texts names;     /* of the outputs: the classes, or target columns with their units */
  ls_trained trained; /* the columns of the training data; empty: nothing is known */
  ls_dtype precision;
  char *kernel;
  char **slot_name; /* (slots) */
  int64_t slots;
  ls_state state;
  ls_stats *slice_sums;    /* (slices) running sums of the epoch */
  const ls_tensor *tensor; /* (tensors) the model's, in flat order */
  int tensors;
  int64_t parameters; /* this and the rest: of a reader */
  void *weights;      /* flat (parameters) of the precision */
  void **slot;        /* (slots) of flat (parameters) */
} ls_checkpoint;

/* What the format says by itself: version, writer and order. */
void ls_checkpoint_format(ls_checkpoint *c);
void ls_checkpoint_free(ls_checkpoint **checkpoint); /* of a reader */

/* What determines a run's numbers, the resolved config and the data: XXH3-128 of the config's text
 * and the files' digests, in hex. out has room for LS_RUN_ID. */
void ls_run_id(const ls_checkpoint *c, char *out);

/* Where a field is: one value, or a list of them, which is not in the file where it is empty. */
typedef struct {
  const char *path;
  ls_dtype type;      /* numbers of 8 bytes, or texts */
  size_t at;          /* in ls_checkpoint: the value, or the pointer to a list's first */
  int64_t width;      /* texts: 0: a char *, as wide in the file as the longest; else char[width] */
  size_t rows;        /* in ls_checkpoint: how many, an int64_t; 0: it is no list */
  size_t like;        /* in ls_checkpoint: the number that `rows` must be; 0: any */
  size_t row, inside; /* bytes of a list's row; where in it the value is */
  int64_t columns;    /* numbers side by side in a row; 0: one, and no second dimension */
  int minor;          /* since which version */
  const char *again;  /* says again what this says: derived, and compared when read; else NULL */
} ls_field;
extern const ls_field ls_fields[]; /* in the file's order */
extern const int ls_field_count;
enum { LS_FIELDS_VERSION = 2 }; /* so many come first that say how to read the others */

bool ls_field_known(const char *path);
int64_t ls_field_rows(const ls_checkpoint *c, const ls_field *f);
bool ls_field_there(const ls_checkpoint *c, const ls_field *f); /* in a file of c->minor */
void *ls_field_at(const ls_checkpoint *c, const ls_field *f, int64_t i);
/* Its values to `out`, zeroed: rows of item->width bytes, texts padded with zeros. */
void ls_field_put(const ls_checkpoint *c, const ls_field *f, const ls_h5_item *item, char *out);

/* All that are there, each to the place of its item: the first of a layout, in order. The way back
 * is ls_fields_get (get.h). */
void ls_fields_put(const ls_checkpoint *c, const ls_h5_item *item, char *file);

/* Every dataset of a checkpoint in file order: fields, tensors, each slot's; [0, covered) are
 * listed in the index, which comes behind them. It follows from c alone, so a reader can make the
 * list again and ask for nothing less. */
typedef struct {
  ls_h5_item *item; /* (items) */
  int items, covered;
  int first_tensor; /* items [first_tensor, first_tensor + tensors * (1 + slots)) */
} ls_layout;
ls_status ls_layout_new(const ls_checkpoint *c, ls_layout *out);
void ls_layout_free(ls_layout *layout);
/* NULL if there is none. */
const ls_h5_item *ls_layout_find(const ls_layout *layout, const char *path);

/* config_digest, and model_digest: of names, shapes and types of the tensors. */
void ls_checkpoint_derive(ls_checkpoint *c, const ls_layout *layout);
void ls_digest_hex(const void *data, size_t bytes, char *out); /* (LS_CKPT_DIGEST) */

ls_status ls_tensor_item(const ls_tensor *tensor, const char *slot, ls_dtype precision,
                         ls_h5_item *out); /* slot NULL: the weights */
/* LS_EDATA, with `name` and the tensor, where those that the file has are not those of `model`. */
ls_status ls_tensors_check(const char *name, const ls_checkpoint *c, const char *model,
                           const ls_tensor *want, int tensors);

#endif
