/* one_hot.h - a source whose y is a column a class, each row one 1 and zeros, as a source of class
 * numbers. Private to data/. */
#ifndef LS_DATA_ONE_HOT_H
#define LS_DATA_ONE_HOT_H

#include "data/source.h"

/* *source, whose samples have classes and `outputs` > 1 columns of y, becomes one with
 * shape.outputs 1 and shape.classes the number of columns; the columns' names are the classes'
 * names. A row with a missing value has no class (NaN). Another row that is not one 1 and zeros is
 * LS_EDATA, located, when it is read, and infinite where the source is loose. `classes`: as many as
 * there must be; 0: any number. On failure *source is what it was. */
ls_status ls_one_hot_open(ls_source **source, int64_t classes);
/* Does the source within have a row of several shares? Reads it from its begin, and goes back
 * there.
 */
ls_status ls_one_hot_soft(ls_source *source, bool *soft);
/* Are these n numbers the shares of something: >= 0, with a sum of 1? */
bool ls_is_soft(const double *row, int64_t n);

#endif
