/* meaning OUT.h5 [USER_BLOCK] - 120 samples of 3 numbers in every way in which an HDF5 file says
 * that its values are not what is stored, each beside what they mean: /meant (120, 3) float64
 * /packed int16, /packed_real float32, /be big-endian int32, chunked and compressed: scale_factor
 * and add_offset /whole (120, 3) uint8      /unsigned int8 with _Unsigned /own (120, 3) float64
 * /own_fill: HDF5's own fill value, which means nothing /gap_meant                 /gap int16 with
 * _FillValue in row 17, value 1; /gap_list missing_value; /gap_range valid_range; /gap_real float32
 * of 1e20 without scaling; /gap_nan float64: NaN; /unwritten_* NetCDF's fill values, which mean it
 * /columns, /packed_columns (3, 120): the samples are columns; /cube (5, 3, 120), of /cube_meant
 * (120, 3, 5) /y (120), /y_row (1, 120), /y_packed int16 packed, /y_gap int16 with a fill value in
 * row 11 /label (120) int32, /label_gap with a fill value in row 11 /bad_scale: scale_factor is a
 * text; /zero_scale: it is 0; /one (1, 120): one sample of 120 numbers, or 120 of one */
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 120, WIDTH = 3, DEEP = 5, GAP_ROW = 17, GAP = GAP_ROW * WIDTH + 1, Y_GAP = 11 };
static hid_t file;

static hid_t put(const char *name, hid_t type, hsize_t rows, hsize_t width, const double *value) {
  hsize_t dim[2] = {rows, width};
  hid_t space = H5Screate_simple(width ? 2 : 1, dim, NULL);
  hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
  H5Sclose(space);
  return set;
}

static void say(hid_t set, const char *name, hid_t type, int count, const double *value) {
  hsize_t n = (hsize_t)count;
  hid_t space = count > 1 ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR),
        attribute = H5Acreate2(set, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(attribute, H5T_NATIVE_DOUBLE, value);
  H5Aclose(attribute), H5Sclose(space);
}

static void say_text(hid_t set, const char *name, const char *text) {
  hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, strlen(text));
  hid_t attribute = H5Acreate2(set, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(attribute, type, text);
  H5Aclose(attribute), H5Sclose(space), H5Tclose(type);
}

/* value = stored / 2 + 100 */
static hid_t put_packed(const char *name, hid_t type, hsize_t rows, hsize_t width,
                        const double *stored) {
  hid_t set = put(name, type, rows, width, stored);
  say(set, "scale_factor", H5T_IEEE_F64LE, 1, (double[]){0.5});
  say(set, "add_offset", H5T_IEEE_F32LE, 1, (double[]){100});
  return set;
}

