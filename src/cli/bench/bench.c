/* bench.c - lists of numbers with "..." in them, the median, and nothing that takes time. */
#include "cli/bench/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/mean.h"

double ls_bench_median(double *x, int64_t n) {
  if (n == 0) return NAN;
  ls_numbers_sort(x, n);
  return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* What other processes took away matters less in it. */
double ls_bench_quartile(double *x, int64_t n) {
  ls_bench_median(x, n);
  return x[n / 4];
}

/* What stands for "..." before n: after the last two of a list. Returns the new count; 0: there are
 * no two that ascend, or it is too long. */
static int fill(int count, int most, int *list, long n) {
  if (count < 2 || list[count - 1] <= list[count - 2]) return 0;
  const int last = list[count - 1], before = list[count - 2];
  const int factor = last % before == 0 ? last / before : 1, step = factor > 1 ? 0 : last - before;
  for (long next = (long)last * factor + step; next < n; next = next * factor + step) {
    if (count == most) return 0;
    list[count++] = (int)next;
  }
  return count;
}

int ls_bench_list(const char *text, int most, int *list) {
  static const char dots[] = "...,";
  int count = 0;
  for (const char *at = text; *at;) {
    char *end;
    const bool gap = strncmp(at, dots, strlen(dots)) == 0;
    if (gap) at += strlen(dots);
    long n = strtol(at, &end, 10);
    if (end == at || n < 1 || n > 100000 || (*end && *end != ',')) return 0;
    if (gap) count = fill(count, most, list, n);
    if ((gap && count == 0) || count == most) return 0;
    list[count++] = (int)n;
    at = *end ? end + 1 : end;
  }
  return count;
}

ls_status ls_bench_check(const ls_bench_options *o) {
  if (o->steps > 0 && o->repeat > 0) return LS_OK;
  return ls_fail(LS_EUSAGE, "bench: --steps and --repeat are at least 1");
}

ls_status ls_bench_weak(const ls_bench_options *o, bool *weak) {
  *weak = strcmp(o->scaling, "weak") == 0;
  if (*weak || strcmp(o->scaling, "strong") == 0) return LS_OK;
  return ls_fail(LS_EUSAGE, "--mode %s: it is strong or weak", o->scaling);
}

int ls_bench_threads(const ls_bench_options *o) { return o->threads > 0 ? o->threads : 1; }
