/* Every kernel against one written-down order of operations, bit for bit: fused multiply-adds over
 * k ascending, slices in the tree. */
#include <fenv.h>
#include <stdbool.h>

#include "base/rng.h"
#include "cli/bench/reference.h"
#include "model/blas.h"
#include "test.h"

static uint64_t seed, draws;

static int64_t below(int64_t n) { return (int64_t)(ls_rng_u64(seed, 1, draws++) % (uint64_t)n); }

/* ---- numbers of either precision in blocks of exactly the size asked for, so that a sanitizer
 * sees a step outside ---- */

typedef struct {
  ls_dtype precision;
  int64_t count;
  void *at;
} numbers;

static numbers fresh(ls_dtype precision, int64_t count, bool random) {
  numbers x = {precision, count, NULL};
  assert_int_equal(
      posix_memalign(&x.at, 64, (size_t)(count > 0 ? count : 1) * ls_dtype_size(precision)), 0);
  for (int64_t i = 0; i < count; i++) {
    const double value = random ? ls_rng_normal(seed, 2, draws++) : 0;
    if (precision == LS_F32)
      ((float *)x.at)[i] = (float)value;
    else
      ((double *)x.at)[i] = value;
  }
  return x;
}
static void *at(numbers x, int64_t i) {
  return (char *)x.at + (size_t)i * ls_dtype_size(x.precision);
}

/* *c = fma(*a, *b, *c) */
static void fuse(ls_dtype precision, const void *a, const void *b, void *c) {
  if (precision == LS_F32)
    *(float *)c = fmaf(*(const float *)a, *(const float *)b, *(float *)c);
  else
    *(double *)c = fma(*(const double *)a, *(const double *)b, *(double *)c);
}

static void expect_same(numbers got, numbers want, int64_t rows, int64_t n, int64_t ld,
                        const char *kernel) {
  for (int64_t i = 0; i < rows; i++)
    if (memcmp(at(got, i * ld), at(want, i * ld), (size_t)n * ls_dtype_size(got.precision)) != 0)
      fail_msg("%s %s: row %d differs", kernel, ls_dtype_name(got.precision), (int)i);
}

/* ---- C = init + A B ---- */

typedef struct {
  int64_t m, n, k, lda, ldb, ldc;
  bool add; /* init is given, else 0 */
  bool transposed;
} shape;

/* Rows in two calls, cut at `cut`: no bit may notice. */
static numbers multiplied(const ls_gemm *gemm, const shape *s, numbers a, numbers b, numbers init,
                          int64_t cut) {
  numbers c = fresh(a.precision, s->m * s->ldc, true),
          work = fresh(a.precision, s->m * LS_GEMM_WORK, false);
  for (int half = 0; half < 2; half++) {
    const int64_t lo = half ? cut : 0, m = half ? s->m - cut : cut;
    gemm->multiply(&(ls_multiply){.m = m,
                                  .n = s->n,
                                  .k = s->k,
                                  .a = at(a, lo * s->lda),
                                  .lda = s->lda,
                                  .b = b.at,
                                  .ldb = s->ldb,
                                  .transposed = s->transposed,
                                  .init = s->add ? init.at : NULL,
                                  .c = at(c, lo * s->ldc),
                                  .ldc = s->ldc,
                                  .work = at(work, lo * LS_GEMM_WORK)});
  }
  free(work.at);
  return c;
}

static numbers multiplied_plainly(const shape *s, numbers a, numbers b, numbers init) {
  numbers c = fresh(a.precision, s->m * s->ldc, false);
  for (int64_t i = 0; i < s->m; i++)
    for (int64_t j = 0; j < s->n; j++) {
      if (s->add) memcpy(at(c, i * s->ldc + j), at(init, j), ls_dtype_size(a.precision));
      for (int64_t p = 0; p < s->k; p++)
        fuse(a.precision, at(a, i * s->lda + p),
             at(b, s->transposed ? j * s->ldb + p : p * s->ldb + j), at(c, i * s->ldc + j));
    }
  return c;
}

static const char *const kernels[] = {"portable", "neon", "avx2", "avx512"};
enum { KERNELS = sizeof kernels / sizeof *kernels };

