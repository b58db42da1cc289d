/* checkpoint_files.h - a small model's state, and files of it in a folder of the test's own. */
#ifndef LS_TESTS_CHECKPOINT_FILES_H
#define LS_TESTS_CHECKPOINT_FILES_H

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "checkpoint/image.h"
#include "checkpoint/read.h"
#include "io/regular.h"
#include "test.h"

static char folder[64];

/* HDF5 itself loses memory on some files that only a forger could make; ours is counted by
 * ls_mem_live. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5"; }

static inline const char *at(const char *name) {
  static char path[4][256];
  static int turn;
  char *out = path[turn++ % 4];
  snprintf(out, sizeof path[0], "%s/%s", folder, name);
  return out;
}

static inline void ok(ls_status status) {
  if (status != LS_OK) fail_msg("status %d: %s", status, ls_error_text());
}

/* ---- a small model's state; layer 1 has no parameters, layer 2 has a gain ---- */

static const ls_tensor tensor[] = {{0, "W", 3, 4, 0, false},     {0, "b", 1, 4, 12, false},
                                   {2, "gain", 1, 4, 16, false}, {2, "b", 1, 4, 20, false},
                                   {3, "W", 4, 1, 24, false},    {3, "b", 1, 1, 28, false}};
enum { TENSORS = 6, PARAMETERS = 29, SLOTS = 2, SLICES = 3 };
static char *slot_name[] = {(char *)"m", (char *)"v"};
static double shift[] = {1, 2, 3}, divisor[] = {4, 5, 6};
static const ls_affine affine = {.n = 3, .shift = shift, .divisor = divisor};
static char *name_text[] = {(char *)"flux [W/m²]"};
static const ls_texts names = {name_text, 1};
static char *column_text[] = {(char *)"id", (char *)"a", (char *)"b [m]", (char *)"",
                              (char *)"flux [W/m²]"};
static int64_t x_columns[] = {2, 1, 3}, y_columns[] = {4};
static char *value_text[] = {(char *)"", (char *)"light red", (char *)""};
static const ls_trained trained = {
    {column_text, 5}, {3, 1}, {x_columns, y_columns}, false, {value_text, 3}};
static ls_data_file data_file[] = {{(char *)"train-images", 100, 10300, "xxh3-128:00"},
                                   {(char *)"a/longer/path/of labels", 200, 10300, "xxh3-128:11"}};

/* The config that has this state: fields that contradict each other are refused. */
#define CONFIG(precision)                                                                         \
  "version: 1\nseed: 9223372036854775807\n"                                                       \
  "data: {type: csv, train: {file: t.csv, x: [a, b, c], y: [d]}, scale: minmax}\n"                \
  "model: {layers: [{units: 4}, {type: dropout, rate: 0.1}, {type: layer_norm}, {units: out}]}\n" \
  "loss: mse\noptimizer: {type: adam, lr: 0.1}\n"                                                 \
  "train: {epochs: 9, batch: 50, slices: 3, precision: " precision "}\n"

static inline const char *config_of(ls_dtype precision) {
  return precision == LS_F32 ? CONFIG("float32") : CONFIG("float64");
}

static inline ls_checkpoint plan_of(ls_dtype precision) {
  ls_checkpoint plan = {.precision = precision,
                        .tensor = tensor,
                        .tensors = TENSORS,
                        .slots = SLOTS,
                        .slot_name = slot_name,
                        .slices = SLICES,
                        .seed = INT64_MAX,
                        .batch = 50,
                        .config_text = (char *)config_of(precision),
                        .file = data_file,
                        .files = 2,
                        .kernel = (char *)"portable",
                        .x_affine = affine,
                        .names = names,
                        .trained = trained,
                        .inputs = 3,
                        .outputs = 1};
  ls_checkpoint_format(&plan);
  ls_run_id(&plan, plan.run_id);
  return plan;
}

