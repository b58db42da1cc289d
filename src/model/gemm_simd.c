/* gemm_simd.c - the inner kernels. A tile of ROWS x VECS vectors of the result stays in registers
 * while k runs; elements of A are broadcast from where they are, B comes in rows of whole vectors.
 * Compiled per kind of CPU and per precision. Begin with `chain`, which makes all products;
 * then multiply_tile and gradient_tile, which use it; below them is what cuts products into
 * tiles. */
#include "model/gemm.h"
#include "model/simd.h"

#define NAME(x) LS_PASTE(LS_PASTE(x, LS_ISA), LS_R())
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* Rows of a panel of B that stay in the first-level cache; so many columns of A, and a vector more,
 * fit into `work`. */
enum {
  CACHED = 24576 / (VECS * BYTES),
  FITTING = LS_GEMM_WORK - BYTES / 4,
  DEPTH = CACHED < FITTING ? CACHED : FITTING
};
/* Bytes of a result that may drop out of the second-level cache before it is complete. */
enum { SECOND = 1 << 20 };
enum { STRETCH = 16 }; /* k between two prefetches: DEPTH / STRETCH is about ROWS */
enum { SHORT = 32 };   /* rows of a slice up to which two are summed at a time */

#define EACH_SUM(i, v) UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vecs; v++)

/* Products that the second-level cache does not hold take other kernels: what a tile reads is
 * packed, and what the next tile needs is fetched while this one is computed, a row of VECS vectors
 * every STRETCH of k. */
typedef struct {
  const real *row; /* NULL: nothing */
  int64_t ld;
} ahead;

/* c += A B: row i of A starts at a[i * row], the next k is `step` further; the last vector of B's
 * rows has `last` numbers (where that costs nothing: elsewhere the caller sees to it that all are
 * there). Every third row has a pointer of its own, which with the processor's addressing modes
 * reaches the two below it. */
INLINE void chain(vec c[ROWS][VECS], int64_t k, const real *a, int64_t row, int64_t step,
                  const real *b, int64_t ldb, int last, ahead *next, const int rows,
                  const int vecs) {
  const real *third[(ROWS + 2) / 3];
  UNROLL for (int i = 0; i < rows; i += 3) {
    third[i / 3] = a + i * row;
    if (row != 1)
      __asm__(""
              : "+r"(third[i / 3])); /* else the compiler keeps one pointer and spills the multiples
                                        of `row` */
  }
  for (; k > 0; k -= next ? STRETCH : k) {
    const int64_t stretch = next && k > STRETCH ? STRETCH : k;
    if (next && next->row) {
      UNROLL for (int v = 0; v < vecs; v++) __builtin_prefetch(next->row + v * WIDTH, 0, 2);
      next->row += next->ld;
    }
#pragma GCC unroll 2
    for (int64_t p = 0; p < stretch; p++) {
      vec line[VECS];
      UNROLL for (int v = 0; v < vecs; v++) line[v] =
          MASKS && v == vecs - 1 ? load_some(b + v * WIDTH, last) : load(b + v * WIDTH);
      EACH_SUM(i, v) c[i][v] = fused(third[i / 3][i % 3 * row] - (vec){0}, line[v], c[i][v]);
      UNROLL for (int i = 0; i < rows; i += 3) third[i / 3] += step;
      b += ldb;
    }
  }
}

typedef struct {
  int64_t k;
  const real *a;
  int64_t lda;
  const real *b;
  int64_t ldb;
  int last;         /* columns of the last vector */
  const real *init; /* NULL: zeros */
  int64_t ldi;
  real *c;
  int64_t ldc;
  ahead next; /* large: C of the next tile */
} product;

