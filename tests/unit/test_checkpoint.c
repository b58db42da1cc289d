/* Checkpoints: what goes in comes out, the same state gives the same bytes, and any other byte is
 * refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/find.h"
#include "checkpoint/image.h"
#include "checkpoint/index.h"
#include "checkpoint/read.h"
#include "checkpoint/saver.h"
#include "checkpoint/weights.h"
#include "io/durable.h"
#include "io/h5skeleton.h"
#include "io/h5write.h"
#include "io/lock.h"
#include "io/regular.h"
#include "test.h"

static char folder[64];

/* HDF5 itself loses memory on some files that only a forger could make; ours is counted by
 * ls_mem_live. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5"; }

static const char *at(const char *name) {
  static char path[4][256];
  static int turn;
  char *out = path[turn++ % 4];
  snprintf(out, sizeof path[0], "%s/%s", folder, name);
  return out;
}

static void ok(ls_status status) {
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

static const char *config_of(ls_dtype precision) {
  return precision == LS_F32 ? CONFIG("float32") : CONFIG("float64");
}

static ls_checkpoint plan_of(ls_dtype precision) {
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
static double value(int a, int64_t i) {
  return i == 5 ? -0.0 : (a + 1) * 1000.0 + (double)i + 1.0 / 3;
}

static void put_value(ls_dtype precision, void *to, int64_t k, double v) {
  if (precision == LS_F32)
    ((float *)to)[k] = (float)v;
  else
    ((double *)to)[k] = v;
}

static void fill(ls_image *image, ls_dtype precision, int64_t step) {
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

static ls_image *image_new(ls_dtype precision, int64_t step) {
  ls_checkpoint plan = plan_of(precision);
  ls_image *image;
  ok(ls_image_new(&plan, &image));
  fill(image, precision, step);
  return image;
}

static void save(const char *name, int64_t step) {
  ls_image *image = image_new(LS_F32, step);
  ok(ls_image_commit(image, folder, name));
  ls_image_free(&image);
}

static void slurp(const char *name, char **data, size_t *bytes) {
  ok(ls_file_read(at(name), data, bytes, 1 << 20));
}

static void spill(const char *name, const char *data, size_t bytes) {
  int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  assert_int_equal(write(fd, data, bytes), (ssize_t)bytes);
  close(fd);
}

/* ---- tests ---- */

static void check_array(ls_dtype precision, const void *have, int a) {
  char want[PARAMETERS * sizeof(double)];
  for (int64_t i = 0; i < PARAMETERS; i++) put_value(precision, want, i, value(a, i));
  assert_memory_equal(have, want, PARAMETERS * ls_dtype_size(precision));
}

static void check_contents(const char *path, ls_dtype precision) {
  ls_checkpoint *c;
  ok(ls_checkpoint_verify(path));
  ok(ls_checkpoint_read(path, &c));
  assert_memory_equal(&c->state, &state, sizeof state);
  assert_memory_equal(c->slice_sums, sums, sizeof sums);
  assert_int_equal(c->precision, precision);
  assert_int_equal(c->tensors, TENSORS);
  for (int t = 0; t < TENSORS; t++) {
    assert_string_equal(c->tensor[t].name, tensor[t].name);
    assert_int_equal(c->tensor[t].layer, tensor[t].layer);
    assert_int_equal(c->tensor[t].rows, tensor[t].rows);
    assert_int_equal(c->tensor[t].cols, tensor[t].cols);
    assert_int_equal(c->tensor[t].offset, tensor[t].offset);
  }
  assert_int_equal(c->parameters, PARAMETERS);
  check_array(precision, c->weights, 0);
  assert_int_equal(c->slots, SLOTS);
  for (int s = 0; s < SLOTS; s++) {
    assert_string_equal(c->slot_name[s], slot_name[s]);
    check_array(precision, c->slot[s], 1 + s);
  }
  assert_int_equal(c->slices, SLICES);
  assert_true(c->seed == INT64_MAX && c->batch == 50 && c->inputs == 3 && c->outputs == 1);
  assert_string_equal(c->config_text, config_of(precision));
  assert_string_equal(c->run_id, plan_of(precision).run_id);
  assert_string_equal(c->kernel, "portable");
  assert_int_equal(c->files, 2);
  assert_string_equal(c->file[1].path, data_file[1].path);
  assert_string_equal(c->file[1].digest, data_file[1].digest);
  assert_true(c->file[1].bytes == 200 && c->file[1].samples == 10300);
  assert_true(c->x_affine.n == 3 && c->x_affine.shift[2] == 3 && c->x_affine.divisor[0] == 4 &&
              c->y_affine.n == 0);
  assert_int_equal(c->names.count, 1);
  assert_string_equal(c->names.text[0], name_text[0]);
  ls_checkpoint_free(&c);
}

