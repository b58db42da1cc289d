/* Numbers as the config reads and prints them, and the nearest word. */
#include <locale.h>

#include "base/nearest.h"
#include "config/number.h"
#include "config_cases.h"

static void test_nearest(void **state) {
  (void)state;
  const char *const words[] = {"lr", "epochs", "steps", "batch", "cross_entropy", "all", NULL};
  const char *const row[][2] = {{"bach", "batch"},
                                {"btach", "batch"},
                                {"epoch", "epochs"},
                                {"stesp", "steps"},
                                {"crossentropy", "cross_entropy"},
                                {"l", "lr"},
                                {"al", "all"}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    assert_string_equal(ls_nearest(row[i][0], words), row[i][1]);
  const char *const far[] = {"",         "x",
                             "xyz",      "rate",
                             "momentum", "a_word_that_is_much_longer_than_any_that_there_could_be"};
  for (size_t i = 0; i < sizeof far / sizeof *far; i++) assert_null(ls_nearest(far[i], words));
}

static void test_numbers(void **state) {
  (void)state;
  double x;
  int64_t n;
  const char *const good[] = {
      "1", "-1.5", "+.5", "5.", "1e-6", "1E+6", "0", "-0", "00.5", "9007199254740993", "1e-320"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_null(ls_number_parse(good[i], &x));
    assert_true(x == strtod(good[i], NULL));
  }
  const char *const bad[] = {"",    ".",   "-",   "e5", "1e", "1e+", "1.2.3", "0x1p3",
                             "nan", "inf", "1,5", "1 ", " 1", "1d3", "1e400"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_non_null(ls_number_parse(bad[i], &x));
  const struct {
    const char *text;
    int64_t value;
  } whole[] = {
      {"0", 0}, {"-7", -7}, {"1e3", 1000}, {"12.0", 12}, {"9223372036854775807", INT64_MAX}};
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
    assert_null(ls_integer_parse(whole[i].text, &n));
    assert_true(n == whole[i].value);
  }
  const char *const no_whole[] = {"0.5", "1e-1", "9223372036854775808", "1e17", "01", "1e3.0"};
  for (size_t i = 0; i < sizeof no_whole / sizeof *no_whole; i++)
    assert_non_null(ls_integer_parse(no_whole[i], &n));
}

static void check_print(double x, const char *expected) {
  char text[LS_NUMBER_TEXT];
  ls_number_print(x, text);
  double back;
  assert_null(ls_number_parse(text, &back));
  assert_memory_equal(&x, &back, sizeof x);
  if (expected) assert_string_equal(text, expected);
}

static void test_print(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  print_message("SEED=%llu\n", (unsigned long long)seed);
  check_print(0.001, "0.001");
  check_print(1e-8, "1e-8");
  check_print(100, "100");
  check_print(1e20, "1e20");
  check_print(0.1 + 0.2, "0.30000000000000004");
  check_print(5e-324, NULL);
  for (uint64_t i = 0; i < 5000; i++) {
    uint64_t bits = ls_rng_u64(seed, 3, i);
    double x;
    memcpy(&x, &bits, sizeof x);
    if (isfinite(x)) check_print(x, NULL);
  }
}

/* A host program's locale with a decimal comma changes nothing. */
static void test_locale(void **state) {
  (void)state;
  const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", NULL};
  int i = 0;
  while (names[i] && !setlocale(LC_ALL, names[i])) i++;
  if (!names[i]) skip();
  check_print(0.5, "0.5");
  ls_config *c = parse(BASE, NULL, 0);
  assert_true(c->optimizer.lr == 0.001);
  ls_config_free(&c);
  setlocale(LC_ALL, "C");
}

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_nearest), TEST(test_numbers), TEST(test_print),
                                     TEST(test_locale)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
