/* data_private.h - the data as they lie in memory or in files: what the files of this room share;
 * nobody else includes it. */
#ifndef LS_DATA_PRIVATE_H
#define LS_DATA_PRIVATE_H

#include "data/bad_value.h"
#include "data/drawn.h"
#include "data/format.h"
#include "data/gather.h"

/* One source in memory, one copy a node. */
typedef struct {
  ls_shape shape;
  ls_dtype cell;     /* of x as kept */
  ls_dtype raw;      /* of x as read: doubles where they are yet to be scaled, so that they are
                       rounded once */
  ls_shared x;       /* (rows, features) cells */
  ls_shared y;       /* (rows) int32 class numbers, or (rows, outputs) real */
  ls_source *source; /* load: stream: neither, but where they are read from */
} ls_part;

/* Which rows of which part a split is: those from `first` on, or of the rows from there on those
 * that are drawn, or the others. */
typedef struct {
  int part;
  int64_t first, rows;
  const ls_drawn *drawn; /* NULL: all */
  bool taken;
} ls_cut;
static inline int64_t ls_cut_row(const ls_cut *cut, int64_t i) {
  return cut->first + (cut->drawn ? ls_drawn_sample(cut->drawn, cut->taken, i) : i);
}
static inline bool ls_cut_has(const ls_cut *cut, int part, int64_t row) {
  int64_t i = row - cut->first, n = cut->drawn ? cut->drawn->n : cut->rows;
  if (cut->rows == 0 || cut->part != part || i < 0 || i >= n) return false;
  return !cut->drawn || ls_drawn_is(cut->drawn, i) == cut->taken;
}

/* rows: of each source, 0 where there is none. LS_EDATA where a split would be empty. A share that
 * is drawn is as long as it will be (groups: at most), and where its samples are is left open. */
ls_status ls_cut_splits(const ls_data_spec *spec, const int64_t rows[3], ls_cut cut[3]);
/* Is the validation split drawn from train? */
bool ls_cut_is_drawn(const ls_data_spec *spec, const ls_cut cut[3]);
/* How many samples it is drawn from: memory is ls_drawn_bytes of that. */
int64_t ls_cut_drawn_from(const ls_cut cut[3]);
/* Draw it; train: the open source. LS_EDATA where no group fits, or one side would be empty. */
ls_status ls_cut_draw(const ls_data_spec *spec, ls_source *train, const ls_cut cut[3],
                      ls_drawn *drawn);
/* The splits as drawn. */
void ls_cut_take(const ls_drawn *drawn, ls_cut cut[3]);

/* Rows as they come from a file. */
typedef struct {
  int64_t rows; /* room */
  char *x;      /* (rows, features) cells */
  double *y;    /* (rows, outputs of the file) */
} ls_span;

struct ls_data {
  ls_dtype precision;
  ls_target_kind target;
  bool labels;     /* y are class numbers, for `target` or by spec.classes */
  int64_t classes; /* below this; 0: from the labels */
  ls_order_kind order;
  bool drop_last;
  int64_t features, outputs;
  bool scaled;     /* x are, or will be */
  bool turnable;   /* samples may be columns: HDF5 */
  ls_part part[3]; /* by ls_split */
  ls_cut cut[3];
  ls_drawn drawn; /* where the cuts are drawn */
  ls_shared drawn_memory;
  int64_t *class_count[2]; /* (classes_room) of train and validation, see ls_data_class_counts */
  int64_t classes_room;
  ls_shared weight; /* (rows of train's source) double, what each sample counts; none: 1 */
  ls_affine *x_affine, *y_affine; /* NULL: none */
  void *bytes;                    /* see ls_rows */
  ls_texts names;                 /* see ls_data_names */
  ls_trained trained;             /* see ls_data_trained */
  ls_data_file *file;
  int files;
  /* load: stream. One source a thread: `ahead` is train once more, for the loader's. */
  ls_source *ahead;
  ls_span scratch;
  void *kept;                   /* (scratch.rows, target width) of scratch.y */
  int64_t *counter;             /* (scratch.rows) 0, 1, 2 ... */
  int64_t budget, window_bytes; /* of this rank: all, and of that the windows */
  int ranks, sharers;           /* all; those of this node */
};

