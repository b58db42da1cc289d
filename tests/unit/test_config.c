/* The config: what is accepted and what it means, where each error is found, that what is printed
 * reads back the same, and that no text whatever does harm. */
#include <jansson.h>
#include <locale.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/rng.h"
#include "config/config.h"
#include "config/kinds.h"
#include "config/number.h"
#include "test.h"

#define DATA "data: {type: idx, dir: /d}\n"
#define MODEL                                                                           \
  "model: {layers: [{units: 4, activation: relu, repeat: 2}, {units: out, activation: " \
  "softmax}]}\n"
#define REST \
  "loss: cross_entropy\noptimizer: {type: adam, lr: 0.001}\ntrain: {epochs: 2, batch: 50}\n"
#define BASE "version: 1\n" DATA MODEL REST

static int64_t live_before;
static int count_memory(void **state) { return (void)state, live_before = ls_mem_live(), 0; }
static int memory_is_back(void **state) { return (void)state, ls_mem_live() != live_before; }

static ls_status try_parse(const char *text, size_t bytes, const char *const *override,
                           int overrides, ls_config **out) {
  return ls_config_parse_and_load("c.yaml", text, bytes, (char *const *) override, overrides, out);
}

static ls_config *parse(const char *text, const char *const *override, int overrides) {
  ls_config *config;
  if (try_parse(text, strlen(text), override, overrides, &config) != LS_OK)
    fail_msg("%s\n%s", text, ls_error_text());
  return config;
}

/* ---- meaning ---- */

static void test_example(void **state) {
  (void)state;
  char *text;
  FILE *file = fopen(TESTS_DIR "/../examples/fashion-mnist/adam.yaml", "r");
  assert_non_null(file);
  text = calloc(1, 4096);
  assert_true(fread(text, 1, 4095, file) > 100);
  fclose(file);
  ls_config *c = parse(text, NULL, 0);
  free(text);
  assert_string_equal(c->file, "c.yaml");
  assert_string_equal(c->data.type, "idx");
  assert_string_equal(c->data.dir, "/usr/share/datasets/fashion-mnist");
  assert_int_equal(c->data.scale, LS_SCALE_DIVIDE);
  assert_true(c->data.scale_by == 255 && c->data.order == LS_ORDER_SHUFFLE && !c->data.drop_last &&
              !c->data.stream);
  assert_int_equal(c->layers, 5);
  assert_int_equal(c->layer[3].units, 20);
  assert_string_equal(c->layer[3].activation, "relu");
  assert_int_equal(c->layer[4].units, 10);
  assert_string_equal(c->layer[4].activation, "softmax");
  assert_string_equal(c->loss, "cross_entropy");
  assert_string_equal(c->optimizer.ops->name, "adam");
  assert_true(c->optimizer.lr == 0.001 && c->schedule.lr == 0.001 && c->optimizer.hyper[0] == 0.9);
  assert_string_equal(c->schedule.ops->name, "constant");
  assert_true(c->epochs == 10 && c->steps == 0 && c->batch == 50);
  assert_string_equal(c->out_dir, "runs/fashion-adam");
  ls_config_free(&c);
  assert_null(c);
}

static void test_defaults(void **state) {
  (void)state;
  ls_config *c = parse(BASE, NULL, 0);
  assert_true(c->version == 1 && c->seed == 1 && c->slices == 8 && !c->slices_given &&
              c->precision == LS_F32);
  assert_true(c->data.classes == 0 && c->data.skip[0] == 0 && c->data.limit[0] == -1 &&
              c->data.limit[2] == -1 && c->data.validation == 0);
  assert_true(c->data.scale == LS_SCALE_NONE && c->init.kind == LS_INIT_DEFAULT &&
              c->nonfinite == LS_NONFINITE_STOP);
  assert_true(c->gradient.clip_norm == 0 && c->gradient.clip_value == 0 &&
              c->gradient.noise_eta == 0 && !c->early_metric);
  assert_true(c->eval_every.unit == LS_EVERY_EPOCHS && c->eval_every.n == 1 && !c->eval_on_given);
  assert_true(c->save_every.unit == LS_EVERY_EPOCHS && c->keep_last == 2 && !c->keep_best &&
              c->save_async && !c->save_skip_busy);
  assert_true(c->desync_every.unit == LS_EVERY_STEPS && c->desync_every.n == 100 &&
              c->watchdog == 300);
  assert_true(!c->out_dir && c->log_jsonl && c->log_csv && c->step_every == 0 && !c->log_weights);
  assert_string_equal(c->exchange, "auto");
  ls_config_free(&c);
}

