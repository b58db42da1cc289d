/* npy.h - the beginning of a NumPy file, in version 1.0 of its format. */
#ifndef LS_IO_NPY_H
#define LS_IO_NPY_H

#include <stdint.h>
#include <stdio.h>

/* Up to the first number, in whole lines of 64 bytes. type: "<f4"; columns 0: it has one dimension.
 */
void ls_npy_begin(FILE *to, const char *type, int64_t rows, int64_t columns);

#endif
