/* Files as they come, whole and damaged: every way to be wrong is an LS_EDATA that names the file
 * and what is wrong with it. */
#include "base/mem.h"
#include "idx_files.h"

static void expect(const ls_data_spec *spec, ls_status status, const char *text) {
  ls_data *data = NULL;
  ls_status got = ls_data_open(comm, spec, true, LS_F32, &data);
  if (got != status) fail_msg("status %d, not %d: %s", (int)got, (int)status, ls_error_text());
  if (status != LS_OK && !strstr(ls_error_text(), text))
    fail_msg("\"%s\" is not in: %s", text, ls_error_text());
  ls_data_close(comm, &data);
}

/* ---- IDX ---- */

enum { ROWS = 40, SIDE = 4 };

static char idx_path[256];

static void expect_idx(ls_status status, const char *text) {
  ls_data_spec spec = idx_spec(dir);
  spec.classes = 10;
  expect(&spec, status, text);
}

static void idx_missing(void **state) {
  (void)state;
  put_idx(dir, ROWS, ROWS, SIDE);
  snprintf(idx_path, sizeof idx_path, "%s/t10k-labels-idx1-ubyte", dir);
  assert_int_equal(unlink(idx_path), 0);
  expect_idx(LS_EDATA, "t10k-labels-idx1-ubyte: no such file, with or without .gz");
  assert_int_equal(mkdir(idx_path, 0700), 0);
  expect_idx(LS_EDATA, "not a regular file but a folder");
  assert_int_equal(rmdir(idx_path), 0);
  assert_int_equal(mkfifo(idx_path, 0600), 0);
  expect_idx(LS_EDATA, "not a regular file");
  assert_int_equal(unlink(idx_path), 0);
  ls_data_spec spec = idx_spec((char[]){"/usr/share/datasets/no-such-set"});
  expect(&spec, LS_EDATA, "apt-get install dataset-no-such-set");
}

/* One wrong file in a good set. edit changes `bytes` of the image or label file; negative `cut`
 * cuts, positive appends. */