/* KEY=VALUE, and a condition on the result. */
static void test_values(void **state) {
  (void)state;
  const char *const set[] = {
      "data={type: csv, train: {file: t.csv, x: [a, 3-7, 9], y: b}, validation: {file: v.csv, x: "
      "[a], y: [b], header: false}}",
      "data.skip.train=5000",
      "data.limit.test=1e4",
      "data.scale=standard",
      "data.order=sequential",
      "data.last_batch=drop",
      "model.init={type: truncated_normal, fan_in_gain: 2}",
      "model.layers[1].units=3",
      "loss=mse",
      "optimizer={type: rmsprop, lr: 1e-6, preset: tensorflow1, rho: .5}",
      "schedule={type: piecewise, boundaries: [2 epochs, 3000], values: [1, 0.5, 1e-1], warmup: 1 "
      "epoch}",
      "train.batch=full",
      "train.epochs=none",
      "train.steps=7",
      "train.precision=float64",
      "train.gradient_noise={eta: 0.3}",
      "train.early_stop={metric: val_rmse, patience: 3}",
      "eval.every=100",
      "eval.on=[validation, all]",
      "checkpoint.every=30m",
      "checkpoint.keep.best=none",
      "guard.watchdog=never",
      "guard.desync_every=never",
      "output.log=[csv]",
      "output.dir=\"a b\"",
      "seed=9223372036854775807"};
  ls_config *c = parse(BASE, set, sizeof set / sizeof *set);
  const ls_source_spec *train = &c->data.source[LS_SPLIT_TRAIN],
                       *val = &c->data.source[LS_SPLIT_VALIDATION];
  assert_string_equal(train->file, "t.csv");
  assert_string_equal(train->x_cols[1], "3-7");
  assert_string_equal(train->x_cols[2], "9");
  assert_null(train->x_cols[3]);
  assert_string_equal(train->y_cols[0], "b");
  assert_true(train->header && !val->header && c->data.validation == 0 &&
              !c->data.source[LS_SPLIT_TEST].file);
  assert_true(c->data.skip[0] == 5000 && c->data.limit[2] == 10000 &&
              c->data.scale == LS_SCALE_STANDARD && c->data.order == LS_ORDER_SEQUENTIAL &&
              c->data.drop_last);
  assert_true(c->init.kind == LS_INIT_TRUNCATED_NORMAL && c->init.fan_in_gain == 2 &&
              c->init.scale == 0);
  assert_true(c->layers == 3 && c->layer[2].units == 3 && c->optimizer.lr == 1e-6);
  assert_true(c->optimizer.hyper[0] == 0.5);   /* given */
  assert_true(c->optimizer.hyper[1] == 1e-10); /* the preset's epsilon */
  const ls_schedule_spec *s = &c->schedule;
  assert_true(s->hyper[0] == 2 && s->hyper[1] == 3 && s->list[0][0] == 2 && s->list_epochs[0][0] &&
              s->list[0][1] == 3000 && !s->list_epochs[0][1]);
  assert_true(s->list[1][2] == 0.1 && s->warmup == 1 && s->warmup_epochs);
  assert_true(c->batch == 0 && c->slices == -1 && c->epochs == 0 && c->steps == 7 &&
              c->precision == LS_F64);
  assert_true(c->gradient.noise_eta == 0.3 && c->gradient.noise_gamma == 0.55 &&
              c->early_patience == 3);
  assert_true(c->eval_every.unit == LS_EVERY_STEPS && c->eval_every.n == 100 && c->eval_on_given);
  assert_true(!c->eval_on[0] && c->eval_on[1] && !c->eval_on[2] && c->eval_on[3]);
  assert_true(c->save_every.unit == LS_EVERY_SECONDS && c->save_every.n == 1800 && c->keep_best &&
              !*c->keep_best);
  assert_true(c->watchdog == 0 && c->desync_every.unit == LS_EVERY_NEVER && !c->log_jsonl &&
              c->log_csv && c->seed == INT64_MAX);
  assert_string_equal(c->out_dir, "a b");
  ls_config_free(&c);
}