static void put_small(const double *stored) {
  hsize_t dim[2] = {ROWS, WIDTH}, chunk[2] = {7, 2};
  hid_t space = H5Screate_simple(2, dim, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(plist, 2, chunk);
  H5Pset_deflate(plist, 4);
  hid_t set = H5Dcreate2(file, "/be", H5T_STD_I32BE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, stored);
  say(set, "scale_factor", H5T_IEEE_F64LE, 1, (double[]){0.5});
  say(set, "add_offset", H5T_STD_I64LE, 1, (double[]){100});
  H5Dclose(set), H5Sclose(space), H5Pclose(plist);
}

static void put_own(const double *value) {
  hsize_t dim[2] = {ROWS, WIDTH};
  hid_t space = H5Screate_simple(2, dim, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_fill_value(plist, H5T_NATIVE_DOUBLE, &value[GAP]);
  hid_t set = H5Dcreate2(file, "/own_fill", H5T_IEEE_F64LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
  H5Dclose(set), H5Sclose(space), H5Pclose(plist);
}

/* What was never written, as NetCDF marks it. */
static void put_unwritten(const char *name, hid_t type, double mark, double *value) {
  hsize_t dim[2] = {ROWS, WIDTH};
  hid_t space = H5Screate_simple(2, dim, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
  value[GAP] = mark;
  H5Pset_fill_value(plist, H5T_NATIVE_DOUBLE, &mark);
  hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
  H5Dclose(set), H5Sclose(space), H5Pclose(plist);
}

static void put_gaps(double *stored, double *meant) {
  double kept = stored[GAP];
  hid_t set;
  meant[GAP] = (double)NAN;
  H5Dclose(put("/gap_meant", H5T_IEEE_F64LE, ROWS, WIDTH, meant));
  H5Dclose(put("/gap_nan", H5T_IEEE_F64LE, ROWS, WIDTH, meant));
  stored[GAP] = -32768;
  set = put_packed("/gap", H5T_STD_I16LE, ROWS, WIDTH, stored);
  say(set, "_FillValue", H5T_STD_I16LE, 1, (double[]){-32768});
  H5Dclose(set);
  stored[GAP] = -998;
  set = put_packed("/gap_list", H5T_STD_I16LE, ROWS, WIDTH, stored);
  say(set, "missing_value", H5T_STD_I16LE, 2, (double[]){-999, -998});
  H5Dclose(set);
  stored[GAP] = 2000;
  set = put_packed("/gap_range", H5T_STD_I16LE, ROWS, WIDTH, stored);
  say(set, "valid_range", H5T_STD_I16LE, 2, (double[]){-1000, 1000});
  H5Dclose(set);
  meant[GAP] = 1e20;
  set = put("/gap_real", H5T_IEEE_F32LE, ROWS, WIDTH, meant);
  say(set, "_FillValue", H5T_IEEE_F64LE, 1, (double[]){1e20}); /* not of the dataset's type */
  H5Dclose(set);
  put_unwritten("/unwritten_f4", H5T_IEEE_F32LE, 0x1.ep+122, meant);
  put_unwritten("/unwritten_f8", H5T_IEEE_F64BE, 0x1.ep+122, meant);
  put_unwritten("/unwritten_i2", H5T_STD_I16LE, -32767, meant);
  put_unwritten("/unwritten_i4", H5T_STD_I32LE, -2147483647, meant);
  put_unwritten("/unwritten_u2", H5T_STD_U16LE, 65535, meant);
  put_unwritten("/unwritten_u4", H5T_STD_U32LE, 4294967295, meant);
  stored[GAP] = kept;
  meant[GAP] = kept / 2 + 100;
}

static void put_cube(void) {
  static double stored[DEEP * WIDTH * ROWS], meant[ROWS * WIDTH * DEEP];
  hsize_t dim[3] = {DEEP, WIDTH, ROWS}, seen[3] = {ROWS, WIDTH, DEEP};
  for (int d = 0; d < DEEP; d++)
    for (int w = 0; w < WIDTH; w++)
      for (int r = 0; r < ROWS; r++)
        stored[(d * WIDTH + w) * ROWS + r] = meant[(r * WIDTH + w) * DEEP + d] =
            sin(d + 10 * w + 100 * r);
  const char *name[2] = {"/cube", "/cube_meant"};
  for (int k = 0; k < 2; k++) {
    hid_t space = H5Screate_simple(3, k ? seen : dim, NULL);
    hid_t set =
        H5Dcreate2(file, name[k], H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, k ? meant : stored);
    H5Dclose(set), H5Sclose(space);
  }
}

static void put_targets(const double *stored) {
  double y[ROWS], packed[ROWS], label[ROWS];
  hid_t set;
  for (int r = 0; r < ROWS; r++) {
    packed[r] = stored[r * WIDTH] - stored[r * WIDTH + 1];
    y[r] = packed[r] / 2 + 100;
    label[r] = r % 3;
  }
  H5Dclose(put("/y", H5T_IEEE_F64LE, ROWS, 0, y));
  H5Dclose(put("/y_row", H5T_IEEE_F64LE, 1, ROWS, y));
  H5Dclose(put_packed("/y_packed", H5T_STD_I16LE, ROWS, 0, packed));
  H5Dclose(put("/label", H5T_STD_I32LE, ROWS, 0, label));
  H5Dclose(put("/one", H5T_IEEE_F64LE, 1, ROWS, y));
  packed[Y_GAP] = label[Y_GAP] = -99;
  set = put_packed("/y_gap", H5T_STD_I16LE, ROWS, 0, packed);
  say(set, "_FillValue", H5T_STD_I16LE, 1, (double[]){-99});
  H5Dclose(set);
  set = put("/label_gap", H5T_STD_I32LE, ROWS, 0, label);
  say(set, "_FillValue", H5T_STD_I32LE, 1, (double[]){-99});
  H5Dclose(set);
}

int main(int argc, char **argv) {
  static double stored[ROWS * WIDTH], meant[ROWS * WIDTH], whole[ROWS * WIDTH], signs[ROWS * WIDTH],
      columns[ROWS * WIDTH], packed[ROWS * WIDTH];
  if (argc < 2) return 64;
  hid_t plist = H5Pcreate(H5P_FILE_CREATE);
  if (argc > 2) H5Pset_userblock(plist, (hsize_t)atoi(argv[2]));
  file = H5Fcreate(argv[1], H5F_ACC_TRUNC, plist, H5P_DEFAULT);
  for (int i = 0; i < ROWS * WIDTH; i++) {
    stored[i] = i * 37 % 401 - 200;
    meant[i] = stored[i] / 2 + 100;
    whole[i] = i * 37 % 256;
    signs[i] = whole[i] < 128 ? whole[i] : whole[i] - 256;
  }
  for (int i = 0; i < ROWS * WIDTH; i++) {
    columns[i % WIDTH * ROWS + i / WIDTH] = meant[i];
    packed[i % WIDTH * ROWS + i / WIDTH] = stored[i];
  }
  H5Dclose(put("/meant", H5T_IEEE_F64LE, ROWS, WIDTH, meant));
  H5Dclose(put("/own", H5T_IEEE_F64LE, ROWS, WIDTH, meant));
  H5Dclose(put("/whole", H5T_STD_U8LE, ROWS, WIDTH, whole));
  H5Dclose(put("/columns", H5T_IEEE_F64LE, WIDTH, ROWS, columns));
  H5Dclose(put_packed("/packed", H5T_STD_I16LE, ROWS, WIDTH, stored));
  H5Dclose(put_packed("/packed_real", H5T_IEEE_F32LE, ROWS, WIDTH, stored));
  H5Dclose(put_packed("/packed_columns", H5T_STD_I16LE, WIDTH, ROWS, packed));
  hid_t set = put("/unsigned", H5T_STD_I8LE, ROWS, WIDTH, signs);
  say_text(set, "_Unsigned", "true");
  H5Dclose(set);
  set = put("/bad_scale", H5T_STD_I16LE, ROWS, WIDTH, stored);
  say_text(set, "scale_factor", "a half");
  H5Dclose(set);
  set = put("/zero_scale", H5T_STD_I16LE, ROWS, WIDTH, stored);
  say(set, "scale_factor", H5T_IEEE_F64LE, 1, (double[]){0});
  H5Dclose(set);
  put_small(stored);
  put_own(meant);
  put_gaps(stored, meant);
  put_cube();
  put_targets(stored);
  H5Pclose(plist);
  return H5Fclose(file) < 0;
}
