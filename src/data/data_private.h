/* data_private.h - what data.c (access), load.c (reading) and scale.c (statistics) share; nobody else includes it. */
#ifndef LS_DATA_PRIVATE_H
#define LS_DATA_PRIVATE_H

#include "data/format.h"
#include "data/gather.h"

/* One source in memory, one copy a node. */
typedef struct {
  ls_shape shape;
  ls_cell cell;
  ls_shared x; /* (rows, features) cells */
  ls_shared y; /* (rows) int32 class numbers, or (rows, outputs) real */
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
  ls_affine *x_affine, *y_affine; /* NULL: none */
  void *bytes;                    /* see ls_rows */
  ls_data_file *file;
  int files;
};

ls_status ls_affine_new(int64_t n, ls_affine **out);
void ls_affine_free(ls_affine **affine);
ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out);
/* Statistics of x (rows, n) cells: shift and divisor by `kind`. Rows are summed in fixed blocks, so the bits depend on nothing else. */
ls_status ls_affine_measure(const void *x, ls_cell cell, int64_t rows, ls_scale_kind kind, double by, ls_affine *affine);

#endif