static void round_trip(ls_dtype precision) {
  ls_image *image = image_new(precision, state.global_step);
  ok(ls_image_commit(image, folder, "round.h5"));
  check_contents(at("round.h5"), precision);
  ls_image_free(&image);
  unlink(at("round.h5"));
}

/* R17: files of each format that was ever released; what they hold is known from the lockstep that
 * wrote them. */
static void read_old(const char *name, int64_t step, ls_dtype precision, const char *want) {
  char path[512], hash[48];
  ls_checkpoint *c;
  snprintf(path, sizeof path, TESTS_DIR "/cases/format-1.0/%s", name);
  ok(ls_checkpoint_read(path, &c));
  ls_weights_hash(c->weights, c->parameters, c->precision, hash);
  assert_string_equal(hash, want);
  assert_int_equal(c->state.global_step, step);
  assert_int_equal(c->precision, precision);
  ls_checkpoint_free(&c);
}

static void old_formats_stay_readable(void **unused) {
  (void)unused;
  read_old("regression.h5", 23, LS_F32, "xxh3-128:af050a01fb0921db02a9cebeedbecf2e");
  read_old("scaled.h5", 23, LS_F32, "xxh3-128:b3cfdfef2850c5c0a969a60274cbb965");
  read_old("classes.h5", 12, LS_F64, "xxh3-128:7af9526f50eb80b1af02e58718800b48");
}

static void round_trips(void **unused) {
  (void)unused;
  round_trip(LS_F32);
  round_trip(LS_F64);
}

static bool exists(const char *name) { return access(at(name), F_OK) == 0; }

/* Images made apart, one of them cloned and refilled: not a byte may differ. */
static void same_state_same_bytes(void **unused) {
  (void)unused;
  char *a, *b;
  size_t na, nb;
  ls_image *image = image_new(LS_F32, 1), *clone;
  ok(ls_image_commit(image, folder, "other.h5"));
  ok(ls_image_clone(image, &clone));
  fill(clone, LS_F32, 7);
  ok(ls_image_commit(clone, folder, "a.h5"));
  sleep(1); /* a clock's second in the file would show */
  save("b.h5", 7);
  slurp("a.h5", &a, &na);
  slurp("b.h5", &b, &nb);
  assert_int_equal(na, nb);
  assert_int_equal(na, ls_image_bytes(clone));
  assert_memory_equal(a, b, na);
  ls_mem_free(a);
  ls_mem_free(b);
  ls_image_free(&image);
  ls_image_free(&clone);
  unlink(at("a.h5")), unlink(at("b.h5")), unlink(at("other.h5"));
}

static ino_t file_of(const char *name) {
  struct stat info;
  assert_int_equal(stat(at(name), &info), 0);
  return info.st_ino;
}

/* The same state under both names is one file; another state is not, whatever its name says. */
static void final_is_a_link_to_its_twin(void **unused) {
  (void)unused;
  save("ckpt-7.h5", 7);
  save("final.h5", 7);
  assert_int_equal(file_of("final.h5"), file_of("ckpt-7.h5"));
  save("final.h5", 7);
  assert_int_equal(file_of("final.h5"), file_of("ckpt-7.h5"));
  save("final.h5", 8);
  assert_int_not_equal(file_of("final.h5"), file_of("ckpt-7.h5"));
  assert_int_equal(rename(at("ckpt-7.h5"), at("ckpt-9.h5")), 0);
  save("final.h5", 9);
  assert_int_not_equal(file_of("final.h5"), file_of("ckpt-9.h5"));
  assert_false(exists(".tmp-final.h5"));
  unlink(at("ckpt-9.h5")), unlink(at("final.h5"));
}

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