static void try_shape(ls_dtype precision, shape s) {
  s.ldc = ls_leading(s.n, precision);
  const int64_t rows = s.transposed ? s.n : s.k, columns = s.transposed ? s.k : s.n;
  numbers a = fresh(precision, (s.m - 1) * s.lda + s.k, true),
          b = fresh(precision, (rows - 1) * s.ldb + columns, true),
          init = fresh(precision, s.n, true), want = multiplied_plainly(&s, a, b, init);
  for (int i = 0; i < KERNELS; i++) {
    const ls_gemm *gemm = ls_gemm_named(kernels[i], precision);
    if (!gemm) continue;
    numbers got = multiplied(gemm, &s, a, b, init, below(s.m < 100 ? s.m + 1 : 20));
    expect_same(got, want, s.m, s.n, s.ldc, gemm->name);
    free(got.at);
  }
  free(a.at), free(b.at), free(init.at), free(want.at);
}

static void test_multiply(void **state) {
  (void)state;
  for (int round = 0; round < 200; round++)
    for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++) {
      shape s = {.m = 1 + below(40),
                 .n = 1 + below(70),
                 .k = 1 + below(round % 10 ? 40 : 600),
                 .add = below(2),
                 .transposed = below(2)};
      s.lda = s.k + below(9);
      s.ldb = (s.transposed ? s.k : s.n) + below(9);
      try_shape(precision, s);
    }
  for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++) {
    try_shape(precision, (shape){.m = 300, .n = 130, .k = 40, .lda = 48, .ldb = 130});
    try_shape(precision,
              (shape){.m = 3, .n = 1100, .k = 220, .lda = 220, .ldb = 220, .transposed = true});
    for (int transposed = 0; transposed < 2;
         transposed++) { /* a result of more than a megabyte; k in two goes, and in one */
      const int64_t n = precision == LS_F32 ? 2399 : 1201, k = transposed ? 253 : 21;
      try_shape(precision, (shape){131, n, k, .lda = k + 2, .ldb = (transposed ? k : n) + 3,
                                   .add = true, .transposed = transposed});
    }
  }
}

/* ---- weight gradients ---- */

typedef struct {
  int64_t m, n, ldx, ldd;
  int slices, lo, hi;
  int64_t row[LS_SLICES_MAX + 1], at[LS_SLICES_MAX + 1]; /* at: where it lies in x and d */
} cut;

/* The tree's node, slice by slice; false if it has no leaf. */
static bool summed_plainly(const cut *c, numbers x, numbers d, int lo, int level, int64_t i,
                           int64_t j, void *out) {
  double left = 0, right = 0;
  if (lo >= c->slices) return false;
  if (level == 0) {
    for (int64_t r = 0; r < c->row[lo + 1] - c->row[lo]; r++)
      fuse(x.precision, at(x, (c->at[lo] + r) * c->ldx + i), at(d, (c->at[lo] + r) * c->ldd + j),
           &left);
  } else {
    summed_plainly(c, x, d, lo, level - 1, i, j, &left);
    if (summed_plainly(c, x, d, lo + (1 << (level - 1)), level - 1, i, j, &right)) {
      float a, b; /* `left` and `right` hold a number of the precision in their first bytes */
      memcpy(&a, &left, sizeof a);
      memcpy(&b, &right, sizeof b);
      a += b;
      left += right;
      if (x.precision == LS_F32) memcpy(&left, &a, sizeof a);
    }
  }
  memcpy(out, &left, ls_dtype_size(x.precision));
  return true;
}

