/* test_elementary.c - elementary functions and random numbers: near the truth, and the same bits
 * everywhere. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/elementary.h"
#include "base/rng.h"
#include "test.h"

enum { MANY = 20000 };

/* Units in the last place between x and the truth. */
static double ulps(double x, long double truth) {
  const double near = (double)truth;
  if (x == near) return 0;
  return (double)(fabsl(x - truth) / (long double)(nextafter(fabs(near), INFINITY) - fabs(near)));
}
static double uniform(int stream, int i, double lo, double hi) {
  return lo + (hi - lo) * ls_rng_uniform(1, (uint64_t)stream, (uint64_t)i);
}

static void test_near_the_truth(void **state) {
  (void)state;
  for (int i = 0; i < MANY; i++) {
    const double x = exp2(uniform(1, i, -40, 40)), y = uniform(2, i, -600, 600);
    const double angle = uniform(3, i, -8, 8), share = uniform(4, i, 0, 1), power = 30 * share;
    assert_true(ulps(ls_logarithm(x), logl(x)) <= 2);
    assert_true(ulps(ls_exponential(y), expl(y)) <= 2);
    assert_true(ulps(ls_cosine(angle), cosl(angle)) <= 2);
    assert_true(ulps(ls_power(share, power), powl(share, power)) <= 0.51);
    assert_true(ulps(ls_power(x, share), powl(x, share)) <= 0.51);
    assert_true(ulps(ls_power(0.999, i), powl(0.999, i)) <= 0.51);
  }
}

static void test_edges_of_powers(void **state) {
  (void)state;
  assert_true(ls_power(0.5, 40) == 0x1p-40 && ls_power(3, 33) == 5559060566555523.);
  assert_true(ls_power(0, 0) == 1 && ls_power(0, 3) == 0 && ls_power(0, 0.5) == 0);
  assert_true(ls_power(1, 1e300) == 1 && ls_power(0.9, 1e300) == 0);
  assert_true(isinf(ls_power(10, 400)) && isinf(ls_power(1e300, 1.5)));
  assert_true(ls_power(10, -0.0) == 1 && isnan(ls_power(NAN, 2)) && isnan(ls_logarithm(-1)));
  assert_true(ls_cosine(0) == 1 && ls_cosine(M_PI) == -1);
}

/* FNV-1a of the bits of n numbers. */
static uint64_t bits_of(const double *x, int64_t n) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (int64_t i = 0; i < n * 8; i++)
    hash = (hash ^ ((const unsigned char *)x)[i]) * 0x100000001b3ULL;
  return hash;
}

/* Not of this machine: these numbers are the same on every one. */
static void test_the_same_everywhere(void **state) {
  (void)state;
  static double x[MANY];
  for (int i = 0; i < MANY; i++) x[i] = ls_logarithm(uniform(1, i, 1e-9, 1e3));
  assert_int_equal(bits_of(x, MANY), 0xb9ed6659ac64730dULL);
  for (int i = 0; i < MANY; i++) x[i] = ls_power(uniform(1, i, 0, 2), uniform(2, i, 0, 90));
  assert_int_equal(bits_of(x, MANY), 0x713020cc38daf170ULL);
  ls_rng_normals(3, ls_rng_stream(LS_STREAM_INIT, 2), 1000, MANY, x);
  assert_int_equal(bits_of(x, MANY), 0x127019fafaaba4d7ULL);
  ls_rng_truncated_normals(3, 5, (uint64_t)1 << 33, MANY, x);
  assert_int_equal(bits_of(x, MANY), 0x82efb133c7465f80ULL);
}

/* However many are drawn at a time, and wherever they begin. */
static void test_many_are_those_of_one(void **state) {
  (void)state;
  static double x[MANY], cut[MANY];
  int redrawn = 0;
  ls_rng_uniforms(9, 4, 77, MANY, x);
  for (int i = 0; i < MANY; i++) assert_true(x[i] == ls_rng_uniform(9, 4, 77 + (uint64_t)i));
  for (int n = 0; n < 40; n++) {
    ls_rng_normals(9, 4, (uint64_t)n, n, x);
    for (int i = 0; i < n; i++) assert_true(x[i] == ls_rng_normal(9, 4, (uint64_t)(n + i)));
  }
  ls_rng_normals(9, 4, 0, MANY, x);
  ls_rng_truncated_normals(9, 4, 0, MANY, cut);
  for (int i = 0; i < MANY; i++) {
    assert_true(fabs(cut[i]) <= 2 && (cut[i] == x[i] || fabs(x[i]) > 2));
    redrawn += cut[i] != x[i];
  }
  assert_in_range(redrawn, MANY * 4 / 100, MANY * 5 / 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_near_the_truth), cmocka_unit_test(test_edges_of_powers),
      cmocka_unit_test(test_the_same_everywhere), cmocka_unit_test(test_many_are_those_of_one)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
