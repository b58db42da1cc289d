/* test_dtype.c - one list of number types: sizes, names, numbers in and out, conversions that round
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first */
#include <cmocka.h>
#include <string.h>

#include "base/dtype.h"

static void names_and_sizes(void **state) {
  (void)state;
  ls_dtype found;
  for (int t = LS_F32; t <= LS_RECORD; t++) {
    assert_true(ls_dtype_named(ls_dtype_name((ls_dtype)t), &found));
    assert_int_equal(found, t);
  }
  assert_false(ls_dtype_named("float16", &found));
  assert_int_equal(ls_dtype_size(LS_F64), 8);
  assert_int_equal(ls_dtype_size(LS_I16), 2);
  assert_string_equal(ls_dtype_name(LS_U8), "uint8");
}

static void puts_and_gets(void **state) {
  (void)state;
  for (int t = LS_F32; t <= LS_I64; t++) {
    unsigned char room[3 * 8];
    size_t size = ls_dtype_size((ls_dtype)t);
    memset(room, 0xa5, sizeof room);
    ls_dtype_put((ls_dtype)t, room, 1, 100);
    assert_true(ls_dtype_get((ls_dtype)t, room, 1) == 100);
    for (size_t i = 0; i < 3 * size; i++) /* its neighbours are as they were */
      if (i < size || i >= 2 * size) assert_int_equal(room[i], 0xa5);
  }
  float rounded;
  ls_dtype_put(LS_F32, &rounded, 0, 0.1);
  assert_true(rounded == 0.1F);
  int16_t negative = -7;
  assert_true(ls_dtype_get(LS_I16, &negative, 0) == -7);
}

/* 2^54 + 2^30 + 1 lies just above the middle of two floats: through a double it would be the middle
 * itself, and round the other way. */
static void converts_once(void **state) {
  (void)state;
  const int64_t whole[2] = {(INT64_C(1) << 54) + (INT64_C(1) << 30) + 1, -3};
  float single[2];
  double wide[2];
  ls_dtype_convert(LS_I64, whole, 2, LS_F32, single);
  assert_true(single[0] == 0x1p54F + 0x1p31F && single[1] == -3);
  ls_dtype_convert(LS_F32, single, 2, LS_F64, wide);
  assert_true(wide[0] == (double)single[0] && wide[1] == -3);
  const uint8_t bytes[3] = {0, 7, 255};
  uint8_t same[3];
  ls_dtype_convert(LS_U8, bytes, 3, LS_U8, same);
  assert_memory_equal(bytes, same, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_and_sizes),
                                     cmocka_unit_test(puts_and_gets),
                                     cmocka_unit_test(converts_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
