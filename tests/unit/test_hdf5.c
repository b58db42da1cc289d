/* HDF5 as simulations write it, and as nobody should: values whatever type and layout, and no way
 * out of the file. */
#include <hdf5.h>

#include "base/mem.h"
#include "data/data_private.h"
#include "data/loader.h"
#include "data/stream.h"
#include "idx_files.h"

enum { ROWS = 30 };

static char path[256], other[256], hdf5_type[] = "hdf5";
static char x_name[128], y_name[128], *x_list[] = {x_name, NULL}, *y_list[] = {y_name, NULL};

static int up(void **state) {
  const int status = data_up(state);
  snprintf(path, sizeof path, "%s/sim.h5", dir);
  snprintf(other, sizeof other, "%s/other.h5", dir);
  return status;
}

/* ---- files ---- */

static hid_t create(const char *file) {
  hid_t id = H5Fcreate(file, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(id >= 0);
  return id;
}

typedef struct {
  const char *name;
  int dims;
  hsize_t dim[3];
  hid_t type;       /* in the file */
  hsize_t chunk[3]; /* 0: contiguous */
  bool packed;
} set;

/* Value k is k % 251, exact in every type used here. */
static void put_set(hid_t file, const set *s) {
  hsize_t n = 1;
  for (int k = 0; k < s->dims; k++) n *= s->dim[k];
  double *value = malloc(n * sizeof *value);
  for (hsize_t i = 0; i < n; i++) value[i] = (double)(i % 251);
  hid_t space = H5Screate_simple(s->dims, s->dim, NULL), plist = H5Pcreate(H5P_DATASET_CREATE),
        links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  if (s->chunk[0]) H5Pset_chunk(plist, s->dims, s->chunk);
  if (s->packed) H5Pset_shuffle(plist), H5Pset_deflate(plist, 6), H5Pset_fletcher32(plist);
  hid_t id = H5Dcreate2(file, s->name, s->type, space, links, plist, H5P_DEFAULT);
  assert_true(id >= 0 &&
              H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0);
  H5Dclose(id), H5Sclose(space), H5Pclose(plist), H5Pclose(links);
  free(value);
}

static void put_sim(hid_t file) {
  put_set(file, &(set){"/in/x", 2, {ROWS, 4}, H5T_IEEE_F64LE, {0}, false});
  put_set(file, &(set){"/out/y", 2, {ROWS, 2}, H5T_IEEE_F32LE, {0}, false});
}

static ls_data_spec spec_of(char *file, const char *x, const char *y) {
  ls_data_spec spec = {.type = hdf5_type, .limit = {-1, -1, -1}};
  snprintf(x_name, sizeof x_name, "%s", x);
  snprintf(y_name, sizeof y_name, "%s", y);
  spec.source[0] = (ls_source_spec){.file = file, .x_cols = x_list, .y_cols = y_list};
  return spec;
}

static void expect(const ls_data_spec *spec, const char *text) {
  ls_data *data;
  assert_int_equal(ls_data_open(comm, spec, false, LS_F64, &data), LS_EDATA);
  if (!strstr(ls_error_text(), text)) fail_msg("\"%s\" is not in: %s", text, ls_error_text());
}

static void check_values(const ls_data_spec *spec, int64_t rows, int64_t features,
                         int64_t outputs) {
  ls_data *data;
  double x[64], y[8];
  if (ls_data_open(comm, spec, false, LS_F64, &data) != LS_OK) fail_msg("%s", ls_error_text());
  assert_int_equal(ls_data_rows(data, LS_SPLIT_TRAIN), rows);
  assert_int_equal(ls_data_features(data), features);
  assert_int_equal(ls_data_outputs(data), outputs);
  for (int64_t r = 0; r < rows; r++) {
    assert_int_equal(
        ls_data_gather(data, LS_SPLIT_TRAIN, &r, 1, &(ls_batch){.x = x, .ldx = 64, .targets = y}),
        LS_OK);
    for (int64_t i = 0; i < features; i++) assert_true(x[i] == (double)((r * features + i) % 251));
    for (int64_t i = 0; i < outputs; i++) assert_true(y[i] == (double)((r * outputs + i) % 251));
  }
  ls_data_close(comm, &data);
}

/* ---- good ones ---- */

static void types_and_layouts(void **state) {
  (void)state;
  const hid_t type[] = {H5T_STD_U8LE,   H5T_STD_I16BE, H5T_STD_U16LE,  H5T_STD_I32LE,
                        H5T_STD_I64BE,  H5T_STD_U64LE, H5T_IEEE_F32BE, H5T_IEEE_F32LE,
                        H5T_IEEE_F64BE, H5T_IEEE_F64LE};
  /* Each of the 10 types with each of 3 layouts, as x or as y: pair k is type k % 10, layout k % 3.
   */
  for (int k = 0; k < 30; k += 2) {
    int x = k % 3, y = (k + 1) % 3;
    hid_t file = create(path);
    put_set(file, &(set){"/in/x", 3, {ROWS, 3, 5}, type[k % 10], {x ? 7 : 0, 2, 5}, x == 2});
    put_set(file, &(set){"/y", 1, {ROWS}, type[(k + 1) % 10], {y ? 4 : 0}, y == 2});
    H5Fclose(file);
    ls_data_spec spec = spec_of(path, "/in/x", "y");
    check_values(&spec, ROWS, 15, 1);
  }
}

/* Asking HDF5 for the place of each of so many chunks would take a minute. */
static void many_chunks(void **state) {
  (void)state;
  enum { MANY = 60000 };
  hid_t file = create(path);
  put_set(file, &(set){"/x", 2, {MANY, 4}, H5T_IEEE_F32LE, {1, 4}, false});
  put_set(file, &(set){"/y", 1, {MANY}, H5T_STD_I32LE, {0}, false});
  H5Fclose(file);
  ls_data_spec spec = spec_of(path, "/x", "/y");
  double start = ls_time();
  ls_data *data;
  float x[4];
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F32, &data), LS_OK);
  assert_true(ls_time() - start < 30);
  assert_int_equal(
      ls_data_gather(data, LS_SPLIT_TRAIN, (int64_t[]){MANY - 1}, 1, &(ls_batch){.x = x, .ldx = 4}),
      LS_OK);
  assert_true(x[3] == (float)((4 * MANY - 1) % 251));
  ls_data_close(comm, &data);
}

