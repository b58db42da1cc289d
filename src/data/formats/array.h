/* array.h - what IDX and .npy files are behind their headers: numbers of one type, row by row, read
 * from front to back, by io/gz.h. */
#ifndef LS_DATA_FORMATS_ARRAY_H
#define LS_DATA_FORMATS_ARRAY_H

#include "data/source.h"
#include "io/gz.h"

typedef struct {
  const char *path; /* borrowed */
  ls_gz *gz;
  ls_dtype type; /* of the file */
  bool big;      /* big-endian */
  size_t header; /* bytes before the first number */
  int64_t rows, width;
  int64_t row; /* the next one */
} ls_array;

/* Rows and width by the header's dimensions. LS_EDATA where one is 0, or the file cannot hold as
 * much. */
ls_status ls_array_shape(ls_array *array, const int64_t *dimension, int dimensions);
/* The next rows as (rows, width) cells: LS_U8 (of LS_U8 only), LS_F32 or LS_F64. LS_EDATA where the
 * file ends within them; behind the last row, where it goes on. */
ls_status ls_array_read(ls_array *array, int64_t rows, ls_dtype cell, void *out);
/* Before the first row again. */
ls_status ls_array_rewind(ls_array *array);
/* Once it has been read: what is kept of the file. */
void ls_array_about(const ls_array *array, ls_data_file *file);
/* Inputs of such a type, as ls_shape says it. */
void ls_array_inputs(const ls_array *array, ls_shape *shape);
/* "big-endian int16" */
void ls_array_type(const ls_array *array, char *text, size_t size);

#endif
