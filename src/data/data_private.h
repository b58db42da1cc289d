/* data_private.h - what data.c (access), load.c (reading) and scale.c (statistics) share; nobody else includes it. */
#ifndef LS_DATA_PRIVATE_H
#define LS_DATA_PRIVATE_H

#include "data/format.h"
#include "data/gather.h"

/* One source in memory, one copy a node. */
typedef struct {
  ls_shape shape;
  ls_cell cell;
  ls_shared x;       /* (rows, features) cells; none where they are streamed */
  ls_source *source; /* then: where they are read from */
  ls_shared y;       /* (rows) int32 class numbers, or (rows, outputs) real */
} ls_part;

/* Which rows of which part a split is. */
typedef struct {
  int part;
  int64_t first, rows;
} ls_cut;

/* rows: of each source, 0 where there is none. LS_EDATA where a split would be empty. */
ls_status ls_cut_splits(const ls_data_spec *spec, const int64_t rows[3], ls_cut cut[3]);

struct ls_data {
  ls_precision precision;
  bool labels; /* y are class numbers */
  bool shuffle, drop_last;
  int64_t features, outputs;
  ls_part part[3]; /* by ls_split */
  ls_cut cut[3];
  ls_shared weight;               /* (rows of train's source) double, what each sample counts; none: 1 */
  ls_affine *x_affine, *y_affine; /* NULL: none */
  void *bytes;                    /* see ls_rows */
  ls_data_file *file;
  int files;
  /* load: stream. One source a thread: `ahead` is train once more, for the loader's. */
  ls_source *ahead;
  void *scratch;    /* (scratch_rows, features) cells */
  int64_t *counter; /* (scratch_rows) 0, 1, 2 ... */
  int64_t scratch_rows;
  int64_t window_bytes; /* of this rank */
};

ls_status ls_affine_new(int64_t n, ls_affine **out);
void ls_affine_free(ls_affine **affine);
ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out);

/* Rows from memory or from a file: rows [lo, lo + rows) as (rows, n) cells in *x. */
typedef struct {
  ls_status (*rows)(void *arg, int64_t lo, int64_t rows, const void **x);
  void *arg;
  ls_cell cell;
  int64_t count, n;
} ls_matrix;

enum { LS_MEASURE_ROWS = 1024 }; /* asked for at once, at most */

/* shift and divisor of (count, n) cells by `kind`. Rows are summed in fixed blocks, so the bits depend on nothing else. */
ls_status ls_affine_measure(const ls_matrix *m, ls_scale_kind kind, double by, ls_affine *affine);

/* LS_EDATA with its place for the first of `rows` rows' values, row `row` of the source, that is not finite. */
ls_status ls_check_finite(const ls_source *source, int64_t row, int64_t rows, ls_cell cell, const void *x);
ls_status ls_bad_value(const ls_source *source, int64_t row, int64_t column, const char *what, double value);
/* Cells that are reals -> scaled, in place. */
void ls_scale_cells(const ls_affine *affine, ls_cell cell, int64_t rows, void *x);

/* share.c: what the node's other ranks need, and whether all nodes have read the same. Collective. */
ls_status ls_share_shapes(ls_comm *comm, ls_data *data);
ls_status ls_share_rest(ls_comm *comm, ls_data *data);

#endif