static void soft_links_and_other_files(void **state) {
  (void)state;
  hid_t file = create(path);
  put_sim(file);
  H5Lcreate_soft("/in", file, "/alias", H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  file = create(other);
  put_set(file, &(set){"/labels", 1, {ROWS}, H5T_STD_I32LE, {0}, false});
  H5Fclose(file);
  ls_data_spec spec = spec_of(path, "/alias/x", "/out/y");
  check_values(&spec, ROWS, 4, 2);
  assert_int_equal(chdir(dir), 0);
  spec = spec_of(path, "/in/x", "other.h5:/labels");
  check_values(&spec, ROWS, 4, 1);
  ls_data *data;
  int files;
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F32, &data), LS_OK);
  assert_string_equal(ls_data_files(data, &files)[1].path, "other.h5");
  assert_int_equal(files, 2);
  ls_data_close(comm, &data);
}

/* Several files are one source, in the order of their names; each has its digest. */
static void several_files(void **state) {
  (void)state;
  static char pattern[256];
  for (int i = 0; i < 3; i++) {
    char name[300];
    snprintf(name, sizeof name, "%s/part-%d.h5", dir, i);
    hid_t file = create(name);
    put_sim(file);
    H5Fclose(file);
  }
  snprintf(pattern, sizeof pattern, "%s/part-?.h5", dir);
  ls_data_spec spec = spec_of(pattern, "/in/x", "/out/y");
  ls_data *data;
  double x[4];
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F64, &data), LS_OK);
  assert_int_equal(ls_data_rows(data, LS_SPLIT_TRAIN), 3 * ROWS);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, (int64_t[]){2 * ROWS + 1}, 1,
                                  &(ls_batch){.x = x, .ldx = 4}),
                   LS_OK);
  assert_true(x[0] == 4 && x[3] == 7);
  int files;
  assert_true(ls_data_files(data, &files)[2].samples == ROWS && files == 3);
  ls_data_close(comm, &data);
}

