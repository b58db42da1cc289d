/* Splits, scaling and minibatches: what reaches the model is what the files hold, whole, once an
 * epoch, whoever gathers it. */
#include "base/mem.h"
#include "idx_files.h"

enum { TRAIN = 103, TEST = 17, SIDE = 3, FEATURES = SIDE * SIDE, CLASSES = 10 };

static int up(void **state) {
  const int status = data_up(state);
  put_idx(dir, TRAIN, TEST, SIDE);
  return status;
}

static ls_data *open_data(const ls_data_spec *spec, ls_dtype precision) {
  ls_data *data;
  if (ls_data_open(comm, spec, true, precision, &data) != LS_OK) fail_msg("%s", ls_error_text());
  return data;
}

static void check_sample(const float *x, int32_t label, int64_t file_row, float by) {
  for (int p = 0; p < FEATURES; p++)
    assert_true(x[p] == (float)(idx_pixel(file_row, p) / (double)by));
  assert_int_equal(label, idx_label(file_row));
}

static void splits(void **state) {
  (void)state;
  ls_data_spec spec = idx_spec(dir);
  spec.skip[LS_SPLIT_TRAIN] = 2;
  spec.limit[LS_SPLIT_TRAIN] = 100;
  spec.validation.share = 0.29; /* 0.29 * 100 is a little below 29 in double */
  spec.limit[LS_SPLIT_TEST] = 5;
  spec.whole = true; /* LS_SPLIT_ALL is asked for */
  ls_data *data = open_data(&spec, LS_F32);
  assert_int_equal(ls_data_rows(data, LS_SPLIT_TRAIN), 71);
  assert_int_equal(ls_data_rows(data, LS_SPLIT_VALIDATION), 29);
  assert_int_equal(ls_data_rows(data, LS_SPLIT_TEST), 5);
  assert_int_equal(ls_data_rows(data, LS_SPLIT_ALL), TRAIN + TEST);
  assert_int_equal(ls_data_file_row(data, LS_SPLIT_VALIDATION, 0), 73);
  static const int64_t ask[] = {0, 101, 102, 103, 119, 1};
  float x[6 * 16];
  int32_t label[6];
  assert_int_equal(
      ls_data_gather(data, LS_SPLIT_ALL, ask, 6, &(ls_batch){.x = x, .ldx = 16, .labels = label}),
      LS_OK);
  for (int k = 0; k < 6; k++)
    check_sample(x + 16 * k, label[k], ask[k] < TRAIN ? ask[k] : ask[k] - TRAIN, 1);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_VALIDATION, ask, 1,
                                  &(ls_batch){.x = x, .ldx = 16, .labels = label}),
                   LS_OK);
  check_sample(x, label[0], 73, 1);
  ls_data_close(comm, &data);
}

static void refuses_empty_splits(void **state) {
  (void)state;
  static const struct {
    int64_t skip, limit;
    double validation;
    const char *text;
  } bad[] = {{TRAIN, -1, 0, "data.skip.train: 103 leaves none"},
             {0, 0, 0, "data.limit.train"},
             {0, -1, 0.001, "none to validate"},
             {0, 1, 0.5, "none to validate"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ls_data_spec spec = idx_spec(dir);
    ls_data *data;
    spec.skip[0] = bad[i].skip, spec.limit[0] = bad[i].limit,
    spec.validation.share = bad[i].validation;
    assert_int_equal(ls_data_open(comm, &spec, true, LS_F32, &data), LS_EDATA);
    if (!strstr(ls_error_text(), bad[i].text))
      fail_msg("\"%s\" is not in: %s", bad[i].text, ls_error_text());
  }
}

/* byte / 255 exactly, in both precisions; columns behind the features are 0. */
static void divides_exactly(void **state) {
  (void)state;
  ls_data_spec spec = idx_spec(dir);
  spec.scale.all.kind = LS_SCALE_DIVIDE, spec.scale.all.by = 255;
  static const int64_t row[] = {5};
  ls_data *data = open_data(&spec, LS_F64);
  double x[16], table = 255;
  memset(x, 0xff, sizeof x);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, row, 1, &(ls_batch){.x = x, .ldx = 16}),
                   LS_OK);
  for (int p = 0; p < 16; p++) assert_true(x[p] == (p < FEATURES ? idx_pixel(5, p) / table : 0));
  assert_true(ls_data_x_affine(data)->n == FEATURES && ls_data_x_affine(data)->divisor[8] == 255);
  ls_data_close(comm, &data);
}

/* The fast product gives the quotient's bits, and where it cannot (denormal reciprocals) the table
 * does. */
