/* h5skeleton.h - an empty HDF5 file of checkpoint datasets at known places, for others to fill. */
#ifndef LS_IO_H5SKELETON_H
#define LS_IO_H5SKELETON_H

#include "io/h5item.h"

/* A file of `items` empty datasets behind `user_block` bytes, made by the library in memory (*image
 * from ls_mem): contiguous, at multiples of LS_ALIGN. Sets the items' offsets. The same items give
 * the same bytes. The library is
 * asked by one thread at a time. */
ls_status ls_h5_skeleton(size_t user_block, ls_h5_item *item, int items, char **image,
                         size_t *bytes);

#endif