static void test_slices(void **state) {
  (void)state;
  const int64_t row[][2] = {{1, 1},  {8, 1},  {9, 2},   {16, 2},   {17, 4},
                            {50, 8}, {64, 8}, {65, 16}, {512, 64}, {1000000, 64}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    assert_int_equal(ls_config_default_slices(row[i][0]), row[i][1]);
}

/* ---- errors: what is written, where it is found, what is said ---- */

typedef struct {
  const char *text, *where, *what;
} wrong;

static void expect(const char *text, size_t bytes, const char *override, const char *where,
                   const char *what) {
  ls_config *config;
  ls_status status = try_parse(text, bytes, override ? &override : NULL, override != NULL, &config);
  if (status == LS_OK) {
    ls_config_free(&config);
    fail_msg("accepted: %s %s", text, override ? override : "");
  }
  assert_int_equal(status, LS_ECONFIG);
  char place[300];
  snprintf(place, sizeof place, override ? "command line: '%s': error: " : "c.yaml:%s: error: ",
           override ? override : where);
  if (!strstr(ls_error_text(), place) || !strstr(ls_error_text(), what))
    fail_msg("%s\n%s\ngave\n%s\nand not %s %s", text, override ? override : "", ls_error_text(),
             place, what);
}

/* In place of the base's train section, on line 6. */
static const wrong in_train[] = {
    {"{epochs: 2}", "6:1",
     "missing key 'batch' (a whole number from 1 to 2^53, or full) [train.batch]"},
    {"{batch: 50}", "6:1", "missing key 'epochs' or 'steps'"},
    {"{epochs: 2, steps: 3, batch: 50}", "6:20", "both given"},
    {"{epochs: 2, batch: 0}", "6:27",
     "'0' is out of range: batch must be a whole number from 1 to 2^53, or full [train.batch]"},
    {"{epochs: 2, batch: 20.5}", "6:27", "'20.5' is not a whole number"},
    {"{epochs: 2, batch: '50'}", "6:27", "in quotes"},
    {"{epochs: 2, batch: ful}", "6:27", "did you mean 'full'?"},
    {"{epochs: 2, batch: [50]}", "6:27", "a list, where batch must be"},
    {"{epochs: 2, batch: {n: 50}}", "6:27", "a mapping, where batch must be"},
    {"{epochs: 2, batch: }", "6:27", "nothing, where batch must be"},
    {"{epochs: 2, batch: ~}", "6:27", "nothing, where batch must be"},
    {"{epochs: 2, batch: 0x10}", "6:27", "hexadecimal"},
    {"{epochs: 2, batch: 010}", "6:27", "octal"},
    {"{epochs: 2, batch: 1_000}", "6:27", "'1_000' is not a number"},
    {"{epochs: 2, batch: 99999999999999999999}", "6:27", "too large for 64 bits"},
    {"{epochs: 2, batch: 5, bach: 50}", "6:30",
     "unknown key 'bach'; did you mean 'batch'? [train.bach]"},
    {"{epochs: 2, batch: 5, batch: 50}", "6:30",
     "key 'batch' is here twice, first on line 6 [train.batch]"},
    {"{epochs: 2, batch: 5, lr: 1}", "6:30",
     "misplaced key 'lr': it is no key of train, it belongs in optimizer [train.lr]"},
    {"{epochs: 2, batch: 5, xyzzy: 1}", "6:30",
     "unknown key 'xyzzy': train takes epochs, steps, batch"},
    {"{epochs: 2, batch: 5, slices: 4097}", "6:38", "from 0 to 4096, or auto [train.slices]"},
    {"{epochs: 2, batch: 5, clip_norm: nan}", "6:41",
     "'nan' is not a finite number: clip_norm must be a number > 0, or none"},
    {"{epochs: 2, batch: 5, clip_norm: -Inf}", "6:41", "is not a finite number"},
    {"{epochs: 2, batch: 5, clip_norm: 1e-3x}", "6:41", "'1e-3x' is not a number"},
    {"{epochs: 2, batch: 5, clip_norm: 1e999}", "6:41", "too large for a double"},
    {"{epochs: 2, batch: 5, clip_norm: 1e-999}", "6:41", "too small for a double"},
    {"{epochs: 2, batch: 5, clip_norm: 0}", "6:41", "out of range"},
    {"{epochs: 2, batch: 5, precision: float16}", "6:41",
     "one of float32, float64; did you mean 'float32'?"},
    {"{epochs: 2, batch: 5, early_stop: {metric: val_loss, patience: 2}}", "6:30",
     "val_loss needs validation samples"},
    {"{epochs: 2, batch: 5, early_stop: {metric: mae, patience: 2}}", "6:30",
     "there is no mae with the loss cross_entropy"},
    {"{epochs: 2, batch: 5, early_stop: {metric: loss}}", "6:30", "missing key 'patience'"},
    {"{epochs: 2, batch: 5, gradient_noise: {gamma: 1}}", "6:30", "missing key 'eta'"},
    {"5", "6:8", "a single value, where train must be a mapping"},
    {"[5]", "6:8", "a list, where train must be a mapping"},
    {"", "6:7", "nothing, where train must be a mapping"},
    {"&a {epochs: 2, batch: 5}", "6:8", "anchors (&name) and tags (!name) are not accepted"},
    {"!!map {epochs: 2, batch: 5}", "6:8", "anchors (&name) and tags (!name) are not accepted"},
    {"{epochs: 2, batch: 5, *a : 5}", "6:30", "must be a word"},
    {"{epochs: 2, batch: *a}", "6:27", "aliases (*name) are not accepted"},
    {"{epochs: 2, ? {a: 1} : 5}", "6:22", "a key must be a word"},
    {"{epochs: 2, batch: \"5\\0\"}", "6:27", "NUL"},
    {"{epochs: 2, batch: 5", "7:1", "not YAML"},
    {"{epochs: 2, batch: 5}\n\tloss: mse", "7:1", "a tab cannot indent"},
    {"{epochs: 2, batch: 5}\n---\nversion: 1", "7:1", "a second document"},
};

static void test_errors_in_train(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof in_train / sizeof *in_train; i++) {
    char text[1024], at[16];
    snprintf(text, sizeof text,
             "version: 1\n" DATA MODEL
             "loss: cross_entropy\noptimizer: {type: adam, lr: 0.001}\ntrain: %s\n",
             in_train[i].text);
    snprintf(at, sizeof at, "%s", in_train[i].where);
    expect(text, strlen(text), NULL, at, in_train[i].what);
  }
}

