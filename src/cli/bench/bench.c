#include "cli/bench/bench.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double ls_bench_median(double *x, int64_t n) {
  if (n == 0) return NAN;
  qsort(x, (size_t)n, sizeof *x, by_value);
  return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

int ls_bench_list(const char *text, int most, int *list) {
  int count = 0;
  for (const char *at = text; *at;) {
    char *end;
    long n = strtol(at, &end, 10);
    if (end == at || n < 1 || n > 100000 || (*end && *end != ',') || count == most) return 0;
    list[count++] = (int)n;
    at = *end ? end + 1 : end;
  }
  return count;
}

ls_status ls_bench_check(const ls_bench_options *o) {
  if (o->steps > 0 && o->repeat > 0) return LS_OK;
  return ls_fail(LS_EUSAGE, "bench: --steps and --repeat are at least 1");
}