/* large: column p of A's tile lies at a + p * rows. */
INLINE void multiply_tile(const product *t, const int rows, const int vecs, const bool large) {
  ahead next = t->next;
  vec c[ROWS][VECS];
  EACH_SUM(i, v) {
    const real *init = t->init + i * t->ldi + v * WIDTH;
    c[i][v] = !t->init ? (vec){0} : v == vecs - 1 ? load_some(init, t->last) : load(init);
  }
  chain(c, t->k, t->a, large ? 1 : t->lda, large ? rows : 1, t->b, t->ldb, t->last,
        large ? &next : NULL, rows, vecs);
  EACH_SUM(i, v) store(t->c + i * t->ldc + v * WIDTH, c[i][v]);
}

/* A tile of a weight gradient: rows from i, columns from j. */
typedef struct {
  const ls_weight_gradient *g;
  int64_t i, j;
  const real *x; /* (rows, tile's rows) */
  int64_t ldx;
  const real *d; /* (rows, tile's columns) */
  int64_t ldd;
  const int64_t *at; /* (slices) the first row of each in x and d */
  ahead next;        /* large: a part of the next panel of d, before it is packed */
} sums;

/* Row i of c is row i of the gradient, or if flipped column i. */
INLINE void store_gradient(const sums *t, real *grad, vec c[ROWS][VECS], const int rows,
                           const int vecs) {
  const int64_t n = t->g->n, left = n - t->j;
  const int some = left < vecs * WIDTH ? (int)(left - (vecs - 1) * WIDTH) : 0;
  grad += t->g->offset + t->i * n + t->j;
  EACH_SUM(i, v) {
    if (v == vecs - 1 && some)
      store_some(grad + i * n + v * WIDTH, c[i][v], some);
    else
      store(grad + i * n + v * WIDTH, c[i][v]);
  }
}
INLINE void store_flipped(const sums *t, real *grad, vec c[ROWS][VECS], const int rows,
                          const int vecs) {
  const ls_weight_gradient *g = t->g;
  UNROLL for (int v = 0; v < vecs; v++) {
    const int64_t i = t->i + v * WIDTH, from = i < g->lo ? g->lo : i,
                  to = i + WIDTH < g->hi ? i + WIDTH : g->hi;
    UNROLL for (int j = 0; j < rows; j += WIDTH) {
      vec r[WIDTH];
      UNROLL for (int e = 0; e < WIDTH; e++) r[e] = j + e < rows ? c[j + e][v] : (vec){0};
      transpose(r);
      real *row = grad + g->offset + i * g->n + t->j + j;
      for (int64_t e = from - i; e < to - i; e++)
        store_some(row + e * g->n, r[e], rows - j < WIDTH ? rows - j : WIDTH);
    }
  }
}

/* A store that misses the cache holds up those behind it: fetch the place while the slice is
 * summed. */
INLINE void fetch_place(const real *to, int64_t ld, const int rows, const int vecs) {
  EACH_SUM(i, v) __builtin_prefetch(to + i * ld + v * WIDTH, 1, 3);
}

/* Lines that another core's cache holds take long to come, and are wanted to be written: ask for
 * some rows of the tile with each slice. */
INLINE void claim(const sums *t, int lo, int hi, const int vecs) {
  const real *w = (const real *)t->g->claim + (t->i + lo) * t->g->n + t->j;
  for (; lo < hi; lo++, w += t->g->n)
    UNROLL for (int v = 0; v < vecs; v++) __builtin_prefetch(w + v * WIDTH, 1, 3);
}

/* One slice's sums. */
INLINE void sum_slice(const sums *t, vec c[ROWS][VECS], const int64_t *row, const int64_t *at,
                      ahead *next, const int rows, const int vecs, const bool flipped) {
  const real *x = t->x + at[0] * t->ldx, *d = t->d + at[0] * t->ldd;
  EACH_SUM(i, v) c[i][v] = (vec){0};
  if (flipped)
    chain(c, row[1] - row[0], d, 1, t->ldd, x, t->ldx, WIDTH, NULL, rows, vecs);
  else
    chain(c, row[1] - row[0], x, 1, t->ldx, d, t->ldd, WIDTH, next, rows, vecs);
}

/* One tile over all slices. Sums of complete nodes wait for their right sibling, as in base/tree.c.
 * Flipped: x is what comes in vectors and d what is broadcast, for results that are narrower than
 * they are high. Two: siblings meet while the sums of both are in registers. */
