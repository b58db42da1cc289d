/* guess.h - data that are named by a path alone: what kind of file it is, and where its samples
 * are.
 */
#ifndef LS_DATA_GUESS_H
#define LS_DATA_GUESS_H

#include "data/data.h"
#include "data/source.h"

/* The format of a file, or of the first one of a pattern, by its first bytes; csv where nothing
 * else fits. */
ls_status ls_format_sniff(const char *path, const ls_format **out);

/* What data named by a path alone are compared with: those that a checkpoint was trained on. */
typedef struct {
  const ls_data_spec *spec;
  const ls_trained *trained; /* NULL: nothing is known of their columns but what spec says */
  bool no_header;            /* CSV: the first row is a sample */
} ls_data_like;
/* The samples of predict as split train, without labels or targets. file: "FILE" or "FILE:DATASET",
 * HDF5, CSV, .npy or IDX images as its first bytes say; `like` tells what `file` leaves open
 * (dataset, columns). x_affine NULL: not scaled. Collective.
 */
ls_status ls_data_open_inputs(ls_comm *comm, const char *file, const ls_data_like *like,
                              const ls_affine *x_affine, const ls_filling *x_mean,
                              ls_dtype precision, ls_data **out);
/* The spec of data named by a path alone: a folder of IDX files, or an HDF5 file as `lockstep data
 * import` makes it (docs/data.md). LS_EDATA for anything else. */
ls_status ls_data_guess(const char *path, ls_data_spec *out);
/* The same for eval: columns (CSV) and datasets (HDF5) are those of the training data, the whole
 * file is train where it has one set of samples. */
ls_status ls_data_guess_like(const char *path, const ls_data_like *like, ls_data_spec *out);
void ls_data_guess_free(ls_data_spec *spec);

#endif
