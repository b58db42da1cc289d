/* outputs.h - what predict writes: rows of outputs as HDF5, CSV or .npy, by the file's name, or as
 * CSV on stdout. A file has its name only once it is whole. */
#ifndef LS_CLI_OUTPUTS_H
#define LS_CLI_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/status.h"
#include "base/texts.h"

typedef struct {
  const char *path; /* .h5, .hdf5, .csv, .npy; - or a pipe without an ending: CSV */
  bool replace;     /* a file that is there */
  const char *what; /* HDF5: the dataset's name, "predictions" */
  int64_t rows, width;
  ls_dtype type;         /* of the numbers: LS_F32 or LS_F64 */
  bool classes;          /* the columns are classes: HDF5 has the largest one's number too */
  bool spread;           /* each column's spread too: HDF5's /spread, CSV's columns behind these */
  const ls_texts *names; /* (width) of the columns, targets with their units; or none */
} ls_outputs_args;

typedef struct ls_outputs ls_outputs;

bool ls_outputs_are_h5(const char *path);
/* LS_EUSAGE for a name whose ending says no format. */
ls_status ls_outputs_check(const char *path);
/* LS_EIO where it cannot be written, or is there and is not to be replaced. `args` is copied, not
 * what it points to. */
ls_status ls_outputs_open(const ls_outputs_args *args, ls_outputs **out);
bool ls_outputs_have_spread(const char *path); /* .npy has no place for it */
/* The next rows of y (rows, width), of args.type; with spread (2, rows, width). */
ls_status ls_outputs_write(ls_outputs *outputs, int64_t rows, const void *y);
/* commit false: forget all of it. Frees in any case. */
ls_status ls_outputs_close(ls_outputs **outputs, bool commit);

#endif
