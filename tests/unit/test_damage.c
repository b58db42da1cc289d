/* Checkpoints: any byte but the writer's is refused, whoever changed it, and the newest good file
 * is found. */
#include <errno.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "checkpoint/block.h"
#include "checkpoint/find.h"
#include "checkpoint/index.h"
#include "checkpoint_files.h"
#include "io/durable.h"
#include "io/h5skeleton.h"
#include "io/h5write.h"

/* R3: every bit pattern but the right one, at every byte: refused by the header's and payload's
 * digests, before HDF5 sees it. */
static void every_changed_byte_is_refused(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  ls_block block;
  save("flip.h5", 9);
  slurp("flip.h5", &data, &bytes);
  ok(ls_block_verify("whole", data, bytes, &block));
  for (size_t i = 0; i < bytes; i++) {
    data[i] ^= (char)(1 << i % 8);
    if (ls_block_verify("flipped", data, bytes, &block) != LS_EDATA)
      fail_msg("a flip at byte %zu of %zu went unnoticed", i, bytes);
    data[i] ^= (char)(1 << i % 8);
  }
  for (size_t n = 0; n < bytes; n++)
    if (ls_block_verify("cut", data, n, &block) != LS_EDATA)
      fail_msg("a cut at %zu of %zu bytes went unnoticed", n, bytes);
  ls_mem_free(data);
  unlink(at("flip.h5"));
}

/* A bigger one, at random places. */
static void changed_bytes_of_a_big_file_are_refused(void **unused) {
  (void)unused;
  static const ls_tensor big[] = {{0, "W", 250, 500, 0, false}};
  unsigned seed = (unsigned)test_seed();
  ls_checkpoint plan = {.tensor = big, .tensors = 1, .slices = 1};
  ls_image *image;
  ls_block block;
  char *data;
  size_t bytes;
  print_message("seed %u\n", seed);
  ok(ls_image_new(&plan, &image));
  for (int64_t i = 0; i < 250 * 500; i++) ((float *)ls_image_weights(image, 0))[i] = (float)i;
  ok(ls_image_commit(image, folder, "big.h5"));
  slurp("big.h5", &data, &bytes);
  for (int i = 0; i < 2000; i++) {
    size_t k = ((size_t)rand_r(&seed) << 15 ^ (size_t)rand_r(&seed)) % bytes;
    char was = data[k];
    data[k] = (char)(was + 1 + rand_r(&seed) % 255);
    if (ls_block_verify("changed", data, bytes, &block) != LS_EDATA)
      fail_msg("byte %zu changed unnoticed", k);
    data[k] = was;
  }
  ok(ls_block_verify("whole", data, bytes, &block));
  ls_mem_free(data);
  ls_image_free(&image);
  unlink(at("big.h5"));
}

/* The same through files, where each costs more: some cuts, some flips, bytes behind the end, other
 * kinds of file. */
static void damaged_files_are_refused(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  ls_checkpoint *c;
  save("flip.h5", 9);
  slurp("flip.h5", &data, &bytes);
  for (size_t n = 0; n < bytes; n += 997) {
    spill("bad.h5", data, n);
    assert_int_equal(ls_checkpoint_verify(at("bad.h5")), LS_EDATA);
    assert_int_equal(ls_checkpoint_read(at("bad.h5"), &c), LS_EDATA);
    assert_null(c);
    data[n] ^= 1;
    spill("bad.h5", data, bytes);
    assert_int_equal(ls_checkpoint_verify(at("bad.h5")), LS_EDATA);
    assert_int_equal(ls_checkpoint_read(at("bad.h5"), &c), LS_EDATA);
    data[n] ^= 1;
  }
  char *longer;
  assert_int_equal(ls_mem_new((void **)&longer, bytes + 1, 1), LS_OK);
  memcpy(longer, data, bytes);
  spill("bad.h5", longer, bytes + 1);
  assert_int_equal(ls_checkpoint_verify(at("bad.h5")), LS_EDATA);
  assert_int_equal(ls_checkpoint_read(at("bad.h5"), &c), LS_EDATA);
  spill("bad.h5", data + LS_CKPT_BLOCK,
        bytes - LS_CKPT_BLOCK); /* HDF5 with /model, without our block */
  assert_int_equal(ls_checkpoint_read(at("bad.h5"), &c), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "plain HDF5"));
  assert_int_equal(ls_checkpoint_read(folder, &c), LS_EDATA);
  assert_int_equal(ls_checkpoint_read(at("nothing.h5"), &c), LS_EDATA);
  assert_int_equal(mkfifo(at("pipe.h5"), 0666), 0);
  assert_int_equal(ls_checkpoint_read(at("pipe.h5"), &c), LS_EDATA);
  assert_int_equal(ls_checkpoint_verify(at("pipe.h5")), LS_EIO); /* no byte of it was read */
  unlink(at("pipe.h5")), unlink(at("bad.h5")), unlink(at("flip.h5"));
  ls_mem_free(longer);
  ls_mem_free(data);
}

