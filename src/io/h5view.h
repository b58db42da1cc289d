/* h5view.h - rows of a dataset that do not lie in it as they are: samples that are its columns,
 * values that its attributes give a meaning. Private to io/. */
#ifndef LS_IO_H5VIEW_H
#define LS_IO_H5VIEW_H

#include "io/h5meaning.h"

typedef struct ls_h5view ls_h5view;

/* extent (dims): of the dataset as it is stored. transpose: its dimensions are taken in reverse, so
 * that a sample is an index of the last one, and the first one is the fastest in it. Nothing is
 * taken over; meaning stays the caller's. */
ls_status ls_h5view_new(int dims, const int64_t *extent, bool transpose,
                        const ls_h5_meaning *meaning, ls_h5view **out);
void ls_h5view_free(ls_h5view **view);
/* Rows [lo, lo + rows) of the samples as cells; false where they cannot be read. */
bool ls_h5view_read(ls_h5view *view, hid_t set, hid_t space, int64_t lo, int64_t rows,
                    ls_dtype cell, void *out);

#endif
