/* csvspeed FILE.csv Y - how fast one core reads a CSV file, as training would: columns Y the
 * targets, all others the inputs, float32. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "data/format.h"

enum { ROWS = 1024 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static ls_status read_all(ls_source *source, double *sum) {
  const ls_shape *shape = &source->shape;
  float *x;
  double *y;
  LS_NEW(x, ROWS * shape->features);
  LS_NEW(y, ROWS * shape->outputs);
  for (int64_t row = 0, n; row < shape->rows; row += n) {
    n = shape->rows - row < ROWS ? shape->rows - row : ROWS;
    LS_TRY(ls_source_read(source, n, LS_F32, x, y));
    for (int64_t k = 0; k < n; k++) *sum += (double)x[k * shape->features];
  }
  LS_FREE(x);
  LS_FREE(y);
  return LS_OK;
}

int main(int argc, char **argv) {
  char type[] = "csv", *y[] = {argc == 3 ? argv[2] : NULL, NULL};
  ls_data_spec spec = {.type = type, .limit = {-1, -1, -1}};
  ls_source *source = NULL;
  double sum = 0, start = seconds();
  if (argc != 3) return fprintf(stderr, "usage: csvspeed FILE.csv Y\n"), 64;
  spec.source[0] = (ls_source_spec){.file = argv[1], .y_cols = y, .header = true};
  ls_status status = ls_source_open(&(ls_opening){.spec = &spec}, &source);
  double opened = seconds();
  if (status == LS_OK) status = read_all(source, &sum);
  double read = seconds();
  if (status != LS_OK) return fprintf(stderr, "csvspeed: %s\n", ls_error_text()), (int)status;
  double mb = (double)source->file[0].bytes * 1e-6;
  printf("%s: %.0f MB, %lld x %lld: opened in %.3f s, numbers in %.3f s: %.0f MB/s (sum %.9g)\n",
         argv[1], mb, (long long)source->shape.rows, (long long)source->shape.features + 1,
         opened - start, read - opened, mb / (read - start), sum);
  ls_source_close(&source);
  return 0;
}
