/* stream.h - load: stream. Samples stay in their files and are read while training, in the same
 * order and to the same bits as from memory; all that takes memory stays within data.budget. Only
 * formats that read any row (hdf5). Here: any samples at once; ahead.h: minibatches, read ahead. */
#ifndef LS_DATA_STREAM_H
#define LS_DATA_STREAM_H

#include "data/store.h"

/* Rows as they come from a file. */
typedef struct {
  int64_t rows; /* room */
  char *x;      /* (rows, features) as recipe->raw */
  double *y;    /* (rows, columns) */
} ls_span;

typedef struct {
  ls_store base;
  ls_source *source[3]; /* this rank's own */
  ls_source *ahead;     /* train once more, for the thread of ahead.c */
  ls_span scratch;
  void *kept;                   /* (scratch.rows) y of scratch as kept */
  int64_t budget, window_bytes; /* of this rank: all, and of that ahead.c's windows */
  int ranks, sharers;           /* all; those of this node */
} ls_stream;

/* Rows closer together than this many bytes are read with what is between them. */
enum { LS_STREAM_GAP = 64 << 10 };

/* Room for as many rows as `bytes` hold, 1 at least. */
ls_status ls_span_new(const ls_recipe *recipe, int64_t bytes, ls_span *span);
void ls_span_free(ls_span *span);
/* The least budget of a rank whose windows have so many bytes. */
int64_t ls_stream_budget(int64_t window_bytes);

#endif
