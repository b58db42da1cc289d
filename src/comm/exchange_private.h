/* exchange_private.h - what the kinds of exchange share; only exchange*.c include it. */
#ifndef LS_COMM_EXCHANGE_PRIVATE_H
#define LS_COMM_EXCHANGE_PRIVATE_H

#include "comm/comm_private.h"
#include "comm/exchange.h"

/* A sum over a node of the slice tree as this rank reads it: element i of the parameters lies at
 * data + (i - from) * size. */
typedef struct {
  const char *data;
  int64_t from;
  int level;
} ls_exchange_source;

typedef struct {
  const char *name;
  ls_status (*open)(ls_exchange *);
  uint32_t (*reduce)(ls_exchange *, uint32_t flags);
  void (*publish)(ls_exchange *);
  void (*close)(ls_exchange *); /* after a failed open too */
  bool replicated;
} ls_exchange_ops;

struct ls_exchange {
  const ls_exchange_ops *ops;
  ls_comm *comm;
  int64_t n, stride; /* parameters; bytes from one part to the next */
  size_t size;       /* of a real */
  int slices;
  int64_t *first; /* (ranks + 1) shard bounds */
  int parts;      /* of this rank */
  ls_tree_node node[LS_PARTS_MAX];
  void *grad[LS_PARTS_MAX];
  int sources; /* what ls_exchange_grad sums, in slice order; at first the parts of all ranks */
  ls_exchange_source *source;
  char *weights;
  void (*sum)(void *, const void *, const void *, int64_t);
  char *memory;         /* kinds without a window: weights, own parts */
  void *inbox;          /* what comes from other ranks, or the sum of all */
  MPI_Request *request; /* (requests) */
  int *peer;            /* (requests) whom each is with */
  int requests;
  struct ls_window *window; /* shared */
};

extern const ls_exchange_ops ls_exchange_shared, ls_exchange_tree;

static inline int64_t ls_round_up(int64_t bytes) {
  return (bytes + LS_ALIGN - 1) / LS_ALIGN * LS_ALIGN;
}
static inline MPI_Datatype ls_real_type(const ls_exchange *x) {
  return x->size == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE;
}
int ls_exchange_rank_parts(const ls_exchange *x, int rank, ls_tree_node *node); /* (LS_PARTS_MAX) */
ls_status ls_exchange_own_memory(ls_exchange *x); /* weights and parts that nobody else sees */
ls_status ls_exchange_probe(ls_comm *comm, int64_t n, int slices, ls_precision precision,
                            const char **kind); /* what auto takes */
/* Finish the tree over consecutive nodes for elements [lo, lo + n); see exchange.c. */
void ls_exchange_fold(const ls_exchange *x, const ls_exchange_source *source, int sources,
                      int64_t lo, int64_t n, void *out);

#endif
