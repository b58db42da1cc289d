/* h5file_private.h - what h5file.c and h5skeleton.c share; the only ones beside h5.c that see the
 * library. */
#ifndef LS_IO_H5FILE_PRIVATE_H
#define LS_IO_H5FILE_PRIVATE_H

#include <hdf5.h>

#include "io/h5file.h"
#include "io/h5type.h"

/* The library's own messages go to stderr otherwise; ours say the same with the user's names. */
void ls_h5_quiet(void);

#endif
