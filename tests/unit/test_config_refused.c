/* Where each error of a config is found, and what is said. */
#include <time.h>

#include "config_cases.h"

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
    {"{epochs: 2, batch_size: 5}", "6:20",
     "unknown key 'batch_size'; did you mean 'batch'? [train.batch_size]"},
    {"{epochs: 2, batch: 5, learning_rate: 1}", "6:30",
     "unknown key 'learning_rate': it is called 'lr' and belongs in optimizer or then "
     "[train.learning_rate]"},
    {"{epochs: 2, batch: 5, lr: 1}", "6:30",
     "misplaced key 'lr': it is no key of train, it belongs in optimizer or then [train.lr]"},
    {"{epochs: 2, batch: 5, xyzzy: 1}", "6:30",
     "unknown key 'xyzzy': train takes epochs, steps, batch"},
    {"{epochs: 2, batch: 5, slices: 65537}", "6:38", "from 0 to 65536, or auto [train.slices]"},
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
     "misplaced key 'lr': it is no key of the top level, it belongs in optimizer or then [lr]"},
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
    {"schedule: {type: plugin, file: /nowhere.so}\n", "7:32", "cannot be used"},
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
     "layers is empty: the last layer, {units: out}, is needed at least [model.layers]"},
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
    {"data: {type: idx}\n" MODEL, "2:1",
     "missing key 'dir' (the folder of the files) or 'train' (images, labels)"},
    {"data: {type: ixd, dir: /d}\n" MODEL, "2:14", "did you mean 'idx'?"},
    {"data: {type: hdf5, dir: /d, train: {file: a, x: b, y: c}}\n" MODEL, "2:20",
     "key 'dir' does not go with type hdf5, but with idx [data.dir]"},
    {"data: {type: hdf5, train: {file: a, x: b}}\n" MODEL, "2:20",
     "missing key 'y' (a text, or a list) [data.train.y]"},
    {"data: {type: hdf5, train: {file: a, x: b, y: c, header: true}}\n" MODEL, "2:49", "'header'"},
    {"data: {type: csv, train: {file: a, x: [], y: c}}\n" MODEL, "2:39",
     "x must be a list of columns"},
    {"data: {type: csv, train: {file: a, x: [[1]], y: c}}\n" MODEL, "2:40",
     "a list, where x must be"},
    {"data: {type: idx, dir: /d, validation: {images: a}}\n" MODEL, "2:28",
     "missing key 'labels' (a text) [data.validation.labels]"},
    {"data: {type: idx, dir: /d, validation: {share: 0.1, how: first}}\n" MODEL, "2:58",
     "how must be one of last, random, group"},
    {"data: {type: idx, dir: /d, validation: {share: 0.1, how: group}}\n" MODEL, "2:28",
     "IDX files have none"},
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
                        "1:1", "UTF-16 text; save it as UTF-8 (iconv -f utf-16 -t utf-8)"},
                       {"a,b,c\n1,2,3\n", "1:1", "a table, where a config must be; a config names"},
                       {"5.1;3.5;\"x\"\n4.9;3;\"y\"\n", "1:1", "a table, where a config must be"},
                       {" 5.1  3.5 a\n 4.9  3.0 b\n", "1:1", "a table, where a config must be"},
                       {"a,b\n", "1:1", "a single value, where a config must be a mapping"},
                       {"# a, b\nc,\n", "2:1", "a single value, where a config must be a mapping"},
                       {"a: b\nc: \x01\n", "2:4", "not UTF-8"}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    expect(row[i].text, strlen(row[i].text), NULL, row[i].where, row[i].what);
  expect("a: 1\nb\0: 2", 10, NULL, "2:2", "a NUL byte");
  char archive[] = "PK\3\4\0\0", h5[600] = "a";
  expect(archive, sizeof archive, NULL, "1:1", "a zip archive, where a config must be");
  memcpy(h5 + 512, "\x89HDF\r\n\x1a\n", 8);
  expect(h5, sizeof h5, NULL, "1:1", "an HDF5 file, where a config must be");
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

/* A single value is not forgotten when an override of a member follows. */
static void test_value_then_member(void **state) {
  (void)state;
  const char *const set[] = {"guard=foo", "guard.watchdog=never"};
  ls_config *c;
  assert_int_equal(try_parse(BASE, strlen(BASE), set, 2, &c), LS_ECONFIG);
  assert_string_equal(ls_error_text(),
                      "command line: 'guard=foo': error: a single value, where guard must be a "
                      "mapping [guard]");
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

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_errors_in_train),
                                     TEST(test_errors_elsewhere),
                                     TEST(test_files_that_are_none),
                                     TEST(test_line_ends),
                                     TEST(test_bombs),
                                     TEST(test_all_at_once),
                                     TEST(test_long_line),
                                     TEST(test_bad_overrides),
                                     TEST(test_value_then_member),
                                     TEST(test_type_changed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
