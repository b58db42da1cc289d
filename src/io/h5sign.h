/* h5sign.h - which files are HDF5: its signature stands at byte 0, 512, 1024, 2048 ..., behind a
 * user block (Matlab's .mat files from version 7.3 have one of 512 bytes, checkpoints their
 * header). */
#ifndef LS_IO_H5SIGN_H
#define LS_IO_H5SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "io/signature.h"

bool ls_h5_signed(const void *head); /* (8 bytes): the signature? */
/* Where the signature stands in these bytes, a file's from its begin; -1: nowhere. */
int64_t ls_h5_signature_in(const void *data, size_t bytes);
/* Where the signature stands in a file; -1: nowhere, or it is no regular file, or cannot be read.
 */
int64_t ls_h5_signature(const char *path);
/* What a file that is no HDF5 is instead, by its first bytes; NULL: HDF5, or nothing known. */
const ls_signature *ls_h5_instead(const char *path);

#endif
