/* memory JOB RANK FIRST STRIDE CONFIG [CHECKPOINT]: a job of a program that has lockstep in it,
 * again and again on the ranks of MPI; in turn n, from FIRST in strides, the n-th block that
 * lockstep asks for on RANK is not to be had, until a turn asks for fewer. The call that failed is
 * made once more. No rank may wait, all have the same status, the text names rank and reason,
 * nothing is lost, and the job ends in the bits of a turn in which nothing failed. JOB: train (a
 * trainer from its beginning to a checkpoint), resume (one from CHECKPOINT), loop (lockstep_train),
 * net (CHECKPOINT, no ranks). */
#include <errno.h>
#include <math.h>
#include <mpi.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/lockstep.h"

/* ---- the memory: only lockstep asks for it by aligned_alloc ---- */

extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum { PLACES = 1 << 14, PATIENCE = 20 };
static struct {
  atomic_flag busy;
  void *block[PLACES]; /* what is not freed yet, by its address */
  long live, asked, fails_at;
} memory = {.busy = ATOMIC_FLAG_INIT};

static void lock(void) {
  while (atomic_flag_test_and_set(&memory.busy)) {
  }
}
static void unlock(void) { atomic_flag_clear(&memory.busy); }

static char gone; /* in a freed block's place: the way to those behind it goes on */

/* Of a block that is there; of a new one, with `fresh`, where it can be. PLACES: nowhere. */
static size_t place_of(const void *block, int fresh) {
  size_t at = ((size_t)block >> 6) % PLACES;
  for (size_t tries = 0; tries < PLACES; tries++, at = (at + 1) % PLACES) {
    const void *here = memory.block[at];
    if (here == block || (fresh && (!here || here == &gone))) return at;
    if (!here) break;
  }
  return PLACES;
}

void *aligned_alloc(size_t unit, size_t bytes) {
  void *block = NULL;
  lock();
  if (++memory.asked != memory.fails_at) block = __libc_memalign(unit, bytes);
  if (block) {
    const size_t at = place_of(block, 1);
    if (at == PLACES) abort();
    memory.block[at] = block;
    memory.live++;
  }
  unlock();
  if (!block) errno = ENOMEM;
  return block;
}

void free(void *block) {
  if (!block) return;
  lock();
  const size_t at = ((size_t)block & 63) == 0 && memory.live > 0 ? place_of(block, 0) : PLACES;
  if (at < PLACES) {
    memory.block[at] = &gone;
    memory.live--;
  }
  if (memory.live == 0) memset(memory.block, 0, sizeof memory.block);
  unlock();
  __libc_free(block);
}

/* ---- the job ---- */

static int rank, failures, lost;
static const char *job, *config, *checkpoint;
static long turn;

static void complain(const char *what, const char *text) {
  fprintf(stderr, "%s, rank %d, block %ld: %s: %s\n", job, rank, turn, what, text);
  failures++;
}

static void on_alarm(int number) {
  (void)number;
  char line[200];
  int n = snprintf(line, sizeof line, "%s, rank %d, block %ld: waits\n", job, rank, turn);
  if (write(STDERR_FILENO, line, (size_t)n) < n) _exit(8);
  _exit(9);
}

/* Once more, where it failed for want of memory: what all ranks say, or (alone) this one. */
static int again(lockstep_status status, const lockstep_error *error, int alone) {
  int least = (int)status, most = (int)status;
  if (!alone) {
    MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  }
  if (least != most) complain("other ranks have another status", error->text);
  if (most == LOCKSTEP_OK) return 0;
  if (most != LOCKSTEP_FAIL || !strstr(error->text, "memory")) complain("fails", error->text);
  return 1;
}

#define TWICE(alone, call)                                                 \
  do {                                                                     \
    lockstep_error error = {0};                                            \
    if (again(call, &error, alone)) {                                      \
      lost++;                                                              \
      if (again(call, &error, alone)) complain("fails again", error.text); \
    }                                                                      \
  } while (0)

enum { INPUTS = 3, TARGETS = 2, BATCH = 8 };
static double x[BATCH * INPUTS], y[BATCH * TARGETS], weight[BATCH];
static int64_t number[BATCH], rows;

