/* heading.h - the columns of a table by what a config calls them: a name of the header, a number
 * from 1, a range of either. Private to data/. */
#ifndef LS_DATA_HEADING_H
#define LS_DATA_HEADING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct {
  const char *path;  /* for messages */
  char *const *name; /* (columns), or NULL: they have none */
  int64_t columns;
  const char *separator; /* of fields, which is wrong where there is but one column; NULL: none */
} ls_heading;

/* The column of this name, of `length` characters; -1: there is none. LS_EDATA for several. */
ls_status ls_heading_name(const ls_heading *heading, const char *name, size_t length,
                          int64_t *column);
/* Columns [*lo, *hi], from 0: a name goes first, then numbers ("7", "3-7"), then all that is
 * between two names. LS_EDATA, with what is there, for anything else. */
ls_status ls_heading_find(const ls_heading *heading, const char *name, int64_t *lo, int64_t *hi,
                          bool *numbered);

#endif