static void try_gradient(ls_dtype precision, int64_t rows, cut *c) {
  enum { OFFSET = 5 };
  ls_tree_node node[LS_PARTS_MAX];
  void *grad[LS_PARTS_MAX];
  const int parts = ls_tree_cover(c->slices, c->lo, c->hi, node);
  const bool gaps = below(2);
  for (int s = 0, between = 0; s <= c->slices; s++) {
    c->row[s] = ls_tree_row(rows, c->slices, s);
    c->at[s] = c->row[s] + between;
    if (gaps) between += (int)below(3);
  }
  const int64_t all = c->at[c->slices];
  numbers x = fresh(precision, c->ldx ? all * c->ldx : 1, true),
          d = fresh(precision, all * c->ldd, true), got[LS_PARTS_MAX],
          want = fresh(precision, c->m * c->n, false),
          work = fresh(precision, (rows + 1) * LS_GEMM_WORK, true);
  /* x and d are given from some row on, which with gaps may be another share's */
  const int64_t first = gaps ? below(all + 1) : c->row[c->lo], middle = below(c->m + 1);
  int64_t slice_row[LS_SLICES_MAX + 1], slice_at[LS_SLICES_MAX + 1];
  for (int s = c->lo; s <= c->hi; s++) {
    slice_row[s - c->lo] = c->row[s] - c->row[c->lo];
    slice_at[s - c->lo] = c->at[s] - first;
  }
  for (int k = 0; k < KERNELS; k++) {
    const ls_gemm *gemm = ls_gemm_named(kernels[k], precision);
    if (!gemm) continue;
    for (int p = 0; p < parts; p++)
      grad[p] = (got[p] = fresh(precision, OFFSET + c->m * c->n, true)).at;
    ls_weight_gradient g = {.lo = 0,
                            .hi = middle,
                            .n = c->n,
                            .x = at(x, first * c->ldx),
                            .ldx = c->ldx,
                            .d = at(d, first * c->ldd),
                            .ldd = c->ldd,
                            .slice_row = slice_row,
                            .slice_at = gaps ? slice_at : NULL,
                            .slice_lo = c->lo,
                            .parts = parts,
                            .node = node,
                            .grad = grad,
                            .offset = OFFSET,
                            .work = below(2) ? work.at : NULL};
    gemm->weight_gradient(&g);
    g.lo = middle;
    g.hi = c->m;
    gemm->weight_gradient(&g);
    for (int p = 0; p < parts; p++) {
      for (int64_t i = 0; i < c->m; i++)
        for (int64_t j = 0; j < c->n; j++)
          assert_true(
              summed_plainly(c, x, d, node[p].lo, node[p].level, i, j, at(want, i * c->n + j)));
      expect_same((numbers){precision, 0, at(got[p], OFFSET)}, want, c->m, c->n, c->n, gemm->name);
      free(got[p].at);
    }
  }
  free(x.at), free(d.at), free(want.at), free(work.at);
}

static void test_weight_gradient(void **state) {
  (void)state;
  for (int round = 0; round < 100; round++)
    for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++) {
      const int ranks = 1 + (int)below(5), rank = (int)below(ranks);
      cut c = {.m = 1 + below(round % 10 ? 40 : 300),
               .n = 1 + below(round % 10 ? 70 : 150),
               .slices = ranks + (int)below(30)};
      c.ldx = ls_leading(c.m + below(40), precision);
      if (round % 7 == 0) c.m = 1, c.ldx = 0; /* column sums: every x is the same 1 */
      c.ldd = ls_leading(c.n, precision);
      c.lo = ls_tree_first(c.slices, ranks, rank);
      c.hi = ls_tree_first(c.slices, ranks, rank + 1);
      try_gradient(precision, below(c.slices * 9), &c);
    }
  /* copied together, with more rows than the first-level cache holds: one slice, short ones and an
   * odd number of them, twice, since whether there is room for copies is drawn */
  for (int round = 0; round < 6; round++)
    for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++) {
      const int slices = (const int[]){1, 40, 41}[round / 2];
      cut c = {.m = 60, .n = 130, .slices = slices, .hi = slices};
      c.ldx = ls_leading(c.m, precision);
      c.ldd = ls_leading(c.n, precision);
      try_gradient(precision, 300, &c);
    }
}

/* ---- one product and one sum of hard numbers ---- */

/* Of any size, few bits, around 1, or special. */
static double hard(ls_dtype precision) {
  static const double special[] = {0, -0.0, 1, -1, (double)INFINITY, (double)-INFINITY};
  const int bits = precision == LS_F32 ? 24 : 53, range = precision == LS_F32 ? 130 : 1030;
  const double any = ls_rng_normal(seed, 3, draws++);
  switch (below(6)) {
    case 0:
      return ldexp(any, (int)below(2 * range) - range);
    case 1:
      return ldexp((double)(below(4097) - 2048), (int)below(bits) - bits);
    case 2:
      return special[below(6)];
    case 3:
      return ldexp(floor(ldexp(any, bits / 2)), -(int)below(bits));
    default:
      return any;
  }
}

/* A sum whose exact value is close to the middle of two numbers, to a cancelling one, or neither.
 */
static double hard_sum(ls_dtype precision, double product) {
  const int bits = precision == LS_F32 ? 24 : 53;
  switch (below(4)) {
    case 0:
      return -product;
    case 1:
      return ldexp(product, bits - 2 + (int)below(4));
    case 2:
      return -ldexp(product, bits - 2 + (int)below(4));
    default:
      return hard(precision);
  }
}

static bool is_same(ls_dtype precision, const void *a, const void *b) {
  const double x = ls_dtype_get(precision, a, 0), y = ls_dtype_get(precision, b, 0);
  return (isnan(x) && isnan(y)) || memcmp(a, b, ls_dtype_size(precision)) == 0;
}