/* Seal changed bytes again, as someone who wants to deceive can: the schema must hold by itself. */
static ls_status read_forged(char *data, size_t bytes, ls_checkpoint **c) {
  ls_block block;
  ok(ls_block_read("before", data, &block));
  block.payload = bytes - LS_CKPT_BLOCK;
  ls_sha256(data + LS_CKPT_BLOCK, bytes - LS_CKPT_BLOCK, block.sha);
  ls_block_write(&block, data);
  spill("forged.h5", data, bytes);
  return ls_checkpoint_read(at("forged.h5"), c);
}

static void forged_files_do_no_harm(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  int refused = 0, tried = 0;
  save("flip.h5", 9);
  slurp("flip.h5", &data, &bytes);
  for (size_t i = LS_CKPT_BLOCK; i < bytes; i += 61, tried++) {
    ls_checkpoint *c;
    char was = data[i];
    data[i] = (char)(was ^ 0x5a);
    ls_status status = read_forged(data, bytes, &c);
    assert_true(status == LS_OK || status == LS_EDATA);
    refused += status != LS_OK;
    ls_checkpoint_free(&c);
    data[i] = was;
  }
  assert_true(refused > tried / 4); /* the rest lies in gaps that nothing reads */
  unlink(at("forged.h5")), unlink(at("flip.h5"));
  ls_mem_free(data);
}

/* Where a dataset's values are in a file that is as it was written. */
static char *values_of(char *data, size_t bytes, const char *path) {
  ls_block block;
  ls_layout toc = {0};
  ok(ls_block_read("values", data, &block));
  ok(ls_index_read("values", data, bytes, &block, &toc));
  const ls_h5_item *item = ls_layout_find(&toc, path);
  if (!item) fail_msg("%s is not there", path);
  char *at = data + item->offset;
  ls_layout_free(&toc);
  return at;
}

/* A file of the writer's datasets and one more at `path`, as another version might write it. */
static ls_status read_with(const char *path, ls_checkpoint **c) {
  ls_checkpoint plan = plan_of(LS_F32);
  ls_layout layout;
  ls_h5_item item[128];
  ls_block block = {.version = LS_CKPT_HEADER, .step = 9};
  char *data, *plain;
  size_t bytes, plain_bytes;
  ok(ls_layout_new(&plan, &layout));
  int n = layout.covered;
  memcpy(item, layout.item, (size_t)n * sizeof *item);
  ok(ls_h5_item_set(&item[n], path, LS_I64, 8, 0, 1, 1));
  ok(ls_h5_item_set(&item[n + 1], LS_CKPT_INDEX, LS_RECORD, sizeof(ls_h5_row), 1, n + 1, 1));
  ls_layout_free(&layout);
  ok(ls_h5_skeleton(LS_CKPT_BLOCK, item, n + 2, &data, &bytes));
  slurp("flip.h5", &plain, &plain_bytes);
  for (int i = 0; i < n; i++)
    memcpy(data + item[i].offset, values_of(plain, plain_bytes, item[i].path), item[i].bytes);
  ls_index_write(&(ls_layout){.item = item, .covered = n + 1}, data + item[n + 1].offset);
  block.index = item[n + 1].offset;
  block.rows = (uint64_t)n + 1;
  ls_block_write(&block, data);
  ls_status status = read_forged(data, bytes, c);
  ls_mem_free(data);
  ls_mem_free(plain);
  unlink(at("forged.h5"));
  return status;
}

