/* dataset.h - how a config names a dataset of an HDF5 file, or columns of it: "/u", "/u[2]",
 * "/u[0:2]" (columns 0 and 1), "/u[3:]", and in another file than the source's "labels.h5:/y". */
#ifndef LS_DATA_FORMATS_DATASET_H
#define LS_DATA_FORMATS_DATASET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int file;         /* characters of the text that name a file; 0: the source's own */
  const char *here; /* the text without them, */
  int path;         /* which begins with so many of the dataset's path, and goes on with columns */
  bool some;        /* it says which: */
  int64_t lo, hi;   /* [lo, hi); hi -1: to the last one */
} ls_dataset;

ls_dataset ls_dataset_of(const char *text);

#endif
