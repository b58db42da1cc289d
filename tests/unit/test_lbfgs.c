/* The line search of lbfgs: what it takes fulfils the strong Wolfe conditions, and it ends. */
#include <math.h>

#include "base/rng.h"
#include "optim/lbfgs.h"
#include "test.h"

static const double hyper[] = {
    [LS_LBFGS_PAIRS] = 10, [LS_LBFGS_C1] = 1e-4, [LS_LBFGS_C2] = 0.9, [LS_LBFGS_EVALUATIONS] = 50};

/* A step that brings a hundredth of the decrease that c1 asks for is none, however flat it is
 * there; one that brings ten times of it is. */
static void test_decrease(void **state) {
  ls_search s;
  (void)state;
  ls_search_begin(&s, hyper, 1, -1, 1, 0);
  assert_int_equal(ls_search_answer(&s, 1 - 1e-6, -0.1), LS_SEARCH_ON);
  ls_search_begin(&s, hyper, 1, -1, 1, 0);
  assert_int_equal(ls_search_answer(&s, 1 - 1e-3, -0.1), LS_SEARCH_FOUND);
}

/* Too steep still: further on. Uphill, or no number: back between. */
static void test_directions(void **state) {
  ls_search s;
  (void)state;
  ls_search_begin(&s, hyper, 1, -1, 1, 0);
  assert_int_equal(ls_search_answer(&s, 0, -0.95), LS_SEARCH_ON);
  assert_true(s.ask > 1);
  ls_search_begin(&s, hyper, 1, -1, 1, 0);
  assert_int_equal(ls_search_answer(&s, 2, 3), LS_SEARCH_ON);
  assert_true(s.ask > 0 && s.ask < 1);
  ls_search_begin(&s, hyper, 1, -1, 1, 0);
  assert_int_equal(ls_search_answer(&s, (double)NAN, (double)NAN), LS_SEARCH_ON);
  assert_true(s.ask > 0 && s.ask < 1);
}

/* f(a) = (a - m)^4 / scale + bend sin(a), from its value at 0, where its slope is below 0. */
typedef struct {
  double m, scale, bend;
} function;

static double value(const function *f, double a) {
  return pow(a - f->m, 4) / f->scale + f->bend * sin(a);
}
static double slope(const function *f, double a) {
  return 4 * pow(a - f->m, 3) / f->scale + f->bend * cos(a);
}

static void test_conditions(void **state) {
  enum { DRAWS = 500 };
  int tried = 0, found = 0;
  (void)state;
  for (uint64_t i = 0; i < DRAWS; i++) {
    const function f = {pow(10, 3 * ls_rng_uniform(7, i, 0) - 1.5),
                        pow(10, 4 * ls_rng_uniform(7, i, 1) - 2), 0.5 * ls_rng_uniform(7, i, 2)};
    const double at0 = value(&f, 0), down = slope(&f, 0);
    if (down >= 0) continue;
    tried++;
    ls_search s;
    ls_search_state searched = LS_SEARCH_ON;
    ls_search_begin(&s, hyper, at0, down, 1, 0);
    double a = 0;
    for (int asked = 0; searched == LS_SEARCH_ON; asked++) {
      assert_true(asked < (int)hyper[LS_LBFGS_EVALUATIONS] && s.ask > 0);
      a = s.ask;
      searched = ls_search_answer(&s, value(&f, a), slope(&f, a));
    }
    if (searched != LS_SEARCH_FOUND) continue;
    found++;
    assert_true(value(&f, a) <= at0 + hyper[LS_LBFGS_C1] * a * down);
    assert_true(fabs(slope(&f, a)) <= -hyper[LS_LBFGS_C2] * down);
  }
  assert_true(tried > DRAWS / 2 && found >= tried * 99 / 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_decrease),
                                     cmocka_unit_test(test_directions),
                                     cmocka_unit_test(test_conditions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