/* Targets are scaled with the training data's statistics too, and say how to get back. */
static void targets_are_scaled(void **state) {
  (void)state;
  hid_t file = create(path);
  put_sim(file);
  H5Fclose(file);
  ls_data_spec spec = spec_of(path, "/in/x", "/out/y");
  spec.scale.all.kind = LS_SCALE_STANDARD;
  ls_data *data;
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F64, &data), LS_OK);
  const ls_affine *a = ls_data_y_affine(data);
  double x[4], y[2], sum = 0, squares = 0;
  for (int64_t r = 0; r < ROWS; r++) {
    assert_int_equal(
        ls_data_gather(data, LS_SPLIT_TRAIN, &r, 1, &(ls_batch){.x = x, .ldx = 4, .targets = y}),
        LS_OK);
    assert_true(fabs(y[1] * a->divisor[1] + a->shift[1] - (double)(2 * r + 1)) < 1e-12);
    sum += y[1], squares += y[1] * y[1];
  }
  assert_true(fabs(sum) < 1e-12 && fabs(squares / ROWS - 1) < 1e-13);
  spec.x_affine = &(ls_affine){.n = 4,
                               .shift = (double[]){1, 1, 1, 1},
                               .divisor = (double[]){2, 2, 2, 2}}; /* a checkpoint's goes first */
  ls_data *again;
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F64, &again), LS_OK);
  assert_int_equal(
      ls_data_gather(again, LS_SPLIT_TRAIN, (int64_t[]){3}, 1, &(ls_batch){.x = x, .ldx = 4}),
      LS_OK);
  assert_true(x[0] == 5.5);
  ls_data_close(comm, &again);
  spec.x_affine =
      &(ls_affine){.n = 3, .shift = (double[]){1, 1, 1}, .divisor = (double[]){2, 2, 2}};
  expect(&spec, "h5: 4 features a sample, and the checkpoint has 3");
  ls_data_close(comm, &data);
}

/* ---- streamed ---- */

enum { PARTS = 3, PART_ROWS = 211, WIDTH = 7 };

static void put_parts(double spoiled) {
  for (int i = 0; i < PARTS; i++) {
    char name[300];
    snprintf(name, sizeof name, "%s/part-%d.h5", dir, i);
    hid_t file = create(name);
    put_set(file,
            &(set){"/in/x", 2, {PART_ROWS, WIDTH}, H5T_IEEE_F64LE, {i == 1 ? 10 : 0, 3}, i == 1});
    put_set(file, &(set){"/out/y", 1, {PART_ROWS}, H5T_IEEE_F32LE, {0}, false});
    if (i == 2 && isnan(spoiled)) {
      hid_t id = H5Dopen2(file, "/in/x", H5P_DEFAULT), space = H5Dget_space(id),
            one = H5Screate(H5S_SCALAR);
      H5Sselect_elements(space, H5S_SELECT_SET, 1, (hsize_t[]){100, 4});
      assert_true(H5Dwrite(id, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &spoiled) >= 0);
      H5Sclose(one), H5Sclose(space), H5Dclose(id);
    }
    H5Fclose(file);
  }
}

static ls_data_spec stream_spec(bool stream) {
  static char pattern[256];
  snprintf(pattern, sizeof pattern, "%s/part-?.h5", dir);
  ls_data_spec spec = spec_of(pattern, "/in/x", "/out/y");
  spec.scale.all.kind = LS_SCALE_STANDARD;
  spec.skip[0] = 5;
  spec.validation.share = 0.1;
  spec.order = LS_ORDER_SHUFFLE;
  spec.stream = stream;
  spec.whole = true; /* `all` is read too, with the samples that are skipped */
  return spec;
}

static ls_data *open_spec(const ls_data_spec *spec) {
  ls_data *data;
  if (ls_data_open(comm, spec, false, LS_F32, &data) != LS_OK) fail_msg("%s", ls_error_text());
  return data;
}

/* Minibatches of the middle slices are the same bits from files as from memory: windows of one step
 * and of many, steps in and out of order.
 */