/* Behind the base: on lines from 7. */
static const wrong behind[] = {
    {"sed: 4\n", "7:1", "unknown key 'sed'; did you mean 'seed'? [sed]"},
    {"lr: 4\n", "7:1",
     "misplaced key 'lr': it is no key of the top level, it belongs in optimizer [lr]"},
    {"seed: -1\n", "7:7", "a whole number >= 0 [seed]"},
    {"eval: {every: 3 weeks}\n", "7:15", "unknown unit"},
    {"eval: {every: 0 epochs}\n", "7:15", "out of range"},
    {"eval: {every: 1.5 epochs}\n", "7:15", "not a whole number"},
    {"eval: {every: 30m}\n", "7:15",
     "a unit that does not fit here: every must be N steps or N epochs or never"},
    {"eval: {on: validation}\n", "7:12",
     "on must be a list of train, validation, test, all, or auto"},
    {"eval: {on: [validaton]}\n", "7:13", "did you mean 'validation'?"},
    {"eval: {on: [validation]}\n", "7:8", "no validation samples"},
    {"eval: {on: [[all]]}\n", "7:13", "a list, where on must be"},
    {"checkpoint: {keep: 3}\n", "7:20", "a single value, where keep must be a mapping"},
    {"checkpoint: {keep: {best: val_loss}}\n", "7:14", "val_loss needs validation samples"},
    {"checkpoint: {async: yes}\n", "7:21", "'yes' is neither: async must be true or false"},
    {"guard: {watchdog: 5}\n", "7:19", "is no time"},
    {"guard: {desync_every: 1 epoch}\n", "7:23", "does not fit here"},
    {"output: {log: [csv], step_every: 3}\n", "7:22", "step events go to jsonl"},
    {"output: {log_weights: true}\n", "7:10", "set output.step_every"},
    {"output: {dir: ''}\n", "7:15", "is empty"},
    {"schedule: {type: step}\n", "7:1", "missing key 'every'"},
    {"schedule: {decay_rate: 1}\n", "7:12",
     "does not go with type constant, but with inverse_time, exponential, natural_exponential"},
    {"schedule: {type: exponential, decay_rate: 0.5, decay_steps: 3 weeks}\n", "7:61",
     "unknown unit"},
    {"schedule: {type: exponential, decay_rate: 0.5, decay_steps: 0}\n", "7:61", "out of range"},
    {"schedule: {type: exponential, decay_rate: 0.5, decay_steps: 2.5}\n", "7:61",
     "not a whole number"},
    {"schedule: {type: exponential, decay_rate: 0.5, staircase: 1}\n", "7:59", "true or false"},
    {"schedule: {type: piecewise, boundaries: [10], values: [1]}\n", "7:1", "values"},
    {"schedule: {type: plugin}\n", "7:1", "type plugin needs one"},
    {"schedule: {type: plugin, file: /nowhere.so}\n", "7:32", "can't be used"},
    {"schedule: {type: cosine, decay_steps: 5, file: a.so}\n", "7:48",
     "goes with type plugin only"},
    {"data: {type: csv}\n", "7:1", "key 'data' is here twice, first on line 2 [data]"},
    {"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "7:4",
     "anchors (&name) and tags (!name) are not accepted: write the plain value [a]"},
    {"\"a\\x1b[31mb\": 1\n", "7:1", "unknown key 'a?[31mb'"},
};

