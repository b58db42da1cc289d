/* config_cases.h - what the tests of the config share: a config that is right, its parsing, the
 * differences of two, and that one comes back from all that is printed of it. */
#ifndef LS_TESTS_CONFIG_CASES_H
#define LS_TESTS_CONFIG_CASES_H

#include <jansson.h>

#include "base/mem.h"
#include "base/rng.h"
#include "config/config.h"
#include "test.h"

#define DATA "data: {type: idx, dir: /d}\n"
#define MODEL                                                                           \
  "model: {layers: [{units: 4, activation: relu, repeat: 2}, {units: out, activation: " \
  "softmax}]}\n"
#define REST \
  "loss: cross_entropy\noptimizer: {type: adam, lr: 0.001}\ntrain: {epochs: 2, batch: 50}\n"
#define BASE "version: 1\n" DATA MODEL REST

static int64_t live_before;
static inline int count_memory(void **state) { return (void)state, live_before = ls_mem_live(), 0; }
static inline int memory_is_back(void **state) { return (void)state, ls_mem_live() != live_before; }

static inline ls_status try_parse(const char *text, size_t bytes, const char *const *override,
                                  int overrides, ls_config **out) {
  return ls_config_parse_and_load("c.yaml", text, bytes, (char *const *) override, overrides, out);
}

static inline ls_config *parse(const char *text, const char *const *override, int overrides) {
  ls_config *config;
  if (try_parse(text, strlen(text), override, overrides, &config) != LS_OK)
    fail_msg("%s\n%s", text, ls_error_text());
  return config;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, count_memory, memory_is_back)

/* ---- differences ---- */

/* A line for each difference; their flags, one by one. */
typedef struct {
  char text[4096];
  unsigned flags[64];
  int count;
} differences;

static inline void add_difference(void *context, const char *key, unsigned flags,
                                  const char *before, const char *after) {
  differences *d = context;
  size_t used = strlen(d->text);
  snprintf(d->text + used, sizeof d->text - used, "%s: %s -> %s\n", key, before, after);
  d->flags[d->count++] = flags;
}

static inline differences difference(const ls_config *a, const ls_config *b) {
  differences d = {0};
  ls_config_diff(a, b, add_difference, &d);
  return d;
}

static inline void round_trip(const ls_config *c) {
  char *text = ls_config_dump(c, LS_DUMP_PLAIN), *json = ls_config_dump_json(c),
       *noted = ls_config_dump(c, LS_DUMP_ORIGIN);
  const char *const form[] = {text, json, noted};
  for (int i = 0; i < 3; i++) {
    ls_config *again = parse(form[i], NULL, 0);
    char *back = ls_config_dump(again, LS_DUMP_PLAIN);
    assert_string_equal(back, text);
    assert_string_equal(difference(c, again).text, "");
    assert_true(again->optimizer.lr == c->optimizer.lr &&
                memcmp(again->optimizer.hyper, c->optimizer.hyper, sizeof c->optimizer.hyper) == 0);
    assert_memory_equal(again->schedule.hyper, c->schedule.hyper, sizeof c->schedule.hyper);
    assert_memory_equal(again->schedule.list, c->schedule.list, sizeof c->schedule.list);
    assert_memory_equal(&again->gradient, &c->gradient, sizeof c->gradient);
    LS_FREE(back);
    ls_config_free(&again);
  }
  json_t *object = json_loads(json, 0, NULL);
  assert_non_null(object);
  assert_int_equal(json_integer_value(json_object_get(object, "version")), 1);
  json_decref(object);
  LS_FREE(text);
  LS_FREE(json);
  LS_FREE(noted);
}

/* ---- random choices ---- */

typedef struct {
  uint64_t seed, index;
} draw;

static inline uint64_t number(draw *d, uint64_t below) {
  return ls_rng_u64(d->seed, 1, d->index++) % below;
}

#endif
