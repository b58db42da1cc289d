/* h5helper.h - io/h5file.h's strict reader in a process of its own (io/child.h). HDF5 does not
 * survive every file, also where a digest is right: what it parses, it parses where it may crash or
 * hang. LS_EDATA, naming the file, where it did. */
#ifndef LS_IO_H5HELPER_H
#define LS_IO_H5HELPER_H

#include <stdint.h>

#include "io/child.h"
#include "io/h5file.h"

/* Every dataset of a file in memory, in any order; *row from ls_mem. The rows are what a process
 * says that may have been led astray: ls_h5_row_item before use. */
ls_status ls_h5helper_list(const char *name, const void *image, size_t bytes, ls_h5_row **row,
                           int64_t *rows);
/* Number of datasets below a group of the file `path`. */
ls_status ls_h5helper_count(const char *path, const char *group, int64_t *datasets);
/* The datasets want[0..items) of the file `path`, one behind the other, as `precision`: 4- or
 * 8-byte floating point of either byte order, with the ranks and dimensions of `want`, and there
 * must be no others below `group`. */
ls_status ls_h5helper_read(const char *path, const char *group, const ls_h5_item *want, int items,
                           ls_dtype precision, void *out);

/* For ls_child_main. */
extern const ls_child_job ls_h5helper_list_job, ls_h5helper_count_job, ls_h5helper_read_job;

#endif
