/* block.h - the user block in front of the HDF5 file, and what it says of the bytes behind it. */
#ifndef LS_CHECKPOINT_BLOCK_H
#define LS_CHECKPOINT_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
  LS_CKPT_BLOCK = 4096, /* bytes */
  LS_CKPT_HEADER = 2,   /* its version; 1 names no index: format 1.0 */
  LS_CKPT_SHA = 32
};

/* As it is in the file, little-endian. */
typedef struct {
  char magic[8];
  uint32_t version, size;         /* LS_CKPT_HEADER, or 1; LS_CKPT_BLOCK */
  uint64_t payload;               /* bytes behind the block */
  int64_t step;                   /* global_step */
  unsigned char sha[LS_CKPT_SHA]; /* SHA-256 of these bytes */
  uint64_t sum;                   /* XXH3-64 of the bytes before it */
  uint64_t index, rows;           /* where the index begins, and its rows; zeros in version 1 */
  uint64_t sum_2;                 /* XXH3-64 of the bytes before it; zero in version 1 */
  char zeros[LS_CKPT_BLOCK - 96];
} ls_block;

/* With magic, size and sums, which need not be there. */
void ls_block_write(const ls_block *block, void *out); /* (LS_CKPT_BLOCK) bytes */
/* LS_EDATA, with `name`; LS_EIO where it is of a newer version, and nothing is known against it. */
ls_status ls_block_read(const char *name, const void *in, ls_block *block);
/* Of a whole file in memory, and the SHA-256 of it. */
ls_status ls_block_verify(const char *name, const void *data, size_t bytes, ls_block *block);
/* The block of a file alone, and with the SHA-256 of what is behind it. LS_EIO too where the file
 * cannot be read. */
ls_status ls_block_peek(const char *path, ls_block *block);
ls_status ls_checkpoint_verify(const char *path);
void ls_sha256(const void *data, size_t bytes, unsigned char *out); /* (LS_CKPT_SHA) */

#endif