static void corrupt(const char *name) {
  int fd = open(at(name), O_WRONLY);
  assert_int_equal(pwrite(fd, "x", 1, 5000), 1);
  close(fd);
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

static void commit_never_replaces(void **unused) {
  (void)unused;
  char *before, *after;
  size_t n;
  save("ckpt-5.h5", 5);
  slurp("ckpt-5.h5", &before, &n);
  save("ckpt-5.h5", 5); /* the same bytes are no conflict */
  ls_image *image = image_new(LS_F32, 6);
  assert_int_equal(ls_image_commit(image, folder, "ckpt-5.h5"), LS_EIO);
  slurp("ckpt-5.h5", &after, &n);
  assert_memory_equal(before, after, n);
  assert_false(exists(".tmp-ckpt-5.h5"));
  spill(".tmp-ckpt-6.h5", "left by a kill", 14);
  ok(ls_image_commit(image, folder, "ckpt-6.h5"));
  save("final.h5", 5);
  ok(ls_image_commit(image, folder, "final.h5"));
  assert_int_equal(ls_image_commit(image, at("nowhere"), "ckpt-6.h5"), LS_EIO);
  ls_image_free(&image);
  ls_mem_free(before);
  ls_mem_free(after);
  unlink(at("ckpt-5.h5")), unlink(at("ckpt-6.h5")), unlink(at("final.h5"));
}

static ls_status read_weights(const char *name, ls_init_take take, const ls_tensor *want,
                              int tensors, ls_dtype precision, void *w) {
  char *layers[] = {(char *)"0", (char *)"2-3", NULL};
  ls_init_spec init = {.file = ls_mem_text(at(name)), .take = take};
  if (take == LS_TAKE_LISTED) init.layers = layers;
  ls_status status = ls_weights_read(&init, want, tensors, precision, w);
  ls_mem_free(init.file);
  return status;
}

/* Of layers 0, 2 and 3 the last does not fit: its weights stay what they are. */
static void weights_that_fit(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  ls_tensor wide[TENSORS];
  save("w.h5", 9);
  slurp("w.h5", &data, &bytes);
  spill("plain.h5", data + LS_CKPT_BLOCK, bytes - LS_CKPT_BLOCK);
  ls_mem_free(data);
  memcpy(wide, tensor, sizeof wide);
  wide[4].rows = 5;
  wide[5].offset = 29;
  for (int i = 0; i < 2; i++) {
    const char *name = i ? "plain.h5" : "w.h5";
    float w[PARAMETERS + 1], all[PARAMETERS];
    memset(w, 0, sizeof w);
    ok(read_weights(name, LS_TAKE_FITTING, wide, TENSORS, LS_F32, w));
    for (int k = 0; k < PARAMETERS + 1; k++) assert_true(w[k] == (k < 24 ? (float)value(0, k) : 0));
    ok(read_weights(name, LS_TAKE_LISTED, tensor, TENSORS, LS_F32, all));
    check_array(LS_F32, all, 0);
    assert_int_equal(read_weights(name, LS_TAKE_LISTED, wide, TENSORS, LS_F32, w), LS_EDATA);
    assert_non_null(strstr(ls_error_text(), "/model/0003/W is (4, 1)"));
    assert_int_equal(read_weights(name, LS_TAKE_FITTING, wide + 4, 2, LS_F32, w), LS_EDATA);
    assert_non_null(strstr(ls_error_text(), "no layer of this model"));
  }
  unlink(at("w.h5")), unlink(at("plain.h5"));
}

/* As other people's programs may: chunked, packed, of another precision. */
static void weights_packed_by_others(void **unused) {
  (void)unused;
  ls_h5out *out;
  double d[PARAMETERS], have[PARAMETERS];
  int set;
  for (int i = 0; i < PARAMETERS; i++) d[i] = value(0, i);
  ok(ls_h5out_open(at("packed.h5"), true, &out));
  int64_t done = 0;
  for (int i = 0; i < TENSORS; i++) {
    const ls_tensor *t = &tensor[i];
    ls_h5_item item;
    ok(ls_tensor_item(t, NULL, LS_F64, &item));
    ok(ls_h5out_set(out, item.path, item.dim[0], item.rank == 2 ? item.dim[1] : 0, LS_F64, true,
                    &set));
    ok(ls_h5out_write(out, set, item.dim[0], d + done));
    done += t->rows * t->cols;
  }
  ok(ls_h5out_close(&out, true));
  ok(read_weights("packed.h5", LS_TAKE_ALL, tensor, TENSORS, LS_F64, have));
  assert_memory_equal(d, have, sizeof d);
  assert_int_equal(read_weights("packed.h5", LS_TAKE_ALL, tensor, TENSORS - 1, LS_F64, have),
                   LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "/model holds"));
  unlink(at("packed.h5"));
}

