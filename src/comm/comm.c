/* comm.c - MPI calls in pieces that an int can count, each between two marks for the watchdog
 * (COLLECTIVE); with one rank there are none. Its secret is how a failure spreads: code and
 * text of the lowest failing rank win. Begin with ls_comm_agree, then ls_comm_finish. */
#include "comm/comm.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/leave.h"
#include "base/log.h"
#include "base/mem.h"
#include "comm/library.h"
#include "comm/watchdog.h"

enum { CHUNK = 1 << 30 }; /* bytes a message: MPI counts are int */

/* ---- who is where ---- */

int ls_comm_caller_rank(const ls_comm *comm) { return comm->caller_rank; }
int ls_comm_rank(const ls_comm *comm) { return comm->rank; }
int ls_comm_size(const ls_comm *comm) { return comm->size; }
int ls_comm_node_rank(const ls_comm *comm) { return comm->node_rank; }
int ls_comm_node_size(const ls_comm *comm) { return comm->node_size; }
int ls_comm_node_count(const ls_comm *comm) { return comm->nodes; }
int ls_comm_node_of(const ls_comm *comm, int rank) { return comm->node_of[rank]; }
const char *ls_comm_host(const ls_comm *comm) { return comm->host; }
const char *ls_comm_host_of(const ls_comm *comm, int rank) { return comm->hosts[rank]; }
uint64_t *ls_comm_scratch(ls_comm *comm) { return comm->scratch; }
const char *ls_comm_library(const ls_comm *comm) {
  return comm->mpi ? ls_mpi_version() : "none (one process)";
}

/* ---- collectives: each is nothing for one rank ---- */

#define COLLECTIVE(comm, call) \
  do {                         \
    if ((comm)->size > 1) {    \
      ls_comm_enter(comm);     \
      call;                    \
      ls_comm_leave(comm);     \
    }                          \
  } while (0)

void ls_comm_barrier(ls_comm *comm) { COLLECTIVE(comm, MPI_Barrier(comm->world)); }

void ls_comm_bcast(ls_comm *comm, void *data, size_t bytes, int root) {
  for (size_t done = 0; done < bytes; done += CHUNK) {
    int part = bytes - done < CHUNK ? (int)(bytes - done) : CHUNK;
    COLLECTIVE(comm, MPI_Bcast((char *)data + done, part, MPI_BYTE, root, comm->world));
  }
}

void ls_comm_allgather(ls_comm *comm, const void *mine, void *all, size_t bytes) {
  if (comm->size == 1) memcpy(all, mine, bytes);
  COLLECTIVE(comm,
             MPI_Allgather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, comm->world));
}

void ls_comm_allgatherv(ls_comm *comm, void *data, const int64_t *first, size_t size) {
  if (comm->size == 1) return;
  if (first[comm->size] > INT_MAX) { /* counts are int: one broadcast an owner */
    for (int r = 0; r < comm->size; r++)
      ls_comm_bcast(comm, (char *)data + (size_t)first[r] * size,
                    (size_t)(first[r + 1] - first[r]) * size, r);
    return;
  }
  int *count = comm->counts, *offset = comm->counts + comm->size;
  for (int r = 0; r < comm->size; r++) {
    offset[r] = (int)first[r];
    count[r] = (int)(first[r + 1] - first[r]);
  }
  MPI_Datatype type = MPI_BYTE;
  if (size == 4)
    type = MPI_FLOAT;
  else if (size == 8)
    type = MPI_DOUBLE;
  else if (size != 1)
    ls_comm_abort(comm, LS_EINTERNAL, "allgatherv of %zu-byte elements", size);
  COLLECTIVE(comm, MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, data, count, offset, type,
                                  comm->world));
}

void ls_comm_sum(ls_comm *comm, double *x, int64_t n) {
  for (int64_t done = 0; done < n; done += CHUNK / 8) {
    int part = n - done < CHUNK / 8 ? (int)(n - done) : CHUNK / 8;
    COLLECTIVE(comm, MPI_Allreduce(MPI_IN_PLACE, x + done, part, MPI_DOUBLE, MPI_SUM, comm->world));
  }
}

uint32_t ls_comm_or(ls_comm *comm, uint32_t bits) {
  COLLECTIVE(comm, MPI_Allreduce(MPI_IN_PLACE, &bits, 1, MPI_UINT32_T, MPI_BOR, comm->world));
  return bits;
}

