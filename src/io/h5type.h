/* h5type.h - number types of base/dtype.h and what the HDF5 library calls them. Functions, because
 * HDF5's constants are variables set when the library wakes. Private to io/. */
#ifndef LS_IO_H5TYPE_H
#define LS_IO_H5TYPE_H

#include <hdf5.h>

#include "base/dtype.h"

hid_t ls_h5_type_native(ls_dtype type); /* in memory */
hid_t ls_h5_type_stored(ls_dtype type); /* in our files: little-endian */
/* Numbers stored as ls_h5_type_stored says; false for any other type. */
bool ls_h5_type_find(hid_t stored, ls_dtype *out);

/* Texts of a fixed width in UTF-8, to be closed. */
hid_t ls_h5_type_text(size_t width, H5T_str_t padding);

#endif