ls_status ls_affine_new(int64_t n, ls_affine **out);
void ls_affine_free(ls_affine **affine);
ls_status ls_affine_copy(const ls_affine *from, int64_t n, const char *what, ls_affine **out);

/* Rows from memory or from a file: rows [lo, lo + rows) as (rows, n) cells in *x, at most `most` at
 * once. */
typedef struct {
  ls_status (*rows)(void *arg, int64_t lo, int64_t rows, const void **x);
  void *arg;
  ls_dtype cell;
  int64_t count, n, most;
} ls_matrix;

/* shift and divisor of (count, n) cells by `kind`. Rows are summed in fixed blocks, so the bits
 * depend on nothing else. */
ls_status ls_affine_measure(const ls_matrix *m, ls_scale_kind kind, double by, ls_affine *affine);

/* x as read, row `row` of a part's source on -> scaled and finite, as it is kept; out may be x, and
 * is x where nothing is scaled. LS_EDATA with the place of a bad one. */
ls_status ls_inputs_keep(const ls_data *data, const ls_part *part, const ls_source *source,
                         int64_t row, int64_t rows, const void *x, void *out);
/* Reals or doubles -> scaled reals, rounded once; out may be x. Bytes are left alone. */
void ls_scale_cells(const ls_affine *affine, ls_dtype from, ls_dtype to, int64_t rows,
                    const void *x, void *out);

/* Values of train that wait for their statistics in the place where they will be kept: in the cells
 * that are kept, or as doubles of which the upper halves lie there, so that only the lower ones
 * take memory of their own and nothing is read twice. */
typedef struct {
  char *at;      /* (rows, n) */
  uint32_t *low; /* (rows, n); NULL: they are cells as kept */
  double *wide;  /* (most, n) some rows put together again */
  ls_dtype cell; /* as kept */
  int64_t rows, n, most;
  const ls_cut *cut; /* the rows that are measured */
} ls_unscaled;

/* raw: cells as read, another kind than `kept` only for doubles that will be float32. */
ls_status ls_unscaled_new(ls_unscaled *u, void *at, ls_dtype raw, ls_dtype kept, int64_t rows,
                          int64_t n);
void ls_unscaled_free(ls_unscaled *u);
/* The first n of each row's `columns` doubles as rows [row, row + rows); the cells as kept are
 * doubles, or made of halves. */
void ls_unscaled_put(ls_unscaled *u, int64_t row, int64_t rows, const double *value,
                     int64_t columns);
/* The rows of a split, to be measured. */
ls_matrix ls_unscaled_matrix(ls_unscaled *u, const ls_cut *cut);
void ls_unscaled_scale(const ls_unscaled *u, const ls_affine *affine); /* all, in place */

/* target.c. Bytes of one row of y as kept, where the file has `outputs` columns: int32 class
 * numbers, or reals of the precision. */
size_t ls_target_width(const ls_data *data, int64_t outputs);
/* rows rows of y (rows, columns) as read, row `row` of the source on, into what is kept, scaled
 * where data->y_affine says so: the first of its columns. LS_EDATA with the place of a bad one. */
ls_status ls_target_keep(const ls_data *data, const ls_source *source, int64_t row, int64_t rows,
                         const double *y, int64_t columns, void *out);
/* Rows index[k] + offset of what is kept into labels and targets; either may be NULL. */
void ls_target_copy(const ls_data *data, const void *y, const int64_t *index, int64_t offset,
                    int64_t rows, int32_t *labels, void *targets);

/* share.c: what the node's other ranks need, and whether all nodes have read the same. Collective.
 */
ls_status ls_share_shapes(ls_comm *comm, ls_data *data);
ls_status ls_share_rest(ls_comm *comm, ls_data *data);

#endif
