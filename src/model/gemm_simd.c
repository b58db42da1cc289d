/* gemm_simd.c - the inner kernels. A tile of ROWS x VECS vectors of the result stays in registers while k runs; elements
 * of A are broadcast from where they are, B comes in rows of whole vectors. Compiled per kind of CPU and per precision. */
#include <string.h>

#include "model/gemm.h"
#if defined(LS_ISA_avx512) || defined(LS_ISA_avx2)
#include <immintrin.h>
#else
#include <math.h>
#endif

#define NAME(x) LS_PASTE(LS_PASTE(x, LS_ISA), LS_R())
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define INLINE static inline __attribute__((always_inline))

/* Registers: ROWS * VECS sums, VECS of B, one broadcast. */
#if defined(LS_ISA_avx512)
#define BYTES 64
#define VECS 2
#define EACH_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
enum { ROWS = 14 };
#elif defined(LS_ISA_avx2)
#define BYTES 32
#define VECS 3
#define EACH_ROWS(X) X(1) X(2) X(3) X(4)
enum { ROWS = 4 };
#else
#define BYTES 16
#define VECS 2
#define EACH_ROWS(X) X(1) X(2) X(3) X(4)
enum { ROWS = 4 };
#endif

enum {
  WIDTH = BYTES / sizeof(real),
  PANEL = VECS * WIDTH,
  DEPTH = 24576 / (VECS * BYTES) /* rows of a panel that stay in the first-level cache */
};

typedef real vec __attribute__((vector_size(BYTES)));
typedef real vec_at __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));

/* One rounding, whatever the compiler's options. */
INLINE vec fused(vec a, vec b, vec c) {
#if defined(LS_ISA_avx512) && LS_REAL_BITS == 32
  return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(LS_ISA_avx512)
  return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(LS_ISA_avx2) && LS_REAL_BITS == 32
  return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(LS_ISA_avx2)
  return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  for (int i = 0; i < WIDTH; i++) c[i] = LS_REAL_BITS == 32 ? fmaf((float)a[i], (float)b[i], (float)c[i]) : fma(a[i], b[i], c[i]);
  return c;
#endif
}

INLINE vec load(const real *p) { return *(const vec_at *)p; }
INLINE void store(real *p, vec v) { *(vec_at *)p = v; }

/* The first `count` (below WIDTH) numbers. */
INLINE void store_some(real *p, vec v, int count) {
#if defined(LS_ISA_avx512) && LS_REAL_BITS == 32
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif defined(LS_ISA_avx512)
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << count) - 1), (__m512d)v);
#else
  memcpy(p, &v, (size_t)count * sizeof *p);
#endif
}

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define EACH_SUM(i, v) UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vecs; v++)

/* c += A B: row i of A starts at a[i * row], the next k is `step` further. Every third row has a pointer of its own, which
 * with the processor's addressing modes reaches the two below it. */
INLINE void chain(vec c[ROWS][VECS], int64_t k, const real *a, int64_t row, int64_t step, const real *b, int64_t ldb, const int rows,
                  const int vecs) {
  const real *third[(ROWS + 2) / 3];
  UNROLL for (int i = 0; i < rows; i += 3) {
    third[i / 3] = a + i * row;
    if (row != 1) __asm__("" : "+r"(third[i / 3])); /* else the compiler keeps one pointer and spills the multiples of `row` */
  }
#pragma GCC unroll 4
  for (int64_t p = 0; p < k; p++) {
    vec line[VECS];
    UNROLL for (int v = 0; v < vecs; v++) line[v] = load(b + v * WIDTH);
    EACH_SUM(i, v) c[i][v] = fused(third[i / 3][i % 3 * row] - (vec){0}, line[v], c[i][v]);
    UNROLL for (int i = 0; i < rows; i += 3) third[i / 3] += step;
    b += ldb;
  }
}

typedef struct {
  int64_t k;
  const real *a;
  int64_t lda;
  const real *b;
  const real *init;
  int64_t ldi;
  real *c;
  int64_t ldc;
} product;

INLINE void multiply_tile(const product *t, const int rows, const int vecs) {
  vec c[ROWS][VECS];
  EACH_SUM(i, v) c[i][v] = load(t->init + i * t->ldi + v * WIDTH);
  chain(c, t->k, t->a, t->lda, 1, t->b, vecs * WIDTH, rows, vecs);
  EACH_SUM(i, v) store(t->c + i * t->ldc + v * WIDTH, c[i][v]);
}

/* grad: where row i, column j of this tile goes in the vector of part p. */
INLINE void store_gradient(real *grad, int64_t n, int64_t left, vec c[ROWS][VECS], const int rows, const int vecs) {
  const int some = left < vecs * WIDTH ? (int)(left - (vecs - 1) * WIDTH) : 0;
  EACH_SUM(i, v) {
    if (v == vecs - 1 && some)
      store_some(grad + i * n + v * WIDTH, c[i][v], some);
    else
      store(grad + i * n + v * WIDTH, c[i][v]);
  }
}

