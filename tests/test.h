/* test.h - cmocka with what it needs before it, and the seed of what a test draws: always the same
 * one, so that a commit has one verdict; SEED= gives another (scripts/sweep, scripts/soak). */
#ifndef LS_TESTS_TEST_H
#define LS_TESTS_TEST_H

/* cmocka.h wants the standard headers before it */
/* clang-format off */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
/* clang-format on */

static inline uint64_t test_seed(void) {
  const char *given = getenv("SEED");
  return given ? strtoull(given, NULL, 10) : 20261129;
}

#endif