static void only_optional_things_may_be_new(void **unused) {
  (void)unused;
  ls_checkpoint *c;
  save("flip.h5", 9);
  ok(read_with("/optional/colour", &c));
  check_array(LS_F32, c->weights, 0);
  ls_checkpoint_free(&c);
  assert_int_equal(read_with("/train/colour", &c), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "/train/colour"));
  assert_int_equal(read_with("/model/0000/colour", &c), LS_EDATA);
  unlink(at("flip.h5"));
}

static void unknown_major_is_refused(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  ls_checkpoint *c;
  save("major.h5", 9);
  slurp("major.h5", &data, &bytes);
  *values_of(data, bytes, "/meta/format_major") = 2;
  assert_int_equal(read_forged(data, bytes, &c), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "format 2.3"));
  ls_mem_free(data);
  unlink(at("forged.h5")), unlink(at("major.h5"));
}

/* An index may say anything under a right digest: what is not as the writer makes it is refused,
 * and named. */
static void index_is_believed_as_far_as_it_can_be_checked(void **unused) {
  (void)unused;
  enum { SEED, W, LAST, PLACES };
  static const char *const path[] = {"/data/seed", "/model/0000/W", "/optim/0003/v_b"};
  static const struct {
    int row;
    size_t at;     /* in its row */
    int64_t value; /* 8 bytes that come there */
    const char *says;
  } lie[] = {{W, offsetof(ls_h5_row, offset), 0, "into its header"},
             {W, offsetof(ls_h5_row, offset), 6144, "/model/0000/W shares its place with /"},
             {W, offsetof(ls_h5_row, offset), -64, "/model/0000/W"},
             {W, offsetof(ls_h5_row, offset), INT64_MAX - 63, "beyond the end"},
             {LAST, offsetof(ls_h5_row, offset), 1 << 20, "beyond the end"},
             {W, offsetof(ls_h5_row, bytes), 1 << 20, "its elements take 48"},
             {W, offsetof(ls_h5_row, bytes), -1, "its elements take 48"},
             {W, offsetof(ls_h5_row, dim), INT64_MAX, "not possible"},
             {W, offsetof(ls_h5_row, dim), 0, "not possible"},
             {W, offsetof(ls_h5_row, dim), 12, "its elements take"},
             {W, offsetof(ls_h5_row, rank), 1, "at rank 1"},
             {W, offsetof(ls_h5_row, rank), 3, "at rank 3"},
             {W, offsetof(ls_h5_row, type), 0x34367461, "type"},            /* "at64" */
             {SEED, offsetof(ls_h5_row, type), 0x3436746e69, "/data/seed"}, /* "int64" */
             {SEED, offsetof(ls_h5_row, path), 0x70756f72672f2f2f, "is no path"},
             {SEED, offsetof(ls_h5_row, path), 0x7065656b2f2f2f2e, "is no path"},
             {SEED, offsetof(ls_h5_row, path) + 120, -1, "is no path"}};
  char *data;
  size_t bytes;
  ls_checkpoint *c;
  ls_block block;
  save("flip.h5", 9);
  for (size_t i = 0; i < sizeof lie / sizeof *lie; i++) {
    slurp("flip.h5", &data, &bytes);
    ok(ls_block_read("index", data, &block));
    char *row = data + block.index;
    while (strcmp(row, path[lie[i].row])) row += sizeof(ls_h5_row);
    memcpy(row + lie[i].at, &lie[i].value, sizeof lie[i].value);
    ls_status status = read_forged(data, bytes, &c);
    if (status != LS_EDATA || !strstr(ls_error_text(), lie[i].says) ||
        !strstr(ls_error_text(), "forged.h5"))
      fail_msg("lie %zu: status %d, %s", i, status, ls_error_text());
    ls_mem_free(data);
  }
  slurp("flip.h5", &data, &bytes);
  ok(ls_block_read("index", data, &block));
  const ls_block whole = block, place[] = {{.index = 0, .rows = block.rows},
                                           {.index = 4032, .rows = block.rows},
                                           {.index = UINT64_MAX - 63, .rows = block.rows},
                                           {.index = block.index + 8, .rows = block.rows},
                                           {.index = block.index, .rows = 0},
                                           {.index = block.index, .rows = UINT64_MAX / 2},
                                           {.index = block.index, .rows = block.rows - 1},
                                           {.index = block.index, .rows = block.rows + 1}};
  for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
    block = whole;
    block.index = place[i].index;
    block.rows = place[i].rows;
    ls_block_write(&block, data);
    if (read_forged(data, bytes, &c) != LS_EDATA) fail_msg("place %zu is believed", i);
  }
  ls_mem_free(data);
  unlink(at("forged.h5")), unlink(at("flip.h5"));
}

