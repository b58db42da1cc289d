/* csv_columns.h - which columns of a CSV file are inputs, targets and weights: as a config says it,
 * or by the names that a checkpoint knows; and inputs that are texts. Private to csv*.c. */
#ifndef LS_DATA_FORMATS_CSV_COLUMNS_H
#define LS_DATA_FORMATS_CSV_COLUMNS_H

#include "data/formats/csv_file.h"

/* c->x, c->y and the shape's numbers of them, of a file that has been started. */
ls_status ls_csv_choose(ls_csv *c, const ls_opening *what);
/* The columns lo to hi that a config calls `name`. */
ls_status ls_csv_find(ls_csv *c, const char *name, int64_t *lo, int64_t *hi);
/* The header as other data know it: units apart and put back in one way. */
ls_status ls_csv_header(const ls_csv *c, ls_texts *out);

#endif
