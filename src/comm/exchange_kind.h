/* exchange_kind.h - what a kind of exchange is, and what the kinds share; only exchange*.c include
 * it. The rows are in exchange.c (one, mpi), exchange_shared.c and exchange_tree.c. */
#ifndef LS_COMM_EXCHANGE_KIND_H
#define LS_COMM_EXCHANGE_KIND_H

#include "comm/comm_private.h"
#include "comm/exchange.h"

/* A sum over a node of the slice tree as this rank reads it: element i of the parameters lies at
 * data + (i - from) * size. */
typedef struct {
  const char *data;
  int64_t from;
  int level;
} ls_exchange_source;

/* Messages with other ranks that are the same in every step: persistent requests. */
typedef struct {
  int count;
  MPI_Request *request; /* (count) */
  int *peer;            /* (count) whom each is with */
} ls_letters;

typedef struct {
  const char *name;
  /* Ask for memory, and nothing else: the others may fail here. Then all agree, and open. */
  ls_status (*prepare)(ls_exchange *);
  ls_status (*open)(ls_exchange *); /* the same status on all ranks; NULL: prepared is open */
  uint32_t (*reduce)(ls_exchange *, uint32_t flags);
  void (*publish)(ls_exchange *); /* NULL: every rank has updated everything */
  void (*close)(ls_exchange *);   /* after a failure in prepare or open too; NULL: nothing to do */
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
  char *memory;             /* kinds without a window: weights, own parts */
  void *inbox;              /* what comes from other ranks, or the sum of all */
  ls_letters letters;       /* of the gradients */
  struct ls_window *window; /* shared */
};

extern const ls_exchange_ops ls_exchange_shared, ls_exchange_tree;

static inline int64_t ls_round_up(int64_t bytes) {
  return (bytes + LS_ALIGN - 1) / LS_ALIGN * LS_ALIGN;
}
/* What rank's shard takes in an inbox or outbox. */
static inline int64_t ls_exchange_shard_bytes(const ls_exchange *x, int rank) {
  return ls_round_up((x->first[rank + 1] - x->first[rank]) * (int64_t)x->size);
}

int ls_exchange_rank_parts(const ls_exchange *x, int rank, ls_tree_node *node); /* (LS_PARTS_MAX) */
ls_status ls_exchange_own_memory(ls_exchange *x); /* weights and parts that nobody else sees */
/* MPI counts are int: does every shard fit one message? `way`: another way out, for the text. */
ls_status ls_exchange_fits(const ls_exchange *x, const char *way);

/* Memory for up to `count` letters. Each is written once, `count` reals at `data` that must stay
 * there; started and waited for in every step. */
ls_status ls_letters_new(ls_letters *letters, int count);
void ls_letters_send(const ls_exchange *x, ls_letters *letters, const void *data, int64_t count,
                     int to, int tag);
void ls_letters_receive(const ls_exchange *x, ls_letters *letters, void *data, int64_t count,
                        int from, int tag);
void ls_letters_start(ls_letters *letters);
void ls_letters_wait(ls_exchange *x, ls_letters *letters);
void ls_letters_free(ls_letters *letters);

/* Finish the tree over consecutive nodes for elements [lo, lo + n); see exchange_kind.c. */
void ls_exchange_fold(const ls_exchange *x, const ls_exchange_source *source, int sources,
                      int64_t lo, int64_t n, void *out);

#endif
