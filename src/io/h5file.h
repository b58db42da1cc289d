/* h5file.h - what checkpoints need of HDF5, and nothing more: an empty skeleton with datasets at
 * known offsets, and a strict reader. Strict: every component of a path is a hard link, spaces are
 * simple of rank 0 to 2, storage is contiguous in the file itself (no external, virtual, chunked or
 * filtered data), types are fixed-size. Main thread only.
 *
 * The reader runs in this process on nothing but a skeleton of our own making; files are read by it
 * in a process that may die (io/h5helper.h). */
#ifndef LS_IO_H5FILE_H
#define LS_IO_H5FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/status.h"

enum { LS_H5_PATH = 128, LS_H5_TYPE = 8 };

/* A dataset as an index lists it, in memory as in the file: texts are padded with zeros. */
typedef struct {
  char path[LS_H5_PATH];
  char type[LS_H5_TYPE]; /* ls_dtype_name */
  int64_t rank, dim[2];  /* 1 beyond the rank */
  int64_t offset, bytes; /* from the start of the file; of all elements */
} ls_h5_row;

typedef struct {
  char path[LS_H5_PATH]; /* "/group/.../name" */
  ls_dtype type; /* LS_I64, U64, F32, F64, FIXED_TEXT; RECORD: ls_h5_row. Numbers little-endian,
                    texts with a NUL behind them */
  int64_t width; /* bytes of one element */
  int rank;      /* 0 (scalar), 1 or 2 */
  int64_t dim[2];
  int64_t count; /* elements */
  size_t bytes;  /* count * width */
  size_t offset; /* from the start of the file, user block included */
} ls_h5_item;

/* Fill an item's sizes; LS_EDATA where the products overflow or a dimension is < 1. */
ls_status ls_h5_item_set(ls_h5_item *item, const char *path, ls_dtype type, int64_t width, int rank,
                         int64_t d0, int64_t d1);
void ls_h5_row_set(ls_h5_row *row, const ls_h5_item *item);
/* Back again; LS_EDATA for a row that ls_h5_row_set would not have made, or a size that is not
 * possible. Whether it lies within a file is not looked at. */
ls_status ls_h5_row_item(const ls_h5_row *row, ls_h5_item *item);

/* A file of `items` empty datasets behind `user_block` bytes, made by the library in memory (*image
 * from ls_mem). Sets the items' offsets. The same items give the same bytes. */
ls_status ls_h5_skeleton(size_t user_block, ls_h5_item *item, int items, char **image,
                         size_t *bytes);

typedef struct ls_h5_file ls_h5_file;
/* The bytes are borrowed, not copied, until close: what was verified is what is parsed. name: for
 * messages. */
ls_status ls_h5_open_image(const char *name, const void *image, size_t bytes, ls_h5_file **out);
ls_status ls_h5_open_path(const char *path, ls_h5_file **out);
void ls_h5_close(ls_h5_file **file);

/* LS_EDATA, naming file and dataset, where it is missing or not as strict as above. Any number type
 * of 4 or 8 bytes, of either byte order, is found; `exact` asks for the types above. */
ls_status ls_h5_find(ls_h5_file *file, const char *path, int exact, ls_h5_item *out);
/* All of a dataset as `precision`, converted; out has room for item->count. */
ls_status ls_h5_read_real(ls_h5_file *file, const ls_h5_item *item, ls_dtype precision, void *out);
/* Number of datasets below a group; LS_EDATA for a link that is not hard, an object of another
 * kind, more than four levels. */
ls_status ls_h5_count(ls_h5_file *file, const char *group, int64_t *datasets);
/* Call visit(arg, path) for each of them; what it returns that is not LS_OK ends the tour. */
typedef ls_status ls_h5_each(void *arg, const char *path);
ls_status ls_h5_tour(ls_h5_file *file, const char *group, ls_h5_each *visit, void *arg);

#endif