INLINE void gradient_tile(const sums *t, const int rows, const int vecs, const bool flipped,
                          const bool large, const bool two) {
  vec wait[LS_TREE_DEPTH][ROWS][VECS];
  ahead ahead_of = t->next, *next = large ? &ahead_of : NULL;
  const int step = two ? 2 : 1;
  for (int p = 0; p < t->g->parts; p++) {
    const ls_tree_node *node = &t->g->node[p];
    const int64_t *row = t->g->slice_row + (node->lo - t->g->slice_lo),
                  *at = t->at + (node->lo - t->g->slice_lo);
    const int slices = node->hi - node->lo;
    int depth = 0;
    for (int s = 0; s < slices; s += step) {
      const bool last = s + step >= slices;
      vec c[ROWS][VECS];
      if (large && last)
        fetch_place((const real *)t->g->grad[p] + t->g->offset + t->i * t->g->n + t->j, t->g->n,
                    rows, vecs);
      if (!flipped && t->g->claim)
        claim(t, rows * s / slices, last ? rows : rows * (s + step) / slices, vecs);
      sum_slice(t, c, row + s, at + s, next, rows, vecs, flipped);
      if (two && s + 1 < slices) {
        vec right[ROWS][VECS];
        sum_slice(t, right, row + s + 1, at + s + 1, next, rows, vecs, flipped);
        EACH_SUM(i, v) c[i][v] = c[i][v] + right[i][v];
      }
      for (int q = s / step; depth > 0 && (q & 1 || last); q >>= 1) {
        depth--;
        EACH_SUM(i, v) c[i][v] = wait[depth][i][v] + c[i][v];
      }
      if (!last) {
        EACH_SUM(i, v) wait[depth][i][v] = c[i][v];
        depth++;
      } else if (flipped) {
        store_flipped(t, t->g->grad[p], c, rows, vecs);
      } else {
        store_gradient(t, t->g->grad[p], c, rows, vecs);
      }
    }
  }
}

#define TILE(r, v)                                                                   \
  static __attribute__((noinline)) void multiply_##r##_##v(const product *t) {       \
    multiply_tile(t, r, v, false);                                                   \
  }                                                                                  \
  static __attribute__((noinline)) void multiply_large_##r##_##v(const product *t) { \
    multiply_tile(t, r, v, true);                                                    \
  }                                                                                  \
  GRADIENT_TILE(single, r, v, false)
#define GRADIENT_TILE(name, r, v, two)                                            \
  static __attribute__((noinline)) void name##_##r##_##v(const sums *t) {         \
    gradient_tile(t, r, v, false, false, two);                                    \
  }                                                                               \
  static __attribute__((noinline)) void name##_large_##r##_##v(const sums *t) {   \
    gradient_tile(t, r, v, false, true, two);                                     \
  }                                                                               \
  static __attribute__((noinline)) void name##_flipped_##r##_##v(const sums *t) { \
    gradient_tile(t, r, v, true, false, two);                                     \
  }
#define PAIR_TILE(r, v) GRADIENT_TILE(paired, r, v, true)
#if VECS == 3
#define EACH_VECS(X, r) X(r, 1) X(r, 2) X(r, 3)
#define ENTRY(kind, r) {kind##_##r##_1, kind##_##r##_2, kind##_##r##_3},
#else
#define EACH_VECS(X, r) X(r, 1) X(r, 2)
#define ENTRY(kind, r) {kind##_##r##_1, kind##_##r##_2},
#endif
#define TILES(r) EACH_VECS(TILE, r)
#define PAIR_TILES(r) EACH_VECS(PAIR_TILE, r)
#define MULTIPLY(r) ENTRY(multiply, r)
#define MULTIPLY_LARGE(r) ENTRY(multiply_large, r)
EACH_ROWS(TILES)
#ifdef EACH_HALF
EACH_HALF(PAIR_TILES)
#endif
static void (*const multiply_kernel[ROWS][VECS])(const product *) = {EACH_ROWS(MULTIPLY)};
static void (*const multiply_large_kernel[ROWS][VECS])(const product *) = {
    EACH_ROWS(MULTIPLY_LARGE)};