/* As in training, numbers too small to be normal are 0. */
static void try_hard(const ls_gemm *gemm, ls_dtype precision) {
  enum { N = 48 };
  numbers a = fresh(precision, 1, false), b = fresh(precision, N, false),
          init = fresh(precision, N, false), c = fresh(precision, ls_leading(N, precision), false);
  ls_dtype_put(precision, a.at, 0, hard(precision));
  for (int j = 0; j < N; j++) {
    ls_dtype_put(precision, b.at, j, hard(precision));
    const double product = ls_dtype_get(precision, a.at, 0) * ls_dtype_get(precision, b.at, j);
    ls_dtype_put(precision, init.at, j, hard_sum(precision, product));
  }
  gemm->multiply(&(ls_multiply){.m = 1,
                                .n = N,
                                .k = 1,
                                .a = a.at,
                                .lda = 1,
                                .b = b.at,
                                .ldb = N,
                                .init = init.at,
                                .c = c.at,
                                .ldc = c.count});
  for (int j = 0; j < N; j++) {
    const double was = ls_dtype_get(precision, init.at, j);
    fuse(precision, a.at, at(b, j), at(init, j));
    if (!is_same(precision, at(c, j), at(init, j)))
      fail_msg("%s %s: %a * %a + %a is %a, not %a", gemm->name, ls_dtype_name(precision),
               ls_dtype_get(precision, a.at, 0), ls_dtype_get(precision, b.at, j), was,
               ls_dtype_get(precision, c.at, j), ls_dtype_get(precision, init.at, j));
  }
  free(a.at), free(b.at), free(init.at), free(c.at);
}

static void test_hard_numbers(void **state) {
  (void)state;
  if (ls_gemm_cpu_is_slow()) skip(); /* libm's fma may not know of the mode */
  fenv_t mode;
  assert_int_equal(fegetenv(&mode), 0);
  ls_flush_denormals();
  for (int i = 0; i < KERNELS; i++)
    for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++) {
      const ls_gemm *gemm = ls_gemm_named(kernels[i], precision);
      for (int n = 0; gemm && n < 2000; n++) try_hard(gemm, precision);
    }
  assert_int_equal(fesetenv(&mode), 0);
}

/* ---- the table ---- */

static void test_choice(void **state) {
  (void)state;
  assert_null(ls_gemm_named("avx1024", LS_F32));
  for (int i = 0; i < KERNELS; i++) {
    const ls_gemm *gemm = ls_gemm_named(kernels[i], LS_F64);
    setenv("LOCKSTEP_KERNEL", kernels[i], 1);
    if (gemm) assert_ptr_equal(ls_gemm_choose(LS_F64), gemm);
  }
  setenv("LOCKSTEP_KERNEL", "avx1024", 1);
  const ls_gemm *best = ls_gemm_choose(LS_F32);
  unsetenv("LOCKSTEP_KERNEL");
  assert_ptr_equal(best, ls_gemm_choose(LS_F32));
}

static void test_leading(void **state) {
  (void)state;
  assert_int_equal(ls_leading(784, LS_F32), 784);
  assert_int_equal(ls_leading(20, LS_F32), 32);
  assert_int_equal(ls_leading(20, LS_F64), 24);
  assert_int_equal(ls_leading(1024, LS_F32), 1040);
  assert_int_equal(ls_leading(512, LS_F64), 520);
}

/* A step's products as BLAS makes them: right to rounding. */
static void test_reference(void **state) {
  (void)state;
  if (ls_blas_open() != LS_OK) skip();
  for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++)
    for (int slices = 1; slices <= 9; slices += 4) {
      ls_reference *reference;
      assert_int_equal(
          ls_reference_new((int64_t[]){70, 20, 33, 3}, 3, 29, slices, precision, &reference),
          LS_OK);
      assert_true(ls_reference_flops(reference) ==
                  29 * (4.0 * 70 * 20 + 6.0 * 20 * 33 + 6.0 * 33 * 3));
      ls_reference_run(reference, ls_blas_product);
      ls_reference_run_own(reference, ls_gemm_choose(precision));
      assert_true(ls_reference_difference(reference) < (precision == LS_F32 ? 1e-6 : 1e-15));
      ls_reference_free(&reference);
      assert_null(reference);
    }
}

int main(void) {
  seed = test_seed();
  printf("seed %llu (SEED=)\n", (unsigned long long)seed);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_multiply),     cmocka_unit_test(test_weight_gradient),
      cmocka_unit_test(test_hard_numbers), cmocka_unit_test(test_choice),
      cmocka_unit_test(test_leading),      cmocka_unit_test(test_reference)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