static const ls_state state = {.global_step = 1234,
                               .t = 1230,
                               .epoch = 2,
                               .samples_seen = 61700,
                               .epoch_samples = 1700,
                               .best_value = 0.25,
                               .best_step = 1200,
                               .early = {0.25, 1},
                               .plateau = {(double)NAN, 0},
                               .nonfinite_total = 4,
                               .nonfinite_row = 0,
                               .rollbacks = 0,
                               .last_loss = 0.5,
                               .last_grad_norm = 1.5};
static const ls_stats sums[SLICES] = {{1, 2, 3, 4}, {5, 6, 7, INFINITY}, {-0.0, 1e-320, 8, 9}};

/* Parameter i of array a (0: weights, 1..: slots): odd bits, so that a swapped word shows. */
static inline double value(int a, int64_t i) {
  return i == 5 ? -0.0 : (a + 1) * 1000.0 + (double)i + 1.0 / 3;
}

static inline void put_value(ls_dtype precision, void *to, int64_t k, double v) {
  if (precision == LS_F32)
    ((float *)to)[k] = (float)v;
  else
    ((double *)to)[k] = v;
}

static inline void fill(ls_image *image, ls_dtype precision, int64_t step) {
  for (int t = 0; t < TENSORS; t++)
    for (int64_t k = 0; k < tensor[t].rows * tensor[t].cols; k++) {
      put_value(precision, ls_image_weights(image, t), k, value(0, tensor[t].offset + k));
      for (int s = 0; s < SLOTS; s++)
        put_value(precision, ls_image_slot(image, s, t), k, value(1 + s, tensor[t].offset + k));
    }
  ls_state now = state;
  now.global_step = step;
  now.samples_seen = 50 * step;
  if (step < 100) now.epoch = now.nonfinite_total = now.best_step = 0; /* too soon for them */
  if (step < 100) now.epoch_samples = now.samples_seen;
  if (step < now.best_step) now.best_step = step - 1;
  now.t = step - now.nonfinite_total;
  ls_image_state(image, &now, sums);
}

static inline ls_image *image_new(ls_dtype precision, int64_t step) {
  ls_checkpoint plan = plan_of(precision);
  ls_image *image;
  ok(ls_image_new(&plan, &image));
  fill(image, precision, step);
  return image;
}

static inline void save(const char *name, int64_t step) {
  ls_image *image = image_new(LS_F32, step);
  ok(ls_image_commit(image, folder, name));
  ls_image_free(&image);
}

static inline void slurp(const char *name, char **data, size_t *bytes) {
  ok(ls_file_read(at(name), data, bytes, 1 << 20));
}

static inline void spill(const char *name, const char *data, size_t bytes) {
  int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  assert_int_equal(write(fd, data, bytes), (ssize_t)bytes);
  close(fd);
}

static inline void corrupt(const char *name) {
  int fd = open(at(name), O_WRONLY);
  assert_int_equal(pwrite(fd, "x", 1, 5000), 1);
  close(fd);
}

static inline void check_array(ls_dtype precision, const void *have, int a) {
  char want[PARAMETERS * sizeof(double)];
  for (int64_t i = 0; i < PARAMETERS; i++) put_value(precision, want, i, value(a, i));
  assert_memory_equal(have, want, PARAMETERS * ls_dtype_size(precision));
}

static inline bool exists(const char *name) { return access(at(name), F_OK) == 0; }

static inline int balanced(void **unused) {
  (void)unused;
  return ls_mem_live() == 0 ? 0 : -1;
}
#define TEST(name) cmocka_unit_test_teardown(name, balanced)

/* The tests in a fresh folder, which goes with them. argv[1]: those alone whose names fit. */
#define RUN_TESTS(argc, argv, tests) \
  (open_folder(argc, argv), close_folder(cmocka_run_group_tests(tests, NULL, NULL)))
static inline void open_folder(int argc, char **argv) {
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  snprintf(folder, sizeof folder, "%s/lockstep-ckpt-XXXXXX",
           getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  if (!mkdtemp(folder)) exit(1);
}
static inline int close_folder(int failed) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command) != 0 || failed;
}

#endif
