/* comm.h - the only door to MPI. Started alone (no launcher's variables in the environment) it
 * never touches MPI, so that a single process starts in milliseconds; every call then is its own
 * one-rank version. Functions: comm.c; up and down: open.c; where the ranks are: place.c; shared
 * memory: shared.c; the watchdog: watchdog.c; a thread that listens: lend.c. */
#ifndef LS_COMM_COMM_H
#define LS_COMM_COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/status.h"

typedef struct ls_comm ls_comm;

/* Up and down. MPI_THREAD_SERIALIZED is asked for (ls_comm_listen), SINGLE is enough. */
ls_status ls_comm_open(ls_comm **out);
ls_status ls_comm_open_solo(ls_comm **out); /* one rank of its own, whoever started the process */
void ls_comm_close(ls_comm **comm);         /* collective */
/* The ranks of another program's communicator, by its Fortran handle (MPI_Comm_c2f): it is
 * duplicated, and MPI stays up when it is closed. There is no watchdog. Collective. LS_EUSAGE where
 * MPI does not run, or does not allow this thread to call it beside others (MPI_THREAD_FUNNELED).
 */
ls_status ls_comm_join(int communicator, ls_comm **out);
/* May this thread make calls of a communicator that has been joined? LS_EUSAGE where MPI does not
 * run any more, or allows no calls from here. */
ls_status ls_comm_check_guest(void);
int ls_comm_caller_rank(const ls_comm *comm); /* in that communicator */
/* Some ranks of `whole` by themselves, those that give the same number, in their order there, with
 * a watchdog and the cores that each has there. Collective over whole; closed before that is. */
ls_status ls_comm_split(ls_comm *whole, int group, ls_comm **out);
/* Did mpirun, srun or the like start us, and as which rank (0 where none did)? By the environment
 * alone, without a call of MPI. */
bool ls_comm_launched(void);
int ls_comm_launched_rank(void);
/* What a person types before "lockstep" to start as many again; ls_mem. */
char *ls_comm_start_words(const ls_comm *comm);

/* Ranks are numbered node by node, whatever way the launcher dealt them out. */
int ls_comm_rank(const ls_comm *comm);
int ls_comm_size(const ls_comm *comm);
int ls_comm_node_rank(const ls_comm *comm); /* among the ranks that share memory with this one */
int ls_comm_node_size(const ls_comm *comm);
int ls_comm_node_count(const ls_comm *comm);
int ls_comm_node_of(const ls_comm *comm, int rank); /* from 0 */
/* Cores, not their hardware threads, as affinity masks and control groups allow them: this rank's
 * own, at least 1, where some are allowed to other ranks too; and all of its node's ranks. */
int ls_comm_cores(const ls_comm *comm);
int ls_comm_node_cores(const ls_comm *comm);
const char *ls_comm_host(const ls_comm *comm);
const char *ls_comm_host_of(const ls_comm *comm, int rank);
/* (2 ranks) room for what a caller gathers, looks at and forgets. */
uint64_t *ls_comm_scratch(ls_comm *comm);
const char *ls_comm_library(const ls_comm *comm); /* MPI's version text, or "none (one process)" */

void ls_comm_barrier(ls_comm *comm);
/* A barrier where some may be hours early: they sleep, and leave their cores to the others. Those
 * that are missing are believed to be at work while what `sign` returns changes; where it has not
 * for as long as the watchdog waits, and for `least` seconds, the job ends with 70 and what sign
 * has said in words. */
typedef struct {
  uint64_t (*sign)(void *arg, char *words, size_t room);
  void *arg;
  double least;
} ls_comm_signs;
void ls_comm_rest(ls_comm *comm, const ls_comm_signs *signs);
void ls_comm_bcast(ls_comm *comm, void *data, size_t bytes, int root);
void ls_comm_allgather(ls_comm *comm, const void *mine, void *all,
                       size_t bytes); /* `bytes` from each rank */
void ls_comm_allgatherv(
    ls_comm *comm, void *data, const int64_t *first,
    size_t size); /* in place: rank r owns elements [first[r], first[r+1]) of `size` bytes */
void ls_comm_sum(
    ls_comm *comm, double *x,
    int64_t count); /* in place; callers give disjoint non-zeros, so the sum is exact */
uint32_t ls_comm_or(ls_comm *comm, uint32_t bits);
/* send_count[r] elements of `size` bytes to each rank r, recv_count[r] from each, one rank's behind
 * the other's. */
