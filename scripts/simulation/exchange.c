/* exchange.c - steps of training on simulated nodes (SimGrid's SMPI), with the exchange of src/comm:
 * the real sources, but for sums and passes, which are not made: they take their time. Prints ranks,
 * ranks of a node, threads, parameters, kind, bands, the seconds from one step's reduce to the next
 * one's by the simulated clock, and what passes take of them. Built and run by scripts/simulate.
 *
 * Arguments: KIND WIDTHS ROW_US ROWS THREADS SCALE layered|whole
 *   WIDTHS: of the network, as 784,20,10; or one number: that many parameters
 *   ROW_US, ROWS: what a row's passes take on one thread; rows of a rank
 *   SCALE: parameters, network and memory are so many times as small, and times stay what they are */
#include "comm/exchange.h"

#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "comm/cost.h"
#include "comm/sum.h"

/* Of one core, and of a node's memory in cores; of a host. */
static const double BYTES_PER_SECOND = 8e9, MOST_CORES = 8, FLOPS_PER_SECOND = 100e9;
static double owed;       /* seconds of sums that are read from memory, or written there */
static double cores = 1;  /* that make them */
static double scale = 1;

/* Sums on their way through the tree are on the stack, and stay in the first-level cache. */
static int from_memory(const void *p) {
  enum { NEAR = 1 << 17 };
  const char here = 0;
  const intptr_t away = (intptr_t)p - (intptr_t)&here;
  return away < -NEAR || away > NEAR;
}

static void owe(const void *dst, const void *a, const void *b, double bytes) {
  owed += scale * bytes * (from_memory(dst) + from_memory(a) + from_memory(b)) /
          (BYTES_PER_SECOND * cores);
}

void ls_sum_f32(void *dst, const void *a, const void *b, int64_t n) {
  owe(dst, a, b, 4.0 * (double)n);
}
void ls_sum_f64(void *dst, const void *a, const void *b, int64_t n) {
  owe(dst, a, b, 8.0 * (double)n);
}

/* The choice of the network whose parameters are not so few. */
int __real_ls_cost_halvings(const ls_cost_shape *shape, bool most);
int __wrap_ls_cost_halvings(const ls_cost_shape *shape, bool most) {
  ls_cost_shape whole = *shape;
  whole.bytes *= scale;
  return __real_ls_cost_halvings(&whole, most);
}

static void work(double seconds) {
  if (seconds > 0) smpi_execute_flops(seconds * FLOPS_PER_SECOND);
}

void sim_pay(void) {
  const double now = owed;
  owed = 0;
  work(now);
}

/* Instead of waiting for another rank of the node without MPI. */
void sim_yield(void) {
  sim_pay();
  smpi_execute(1e-6);
}

enum { ROUNDS = 3, BLOCK = 2048, LAYERS = 64, UPDATED = 6 }; /* numbers that an update moves */

typedef struct {
  int layers, threads;
  int64_t weights[LAYERS], at[LAYERS], n;
  double second; /* of a product with one weight, for all rows of a rank */
  bool layered;
} network;

static void add_layer(network *net, int64_t weights, int64_t biases) {
  net->at[net->layers] = net->n;
  net->weights[net->layers++] = weights;
  net->n += weights + biases;
}

static void draw(network *net, char **argv) {
  int64_t widths[LAYERS + 1];
  int count = 0;
  for (char *next = argv[2]; *next && count <= LAYERS; next += *next == ',')
    widths[count++] = strtoll(next, &next, 10);
  if (count == 1) add_layer(net, widths[0] / (int64_t)scale, 0);
  for (int l = 0; l + 1 < count; l++)
    add_layer(net, widths[l] * widths[l + 1] / (int64_t)scale, widths[l + 1] / (int64_t)scale);
  int64_t products = -net->weights[0]; /* nothing below the first layer wants a gradient */
  for (int l = 0; l < net->layers; l++) products += 3 * net->weights[l];
  net->threads = atoi(argv[5]);
  net->second = atof(argv[3]) * 1e-6 * atof(argv[4]) / net->threads / (double)products;
  net->layered = strcmp(argv[7], "layered") == 0;
  cores = net->threads < MOST_CORES ? net->threads : MOST_CORES;
}

static double back_through(const network *net, int l) {
  return net->second * (double)net->weights[l] * (l > 0 ? 2 : 1);
}

static double passes(const network *net) {
  double all = 0;
  for (int l = 0; l < net->layers; l++)
    all += net->second * (double)net->weights[l] + back_through(net, l);
  return all;
}

static void make_passes(const network *net, ls_exchange *x) {
  for (int l = 0; l < net->layers; l++) {
    ls_exchange_await(x, l + 1 < net->layers ? net->at[l + 1] : net->n);
    work(net->second * (double)net->weights[l]);
  }
  for (int l = net->layers - 1; l >= 0; l--) {
    work(back_through(net, l));
    ls_exchange_ready(x, net->at[l]);
  }
}

static void update(ls_exchange *x, float *scratch) {
  for (ls_stretch s = {0}; ls_exchange_next(x, &s);) {
    if (s.hi > s.lo) ls_exchange_grad(x, s.lo, s.hi - s.lo, scratch);
    owed += scale * UPDATED * sizeof(float) * (double)(s.hi - s.lo) / (BYTES_PER_SECOND * cores);
    sim_pay();
    ls_exchange_offer(x, s.bands - 1);
  }
  if (ls_exchange_bands(x) == 1) ls_exchange_publish(x);
}

int main(int argc, char **argv) {
  int provided;
  ls_comm *comm;
  ls_exchange *x;
  float *scratch;
  network net = {0};
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  if (argc != 8 || ls_comm_join(MPI_Comm_c2f(MPI_COMM_WORLD), &comm) != LS_OK) return 1;
  scale = atof(argv[6]);
  draw(&net, argv);
  const int ranks = ls_comm_size(comm);
  const ls_exchange_spec spec = {.kind = argv[1],
                                 .n = net.n,
                                 .grid = BLOCK / (int64_t)scale,
                                 .slices = ranks,
                                 .precision = LS_F32,
                                 .layer = net.at,
                                 .layers = net.layered ? net.layers : 0};
  if (ls_exchange_new(comm, &spec, &x) != LS_OK) {
    if (ls_comm_rank(comm) == 0) fprintf(stderr, "%s\n", ls_error_text());
    return 1;
  }
  if (ls_mem_new((void **)&scratch, (size_t)ls_exchange_own(x) + 1, sizeof *scratch) != LS_OK)
    return 1;
  double start = 0, end = 0;
  for (int round = 0; round <= ROUNDS; round++) { /* the first one opens connections */
    make_passes(&net, x);
    ls_exchange_reduce(x, 0);
    end = MPI_Wtime();
    if (round == 0) start = end;
    update(x, scratch);
  }
  ls_exchange_await(x, net.n);
  if (ls_comm_rank(comm) == 0)
    printf("%d %d %d %lld %s %d %.9f %.9f\n", ranks, ls_comm_node_size(comm), net.threads,
           (long long)(net.n * (int64_t)scale), argv[1], ls_exchange_bands(x),
           (end - start) / ROUNDS, passes(&net));
  LS_FREE(scratch);
  ls_exchange_free(&x);
  ls_comm_close(&comm);
  MPI_Finalize();
  return 0;
}
