/* checkpoint_private.h - what the checkpoint_*.c files share: the list of datasets, and the user
 * block. */
#ifndef LS_TRAIN_CHECKPOINT_PRIVATE_H
#define LS_TRAIN_CHECKPOINT_PRIVATE_H

#include "io/h5file.h"
#include "train/checkpoint.h"

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

/* The user block. */
typedef struct {
  int version;      /* LS_CKPT_HEADER, or 1 */
  uint64_t payload; /* bytes behind the block */
  int64_t step;
  unsigned char sha[LS_CKPT_SHA]; /* of these bytes */
  uint64_t index, rows;           /* where the index begins, and its rows; not in version 1 */
} ls_block;
void ls_block_write(const ls_block *block, void *out); /* (LS_CKPT_BLOCK) bytes */
ls_status ls_block_read(const char *name, const void *in,
                        ls_block *block); /* LS_EDATA, with `name` */
ls_status ls_block_peek(const char *path,
                        ls_block *block); /* of a file; LS_EIO as ls_checkpoint_judge */
ls_status ls_block_verify(const char *name, const void *data, size_t bytes,
                          ls_block *block); /* a whole file in memory */

/* checkpoint_check.c - whether the fields agree with each other; LS_EDATA, with `name`, the field
 * and what it contradicts. */
ls_status ls_checkpoint_check(const char *name, const ls_checkpoint *checkpoint);

/* Names, shapes and types of the tensors: two checkpoints with the same one hold the same kind of
 * model. out: (LS_CKPT_DIGEST + 1) */
void ls_model_digest(const ls_layout *layout, int tensors, char *out);
void ls_sha256(const void *data, size_t bytes, unsigned char *out); /* (LS_CKPT_SHA) */
void ls_digest_hex(const void *data, size_t bytes, char *out);      /* (LS_CKPT_DIGEST + 1) */

/* checkpoint_index.c - which dataset is where. */
void ls_index_write(const ls_layout *layout, void *out); /* (covered) ls_h5_row */
/* The datasets of a verified file in the writer's order: from its own index, or, where it is older,
 * as the helper process finds them; what is below /optional, and format 1.0's /integrity, is left
 * out. All lie in the file, and none on another. */
ls_status ls_index_read(const char *name, const void *data, size_t bytes, const ls_block *block,
                        ls_layout *toc);

#endif
