/* data_private.h - what an open data set is: filled by open.c and account.c, read by data.c and
 * loader.c; nobody else includes it. */
#ifndef LS_DATA_PRIVATE_H
#define LS_DATA_PRIVATE_H

#include "data/account.h"
#include "data/splits.h"
#include "data/store.h"

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
  ls_shared weight;   /* (rows of train's source) double, what each sample counts; none: 1 */
  ls_shared there;    /* missing.y: mask; (rows of train's source) double, of each sample's targets
                         the share that is there */
  ls_texts names;     /* see ls_data_names */
  ls_trained trained; /* see ls_data_trained */
  ls_data_file *file;
  int files;
  ls_account account; /* see ls_data_account */
};

#endif
