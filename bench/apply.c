/* apply NAME CKPT ROWS...: nanoseconds a row of lockstep_net_apply_f32 and of the exported NAME_predict, for
 * so many rows at once; for bench/apply.sh, which defines NET as NAME_predict. */
#define LOCKSTEP_NO_MPI
#include <lockstep/lockstep.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void NET(const float *x, float *y);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static lockstep_net *net;
static int64_t inputs, outputs;

static void by_library(int64_t rows, const float *x, float *y) {
  if (lockstep_net_apply_f32(net, rows, x, y, NULL) != LOCKSTEP_OK) exit(1);
}
static void by_export(int64_t rows, const float *x, float *y) {
  for (int64_t r = 0; r < rows; r++) NET(x + r * inputs, y + r * outputs);
}

typedef void apply(int64_t, const float *, float *);

/* Nanoseconds a row, over 10 ms at least. */
static double once(apply *by, int64_t rows, const float *x, float *y) {
  int64_t calls = 0;
  const double start = now();
  do {
    by(rows, x, y);
    calls++;
  } while (now() - start < 0.01);
  return 1e9 * (now() - start) / (double)(calls * rows);
}

/* The best of some tries of both, in turn. */
static void measure(int64_t rows, const float *x, float *y, double best[2]) {
  apply *const by[2] = {by_library, by_export};
  best[0] = best[1] = 1e99;
  for (int k = 0; k < 2 * 10; k++) {
    const double each = once(by[k % 2], rows, x, y);
    if (each < best[k % 2]) best[k % 2] = each;
  }
}

int main(int argc, char **argv) {
  lockstep_error error;
  if (lockstep_net_open(argv[2], &net, &error) != LOCKSTEP_OK) return fprintf(stderr, "%s\n", error.text), 1;
  inputs = lockstep_net_inputs(net);
  outputs = lockstep_net_outputs(net);
  for (int i = 3; i < argc; i++) {
    const int64_t rows = atol(argv[i]);
    float *x = malloc((size_t)(rows * inputs) * sizeof *x), *y = malloc((size_t)(rows * outputs) * sizeof *y);
    for (int64_t k = 0; k < rows * inputs; k++) x[k] = (float)(k % 17) / 17;
    double best[2];
    measure(rows, x, y, best);
    printf("%s %ld %.0f %.0f\n", argv[1], (long)rows, best[0], best[1]);
    free(x);
    free(y);
  }
  lockstep_net_free(net);
  return 0;
}
