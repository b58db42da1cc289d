/* open.c - up and down: by the launcher's processes (ls_comm_open), on a program's communicator
 * (_join), for one rank alone (_open_solo), or for some of the ranks of another (_split). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "comm/comm_private.h"
#include "comm/library.h"
#include "comm/watchdog.h"

/* All that this rank needs to know the others. */
static ls_status make_lists(ls_comm *comm) {
  LS_NEW(comm->hosts, comm->size);
  LS_NEW(comm->node_of, comm->size);
  LS_NEW(comm->node_first, comm->size + 1);
  LS_NEW(comm->counts, 2 * comm->size);
  LS_NEW(comm->scratch, 2 * comm->size);
  LS_NEW(comm->core_sets, comm->node_size);
  return comm->guest ? LS_OK : ls_watchdog_new(comm, &comm->watchdog);
}

static void meet(ls_comm *comm) {
  MPI_Allgather(comm->host, sizeof comm->host, MPI_CHAR, comm->hosts, sizeof comm->host, MPI_CHAR,
                comm->world);
  MPI_Allgather(&comm->node_number, 1, MPI_INT, comm->node_of, 1, MPI_INT, comm->world);
  comm->nodes = comm->node_of[comm->size - 1] + 1;
  for (int r = comm->size - 1; r >= 0; r--) comm->node_first[comm->node_of[r]] = r;
  comm->node_first[comm->nodes] = comm->size;
}

/* Of Open MPI's kinds of windows, two do what comm/server.c asks of them everywhere: rdma cannot be
 * made between hosts joined by TCP, where ucx may not come to an end. The user's word goes first.
 */
static void choose_windows(void) { setenv("OMPI_MCA_osc", "sm,pt2pt", 0); }

static ls_status start_mpi(ls_comm *comm) {
  int provided;
  LS_TRY(ls_place_raise_files());
  choose_windows();
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS)
    return ls_fail(LS_EINTERNAL, "MPI cannot start");
  comm->mpi = true;
  ls_place_ranks(comm, MPI_COMM_WORLD);
  LS_TRY(ls_place_check_launcher(comm));
  LS_TRY(ls_comm_agree(comm, make_lists(comm)));
  meet(comm);
  ls_place_warn_of_files(comm);
  return LS_OK;
}

/* ---- up and down ---- */

/* Until there is a board, each rank's line is its own, and nobody sees who is waited for. */
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

static void name_self(int rank) {
  char host[64] = "";
  gethostname(host, sizeof host - 1);
  if (rank >= 0) snprintf(who, sizeof who, "rank %d (%s): ", rank, host);
  ls_mem_on_failure(end_named);
}

static ls_status make_one(ls_comm **out) {
  LS_TRY(ls_mem_new((void **)out, 1, sizeof **out));
  ls_comm *comm = *out;
  comm->line = &comm->own;
  comm->size = comm->node_size = comm->nodes = 1;
  comm->cores = comm->node_cores = 1;
  gethostname(comm->host, sizeof comm->host - 1);
  return LS_OK;
}

static ls_status make_own_lists(ls_comm *comm) {
  LS_TRY(make_lists(comm));
  comm->node_first[1] = 1;
  memcpy(comm->hosts[0], comm->host, sizeof comm->host);
  return LS_OK;
}

ls_status ls_comm_open_solo(ls_comm **out) {
  LS_TRY(make_one(out));
  return make_own_lists(*out);
}

static ls_status start_alone(ls_comm *comm) {
  LS_TRY(ls_place_check_launcher(comm));
  return make_own_lists(comm);
}

ls_status ls_comm_open(ls_comm **out) {
  const ls_launcher launcher = ls_place_launcher();
  name_self(launcher.rank);
  if (make_one(out) != LS_OK) end_named();
  ls_comm *comm = *out;
  comm->launcher = launcher;
  LS_TRY(ls_comm_launched() ? start_mpi(comm) : start_alone(comm));
  if (comm->mpi) name_self(comm->rank);
  ls_place_cores(comm, comm->core_sets);
  LS_FREE(comm->core_sets);
  return comm->size > 1 ? make_board(comm) : LS_OK;
}

/* ---- in another program ---- */

ls_status ls_comm_check_guest(void) {
  int up = 0, down = 0, level, main_thread;
  MPI_Initialized(&up);
  MPI_Finalized(&down);
  if (!up || down)
    return ls_fail(LS_EUSAGE,
                   "MPI is not running: call MPI_Init_thread with MPI_THREAD_FUNNELED "
                   "before, and MPI_Finalize after (the MPI that liblockstep was built with; this "
                   "program may have been built with another)");
  MPI_Query_thread(&level);
  MPI_Is_thread_main(&main_thread);
  if (level < MPI_THREAD_FUNNELED)
    return ls_fail(LS_EUSAGE,
                   "MPI was initialized for a program of one thread: call MPI_Init_thread with "
                   "MPI_THREAD_FUNNELED (or more)");
  if (level == MPI_THREAD_FUNNELED && !main_thread)
    return ls_fail(LS_EUSAGE,
                   "MPI allows calls of the main thread only (MPI_THREAD_FUNNELED), and "
                   "this is another one; ask for MPI_THREAD_MULTIPLE");
  return LS_OK;
}