/* One tile over all slices. Sums of complete nodes wait for their right sibling, as in base/tree.c. */
INLINE void gradient_tile(const ls_weight_gradient *g, int64_t i0, int64_t j0, const int rows, const int vecs) {
  vec wait[LS_TREE_DEPTH][ROWS][VECS];
  const real *x = (const real *)g->x + i0, *d = (const real *)g->d + j0;
  for (int p = 0; p < g->parts; p++) {
    const ls_tree_node *node = &g->node[p];
    const int64_t *row = g->slice_row + (node->lo - g->slice_lo);
    int depth = 0, slices = node->hi - node->lo;
    for (int s = 0; s < slices; s++, row++) {
      vec c[ROWS][VECS];
      EACH_SUM(i, v) c[i][v] = (vec){0};
      chain(c, row[1] - row[0], x + row[0] * g->ldx, 1, g->ldx, d + row[0] * g->ldd, g->ldd, rows, vecs);
      for (int q = s; depth > 0 && (q & 1 || s + 1 == slices); q >>= 1) {
        depth--;
        EACH_SUM(i, v) c[i][v] = wait[depth][i][v] + c[i][v];
      }
      if (s + 1 < slices) {
        EACH_SUM(i, v) wait[depth][i][v] = c[i][v];
        depth++;
      } else {
        store_gradient((real *)g->grad[p] + g->offset + i0 * g->n + j0, g->n, g->n - j0, c, rows, vecs);
      }
    }
  }
}

#define TILE(r, v)                                                                                              \
  static __attribute__((noinline)) void multiply_##r##_##v(const product *t) { multiply_tile(t, r, v); }        \
  static __attribute__((noinline)) void gradient_##r##_##v(const ls_weight_gradient *g, int64_t i, int64_t j) { \
    gradient_tile(g, i, j, r, v);                                                                               \
  }
#if VECS == 3
#define TILES(r) TILE(r, 1) TILE(r, 2) TILE(r, 3)
#define ENTRY(kind, r) {kind##_##r##_1, kind##_##r##_2, kind##_##r##_3},
#else
#define TILES(r) TILE(r, 1) TILE(r, 2)
#define ENTRY(kind, r) {kind##_##r##_1, kind##_##r##_2},
#endif
#define MULTIPLY(r) ENTRY(multiply, r)
#define GRADIENT(r) ENTRY(gradient, r)
EACH_ROWS(TILES)
static void (*const multiply_kernel[ROWS][VECS])(const product *) = {EACH_ROWS(MULTIPLY)};
static void (*const gradient_kernel[ROWS][VECS])(const ls_weight_gradient *, int64_t, int64_t) = {EACH_ROWS(GRADIENT)};

/* Vectors of the panel that starts with `left` columns to go. */
static int panel_vecs(int64_t left) { return left >= PANEL ? VECS : (int)((left + WIDTH - 1) / WIDTH); }

/* A block of rows is cut into tiles of nearly the same height: 50 rows are 13 + 13 + 12 + 12, not 3 * 14 + 8. */
static int64_t tiles(int64_t rows) { return (rows + ROWS - 1) / ROWS; }

static void multiply_panel(const ls_multiply *g, int64_t k0, int64_t j0) {
  int64_t count = tiles(g->m), depth = g->k - k0 < DEPTH ? g->k - k0 : DEPTH;
  int vecs = panel_vecs(g->n - j0);
  const real *init = k0 ? g->c : g->init;
  int64_t ldi = k0 ? g->ldc : g->ldi;
  for (int64_t t = 0; t < count; t++) {
    int64_t i = g->m * t / count, rows = g->m * (t + 1) / count - i;
    product tile = {
        depth, (const real *)g->a + i * g->lda + k0, g->lda, (const real *)g->b + j0 * g->k + k0 * vecs * WIDTH, init + i * ldi + j0,
        ldi,   (real *)g->c + i * g->ldc + j0,       g->ldc};
    multiply_kernel[rows - 1][vecs - 1](&tile);
  }
}

static void multiply(const ls_multiply *g) {
  for (int64_t k0 = 0; k0 < g->k; k0 += DEPTH)
    for (int64_t j0 = 0; j0 < g->n; j0 += PANEL) multiply_panel(g, k0, j0);
}

static void weight_gradient(const ls_weight_gradient *g) {
  int64_t m = g->hi - g->lo, count = tiles(m);
  for (int64_t j0 = 0; j0 < g->n; j0 += PANEL) {
    int vecs = panel_vecs(g->n - j0);
    for (int64_t t = 0; t < count; t++) {
      int64_t i = m * t / count, rows = m * (t + 1) / count - i;
      gradient_kernel[rows - 1][vecs - 1](g, g->lo + i, j0);
    }
  }
}

static void pack(const void *b, int64_t ldb, int64_t k, int64_t n, void *packed) {
  for (int64_t j0 = 0; j0 < n; j0 += PANEL) {
    int64_t width = panel_vecs(n - j0) * WIDTH, columns = n - j0 < width ? n - j0 : width;
    const real *from = (const real *)b + j0;
    real *to = (real *)packed + j0 * k;
    for (int64_t p = 0; p < k; p++, from += ldb, to += width) {
      for (int64_t j = 0; j < columns; j++) to[j] = from[j];
      for (int64_t j = columns; j < width; j++) to[j] = 0;
    }
  }
}

static void pack_transposed(const void *b, int64_t ldb, int64_t k, int64_t n, void *packed) {
  for (int64_t j0 = 0; j0 < n; j0 += PANEL) {
    int64_t width = panel_vecs(n - j0) * WIDTH, columns = n - j0 < width ? n - j0 : width;
    const real *from = (const real *)b + j0 * ldb;
    real *to = (real *)packed + j0 * k;
    for (int64_t p = 0; p < k; p++, from++, to += width) {
      for (int64_t j = 0; j < columns; j++) to[j] = from[j * ldb];
      for (int64_t j = columns; j < width; j++) to[j] = 0;
    }
  }
}

extern const ls_gemm NAME(ls_gemm_);
const ls_gemm NAME(ls_gemm_) = {TEXT(LS_ISA), ROWS, PANEL, pack, pack_transposed, multiply, weight_gradient};
