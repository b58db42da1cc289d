/* export - runs networks that `lockstep export --to c` wrote (and their Fortran, which has the same
 * names behind bind(C)); compiled by cli.export with nets.h, which has NET(name, type of x, type of
 * y) for each, and with the networks.
 *   export make NAME ROWS   samples: NAME.npy for lockstep, NAME.x as they are in memory;
 *                           NAME.shape: inputs, outputs, the types of both as ONNX numbers them
 *   export run NAME         their predictions against NAME.want, bit for bit, also in a program
 * with another rounding and traps; the derivatives into NAME.jacobian, and against differences
 * where they are doubles */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nets.h"

typedef struct {
  const char *name;
  int inputs, outputs;
  size_t x_size, y_size;
  void (*predict)(const void *x, void *y);
  void (*jacobian)(const void *x, void *jacobian);
} net;

#define NET(name, x_type, y_type)                                              \
  static void predict_##name(const void *x, void *y) { name##_predict(x, y); } \
  static void jacobian_##name(const void *x, void *y) { name##_jacobian(x, y); }
NETS
#undef NET
#define NET(name, x_type, y_type)                                  \
  {#name,          name##_inputs,  name##_outputs, sizeof(x_type), \
   sizeof(y_type), predict_##name, jacobian_##name},
    static const net nets[] = {NETS{0}};

static void die(const char *what) {
  fprintf(stderr, "export: %s\n", what);
  exit(1);
}

static FILE *file(const net *n, const char *ending, const char *how) {
  char path[64];
  snprintf(path, sizeof path, "%s.%s", n->name, ending);
  FILE *f = fopen(path, how);
  if (!f) die(path);
  return f;
}

/* Mostly as the training data, some next to nothing (or, of networks of logarithms, missing); far
 * away only in the second half, since there rounding in another order is no small matter. */
static double draw(const net *n, int i, int half) {
  const double u = rand() / (RAND_MAX + 1.) * 4 - 2;
  const int kind = rand() % 32;
  if (n->x_size == sizeof(double) && n->y_size == sizeof(double) && strcmp(n->name, "far") == 0)
    return 1.7e9 + floor(500 * u) + i;
  if (strncmp(n->name, "log", 3) == 0) return kind == 0 ? NAN : exp(1.5 * u);
  if (kind == 0 && half > 0) return 1e4 * u;
  if (kind == 1) return 1e-39 * u;
  return kind == 2 ? 0 : u;
}

static int onnx_type(size_t size) { return size == sizeof(float) ? 1 : 11; }

static void make(const net *n, int rows) {
  char head[129];
  FILE *npy = file(n, "npy", "wb"), *raw = file(n, "x", "wb");
  snprintf(head, sizeof head, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%d, %d), }",
           (int)n->x_size, rows, n->inputs);
  fprintf(npy, "\x93NUMPY%c%c%c%c%-117s\n", 1, 0, 118, 0, head);
  for (int k = 0; k < rows * n->inputs; k++) {
    const double wide = draw(n, k % n->inputs, 2 * k / (rows * n->inputs));
    const float single = (float)wide;
    const void *x = n->x_size == sizeof single ? (const void *)&single : &wide;
    fwrite(x, n->x_size, 1, npy);
    fwrite(x, n->x_size, 1, raw);
  }
  FILE *shape = file(n, "shape", "w");
  fprintf(shape, "%d %d %d %d", n->inputs, n->outputs, onnx_type(n->x_size), onnx_type(n->y_size));
  if (fclose(npy) != 0 || fclose(raw) != 0 || fclose(shape) != 0) die("cannot write the samples");
}

static void *numbers(const net *n, const char *ending, size_t size, long *count) {
  FILE *f = file(n, ending, "rb");
  fseek(f, 0, SEEK_END);
  *count = ftell(f) / (long)size;
  rewind(f);
  void *all = calloc((size_t)*count + 1, size);
  if (!all || fread(all, size, (size_t)*count, f) != (size_t)*count) die("cannot read");
  fclose(f);
  return all;
}

