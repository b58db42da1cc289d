/* No text whatever does harm. */
#include "config_cases.h"

static const char *const tokens[] = {"{",
                                     "}",
                                     "[",
                                     "]",
                                     ": ",
                                     "- ",
                                     "\n",
                                     "*a",
                                     "&a ",
                                     "!!x ",
                                     "\"",
                                     "'",
                                     "|\n",
                                     ">\n",
                                     "? ",
                                     "# ",
                                     "---\n",
                                     "\t",
                                     "1e999",
                                     "~",
                                     "none",
                                     "type",
                                     "plugin",
                                     "%YAML 1.2\n",
                                     "<<",
                                     "\xc3",
                                     "\xe2\x82\xac",
                                     "\xef\xbb\xbf",
                                     "repeat",
                                     "9999",
                                     "\r",
                                     ",",
                                     "auto"};

static size_t mutate(draw *d, char *text, size_t length, size_t room) {
  size_t at = length ? number(d, length) : 0;
  const char *token = tokens[number(d, sizeof tokens / sizeof *tokens)];
  size_t n = strlen(token);
  switch (number(d, 5)) {
    case 0:
      text[at] = (char)number(d, 256);
      return length;
    case 1:
      return at; /* cut */
    case 2:      /* remove some */
      n = number(d, 8);
      if (at + n > length) n = length - at;
      memmove(text + at, text + at + n, length - at - n);
      return length - n;
    default: /* insert */
      if (length + n > room) return length;
      memmove(text + at + n, text + at, length - at);
      memcpy(text + at, token, n);
      return length + n;
  }
}

static void test_mutations(void **state) {
  (void)state;
  draw d = {.seed = test_seed()};
  print_message("SEED=%llu\n", (unsigned long long)d.seed);
  static const char *const starts[] = {
      BASE "eval: {every: 1 epoch, on: [test]}\nguard: {watchdog: 300 s}\n",
      "version: 1\n" DATA MODEL
      "loss: mse\noptimizer:\n  type: rmsprop\n  lr: 1e-3\n  preset: book\nschedule:\n  type: "
      "piecewise\n  boundaries: [1 epoch, 30]\n  "
      "values:\n  - 1\n  - 2\ntrain:\n  epochs: 2\n  batch: full\n",
      "{\"version\": 1, \"data\": {\"type\": \"csv\", \"train\": {\"file\": \"a\", \"x\": [1, 2], "
      "\"y\": [\"3-4\"]}, \"validation\": 0.5}, "
      "\"model\": {\"init\": {\"type\": \"normal\", \"scale\": 1}, \"layers\": [{\"units\": 3}]}, "
      "\"loss\": \"mse\", \"optimizer\": "
      "{\"type\": \"sgd\", \"lr\": 1}, \"train\": {\"steps\": 1, \"batch\": 2}}"};
  int fine = 0;
  for (int i = 0; i < 5000; i++) {
    char text[2048];
    size_t length = strlen(strcpy(text, starts[number(&d, 3)]));
    for (uint64_t k = 1 + number(&d, 3); k > 0; k--) length = mutate(&d, text, length, sizeof text);
    char *exact = malloc(length ? length : 1); /* so that a byte read too far is seen */
    memcpy(exact, text, length);
    ls_config *c;
    ls_status status = try_parse(exact, length, NULL, 0, &c);
    assert_true(status == LS_OK || status == LS_ECONFIG);
    assert_true((status == LS_OK) == (c != NULL));
    if (status == LS_OK) round_trip(c), fine++;
    if (status != LS_OK) assert_true(strncmp(ls_error_text(), "c.yaml:", 7) == 0);
    ls_config_free(&c);
    free(exact);
  }
  print_message("%d of 5000 mutations are right configs\n", fine);
  assert_true(fine > 20);
}

static void test_override_mutations(void **state) {
  (void)state;
  draw d = {.seed = test_seed() + 1};
  static const char *const starts[] = {"optimizer={type: sgd, lr: 0.1}", "model.layers[1].units=64",
                                       "train.early_stop.patience=3"};
  for (int i = 0; i < 3000; i++) {
    char text[256];
    size_t length = strlen(strcpy(text, starts[number(&d, 3)]));
    for (uint64_t k = 1 + number(&d, 3); k > 0; k--)
      length = mutate(&d, text, length, sizeof text - 1);
    text[length] = '\0';
    const char *set = text;
    ls_config *c;
    ls_status status = try_parse(BASE, strlen(BASE), &set, 1, &c);
    assert_true(status == LS_OK || status == LS_ECONFIG);
    ls_config_free(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_mutations), TEST(test_override_mutations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
