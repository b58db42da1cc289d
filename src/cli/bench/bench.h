/* bench.h - the parts of `lockstep bench`, one file each (train.c, allreduce.c, gemm.c, scaling.c,
 * plan.c, checkpoint.c); bench.c has what several of them use, near.c what plan.c measures. */
#ifndef LS_CLI_BENCH_BENCH_H
#define LS_CLI_BENCH_BENCH_H

#include "cli/commands.h"
#include "cli/print.h"

typedef struct {
  int steps, warmup, threads, repeat;
  const char *ranks, *scaling, *sizes, *dir, *network, *launcher;
} ls_bench_options;

ls_status ls_bench_train(ls_cli *cli, const void *options);
ls_status ls_bench_allreduce(ls_cli *cli, const void *options);
ls_status ls_bench_gemm(ls_cli *cli, const void *options);
ls_status ls_bench_scaling(ls_cli *cli, const void *options);
ls_status ls_bench_plan(ls_cli *cli, const void *options);
ls_status ls_bench_checkpoint(ls_cli *cli, const void *options);

/* Seconds that it takes two cores of a node: for a byte that the other has written, beyond those
 * for one of its own; for the two barriers of a step. */
typedef struct {
  double byte, barriers;
} ls_bench_near;
/* `bytes`: what each of them has for the other, which may lie in its caches. Needs two cores. */
ls_status ls_bench_measure_near(ls_dtype precision, double bytes, ls_bench_near *near);

/* Flops a second of one core in the best of some products of 512 x 512 matrices by lockstep's
 * kernels: what a step could reach. About 50 ms. */
ls_status ls_bench_peak(ls_dtype precision, double *flops);
double ls_bench_median(double *x, int64_t n);   /* sorts x */
double ls_bench_quartile(double *x, int64_t n); /* the lower one; sorts x */
/* LS_EUSAGE for numbers that no benchmark can take. */
ls_status ls_bench_check(const ls_bench_options *options);
ls_status ls_bench_weak(const ls_bench_options *options, bool *weak); /* --mode */
int ls_bench_threads(const ls_bench_options *options);                /* 1 where none are given */
/* "1,2,4" as numbers from 1 to 100,000, or "2,4,...,64", which goes on by the same factor where the
 * last two have one, else by the same step; returns how many, 0 for anything else and for more than
 * `most`. */
int ls_bench_list(const char *text, int most, int *list);

#endif
