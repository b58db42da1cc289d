/* h5sign.h - which files are HDF5: its signature stands at byte 0, 512, 1024, 2048 ..., behind a
 * user block (Matlab's .mat files from version 7.3 have one of 512 bytes, checkpoints their
 * header). */
#ifndef LS_IO_H5SIGN_H
#define LS_IO_H5SIGN_H

#include <stdbool.h>
#include <stdint.h>

bool ls_h5_signed(const void *head); /* (8 bytes): the signature? */
/* Where the signature stands in a file; -1: nowhere, or it is no regular file, or cannot be read.
 */
int64_t ls_h5_signature(const char *path);
/* How to make HDF5 of a file that is its like: Matlab's before version 7.3, NetCDF before 4. NULL:
 * it is neither. */
const char *ls_h5_relative(const char *path);

#endif
