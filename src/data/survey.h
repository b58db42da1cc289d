/* survey.h - one pass over a source: what its values are like, which classes, which rows are the
 * same. */
#ifndef LS_DATA_SURVEY_H
#define LS_DATA_SURVEY_H

#include "data/source.h"

/* Of finite values only, all columns together. */
typedef struct {
  int64_t count, not_finite;
  double least, most, mean;
  double squares; /* sum of (value - mean)^2 */
} ls_spread;

void ls_spread_add(ls_spread *spread, const double *value, int64_t n);
double ls_spread_deviation(const ls_spread *spread); /* of the population; 0 for none */

/* Columns that have one value in all rows looked at. */
typedef struct {
  bool looked;     /* at any */
  int64_t columns; /* there are */
  int64_t same;    /* how many of them have */
  int64_t *at;     /* (same) their numbers, from 0 */
  double *value;   /* (columns) that value; NaN: none yet */
} ls_constants;

ls_status ls_constants_make(ls_constants *constants, int64_t columns);
/* One row's values (columns), which may come again; NaN tells nothing. */
void ls_constants_look(ls_constants *constants, ls_dtype cell, const void *row);
/* The same of values less `place`: those that stay count the rows. */
void ls_constants_look_less(ls_constants *constants, ls_dtype cell, const void *row, double place);
void ls_constants_free(ls_constants *constants);

enum { LS_SURVEY_CLASSES = 4096 };

typedef struct {
  ls_shape shape;
  ls_spread x, y;
  ls_constants constant; /* inputs */
  int64_t classes;  /* y are whole numbers 0 .. classes - 1, all below LS_SURVEY_CLASSES; else 0 */
  int64_t *count;   /* (classes) samples of each */
  uint64_t *hash;   /* (rows) XXH3 of the inputs, sorted */
  int64_t repeated; /* rows with the same inputs as another before them */
} ls_survey;

/* Read all of a fresh source. Bytes are hashed as bytes where `bytes`, everything else as doubles.
 */
ls_status ls_survey_read(ls_source *source, bool bytes, ls_survey *out);
void ls_survey_free(ls_survey *survey);
/* How many rows of b have the inputs of a row of a. */
int64_t ls_survey_common(const ls_survey *a, const ls_survey *b);

#endif
