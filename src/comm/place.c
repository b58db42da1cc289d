/* place.c - where the ranks are: what the launcher says, which of them share a node, how they are
 * numbered, and which cores are whose. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/cores.h"
#include "base/log.h"
#include "base/mem.h"
#include "comm/comm_private.h"
#include "comm/library.h"

/* ---- what the launcher says, in the environment ---- */

static const char *first_set(const char *const name[]) {
  for (int i = 0; name[i]; i++)
    if (getenv(name[i])) return getenv(name[i]);
  return NULL;
}

bool ls_comm_launched(void) {
  static const char *const sign[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE",
                                     "MPI_LOCALNRANKS",      NULL};
  return first_set(sign);
}

/* Tasks of the srun that started this process; NULL: none did. A batch script's own step has a
 * number above those of srun's. */
static const char *step_tasks(void) {
  enum { STEPS = 1 << 30 };
  const char *step = getenv("SLURM_STEP_ID");
  return step && strtoll(step, NULL, 10) < STEPS ? getenv("SLURM_STEP_NUM_TASKS") : NULL;
}

/* Before MPI is up: MPI sets some of these itself then. */
ls_launcher ls_place_launcher(void) {
  static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", NULL};
  static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
                                      "SLURM_PROCID", NULL};
  const char *size = first_set(sizes), *rank = first_set(ranks);
  const char *step = step_tasks();
  const bool inner = getenv("OMPI_COMM_WORLD_SIZE") || getenv("MPI_LOCALNRANKS"); /* an mpirun */
  if (!size) size = step;
  return (ls_launcher){size ? atoi(size) : 0, rank ? atoi(rank) : -1, step && !inner};
}

int ls_comm_launched_rank(void) {
  const int rank = ls_comm_launched() ? ls_place_launcher().rank : 0;
  return rank > 0 ? rank : 0;
}

char *ls_comm_start_words(const ls_comm *comm) {
  if (comm->size == 1) return ls_mem_text("");
  if (!comm->launcher.srun) return ls_mem_format("mpirun -n %d ", comm->size);
  return ls_mem_format("srun --mpi=%s -N %d -n %d ", ls_mpi_slurm(), comm->nodes, comm->size);
}

/* Copies that do not see each other would all do the whole work, and write the same files. */
ls_status ls_place_check_launcher(ls_comm *comm) {
  const int started = comm->launcher.size;
  if (started <= 1 || started == comm->size) return LS_OK;
  if (comm->launcher.rank > 0) comm->rank = comm->launcher.rank; /* one of them says it */
  if (!comm->mpi)
    return ls_fail(LS_EUSAGE,
                   "srun started %d copies that cannot see each other; start them with: srun "
                   "--mpi=%s ...",
                   started, ls_mpi_slurm());
  return ls_fail(LS_EUSAGE,
                 "the launcher started %d ranks, but %d of them see each other: it belongs to "
                 "another MPI than this program, which was built with %s; start it with that one's "
                 "mpirun (Debian: mpirun.openmpi, mpirun.mpich), under Slurm with srun --mpi=%s, "
                 "or build it anew with cmake -DMPI_C_COMPILER=mpicc.openmpi or mpicc.mpich",
                 started, comm->size, ls_mpi_version(), ls_mpi_slurm());
}

/* ---- open files ---- */

enum { FILES = 64 }; /* a rank with no other host has 17 to 21 open */

/* As many as may be had: MPI hangs, or writes gigabytes of messages, where it gets none. */
ls_status ls_place_raise_files(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return LS_OK;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max >= FILES) return LS_OK;
  return ls_fail(LS_FAIL,
                 "a process may have only %ju files open here, and MPI needs %d: ulimit -n",
                 files.rlim_max, FILES);
}

/* Over TCP each rank of another host may take one. */
void ls_place_warn_of_files(const ls_comm *comm) {
  struct rlimit files;
  const unsigned long long wanted = FILES + (unsigned long long)(comm->size - comm->node_size);
  if (comm->rank != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) return;
  ls_log(LS_LOG_WARN,
         "a rank may have %ju files open here, and may need %llu if the hosts are joined by TCP: "
         "raise ulimit -n, or set train.exchange=shared",
         files.rlim_cur, wanted);
}

/* ---- nodes ---- */

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

/* The nodes before this one, and their ranks; ranks of `given` with the same number are in one
 * order everywhere. */
static void count_before(ls_comm *comm, MPI_Comm given, int before[2]) {
  const bool first = comm->node_rank == 0;
  const int own[2] = {first ? 1 : 0, first ? comm->node_size : 0};
  MPI_Exscan(own, before, 2, MPI_INT, MPI_SUM, given);
  if (comm->rank == 0) before[0] = before[1] = 0; /* MPI leaves it undefined there */
  MPI_Bcast(before, 2, MPI_INT, 0, comm->node);
}

/* Number the ranks node by node, whatever way the launcher dealt them out: neighbours in the tree
 * of slices are then on one node, and their sum crosses the network once. Rank 0 stays rank 0. */
void ls_place_ranks(ls_comm *comm, MPI_Comm given) {
  MPI_Comm_rank(given, &comm->rank);
  comm->caller_rank = comm->rank;
  MPI_Comm_size(given, &comm->size);
  split_nodes(comm, given);
  int before[2] = {0, 0};
  count_before(comm, given, before);
  comm->node_number = before[0];
  const int rank = before[1] + comm->node_rank;
  MPI_Comm_split(given, 0, rank, &comm->world);
  comm->rank = rank;
  MPI_Comm_dup(comm->world, &comm->end);
}

/* ---- cores ---- */

static int least(int a, int b) { return a < b ? a : b; }

void ls_place_cores(ls_comm *comm, ls_cores *set) {
  ls_cores mine;
  const int quota = ls_cores_quota();
  const char *task = getenv("SLURM_CPUS_PER_TASK");
  ls_cores_mine(&mine);
  if (comm->node_size == 1)
    set[0] = mine;
  else
    MPI_Allgather(&mine, sizeof mine, MPI_BYTE, set, sizeof mine, MPI_BYTE, comm->node);
  comm->node_cores = least(ls_cores_all(set, comm->node_size), quota);
  comm->cores = ls_cores_share(set, comm->node_size, comm->node_rank);
  comm->cores = least(comm->cores, quota < comm->node_size ? 1 : quota / comm->node_size);
  if (task && atoi(task) > 0) comm->cores = least(comm->cores, atoi(task));
}

int ls_comm_cores(const ls_comm *comm) { return comm->cores; }
int ls_comm_node_cores(const ls_comm *comm) { return comm->node_cores; }
