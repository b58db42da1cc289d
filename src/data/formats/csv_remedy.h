/* csv_remedy.h - what may mend a CSV file that is refused, added to the text of the failure; in the
 * words of who can say it (config, data import, checkpoint). Private to csv*.c and data info. */
#ifndef LS_DATA_FORMATS_CSV_REMEDY_H
#define LS_DATA_FORMATS_CSV_REMEDY_H

#include "data/formats/csv_file.h"

/* Of a record of `fields` fields that begins at `at`; the one behind it is c->next. */
ls_status ls_csv_remedy_shape(const ls_csv *c, ls_status status, const ls_csv_cursor *at,
                              int64_t fields);
/* Of c->field[column], which is no number; the record taken last keeps that field alone. */
ls_status ls_csv_remedy_number(const ls_csv *c, ls_status status, int64_t line, int64_t column);
/* Of a column that the header does not have. */
ls_status ls_csv_remedy_column(const ls_csv *c, ls_status status);

/* Is the first line, before any record is read, no header and no sample? What separates fields in
 * it says nothing then. */
bool ls_csv_first_odd(const ls_csv *c);
/* How many lines stand before the samples where the first one counts these and their inputs, as in
 * scikit-learn's tables: 1, or 2 with names in the second; 0: it does not count. */
int ls_csv_counted(const ls_csv *c);

#endif
