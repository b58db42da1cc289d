/* exchange_kind.h - what a kind of exchange is, and what the kinds share; only exchange*.c include
 * it. The rows are in exchange.c (one, apart, mpi), exchange_shared.c (shared, and for tests halved
 * and banded), exchange_tree.c. */
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
  size_t (*window)(const ls_exchange *);   /* bytes that a node shares (x->block); NULL: none */
  void (*open)(ls_exchange *);             /* NULL: prepared is open */
  void (*ready)(ls_exchange *, int bands); /* so many last ones are written; NULL: not asked for */
  uint32_t (*reduce)(ls_exchange *, uint32_t flags);
  /* new weights may go on their way, up to this band; so many first bands are everyone's. NULL: not
   * asked for */
  void (*offer)(ls_exchange *, int band);
  void (*await)(ls_exchange *, int bands);
  void (*publish)(ls_exchange *); /* NULL: every rank has updated everything */
  void (*close)(ls_exchange *);   /* after a failure in prepare or open too; NULL: nothing to do */
} ls_exchange_ops;

enum { LS_BANDS_MAX = 8 };

struct ls_exchange {
  const ls_exchange_ops *ops;
  ls_comm *comm;
  ls_team *team;
  int64_t n, stride; /* parameters; bytes from one part to the next */
  size_t size;       /* of a real */
  int slices;
  int bands;
  int64_t band[LS_BANDS_MAX + 1], grid; /* where they begin; all is cut at multiples of grid */
  int64_t layer[LS_BANDS_MAX];          /* the first layers of theirs */
  int64_t *first;                       /* (bands, ranks + 1) bounds of their stretches */
  int64_t sums_read; /* bytes of others' sums in a step, where it is not all but own sources */
  int *place;        /* (ranks) whose shard is which of them; NULL: rank r's is the r-th */
  int parts;         /* of this rank */
  ls_tree_node node[LS_PARTS_MAX];
  void *grad[LS_PARTS_MAX];
  int sources; /* what ls_exchange_grad sums, in slice order; at first the parts of all ranks */
  ls_exchange_source *source; /* (bands, sources) */
  char *weights;
  void (*sum)(void *, const void *, const void *, int64_t);
  char *memory;             /* kinds without a window: weights, own parts */
  void *inbox;              /* what comes from other ranks, or the sum of all */
  ls_letters letters;       /* of the gradients */
  ls_shared block;          /* shared: what ops->window has asked for */
  struct ls_window *window; /* shared */
};

extern const ls_exchange_ops ls_exchange_shared, ls_exchange_halved, ls_exchange_banded,
    ls_exchange_tree;

/* What this rank can do alone: memory for everything, and who sums what. */
ls_status ls_exchange_prepare(ls_exchange **out, ls_comm *comm, const ls_exchange_ops *ops,
                              const ls_exchange_spec *spec);
static inline int64_t ls_round_up(int64_t bytes) {
  return (bytes + LS_ALIGN - 1) / LS_ALIGN * LS_ALIGN;
}
/* Rank's shard: parameters [lo, hi) of each band. */
static inline int64_t ls_exchange_lo(const ls_exchange *x, int band, int rank) {
  return x->first[band * (x->comm->size + 1) + (x->place ? x->place[rank] : rank)];
}
static inline int64_t ls_exchange_hi(const ls_exchange *x, int band, int rank) {
  return x->first[band * (x->comm->size + 1) + (x->place ? x->place[rank] : rank) + 1];
}
/* What it takes in an inbox or outbox. */
static inline int64_t ls_exchange_shard_bytes(const ls_exchange *x, int band, int rank) {
  const int64_t count = ls_exchange_hi(x, band, rank) - ls_exchange_lo(x, band, rank);
  return ls_round_up(count * (int64_t)x->size);
}
/* Every band into a stretch a rank. */
void ls_exchange_cut_shards(ls_exchange *x);
/* One band after all: shards are cut again. */
void ls_exchange_join_bands(ls_exchange *x);

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
void ls_letters_send_flags(const ls_exchange *x, ls_letters *letters, const uint32_t *flags, int to,
                           int tag);
void ls_letters_receive_flags(const ls_exchange *x, ls_letters *letters, uint32_t *flags, int from,
                              int tag);
void ls_letters_start(ls_letters *letters);
bool ls_letters_arrived(ls_letters *letters); /* a look, without waiting */
void ls_letters_wait(ls_exchange *x, ls_letters *letters);
void ls_letters_free(ls_letters *letters);

/* Halving and doubling between nodes (exchange_halving.c). How many halvings: 0 where the nodes are
 * too few, or not alike. `groups`: nodes of the slice tree that the nodes' parts make; forced: as
 * many as can be. */
struct ls_halving;
int ls_halving_steps(const ls_exchange *x, int groups, bool forced);
ls_status ls_halving_prepare(ls_exchange *x, int steps, int parts, struct ls_halving **out);
/* part: (parts) of this node, where they lie. */
void ls_halving_link(ls_exchange *x, struct ls_halving *halving, const ls_exchange_source *part);
/* Between the barriers of the window. The flags come back OR-ed. */
uint32_t ls_halving_reduce(ls_exchange *x, struct ls_halving *halving, uint32_t flags);
void ls_halving_publish(ls_exchange *x, struct ls_halving *halving);
void ls_halving_free(struct ls_halving **halving);

/* Finish the tree over consecutive nodes for elements [lo, lo + n); see exchange_kind.c. */
void ls_exchange_fold(const ls_exchange *x, const ls_exchange_source *source, int sources,
                      int64_t lo, int64_t n, void *out);
/* The same by all threads of this rank, where there is enough to do. */
void ls_exchange_fold_all(const ls_exchange *x, const ls_exchange_source *source, int sources,
                          int64_t lo, int64_t n, void *out);

#endif
