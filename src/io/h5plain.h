/* h5plain.h - rows that lie in a file as they are: little-endian numbers, whole rows, no filter.
 * HDF5 says where; they are read without it, at the disk's speed and without a process of its own.
 */
#ifndef LS_IO_H5PLAIN_H
#define LS_IO_H5PLAIN_H

#include "io/h5.h"

/* HDF5 1.10 and 1.12 go through all chunks to find one: time grows with the square. */
enum { LS_H5_PIECES_MAX = 1 << 12 };

/* The values come in pieces of one length; the last one may be used in part. */
typedef struct {
  int64_t pieces; /* 0: not so simple, or too many: HDF5 must read it */
  int64_t length; /* values of a piece */
  ls_dtype type;
} ls_h5_layout;

typedef struct ls_h5plain ls_h5plain;

/* offset (pieces): where in the file each piece begins. It and the layout stay the caller's.
 * LS_EDATA where the file cannot be opened. */
ls_status ls_h5plain_open(const char *file, const ls_h5_layout *layout, const int64_t *offset,
                          ls_h5plain **out);
void ls_h5plain_close(ls_h5plain **plain);
/* Values [lo, lo + count) will be read soon: the system may fetch them meanwhile. */
void ls_h5plain_soon(const ls_h5plain *plain, int64_t lo, int64_t count);
/* Values [lo, lo + count) as cells; false where the file ends before them or cannot be read. */
bool ls_h5plain_read(ls_h5plain *plain, int64_t lo, int64_t count, ls_dtype cell, void *out);

#endif
