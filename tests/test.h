/* test.h - cmocka with what it needs before it, and a seed that is printed and can be given back
 * with SEED=. */
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
#include <time.h>

#include <cmocka.h>
/* clang-format on */

static inline uint64_t test_seed(void) {
  const char *given = getenv("SEED");
  return given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
}

#endif
