/* h5text.h - texts in an HDF5 file: datasets and attributes, of fixed width or not. In the process
 * that may crash (io/h5helper.h). Private to io/. */
#ifndef LS_IO_H5TEXT_H
#define LS_IO_H5TEXT_H

#include <hdf5.h>
#include <stdint.h>

typedef struct {
  char *block; /* one behind the other, each with a NUL; malloc'd, NULL: none */
  int64_t count, bytes;
} ls_h5text;

/* Of an open dataset, or (attribute not NULL) of an attribute of it. None where it holds no texts,
 * or there is no such attribute: they are a comfort only. */
void ls_h5text_read(hid_t set, const char *attribute, ls_h5text *out);

#endif