static void streamed_like_memory(void **state) {
  (void)state;
  put_parts(0);
  ls_data_spec spec = stream_spec(false);
  ls_data *memory = open_spec(&spec);
  spec = stream_spec(true);
  ls_data *stream = open_spec(&spec);
  assert_memory_equal(ls_data_x_affine(memory)->shift, ls_data_x_affine(stream)->shift,
                      WIDTH * sizeof(double));
  assert_memory_equal(ls_data_x_affine(memory)->divisor, ls_data_x_affine(stream)->divisor,
                      WIDTH * sizeof(double));
  static const int64_t window[] = {4000, 9000, 1 << 20}; /* of one step, of some, of many */
  for (size_t w = 0; w < sizeof window / sizeof *window; w++) {
    ls_loader *a, *b;
    ls_batch x, y;
    ((ls_stream *)stream->store)->window_bytes = window[w];
    assert_int_equal(ls_loader_new(memory, 40, 8, 2, 7, 8, 3, &a), LS_OK);
    assert_int_equal(ls_loader_new(stream, 40, 8, 2, 7, 8, 3, &b), LS_OK);
    int64_t steps = ls_loader_calendar(a)->steps, made = ls_mem_total();
    /* small windows open files again and again: only some steps, from one epoch to the next */
    int64_t first = w < 2 ? steps - 5 : 0, count = w < 2 ? 12 : 2 * steps + 6;
    for (int64_t k = 0; k < count; k++) {
      int64_t step = k < count - 3 ? first + k : (k * 13) % steps;
      assert_int_equal(ls_loader_batch(a, step, &x), LS_OK);
      if (ls_loader_batch(b, step, &y) != LS_OK) fail_msg("%s", ls_error_text());
      assert_true(x.rows == y.rows && x.ldx == y.ldx);
      assert_memory_equal(x.x, y.x, (size_t)(x.rows * x.ldx) * sizeof(float));
      assert_memory_equal(x.targets, y.targets, (size_t)x.rows * sizeof(float));
    }
    assert_true(ls_mem_total() - made < 20 * 2 * steps * PARTS); /* only what opening files takes */
    ls_loader_free(&a);
    ls_loader_free(&b);
  }
  float p[6 * WIDTH], q[6 * WIDTH];
  for (int split = LS_SPLIT_TRAIN; split <= LS_SPLIT_ALL; split++) {
    int64_t n = ls_data_rows(memory, (ls_split)split), ask[6] = {n - 1, 0, 1, 2, n / 2, n / 3};
    assert_int_equal(ls_data_rows(stream, (ls_split)split), n);
    if (n == 0) continue;
    assert_int_equal(
        ls_data_gather(memory, (ls_split)split, ask, 6, &(ls_batch){.x = p, .ldx = WIDTH}), LS_OK);
    assert_int_equal(
        ls_data_gather(stream, (ls_split)split, ask, 6, &(ls_batch){.x = q, .ldx = WIDTH}), LS_OK);
    assert_memory_equal(p, q, sizeof p);
  }
  ls_data_close(comm, &memory);
  ls_data_close(comm, &stream);
}

/* Files of many times the budget: all that a stream takes stays within it; a minibatch that does
 * not fit is refused, with what would do. */
static void within_the_budget(void **state) {
  (void)state;
  enum { MANY = 40000, FEATURES = 33 };
  hid_t file = create(path);
  put_set(file, &(set){"/in/x", 2, {MANY, FEATURES}, H5T_IEEE_F32LE, {500, FEATURES}, false});
  put_set(file, &(set){"/out/y", 2, {MANY, 2}, H5T_IEEE_F64LE, {0}, false});
  H5Fclose(file);
  ls_data_spec spec = spec_of(path, "/in/x", "/out/y");
  spec.stream = true;
  spec.budget = 1;
  for (spec.order = LS_ORDER_SEQUENTIAL; spec.order <= LS_ORDER_BLOCKS; spec.order++) {
    ls_loader *loader;
    ls_batch b;
    size_t before = ls_mem_bytes(), most = before;
    ls_data *data = open_spec(&spec);
    assert_int_equal(ls_loader_new(data, 100, 8, 0, 8, 8, 3, &loader), LS_OK);
    static unsigned char seen[MANY];
    memset(seen, 0, sizeof seen);
    for (int64_t step = 0; step < ls_loader_calendar(loader)->steps; step++) {
      int64_t sample[100];
      assert_int_equal(ls_loader_samples(loader, step, sample), 100);
      if (ls_loader_batch(loader, step, &b) != LS_OK) fail_msg("%s", ls_error_text());
      for (int64_t k = 0; k < 100; k++) {
        assert_int_equal(seen[sample[k]]++, 0);
        for (int64_t f = 0; f < FEATURES; f++)
          assert_true(((float *)b.x)[k * b.ldx + f] == (float)((sample[k] * FEATURES + f) % 251));
        assert_true(((float *)b.targets)[2 * k + 1] == (float)((2 * sample[k] + 1) % 251));
      }
      if (ls_mem_bytes() > most) most = ls_mem_bytes();
    }
    size_t minibatch = 100 * ((size_t)b.ldx + 3) * 8,
           files = 8 << 16; /* the buffers of eight datasets that convert */
    assert_in_range(most - before, 1 << 19, (1 << 20) + minibatch + files);
    ls_loader_free(&loader);
    assert_int_equal(ls_loader_new(data, 20000, 8, 0, 8, 8, 3, &loader), LS_ECONFIG);
    const char *hint = strstr(ls_error_text(), "set data.budget=");
    assert_non_null(hint);
    ls_data_close(comm, &data);
    spec.budget = atoi(hint + strlen("set data.budget="));
    data = open_spec(&spec);
    if (ls_loader_new(data, 20000, 8, 0, 8, 8, 3, &loader) != LS_OK)
      fail_msg("%s", ls_error_text());
    ls_loader_free(&loader);
    ls_data_close(comm, &data);
    spec.budget = 1;
  }
}