/* In place of the base's data and model, lines 2 and 3. */
static const wrong sections[] = {
    {DATA "model: {layers: []}\n", "3:17",
     "a list, where layers must be a list of layers [model.layers]"},
    {DATA "model: {layers: [5]}\n", "3:18", "'5' is no choice: type must be one of"},
    {DATA "model: {layers: [[5]]}\n", "3:18", "a list, where a layer must be"},
    {DATA "model: {layers: [{units: 3}, {activation: relu}]}\n", "3:30",
     "missing key 'units' (a whole number from 1 to 2147483647, or out) [model.layers[1].units]"},
    {DATA "model: {layers: [{units: 20.5}]}\n", "3:26",
     "'20.5' is not a whole number: units must be a whole number from 1 to 2147483647, or out "
     "[model.layers[0].units]"},
    {DATA "model: {layers: [{units: 2, activation: rleu}]}\n", "3:41",
     "did you mean 'relu'? [model.layers[0].activation]"},
    {DATA "model: {layers: [{units: 2, repeat: 10000}]}\n", "3:37", "from 1 to 9999"},
    {DATA "model: {layers: [{units: 2, repeat: 9999}, {units: 2}]}\n", "3:17",
     "10000 layers, and 9999 are the most"},
    {DATA "model: {init: {type: truncated_normal}, layers: [{units: 2}]}\n", "3:9",
     "either stddev or fan_in_gain"},
    {DATA "model: {init: normal, layers: [{units: 2}]}\n", "3:9",
     "missing key 'scale' (a number > 0) [model.init.scale]"},
    {DATA "model: {init: {type: zeros, value: 2}, layers: [{units: 2}]}\n", "3:29",
     "does not go with type zeros, but with constant"},
    {DATA "model: {init: xavier, layers: [{units: 2}]}\n", "3:15",
     "'xavier' is no choice: type must be one of auto, he_normal"},
    {"data: {type: idx}\n" MODEL, "2:1", "missing key 'dir' (a text) [data.dir]"},
    {"data: {type: ixd, dir: /d}\n" MODEL, "2:14", "did you mean 'idx'?"},
    {"data: {type: hdf5, dir: /d, train: {file: a, x: b, y: c}}\n" MODEL, "2:20",
     "key 'dir' does not go with type hdf5, but with idx [data.dir]"},
    {"data: {type: hdf5, train: {file: a, x: b}}\n" MODEL, "2:20",
     "missing key 'y' (a text) [data.train.y]"},
    {"data: {type: hdf5, train: {file: a, x: b, y: c, header: true}}\n" MODEL, "2:49", "'header'"},
    {"data: {type: csv, train: {file: a, x: [], y: c}}\n" MODEL, "2:39",
     "x must be a list of columns"},
    {"data: {type: csv, train: {file: a, x: [[1]], y: c}}\n" MODEL, "2:40",
     "a list, where x must be"},
    {"data: {type: idx, dir: /d, validation: {file: a}}\n" MODEL, "2:40",
     "a mapping, where validation must be a number > 0 and < 1, or none"},
    {"data: {type: idx, dir: /d, validation: 1}\n" MODEL, "2:40", "out of range"},
    {"data: {type: idx, dir: /d, scale: divide}\n" MODEL, "2:28",
     "missing key 'by' (a number > 0) [data.scale.by]"},
    {"data: {type: idx, dir: /d, skip: {validation: 3}}\n" MODEL, "2:28", "no source of its own"},
    {MODEL, "1:1", "missing key 'data'"},
    {DATA, "1:1", "missing key 'model'"},
};

static void test_errors_elsewhere(void **state) {
  (void)state;
  char text[2048];
  for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
    snprintf(text, sizeof text, BASE "%s", behind[i].text);
    expect(text, strlen(text), NULL, behind[i].where, behind[i].what);
  }
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    snprintf(text, sizeof text, "version: 1\n%s" REST, sections[i].text);
    expect(text, strlen(text), NULL, sections[i].where, sections[i].what);
  }
}