/* Kernels of a weight gradient, by the tile's rows and vectors, less 1 each. */
typedef void gradient_kernel(const sums *);
typedef struct {
  int rows; /* of a tile at most */
  gradient_kernel *const (*small)[VECS], *const (*large)[VECS], *const (*flipped)[VECS];
} gradient_kernels;

#define SINGLE(r) ENTRY(single, r)
#define SINGLE_LARGE(r) ENTRY(single_large, r)
#define SINGLE_FLIPPED(r) ENTRY(single_flipped, r)
static gradient_kernel *const single[ROWS][VECS] = {EACH_ROWS(SINGLE)},
                              *const single_large[ROWS][VECS] = {EACH_ROWS(SINGLE_LARGE)},
                              *const single_flipped[ROWS][VECS] = {EACH_ROWS(SINGLE_FLIPPED)};
static const gradient_kernels one_slice = {ROWS, single, single_large, single_flipped};

#ifdef EACH_HALF
#define PAIRED(r) ENTRY(paired, r)
#define PAIRED_LARGE(r) ENTRY(paired_large, r)
#define PAIRED_FLIPPED(r) ENTRY(paired_flipped, r)
static gradient_kernel *const paired[ROWS / 2][VECS] = {EACH_HALF(PAIRED)},
                                            *const paired_large[ROWS / 2][VECS] = {EACH_HALF(
                                                PAIRED_LARGE)},
                                            *const paired_flipped[ROWS / 2][VECS] = {
                                                EACH_HALF(PAIRED_FLIPPED)};
static const gradient_kernels two_slices = {ROWS / 2, paired, paired_large, paired_flipped};
#else
#define two_slices one_slice
#endif

/* Vectors of the panel that starts with `left` columns to go. */
static int panel_vecs(int64_t left) {
  return left >= PANEL ? VECS : (int)((left + WIDTH - 1) / WIDTH);
}

/* A block of rows is cut into tiles of nearly the same height: 50 rows are 13 + 13 + 12 + 12, not 3
 * * 14 + 8. */
static int64_t tiles(int64_t rows, int most) { return (rows + most - 1) / most; }

/* Columns of a panel's last vector. */
static int last_count(int64_t left, int vecs) {
  return left < vecs * WIDTH ? (int)(left - (vecs - 1) * WIDTH) : WIDTH;
}

/* `rows` rows of b, `count` columns (WIDTH of each at most), transposed to `count` rows of one
 * vector. */
static void pack_block(const real *b, int64_t ldb, int rows, int count, real *to, int64_t ldto) {
  vec r[WIDTH];
  UNROLL for (int e = 0; e < WIDTH; e++) r[e] = e < rows ? load_some(b + e * ldb, count) : (vec){0};
  transpose(r);
  for (int e = 0; e < count; e++) store(to + e * ldto, r[e]);
}

static void pack_transposed(const real *b, int64_t ldb, int64_t k, int64_t n, int vecs, real *to) {
  for (int64_t j = 0; j < n && j < vecs * WIDTH; j += WIDTH)
    for (int64_t p = 0; p < k; p += WIDTH)
      pack_block(b + j * ldb + p, ldb, n - j < WIDTH ? (int)(n - j) : WIDTH,
                 k - p < WIDTH ? (int)(k - p) : WIDTH, to + p * vecs * WIDTH + j, vecs * WIDTH);
}

INLINE void pack_rows(const real *b, int64_t ldb, int64_t k, int last, real *to, const int vecs) {
  for (int64_t p = 0; p < k; p++)
    UNROLL for (int v = 0; v < vecs; v++)
        store(to + (p * vecs + v) * WIDTH, v == vecs - 1 ? load_some(b + p * ldb + v * WIDTH, last)
                                                         : load(b + p * ldb + v * WIDTH));
}

