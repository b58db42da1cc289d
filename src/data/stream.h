/* stream.h - load: stream. Inputs stay in their files and are read while training, in the same order and to the same bits as from
 * memory. A thread reads a window of steps ahead: this rank's samples of the next few thousand, sorted by their place in the file, so that
 * the file is gone through once a window. Labels and targets are in memory all the same. Only formats with read_at (hdf5). */
#ifndef LS_DATA_STREAM_H
#define LS_DATA_STREAM_H

#include "data/data_private.h"
#include "data/order.h"

typedef struct ls_stream ls_stream;

/* Every rank's own sources and scratch memory; LS_ECONFIG for formats that can't. */
ls_status ls_stream_open(ls_comm *comm, const ls_data_spec *spec, ls_data *data);
/* ls_affine_measure of the train split into data->x_affine, straight from the file. m: cell, count and n are set. */
ls_status ls_stream_measure(const ls_data *data, ls_matrix *m, ls_scale_kind kind, double by);
/* As ls_data_gather's inputs: any samples, at once; consecutive ones are read together. */
ls_status ls_stream_gather(const ls_data *data, const ls_part *part, const int64_t *index, int64_t offset, int64_t rows, void *x,
                           int64_t ldx);

ls_status ls_stream_new(const ls_data *data, const ls_share *share, ls_stream **out);
void ls_stream_free(ls_stream **stream);
/* Inputs of this rank's share of `step`; steps in order need no waiting where the files are fast enough. */
ls_status ls_stream_batch(ls_stream *stream, int64_t step, void *x, int64_t ldx);

#endif
