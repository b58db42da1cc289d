/* watchdog.c - a thread a rank that looks at the node's board. A rank that is inside a collective
 * and has not got out for too long is waiting for somebody; whoever has entered fewer collectives
 * is the one. Nothing on the hot path reads a clock. */
#include "comm/watchdog.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "comm/launcher.h"

struct ls_watchdog {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  bool runs, stop;
  double limit; /* seconds; 0: off */
  ls_comm *comm;
  uint64_t ticks[]; /* (node_size) of each rank of the node, when this one gave up */
};

/* Texts are told as offsets: a program may lie elsewhere in every rank's memory. */
static const char anchor[] = "starting";

const char *ls_watchdog_at(const ls_comm_line *line) { return anchor + atomic_load(&line->at); }

void ls_comm_at(ls_comm *comm, const char *what) {
  atomic_store_explicit(&comm->line->at, (int64_t)(what - anchor), memory_order_relaxed);
  (void)ls_trip(what, comm->rank);
}

/* Two ways to be the rank of this node that keeps the others waiting. One that waits itself is
 * innocent. */
typedef enum {
  AT_WORK, /* not waiting, and behind; or whatever it does, where a message is waited for that may
              hang on it */
  SILENT   /* its watchdog does not run: the process is stopped or dead */
} guilt;

static bool is_far(const ls_comm *comm, int peer) {
  return peer >= 0 && comm->node_of[peer] != comm->node_number;
}

static bool is_guilty(const struct ls_watchdog *dog, int r, guilt how) {
  const ls_comm_line *line = &dog->comm->board[r], *mine = dog->comm->line;
  int peer = atomic_load(&mine->peer);
  if (how == SILENT) return atomic_load(&line->ticks) == dog->ticks[r];
  if (atomic_load(&line->inside)) return false;
  return atomic_load(&line->met) < atomic_load(&mine->met) ||
         (peer >= 0 && !is_far(dog->comm, peer));
}

/* Append "rank 3 on a7 (last known operation: gather)" for each guilty rank of this node; false if
 * there is none. */
static bool name_guilty(const struct ls_watchdog *dog, guilt how, char *text, size_t room) {
  const ls_comm *comm = dog->comm;
  for (int r = 0; r < comm->node_size; r++) {
    if (!is_guilty(dog, r, how)) continue;
    ls_comm_line *line = &comm->board[r];
    size_t used = strlen(text);
    snprintf(text + used, room - used, "%srank %d on %s (last known operation: %s)",
             used ? ", " : "", atomic_load(&line->world_rank), comm->host, ls_watchdog_at(line));
  }
  return *text;
}

/* Whom the rank of this node that is furthest behind waits for, where that is elsewhere; -1: not
 * known. */
static int far_peer(const ls_comm *comm) {
  int found = -1;
  uint64_t least = UINT64_MAX;
  for (int r = 0; r < comm->node_size; r++) {
    int peer = atomic_load(&comm->board[r].peer);
    uint64_t met = atomic_load(&comm->board[r].met);
    if (!atomic_load(&comm->board[r].inside) || !is_far(comm, peer) || met >= least) continue;
    found = peer;
    least = met;
  }
  return found;
}

static void give_time(const ls_comm *comm, int tenths) {
  for (int i = 0; i < tenths; i++) {
    atomic_fetch_add(&comm->line->ticks, 1);
    usleep(100000);
  }
}

/* Where nobody of this node is at work, one of them may be stopped in the middle of waiting, which
 * takes three seconds to see. Or a rank elsewhere is the one: its own node's watchdogs know which,
 * and what that did last, so they have two seconds more to speak first. */
static void name_one(struct ls_watchdog *dog, char *text, size_t room) {
  const ls_comm *comm = dog->comm;
  if (!is_far(comm, atomic_load(&comm->line->peer)) && name_guilty(dog, AT_WORK, text, room))
    return;
  for (int r = 0; r < comm->node_size; r++) dog->ticks[r] = atomic_load(&comm->board[r].ticks);
  give_time(comm, 30);
  if (name_guilty(dog, SILENT, text, room) || name_guilty(dog, AT_WORK, text, room)) return;
  if (comm->nodes > 1) give_time(comm, 20);
  int peer = far_peer(comm);
  const char *or_other = comm->nodes > 2 ? ", or for one that it waits for" : "";
  if (peer >= 0) /* a third host's rank may keep it: that cannot be seen from here */
    snprintf(text, room, "rank %d on %s%s", peer, comm->hosts[peer], or_other);
  else
    snprintf(text, room, "%s",
             comm->nodes > 1 ? "a rank on another host" : "no rank in particular");
}

/* A job script cannot tell this end from others with the same code, so it may name a file for it.
 */
static void leave_note(const char *text) {
  const char *file = getenv("LOCKSTEP_WATCHDOG_NOTE");
  const int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
  if (fd < 0) return;
  (void)!write(fd, text, strlen(text));
  close(fd);
}

/* The launcher then ends the others, stopped ones too. */
static void end(const ls_comm *comm, const char *text) {
  fprintf(stderr, "lockstep: error: %s", text);
  fflush(stderr);
  leave_note(text);
  if (!atomic_exchange(&comm->board[0].ending, 1)) ls_launcher_end();
  _exit(LS_EINTERNAL);
}