static void test_files_that_are_none(void **state) {
  (void)state;
  const wrong row[] = {{"", "1:1", "the file is empty"},
                       {"# nothing\n", "1:1", "the file is empty"},
                       {"~", "1:1", "the file is empty"},
                       {"hello", "1:1", "a single value, where a config must be a mapping"},
                       {"- a\n", "1:1", "a list, where a config must be"},
                       {"a: \xff\xfe\n", "1:4", "not UTF-8"},
                       {"\xff\xfe"
                        "a",
                        "1:1", "not UTF-8"},
                       {"a: b\nc: \x01\n", "2:4", "not UTF-8"}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    expect(row[i].text, strlen(row[i].text), NULL, row[i].where, row[i].what);
  expect("a: 1\nb\0: 2", 10, NULL, "2:2", "a NUL byte");
}

static void test_line_ends(void **state) {
  (void)state;
  const char *text = "version: 1\r\nsed: 2\r\n";
  expect(text, strlen(text), NULL, "2:1",
         "unknown key 'sed'; did you mean 'seed'? [sed]\n  sed: 2\n  ^");
  text = "\xef\xbb\xbfversion: 2\n";
  expect(text, strlen(text), NULL, "1:10", "must be 1 [version]");
}

/* A deep, a wide and a long file: refused soon, each. */
static void test_bombs(void **state) {
  (void)state;
  enum { N = 900000 };
  char *text = malloc(N + 1);
  memset(text, '[', N);
  text[N] = '\0';
  clock_t start = clock();
  expect(text, N, NULL, "1:65", "more than 64 levels deep");
  for (int i = 1; i + 3 < N; i += 3) memcpy(text + i, "a,\n", 3);
  expect(text, N, NULL, "100000:1", "more than 100000 values");
  free(text);
  text = malloc((1 << 20) + 2);
  memset(text, '#', (1 << 20) + 1);
  expect(text, (1 << 20) + 1, NULL, "1:1", "larger than 1 MiB");
  free(text);
  assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 20);
}

/* All errors at once, in the file's order, the command line's behind them; each with its line and a
 * caret. */
static void test_all_at_once(void **state) {
  (void)state;
  const char *const set[] = {"optimizer.lrr=1", "nonsense", "train.batch=-1"};
  const char *text = "version: 2\n" DATA MODEL
                     "loss: cros_entropy\noptimizer: {type: adam, lr: 0}\ntrain: {epochs: 2, "
                     "batch: 50, clip: 1}\n";
  ls_config *config;
  assert_int_equal(try_parse(text, strlen(text), set, 3, &config), LS_ECONFIG);
  assert_null(config);
  const char *const order[] = {
      "c.yaml:1:10: error: '2' is out of range: version must be 1 [version]\n  version: 2\n        "
      "   ^\n",
      "c.yaml:4:7: error: 'cros_entropy' is no choice",
      "did you mean 'cross_entropy'? [loss]\n  loss: cros_entropy\n        ^\n",
      "c.yaml:5:29: error: '0' is out of range: lr must be a number > 0 [optimizer.lr]",
      "c.yaml:6:31: error: unknown key 'clip': train takes",
      "command line: 'optimizer.lrr=1': error: unknown key 'lrr'; did you mean 'lr'? "
      "[optimizer.lrr]",
      "command line: 'nonsense': error: an override is written KEY=VALUE",
      "command line: 'train.batch=-1': error: '-1' is out of range"};
  const char *at = ls_error_text();
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    const char *found = strstr(at, order[i]);
    if (!found) fail_msg("no '%s' behind\n%s", order[i], at);
    at = found;
  }
}

static void test_long_line(void **state) {
  (void)state;
  char text[2048], wide[600];
  memset(wide, 'x', sizeof wide - 1);
  wide[sizeof wide - 1] = '\0';
  snprintf(text, sizeof text, BASE "output: {dir: \"%s\", step_every: -1}\n", wide);
  expect(text, strlen(text), NULL, "7:630", "step_every");
  assert_true(strlen(ls_error_text()) < 500);
  const char *caret = strrchr(ls_error_text(), '\n'), *line = caret;
  while (line[-1] != '\n') line--;
  assert_true(line[strlen(caret + 1) - 1] == '-'); /* the caret is under -1 */
  snprintf(text, sizeof text, BASE "output: {dir: \xc3\xa9\xc3\xa9, step_every: -1}\n");
  expect(text, strlen(text), NULL, "7:31", "step_every"); /* columns are characters */
}

