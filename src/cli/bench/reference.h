/* reference.h - the matrix products of a training step by the system's BLAS and by our kernels, for
 * comparison. */
#ifndef LS_CLI_BENCH_REFERENCE_H
#define LS_CLI_BENCH_REFERENCE_H

#include <stdint.h>

#include "base/real.h"
#include "base/status.h"
#include "model/blas.h"
#include "model/gemm.h"

typedef struct ls_reference ls_reference;

/* Dense layers width[0] -> width[1] ... -> width[layers], `rows` samples in `slices` slices, random
 * numbers in all. */
ls_status ls_reference_new(const int64_t *width, int layers, int64_t rows, int slices,
                           ls_dtype precision, ls_reference **out);
void ls_reference_free(ls_reference **reference);
/* C (m, n) = A B + beta C of a library, as ls_blas_product. */
typedef void ls_reference_product(ls_dtype precision, ls_blas_transposed transposed, int64_t m,
                                  int64_t n, int64_t k, const void *a, int64_t lda, const void *b,
                                  int64_t ldb, double beta, void *c, int64_t ldc);
/* The products of one step: y = x W of every layer, dx = dy W^T of every layer but the first, dW =
 * x^T dy of every layer. A library makes them slice by slice and adds the slices' dW in order; ours
 * as in training, packing the weights too. One thread. */
void ls_reference_run(ls_reference *reference, ls_reference_product *product);
void ls_reference_run_own(ls_reference *reference, const ls_gemm *gemm);
double ls_reference_flops(const ls_reference *reference); /* of one such step */
/* Largest difference between the two dW of the last runs, relative to the largest |dW| of a layer.
 */
double ls_reference_difference(const ls_reference *reference);

#endif
