#include "comm/comm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/leave.h"
#include "base/log.h"
#include "base/mem.h"
#include "comm/library.h"
#include "comm/watchdog.h"

enum { CHUNK = 1 << 30 }; /* bytes a message: MPI counts are int */

bool ls_comm_launched(void) {
  static const char *const sign[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE",
                                     "MPI_LOCALNRANKS",      NULL};
  for (int i = 0; sign[i]; i++)
    if (getenv(sign[i])) return true;
  return false;
}

/* As the launcher writes it; NULL: it does not, or there is none. */
static const char *launcher_rank(void) {
  static const char *const name[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", NULL};
  for (int i = 0; name[i]; i++)
    if (getenv(name[i])) return getenv(name[i]);
  return NULL;
}

/* Which ranks of `given` share memory. LOCKSTEP_RANKS_PER_NODE: fewer than could, for tests, or for
 * one window a socket. */
static void split_nodes(ls_comm *comm, MPI_Comm given) {
  const char *limit = getenv("LOCKSTEP_RANKS_PER_NODE");
  MPI_Comm_split_type(given, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &comm->node);
  MPI_Comm_rank(comm->node, &comm->node_rank);
  if (limit && atoi(limit) > 0) {
    MPI_Comm whole = comm->node;
    MPI_Comm_split(whole, comm->node_rank / atoi(limit), 0, &comm->node);
    MPI_Comm_rank(comm->node, &comm->node_rank);
    MPI_Comm_free(&whole);
  }
  MPI_Comm_size(comm->node, &comm->node_size);
}

/* What the first ranks of the nodes before this one's have as `mine`, summed; ranks of `given` with
 * the same number are in one order everywhere. */
static int sum_before(ls_comm *comm, MPI_Comm given, int mine) {
  int own = comm->node_rank == 0 ? mine : 0, sum = 0;
  MPI_Exscan(&own, &sum, 1, MPI_INT, MPI_SUM, given);
  if (comm->rank == 0) sum = 0; /* MPI leaves it undefined there */
  MPI_Bcast(&sum, 1, MPI_INT, 0, comm->node);
  return sum;
}

/* Number the ranks node by node, whatever way the launcher dealt them out: neighbours in the tree
 * of slices are then on one node, and their sum crosses the network once. Rank 0 stays rank 0. */
static void number_ranks(ls_comm *comm, MPI_Comm given) {
  MPI_Comm_rank(given, &comm->rank);
  MPI_Comm_size(given, &comm->size);
  split_nodes(comm, given);
  comm->node_number = sum_before(comm, given, 1);
  const int rank = sum_before(comm, given, comm->node_size) + comm->node_rank;
  MPI_Comm_split(given, 0, rank, &comm->world);
  comm->rank = rank;
  MPI_Comm_dup(comm->world, &comm->end);
}

/* All that this rank needs to know the others. */
static ls_status make_lists(ls_comm *comm) {
  LS_NEW(comm->hosts, comm->size);
  LS_NEW(comm->node_of, comm->size);
  LS_NEW(comm->node_first, comm->size + 1);
  LS_NEW(comm->counts, 2 * comm->size);
  return ls_watchdog_new(comm, &comm->watchdog);
}

static void meet(ls_comm *comm) {
  MPI_Allgather(comm->host, sizeof comm->host, MPI_CHAR, comm->hosts, sizeof comm->host, MPI_CHAR,
                comm->world);
  MPI_Allgather(&comm->node_number, 1, MPI_INT, comm->node_of, 1, MPI_INT, comm->world);
  comm->nodes = comm->node_of[comm->size - 1] + 1;
  for (int r = comm->size - 1; r >= 0; r--) comm->node_first[comm->node_of[r]] = r;
  comm->node_first[comm->nodes] = comm->size;
}

static ls_status start_mpi(ls_comm *comm) {
  int provided;
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
    return ls_fail(LS_EINTERNAL, "MPI cannot start");
  comm->mpi = true;
  number_ranks(comm, MPI_COMM_WORLD);
  LS_TRY(ls_comm_agree(comm, make_lists(comm)));
  meet(comm);
  return LS_OK;
}

/* ---- up and down ---- */

static ls_status make_board(ls_comm *comm) {
  LS_TRY(
      ls_comm_shared_new(comm, (size_t)comm->node_size * sizeof *comm->board, &comm->board_block));
  comm->board = comm->board_block.data;
  comm->line = &comm->board[comm->node_rank];
  comm->line->world_rank = comm->rank;
  ls_comm_node_barrier(comm);
  return ls_comm_agree(comm, ls_watchdog_start(comm->watchdog));
}

/* For ls_mem: who it is that has no memory. The launcher ends the other ranks. */
static char who[128];
static void end_named(void) {
  fprintf(stderr, "lockstep: error: %s%s\n", who, ls_error_text());
  _exit(LS_FAIL);
}

/* Known before MPI is. */
static void learn_name(void) {
  char host[64] = "";
  const char *rank = launcher_rank();
  gethostname(host, sizeof host - 1);
  if (rank) snprintf(who, sizeof who, "rank %.16s (%s): ", rank, host);
  ls_mem_on_failure(end_named);
}

static ls_status make_one(ls_comm **out) {
  LS_TRY(ls_mem_new((void **)out, 1, sizeof **out));
  ls_comm *comm = *out;
  comm->line = &comm->own;
  comm->size = comm->node_size = comm->nodes = 1;
  gethostname(comm->host, sizeof comm->host - 1);
  return LS_OK;
}

static ls_status make_own_lists(ls_comm *comm) {
  LS_NEW(comm->node_of, 1);
  LS_NEW(comm->node_first, 2);
  comm->node_first[1] = 1;
  return LS_OK;
}

ls_status ls_comm_open_solo(ls_comm **out) {
  LS_TRY(make_one(out));
  return make_own_lists(*out);
}

static ls_status refuse_many(ls_comm *comm) {
  const char *tasks = getenv("SLURM_NTASKS"), *step = getenv("SLURM_STEP_ID"),
             *task = getenv("SLURM_PROCID");
  if (!tasks || !step || !task || atoi(tasks) <= 1) return LS_OK;
  comm->rank = atoi(task); /* one of them says it */
  return ls_fail(
      LS_EUSAGE,
      "srun started %s copies that can't see each other; start them with: srun --mpi=pmix ...",
      tasks);
}

ls_status ls_comm_open(ls_comm **out) {
  learn_name();
  if (make_one(out) != LS_OK) end_named();
  ls_comm *comm = *out;
  LS_TRY(ls_comm_launched() ? start_mpi(comm) : refuse_many(comm));
  if (!comm->node_of) LS_TRY(make_own_lists(comm));
  return comm->size > 1 ? make_board(comm) : LS_OK;
}

void ls_comm_close(ls_comm **out) {
  ls_comm *comm = *out;
  if (!comm) return;
  ls_watchdog_free(&comm->watchdog);
  if (comm->board_block.data) {
    ls_comm_barrier(comm); /* nobody looks at the board any more */
    comm->board = NULL;
    comm->line = &comm->own;
    ls_comm_shared_free(comm, &comm->board_block);
  }
  LS_FREE(comm->hosts);
  LS_FREE(comm->node_of);
  LS_FREE(comm->node_first);
  LS_FREE(comm->counts);
  if (comm->mpi) {
    MPI_Comm_free(&comm->node);
    MPI_Comm_free(&comm->end);
    MPI_Comm_free(&comm->world);
    MPI_Finalize();
  }
  LS_FREE(*out);
}

int ls_comm_rank(const ls_comm *comm) { return comm->rank; }
int ls_comm_size(const ls_comm *comm) { return comm->size; }
int ls_comm_node_rank(const ls_comm *comm) { return comm->node_rank; }
int ls_comm_node_size(const ls_comm *comm) { return comm->node_size; }
int ls_comm_node_count(const ls_comm *comm) { return comm->nodes; }
int ls_comm_node_of(const ls_comm *comm, int rank) { return comm->node_of[rank]; }
const char *ls_comm_host(const ls_comm *comm) { return comm->host; }
const char *ls_comm_host_of(const ls_comm *comm, int rank) {
  return comm->hosts ? comm->hosts[rank] : comm->host;
}
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

ls_status ls_comm_bcast_block(ls_comm *comm, ls_status mine, void **data, size_t *bytes, int root) {
  uint64_t length = mine == LS_OK ? *bytes : 0;
  ls_comm_bcast(comm, &length, sizeof length, root);
  if (comm->rank != root && mine == LS_OK) mine = ls_mem_new(data, (size_t)length + 1, 1);
  LS_TRY(ls_comm_agree(comm, mine));
  *bytes = (size_t)length;
  ls_comm_bcast(comm, *data, (size_t)length, root);
  return LS_OK;
}

/* ---- one rank's failure is everyone's ---- */

/* Whose failure it is; of rank 0's only where that matters, because it is the machine's. */
static void name_failing(const ls_comm *comm, ls_status mine) {
  if (comm->rank == 0 && mine == comm->agreed) return; /* everyone's already, and named */
  if (mine == LS_FAIL)
    ls_fail_prefix(mine, "rank %d (%s), in '%s'", comm->rank, comm->host,
                   ls_watchdog_at(comm->line));
  else if (comm->rank != 0)
    ls_fail_prefix(mine, "rank %d (%s)", comm->rank, comm->host);
}

ls_status ls_comm_agree(ls_comm *comm, ls_status mine) {
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
  comm->agreed = (ls_status)failure.code;
  return ls_fail(comm->agreed, "%s", failure.text);
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
  bool by_itself = mine != LS_OK && mine != comm->agreed;
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
  if (comm->mpi) MPI_Abort(comm->world, (int)code);
  _exit((int)code);
}

/* ---- memory that the ranks of a node share ---- */

enum { SHARED_NAME = 64 };

/* A new name: one may be left of a killed job whose process had our number. posix_fallocate, so
 * that a full /dev/shm (64 MB in many containers) is an error here and not a SIGBUS later. */
static ls_status shared_create(const ls_comm *comm, size_t bytes, char *name, int *fd) {
  static unsigned serial;
  do {
    snprintf(name, SHARED_NAME, "/lockstep-%d-%u-%.8s", (int)getpid(), serial++, comm->host);
    *fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  } while (*fd < 0 && errno == EEXIST);
  if (*fd < 0)
    return ls_fail(LS_EIO, "can't make shared memory /dev/shm%s: %s", name, strerror(errno));
  int error = posix_fallocate(*fd, 0, (off_t)bytes);
  if (error == 0) return LS_OK;
  close(*fd);
  *fd = -1;
  shm_unlink(name);
  return ls_fail(LS_EIO,
                 "/dev/shm has no room for %.1f MB of shared memory: %s; enlarge it (docker run "
                 "--shm-size=1g, mount -o remount,size=...)",
                 (double)bytes / 1e6, strerror(error));
}

/* Map the block that node rank 0 made as `name`. */
static ls_status shared_map(ls_comm *comm, const char *name, int fd, ls_shared *out) {
  if (comm->node_rank != 0) fd = shm_open(name, O_RDWR, 0);
  out->data =
      fd < 0 ? MAP_FAILED : mmap(NULL, out->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd >= 0) close(fd);
  if (out->data != MAP_FAILED) {
    comm->shared_bytes += out->bytes;
    return LS_OK;
  }
  out->data = NULL;
  return ls_fail(LS_EIO, "can't map shared memory /dev/shm%s: %s", name, strerror(errno));
}

/* Nodes may differ in size, and every rank must meet the same collectives: both agreements are
 * everyone's. */
ls_status ls_comm_shared_new(ls_comm *comm, size_t bytes, ls_shared *out) {
  *out = (ls_shared){.bytes = bytes ? bytes : 1};
  bool alone = comm->node_size == 1;
  char name[SHARED_NAME] = "";
  int fd = -1;
  ls_status status = LS_OK;
  if (alone)
    status = ls_mem_new(&out->data, out->bytes, 1);
  else if (comm->node_rank == 0)
    status = shared_create(comm, out->bytes, name, &fd);
  ls_comm_node_bcast(comm, name, sizeof name);
  status = ls_comm_agree(comm, status);
  if (out->data) comm->shared_bytes += out->bytes;
  if (status != LS_OK) { /* another node's failure, perhaps */
    if (fd >= 0) close(fd), shm_unlink(name);
    ls_comm_shared_free(comm, out);
    return status;
  }
  if (!alone) status = shared_map(comm, name, fd, out);
  status = ls_comm_agree(comm, status);
  if (!alone && comm->node_rank == 0)
    shm_unlink(name); /* all have it mapped: nothing is left behind, however the job ends */
  if (status != LS_OK) ls_comm_shared_free(comm, out);
  return status;
}

void ls_comm_shared_free(ls_comm *comm, ls_shared *block) {
  if (block->data) comm->shared_bytes -= block->bytes;
  if (block->data && comm->node_size == 1)
    ls_mem_free(block->data);
  else if (block->data)
    munmap(block->data, block->bytes);
  *block = (ls_shared){0};
}

size_t ls_comm_shared_bytes(const ls_comm *comm) { return comm->shared_bytes; }
size_t ls_comm_private_bytes(const ls_comm *comm) {
  return ls_mem_bytes() - (comm->node_size == 1 ? comm->shared_bytes : 0);
}

void ls_comm_node_barrier(ls_comm *comm) {
  if (comm->node_size > 1) COLLECTIVE(comm, MPI_Barrier(comm->node));
}

void ls_comm_node_bcast(ls_comm *comm, void *data, size_t bytes) {
  for (size_t done = 0; done < bytes && comm->node_size > 1; done += CHUNK) {
    int part = bytes - done < CHUNK ? (int)(bytes - done) : CHUNK;
    COLLECTIVE(comm, MPI_Bcast((char *)data + done, part, MPI_BYTE, 0, comm->node));
  }
}
