/* h5item.h - datasets of checkpoints by place: as the writer plans them, and as an index lists them
 * in a file. */
#ifndef LS_IO_H5ITEM_H
#define LS_IO_H5ITEM_H

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

#endif