static ls_status check_communicator(MPI_Comm given) {
  int inter = 0;
  if (given != MPI_COMM_NULL) MPI_Comm_test_inter(given, &inter);
  if (given != MPI_COMM_NULL && !inter) return LS_OK;
  return ls_fail(LS_EUSAGE, "the communicator is %s",
                 inter ? "an intercommunicator" : "MPI_COMM_NULL");
}

/* Every rank's own communicator, and what this rank keeps of it. Memory is asked for behind the
 * duplicate, which is there to agree on it: on the program's own nothing is sent. */
static ls_status join(MPI_Comm own, ls_comm **out) {
  int all = make_one(out) == LS_OK;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, own);
  if (!all) {
    LS_FREE(*out);
    return ls_fail(LS_FAIL, "out of memory: a rank has none for a trainer");
  }
  ls_comm *comm = *out;
  comm->mpi = comm->guest = true;
  ls_place_ranks(comm, own);
  const ls_status status = ls_comm_agree(comm, make_lists(comm));
  if (status != LS_OK) {
    ls_comm_close(out);
    return status;
  }
  meet(comm);
  ls_place_cores(comm, comm->core_sets);
  LS_FREE(comm->core_sets);
  return LS_OK;
}

ls_status ls_comm_join(int communicator, ls_comm **out) {
  MPI_Comm own;
  *out = NULL;
  LS_TRY(ls_mpi_check());
  LS_TRY(ls_comm_check_guest());
  const MPI_Comm given = MPI_Comm_f2c((MPI_Fint)communicator);
  LS_TRY(check_communicator(given));
  MPI_Comm_dup(given, &own);
  const ls_status status = join(own, out);
  MPI_Comm_free(&own);
  return status;
}

/* ---- a part of another ---- */

/* What the ranks of a node have together is shared out evenly among them. */
static void inherit_cores(ls_comm *comm, const ls_comm *whole) {
  const int own = whole->node_cores * comm->node_size / whole->node_size;
  comm->cores = whole->cores;
  comm->node_cores = own > 1 ? own : 1;
}

static ls_status split(ls_comm *whole, int group, ls_comm *comm) {
  MPI_Comm own;
  comm->mpi = comm->part = true;
  MPI_Comm_split(whole->world, group, 0, &own);
  ls_place_ranks(comm, own);
  MPI_Comm_free(&own);
  const ls_status status = ls_comm_agree(comm, make_lists(comm));
  if (status == LS_OK) meet(comm);
  return status;
}

ls_status ls_comm_split(ls_comm *whole, int group, ls_comm **out) {
  *out = NULL;
  ls_status status = ls_comm_agree(whole, make_one(out));
  if (status != LS_OK) {
    LS_FREE(*out);
    return status;
  }
  ls_comm *comm = *out;
  status = whole->mpi ? split(whole, group, comm) : make_own_lists(comm);
  inherit_cores(comm, whole);
  status = ls_comm_agree(whole, status);
  if (status == LS_OK && comm->size > 1) status = make_board(comm);
  status = ls_comm_agree(whole, status);
  if (status != LS_OK) ls_comm_close(out);
  return status;
}

static void leave_mpi(ls_comm *comm) {
  int down = 0;
  MPI_Finalized(&down);
  if (down) return;    /* by the other program: the communicators went with it */
  ls_comm_enter(comm); /* MPI's end waits for all ranks too */
  MPI_Comm_free(&comm->node);
  MPI_Comm_free(&comm->end);
  MPI_Comm_free(&comm->world);
  if (!comm->guest && !comm->part) MPI_Finalize();
  ls_comm_leave(comm);
}

void ls_comm_close(ls_comm **out) {
  ls_comm *comm = *out;
  if (!comm) return;
  ls_comm_deafen(comm);
  ls_comm_at(comm, "leaving MPI");
  if (comm->mpi) leave_mpi(comm);
  ls_watchdog_free(&comm->watchdog);
  comm->line = &comm->own;
  ls_comm_shared_free(comm, &comm->board_block); /* this rank's view of it */
  LS_FREE(comm->hosts);
  LS_FREE(comm->node_of);
  LS_FREE(comm->node_first);
  LS_FREE(comm->counts);
  LS_FREE(comm->scratch);
  LS_FREE(comm->core_sets);
  LS_FREE(*out);
}
