/* comm_private.h - what the files of comm/ share; nobody else includes it. Functions: comm.c;
 * ls_place_*: place.c. */
#ifndef LS_COMM_PRIVATE_H
#define LS_COMM_PRIVATE_H

#include <mpi.h>
#include <stdatomic.h>

#include "base/cores.h"
#include "base/mutant.h"
#include "comm/comm.h"

/* One line a rank of the node, in shared memory: what the watchdogs look at. */
typedef struct {
  _Alignas(64) _Atomic uint64_t
      entered;            /* waits so far: collectives, and messages with one other rank */
  _Atomic uint64_t met;   /* collectives only: the same on all ranks that are not behind */
  _Atomic int32_t inside; /* waiting now */
  _Atomic int32_t peer;   /* for this rank; -1: for all */
  _Atomic int32_t world_rank;
  _Atomic int64_t
      at; /* last ls_comm_at text, as an offset (addresses differ by rank): watchdog.c */
  _Atomic uint64_t alive; /* of base/alive.h, as its watchdog last saw it */
  _Atomic uint64_t ticks; /* of its watchdog: it runs */
  _Atomic int32_t ending; /* of the board's first line: the launcher's end is seen to */
} ls_comm_line;

/* What the innermost launcher says in the environment: how many processes it started (0: not said),
 * and which of them this is (-1). */
typedef struct {
  int size, rank;
  bool srun; /* it is srun itself, and no mpirun inside of a step of its */
} ls_launcher;

struct ls_comm {
  int caller_rank; /* where the launcher, or another program, has put it */
  int rank, size, node_rank, node_size, nodes;
  ls_launcher launcher;
  int node_number;
  int *node_of;      /* (size) number of each rank's node */
  int *node_first;   /* (nodes + 1) node k has the ranks [node_first[k], node_first[k + 1]) */
  int *counts;       /* (2 * size) for MPI's lists of counts and offsets */
  uint64_t *scratch; /* (2 * size) */
  int cores;         /* this rank's own */
  int node_cores;
  ls_cores *core_sets; /* (node_size) of the ranks of this node, while they are counted */
  bool mpi;            /* MPI is up (a launcher started us) */
  bool guest;          /* in another program, which has brought it up */
  bool part;           /* of another ls_comm, which has brought it up */
  MPI_Comm world, node;
  char host[64];
  char (*hosts)[64]; /* (size) every rank's */
  size_t shared_bytes;
  ls_comm_line own;   /* this rank's line until there is a board */
  ls_comm_line *line; /* this rank's */
  ls_shared board_block;
  ls_comm_line *board; /* (node_size); NULL where there is one rank only */
  struct ls_watchdog *watchdog;
  struct ls_listener *listener; /* lend.c; NULL: none */
  MPI_Comm end;                 /* of ls_comm_finish alone, so that nothing else can answer it */
  struct {                      /* the last failure that all ranks have heard of */
    ls_status code;
    char text[LS_ERROR_TEXT];
  } agreed;
};

/* Around every wait for other ranks; cheap enough for each step. peer: -1 in a collective. */
static inline void ls_comm_begin_wait(ls_comm *comm, int peer) {
  ls_comm_line *line = comm->line;
  atomic_store_explicit(&line->peer, peer, memory_order_relaxed);
  atomic_store_explicit(&line->inside, 1, memory_order_relaxed);
  if (peer < 0)
    atomic_store_explicit(&line->met, atomic_load_explicit(&line->met, memory_order_relaxed) + 1,
                          memory_order_relaxed);
  atomic_store_explicit(&line->entered,
                        atomic_load_explicit(&line->entered, memory_order_relaxed) + 1,
                        memory_order_release);
}
#define ls_comm_enter_for(comm, peer) \
  ((void)ls_trip(__func__, (comm)->rank), ls_comm_begin_wait(comm, peer))
#define ls_comm_enter(comm) ls_comm_enter_for(comm, -1)
static inline void ls_comm_leave(ls_comm *comm) {
  atomic_store_explicit(&comm->line->inside, 0, memory_order_relaxed);
}

/* Where the ranks are; in this order. */
ls_launcher ls_place_launcher(void);
void ls_place_ranks(ls_comm *comm, MPI_Comm given); /* fills rank, size, world and the node's */
/* LS_EUSAGE where the launcher started others that this rank does not see. */
ls_status ls_place_check_launcher(ls_comm *comm);
ls_status ls_place_raise_files(void);
void ls_place_warn_of_files(const ls_comm *comm);
void ls_place_cores(ls_comm *comm, ls_cores *set); /* set: (node_size) to work in */

/* Wait until started requests are done, all of one collective; peer[i]: for whom request i waits.
 */
void ls_comm_wait(ls_comm *comm, int count, MPI_Request *request, const int *peer);

#endif
