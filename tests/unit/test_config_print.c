/* What is printed of a config: that it reads back the same, differences, help and schema. */
#include "base/log.h"
#include "config/kinds.h"
#include "config/table.h"
#include "config_cases.h"

typedef struct {
  draw choice;
  char set[32][256];
  int sets;
} settings;

/* A value inside the row's range, as text. */
static void draw_value(draw *d, const ls_key *key, char *out) {
  double low = key->min > -INFINITY ? key->min : -1e3, high = key->max < 1e6 ? key->max : 1e6;
  double x = low + (high - low) * ls_rng_uniform(d->seed, 2, d->index++);
  if (number(d, 2)) x = low + (high - low) * pow(10, -(double)number(d, 12) - 1);
  int choices = 0;
  while (key->choices && key->choices[choices]) choices++;
  const ls_kind *kind = key->kind;
  static const char *const texts[] = {"a",         "\"1\"",   "'x: y # z'", "\"\\\"q\\\\\\t\\xe9\"",
                                      "/p/q-r.h5", "' lead'", "'true'",     "'[a]'"};
  if (kind == &ls_kind_int || kind == &ls_kind_whole)
    sprintf(out, "%.0f", fmax(floor(x), key->min + key->open_min));
  else if (kind == &ls_kind_real)
    sprintf(out, "%.17g", x);
  else if (kind == &ls_kind_bool || kind == &ls_kind_flag)
    strcpy(out, number(d, 2) ? "true" : "false");
  else if (kind == &ls_kind_text)
    strcpy(out, texts[number(d, 8)]);
  else if (kind == &ls_kind_steps)
    sprintf(out, number(d, 2) ? "%d" : "%d.5 epochs", 1 + (int)number(d, 1000));
  else if (kind == &ls_kind_seconds)
    sprintf(out, "%dm", 1 + (int)number(d, 100));
  else if (kind == &ls_kind_every)
    sprintf(out, "%d steps", 1 + (int)number(d, 100));
  else if (kind == &ls_kind_set)
    sprintf(out, "[%s]", key->choices[number(d, (uint64_t)choices)]);
  else
    strcpy(out, choices ? key->choices[number(d, (uint64_t)choices)] : "");
}

/* Rows that any config may have are set one time in three. */
static bool draw_row(void *context, const char *path, const char *type, const ls_key *key) {
  settings *all = context;
  draw *d = &all->choice;
  static const char *const never[] = {"version",
                                      "loss",
                                      "quantiles",
                                      "optimizer.type",
                                      "optimizer.preset",
                                      "then",
                                      "then.type",
                                      "then.after",
                                      "then.lr",
                                      "then.weight_decay",
                                      "train.epochs",
                                      "train.steps",
                                      "train.downpour.fetch",
                                      "train.downpour.push",
                                      "data.type",
                                      "data.skip.validation",
                                      "data.limit.validation",
                                      "checkpoint.keep.best",
                                      "schedule.scaling",
                                      "schedule.base_batch",
                                      "train.staleness",
                                      NULL};
  for (int i = 0; never[i]; i++)
    if (strcmp(path, never[i]) == 0) return true;
  bool own = !type || (strncmp(path, "optimizer.", 10) == 0 && strcmp(type, "adam") == 0) ||
             (strncmp(path, "data.dir", 8) == 0);
  if (!own || key->sub || strstr(path, "[]") || strstr(path, "file") || strstr(path, "init") ||
      strstr(path, "schedule.t") || strstr(path, "scale"))
    return true;
  char value[128];
  if (number(d, 3) || all->sets == 32) return true;
  draw_value(d, key, value);
  if (*value) snprintf(all->set[all->sets++], sizeof *all->set, "%s=%s", path, value);
  return true;
}

/* What a checkpoint keeps of a config is no change of it, whatever keys it has. */
static void kept(const ls_config *c) {
  char *text = ls_config_dump(c, LS_DUMP_CHECKPOINT);
  ls_config *again = parse(text, NULL, 0);
  differences d = difference(again, c);
  for (int i = 0; i < d.count; i++)
    if (!(d.flags[i] & LS_KEY_NOT_SAVED))
      fail_msg("not changed, but a change is among\n%s", d.text);
  LS_FREE(text);
  ls_config_free(&again);
}

static void test_round_trip(void **state) {
  (void)state;
  settings d = {.choice.seed = test_seed()};
  print_message("SEED=%llu\n", (unsigned long long)d.choice.seed);
  int accepted = 0;
  for (int i = 0; i < 800; i++) {
    const char *set[32];
    d.sets = 0;
    ls_key_walk(ls_table(), draw_row, &d);
    for (int k = 0; k < d.sets; k++) set[k] = d.set[k];
    ls_config *c;
    if (try_parse(BASE, strlen(BASE), set, d.sets, &c) != LS_OK) {
      assert_null(strstr(ls_error_text(),
                         "must be")); /* contradictions only: each value by itself was right */
      continue;
    }
    accepted++;
    round_trip(c);
    kept(c);
    ls_config_free(&c);
  }
  print_message("%d of 800 drawn configs have no contradiction\n", accepted);
  assert_true(accepted > 30);
}

