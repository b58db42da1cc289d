/* scaling.h - how each column is to be scaled, as a config says it by types and names; the numbers
 * follow in scale.h. Private to data/. */
#ifndef LS_DATA_SCALING_H
#define LS_DATA_SCALING_H

#include "data/source.h"

/* Of each feature, and of each column of y: (features), (columns) in out[LS_ROLE_X], [LS_ROLE_Y],
 * ls_mem; NULL where none is scaled. targets: y are numbers that may be scaled. LS_EDATA for a name
 * that no column has, LS_ECONFIG for a column that is not scaled. */
ls_status ls_scalings_of(const ls_source *train, const ls_scale_spec *spec, bool targets,
                         ls_scaling *out[2]);
/* Statistics of train say how. */
bool ls_scaling_measured(const ls_scaling *scaling);
/* Some column is a logarithm. */
bool ls_scale_logs(const ls_scale_spec *spec);

#endif
