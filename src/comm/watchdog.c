/* The watchdog: a thread a rank that looks at the node's board. A rank that is inside a collective and has not got out for
 * too long is waiting for somebody; whoever has entered fewer collectives is the one. Nothing on the hot path reads a clock. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"
#include "comm/comm_private.h"

struct watchdog {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  bool stop;
  double limit;
  ls_comm *comm;
};

void ls_comm_at(ls_comm *comm, const char *what) {
  atomic_store_explicit(&comm->board[comm->node_rank].at, (int64_t)(what - ls_comm_anchor), memory_order_relaxed);
  (void)ls_trip(what, comm->rank);
}

/* Append "rank 3 on a7 (last known operation: gather)" for each rank of this node that this one waits for: its peer, or those that have
 * met fewer collectives; returns how many. */
static int name_missing(const ls_comm *comm, int peer, char *text, size_t room) {
  int count = 0;
  uint64_t mine = atomic_load(&comm->board[comm->node_rank].met);
  for (int r = 0; r < comm->node_size; r++) {
    ls_comm_line *line = &comm->board[r];
    if (peer < 0 ? atomic_load(&line->met) >= mine : line->world_rank != peer) continue;
    size_t used = strlen(text);
    snprintf(text + used, room - used, "%srank %d on %s (last known operation: %s)", count ? ", " : "", line->world_rank, comm->host,
             ls_comm_anchor + atomic_load(&line->at));
    count++;
  }
  return count;
}

/* A rank elsewhere may be the one: its own node's watchdogs know what it did last, so leave them two seconds to speak first. */
static void give_up(struct watchdog *dog) {
  char text[1500] = "";
  ls_comm *comm = dog->comm;
  int peer = atomic_load(&comm->board[comm->node_rank].peer);
  if (name_missing(comm, peer, text, sizeof text) == 0) {
    sleep(2);
    if (peer < 0)
      snprintf(text, sizeof text, "a rank on another host");
    else
      snprintf(text, sizeof text, "rank %d on %s", peer, ls_comm_host_of(comm, peer));
  }
  fprintf(stderr,
          "lockstep: error: watchdog: rank %d on %s has waited %.0f s in '%s' for %s; the job ends (guard.watchdog sets the time)\n",
          comm->rank, comm->host, dog->limit, ls_comm_anchor + atomic_load(&comm->board[comm->node_rank].at), text);
  fflush(stderr);
  _exit(LS_EINTERNAL); /* the launcher then ends the others, stopped ones too */
}

static void pause_for(struct watchdog *dog, double seconds) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += (time_t)seconds;
  until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  (void)pthread_cond_timedwait(&dog->wake, &dog->lock, &until);
}

/* Grows whenever this rank enters a wait, or a rank of the node says that it is at work. */
static uint64_t progress(const ls_comm *comm) {
  ls_comm_line *line = &comm->board[comm->node_rank];
  atomic_store(&line->alive, ls_alive_count());
  uint64_t sum = atomic_load(&line->entered);
  for (int r = 0; r < comm->node_size; r++) sum += atomic_load(&comm->board[r].alive);
  return sum;
}

static void *watch(void *arg) {
  struct watchdog *dog = arg;
  ls_comm_line *line = &dog->comm->board[dog->comm->node_rank];
  uint64_t seen = 0;
  double since = ls_time();
  pthread_mutex_lock(&dog->lock);
  while (!dog->stop) {
    pause_for(dog, dog->limit < 10 ? dog->limit / 10 : 1.0);
    uint64_t now = progress(dog->comm);
    if (now != seen || !atomic_load(&line->inside)) {
      seen = now;
      since = ls_time();
    } else if (ls_time() - since > dog->limit && !ls_without("watchdog")) {
      give_up(dog);
    }
  }
  pthread_mutex_unlock(&dog->lock);
  return NULL;
}

void ls_comm_watchdog(ls_comm *comm, double seconds) {
  if (comm->watchdog) {
    pthread_mutex_lock(&comm->watchdog->lock);
    comm->watchdog->stop = true;
    pthread_cond_signal(&comm->watchdog->wake);
    pthread_mutex_unlock(&comm->watchdog->lock);
    pthread_join(comm->watchdog->thread, NULL);
    LS_FREE(comm->watchdog);
  }
  void *block;
  if (seconds <= 0 || comm->size == 1 || ls_mem_new(&block, 1, sizeof *comm->watchdog) != LS_OK) return;
  struct watchdog *dog = block;
  *dog = (struct watchdog){.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .limit = seconds, .comm = comm};
  if (pthread_create(&dog->thread, NULL, watch, dog) == 0)
    comm->watchdog = dog;
  else
    LS_FREE(block);
}