static void pack(const real *b, int64_t ldb, int64_t k, int last, int vecs, real *to) {
  if (vecs == 1)
    pack_rows(b, ldb, k, last, to, 1);
  else if (vecs == VECS)
    pack_rows(b, ldb, k, last, to, VECS);
  else
    pack_rows(b, ldb, k, last, to, 2);
}

/* Columns [k0, k0 + depth) of A, together tile by tile. A tile of doubles may have more rows than a
 * vector has numbers; what a block writes too much is the place of what comes after it, so the last
 * rows go first. */
static void pack_tiles(const ls_multiply *g, int64_t k0, int64_t depth, real *to) {
  const int64_t count = tiles(g->m, ROWS);
  for (int64_t t = 0; t < count; t++) {
    const int64_t i = g->m * t / count, rows = g->m * (t + 1) / count - i;
    const real *a = (const real *)g->a + i * g->lda + k0;
    for (int64_t p = 0; p < depth; p += WIDTH)
      for (int64_t e = (rows - 1) / WIDTH * WIDTH; e >= 0; e -= WIDTH)
        pack_block(a + e * g->lda + p, g->lda, rows - e < WIDTH ? (int)(rows - e) : WIDTH,
                   depth - p < WIDTH ? (int)(depth - p) : WIDTH, to + i * depth + p * rows + e,
                   rows);
  }
}

/* Part t of `count` of the panel of B after the one at b, into the second-level cache: it is packed
 * next. */
static void fetch_panel(const ls_multiply *g, const real *b, int64_t depth, int64_t t,
                        int64_t count) {
  if (g->transposed)
    for (int64_t j = PANEL * t / count; j < PANEL * (t + 1) / count; j++)
      for (int64_t p = 0; p < depth; p += WIDTH)
        __builtin_prefetch(b + (PANEL + j) * g->ldb + p, 0, 2);
  else
    for (int64_t p = depth * t / count; p < depth * (t + 1) / count; p++)
      for (int v = 0; v < VECS; v++) __builtin_prefetch(b + p * g->ldb + PANEL + v * WIDTH, 0, 2);
}

/* DEPTH rows of a panel of B against all rows of A. B is copied together first, unless it lies
 * together already or is used but once. */
static void multiply_panel(const ls_multiply *g, int64_t k0, int64_t j0, const real *packed) {
  real panel[DEPTH * PANEL] __attribute__((aligned(BYTES)));
  const int64_t count = tiles(g->m, ROWS), depth = g->k - k0 < DEPTH ? g->k - k0 : DEPTH,
                left = g->n - j0;
  const int vecs = panel_vecs(left), last = last_count(left, vecs);
  const bool direct =
      !g->transposed && (g->ldb <= 2 * PANEL || count == 1) && (MASKS || last == WIDTH);
  const real *b = (const real *)g->b + (g->transposed ? j0 * g->ldb + k0 : k0 * g->ldb + j0);
  if (g->transposed)
    pack_transposed(b, g->ldb, depth, left, vecs, panel);
  else if (!direct)
    pack(b, g->ldb, depth, last, vecs, panel);
  for (int64_t t = 0; t < count; t++) {
    const int64_t i = g->m * t / count, end = g->m * (t + 1) / count, rows = end - i;
    real *c = (real *)g->c + i * g->ldc + j0;
    const real *init = c; /* what the sum begins with: behind the first piece of k, itself */
    if (k0 == 0) init = g->init ? (const real *)g->init + j0 : NULL;
    product tile = {.k = depth,
                    .a = packed ? packed + i * depth : (const real *)g->a + i * g->lda + k0,
                    .lda = g->lda,
                    .b = direct ? b : panel,
                    .ldb = direct ? g->ldb : vecs * WIDTH,
                    .last = last,
                    .init = init,
                    .ldi = k0 ? g->ldc : 0,
                    .c = c,
                    .ldc = g->ldc};
    if (packed)
      tile.next =
          (ahead){(const real *)g->c + (end < g->m ? end * g->ldc + j0 : j0 + PANEL), g->ldc};
    if (!direct && left > PANEL) fetch_panel(g, b, depth, t, count);
    if (packed)
      multiply_large_kernel[rows - 1][vecs - 1](&tile);
    else
      multiply_kernel[rows - 1][vecs - 1](&tile);
  }
}