/* What only reading finds out, it tells with its place; and other formats cannot. */
static void streamed_and_spoiled(void **state) {
  (void)state;
  put_parts((double)NAN);
  ls_data_spec spec = stream_spec(true);
  expect(&spec, "part-2.h5: /in/x: row 100, value 4: missing (nan)");
  spec.scale.all.kind = LS_SCALE_NONE;
  ls_data *data = open_spec(&spec);
  ls_loader *loader;
  ls_batch b;
  ls_status status = LS_OK;
  assert_int_equal(ls_loader_new(data, 40, 8, 0, 8, 8, 3, &loader), LS_OK);
  for (int64_t step = 0; step < ls_loader_calendar(loader)->steps && status == LS_OK; step++)
    status = ls_loader_batch(loader, step, &b);
  assert_int_equal(status, LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "part-2.h5: /in/x: row 100, value 4: missing (nan)"));
  ls_loader_free(&loader);
  ls_data_close(comm, &data);
  put_idx(dir, 10, 10, 3);
  spec = idx_spec(dir);
  spec.stream = true;
  assert_int_equal(ls_data_open(comm, &spec, true, LS_F32, &data), LS_ECONFIG);
  assert_non_null(strstr(ls_error_text(), "stream reads hdf5 only"));
}

/* ---- bad ones ---- */

