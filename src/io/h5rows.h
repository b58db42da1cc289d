/* h5rows.h - a dataset of numbers, one sample a row, as the HDF5 library reads it: only what has
 * been found whole and within its file (io/h5.h says what that takes). In the process that may
 * crash (io/h5helper.h), where it lives to the end. Private to io/. */
#ifndef LS_IO_H5ROWS_H
#define LS_IO_H5ROWS_H

#include "io/h5core.h"
#include "io/h5plain.h"

typedef struct ls_h5rows ls_h5rows;

/* LS_EDATA, naming file and dataset. */
ls_status ls_h5rows_open(const ls_h5core *core, const char *name, bool transpose, ls_h5rows **out);
const ls_h5_shape *ls_h5rows_shape(const ls_h5rows *rows);
/* Is it the dataset of this name, taken this way? */
bool ls_h5rows_is(const ls_h5rows *rows, const char *name, bool transpose);
/* How its values lie in the file; *offset (pieces) from ls_mem, NULL where pieces is 0. */
ls_status ls_h5rows_layout(const ls_h5rows *rows, ls_h5_layout *layout, int64_t **offset);
ls_status ls_h5rows_read(ls_h5rows *rows, int64_t lo, int64_t count, ls_dtype cell, void *out);

#endif
