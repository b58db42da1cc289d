/* read.h - a checkpoint from its file, believed only where every byte and every field agrees.
 *
 * Ways to look at a file, from the cheapest on: ls_checkpoint_probe (find.h), is it one at all;
 * ls_block_peek (block.h), what its header says; ls_checkpoint_verify (block.h), are its bytes
 * those that its header's digest is of; ls_checkpoint_read here, all of it. */
#ifndef LS_CHECKPOINT_READ_H
#define LS_CHECKPOINT_READ_H

#include "checkpoint/fields.h"

/* Verifies the digest, then the list of datasets, then every field against every other. *out is
 * NULL where it fails: LS_EDATA, located, for any fault of the file. */
ls_status ls_checkpoint_read(const char *path, ls_checkpoint **out);
/* The same from memory, which may go away then; `name` is for messages. */
ls_status ls_checkpoint_read_bytes(const char *name, const void *data, size_t bytes,
                                   ls_checkpoint **out);
/* The same where it matters why: LS_EDATA only if bytes that were read are wrong. LS_EIO: they
 * could not be read, or are of a newer format, and nothing is known against them. */
ls_status ls_checkpoint_judge(const char *path, ls_checkpoint **out);

#endif
