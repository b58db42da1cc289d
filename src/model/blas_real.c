/* blas_real.c - the products of gemm.h by the system's BLAS, each a call of a shape that neither
 * ranks nor threads change. */
#include "base/vmath.h"
#include "model/blas.h"
#include "model/gemm.h"

enum { BLOCK = 512 }; /* rows of a weight gradient that a call makes */

static void multiply(const ls_multiply *g) {
  for (int64_t r = 0; r < g->m && g->init; r++)
    memcpy((real *)g->c + r * g->ldc, g->init, (size_t)g->n * sizeof(real));
  ls_blas_product(LS_REAL_DTYPE, (ls_blas_transposed){.b = g->transposed}, g->m, g->n, g->k, g->a,
                  g->lda, g->b, g->ldb, g->init ? 1 : 0, g->c, g->ldc);
}

LS_CLONES static void add(real *restrict left, const real *restrict right, int64_t n) {
  for (int64_t i = 0; i < n; i++) left[i] += right[i];
}

/* Rows [i, i + m) of the gradient of a slice. */
static void slice_gradient(const ls_weight_gradient *g, int64_t i, int64_t m, int slice, real *to) {
  const int64_t *row = g->slice_row + slice, at = g->slice_at ? g->slice_at[slice] : row[0];
  const real *x = (const real *)g->x + at * g->ldx + i, *d = (const real *)g->d + at * g->ldd;
  if (row[1] == row[0] || g->ldx == 0) memset(to, 0, (size_t)(m * g->n) * sizeof *to);
  if (g->ldx == 0) /* no product: the sum of the rows */
    for (int64_t r = row[0]; r < row[1]; r++, d += g->ldd) add(to, d, g->n);
  else if (row[1] > row[0])
    ls_blas_product(LS_REAL_DTYPE, (ls_blas_transposed){.a = true}, m, g->n, row[1] - row[0], x,
                    g->ldx, d, g->ldd, 0, to, g->n);
}

/* Sums of complete nodes wait for their right sibling, as in base/tree.c: the first where the
 * result belongs, the others in `work`. */
static void sum_slices(const ls_weight_gradient *g, int p, int64_t i, int64_t m) {
  const ls_tree_node *node = &g->node[p];
  const int64_t count = m * g->n;
  const int slices = node->hi - node->lo, first = node->lo - g->slice_lo;
  real *wait[LS_TREE_DEPTH + 1] = {(real *)g->grad[p] + g->offset + i * g->n};
  for (int d = 1; d <= LS_TREE_DEPTH; d++) wait[d] = (real *)g->work + (d - 1) * count;
  for (int s = 0, depth = 0; s < slices; s++) {
    slice_gradient(g, i, m, first + s, wait[depth]);
    for (int q = s; depth > 0 && (q & 1 || s + 1 == slices); q >>= 1, depth--)
      add(wait[depth - 1], wait[depth], count);
    depth++;
  }
}

static void weight_gradient(const ls_weight_gradient *g) {
  for (int64_t i = g->lo; i < g->hi; i += BLOCK)
    for (int p = 0; p < g->parts; p++) sum_slices(g, p, i, g->hi - i < BLOCK ? g->hi - i : BLOCK);
}

/* Of a binary tree over the slices, one sum a level waits. */
static int64_t work(int64_t m, int64_t n, int slices) {
  int levels = 0;
  while (1 << levels < slices) levels++;
  return levels * (m < BLOCK ? m : BLOCK) * n;
}

extern const ls_gemm LS_R(ls_gemm_blas);
const ls_gemm LS_R(ls_gemm_blas) = {.name = "blas",
                                    .tile = BLOCK,
                                    .multiply = multiply,
                                    .weight_gradient = weight_gradient,
                                    .by_slices = true,
                                    .work = work};
