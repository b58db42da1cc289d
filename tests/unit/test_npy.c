/* NumPy's arrays, whole and damaged. */
#include "idx_files.h"

static void put_npy(const char *name, const char *dict, const void *values, size_t bytes) {
  char text[512] = "\x93NUMPY\x01";
  size_t length = strlen(dict);
  text[8] = (char)length;
  memcpy(text + 10, dict, length);
  memcpy(text + 10 + length, values, bytes);
  put_file(dir, name, text, 10 + length + bytes);
}

static char type[] = "npy", x_path[256], y_path[256];

static int up(void **state) {
  const int status = data_up(state);
  snprintf(x_path, sizeof x_path, "%s/x.npy", dir);
  snprintf(y_path, sizeof y_path, "%s/y.npy", dir);
  return status;
}

static void x_and_y(void **state) {
  (void)state;
  const short y[3] = {0, -1, 300};
  const unsigned char x[7] = {0, 1, 2, 3, 4, 5, 9};
  ls_data_spec spec = {.type = type, .limit = {-1, -1, -1}};
  spec.source[0] = (ls_source_spec){.file = x_path, .y = y_path};
  put_npy("x.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }\n", x, 6);
  put_npy("y.npy", "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }\n", y, 6);
  ls_data *data;
  double got[2], target;
  if (ls_data_open(comm, &spec, LS_TARGET_REAL, LS_F64, &data) != LS_OK)
    fail_msg("%s", ls_error_text());
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, (int64_t[]){2}, 1,
                                  &(ls_batch){.x = got, .ldx = 2, .targets = &target}),
                   LS_OK);
  assert_true(got[0] == 4 && got[1] == 5 && target == 300);
  ls_data_close(comm, &data);
  static const struct {
    const char *dict;
    size_t bytes;
    const char *text;
  } bad[] = {
      {"{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2), }", 6, "column by column"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }", 6, "no plain numbers"},
      {"{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }", 6, "numbers of type f2"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 6, "a single value"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 0), }", 6, "dimension 2 is 0"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2", 6, "its header has no shape"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (3000000000000, 4000000000000)}", 6,
       "samples, more than its"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }", 5, "truncated"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }", 7, "longer than its header"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", 6, "3 rows for the 2 of"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    put_npy("x.npy", bad[i].dict, x, bad[i].bytes);
    assert_int_equal(ls_data_open(comm, &spec, LS_TARGET_REAL, LS_F64, &data), LS_EDATA);
    if (!strstr(ls_error_text(), bad[i].text))
      fail_msg("\"%s\" is not in: %s", bad[i].text, ls_error_text());
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(x_and_y)};
  return cmocka_run_group_tests(tests, up, data_down);
}