static void every_byte_by_any_divisor(void **state) {
  (void)state;
  static const double by[] = {1, 3, 255, 256, 0.1, 127.5, -7, 1e-30, 1e30, 1e308, 3.14159};
  for (size_t d = 0; d < sizeof by / sizeof *by; d++)
    for (int precision = LS_F32; precision <= LS_F64; precision++) {
      ls_data_spec spec = idx_spec(dir);
      spec.scale.all.kind = LS_SCALE_DIVIDE, spec.scale.all.by = by[d];
      ls_data *data = open_data(&spec, (ls_dtype)precision);
      for (int64_t i = 0; i < TRAIN; i++) {
        float f[FEATURES];
        double x[FEATURES];
        assert_int_equal(
            ls_data_gather(data, LS_SPLIT_TRAIN, &i, 1,
                           &(ls_batch){.x = precision == LS_F32 ? (void *)f : x, .ldx = FEATURES}),
            LS_OK);
        for (int p = 0; p < FEATURES; p++) {
          double want = idx_pixel(i, p) / by[d];
          assert_true(precision == LS_F32 ? f[p] == (float)want : x[p] == want);
        }
      }
      ls_data_close(comm, &data);
    }
}

/* standard: mean 0 and deviation 1 over the training split alone; minmax: 0 to 1. */
static void standard_and_minmax(void **state) {
  (void)state;
  for (int kind = LS_SCALE_STANDARD; kind <= LS_SCALE_MINMAX; kind++) {
    ls_data_spec spec = idx_spec(dir);
    spec.scale.all.kind = (ls_scale_kind)kind, spec.limit[0] = 60, spec.skip[0] = 3;
    ls_data *data = open_data(&spec, LS_F64);
    double x[60][FEATURES];
    for (int64_t i = 0; i < 60; i++)
      assert_int_equal(
          ls_data_gather(data, LS_SPLIT_TRAIN, &i, 1, &(ls_batch){.x = x[i], .ldx = FEATURES}),
          LS_OK);
    for (int p = 0; p < FEATURES; p++) {
      double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
      for (int i = 0; i < 60; i++)
        sum += x[i][p], squares += x[i][p] * x[i][p], least = fmin(least, x[i][p]),
                                                      most = fmax(most, x[i][p]);
      if (kind == LS_SCALE_MINMAX)
        assert_true(least == 0 && most == 1);
      else
        assert_true(fabs(sum) < 1e-12 && fabs(squares / 60 - 1) < 1e-13);
    }
    ls_data_close(comm, &data);
  }
}

/* Class numbers given to a loss that takes real targets: one-hot rows, or the number itself where
 * no classes are named. */
static void labels_as_targets(void **state) {
  (void)state;
  ls_data_spec spec = idx_spec(dir);
  ls_data *data;
  static const int64_t row[] = {4, 9};
  float x[2 * FEATURES], y[2 * CLASSES];
  spec.classes = CLASSES;
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F32, &data), LS_OK);
  assert_int_equal(ls_data_outputs(data), CLASSES);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, row, 2,
                                  &(ls_batch){.x = x, .ldx = FEATURES, .targets = y}),
                   LS_OK);
  for (int k = 0; k < 2 * CLASSES; k++)
    assert_true(y[k] == (k % CLASSES == idx_label(row[k / CLASSES])));
  ls_data_close(comm, &data);
  spec.classes = 0;
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F32, &data), LS_OK);
  assert_int_equal(ls_data_outputs(data), 1);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, row, 2,
                                  &(ls_batch){.x = x, .ldx = FEATURES, .targets = y}),
                   LS_OK);
  assert_true(y[0] == idx_label(4) && y[1] == idx_label(9));
  ls_data_close(comm, &data);
}

/* One epoch and a half, whatever the cut: every share is its piece of the specified minibatch, and
 * an epoch is every sample once. */