static void test_round_trip_of_types(void **state) {
  (void)state;
  const char *const row[] = {
      "optimizer={type: momentum, lr: 0.1, preset: book, nesterov: false}",
      "optimizer={type: rmsprop, lr: 1e-300, preset: tensorflow1}",
      "schedule={type: piecewise, boundaries: [1 epoch, 3 epochs, 400000], values: [1, 0.1, 1e-17, "
      "0.30000000000000004]}",
      "schedule={type: constant, scaling: sqrt, base_batch: 256}",
      "schedule={type: polynomial, decay_steps: 10 epochs, cycle: true, warmup: 0.5 epochs}",
      "model.init={type: constant, value: -0.1}",
      "model.init={type: file, file: 'a: b.h5'}",
      "model.init={type: file, file: a.h5, layers: [0, 1-2]}",
      "model.init={type: file, file: a.h5, layers: fitting}",
      "model.layers=[{units: 3, trainable: false, repeat: 2}, {units: out, activation: softmax}]",
      "model.init={type: truncated_normal, stddev: 0.1}",
      "data.scale={type: divide, by: 255}",
      "data={type: hdf5, train: {file: '*.h5', x: /a, y: /b}, validation: {file: v.h5, x: /a, y: "
      "/b}, test: {file: t.h5, x: /a, y: /b}}",
      "data={type: csv, train: {file: t, x: [\"a,b\", '#', 'null', 3-7], y: ['y', '1e5', "
      "\"\\u00e9\"]}, validation: {share: 0.1, how: group, by: 'a b', seed: 3}}",
      "data.validation=0.25",
      "train.batch=full",
      "train.gradient_noise={eta: 1e-5, gamma: 0}"};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    ls_config *c = parse(BASE, &row[i], 1);
    round_trip(c);
    kept(c);
    ls_config_free(&c);
  }
}

static void test_dump_kinds(void **state) {
  (void)state;
  const char *const set[] = {"optimizer={type: rmsprop, lr: 0.1, preset: tensorflow1}",
                             "output.dir=runs/a"};
  ls_config *c = parse(BASE, set, 2);
  char *plain = ls_config_dump(c, LS_DUMP_PLAIN), *check = ls_config_dump(c, LS_DUMP_CHECKPOINT),
       *origin = ls_config_dump(c, LS_DUMP_ORIGIN);
  const char *tail = strstr(plain, "\ncheckpoint:"), *guard = strstr(plain, "\nguard:"),
             *output = strstr(plain, "\noutput:");
  assert_true(tail && guard > tail && output > guard);
  char expected[8192];
  snprintf(expected, sizeof expected, "%.*s%.*s\n", (int)(tail - plain), plain,
           (int)(output - guard), guard);
  assert_string_equal(check, expected);
  const char *const notes[] = {
      "\nversion: 1  # c.yaml:1\n",
      "\nseed: 1  # default\n",
      "  epsilon: 1e-10  # preset\n",
      "  lr: 0.1  # command line\n",
      "    - {type: dense, units: 4, activation: relu, trainable: true}  # c.yaml:3\n",
      "  slices: 8  # default\n"};
  char *lines = ls_mem_format("\n%s", origin);
  for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
    if (!strstr(lines, notes[i])) fail_msg("no '%s' in\n%s", notes[i], lines);
  LS_FREE(lines);
  LS_FREE(plain);
  LS_FREE(check);
  LS_FREE(origin);
  ls_config_free(&c);
}

static void test_diff(void **state) {
  (void)state;
  const char *const set[] = {"optimizer.lr=0.01", "model.layers[1].units=3", "data.skip.train=3",
                             "eval.on=[test]", "schedule={type: step, every: 2 epochs}"};
  ls_config *a = parse(BASE, NULL, 0), *b = parse(BASE, set, 5);
  differences d = difference(a, b);
  assert_string_equal(d.text,
                      "data.skip.train: 0 -> 3\nmodel.layers[2].units: out -> 3\noptimizer.lr: "
                      "0.001 -> 0.01\nschedule.type: constant -> step\n"
                      "schedule.every: (none) -> 2 epochs\neval.on: auto -> [test]\n");
  ls_config_free(&a);
  ls_config_free(&b);
}