static void give_up(struct ls_watchdog *dog) {
  char names[1500] = "", text[1900];
  const ls_comm *comm = dog->comm;
  const ls_comm_line *line = comm->line;
  uint64_t wait = atomic_load(&line->entered);
  name_one(dog, names, sizeof names);
  if (atomic_load(&line->entered) != wait || !atomic_load(&line->inside))
    return; /* it came after all */
  snprintf(text, sizeof text,
           "watchdog: rank %d on %s has waited %.0f s in '%s' for %s; the job ends "
           "(guard.watchdog sets the time)\n",
           comm->rank, comm->host, dog->limit, ls_watchdog_at(line), names);
  end(comm, text);
}

/* By the clock that nobody sets. */
static void pause_for(struct ls_watchdog *dog, double seconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += (time_t)seconds;
  until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  (void)pthread_cond_timedwait(&dog->wake, &dog->lock, &until);
}

/* Grows whenever a rank of the node says that it is at work. */
uint64_t ls_watchdog_alive(const ls_comm *comm) {
  uint64_t sum = 0;
  for (int r = 0; r < comm->node_size; r++) sum += atomic_load(&comm->board[r].alive);
  return sum;
}

/* Grows also whenever this rank enters a wait. */
static uint64_t progress(const ls_comm *comm) {
  atomic_store(&comm->line->alive, ls_alive_count());
  atomic_fetch_add(&comm->line->ticks, 1);
  return atomic_load(&comm->line->entered) + ls_watchdog_alive(comm);
}

static void *watch(void *arg) {
  struct ls_watchdog *dog = arg;
  ls_comm_line *line = dog->comm->line;
  uint64_t seen = 0;
  double since = ls_time();
  pthread_mutex_lock(&dog->lock);
  while (!dog->stop) {
    bool off = dog->limit <= 0;
    pause_for(dog, off || dog->limit >= 10 ? 1.0 : dog->limit / 10);
    uint64_t now = progress(dog->comm);
    if (off || now != seen || !atomic_load(&line->inside)) {
      seen = now;
      since = ls_time();
    } else if (ls_time() - since > dog->limit) {
      give_up(dog);
    }
  }
  pthread_mutex_unlock(&dog->lock);
  return NULL;
}

ls_status ls_watchdog_new(ls_comm *comm, struct ls_watchdog **out) {
  void *block;
  pthread_condattr_t monotonic;
  if (comm->size == 1) return LS_OK;
  LS_TRY(ls_mem_new(&block, 1, sizeof **out + (size_t)comm->node_size * sizeof(uint64_t)));
  *out = block;
  **out = (struct ls_watchdog){.limit = LS_WATCHDOG_SECONDS, .comm = comm};
  pthread_mutex_init(&(*out)->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&(*out)->wake, &monotonic);
  pthread_condattr_destroy(&monotonic);
  return LS_OK;
}

ls_status ls_watchdog_start(struct ls_watchdog *dog) {
  ls_status status = ls_thread_start(&dog->thread, "the watchdog's thread", watch, dog);
  dog->runs = status == LS_OK;
  return status;
}

void ls_watchdog_free(struct ls_watchdog **out) {
  struct ls_watchdog *dog = *out;
  if (!dog) return;
  if (dog->runs) ls_thread_stop(dog->thread, &dog->lock, &dog->wake, &dog->stop);
  pthread_cond_destroy(&dog->wake);
  pthread_mutex_destroy(&dog->lock);
  LS_FREE(*out);
}

void ls_comm_watchdog(ls_comm *comm, double seconds) {
  struct ls_watchdog *dog = comm->watchdog;
  if (!dog) return;
  pthread_mutex_lock(&dog->lock);
  dog->limit = seconds;
  pthread_cond_signal(&dog->wake);
  pthread_mutex_unlock(&dog->lock);
}

/* ---- resting ---- */

static double limit_of(struct ls_watchdog *dog) {
  pthread_mutex_lock(&dog->lock);
  const double limit = dog->limit;
  pthread_mutex_unlock(&dog->lock);
  return limit;
}

static void give_up_resting(const ls_comm *comm, double limit, const char *words) {
  char text[1900];
  snprintf(text, sizeof text,
           "watchdog: rank %d on %s is done and has waited %.0f s for %s; the job ends "
           "(guard.watchdog sets the time)\n",
           comm->rank, comm->host, limit, words);
  end(comm, text);
}

/* Looks are counted, and not the time alone, which passes for a job that is suspended too. */
void ls_comm_rest(ls_comm *comm, const ls_comm_signs *signs) {
  enum { PAUSE_US = 10000, LOOKS = 10 };
  MPI_Request here;
  int done = 0, still = 0;
  if (comm->size == 1) return;
  const double own = limit_of(comm->watchdog), limit = fmax(own, signs->least);
  uint64_t seen = 0;
  double looked = ls_time();
  MPI_Ibarrier(comm->world, &here);
  for (MPI_Test(&here, &done, MPI_STATUS_IGNORE); !done; usleep(PAUSE_US)) {
    MPI_Test(&here, &done, MPI_STATUS_IGNORE);
    if (done || own <= 0 || ls_time() - looked < limit / LOOKS) continue;
    char words[400] = "";
    const uint64_t is = signs->sign(signs->arg, words, sizeof words);
    still = is == seen ? still + 1 : 0;
    if (still == LOOKS) give_up_resting(comm, limit, words);
    seen = is;
    looked = ls_time();
  }
}