static void compare(const net *n, const char *when, long rows, const char *x, const char *want) {
  const size_t row = (size_t)n->outputs * n->y_size;
  char *y = malloc(row);
  for (long r = 0; y && r < rows; r++) {
    n->predict(x + (size_t)(r * n->inputs) * n->x_size, y);
    if (memcmp(y, want + (size_t)r * row, row) == 0) continue;
    fprintf(stderr, "export: %s: sample %ld has other predictions than lockstep's%s\n", n->name, r,
            when);
    exit(1);
  }
  free(y);
}

/* Central differences; the few samples at which an activation has its kink are let pass. */
static int slopes_differ(const net *n, const double *x, const double *jacobian) {
  double *at = malloc((size_t)n->inputs * sizeof *at),
         *y = malloc(2 * (size_t)n->outputs * sizeof *y);
  double most = 0, worst = 0, rounding = 0;
  for (int k = 0; k < n->inputs * n->outputs; k++) most = fmax(most, fabs(jacobian[k]));
  for (int i = 0; at && y && i < n->inputs; i++) {
    if (isnan(x[i])) continue; /* its place is taken */
    const double h = 1e-5 * fmax(1, fabs(x[i]));
    memcpy(at, x, (size_t)n->inputs * sizeof *at);
    at[i] = x[i] + h;
    n->predict(at, y);
    const double up = at[i];
    at[i] = x[i] - h;
    n->predict(at, y + n->outputs);
    for (int o = 0; o < n->outputs; o++) {
      const double slope = (y[o] - y[n->outputs + o]) / (up - at[i]);
      worst = fmax(worst, fabs(slope - jacobian[o * n->inputs + i]));
      rounding = fmax(rounding, 1e-15 * fabs(y[o]) / h);
    }
  }
  free(at);
  free(y);
  return !(worst <= 1e-4 * most + 10 * rounding);
}

static void differentiate(const net *n, long rows, const char *x) {
  const size_t count = (size_t)(n->inputs * n->outputs);
  FILE *to = file(n, "jacobian", "wb");
  char *jacobian = malloc(count * n->y_size);
  int differ = 0;
  for (long r = 0; jacobian && r < rows; r++, x += (size_t)n->inputs * n->x_size) {
    n->jacobian(x, jacobian);
    fwrite(jacobian, n->y_size, count, to);
    if (n->x_size == sizeof(double) && n->y_size == sizeof(double) && strcmp(n->name, "far") != 0)
      differ +=
          slopes_differ(n, (const double *)(const void *)x, (const double *)(const void *)jacobian);
  }
  if (differ > rows / 10) {
    fprintf(stderr, "export: %s: %d of %ld derivatives are not the differences'\n", n->name, differ,
            rows);
    exit(1);
  }
  free(jacobian);
  if (fclose(to) != 0) die("cannot write the derivatives");
}

static void run(const net *n) {
  long samples, wanted;
  char *x = numbers(n, "x", (size_t)n->inputs * n->x_size, &samples),
       *want = numbers(n, "want", (size_t)n->outputs * n->y_size, &wanted);
  if (samples != wanted || samples == 0) die("not as many predictions as samples");
  compare(n, "", samples, x, want);
  fesetround(FE_UPWARD);
  compare(n, " where the program rounds up", samples, x, want);
  if (fegetround() != FE_UPWARD) die("the program's rounding has changed");
  fesetround(FE_TONEAREST);
  differentiate(n, samples < 40 ? samples : 40, x);
  free(x);
  free(want);
}

int main(int argc, char **argv) {
  const net *n = nets;
  if (argc < 3) return 2;
  while (n->name && strcmp(n->name, argv[2]) != 0) n++;
  if (!n->name) die("no such network");
  srand((unsigned)strlen(argv[2]) + 1);
  if (strcmp(argv[1], "make") == 0)
    make(n, atoi(argv[3]));
  else
    run(n);
  return 0;
}
