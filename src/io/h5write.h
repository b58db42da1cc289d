/* h5write.h - make a plain HDF5 file of datasets with one sample a row, chunked by rows, piece by
 * piece. It has its name only once it is whole: written as NAME.partial, read back, fsynced,
 * renamed. Main thread only. */
#ifndef LS_IO_H5WRITE_H
#define LS_IO_H5WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/status.h"

enum { LS_H5_OUT_SETS = 16 };

typedef struct ls_h5out ls_h5out;

/* LS_EIO where it cannot be written, or where `path` exists and replace is false. */
ls_status ls_h5out_open(const char *path, bool replace, ls_h5out **out);
/* A dataset (rows, width), width 0: (rows), of a type of numbers; groups are made. *set: its
 * number. packed: shuffle and gzip. */
ls_status ls_h5out_set(ls_h5out *out, const char *name, int64_t rows, int64_t width, ls_dtype type,
                       bool packed, int *set);
/* The next `rows` rows of a set, in its type. */
ls_status ls_h5out_write(ls_h5out *out, int set, int64_t rows, const void *data);
/* An attribute of a set: one text, or a list of them. */
ls_status ls_h5out_texts(ls_h5out *out, int set, const char *attribute, const char *const *text,
                         int64_t count);
/* A dataset of texts that names the columns of other sets: a dimension scale (as netCDF, h5py and
 * xarray know them) of the last dimension of each of `sets` that has two. */
ls_status ls_h5out_scale(ls_h5out *out, const char *name, const char *const *text, int64_t count,
                         const int *set, int sets, int *index);
/* commit false: forget all of it. Frees in any case. LS_EIO where the file is not what was written.
 */
ls_status ls_h5out_close(ls_h5out **out, bool commit);

#endif