/* A column's number that no column has would be read from outside the list of names. */
static void columns_are_there(void **unused) {
  (void)unused;
  static const char *const path[] = {"/data/x_columns", "/data/y_columns"};
  static const int64_t lie[] = {-1, 5, INT64_MAX, INT64_MIN};
  char *data;
  size_t bytes;
  ls_checkpoint *c;
  save("flip.h5", 9);
  slurp("flip.h5", &data, &bytes);
  for (size_t i = 0; i < 8; i++) {
    char *place = values_of(data, bytes, path[i % 2]);
    int64_t was;
    memcpy(&was, place, sizeof was);
    memcpy(place, &lie[i / 2], sizeof was);
    if (read_forged(data, bytes, &c) != LS_EDATA || !strstr(ls_error_text(), path[i % 2]))
      fail_msg("%s %lld is believed", path[i % 2], (long long)lie[i / 2]);
    memcpy(place, &was, sizeof was);
  }
  ok(read_forged(data, bytes, &c));
  assert_int_equal(c->trained.name.count, 5);
  assert_string_equal(c->trained.name.text[2], "b [m]");
  assert_string_equal(c->trained.name.text[3], "");
  assert_int_equal(c->trained.n[0], 3);
  assert_memory_equal(c->trained.at[0], x_columns, sizeof x_columns);
  assert_int_equal(c->trained.value.count, 3);
  for (int i = 0; i < 3; i++) assert_string_equal(c->trained.value.text[i], value_text[i]);
  assert_int_equal(c->trained.n[1], 1);
  assert_int_equal(c->trained.at[1][0], 4);
  ls_checkpoint_free(&c);
  ls_mem_free(data);
  unlink(at("forged.h5")), unlink(at("flip.h5"));
}

/* R20: a field that the others contradict, under a right digest. One row each of what can be wrong;
 * fault.hostile and scripts/fuzz-checkpoint try the commands. */