/* ---- overrides ---- */

static void test_bad_overrides(void **state) {
  (void)state;
  const struct {
    const char *set, *what;
  } row[] = {{"optimizer.lrr=1", "unknown key 'lrr'; did you mean 'lr'? [optimizer.lrr]"},
             {"=1", "KEY=VALUE"},
             {"optimizer.lr", "KEY=VALUE"},
             {"optimizer.lr=", "no value behind '='"},
             {"optimizer..lr=1", "path is empty"},
             {"optimizer.=1", "path is empty"},
             {"model.layers[2].units=1", "there is no item 2: the list has 2, counted from 0"},
             {"model.layers[-1].units=1", "key[0]"},
             {"model.layers[99999999999999999999].units=1", "there is no item"},
             {"model.layers.units=3", "goes through a single value or a list"},
             {"model[0]=3", "this is no list"},
             {"optimizer.lr={a: [}", "not YAML"},
             {"optimizer.lr=*a", "aliases"},
             {"optimizer.lr=!x 3", "tags"},
             {"optimizer.lr=0.1x", "is not a number"},
             {"optimizer.type=sgdd", "did you mean 'sgd'?"},
             {"train.steps=5", "both given"},
             {"optimizer={type: sgd}", "missing key 'lr'"},
             {"nothing.at.all=1", "unknown key 'nothing'"},
             {"loss.x=1", "a mapping, where loss must be"}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    expect(BASE, strlen(BASE), row[i].set, NULL, row[i].what);
}

static void test_type_changed(void **state) {
  (void)state;
  const char *text = "version: 1\n" DATA MODEL
                     "loss: cross_entropy\noptimizer: {type: adam, lr: 0.001, beta1: 0.8}\ntrain: "
                     "{epochs: 2, batch: 50}\n";
  const char *set = "optimizer.type=sgd";
  ls_config *c;
  assert_int_equal(try_parse(text, strlen(text), &set, 1, &c), LS_ECONFIG);
  assert_non_null(strstr(
      ls_error_text(), "c.yaml:5:36: error: key 'beta1' does not go with type sgd, but with adam"));
  assert_non_null(
      strstr(ls_error_text(), "the command line changes the type: give the whole section there"));
  const char *const whole[] = {"optimizer={type: sgd, lr: 0.1}",
                               "optimizer.lr=1",
                               "optimizer.lr=2",
                               "model.init=normal",
                               "model.init.scale=0.5",
                               "schedule.type=step",
                               "schedule.every=3"};
  c = parse(text, whole, 7);
  assert_string_equal(c->optimizer.ops->name, "sgd");
  assert_true(c->optimizer.lr == 2 && c->init.kind == LS_INIT_NORMAL && c->init.scale == 0.5 &&
              c->schedule.hyper[0] == 3);
  ls_config_free(&c);
}

/* ---- the way out ---- */

typedef struct {
  uint64_t seed, index;
  const ls_key *found;
  char set[32][256];
  int sets;
} draw;

static uint64_t number(draw *d, uint64_t below) {
  return ls_rng_u64(d->seed, 1, d->index++) % below;
}

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
  draw *d = context;
  static const char *const never[] = {"version",
                                      "loss",
                                      "optimizer.type",
                                      "optimizer.preset",
                                      "train.epochs",
                                      "train.steps",
                                      "data.type",
                                      "data.skip.validation",
                                      "data.limit.validation",
                                      "checkpoint.keep.best",
                                      NULL};
  for (int i = 0; never[i]; i++)
    if (strcmp(path, never[i]) == 0) return true;
  bool own = !type || (strncmp(path, "optimizer.", 10) == 0 && strcmp(type, "adam") == 0) ||
             (strncmp(path, "data.dir", 8) == 0);
  if (!own || key->sub || strstr(path, "[]") || strstr(path, "file") || strstr(path, "init") ||
      strstr(path, "schedule.t") || strstr(path, "scale"))
    return true;
  char value[128];
  if (number(d, 3) || d->sets == 32) return true;
  draw_value(d, key, value);
  if (*value) snprintf(d->set[d->sets++], sizeof *d->set, "%s=%s", path, value);
  return true;
}

/* A line for each difference; their flags, one by one. */
typedef struct {
  char text[4096];
  unsigned flags[64];
  int count;
} differences;

static void add_difference(void *context, const char *key, unsigned flags, const char *before,
                           const char *after) {
  differences *d = context;
  size_t used = strlen(d->text);
  snprintf(d->text + used, sizeof d->text - used, "%s: %s -> %s\n", key, before, after);
  d->flags[d->count++] = flags;
}

