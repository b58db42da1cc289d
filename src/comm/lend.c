/* lend.c - MPI, lent to a thread of this rank's. Only the thread that holds `mpi` calls MPI, which
 * MPI_THREAD_SERIALIZED allows: the rank's own but for the time in which it lends, and then one
 * that looks for requests of other ranks, and sleeps between two looks. */
#include <time.h>

#include "base/thread.h"
#include "comm/comm_private.h"

enum { LOOKS = 4, PAUSE_NS = 20000 }; /* a look may find no more than one request's next part */

struct ls_listener {
  ls_comm *comm;
  pthread_t thread;
  pthread_mutex_t mpi;
  bool ended; /* by who holds `mpi` */
};

static void look(const ls_comm *comm) {
  int there;
  for (int i = 0; i < LOOKS; i++)
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm->end, &there, MPI_STATUS_IGNORE);
}

static void *listen(void *given) {
  struct ls_listener *l = given;
  const struct timespec pause = {.tv_nsec = PAUSE_NS};
  for (bool ended = false; !ended;) {
    nanosleep(&pause, NULL);
    pthread_mutex_lock(&l->mpi);
    ended = l->ended;
    if (!ended) look(l->comm);
    pthread_mutex_unlock(&l->mpi);
  }
  return NULL;
}

/* MPI_THREAD_MULTIPLE allows it too; that a thread of the program's may call MPI then does no harm.
 */
static bool allowed(void) {
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  return level >= MPI_THREAD_SERIALIZED;
}

ls_status ls_comm_listen(ls_comm *comm) {
  struct ls_listener *l;
  if (comm->listener || comm->nodes == 1 || !allowed()) return LS_OK;
  LS_NEW(l, 1);
  l->comm = comm;
  pthread_mutex_init(&l->mpi, NULL);
  pthread_mutex_lock(&l->mpi);
  const ls_status status =
      ls_thread_start(&l->thread, "a thread that listens for other hosts", listen, l);
  if (status == LS_OK) comm->listener = l;
  if (status != LS_OK) LS_FREE(l);
  return status;
}

void ls_comm_deafen(ls_comm *comm) {
  struct ls_listener *l = comm->listener;
  if (!l) return;
  l->ended = true;
  pthread_mutex_unlock(&l->mpi);
  pthread_join(l->thread, NULL);
  pthread_mutex_destroy(&l->mpi);
  LS_FREE(comm->listener);
}

void ls_comm_lend(ls_comm *comm) {
  if (comm->listener) pthread_mutex_unlock(&comm->listener->mpi);
}

void ls_comm_reclaim(ls_comm *comm) {
  if (comm->listener) pthread_mutex_lock(&comm->listener->mpi);
}
