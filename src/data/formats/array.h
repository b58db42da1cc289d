/* array.h - what IDX and .npy files are behind their headers: numbers of one type, row by row, read
 * from front to back, by io/gz.h; and a source of two of them, one of x and one of y. */
#ifndef LS_DATA_FORMATS_ARRAY_H
#define LS_DATA_FORMATS_ARRAY_H

#include "data/columns.h"
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

typedef struct {
  ls_source base;
  ls_array array[2]; /* (files) x, y */
} ls_arrays;

/* What two such formats do not have in common. */
typedef struct {
  const ls_format *format; /* with the functions below, and its own place */
  /* Read what stands before the numbers of a file that is open, x (role 0) or y; ends with
   * ls_array_shape. */
  ls_status (*header)(ls_array *array, int role, const ls_opening *what);
  ls_status (*check)(const ls_arrays *files,
                     bool classes); /* do x and y, both open, go together? */
} ls_array_kind;

/* path[1] NULL: there is no y. */
ls_status ls_arrays_open(const ls_array_kind *kind, const ls_opening *what, char *const path[2],
                         ls_source **out);
ls_status ls_arrays_read(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y);
ls_status ls_arrays_rewind(ls_source *source);
ls_status ls_arrays_columns(const ls_source *source, ls_columns *out);
void ls_arrays_close(ls_source *source);

#endif
