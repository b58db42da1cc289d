/* refuse.h - rows on their way from a source, and what is wrong with a value of them and where it
 * stands. Private to data/ and the data
 * commands. */
#ifndef LS_DATA_REFUSE_H
#define LS_DATA_REFUSE_H

#include "data/source.h"

/* Rows as read: which of the source's each is, and their values, as far as they are asked for. */
typedef struct {
  const ls_source *source;
  int64_t first;      /* row k is first + k, or */
  const int64_t *row; /* row[k] where this is not NULL */
  int64_t rows;
  const void *x;   /* (rows, features) cells, as the recipe's raw; NULL: they are not read */
  const double *y; /* (rows, stride) */
  int64_t stride;
} ls_chunk;

extern const char ls_not_finite[]; /* what is wrong with such a value */
/* LS_EDATA: "PLACE: what (it is 3)" of a column of row k. column < 0: y's column -1 - column. */
ls_status ls_refuse(const ls_chunk *chunk, int64_t k, int64_t column, const char *what,
                    double value);
/* The same, and where the value is missing what can be done about it, "; say this" (NULL: nothing
 * is said), which only they know who open the data: what a command makes of missing values. */
ls_status ls_refuse_missing(const ls_chunk *chunk, int64_t k, int64_t column, const char *what,
                            double value, const char *remedy);
/* That, where one of the values (chunk->rows, n) of inputs is not finite. */
ls_status ls_refuse_not_finite(const ls_chunk *chunk, int64_t n, ls_dtype type, const void *value,
                               const char *remedy);

/* The failure that the targets are not there, where all inputs are. */
ls_status ls_refuse_targetless(ls_status status);

#endif
