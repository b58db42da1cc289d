/* store.h - where the samples are while training goes on: in memory, one copy a node (memory.c), in
 * their files (stream.c), or given by a program for each step (given.c). All give the same bits.
 * Private to data/. */
#ifndef LS_DATA_STORE_H
#define LS_DATA_STORE_H

#include "comm/comm.h"
#include "data/recipe.h"
#include "data/scale.h"
#include "data/splits.h"

typedef struct ls_store ls_store;

/* What a store is made for. */
typedef struct {
  ls_comm *comm;
  const ls_data_spec *spec;
  const ls_recipe *recipe;
  const ls_splits *splits; /* train's samples are measured; rows that none uses are not looked at */
  int64_t rows[3];         /* of each source */
  bool measures[2];        /* the scaling of x, of y is made from statistics of train */
} ls_store_args;

typedef struct {
  /* Statistics are there, and are taken, before the sources are read through; then only y is read.
   */
  bool any_row;
  /* Collective; close also what a failure has left in *out. */
  ls_status (*open)(const ls_store_args *args, ls_store **out);
  /* Rows of source s that splits use on their way in, in order and each once, on node rank 0: x
   * NULL where any_row. LS_EDATA, located, for a value that is refused. */
  ls_status (*take)(ls_store *store, int s, const ls_chunk *chunk);
  /* x or y (LS_ROLE_X, _Y) of the training samples as read; there too. */
  ls_matrix (*matrix)(ls_store *store, int role);
  /* They have been measured: train's rows as kept; there too. NULL: nothing to do. */
  ls_status (*settle)(ls_store *store, const ls_source *train);
  /* Rows row[0..rows) of source s, see ls_data_gather. */
  ls_status (*gather)(const ls_store *store, int s, const int64_t *row, int64_t rows,
                      const ls_batch *to);
  void (*close)(ls_comm *comm, ls_store *store);
} ls_store_kind;

/* Each kind's own struct begins with this one. args.spec is for open alone. */
struct ls_store {
  ls_store_args args;
};
static inline const ls_cut *ls_store_train(const ls_store *store) {
  return &store->args.splits->cut[LS_SPLIT_TRAIN];
}

extern const ls_store_kind ls_store_memory, ls_store_stream, ls_store_given;

#endif
