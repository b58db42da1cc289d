/* refuse.h - what is wrong with a value, and where it stands. Private to data/ and the data
 * commands. */
#ifndef LS_DATA_REFUSE_H
#define LS_DATA_REFUSE_H

#include "data/source.h"

/* Rows on their way from a file: which of the source's each is. */
typedef struct {
  const ls_source *source;
  int64_t first;      /* row k is first + k, or */
  const int64_t *row; /* row[k] where this is not NULL */
} ls_origin;

enum { LS_ROLE_X, LS_ROLE_Y };

extern const char ls_not_finite[]; /* what is wrong with such a value */
/* LS_EDATA: "PLACE: what (it is 3)" of a column of row k. column < 0: y's column -1 - column. */
ls_status ls_refuse(const ls_origin *origin, int64_t k, int64_t column, const char *what,
                    double value);
/* The same, and where the value is missing what can be done about it, "; say this" (NULL: nothing
 * is said), which only they know who open the data: what a command makes of missing values. */
ls_status ls_refuse_missing(const ls_origin *origin, int64_t k, int64_t column, const char *what,
                            double value, const char *remedy);
/* That, where one of the values of x (rows, n) is not finite. */
ls_status ls_refuse_not_finite(const ls_origin *origin, int64_t rows, int64_t n, ls_dtype type,
                               const void *value, const char *remedy);

/* The failure that the targets are not there, where all inputs are. */
ls_status ls_refuse_targetless(ls_status status);

#endif
