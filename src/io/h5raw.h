/* h5raw.h - what io/h5.h says, done by the HDF5 library in this process; only h5.c uses it, in a
 * child. */
#ifndef LS_IO_H5RAW_H
#define LS_IO_H5RAW_H

#include "io/child.h"
#include "io/h5plain.h"

typedef struct ls_h5raw ls_h5raw;

ls_status ls_h5raw_open(const char *file, const char *dataset, bool transpose, ls_h5raw **out);
/* Any dataset whose values are in the file itself, whatever they are; its HDF5 identifier. No
 * message of its own. */
ls_status ls_h5raw_object(const char *file, const char *dataset, ls_h5raw **out);
int64_t ls_h5raw_id(const ls_h5raw *set);
void ls_h5raw_close(ls_h5raw **set);
const ls_h5_shape *ls_h5raw_shape(const ls_h5raw *set);
ls_status ls_h5raw_read(ls_h5raw *set, int64_t lo, int64_t rows, ls_dtype cell, void *out);
/* How its values lie in the file; *offset (pieces) from ls_mem, NULL where pieces is 0. */
ls_status ls_h5raw_layout(const ls_h5raw *set, ls_h5_layout *layout, int64_t **offset);
ls_status ls_h5raw_list(const char *file, ls_h5_visit *visit, void *arg);

/* What processes of their own answer with, and how it is received into just the room that is there
 * (h5.c). */
bool ls_h5_reply(int socket, ls_status status, const void *data, size_t bytes);
ls_status ls_h5_receive(ls_child *child, const char *file, void *data, size_t bytes);

#endif