static void multiply(const ls_multiply *g) {
  real *packed = g->n > 3 * PANEL && g->m * g->n * (int64_t)sizeof(real) >= SECOND ? g->work : NULL;
  for (int64_t k0 = 0; k0 < g->k; k0 += DEPTH) {
    if (packed) pack_tiles(g, k0, g->k - k0 < DEPTH ? g->k - k0 : DEPTH, packed);
    for (int64_t j0 = 0; j0 < g->n; j0 += PANEL) multiply_panel(g, k0, j0, packed);
  }
}

/* Is it less work with x in vectors? Counted in multiply-adds; a shuffle of the transposition at
 * the end costs two. */
static bool flips(const ls_weight_gradient *g, int64_t rows) {
  const int64_t m = g->hi - g->lo, vecs = (m + WIDTH - 1) / WIDTH,
                shuffles = WIDTH * (2 + (WIDTH > 4) + (WIDTH > 8)); /* log2 of WIDTH each */
  return rows * g->n * vecs + 2 * shuffles * g->parts * tiles(g->n, ROWS) * vecs <
         rows * m * ((g->n + WIDTH - 1) / WIDTH);
}

/* Where the slices' rows lie in g->x and g->d. */
static const int64_t *places(const ls_weight_gradient *g) {
  return g->slice_at ? g->slice_at : g->slice_row;
}

static void flipped(const ls_weight_gradient *g, const gradient_kernels *kernels) {
  const int64_t count = tiles(g->n, kernels->rows);
  for (int64_t i = g->lo / WIDTH * WIDTH; i < g->hi; i += PANEL)
    for (int64_t t = 0; t < count; t++) {
      const int64_t j = g->n * t / count, columns = g->n * (t + 1) / count - j;
      kernels->flipped[columns - 1][panel_vecs(g->hi - i) - 1](&(sums){.g = g,
                                                                       .i = i,
                                                                       .j = j,
                                                                       .x = (const real *)g->x + i,
                                                                       .ldx = g->ldx,
                                                                       .d = (const real *)g->d + j,
                                                                       .ldd = g->ldd,
                                                                       .at = places(g)});
    }
}

/* Pieces of the rows that lie together: all of them, or slice by slice. Sets where piece *i lies,
 * its first row among all, and how many it has; false behind the last. */
static bool next_rows(const ls_weight_gradient *g, int64_t rows, int *i, int64_t *at,
                      int64_t *first, int64_t *count) {
  const int s = (*i)++;
  const int last = g->slice_at ? g->node[g->parts - 1].hi - g->slice_lo : 1;
  if (s >= last) return false;
  *at = g->slice_at ? g->slice_at[s] : 0;
  *first = g->slice_at ? g->slice_row[s] : 0;
  *count = g->slice_at ? g->slice_row[s + 1] - *first : rows;
  return true;
}

/* All rows of a panel of d, together. */
static void pack_panel(const ls_weight_gradient *g, int64_t j, int64_t rows, int vecs, real *to) {
  int64_t at, first, count;
  for (int i = 0; next_rows(g, rows, &i, &at, &first, &count);)
    pack((const real *)g->d + at * g->ldd + j, g->ldd, count, WIDTH, vecs,
         to + first * vecs * WIDTH);
}

/* Rows [lo, lo + m) of the gradient, one panel of columns after the other. packed: x's columns lie
 * tile by tile there, not in g->x, and each panel of d is copied behind them first. */