static void wrong_datasets(void **state) {
  (void)state;
  hid_t file = create(path), space = H5Screate(H5S_SCALAR), text = H5Tcopy(H5T_C_S1);
  put_sim(file);
  put_set(file, &(set){"/short", 1, {ROWS - 1}, H5T_STD_U8LE, {0}, false});
  put_set(file, &(set){"/none", 2, {0, 4}, H5T_STD_U8LE, {0}, false});
  H5Dclose(H5Dcreate2(file, "/one", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Tset_size(text, 5);
  H5Dclose(H5Dcreate2(file, "/text", text, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Tclose(text), H5Sclose(space);
  H5Lcreate_external("other.h5", "/labels", file, "/far", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("other.h5", "/", file, "/away", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/far", file, "/sly", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/away", file, "/slyer", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/loop", file, "/loop", H5P_DEFAULT, H5P_DEFAULT);
  char full[200]; /* a name that the list of what /full holds just has no room for */
  snprintf(full, sizeof full, "/full/%0193d", 0);
  H5Gclose(H5Gcreate2(file, "/full", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Lcreate_soft("/one", file, "/full/#", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/one", file, full, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  static const struct {
    const char *x, *text;
  } bad[] = {{"/in/z", "sim.h5: there is no /in/z in it"},
             {"/In", "there is no /In in it; did you mean '/in'?"},
             {"/in", "/in is no dataset"},
             {"/short", "/out/y has 30 rows for the 29 of /short"},
             {"/none", "/none holds no samples: dimension 1 is 0"},
             {"/one", "/one has no rows"},
             {"/text", "/text holds no numbers but text values"},
             {"/far", "/far is a link to another file"},
             {"/away/labels", "/away is a link to another file"},
             {"/sly", "/sly cannot be opened"},
             {"/slyer/labels", "there is no /slyer/labels"},
             {"/loop", "/loop cannot be opened"},
             {"/full", "/full is no dataset but a group, of '#' ..."},
             {"/", "/ is no dataset"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ls_data_spec spec = spec_of(path, bad[i].x, "/out/y");
    expect(&spec, bad[i].text);
  }
  ls_data_spec spec = spec_of(other, "/x", "/y");
  unlink(other);
  expect(&spec, "other.h5: cannot open it");
  put_file(dir, "other.h5", "not HDF5", 8);
  expect(&spec, "other.h5: no HDF5 file");
}

/* Values that would come from other files, or from nowhere. */
static void storage_elsewhere(void **state) {
  (void)state;
  hsize_t dim[2] = {ROWS, 4}, huge[2] = {UINT64_C(1) << 40, 1 << 20}, chunk[2] = {10, 4};
  hid_t file = create(path), space = H5Screate_simple(2, dim, NULL),
        large = H5Screate_simple(2, huge, NULL);
  put_sim(file);
  hid_t outside = H5Pcreate(H5P_DATASET_CREATE), virtual = H5Pcreate(H5P_DATASET_CREATE),
        late = H5Pcreate(H5P_DATASET_CREATE), chunks = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(outside, "/etc/passwd", 0, ROWS * 4);
  H5Dclose(H5Dcreate2(file, "/outside", H5T_STD_U8LE, space, H5P_DEFAULT, outside, H5P_DEFAULT));
  H5Pset_virtual(virtual, space, "other.h5", "/in/x", space);
  H5Dclose(H5Dcreate2(file, "/virtual", H5T_IEEE_F64LE, space, H5P_DEFAULT, virtual, H5P_DEFAULT));
  H5Pset_alloc_time(late, H5D_ALLOC_TIME_LATE);
  H5Dclose(H5Dcreate2(file, "/huge", H5T_IEEE_F64LE, large, H5P_DEFAULT, late, H5P_DEFAULT));
  H5Dclose(H5Dcreate2(file, "/never", H5T_IEEE_F64LE, space, H5P_DEFAULT, late, H5P_DEFAULT));
  H5Pset_chunk(chunks, 2, chunk);
  H5Dclose(
      H5Dcreate2(file, "/hugechunks", H5T_IEEE_F64LE, large, H5P_DEFAULT, chunks, H5P_DEFAULT));
  hsize_t one[2] = {10, 4}, at[2] = {10, 0};
  hid_t memory = H5Screate_simple(2, one, NULL), part = H5Scopy(space);
  unsigned char value[40] = {0};
  H5Sselect_hyperslab(part, H5S_SELECT_SET, at, NULL, one, NULL);
  for (int packed = 0; packed < 2; packed++) {
    if (packed) H5Pset_deflate(chunks, 9);
    hid_t id = H5Dcreate2(file, packed ? "/thin" : "/partly", H5T_STD_U8LE, space, H5P_DEFAULT,
                          chunks, H5P_DEFAULT);
    assert_true(H5Dwrite(id, H5T_NATIVE_UCHAR, memory, part, H5P_DEFAULT, value) >= 0);
    H5Dclose(id);
  }
  H5Sclose(memory), H5Sclose(part);
  H5Dclose(H5Dcreate2(file, "/packed", H5T_STD_U8LE, large, H5P_DEFAULT, chunks, H5P_DEFAULT));
  H5Pclose(outside), H5Pclose(virtual), H5Pclose(late), H5Pclose(chunks), H5Sclose(space),
      H5Sclose(large), H5Fclose(file);
  static const struct {
    const char *x, *text;
  } bad[] = {{"/outside", "/outside keeps its values in other files"},
             {"/virtual", "/virtual keeps its values in other files"},
             {"/huge", "more than is stored"},
             {"/never", "more than is stored"},
             {"/hugechunks", "more than is stored"},
             {"/partly", "more than is stored"},
             {"/thin", "/thin has never been written in full: 1 of its 3 chunks are there"},
             {"/packed", "more than is stored"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ls_data_spec spec = spec_of(path, bad[i].x, "/out/y");
    int64_t before = ls_mem_total();
    expect(&spec, bad[i].text);
    assert_true(ls_mem_total() - before < 200);
  }
}

/* Cut anywhere, a file is refused (HDF5 keeps the length it should have). */
static void truncated(void **state) {
  (void)state;
  static char whole[1 << 16];
  hid_t file = create(path);
  put_sim(file);
  H5Fclose(file);
  FILE *f = fopen(path, "rb");
  size_t bytes = fread(whole, 1, sizeof whole, f);
  fclose(f);
  ls_data_spec spec = spec_of(path, "/in/x", "/out/y");
  for (size_t n = 0; n < bytes; n += 197) {
    put_file(dir, "sim.h5", whole, n);
    expect(&spec, "sim.h5: no HDF5 file, or a truncated");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(types_and_layouts),
      cmocka_unit_test(many_chunks),
      cmocka_unit_test(soft_links_and_other_files),
      cmocka_unit_test(several_files),
      cmocka_unit_test(targets_are_scaled),
      cmocka_unit_test(streamed_like_memory),
      cmocka_unit_test(within_the_budget),
      cmocka_unit_test(streamed_and_spoiled),
      cmocka_unit_test(wrong_datasets),
      cmocka_unit_test(storage_elsewhere),
      cmocka_unit_test(truncated),
  };
  return cmocka_run_group_tests(tests, up, data_down);
}
