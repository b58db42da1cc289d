/* bigfile OUT.h5 MEGABYTES FEATURES - an HDF5 file of about that size in the layout of `lockstep
 * data import`: float32 inputs, uniform in
 * [-1, 1), and four classes by the signs of two sums over them, which a small network learns. The
 * same arguments give the same file. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/h5write.h"

enum { STEP = 1024 };

static uint64_t state = 1;

/* splitmix64, two numbers a call. */
static void fill(float *x, int64_t n) {
  for (int64_t i = 0; i + 1 < n; i += 2) {
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    x[i] = (float)(int32_t)z * 0x1p-31f;
    x[i + 1] = (float)(int32_t)(z >> 32) * 0x1p-31f;
  }
}

static int32_t class_of(const float *x, int64_t features) {
  float a = 0, b = 0;
  for (int64_t f = 0; f < features; f++) a += x[f], b += f % 2 ? x[f] : -x[f];
  return (a > 0) + 2 * (b > 0);
}

static ls_status put(ls_h5out *out, const char *split, int64_t rows, int64_t features) {
  char name[64];
  int x_set, y_set;
  float *x;
  int32_t y[STEP];
  LS_NEW(x, STEP * features + 1);
  snprintf(name, sizeof name, "/%s/x", split);
  LS_TRY(ls_h5out_set(out, name, rows, features, LS_F32, false, &x_set));
  snprintf(name, sizeof name, "/%s/y", split);
  LS_TRY(ls_h5out_set(out, name, rows, 0, LS_I32, false, &y_set));
  for (int64_t done = 0, n; done < rows; done += n) {
    n = rows - done < STEP ? rows - done : STEP;
    fill(x, n * features + 1);
    for (int64_t k = 0; k < n; k++) y[k] = class_of(x + k * features, features);
    LS_TRY(ls_h5out_write(out, x_set, n, x));
    LS_TRY(ls_h5out_write(out, y_set, n, y));
  }
  LS_FREE(x);
  return LS_OK;
}

int main(int argc, char **argv) {
  double megabytes = argc == 4 ? atof(argv[2]) : 0;
  int64_t features = argc == 4 ? atoll(argv[3]) : 0;
  ls_h5out *out = NULL;
  if (megabytes <= 0 || features < 1) {
    fprintf(stderr, "usage: bigfile OUT.h5 MEGABYTES FEATURES\n");
    return 64;
  }
  int64_t rows = (int64_t)(megabytes * 1e6 / (double)(4 * features + 4)) + 1,
          test = rows / 100 < 20000 ? rows / 100 + 1 : 20000;
  ls_status status = ls_h5out_open(argv[1], true, &out);
  if (status == LS_OK) status = put(out, "train", rows, features);
  if (status == LS_OK) status = put(out, "test", test, features);
  ls_status closed = ls_h5out_close(&out, status == LS_OK);
  if (status == LS_OK) status = closed;
  if (status != LS_OK) fprintf(stderr, "bigfile: %s\n", ls_error_text());
  return (int)status;
}