/* Rank 1 has most of it, so that samples travel. */
static void take_samples(void) {
  int ranks;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  rows = 0;
  for (int k = 0; k < BATCH; k++) {
    if ((k < 6 ? ranks - 1 : 0) != rank) continue;
    for (int c = 0; c < INPUTS; c++) x[rows * INPUTS + c] = (k * 3 + c * 5) % 7;
    for (int c = 0; c < TARGETS; c++) y[rows * TARGETS + c] = (k + c * 2) % 5;
    weight[rows] = 1 + k % 2;
    number[rows++] = k;
  }
}

typedef struct {
  char hash[48];
  double rmse, worst, out[TARGETS];
} result;

static void use_net(lockstep_net *net, result *r) {
  const double in[INPUTS] = {1, 2, 3};
  double slopes[TARGETS * INPUTS];
  if (!net) return;
  TWICE(1, lockstep_net_apply_f64(net, 1, in, r->out, &error));
  TWICE(1, lockstep_net_jacobian_f64(net, 1, in, slopes, &error));
  lockstep_net_free(net);
}

static void train(result *r) {
  lockstep_trainer_options options = LOCKSTEP_TRAINER_OPTIONS;
  lockstep_trainer *t;
  lockstep_net *net;
  lockstep_state state = {0};
  lockstep_score score = {0};
  char path[64];
  options.resume = checkpoint;
  TWICE(0, lockstep_trainer_new(MPI_COMM_WORLD, config, &options, &t, &error));
  if (!t) return;
  for (int k = 0; k < 2; k++)
    TWICE(0, lockstep_trainer_step_weighted_f64(t, rows, number, x, y, weight, &error));
  TWICE(0, lockstep_trainer_evaluate_f64(t, rows, number, x, y, &score, &error));
  TWICE(0, lockstep_trainer_state(t, &state, &error));
  TWICE(0, lockstep_trainer_net(t, &net, &error));
  use_net(net, r);
  snprintf(path, sizeof path, "%s-%ld.h5", job, turn);
  TWICE(0, lockstep_trainer_save(t, path, &error));
  lockstep_trainer_free(t);
  memcpy(r->hash, state.weights_hash, sizeof r->hash);
  r->rmse = score.rmse;
  unlink(path);
}

static void loop(result *r) {
  lockstep_state state = {0};
  char dir[64], command[100];
  int tries = 0;
  snprintf(dir, sizeof dir, "%s-%ld", job, turn);
  TWICE(0, lockstep_train(MPI_COMM_WORLD, config, dir, tries++, NULL, &state, &error));
  memcpy(r->hash, state.weights_hash, sizeof r->hash);
  snprintf(command, sizeof command, "rm -rf %s", dir);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0 && system(command) != 0) complain("cannot remove", dir);
}

static void net_alone(result *r) {
  lockstep_net *net;
  TWICE(1, lockstep_net_open(checkpoint, &net, &error));
  use_net(net, r);
}

static void run(result *r) {
  memset(r, 0, sizeof *r);
  alarm(PATIENCE);
  if (!strcmp(job, "loop"))
    loop(r);
  else if (!strcmp(job, "net"))
    net_alone(r);
  else
    train(r);
  alarm(0);
}

/* One turn: did it ask for as many blocks? */
static int without_block(long n, int victim, const result *want) {
  const long live = memory.live;
  result got;
  turn = n;
  memory.asked = 0;
  memory.fails_at = rank == victim ? n : 0;
  run(&got);
  int reached = memory.asked >= n;
  memory.fails_at = 0;
  MPI_Bcast(&reached, 1, MPI_INT, victim, MPI_COMM_WORLD);
  if (memory.live != live) complain("blocks are lost", "");
  if (memcmp(&got, want, sizeof got) != 0) complain("another result", got.hash);
  return reached;
}

int main(int argc, char **argv) {
  int level, tries = 0;
  result want;
  if (argc < 6) return 2;
  job = argv[1];
  config = argv[5];
  checkpoint = argc > 6 ? argv[6] : NULL;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  signal(SIGALRM, on_alarm);
  take_samples();
  run(&want); /* also what is made once a process */
  const int victim = atoi(argv[2]), stride = atoi(argv[4]);
  long n = atol(argv[3]);
  for (; without_block(n, victim, &want); n += stride) tries++;
  if (rank == 0)
    printf(
        "%s: no memory for each of %d of some %ld blocks of rank %d: %d calls failed and went on\n",
        job, tries, n, victim, lost);
  MPI_Finalize();
  return failures > 0;
}
