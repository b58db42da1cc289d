/* gemm.h - the matrix products of a training step, for one precision and one kind of CPU.
 *
 * Every element of a result is one chain of fused multiply-adds over k in ascending order, so all
 * kernels give the same bits, and a bit does not depend on which rows or columns were computed
 * beside it. */
#ifndef LS_MODEL_GEMM_H
#define LS_MODEL_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/real.h"
#include "base/tree.h"

/* C = init + A B. (m, n) may be any; the columns of C up to a multiple of 64 bytes are written too.
 */
typedef struct {
  int64_t m, n, k;
  const void *a; /* (m, k) */
  int64_t lda;
  const void *b; /* (k, n), or if transposed (n, k) */
  int64_t ldb;
  bool transposed;
  const void *init; /* (n) what each row's chains start from (the bias), or NULL for 0 */
  void *c;          /* (m, n), ldc a multiple of 64 bytes */
  int64_t ldc;
  void *work; /* (m, LS_GEMM_WORK) for this call alone; or NULL: the same bits, slower if large */
} ls_multiply;
/* So many at a time: copies of A's rows that the second-level cache holds. */
enum { LS_GEMM_ROWS = 1024 };

/* Rows [lo, hi) of grad[p] (m, n) = tree sum over the slices of node[p] of X^T D over a slice's
 * rows. */
typedef struct {
  int64_t lo, hi, n;
  /* (rows, m), ldx a multiple of 64 bytes. Of a bias x is one element, 1, and ldx 0: grad is (1,
   * n), the sum of d's rows. */
  const void *x;
  int64_t ldx;
  const void *d; /* (rows, n), ldd a multiple of 64 bytes */
  int64_t ldd;
  const int64_t *slice_row; /* first row of each slice from slice_lo on, one more at the end */
  const int64_t *slice_at;  /* where the first row of each of them lies in x and d, if shares of the
                               minibatch have gaps between them; NULL: at slice_row */
  int slice_lo, parts;
  const ls_tree_node *node;
  void *const *grad; /* (parts) parameter vectors; the result is at `offset` in each, row-major
                        without gaps */
  int64_t offset;
  const void *claim; /* (m, n) what is written next where the result is wanted, the weights: fetched
                        meanwhile, also from other cores' caches; NULL: nothing */
  void *work; /* (rows, LS_GEMM_WORK) and a cache line more, for this call alone; or NULL: the same
                 bits, slower if large */
} ls_weight_gradient;
enum { LS_GEMM_WORK = 256 }; /* columns of x and d that are copied together at a time */

typedef struct {
  const char *name;
  int tile; /* rows of A that one inner kernel takes: where work is best cut */
  void (*multiply)(const ls_multiply *args);
  void (*weight_gradient)(const ls_weight_gradient *args);
  bool by_slices; /* its bits depend on the rows that come together: each call of multiply gets a
                     slice, whole, and lo of a gradient is a multiple of `tile` */
  /* Numbers of `work` that a gradient (m, n) needs, where (rows, LS_GEMM_WORK) may not do; NULL:
   * it does. */
  int64_t (*work)(int64_t m, int64_t n, int slices);
} ls_gemm;

/* The kernels for this CPU, or those that LOCKSTEP_KERNEL names if the CPU has them. */
const ls_gemm *ls_gemm_choose(ls_dtype precision);
/* The kernels called `name`, or NULL if this build or this CPU has none such. */
const ls_gemm *ls_gemm_named(const char *name, ls_dtype precision);
/* The system's BLAS, one call a slice, once ls_blas_open (model/blas.h) has succeeded. Its bits
 * depend on its kernel and on the rows that come together, so slices are never cut or joined. */
const ls_gemm *ls_gemm_by_blas(ls_dtype precision);
/* Does this CPU make fused multiply-adds of many other instructions? */
bool ls_gemm_cpu_is_slow(void);

#endif
