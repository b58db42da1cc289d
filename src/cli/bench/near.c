/* near.c - what it costs a rank to read what another core of its node has written, instead of what
 * it has written itself: the line comes out of the other's cache, and the other has to get it back
 * before it writes it anew. */
#include <math.h>

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

static void time_swaps(ls_team *team, swap *s, ls_bench_near *near) {
  enum { ROUNDS = 80 };
  double own[ROUNDS], others[ROUNDS], meeting[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    own[i] = time_swap(team, s, 0);
    others[i] = time_swap(team, s, 1);
    const double start = ls_time();
    ls_team_run(team, nothing, NULL); /* out and back: as much as two barriers */
    meeting[i] = ls_time() - start;
  }
  const double more = ls_bench_quartile(others, ROUNDS) - ls_bench_quartile(own, ROUNDS);
  near->byte = fmax(more, 0) / (double)s->bytes;
  near->barriers = ls_bench_quartile(meeting, ROUNDS);
}

ls_status ls_bench_measure_near(ls_dtype precision, double bytes, ls_bench_near *near) {
  enum { LEAST = 1 << 12, MOST = 1 << 22 };
  swap s = {.precision = precision};
  ls_team *team;
  const size_t size = ls_dtype_size(precision);
  s.bytes = (size_t)fmin(fmax(bytes, LEAST), MOST) / LS_ALIGN * LS_ALIGN;
  s.count = (int64_t)(s.bytes / size);
  LS_TRY(ls_mem_new((void **)&s.block, 4, s.bytes));
  const ls_status status = ls_team_new(2, &team);
  if (status == LS_OK) time_swaps(team, &s, near);
  ls_team_free(&team);
  LS_FREE(s.block);
  return status;
}