static void weights_from_files(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  float w[PARAMETERS];
  double d[PARAMETERS];
  save("w.h5", 9);
  ok(read_weights("w.h5", LS_TAKE_ALL, tensor, TENSORS, LS_F32, w));
  check_array(LS_F32, w, 0);
  ok(read_weights("w.h5", LS_TAKE_ALL, tensor, TENSORS, LS_F64, d));
  for (int i = 0; i < PARAMETERS; i++) assert_true(d[i] == (double)(float)value(0, i));
  slurp("w.h5", &data, &bytes);
  spill("plain.h5", data + LS_CKPT_BLOCK,
        bytes - LS_CKPT_BLOCK); /* HDF5 finds everything relative to its own beginning */
  memset(w, 0, sizeof w);
  assert_int_equal(read_weights("plain.h5", LS_TAKE_ALL, tensor, TENSORS - 1, LS_F32, w), LS_EDATA);
  ls_tensor wide[TENSORS];
  memcpy(wide, tensor, sizeof wide);
  wide[4].rows = 5;
  assert_int_equal(read_weights("w.h5", LS_TAKE_ALL, wide, TENSORS, LS_F32, w), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "w.h5"));
  assert_non_null(strstr(ls_error_text(), "/model/0003/W"));
  wide[4] = tensor[4];
  wide[5].layer = 4;
  assert_int_equal(read_weights("w.h5", LS_TAKE_ALL, wide, TENSORS, LS_F32, w), LS_EDATA);
  assert_int_equal(read_weights("nothing.h5", LS_TAKE_ALL, tensor, TENSORS, LS_F32, w), LS_EDATA);
  spill("text.h5", "not HDF5", 8);
  assert_int_equal(read_weights("text.h5", LS_TAKE_ALL, tensor, TENSORS, LS_F32, w), LS_EDATA);
  ls_mem_free(data);
  unlink(at("w.h5")), unlink(at("plain.h5")), unlink(at("text.h5"));
}

/* High word, then low word, of XXH3_128bits over 0000803f 000000c0. */
static void weights_hash_is_the_contract(void **unused) {
  (void)unused;
  float w[2] = {1, -2};
  char text[48];
  ls_weights_hash(w, 2, LS_F32, text);
  assert_string_equal(text, "xxh3-128:d11372a3f8d4096998cd4bf727a9d2ae");
}

static void one_run_at_a_time(void **unused) {
  (void)unused;
  ls_lock *lock, *second;
  char *text;
  size_t bytes;
  ok(ls_lock_take(folder, &lock));
  assert_int_equal(ls_lock_take(folder, &second), LS_EIO);
  assert_null(second);
  char pid[32];
  snprintf(pid, sizeof pid, "process %d", (int)getpid());
  assert_non_null(strstr(ls_error_text(), pid));
  assert_non_null(strstr(ls_error_text(), ".lock"));
  slurp(".lock", &text, &bytes);
  ls_lock_release(&lock);
  assert_false(exists(".lock"));
  spill(".lock", text, bytes); /* as a killed owner leaves it */
  ls_mem_free(text);
  ok(ls_lock_take(folder, &lock));
  ls_lock_release(&lock);
  pid_t child = fork(); /* a real owner that is killed */
  if (child == 0) _exit(ls_lock_take(folder, &lock) == LS_OK && raise(SIGKILL));
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && exists(".lock"));
  ok(ls_lock_take(folder, &lock));
  ls_lock_release(&lock);
  assert_int_equal(ls_lock_take(at("nowhere"), &lock), LS_EIO);
  setenv("LOCKSTEP_LOCK_BEAT", "0.01", 1); /* the owner that finds another's name has lost */
  ok(ls_lock_take(folder, &lock));
  spill(".lock", "host h pid 7 job - place - start 7 beat 0000000007\n", 49);
  for (int i = 0; i < 500 && ls_lock_check(lock) == LS_OK; i++) usleep(10000);
  assert_int_equal(ls_lock_check(lock), LS_EIO);
  ls_lock_release(&lock);
  assert_true(exists(".lock"));
  unlink(at(".lock"));
  unsetenv("LOCKSTEP_LOCK_BEAT");
}

