/* understood.h - what was understood of the data (data/account.h), as text and as JSON: the one
 * printer for a run's first lines, --dry-run and data info. On rank 0. */
#ifndef LS_VIEW_UNDERSTOOD_H
#define LS_VIEW_UNDERSTOOD_H

#include <jansson.h>

#include "data/data.h"

enum { LS_SCREEN_COLUMNS = 80 };

/* Lines of at most LS_SCREEN_COLUMNS, each ending with a newline; what there is nothing to say of
 * has none. ls_mem text. */
char *ls_understood_text(const ls_data *data);
/* samples, inputs, targets, classes, missing, scaling and, where some columns have their own,
 * scaling_columns; null: not known, or there is none. */
json_t *ls_understood_json(const ls_data *data);

#endif
