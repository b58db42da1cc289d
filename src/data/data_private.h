/* data_private.h - what an open data set is: filled by open.c, account.c and given.c, read by
 * data.c, tell.c and loader.c; nobody else includes it. */
#ifndef LS_DATA_PRIVATE_H
#define LS_DATA_PRIVATE_H

#include "data/account.h"
#include "data/splits.h"
#include "data/store.h"

/* A number for each row of train's source from `first` on. */
typedef struct {
  const double *value; /* NULL: 1 */
  int64_t first;
} ls_row_values;

struct ls_data {
  ls_recipe recipe;
  ls_order_kind order;
  bool drop_last;
  ls_separator separator;
  bool turnable;   /* samples may be columns: HDF5 */
  int64_t rows[3]; /* of each source; 0: there is none */
  ls_splits splits;
  ls_shared kept;  /* memory of splits.kept */
  ls_shared drawn; /* memory of splits.drawn */
  const ls_store_kind *kind;
  ls_store *store;
  int64_t *class_count[2]; /* (class_room) of train and validation, see ls_data_class_counts */
  int64_t class_room;
  ls_row_values weight; /* what each sample counts */
  ls_row_values there;  /* missing.y: mask; of each sample's targets the fraction that is there */
  ls_shared weight_memory, there_memory; /* of these, where all rows are known */
  ls_texts names;                        /* see ls_data_names */
  ls_trained trained;                    /* see ls_data_trained */
  ls_data_file *file;
  int files;
  ls_account account; /* see ls_data_account */
};

#endif