static void idx_damaged(void **state) {
  (void)state;
  static const struct {
    const char *file; /* images or labels of train */
    int at;           /* byte that is changed, -1: none */
    unsigned char to;
    int cut;
    const char *text;
  } bad[] = {
      {"labels-idx1", 8 + 5, 10, 0, "sample 5: class number not below data.classes (it is 10)"},
      {"labels-idx1", 3, 3, 0,
       "magic number 0x00000803 where 0x00000801 belongs (labels of unsigned bytes): this is a "
       "file of images"},
      {"images-idx3", 3, 1, 0,
       "0x00000801 where 0x00000803 belongs (images of unsigned bytes): this is a file of labels"},
      {"images-idx3", 2, 10, 0, "0x00000a03"},
      {"images-idx3", 2, 13, 0, "more than its"},
      {"images-idx3", 0, 'P', 0, "this is no IDX file"},
      {"labels-idx1", 7, ROWS - 1, -1, "39 labels for the 40 images"},
      {"images-idx3", 7, 0, 0, "holds no samples: dimension 1 is 0"},
      {"images-idx3", 11, 0, 0, "holds no samples: dimension 2 is 0"},
      {"images-idx3", 4, 0xff, 0, "more than its"},
      {"images-idx3", 8, 0xff, 0, "more than its"},
      {"images-idx3", -1, 0, -1, "samples, more than its"},
      {"labels-idx1", -1, 0, -1, "samples, more than its"},
      {"images-idx3", -1, 0, 1, "longer than its header declares"},
      {"labels-idx1", -1, 0, 1, "longer than its header declares"},
      {"images-idx3", -1, 0, -ROWS * SIDE * SIDE - 3,
       "ends after 13 bytes, within the header of 16"},
      {"images-idx3", -1, 0, -ROWS * SIDE * SIDE - 16, "ends after 0 bytes"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    put_idx(dir, ROWS, ROWS, SIDE);
    bool images = bad[i].file[0] == 'i';
    size_t bytes = images ? idx_images(idx_buffer, ROWS, SIDE) : idx_labels(idx_buffer, ROWS);
    idx_buffer[bytes] = 1;
    if (bad[i].at >= 0) idx_buffer[bad[i].at] = bad[i].to;
    char name[64];
    snprintf(name, sizeof name, "train-%s-ubyte", bad[i].file);
    put_file(dir, name, idx_buffer, bytes + (size_t)bad[i].cut);
    expect_idx(LS_EDATA, bad[i].text);
    snprintf(idx_path, sizeof idx_path, "%s/%s", dir, name);
    assert_non_null(strstr(ls_error_text(), idx_path));
    unlink(idx_path);
  }
}

/* Some bits of a gzip header, and of deflate's code tables, carry nothing: then the content must be
 * what it was. */
static void expect_damage_or_same_content(int64_t rows) {
  ls_data_spec spec = idx_spec(dir);
  ls_data *data;
  ls_status status = ls_data_open(comm, &spec, true, LS_F32, &data);
  if (status != LS_OK) {
    assert_int_equal(status, LS_EDATA);
    assert_non_null(strstr(ls_error_text(), "t10k-images-idx3-ubyte.gz"));
    return;
  }
  float x[SIDE * SIDE];
  for (int64_t i = 0; i < rows; i++) {
    assert_int_equal(
        ls_data_gather(data, LS_SPLIT_TEST, &i, 1, &(ls_batch){.x = x, .ldx = SIDE * SIDE}), LS_OK);
    for (int p = 0; p < SIDE * SIDE; p++) assert_true(x[p] == idx_pixel(i, p));
  }
  ls_data_close(comm, &data);
}

/* Every truncation of a gzip file is an error, and every changed byte. */
static void gz_damaged(void **state) {
  (void)state;
  put_idx(dir, ROWS, ROWS, SIDE);
  expect_idx(LS_OK, "");
  snprintf(idx_path, sizeof idx_path, "%s/t10k-images-idx3-ubyte.gz", dir);
  static unsigned char whole[1 << 16], copy[1 << 16];
  FILE *f = fopen(idx_path, "rb");
  assert_non_null(f);
  size_t bytes = fread(whole, 1, sizeof whole - 1, f);
  fclose(f);
  for (size_t n = 0; n < bytes; n++) {
    put_file(dir, "t10k-images-idx3-ubyte.gz", whole, n);
    expect_idx(LS_EDATA, "t10k-images-idx3-ubyte.gz: ");
  }
  for (size_t n = 0; n < bytes; n++) {
    memcpy(copy, whole, bytes);
    copy[n] ^= 0x10;
    put_file(dir, "t10k-images-idx3-ubyte.gz", copy, bytes);
    expect_damage_or_same_content(ROWS);
  }
  put_file(dir, "t10k-images-idx3-ubyte.gz", whole, bytes + 1);
  expect_idx(LS_EDATA, "garbage behind the gzip data");
}

/* A gzip file may have several members; together they are the content. */
static void gz_members(void **state) {
  (void)state;
  put_idx(dir, ROWS, ROWS, SIDE);
  size_t bytes = idx_images(idx_buffer, ROWS, SIDE);
  put_gz(dir, "t10k-images-idx3-ubyte.gz", idx_buffer, 100, "wb");
  put_gz(dir, "t10k-images-idx3-ubyte.gz", idx_buffer + 100, bytes - 100, "ab");
  expect_idx(LS_OK, "");
}

/* A tiny file that declares the world: refused by its size, before any memory is asked for. */
static void gz_bomb(void **state) {
  (void)state;
  put_idx(dir, ROWS, ROWS, SIDE);
  size_t bytes = idx_images(idx_buffer, ROWS, SIDE);
  put_be(idx_buffer + 4, 0x7fffffff), put_be(idx_buffer + 8, 0x7fffffff);
  put_gz(dir, "t10k-images-idx3-ubyte.gz", idx_buffer, bytes, "wb");
  int64_t live = (int64_t)ls_mem_bytes();
  expect_idx(LS_EDATA, "declares 2147483647 samples, more than its");
  assert_int_equal(ls_mem_bytes(), live);
}

static void idx_widths_differ(void **state) {
  (void)state;
  put_idx(dir, ROWS, ROWS, SIDE);
  put_gz(dir, "t10k-images-idx3-ubyte.gz", idx_buffer, idx_images(idx_buffer, ROWS, SIDE + 1),
         "wb");
  expect_idx(LS_EDATA, "t10k-images-idx3-ubyte.gz: 25 features and 1 targets a sample; ");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(idx_missing), cmocka_unit_test(idx_damaged),
      cmocka_unit_test(gz_damaged),  cmocka_unit_test(gz_members),
      cmocka_unit_test(gz_bomb),     cmocka_unit_test(idx_widths_differ),
  };
  return cmocka_run_group_tests(tests, data_up, data_down);
}