static differences difference(const ls_config *a, const ls_config *b) {
  differences d = {0};
  ls_config_diff(a, b, add_difference, &d);
  return d;
}

static void round_trip(const ls_config *c) {
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

/* What a checkpoint keeps of a config is no change of it, whatever keys it has. */
static void kept(const ls_config *c) {
  char *text = ls_config_dump(c, LS_DUMP_CHECKPOINT);
  ls_config *again = parse(text, NULL, 0);
  differences d = difference(again, c);
  for (int i = 0; i < d.count; i++)
    if (!(d.flags[i] & LS_KEY_UNKEPT)) fail_msg("not changed, but a change is among\n%s", d.text);
  LS_FREE(text);
  ls_config_free(&again);
}

static void test_round_trip(void **state) {
  (void)state;
  draw d = {.seed = test_seed()};
  print_message("SEED=%llu\n", (unsigned long long)d.seed);
  int accepted = 0;
  for (int i = 0; i < 300; i++) {
    const char *set[32];
    d.sets = 0;
    ls_key_walk(draw_row, &d);
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
  print_message("%d of 300 drawn configs have no contradiction\n", accepted);
  assert_true(accepted > 30);
}

static void test_round_trip_of_types(void **state) {
  (void)state;
  const char *const row[] = {
      "optimizer={type: momentum, lr: 0.1, preset: book, nesterov: false}",
      "optimizer={type: rmsprop, lr: 1e-300, preset: tensorflow1}",
      "schedule={type: piecewise, boundaries: [1 epoch, 3 epochs, 400000], values: [1, 0.1, 1e-17, "
      "0.30000000000000004]}",
      "schedule={type: polynomial, decay_steps: 10 epochs, cycle: true, warmup: 0.5 epochs}",
      "model.init={type: constant, value: -0.1}",
      "model.init={type: file, file: 'a: b.h5'}",
      "model.init={type: truncated_normal, stddev: 0.1}",
      "data.scale={type: divide, by: 255}",
      "data={type: hdf5, train: {file: '*.h5', x: /a, y: /b}, validation: {file: v.h5, x: /a, y: "
      "/b}, test: {file: t.h5, x: /a, y: /b}}",
      "data={type: csv, train: {file: t, x: [\"a,b\", '#', 'null', 3-7], y: ['y', '1e5', "
      "\"\\u00e9\"]}, validation: 0.1}",
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
  const char *const notes[] = {"\nversion: 1  # c.yaml:1\n",
                               "\nseed: 1  # default\n",
                               "  epsilon: 1e-10  # preset\n",
                               "  lr: 0.1  # command line\n",
                               "    - {type: dense, units: 4, activation: relu}  # c.yaml:3\n",
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
             {"train.precision=float64", 0},
             {"model.layers[0].units=7", 0},
             {"optimizer.lr=7", 0},
             {"eval.top_k=7", LS_KEY_FREE},
             {"guard.watchdog=never", LS_KEY_FREE | LS_KEY_ALIKE},
             {"checkpoint.keep.last=7", LS_KEY_ALIKE | LS_KEY_UNKEPT},
             {"output.log_weights=true", LS_KEY_ALIKE | LS_KEY_UNKEPT}};
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
  if (strstr(path, "early_stop") || strstr(path, "gradient_noise.") || strstr(path, ".type"))
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
  ls_key_walk(check_row, &s);
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

/* ---- words and numbers ---- */

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

/* ---- hostile texts ---- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, count_memory, memory_is_back)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_example),
                                     TEST(test_defaults),
                                     TEST(test_values),
                                     TEST(test_slices),
                                     TEST(test_errors_in_train),
                                     TEST(test_errors_elsewhere),
                                     TEST(test_files_that_are_none),
                                     TEST(test_line_ends),
                                     TEST(test_bombs),
                                     TEST(test_all_at_once),
                                     TEST(test_long_line),
                                     TEST(test_bad_overrides),
                                     TEST(test_type_changed),
                                     TEST(test_round_trip),
                                     TEST(test_round_trip_of_types),
                                     TEST(test_dump_kinds),
                                     TEST(test_diff),
                                     TEST(test_flags),
                                     TEST(test_help),
                                     TEST(test_schema),
                                     TEST(test_nearest),
                                     TEST(test_numbers),
                                     TEST(test_print),
                                     TEST(test_locale),
                                     TEST(test_mutations),
                                     TEST(test_override_mutations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
