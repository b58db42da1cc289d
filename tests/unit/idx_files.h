/* idx_files.h - what tests of data begin and end with; small IDX sets, whole or damaged. */
#ifndef LS_TESTS_IDX_FILES_H
#define LS_TESTS_IDX_FILES_H

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "data/loader.h"
#include "test.h"

static inline char *test_dir(void) {
  static char dir[64];
  snprintf(dir, sizeof dir, "/tmp/lockstep-unit.XXXXXX");
  assert_non_null(mkdtemp(dir));
  return dir;
}

static inline void remove_dir(const char *dir) {
  char command[256];
  snprintf(command, sizeof command, "rm -rf -- '%s'", dir);
  assert_int_equal(system(command), 0);
}

static inline void put_file(const char *dir, const char *name, const void *data, size_t bytes) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(data, 1, bytes, f), bytes);
  assert_int_equal(fclose(f), 0);
}

static inline void put_gz(const char *dir, const char *name, const void *data, size_t bytes,
                          const char *mode) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  gzFile f = gzopen(path, mode);
  assert_non_null(f);
  assert_int_equal(gzwrite(f, data, (unsigned)bytes), bytes);
  assert_int_equal(gzclose(f), Z_OK);
}

static inline void put_be(unsigned char *at, uint32_t v) {
  for (int i = 0; i < 4; i++) at[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* Pixel p of sample i, and its label: what the set of `rows` images of side x side holds. */
static inline unsigned char idx_pixel(int64_t i, int64_t p) {
  return (unsigned char)(i * 7 + p * 13 + i * p % 11);
}
static inline unsigned char idx_label(int64_t i) { return (unsigned char)(i * 3 % 10); }

static inline size_t idx_images(unsigned char *out, int rows, int side) {
  put_be(out, 0x803), put_be(out + 4, (uint32_t)rows), put_be(out + 8, (uint32_t)side),
      put_be(out + 12, (uint32_t)side);
  for (int i = 0; i < rows; i++)
    for (int p = 0; p < side * side; p++) out[16 + i * side * side + p] = idx_pixel(i, p);
  return (size_t)(16 + rows * side * side);
}

static inline size_t idx_labels(unsigned char *out, int rows) {
  put_be(out, 0x801), put_be(out + 4, (uint32_t)rows);
  for (int i = 0; i < rows; i++) out[8 + i] = idx_label(i);
  return (size_t)(8 + rows);
}

static unsigned char idx_buffer[1 << 20];

static inline void put_idx(const char *dir, int train, int test, int side) {
  put_file(dir, "train-images-idx3-ubyte", idx_buffer, idx_images(idx_buffer, train, side));
  put_gz(dir, "train-labels-idx1-ubyte.gz", idx_buffer, idx_labels(idx_buffer, train), "wb");
  put_gz(dir, "t10k-images-idx3-ubyte.gz", idx_buffer, idx_images(idx_buffer, test, side), "wb");
  put_file(dir, "t10k-labels-idx1-ubyte", idx_buffer, idx_labels(idx_buffer, test));
}

static inline ls_data_spec idx_spec(char *dir) {
  static char type[] = "idx";
  return (ls_data_spec){.type = type, .dir = dir, .limit = {-1, -1, -1}, .order = LS_ORDER_SHUFFLE};
}

/* The group of a test of data: one process, and a fresh folder that goes with it; no block is left.
 */
static ls_comm *comm;
static char *dir;
static inline int data_up(void **state) {
  (void)state;
  dir = test_dir();
  return ls_comm_open(&comm) == LS_OK ? 0 : -1;
}
static inline int data_down(void **state) {
  (void)state;
  remove_dir(dir);
  ls_comm_close(&comm);
  return ls_mem_live() == 0 ? 0 : -1;
}

#endif