static void check_loader(const ls_data *data, int64_t batch, int slices, int ranks, bool drop) {
  int64_t n = TRAIN, sample[TRAIN], size = batch < 1 || batch > n ? n : batch, first = 0;
  int seen[TRAIN] = {0};
  ls_loader *loader[8];
  for (int r = 0; r < ranks; r++)
    assert_int_equal(ls_loader_new(data, batch, slices, ls_tree_first(slices, ranks, r),
                                   ls_tree_first(slices, ranks, r + 1), slices, 5, &loader[r]),
                     LS_OK);
  int64_t steps = ls_loader_calendar(loader[0])->steps, made = ls_mem_total();
  assert_int_equal(steps, drop ? n / size : (n + size - 1) / size);
  for (int64_t step = 0; step < steps + steps / 2 + 1; step++) {
    int64_t total = ls_loader_samples(loader[0], step, sample), done = 0;
    assert_int_equal(total, step % steps == steps - 1 && !drop ? n - (steps - 1) * size : size);
    for (int64_t k = 0; k < total && step < steps; k++) assert_int_equal(seen[sample[k]]++, 0);
    for (int r = 0; r < ranks; r++) {
      ls_batch b;
      assert_int_equal(ls_loader_batch(loader[r], step, &b), LS_OK);
      assert_true(b.total == total && b.rows <= ls_loader_max_rows(loader[r]) &&
                  b.first_sample == first + done);
      assert_true(b.ldx * 4 % 64 == 0 && b.ldx * 4 % 4096 != 0 && !b.weight && !b.targets);
      for (int s = b.slice_lo; s <= b.slice_hi; s++)
        assert_int_equal(b.slice_row[s - b.slice_lo],
                         ls_tree_row(total, slices, s) - ls_tree_row(total, slices, b.slice_lo));
      for (int64_t k = 0; k < b.rows; k++) {
        const float *x = (const float *)b.x + k * b.ldx;
        check_sample(x, b.labels[k], ls_data_file_row(data, LS_SPLIT_TRAIN, sample[done + k]), 1);
        for (int64_t p = FEATURES; p < b.ldx; p++) assert_true(x[p] == 0);
      }
      done += b.rows;
    }
    assert_int_equal(done, total);
    first += total;
  }
  int64_t used = 0;
  for (int i = 0; i < TRAIN; i++) used += seen[i];
  assert_int_equal(used, drop ? steps * size : n);
  assert_int_equal(ls_mem_total(), made); /* nothing allocated in the loop */
  for (int r = 0; r < ranks; r++) ls_loader_free(&loader[r]);
}

static void minibatches(void **state) {
  (void)state;
  static const int64_t batch[] = {1, 2, 7, 50, 103, 104, 0};
  for (int drop = 0; drop < 2; drop++) {
    ls_data_spec spec = idx_spec(dir);
    spec.drop_last = drop;
    ls_data *data = open_data(&spec, LS_F32);
    for (size_t i = 0; i < sizeof batch / sizeof *batch; i++)
      for (int ranks = 1; ranks <= 5 && !(drop && batch[i] > TRAIN); ranks += 2)
        for (int slices = 5; slices <= 64; slices += 11)
          check_loader(data, batch[i], slices, ranks, drop);
    ls_loader *loader;
    if (drop) assert_int_equal(ls_loader_new(data, TRAIN + 1, 1, 0, 1, 1, 1, &loader), LS_ECONFIG);
    ls_data_close(comm, &data);
  }
}

static void sequential_order(void **state) {
  (void)state;
  ls_data_spec spec = idx_spec(dir);
  spec.order = LS_ORDER_SEQUENTIAL;
  ls_data *data = open_data(&spec, LS_F32);
  ls_loader *loader;
  int64_t sample[50];
  assert_int_equal(ls_loader_new(data, 50, 8, 0, 8, 8, 1, &loader), LS_OK);
  for (int64_t step = 0; step < 7; step++) {
    int64_t total = ls_loader_samples(loader, step, sample);
    for (int64_t k = 0; k < total; k++) assert_int_equal(sample[k], step % 3 * 50 + k);
  }
  ls_loader_free(&loader);
  ls_data_close(comm, &data);
}

static void files_are_recorded(void **state) {
  (void)state;
  ls_data_spec spec = idx_spec(dir);
  ls_data *data = open_data(&spec, LS_F32);
  int files;
  const ls_data_file *file = ls_data_files(data, &files);
  assert_int_equal(files, 4);
  assert_int_equal(file[0].samples, TRAIN);
  assert_int_equal(file[0].bytes, 16 + TRAIN * FEATURES);
  assert_non_null(strstr(file[3].path, "/t10k-labels-idx1-ubyte"));
  assert_memory_equal(file[0].digest, "xxh3-128:", 9);
  assert_int_equal(strlen(file[0].digest), 9 + 32);
  assert_string_not_equal(file[0].digest, file[1].digest);
  ls_data_close(comm, &data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(splits),
      cmocka_unit_test(refuses_empty_splits),
      cmocka_unit_test(divides_exactly),
      cmocka_unit_test(every_byte_by_any_divisor),
      cmocka_unit_test(standard_and_minmax),
      cmocka_unit_test(labels_as_targets),
      cmocka_unit_test(minibatches),
      cmocka_unit_test(sequential_order),
      cmocka_unit_test(files_are_recorded),
  };
  return cmocka_run_group_tests(tests, up, data_down);
}
