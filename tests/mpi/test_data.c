/* The data on several ranks: one copy a node, everyone sees the same numbers, a failure of the
 * reader is everyone's. */
#include "base/mem.h"
#include "data/loader.h"
#include "test.h"

static ls_comm *comm;
static char dir[] = TESTS_DIR "/../data/fashion-mnist-small", nowhere[] = "/nowhere", idx[] = "idx";

static ls_data_spec spec(char *where) {
  return (ls_data_spec){.type = idx,
                        .dir = where,
                        .limit = {-1, -1, -1},
                        .order = LS_ORDER_SHUFFLE,
                        .validation = {.share = 0.1},
                        .scale = {.all = {.kind = LS_SCALE_STANDARD}}};
}

static void same_everywhere(void **state) {
  (void)state;
  ls_data_spec s = spec(dir);
  ls_data *data;
  assert_int_equal(ls_data_open(comm, &s, true, LS_F32, &data), LS_OK);
  int64_t shape[] = {ls_data_features(data), ls_data_outputs(data),
                     ls_data_rows(data, LS_SPLIT_TRAIN), ls_data_rows(data, LS_SPLIT_VALIDATION),
                     ls_data_rows(data, LS_SPLIT_TEST)};
  static const int64_t want[] = {784, 10, 5400, 600, 1000};
  assert_memory_equal(shape, want, sizeof want);
  int files;
  assert_string_equal(strrchr(ls_data_files(data, &files)[1].path, '/'),
                      "/train-labels-idx1-ubyte.gz");
  static float x[10 * 784];
  float first[784];
  static const int64_t row[10] = {5399, 1, 2, 3, 4, 5, 6, 7, 8, 0};
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, row, 10, &(ls_batch){.x = x, .ldx = 784}),
                   LS_OK);
  memcpy(first, x + 9 * 784, sizeof first);
  ls_comm_bcast(comm, first, sizeof first, 0);
  assert_memory_equal(first, x + 9 * 784, sizeof first);
  double mean = ls_data_x_affine(data)->shift[400];
  ls_comm_bcast(comm, &mean, sizeof mean, 0);
  assert_true(mean == ls_data_x_affine(data)->shift[400] && mean > 50 && mean < 250);
  ls_data_close(comm, &data);
}

/* Together the ranks' shares are the minibatch. */
static void shares_make_the_minibatch(void **state) {
  (void)state;
  enum { BATCH = 50, SLICES = 8 };
  ls_data_spec s = spec(dir);
  ls_data *data;
  ls_loader *loader;
  ls_batch b;
  int64_t sample[BATCH], none;
  int32_t label[BATCH];
  double seen[BATCH] = {0};
  int ranks = ls_comm_size(comm), me = ls_comm_rank(comm);
  assert_int_equal(ls_data_open(comm, &s, true, LS_F32, &data), LS_OK);
  assert_int_equal(ls_loader_new(data, BATCH, SLICES, ls_tree_first(SLICES, ranks, me),
                                 ls_tree_first(SLICES, ranks, me + 1), SLICES, 3, &loader),
                   LS_OK);
  assert_int_equal(ls_loader_batch(loader, 200, &b), LS_OK);
  int64_t total = ls_loader_samples(loader, 200, sample);
  assert_true(total == BATCH && b.total == BATCH);
  float x[784];
  for (int64_t k = 0; k < total; k++)
    assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, &sample[k], 1,
                                    &(ls_batch){.x = x, .ldx = 784, .labels = &label[k]}),
                     LS_OK);
  int64_t at = ls_tree_row(BATCH, SLICES, b.slice_lo);
  for (int64_t k = 0; k < b.rows; k++) seen[at + k] = b.labels[k] == label[at + k];
  ls_comm_sum(comm, seen, BATCH);
  for (none = 0; none < BATCH; none++) assert_true(seen[none] == 1);
  ls_loader_free(&loader);
  ls_data_close(comm, &data);
}

static void failure_is_everyones(void **state) {
  (void)state;
  ls_data_spec s = spec(nowhere);
  ls_data *data;
  assert_int_equal(ls_data_open(comm, &s, true, LS_F32, &data), LS_EDATA);
  assert_null(data);
  assert_non_null(strstr(ls_error_text(), "/nowhere/train-images-idx3-ubyte: no such file"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_everywhere),
      cmocka_unit_test(shares_make_the_minibatch),
      cmocka_unit_test(failure_is_everyones),
  };
  if (ls_comm_open(&comm) != LS_OK) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  ls_comm_close(&comm);
  return failed || ls_mem_live() != 0;
}
