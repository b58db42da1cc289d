/* hdf5.h - an HDF5 file that is being read, and what it takes beside hdf5.c, the format:
 * hdf5_columns.c says what its columns are called, and finds those that a checkpoint knows. Private
 * to these two. */
#ifndef LS_DATA_FORMATS_HDF5_H
#define LS_DATA_FORMATS_HDF5_H

#include <sys/stat.h>

#include "data/columns.h"
#include "data/names.h"
#include "io/h5.h"

enum { LS_HDF5_WEIGHTS = LS_ROLE_Y + 1, LS_HDF5_ROLES };

/* Columns of a dataset, and where each goes in a row of x, or of y with the weight behind it. */
typedef struct {
  int role;        /* LS_ROLE_X, LS_ROLE_Y or LS_HDF5_WEIGHTS */
  int file;        /* which of the source's files it is in */
  char *name;      /* its path there */
  bool transpose;  /* samples are its columns */
  int64_t width;   /* columns that it has */
  int64_t columns; /* those that are taken: */
  int64_t *from;   /* (width) their numbers in the dataset */
  int64_t *to;     /* (width) their places in the row of x or of y */
  bool whole;      /* all, as they stand */
  ls_h5set *set;
  ls_texts text;     /* labels that are texts: all of them, and no set; */
  ls_h5_shape shape; /* what would be the set's */
} ls_hdf5_piece;

typedef struct {
  ls_source base;
  ls_hdf5_piece *piece; /* (pieces) of x first */
  int pieces;
  struct stat *seen;   /* (pieces) of each file, when its digest was made */
  char *wide;          /* (TOGETHER, the most columns of a dataset) doubles */
  ls_names *own_names; /* of train's source, where labels are texts; the others look into it */
  char *const *words;  /* that are missing besides the usual ones, or NULL */
  int64_t row;
} ls_hdf5;

static inline const char *ls_hdf5_path(const ls_hdf5 *h, const ls_hdf5_piece *p) {
  return h->base.file[p->file].path;
}

static inline const ls_h5_shape *ls_hdf5_shape(const ls_hdf5_piece *p) {
  return p->text.count > 0 ? &p->shape : ls_h5set_shape(p->set);
}

/* Of a source that is open: the columns as they are called by a checkpoint (spec.trained), where
 * both have names, in its order. */
ls_status ls_hdf5_choose(ls_hdf5 *h, const ls_data_spec *spec);
/* ls_format's `columns` and `mark`. */
ls_status ls_hdf5_columns(const ls_source *source, ls_columns *out);
void ls_hdf5_mark(const ls_source *source, const char *name, bool *const meant[2]);

#endif
