/* stream.h - load: stream. Samples stay in their files and are read while training, in the same
 * order and to the same bits as from memory. A thread reads a window of steps ahead: this rank's
 * samples of the next few thousand, sorted by their place in the file, so that the file is gone
 * through once a window. All of that stays within data.budget. Only formats with read_at (hdf5). */
#ifndef LS_DATA_STREAM_H
#define LS_DATA_STREAM_H

#include "base/batch.h"
#include "data/data_private.h"
#include "data/order.h"

typedef struct ls_stream ls_stream;

/* ---- stream.c: samples at once ---- */

/* Every rank's own sources and scratch memory; LS_ECONFIG for formats that can't. */
ls_status ls_stream_open(ls_comm *comm, const ls_data_spec *spec, ls_data *data);
/* The train split's inputs or targets as they are in the file, for ls_affine_measure. */
ls_matrix ls_stream_inputs(const ls_data *data);
ls_matrix ls_stream_targets(const ls_data *data);
/* As ls_data_gather: any rows of a part; those that lie close together are read together. */
ls_status ls_stream_gather(const ls_data *data, const ls_part *part, const int64_t *row,
                           int64_t rows, void *x, int64_t ldx, int32_t *labels, void *targets);

/* Bytes of a row's x and y as they wait to be used. */
size_t ls_stream_x_width(const ls_data *data);
size_t ls_stream_y_width(const ls_data *data);
/* The least budget of a rank whose windows have so many bytes. */
int64_t ls_stream_budget(int64_t window_bytes);
/* Room for as many rows as `bytes` hold, 1 at least. */
ls_status ls_span_new(const ls_data *data, int64_t bytes, ls_span *span);
/* (rows, features) cells -> (rows, ldx) reals. */
void ls_stream_convert(const ls_data *data, const char *cells, int64_t rows, void *x, int64_t ldx);

/* ---- ahead.c: minibatches, read ahead by a thread ---- */

/* LS_ECONFIG where the budget does not hold one minibatch. */
ls_status ls_stream_new(const ls_data *data, const ls_share *share, ls_stream **out);
void ls_stream_free(ls_stream **stream);
/* Before the first batch: steps count as this share's plan says. */
void ls_stream_move(ls_stream *stream, const ls_share *share);
/* x, labels and targets of this rank's share of `step`; steps in order need no waiting where the
 * files are fast enough. */
ls_status ls_stream_batch(ls_stream *stream, int64_t step, ls_batch *out);

#endif
