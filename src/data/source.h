/* source.h - an open source: rows of a file, or of several as one, in order; and what each format
 * promises for it (ls_format). Private to data/ and the data commands. */
#ifndef LS_DATA_SOURCE_H
#define LS_DATA_SOURCE_H

#include "data/data.h"

typedef struct {
  int64_t rows, features;
  int64_t outputs; /* columns of y; 0: there is no y */
  int64_t classes; /* y was a column for each of these (one_hot.h); 0: the labels tell */
  bool soft;       /* y is a column a class, and some rows are shares of several classes */
  int64_t weights; /* 1: behind them one column more, the sample's weight (train, where the spec
                      names one); else 0 */
  bool bytes;      /* x are unsigned bytes */
  bool single;     /* x are numbers that a float32 holds exactly */
} ls_shape;

typedef struct ls_format ls_format;
typedef struct ls_names ls_names;
struct ls_columns; /* columns.h */

/* An open source: its rows come in order, until `rewind`. Each format's own struct begins with this
 * one. */
typedef struct {
  const ls_format *format;
  ls_shape shape;
  ls_data_file *file; /* (files); digest and samples are there once the last row has been read */
  int files;
  ls_names *names; /* y are numbers into these names of classes; NULL: none */
  bool loose;      /* the rows that are read are not used: one that cannot be read is infinite */
  bool fills;      /* missing inputs become `filling`; else they are NaN, or */
  double filling;
  const double *mean;     /* (features) become these; NULL: none */
  int64_t *filled;        /* (features) how many have, of rows that are used; NULL: not counted */
  ls_separator separator; /* of a CSV file; auto: it is none */
} ls_source;

/* What a format is asked to open. */
typedef struct {
  const ls_data_spec *spec;
  ls_split split;
  const char *file;  /* one file of the source; NULL: what spec.dir has of the split */
  int64_t skipped;   /* its first samples are not used: they tell of no classes */
  char *const *more; /* of the first of several files: the others, NULL-terminated; else NULL */
  bool classes;      /* y are class numbers or names */
  bool quick;        /* digests are not needed */
  ls_source
      *first; /* the source of train opened first, which knows the class names; NULL: this is it */
} ls_opening;

struct ls_format {
  const char *name; /* data.type */
  /* LS_EDATA, located. *out is NULL on failure, and where the format has no such split. */
  ls_status (*open)(const ls_opening *what, ls_source **out);
  /* The next `rows` rows: x (rows, features) cells, y (rows, outputs + weights). cell is LS_U8
   * only where shape.bytes. What is missing is NaN. After the last row the end of the file is
   * checked too. x NULL: y alone; of a file whose rows are lines nothing else is then checked. */
  ls_status (*read)(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y);
  /* Any rows [lo, lo + rows), independent of read; x or y may be NULL. NULL: not by it. */
  ls_status (*read_at)(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                       double *y);
  /* A hint: read_at will want x of these rows soon. There wherever read_at is. */
  void (*soon)(ls_source *source, int64_t lo, int64_t rows);
  /* No file is held open until the next read_at. There wherever read_at is. */
  void (*rest)(ls_source *source);
  /* `read` begins again with the first row. */
  ls_status (*rewind)(ls_source *source);
  /* Of every row that is asked for (rows) a number that is the same for the same value of column or
   * dataset `by`; LS_EDATA, located, where there is no such thing, or such a value is missing. NULL
   * where the format has none. */
  ls_status (*keys)(ls_source *source, const char *by, const bool *asked, uint64_t *key);
  /* Where a value stands, for messages: "FILE: sample 17", "FILE:18: column 3". column < 0: y's
   * column -1 - column. */
  void (*place)(const ls_source *source, int64_t row, int64_t column, char *text, size_t size);
  /* Names, units and classes, as far as the file has them (columns.h); may be NULL. */
  ls_status (*columns)(const ls_source *source, struct ls_columns *out);
  /* Marks the columns of x (features), of y (outputs; NULL: none) that come from `name`, a dataset
   * or columns of one as a config has them; NULL where the format has no datasets. */
  void (*mark)(const ls_source *source, const char *name, bool *const meant[2]);
  void (*close)(ls_source *source);
};

/* The dataset or column of weights that is asked for with this source; NULL: none. */
static inline const char *ls_opening_weights(const ls_opening *what) {
  const ls_data_spec *spec = what->spec;
  bool read = what->split == LS_SPLIT_TRAIN && !spec->inputs && !spec->unweighted;
  return read ? spec->weights : NULL;
}
static inline int64_t ls_shape_columns(const ls_shape *shape) {
  return shape->outputs + shape->weights;
} /* of y as it is read */

/* Begin a source of `size` bytes (its format's struct) with room for `files` files; one file's
 * path. */
ls_status ls_source_new(const ls_format *format, size_t size, int files, ls_source **out);
/* `read` and `read_at` of any source, what is missing filled in. */
ls_status ls_source_read(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y);
ls_status ls_source_read_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                            double *y);
/* keys of any source; LS_ECONFIG where its format has none. */
ls_status ls_source_keys(ls_source *source, const char *by, const bool *asked, uint64_t *key);
static inline bool ls_source_any_row(const ls_source *source) { /* read_at works */
  return source->format->read_at != NULL;
}
void ls_source_close(ls_source **source);

typedef void ls_row_visit(void *arg, int64_t row, const double *x, const double *y);
/* Every row from the first to the last, x (features) and y (outputs + weights), what is missing
 * filled in or NaN and what cannot be read infinite; then `read` begins again with the first. */
ls_status ls_source_visit(ls_source *source, ls_row_visit *each, void *arg);

#endif