static void fields_that_contradict_each_other_are_refused(void **unused) {
  (void)unused;
  static const int64_t two_62 = INT64_C(1) << 62;
  static const struct {
    const char *path;
    int64_t value; /* 8 bytes that come there */
    const char *says;
  } lie[] = {{"/meta/global_step", -1, "/meta/global_step"},
             {"/meta/global_step", INT64_C(1) << 62, "/meta/global_step"},
             {"/meta/global_step", 1235, "header"},
             {"/meta/epoch", 3, "/data/epoch contradicts /meta/epoch"},
             {"/meta/samples_seen", 61750, "/data/position contradicts /meta/samples_seen"},
             {"/optim/t", 1229, "/optim/t contradicts /meta/global_step"},
             {"/optim/t", 1235, "/optim/t is 1235"},
             {"/optim/t", -1, "/optim/t is -1"},
             {"/train/epoch_samples", INT64_MAX, "/train/epoch_samples"},
             {"/train/epoch_samples", 0, "/train/sums contradicts /train/epoch_samples"},
             {"/train/epoch_samples", 7, "/train/sums contradicts /train/epoch_samples"},
             {"/train/best_step", 1235, "/train/best_step"},
             {"/train/best_value", INT64_C(0x7ff8) << 48, "/train/best_value contradicts"},
             {"/train/early_bad", 1235, "/train/early_bad"},
             {"/optional/train/early_value", INT64_C(0x7ff8) << 48, "/train/early_bad contradicts"},
             {"/optional/train/plateau_bad", 1, "/optional/train/plateau_bad contradicts"},
             {"/optional/train/plateau_rest", -1, "/optional/train/plateau_rest is -1"},
             {"/optional/train/plateau_cuts", 1235, "/optional/train/plateau_cuts is 1235"},
             {"/optional/train/restored", 1, "/optional/train/restored contradicts"},
             {"/optional/train/restored", -1, "/optional/train/restored contradicts"},
             {"/train/nonfinite_total", 5, "/train/nonfinite_total"},
             {"/train/nonfinite_row", 5, "/train/nonfinite_row"},
             {"/train/rollbacks", 5, "/train/rollbacks"},
             {"/data/begin_step", 1, "/data/begin_step contradicts"},
             {"/data/begin_step", INT64_MIN, "/data/begin_step contradicts"},
             {"/data/begin_sample", 50, "/data/begin_step contradicts"},
             {"/data/begin_sample", -50, "/data/begin_sample is -50"},
             {"/data/seed", 7, "/data/seed contradicts /config/text"},
             {"/data/batch", 51, "/data/batch"},
             {"/data/batch", 0, "/data/batch"},
             {"/data/slices", 4, "/train/sums"},
             {"/data/inputs", 2, "/data/x_shift"},
             {"/data/outputs", 2, "/data/names"},
             {"/data/samples", -1, "/data/samples is -1"},
             {"/data/bytes", -1, "/data/bytes is -1"},
             {"/data/x_divisor", 0, "/data/x_divisor contradicts"},
             {"/data/x_shift", INT64_C(0x7ff0) << 48, "/data/x_divisor contradicts"},
             {"/train/sums", INT64_C(0x7ff8) << 48, "/train/sums contradicts"},
             {"/meta/run_id", 0x3030303030303030, "/meta/run_id contradicts"},
             {"/config/digest", 0x3030303030303030, "/config/digest contradicts /config/text"},
             {"/config/model_digest", 0x3030303030303030, "/config/model_digest contradicts"},
             {"/config/text", 0x30303a3030303030, "/config/digest contradicts"},
             {"/data/digest", 0x3030303030303030, "/meta/run_id contradicts"},
             {"/data/order", 0x3030303030303030, "/data/order contradicts"},
             {"/numerics/precision", 0x343674616f6c66,
              "/model/0000/W contradicts /numerics/precision"}, /* "float64" */
             {"/optim/slots", 0x79007800000000, "/optim"},
             {"/model/0000/W", INT64_C(0x7fc00000), "/model contradicts"}};
  char *data;
  size_t bytes;
  ls_checkpoint *c;
  save("flip.h5", state.global_step);
  slurp("flip.h5", &data, &bytes);
  for (size_t i = 0; i < sizeof lie / sizeof *lie; i++) {
    char *at = values_of(data, bytes, lie[i].path), was[8];
    memcpy(was, at, 8);
    memcpy(at, &lie[i].value, 8);
    ls_status status = read_forged(data, bytes, &c);
    if (status != LS_EDATA || !strstr(ls_error_text(), lie[i].says) ||
        !strstr(ls_error_text(), "forged.h5"))
      fail_msg("%s, lie %zu: status %d, %s", lie[i].path, i, status, ls_error_text());
    memcpy(at, was, 8);
  }
  /* A step that the header says too, and everything that is kept twice. */
  ls_block block;
  ok(ls_block_read("twice", data, &block));
  block.step = two_62;
  ls_block_write(&block, data);
  memcpy(values_of(data, bytes, "/meta/global_step"), &two_62, 8);
  assert_int_equal(read_forged(data, bytes, &c), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "/meta/global_step is 4611686018427387904"));
  ls_mem_free(data);
  unlink(at("forged.h5")), unlink(at("flip.h5"));
}

static void expect_newest(bool repair, const char *name) {
  char *path;
  ok(ls_checkpoint_newest(folder, repair, &path, NULL));
  if (name)
    assert_string_equal(path, at(name));
  else
    assert_null(path);
  ls_mem_free(path);
}