static void small_files(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  ok(ls_make_dirs(at("x/y//z/")));
  ok(ls_make_dirs(at("x/y/z")));
  ok(ls_durable_write(at("x/y/z"), "config.yaml", "one", 3, true));
  ok(ls_durable_write(at("x/y/z"), "config.yaml", "three", 5, true));
  assert_int_equal(ls_durable_write(at("x/y/z"), "config.yaml", "two", 3, false), LS_EIO);
  slurp("x/y/z/config.yaml", &data, &bytes);
  assert_true(bytes == 5 && !strcmp(data, "three"));
  ls_mem_free(data);
  assert_int_equal(ls_file_read(at("x/y/z/config.yaml"), &data, &bytes, 4), LS_EIO);
  assert_null(data);
  ok(ls_file_read(at("x/y/z/config.yaml"), &data, &bytes, 5));
  ls_mem_free(data);
  assert_int_equal(ls_make_dirs(at("x/y/z/config.yaml/w")), LS_EIO);
  assert_int_equal(ls_file_read(folder, &data, &bytes, 100000), LS_EIO);
  int ends[2]; /* a pipe has no size to ask for */
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "from a pipe", 11), 11);
  close(ends[1]);
  char name[32];
  snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
  ok(ls_file_read(name, &data, &bytes, 1000));
  assert_true(bytes == 11 && !strcmp(data, "from a pipe"));
  ls_mem_free(data);
  close(ends[0]);
}

/* ---- the writer ---- */

/* The writer waits here while a test has something to look at: fsync is the first thing of a commit
 * that no other file call makes. */
static _Atomic bool disk_held;
static _Atomic int disk_error;
int fsync(int fd) {
  while (disk_held) usleep(1000);
  if (disk_error) return errno = disk_error, -1;
  return (int)syscall(SYS_fsync, fd);
}

static ls_saver *saver_new(bool async, int64_t keep_last) {
  ls_checkpoint plan = plan_of(LS_F32);
  ls_saver *saver;
  ok(ls_saver_new(&plan, folder, async, keep_last, &saver));
  return saver;
}

static void submit(ls_saver *saver, int64_t step, int64_t best_step) {
  char name[32];
  ls_image *image = ls_saver_begin(saver, true);
  assert_non_null(image);
  fill(image, LS_F32, step);
  snprintf(name, sizeof name, "ckpt-%lld.h5", (long long)step);
  ls_saver_submit(saver, step, name, best_step, 0.5);
}

static void expect_outcome(ls_saver *saver, int64_t step, ls_status status) {
  ls_saver_outcome out;
  assert_true(ls_saver_poll(saver, &out));
  assert_int_equal(out.step, step);
  assert_int_equal(out.status, status);
  assert_true(out.stall_ms >= 500 && out.commit_ms > 0);
}

/* R10: what reaches the disk is the state at the step, however late; a full pair of buffers says
 * busy. */
static void snapshots_are_of_their_step(void **unused) {
  (void)unused;
  char *a, *b;
  size_t na, nb;
  ls_saver_outcome out;
  ls_saver *saver = saver_new(true, 9);
  disk_held = true;
  submit(saver, 10, -1);
  submit(saver, 20, -1); /* the image of step 10 is still on its way */
  assert_null(ls_saver_begin(saver, false));
  assert_false(ls_saver_poll(saver, &out));
  disk_held = false;
  submit(saver, 30, -1); /* waits for the first buffer */
  ls_saver_finish(saver);
  for (int64_t step = 10; step <= 30; step += 10) expect_outcome(saver, step, LS_OK);
  assert_false(ls_saver_poll(saver, &out));
  ls_saver_free(&saver);
  saver = saver_new(false, 9);
  ls_image *image = ls_saver_begin(saver, false);
  assert_ptr_equal(ls_saver_begin(saver, false), image); /* begun, not submitted: the same again */
  fill(image, LS_F32, 20);
  ls_saver_submit(saver, 20, "final.h5", -1, 0.5);
  expect_outcome(saver, 20, LS_OK);
  ls_saver_free(&saver);
  slurp("ckpt-20.h5", &a, &na);
  slurp("final.h5", &b, &nb);
  assert_int_equal(na, nb);
  assert_memory_equal(a, b, na);
  ls_mem_free(a);
  ls_mem_free(b);
  unlink(at("ckpt-10.h5")), unlink(at("ckpt-20.h5")), unlink(at("ckpt-30.h5")),
      unlink(at("final.h5"));
}

static void expect_steps(const char *want) {
  ls_saved *row;
  int count;
  char have[256] = "";
  ok(ls_checkpoint_list(folder, &row, &count, NULL));
  for (int i = 0; i < count; i++)
    snprintf(have + strlen(have), sizeof have - strlen(have), "%lld ", (long long)row[i].step);
  assert_string_equal(have, want);
  ls_mem_free(row);
}

