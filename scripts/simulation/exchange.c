/* exchange.c - the exchange of src/comm on simulated nodes of one rank each (SimGrid's SMPI): the
 * real sources, but for sums, which are not made: they take their time. Prints nodes, parameters,
 * kind, and the seconds of an exchange by the simulated clock. Built and run by scripts/simulate.
 *
 * Arguments: KIND PARAMETERS */
#include "comm/exchange.h"

#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "comm/sum.h"

static const double BYTES_PER_SECOND = 8e9, FLOPS_PER_SECOND = 100e9; /* of one core; of a host */
static double owed; /* bytes of sums that are read from memory, or written there */

/* Sums on their way through the tree are on the stack, and stay in the first-level cache. */
static int from_memory(const void *p) {
  enum { NEAR = 1 << 17 };
  const char here = 0;
  const intptr_t away = (intptr_t)p - (intptr_t)&here;
  return away < -NEAR || away > NEAR;
}

static void owe(const void *dst, const void *a, const void *b, double bytes) {
  owed += bytes * (from_memory(dst) + from_memory(a) + from_memory(b));
}

void ls_sum_f32(void *dst, const void *a, const void *b, int64_t n) {
  owe(dst, a, b, 4.0 * (double)n);
}
void ls_sum_f64(void *dst, const void *a, const void *b, int64_t n) {
  owe(dst, a, b, 8.0 * (double)n);
}

void sim_pay(void) {
  if (owed > 0) smpi_execute_flops(owed / BYTES_PER_SECOND * FLOPS_PER_SECOND);
  owed = 0;
}

enum { ROUNDS = 3, BLOCK = 512 };

int main(int argc, char **argv) {
  int provided;
  ls_comm *comm;
  ls_exchange *x;
  int64_t lo, hi;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  if (argc != 3 || ls_comm_join(MPI_Comm_c2f(MPI_COMM_WORLD), &comm) != LS_OK) return 1;
  const int64_t n = atoll(argv[2]);
  const int ranks = ls_comm_size(comm);
  const ls_exchange_spec spec = {
      .kind = argv[1], .n = n, .block = BLOCK, .slices = ranks, .precision = LS_F32};
  if (ls_exchange_new(comm, &spec, &x) != LS_OK) {
    if (ls_comm_rank(comm) == 0) fprintf(stderr, "%s\n", ls_error_text());
    return 1;
  }
  float *scratch;
  ls_exchange_shard(x, &lo, &hi);
  if (ls_mem_new((void **)&scratch, (size_t)(hi - lo) + 1, sizeof *scratch) != LS_OK) return 1;
  double start = 0;
  for (int round = -1; round < ROUNDS; round++) { /* the first one opens connections */
    if (round == 0) {
      ls_comm_barrier(comm);
      start = MPI_Wtime();
    }
    ls_exchange_reduce(x, 0);
    if (hi > lo) ls_exchange_grad(x, lo, hi - lo, scratch);
    sim_pay();
    ls_exchange_publish(x);
  }
  ls_comm_barrier(comm);
  if (ls_comm_rank(comm) == 0)
    printf("%d %lld %s %.9f\n", ranks, (long long)n, argv[1], (MPI_Wtime() - start) / ROUNDS);
  LS_FREE(scratch);
  ls_exchange_free(&x);
  ls_comm_close(&comm);
  MPI_Finalize();
  return 0;
}