/* Of one side of an all-to-all. */
static void list_counts(int ranks, const int64_t *count, int *list, int *at) {
  int sum = 0;
  for (int r = 0; r < ranks; r++) {
    list[r] = (int)count[r];
    at[r] = sum;
    sum += list[r];
  }
}

ls_status ls_comm_alltoall(ls_comm *comm, const void *send, const int64_t *send_count, void *recv,
                           const int64_t *recv_count, size_t size) {
  const int n = comm->size;
  int *list; /* (4, size) counts and offsets of what is sent, and of what comes */
  MPI_Datatype element;
  if (n == 1) {
    memcpy(recv, send, (size_t)send_count[0] * size);
    return LS_OK;
  }
  LS_COMM_NEW(comm, list, 4 * n);
  list_counts(n, send_count, list, list + n);
  list_counts(n, recv_count, list + 2 * n, list + 3 * n);
  MPI_Type_contiguous((int)size, MPI_BYTE, &element);
  MPI_Type_commit(&element);
  COLLECTIVE(comm, MPI_Alltoallv(send, list, list + n, element, recv, list + 2 * n, list + 3 * n,
                                 element, comm->world));
  MPI_Type_free(&element);
  LS_FREE(list);
  return LS_OK;
}

void ls_comm_send(ls_comm *comm, const void *data, size_t bytes, int to) {
  for (size_t done = 0; done < bytes; done += CHUNK) {
    int part = bytes - done < CHUNK ? (int)(bytes - done) : CHUNK;
    ls_comm_enter_for(comm, to);
    MPI_Send((const char *)data + done, part, MPI_BYTE, to, 0, comm->world);
    ls_comm_leave(comm);
  }
}

void ls_comm_recv(ls_comm *comm, void *data, size_t bytes, int from) {
  for (size_t done = 0; done < bytes; done += CHUNK) {
    int part = bytes - done < CHUNK ? (int)(bytes - done) : CHUNK;
    ls_comm_enter_for(comm, from);
    MPI_Recv((char *)data + done, part, MPI_BYTE, from, 0, comm->world, MPI_STATUS_IGNORE);
    ls_comm_leave(comm);
  }
}

void ls_comm_wait(ls_comm *comm, int count, MPI_Request *request, const int *peer) {
  _Atomic int32_t *waits_for = &comm->line->peer;
  ls_comm_enter(comm);
  for (int i = 0; i < count; i++) {
    atomic_store_explicit(waits_for, peer[i], memory_order_relaxed);
    MPI_Wait(&request[i], MPI_STATUS_IGNORE);
  }
  ls_comm_leave(comm);
}

/* What a block begins with: its length, or that there is none, and as much of it as there is room
 * for: most are short, and take one broadcast. */
enum { FIRST_BYTES = 4096 - sizeof(int64_t) };
typedef struct {
  int64_t length; /* -1: root has failed */
  char bytes[FIRST_BYTES];
} first_part;

ls_status ls_comm_bcast_part(ls_comm *comm, ls_status mine, void **data, size_t *bytes, int root) {
  first_part first = {.length = -1};
  if (comm->rank == root && mine == LS_OK) {
    first.length = (int64_t)*bytes;
    if (*bytes > 0) memcpy(first.bytes, *data, *bytes < FIRST_BYTES ? *bytes : FIRST_BYTES);
  }
  ls_comm_bcast(comm, &first, sizeof first, root);
  if (first.length < 0) return mine;
  *bytes = (size_t)first.length;
  if (comm->rank != root && mine == LS_OK) mine = ls_mem_new(data, *bytes + 1, 1);
  if (*bytes > FIRST_BYTES) {
    LS_TRY(ls_comm_agree(comm, mine));
    ls_comm_bcast(comm, *data, *bytes, root);
  } else if (comm->rank != root && mine == LS_OK) {
    memcpy(*data, first.bytes, *bytes);
  }
  return mine;
}

ls_status ls_comm_bcast_block(ls_comm *comm, ls_status mine, void **data, size_t *bytes, int root) {
  mine = ls_comm_agree(comm, ls_comm_bcast_part(comm, mine, data, bytes, root));
  if (mine != LS_OK && comm->rank != root) LS_FREE(*data);
  return mine;
}

/* ---- one rank's failure is everyone's ---- */

