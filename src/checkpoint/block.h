/* block.h - the user block in front of the HDF5 file, and its digests. */
#ifndef LS_CHECKPOINT_BLOCK_H
#define LS_CHECKPOINT_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "checkpoint/plan.h"

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

/* User block and SHA-256 only; LS_EDATA and LS_EIO as ls_checkpoint_judge. */
ls_status ls_checkpoint_verify(const char *path);
void ls_sha256(const void *data, size_t bytes, unsigned char *out); /* (LS_CKPT_SHA) */
void ls_digest_hex(const void *data, size_t bytes, char *out);      /* (LS_CKPT_DIGEST + 1) */

#endif