ls_status ls_comm_alltoall(ls_comm *comm, const void *send, const int64_t *send_count, void *recv,
                           const int64_t *recv_count, size_t size);
void ls_comm_send(ls_comm *comm, const void *data, size_t bytes, int to);
void ls_comm_recv(ls_comm *comm, void *data, size_t bytes, int from);
/* LS_OK where it is every rank's; else everyone gets status and text of the lowest failing rank
 * (with its rank and host in front when that is not rank 0). Call it before the next collective
 * after anything that can fail on one rank. */
ls_status ls_comm_agree(ls_comm *comm, ls_status mine);
/* *out = count * size zeroed bytes on every rank; where one has no memory, all fail, and none has
 * any. What a function asks for that goes on to communicate: LS_NEW would leave the others waiting.
 */
ls_status ls_comm_new(ls_comm *comm, void **out, size_t count, size_t size);
/* The same as LS_NEW: count zeroed objects of the pointer's type. */
#define LS_COMM_NEW(comm, pointer, count) \
  LS_TRY(ls_comm_new(comm, (void **)&(pointer), (size_t)(count), sizeof *(pointer)))
/* The agreement with which a command ends on all ranks. A failure that this rank alone has, and
 * that nobody has agreed on, means that it has left the others in the middle of something: they get
 * a few seconds to come here too, then the job ends with this rank's text. */
ls_status ls_comm_finish(ls_comm *comm, ls_status mine);
/* Something of any length from root to all: there *data (ls_mem) of *bytes, made with success or
 * failure `mine`; elsewhere *data is made, where `mine` is LS_OK too. NUL-terminated beyond *bytes.
 * Every rank gets the same status. What fits a first message of 4 KB takes one broadcast. */
ls_status ls_comm_bcast_block(ls_comm *comm, ls_status mine, void **data, size_t *bytes, int root);
/* The same, but each rank's status is its own, to be agreed on with what it makes of the block; no
 * rank has one where root has none, and only root then has a failure. */
ls_status ls_comm_bcast_part(ls_comm *comm, ls_status mine, void **data, size_t *bytes, int root);

/* One zeroed block a node, mapped by all its ranks. Collective. LS_EIO where there is no room. */
typedef struct {
  void *data;
  size_t bytes;
} ls_shared;
ls_status ls_comm_shared_new(ls_comm *comm, size_t bytes, ls_shared *out);
/* The same, agreed on together with `mine`, what this rank has made before. */
ls_status ls_comm_shared_after(ls_comm *comm, ls_status mine, size_t bytes, ls_shared *out);
void ls_comm_shared_free(ls_comm *comm, ls_shared *block);
size_t ls_comm_shared_bytes(const ls_comm *comm); /* in such blocks of this node now */
size_t ls_comm_host_memory(void); /* bytes that this host could still give; SIZE_MAX: unknown */
size_t ls_comm_private_bytes(const ls_comm *comm); /* this rank's other memory (ls_mem) */
void ls_comm_node_barrier(ls_comm *comm);
void ls_comm_node_bcast(ls_comm *comm, void *data, size_t bytes); /* from node rank 0 */

/* While this rank computes, a thread may answer what other hosts ask of its windows: MPI does so
 * only where it is called. It begins with listen and ends with deafen, and calls MPI only while it
 * is lent: this rank must not call it then, and reclaims it first. Nothing happens on one host, or
 * where MPI gives less than MPI_THREAD_SERIALIZED: others then wait until this rank calls MPI. */
ls_status ls_comm_listen(ls_comm *comm);
void ls_comm_deafen(ls_comm *comm);
void ls_comm_lend(ls_comm *comm);
void ls_comm_reclaim(ls_comm *comm);

/* The watchdog: a rank that waits in a collective for longer than `seconds` names the ranks that
 * have not arrived, what they did last and where, and ends the job with 70; not while one of its
 * node calls ls_alive (base/alive.h). It is on from ls_comm_open to ls_comm_close, with
 * LS_WATCHDOG_SECONDS until told otherwise; 0 switches it off. `what` of ls_comm_at must be a
 * string constant. */
#define LS_WATCHDOG_SECONDS 300
void ls_comm_watchdog(ls_comm *comm, double seconds);
void ls_comm_at(ls_comm *comm, const char *what);
/* Print and end the whole job now, from any rank. */
void ls_comm_abort(ls_comm *comm, ls_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));

#endif
