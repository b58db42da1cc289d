/* columns.h - what is known of a source's columns by name: from a CSV header, from an HDF5 file
 * as `lockstep data import` makes it, or from a program (given.c). */
#ifndef LS_DATA_COLUMNS_H
#define LS_DATA_COLUMNS_H

#include "base/texts.h"
#include "data/source.h"

/* Each list is empty, or has one text for each column; "" where it is not known. */
typedef struct ls_columns {
  ls_texts name[2], unit[2]; /* of x, y */
  ls_texts classes;          /* of y, where it is one column of class numbers */
  ls_texts called;           /* y where it has no names: by its dataset alone, for people; other
                                data are not searched for it */
  ls_trained trained;        /* all columns, named or not, and which of them are x and y; none where
                                they have neither names nor places */
  char stored[2][240]; /* as what x and y are in the file: "float64", "uint8, 28 x 28 each"; ""
                         where that says nothing */
} ls_columns;

/* LS_EDATA where a file cannot be read; a source without any names is none. */
ls_status ls_columns_of(const ls_source *source, ls_columns *out);
void ls_columns_free(ls_columns *columns);
/* "speed [m/s]" (count) as name and unit; a column without brackets has unit "". */
ls_status ls_columns_split(char *const *whole, int64_t count, ls_texts *names, ls_texts *units);
/* The other way: "speed [m/s]". units may be empty. */
ls_status ls_columns_whole(const ls_texts *names, const ls_texts *units, ls_texts *out);

/* Where an HDF5 file of ours keeps them: "/columns/x" and "/columns/y". */
extern const char *const ls_columns_path[2];
#define LS_COLUMNS_UNITS "units"     /* attribute of these */
#define LS_COLUMNS_CLASSES "classes" /* attribute of y */

#endif
