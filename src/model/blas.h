/* blas.h - the one door to the system's CBLAS: for train.gemm: blas and for `bench gemm`.
 *
 * CMake finds the library, but nothing loads it until it is asked for: OpenBLAS makes a thread for
 * every core when it is loaded, and these spin for 0.1 s; here it is told to make none, which it
 * reads at that moment alone. */
#ifndef LS_MODEL_BLAS_H
#define LS_MODEL_BLAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/status.h"

/* Loads it, with one thread. LS_FAIL with a text where this build has none, or it cannot be had.
 * Once or more. */
ls_status ls_blas_open(void);

/* ---- after that ---- */

/* The library and the kernel that it chose for this CPU, where it says so: "OpenBLAS 0.3.21
 * SkylakeX". */
const char *ls_blas_name(void);
/* Its kernel is far below the CPU: the environment variable that mends it; else NULL. */
const char *ls_blas_advice(void);
/* C (m, n) = A B + beta C, row-major; a, b: are they stored transposed? */
typedef struct {
  bool a, b;
} ls_blas_transposed;
void ls_blas_product(ls_dtype precision, ls_blas_transposed transposed, int64_t m, int64_t n,
                     int64_t k, const void *a, int64_t lda, const void *b, int64_t ldb, double beta,
                     void *c, int64_t ldc);

#endif