/* R2, with numbers of different length so that the order is the steps' and not the names'. */
static void newest_good(void **unused) {
  (void)unused;
  char *path;
  expect_newest(true, NULL);
  ok(ls_checkpoint_newest(at("no such folder"), true, &path, NULL));
  assert_null(path);
  save("ckpt-900.h5", 900);
  save("ckpt-1000.h5", 1000);
  save("ckpt-1100.h5", 1100);
  save("final.h5", 1150);
  spill(".tmp-ckpt-1200.h5", "half", 4);
  spill("ckpt-abc.h5", "no step", 7);
  expect_newest(false, "final.h5");
  assert_true(exists(".tmp-ckpt-1200.h5"));
  corrupt("final.h5");
  corrupt("ckpt-1100.h5");
  expect_newest(false, "ckpt-1000.h5");
  assert_true(exists("final.h5") && exists("ckpt-1100.h5"));
  expect_newest(true, "ckpt-1000.h5");
  assert_true(!exists("final.h5") && !exists("ckpt-1100.h5") && exists("final.h5.damaged") &&
              exists("ckpt-1100.h5.damaged"));
  assert_true(!exists(".tmp-ckpt-1200.h5"));
  assert_int_equal(rename(at("ckpt-1000.h5"), at("ckpt-2000.h5")),
                   0); /* a name that lies about the step */
  expect_newest(true, "ckpt-900.h5");
  corrupt("ckpt-900.h5");
  assert_int_equal(ls_checkpoint_newest(folder, true, &path, NULL), LS_EDATA);
  assert_null(path);
  assert_int_equal(ls_checkpoint_newest(folder, true, &path, NULL),
                   LS_EDATA); /* only *.damaged are left: still no silent fresh start */
  unlink(at("ckpt-900.h5.damaged")), unlink(at("ckpt-2000.h5.damaged")),
      unlink(at("ckpt-1100.h5.damaged"));
  unlink(at("final.h5.damaged")), unlink(at("ckpt-abc.h5"));
  expect_newest(true, NULL);
}

/* What cannot be read, and what a newer lockstep wrote, may well be good: nothing is renamed, and
 * no older one is taken in its place. */
static void only_damage_is_called_damage(void **unused) {
  (void)unused;
  char *path, *data;
  size_t bytes;
  uint64_t sum;
  save("ckpt-1.h5", 1);
  save("ckpt-2.h5", 2);
  slurp("ckpt-2.h5", &data, &bytes);
  data[8] = 99; /* version of the header */
  sum = XXH3_64bits(data, 64);
  memcpy(data + 64, &sum, sizeof sum);
  spill("ckpt-2.h5", data, bytes);
  for (int repair = 0; repair < 2; repair++) {
    assert_int_equal(ls_checkpoint_newest(folder, repair, &path, NULL), LS_EDATA);
    assert_non_null(strstr(ls_error_text(), "version 99"));
  }
  assert_true(exists("ckpt-2.h5") && !exists("ckpt-2.h5.damaged"));
  unlink(at("ckpt-2.h5"));
  char *plain = ls_mem_text(at("ckpt-1.h5"));
  for (int kind = 0; kind < 3; kind++) {
    if (kind == 0) assert_int_equal(symlink(plain, at("ckpt-2.h5")), 0);
    if (kind == 1) assert_int_equal(mkfifo(at("ckpt-2.h5"), 0666), 0);
    if (kind == 2) assert_int_equal(mkdir(at("ckpt-2.h5"), 0777), 0);
    assert_int_equal(ls_checkpoint_newest(folder, true, &path, NULL), LS_EIO);
    assert_non_null(strstr(ls_error_text(), "ckpt-2.h5"));
    assert_int_equal(remove(at("ckpt-2.h5")), 0);
  }
  ls_mem_free(plain);
  ls_mem_free(data);
  unlink(at("ckpt-1.h5"));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {TEST(every_changed_byte_is_refused),
                                     TEST(changed_bytes_of_a_big_file_are_refused),
                                     TEST(damaged_files_are_refused),
                                     TEST(forged_files_do_no_harm),
                                     TEST(columns_are_there),
                                     TEST(only_optional_things_may_be_new),
                                     TEST(unknown_major_is_refused),
                                     TEST(index_is_believed_as_far_as_it_can_be_checked),
                                     TEST(fields_that_contradict_each_other_are_refused),
                                     TEST(newest_good),
                                     TEST(only_damage_is_called_damage)};
  return RUN_TESTS(argc, argv, tests);
}