/* Have all ranks heard of it? One that they have survived may have had the same code, and this one
 * more words around it. */
static bool is_agreed(const ls_comm *comm, ls_status mine) {
  return mine == comm->agreed.code && strstr(ls_error_text(), comm->agreed.text);
}

/* Whose failure it is; of rank 0's only where that matters, because it is the machine's. */
static void name_failing(const ls_comm *comm, ls_status mine) {
  if (comm->rank == 0 && is_agreed(comm, mine)) return; /* everyone's already, and named */
  if (mine == LS_FAIL)
    ls_fail_prefix(mine, "rank %d (%s), in '%s'", comm->rank, comm->host,
                   ls_watchdog_at(comm->line));
  else if (comm->rank != 0)
    ls_fail_prefix(mine, "rank %d (%s)", comm->rank, comm->host);
}

ls_status ls_comm_agree(ls_comm *comm, ls_status mine) {
  mine = ls_mem_settle(mine);
  if (comm->size == 1) return mine;
  int first = mine == LS_OK ? comm->size : comm->rank;
  COLLECTIVE(comm, MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm->world));
  if (first == comm->size) return LS_OK;
  struct {
    int32_t code;
    char text[LS_ERROR_TEXT]; /* no memory is asked for: the failure may be that there is none */
  } failure = {.code = (int32_t)mine};
  if (comm->rank == first) {
    name_failing(comm, mine);
    snprintf(failure.text, sizeof failure.text, "%s", ls_error_text());
  }
  ls_comm_bcast(comm, &failure, sizeof failure, first);
  comm->agreed.code = (ls_status)failure.code;
  memcpy(comm->agreed.text, failure.text, sizeof failure.text);
  return ls_fail(comm->agreed.code, "%s", failure.text);
}

ls_status ls_comm_new(ls_comm *comm, void **out, size_t count, size_t size) {
  const ls_status status = ls_comm_agree(comm, ls_mem_new(out, count, size));
  if (status != LS_OK) LS_FREE(*out);
  return status;
}

/* Has everyone come to ls_comm_finish? A rank that fails by itself does not wait for longer than
 * GRACE seconds in which nobody of its node is seen at work. */
static bool all_come(ls_comm *comm, bool by_itself) {
  enum { GRACE = 3, PAUSE_US = 1000 };
  MPI_Request here;
  int done = 0;
  MPI_Ibarrier(comm->end, &here);
  if (!by_itself) {
    COLLECTIVE(comm, MPI_Wait(&here, MPI_STATUS_IGNORE));
    return true;
  }
  uint64_t seen = 0;
  double since = ls_time();
  for (MPI_Test(&here, &done, MPI_STATUS_IGNORE); !done; usleep(PAUSE_US)) {
    uint64_t now = ls_watchdog_alive(comm);
    if (now != seen) since = ls_time();
    seen = now;
    if (ls_time() - since > GRACE) return false;
    MPI_Test(&here, &done, MPI_STATUS_IGNORE);
  }
  return true;
}

ls_status ls_comm_finish(ls_comm *comm, ls_status mine) {
  bool by_itself = mine != LS_OK && !is_agreed(comm, mine);
  if (comm->size > 1 && !all_come(comm, by_itself))
    ls_comm_abort(comm, mine, "%s", ls_error_text());
  return ls_comm_agree(comm, mine);
}

void ls_comm_abort(ls_comm *comm, ls_status code, const char *format, ...) {
  char text[2000];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  fprintf(stderr, "lockstep: error: rank %d (%s): %s\n", comm->rank, comm->host, text);
  fflush(NULL);
  ls_leave_begin();
  if (comm->mpi) MPI_Abort(comm->part ? MPI_COMM_WORLD : comm->world, (int)code);
  _exit((int)code);
}

/* ---- of a node ---- */

void ls_comm_node_barrier(ls_comm *comm) {
  if (comm->node_size > 1) COLLECTIVE(comm, MPI_Barrier(comm->node));
}

void ls_comm_node_bcast(ls_comm *comm, void *data, size_t bytes) {
  for (size_t done = 0; done < bytes && comm->node_size > 1; done += CHUNK) {
    int part = bytes - done < CHUNK ? (int)(bytes - done) : CHUNK;
    COLLECTIVE(comm, MPI_Bcast((char *)data + done, part, MPI_BYTE, 0, comm->node));
  }
}
