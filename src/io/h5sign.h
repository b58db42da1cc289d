/* h5sign.h - which files are HDF5: its signature stands at byte 0, 512, 1024, 2048 ..., behind a
 * user block (Matlab's .mat files from version 7.3 have one of 512 bytes). */
#ifndef LS_IO_H5SIGN_H
#define LS_IO_H5SIGN_H

#include <stdbool.h>

/* false also for what is no regular file, or cannot be read. */
bool ls_h5_recognized(const char *path);
/* How to make HDF5 of a file that is its like: Matlab's before version 7.3, NetCDF before 4. NULL:
 * it is neither. */
const char *ls_h5_relative(const char *path);

#endif
