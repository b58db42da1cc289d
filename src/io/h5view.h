/* h5view.h - rows of a dataset that do not lie in it as they are: samples that are its columns,
 * values that its attributes give a meaning. Private to io/. */
#ifndef LS_IO_H5VIEW_H
#define LS_IO_H5VIEW_H

#include "io/h5meaning.h"

typedef struct ls_h5view ls_h5view;

/* transpose: the dataset's dimensions are taken in reverse, so that a sample is an index of the
 * last one, and the first one is the fastest in it. Nothing is taken over: object and meaning stay
 * the caller's. */
ls_status ls_h5view_new(const ls_h5object *object, bool transpose, const ls_h5_meaning *meaning,
                        ls_h5view **out);
/* Rows [lo, lo + rows) of the samples as cells; false where they cannot be read. */
bool ls_h5view_read(ls_h5view *view, int64_t lo, int64_t rows, ls_dtype cell, void *out);

#endif
