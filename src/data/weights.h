/* weights.h - what each training sample counts: its weight in the data times the weight of its
 * class. Private to data/. */
#ifndef LS_DATA_WEIGHTS_H
#define LS_DATA_WEIGHTS_H

#include "data/data_private.h"
#include "data/names.h"

/* Column `outputs` of y (rows, outputs + 1) as the weights of rows [row, row + rows) of train's
 * source. LS_EDATA, located, for one that is negative or not finite. */
ls_status ls_weights_store(ls_data *data, const ls_source *source, int64_t row, int64_t rows,
                           const double *y);
/* All of train has been read: times the classes' weights. names: of the classes, NULL where they
 * are numbers. LS_ECONFIG for a class that there is not; LS_EDATA where all weights are 0, or their
 * sum is too large for a double. */
ls_status ls_weights_finish(ls_data *data, const ls_data_spec *spec, const ls_names *names);

#endif
