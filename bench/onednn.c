/* onednn.c ROWS STEPS WIDTH... - the matrix products of one training step by oneDNN alone, without
 * anything else: the second yardstick of bench/run.sh beside `lockstep bench gemm`. Widths are those
 * of a dense network, inputs first; prints samples per second, by the median step. One thread
 * (OMP_NUM_THREADS=1). Build: cc -O2 onednn.c -ldnnl */
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LAYERS_MAX = 32 };

typedef struct {
  long in, out;
  float *w, *dw; /* (in, out) */
} layer;

static float *filled(long count) {
  float *x = aligned_alloc(64, ((size_t)count * sizeof *x + 63) / 64 * 64);
  if (!x) exit(1);
  for (long i = 0; i < count; i++) x[i] = (float)(i % 17) / 17 - 0.5f;
  return x;
}

static void product(char ta, char tb, long m, long n, long k, const float *a, long lda,
                    const float *b, long ldb, float *c) {
  if (dnnl_sgemm(ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, n) != dnnl_success) exit(1);
}

/* Forward, gradient by the inputs (but of the first layer), gradient by the weights. */
static void step(const layer *net, int layers, float **x, float **d, long rows) {
  for (int i = 0; i < layers; i++)
    product('N', 'N', rows, net[i].out, net[i].in, x[i], net[i].in, net[i].w, net[i].out, x[i + 1]);
  for (int i = layers - 1; i >= 0; i--) {
    product('T', 'N', net[i].in, net[i].out, rows, x[i], net[i].in, d[i + 1], net[i].out, net[i].dw);
    if (i)
      product('N', 'T', rows, net[i].in, net[i].out, d[i + 1], net[i].out, net[i].w, net[i].out,
              d[i]);
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  const int layers = argc - 4;
  if (layers < 1 || layers > LAYERS_MAX) return fprintf(stderr, "see the top of onednn.c\n"), 64;
  const long rows = atol(argv[1]), steps = atol(argv[2]);
  layer net[LAYERS_MAX];
  float *x[LAYERS_MAX + 1], *d[LAYERS_MAX + 1];
  for (int i = 0; i <= layers; i++) {
    x[i] = filled(rows * atol(argv[3 + i]));
    d[i] = filled(rows * atol(argv[3 + i]));
  }
  for (int i = 0; i < layers; i++) {
    net[i] = (layer){.in = atol(argv[3 + i]), .out = atol(argv[4 + i])};
    net[i].w = filled(net[i].in * net[i].out);
    net[i].dw = filled(net[i].in * net[i].out);
  }
  double *seconds = malloc((size_t)steps * sizeof *seconds);
  if (!seconds || steps < 1) return 1;
  step(net, layers, x, d, rows); /* makes oneDNN's kernels */
  for (long i = 0; i < steps; i++) {
    const double start = now();
    step(net, layers, x, d, rows);
    seconds[i] = now() - start;
  }
  qsort(seconds, (size_t)steps, sizeof *seconds, ascending);
  printf("%.0f\n", (double)rows / seconds[steps / 2]);
  return 0;
}
