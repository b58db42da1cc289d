/* Checkpoints: what goes in comes out, and the same state gives the same bytes. */
#include <errno.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "checkpoint/block.h"
#include "checkpoint/weights.h"
#include "checkpoint_files.h"

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

/* High word, then low word, of XXH3_128bits over 0000803f 000000c0. */
static void weights_hash_is_the_contract(void **unused) {
  (void)unused;
  float w[2] = {1, -2};
  char text[48];
  ls_weights_hash(w, 2, LS_F32, text);
  assert_string_equal(text, "xxh3-128:d11372a3f8d4096998cd4bf727a9d2ae");
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

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {TEST(round_trips),
                                     TEST(old_formats_stay_readable),
                                     TEST(same_state_same_bytes),
                                     TEST(final_is_a_link_to_its_twin),
                                     TEST(weights_hash_is_the_contract),
                                     TEST(hdf5_tools_read_it)};
  return RUN_TESTS(argc, argv, tests);
}