static void pruning_keeps_newest_and_best(void **unused) {
  (void)unused;
  ls_saver_outcome out;
  ls_saver *saver = saver_new(false, 2);
  submit(saver, 10, -1);
  submit(saver, 20, 10);
  submit(saver, 30, 10);
  expect_steps("30 20 10 ");
  submit(saver, 40, 10);
  expect_steps("40 30 10 ");
  submit(saver, 50, 40);
  expect_steps("50 40 ");
  disk_error = EIO; /* a save that failed removes nothing */
  submit(saver, 60, 50);
  expect_steps("50 40 ");
  disk_error = 0;
  while (ls_saver_poll(saver, &out)) assert_int_equal(out.status, out.step == 60 ? LS_EIO : LS_OK);
  ls_saver_free(&saver);
  saver = saver_new(
      false,
      2); /* a resumed run; since then the disk has lost a file: it does not count as one of two */
  corrupt("ckpt-50.h5");
  submit(saver, 70, -1);
  expect_steps("70 50 40 ");
  submit(saver, 80, -1);
  expect_steps("80 70 ");
  ls_saver_free(&saver);
  saver = saver_new(false, 1);
  submit(saver, 90, -1);
  expect_steps("90 ");
  ls_saver_free(&saver);
  unlink(at("ckpt-90.h5"));
}

/* Other people's tools: what they print of the file. */
static void expect_printed(const char *tool, const char *arguments, const char *text) {
  char command[512], out[16384];
  snprintf(command, sizeof command, "command -v %s", tool);
  FILE *pipe = popen(command, "r");
  bool there = pipe && fread(out, 1, sizeof out, pipe) > 0;
  pclose(pipe);
  if (!there) {
    print_message("%s is not installed: not tried\n", tool);
    return;
  }
  snprintf(command, sizeof command, "%s %s %s 2>&1", tool, arguments, at("tools.h5"));
  pipe = popen(command, "r");
  out[fread(out, 1, sizeof out - 1, pipe)] = 0;
  if (pclose(pipe) != 0 || !strstr(out, text)) fail_msg("%s: %s", command, out);
}

static void hdf5_tools_read_it(void **unused) {
  (void)unused;
  save("tools.h5", 4321);
  expect_printed("h5dump", "-d /meta/global_step", "(0): 4321");
  expect_printed("h5dump", "-d /model/0000/b", "(0): 1012.33, 1013.33");
  expect_printed("h5dump", "-d /data/path", "\"a/longer/path/of labels\"");
  expect_printed("h5ls", "-r", "/optim/0003/v_W          Dataset {4, 1}");
  expect_printed("h5dump", "-d /integrity/index", "\"/optim/0003/v_W\"");
  unlink(at("tools.h5"));
}

static int balanced(void **unused) {
  (void)unused;
  return ls_mem_live() == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_teardown(name, balanced)
int main(int argc, char **argv) {
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  const struct CMUnitTest tests[] = {TEST(round_trips),
                                     TEST(old_formats_stay_readable),
                                     TEST(same_state_same_bytes),
                                     TEST(final_is_a_link_to_its_twin),
                                     TEST(every_changed_byte_is_refused),
                                     TEST(changed_bytes_of_a_big_file_are_refused),
                                     TEST(damaged_files_are_refused),
                                     TEST(forged_files_do_no_harm),
                                     TEST(columns_are_there),
                                     TEST(only_optional_things_may_be_new),
                                     TEST(unknown_major_is_refused),
                                     TEST(index_is_believed_as_far_as_it_can_be_checked),
                                     TEST(fields_that_contradict_each_other_are_refused),
                                     TEST(newest_good),
                                     TEST(only_damage_is_called_damage),
                                     TEST(commit_never_replaces),
                                     TEST(weights_from_files),
                                     TEST(weights_that_fit),
                                     TEST(weights_packed_by_others),
                                     TEST(weights_hash_is_the_contract),
                                     TEST(one_run_at_a_time),
                                     TEST(hdf5_tools_read_it),
                                     TEST(small_files),
                                     TEST(snapshots_are_of_their_step),
                                     TEST(pruning_keeps_newest_and_best)};
  snprintf(folder, sizeof folder, "%s/lockstep-ckpt-XXXXXX",
           getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  if (!mkdtemp(folder)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command) != 0 || failed;
}