static void by_panels(const ls_weight_gradient *g, const gradient_kernels *kernels, int64_t lo,
                      int64_t m, int64_t rows, real *packed) {
  const int64_t count = tiles(m, kernels->rows);
  const bool large = packed && rows >= DEPTH;
  real *copy = packed ? packed + (rows * m + WIDTH - 1) / WIDTH * WIDTH : NULL;
  for (int64_t j = 0; j < g->n; j += PANEL) {
    const int vecs = panel_vecs(g->n - j);
    const real *d = (const real *)g->d + j;
    if (packed) pack_panel(g, j, rows, vecs, copy);
    for (int64_t t = 0; t < count; t++) {
      const int64_t i = m * t / count, tile = m * (t + 1) / count - i;
      sums sum = {.g = g,
                  .i = lo + i,
                  .j = j,
                  .x = (const real *)g->x + lo + i,
                  .ldx = g->ldx,
                  .d = d,
                  .ldd = g->ldd,
                  .at = packed ? g->slice_row : places(g)};
      if (packed) {
        sum.x = packed + i * rows;
        sum.ldx = tile;
        sum.d = copy;
        sum.ldd = vecs * WIDTH;
      }
      if (large && j + PANEL < g->n && !g->slice_at)
        sum.next = (ahead){d + PANEL + rows * t / count * g->ldd, g->ldd};
      if (large)
        kernels->large[tile - 1][vecs - 1](&sum);
      else
        kernels->small[tile - 1][vecs - 1](&sum);
    }
  }
}

/* `rows` rows of `count` columns of x, together; writes up to a vector more. */
static void pack_columns(const real *x, int64_t ldx, int64_t rows, int count, real *to) {
  for (int64_t r = 0; r < rows; r++)
    for (int e = 0; e < count; e += WIDTH)
      store(to + r * count + e, load_some(x + r * ldx + e, count - e < WIDTH ? count - e : WIDTH));
}

/* Rows far apart, each used many times: copies of x, a block of columns at a time, and of d, a
 * panel at a time, stay in the cache. */
static void packed(const ls_weight_gradient *g, const gradient_kernels *kernels, int64_t rows) {
  enum { BLOCK = LS_GEMM_WORK - PANEL };
  for (int64_t lo = g->lo; lo < g->hi; lo += BLOCK) {
    const int64_t m = g->hi - lo < BLOCK ? g->hi - lo : BLOCK, count = tiles(m, kernels->rows);
    for (int64_t t = 0; t < count; t++) {
      const int64_t i = m * t / count, tile = m * (t + 1) / count - i;
      int64_t at, first, some;
      for (int s = 0; next_rows(g, rows, &s, &at, &first, &some);)
        pack_columns((const real *)g->x + at * g->ldx + lo + i, g->ldx, some, (int)tile,
                     (real *)g->work + i * rows + first * tile);
    }
    by_panels(g, kernels, lo, m, rows, g->work);
  }
}

/* A sum that waits is stored and loaded again. Two slices at a time halve that, but read as much
 * again of d: worth it where slices are short. */
static const gradient_kernels *kernels_for(const ls_weight_gradient *g, int64_t rows) {
  const int64_t slices = g->node[g->parts - 1].hi - g->slice_lo;
  return slices > g->parts && rows <= SHORT * slices ? &two_slices : &one_slice;
}

static void weight_gradient(const ls_weight_gradient *g) {
  const int64_t m = g->hi - g->lo;
  if (g->parts == 0 || m == 0) return;
  const int64_t rows = g->slice_row[g->node[g->parts - 1].hi - g->slice_lo];
  const gradient_kernels *kernels = kernels_for(g, rows);
  const bool wide = g->n > 3 * PANEL;
  if (!wide && g->ldx > 0 && flips(g, rows))
    flipped(g, kernels);
  else if (wide && m > 3 * ROWS && rows >= 32 && g->work)
    packed(g, kernels, rows);
  else
    by_panels(g, kernels, g->lo, m, rows, NULL);
}

extern const ls_gemm NAME(ls_gemm_);
const ls_gemm NAME(ls_gemm_) = {
    .name = TEXT(LS_ISA), .tile = ROWS, .multiply = multiply, .weight_gradient = weight_gradient};