/* What each key's flags mean to a resume and to compare; a key has those of its sections too. */
static void test_flags(void **state) {
  (void)state;
  const struct {
    const char *set;
    unsigned flags;
  } row[] = {{"seed=7", LS_KEY_ALIKE | LS_KEY_ORDER},
             {"data.dir=/e", LS_KEY_FREE},
             {"data.load=stream", LS_KEY_FREE},
             {"data.budget=7", LS_KEY_FREE},
             {"data.limit.train=7", LS_KEY_ORDER},
             {"data.limit.test=7", LS_KEY_FREE},
             {"data.skip.train=7", LS_KEY_ORDER},
             {"data.skip.test=7", 0},
             {"data.order=blocks", LS_KEY_ORDER},
             {"data.validation=0.5", LS_KEY_ORDER},
             {"train.epochs=7", LS_KEY_FREE},
             {"train.exchange=tree", LS_KEY_FREE},
             {"train.batch=7", 0},
             {"train.precision=float64", LS_KEY_FIXED},
             {"model.layers[0].units=7", 0},
             {"optimizer.lr=7", 0},
             {"eval.top_k=7", LS_KEY_FREE},
             {"guard.watchdog=never", LS_KEY_FREE | LS_KEY_ALIKE},
             {"checkpoint.keep.last=7", LS_KEY_ALIKE | LS_KEY_NOT_SAVED},
             {"output.log_weights=true", LS_KEY_ALIKE | LS_KEY_NOT_SAVED}};
  ls_config *a = parse(BASE, NULL, 0);
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    const char *const set[] = {row[i].set, "output.step_every=1"};
    ls_config *b = parse(BASE, set, 1 + (strstr(row[i].set, "weights") != NULL));
    differences d = difference(a, b);
    if (d.count < 1 || d.flags[0] != row[i].flags) fail_msg("%s: %s", row[i].set, d.text);
    ls_config_free(&b);
  }
  ls_config_free(&a);
}

/* ---- help and schema ---- */

typedef struct {
  int keys, examples;
} seen;

static bool goes_with_another(const char *path) {
  return strcmp(path, "schedule.scaling") == 0 || strcmp(path, "schedule.base_batch") == 0 ||
         strcmp(path, "train.staleness") == 0 || strncmp(path, "then", 4) == 0;
}

/* Every row has its words, and its example is accepted where it can stand alone. */
static bool check_row(void *context, const char *path, const char *type, const ls_key *key) {
  seen *s = context;
  s->keys++;
  if (!key->help || strchr(key->help, '\n')) fail_msg("%s has no help", path);
  char *help = ls_config_help(path);
  if (!help || !strstr(help, key->help)) fail_msg("no help for %s", path);
  LS_FREE(help);
  if (!key->example || type || strstr(path, "[]") || strstr(key->example, ".so") ||
      strcmp(path, "train.steps") == 0)
    return true;
  if (strstr(path, "early_stop") || strstr(path, "gradient_noise.") || strstr(path, "downpour") ||
      strstr(path, ".type") || strcmp(path, "quantiles") == 0 || goes_with_another(path))
    return true;
  const char *const set[] = {"data.validation=0.1", ls_mem_format("%s=%s", path, key->example)};
  ls_config *c = parse(BASE, set, 2);
  ls_config_free(&c);
  ls_mem_free((void *)set[1]);
  s->examples++;
  return true;
}

static void test_help(void **state) {
  (void)state;
  seen s = {0};
  ls_key_walk(ls_table(), check_row, &s);
  assert_true(s.keys > 100 && s.examples > 20);
  assert_null(ls_config_help("no_such_key"));
  char *help = ls_config_help("model.layers[3].units");
  assert_string_equal(
      help,
      "model.layers[].units (type dense): outputs of the layer; out: as many as the targets\n"
      "    a whole number from 1 to 2147483647, or out; required\n    example: units: 20\n");
  LS_FREE(help);
  help = ls_config_help("lr");
  assert_non_null(strstr(help, "optimizer.lr: "));
  LS_FREE(help);
  help = ls_config_help("optimizer.beta1");
  assert_non_null(strstr(help, "default 0.9\n"));
  LS_FREE(help);
}

static void test_schema(void **state) {
  (void)state;
  char *text = ls_config_schema();
  json_t *schema = json_loads(text, 0, NULL);
  assert_non_null(schema);
  json_t *train = json_object_get(json_object_get(schema, "properties"), "train");
  assert_non_null(json_object_get(json_object_get(train, "properties"), "batch"));
  json_decref(schema);
  LS_FREE(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_round_trip), TEST(test_round_trip_of_types),
                                     TEST(test_dump_kinds), TEST(test_diff),
                                     TEST(test_flags),      TEST(test_help),
                                     TEST(test_schema)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
