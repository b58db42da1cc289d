/* Weights taken from other networks' files. */

#include "checkpoint/block.h"
#include "checkpoint/weights.h"
#include "checkpoint_files.h"
#include "io/h5write.h"

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

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {TEST(weights_from_files), TEST(weights_that_fit),
                                     TEST(weights_packed_by_others)};
  return RUN_TESTS(argc, argv, tests);
}
