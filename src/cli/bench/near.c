/* near.c - what it costs a rank to read what another core of its node has written, instead of what
 * it has written itself: the line comes out of the other's cache, and the other has to get it back
 * before it writes it anew. */
#include <math.h>

#include "base/cores.h"
#include "base/mem.h"
#include "base/team.h"
#include "cli/bench/bench.h"
#include "comm/sum.h"

/* Two threads: each adds to a block of its own, then reads one, the other's or its own. */
typedef struct {
  ls_dtype precision;
  int64_t count;
  size_t bytes;  /* of a block */
  char *block;   /* (2 threads, 2): what is read by others, and what is added to it */
  int exchanged; /* the other's is read */
} swap;

/* A core each: the system may well put both threads on one. */
static void settle(void *arg, int thread, int threads) {
  (void)threads;
  (void)ls_cores_stay(arg, thread);
}

static char *block_of(const swap *s, int thread, int which) {
  return s->block + (size_t)(2 * thread + which) * s->bytes;
}

static void write_own(void *arg, int thread, int threads) {
  const swap *s = arg;
  char *own = block_of(s, thread, 0);
  (void)threads;
  LS_REAL_OF(s->precision, ls_sum)(own, own, block_of(s, thread, 1), s->count);
}

static void read_one(void *arg, int thread, int threads) {
  const swap *s = arg;
  char *sum = block_of(s, thread, 1);
  const int from = s->exchanged ? threads - 1 - thread : thread;
  LS_REAL_OF(s->precision, ls_sum)(sum, sum, block_of(s, from, 0), s->count);
}

static void nothing(void *arg, int thread, int threads) { (void)arg, (void)thread, (void)threads; }

/* A swap as in a step: written, read, and to be written again. */
static double time_swap(ls_team *team, swap *s, int exchanged) {
  s->exchanged = exchanged;
  const double start = ls_time();
  ls_team_run(team, write_own, s);
  ls_team_run(team, read_one, s);
  return ls_time() - start;
}

/* The first of a row pays for what was read before it. */
static double usual_swap(ls_team *team, swap *s, int exchanged) {
  enum { SKIPPED = 3, ROUNDS = 40 };
  double time[ROUNDS];
  for (int i = -SKIPPED; i < ROUNDS; i++) {
    const double took = time_swap(team, s, exchanged);
    if (i >= 0) time[i] = took;
  }
  return ls_bench_quartile(time, ROUNDS);
}

/* Out and back: as much as two barriers. */
static double usual_meeting(ls_team *team) {
  enum { ROUNDS = 100 };
  double time[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    const double start = ls_time();
    ls_team_run(team, nothing, NULL);
    time[i] = ls_time() - start;
  }
  return ls_bench_quartile(time, ROUNDS);
}

/* By turns, as a clock may change meanwhile. */
static void time_swaps(ls_team *team, swap *s, ls_bench_near *near) {
  enum { TURNS = 5 };
  double more[TURNS];
  for (int i = 0; i < TURNS; i++) more[i] = usual_swap(team, s, 1) - usual_swap(team, s, 0);
  near->byte = fmax(ls_bench_median(more, TURNS), 0) / (double)s->bytes;
  near->barriers = usual_meeting(team);
}

ls_status ls_bench_measure_near(ls_dtype precision, double bytes, ls_bench_near *near) {
  enum { LEAST = 1 << 12, MOST = 1 << 22 };
  swap s = {.precision = precision};
  ls_team *team;
  ls_cores cores;
  const size_t size = ls_dtype_size(precision);
  s.bytes = (size_t)fmin(fmax(bytes, LEAST), MOST) / LS_ALIGN * LS_ALIGN;
  s.count = (int64_t)(s.bytes / size);
  LS_TRY(ls_mem_new((void **)&s.block, 4, s.bytes));
  const ls_status status = ls_team_new(2, &team);
  if (status == LS_OK) {
    ls_cores_mine(&cores);
    ls_team_run(team, settle, &cores);
    time_swaps(team, &s, near);
    ls_cores_roam(&cores);
  }
  ls_team_free(&team);
  LS_FREE(s.block);
  return status;
}
