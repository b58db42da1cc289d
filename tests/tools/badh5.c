/* badh5 KIND OUT.h5 - an HDF5 file of 60 samples with one thing wrong: /x (60, 3), /y (60) classes
 * 0 1 2, /t (60, 2) targets. KIND good: nothing.
 * badh5 missing FILE.h5 DATASET VALUE - what is VALUE in a dataset of a file that is there is
 * missing: an attribute missing_value.
 * badh5 words FILE.h5 DATASET WORD... - a dataset of these texts more in such a file. */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 60 };
static hid_t file;
static const char *kind;

static int is(const char *name) { return strcmp(kind, name) == 0; }

static void put(const char *name, int dims, hsize_t rows, hsize_t width, hid_t type,
                const void *data) {
  hsize_t dim[2] = {rows, width};
  hid_t space = H5Screate_simple(dims, dim, NULL),
        set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(set,
           type == H5T_STD_I32LE    ? H5T_NATIVE_INT
           : type == H5T_IEEE_F64LE ? H5T_NATIVE_DOUBLE
                                    : type,
           H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  H5Dclose(set), H5Sclose(space);
}

/* Declared, never written: rows x 3 in chunks, or (chunk 0) in one piece. */
static void declare(hsize_t rows, hsize_t chunk) {
  hsize_t dim[2] = {rows, 3}, part[2] = {chunk, 3};
  hid_t space = H5Screate_simple(2, dim, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
  if (chunk) H5Pset_chunk(plist, 2, part);
  H5Dclose(H5Dcreate2(file, "/x", H5T_STD_U8LE, space, H5P_DEFAULT, plist, H5P_DEFAULT));
  H5Sclose(space), H5Pclose(plist);
}

static void elsewhere(const char *other, int virtual) {
  hsize_t dim[2] = {ROWS, 3};
  hid_t space = H5Screate_simple(2, dim, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
  if (virtual)
    H5Pset_virtual(plist, space, other, "/x", space);
  else
    H5Pset_external(plist, other, 0, ROWS * 3 * sizeof(double));
  H5Dclose(H5Dcreate2(file, "/x", H5T_IEEE_F64LE, space, H5P_DEFAULT, plist, H5P_DEFAULT));
  H5Sclose(space), H5Pclose(plist);
}

static void put_x(double x[ROWS * 3]) {
  static char text[ROWS][8];
  hid_t word = H5Tcopy(H5T_C_S1);
  H5Tset_size(word, 8);
  if (is("nan")) x[17 * 3 + 1] = (double)NAN;
  if (is("text"))
    put("/x", 1, ROWS, 0, word, text);
  else if (is("scalar"))
    put("/x", 0, 0, 0, H5T_IEEE_F64LE, x);
  else if (is("empty"))
    put("/x", 2, 0, 3, H5T_IEEE_F64LE, x);
  else if (is("group"))
    H5Gclose(H5Gcreate2(file, "/x", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  else if (is("link"))
    H5Lcreate_external("good.h5", "/x", file, "/x", H5P_DEFAULT, H5P_DEFAULT);
  else if (is("external"))
    elsewhere("good.h5", 0);
  else if (is("virtual"))
    elsewhere("good.h5", 1);
  else if (is("declared"))
    declare((hsize_t)1 << 60, 0);
  else if (is("chunks"))
    declare((hsize_t)1 << 60, 1 << 20);
  else if (is("unwritten"))
    declare(ROWS, 7);
  else if (is("cube")) /* 60 x 3 as 180 x 1: other ranks of the same values are another number of
                          samples */
    put("/x", 1, ROWS * 3, 0, H5T_IEEE_F64LE, x);
  else if (is("wide"))
    put("/x", 2, ROWS / 2, 6, H5T_IEEE_F64LE, x);
  else if (!is("missing"))
    put("/x", 2, ROWS, 3, H5T_IEEE_F64LE, x);
  H5Tclose(word);
}

static int mark_missing(const char *path, const char *name, double value) {
  file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT), type = H5Dget_type(set),
        space = H5Screate(H5S_SCALAR),
        attribute = H5Acreate2(set, "missing_value", type, space, H5P_DEFAULT, H5P_DEFAULT);
  herr_t wrong = H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value);
  H5Aclose(attribute), H5Sclose(space), H5Tclose(type), H5Dclose(set);
  return H5Fclose(file) < 0 || wrong < 0;
}

static int add_words(const char *path, const char *name, int count, char **word) {
  enum { WIDTH = 8 };
  char(*text)[WIDTH] = calloc((size_t)count, WIDTH);
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, WIDTH);
  for (int i = 0; i < count; i++) strncpy(text[i], word[i], WIDTH);
  file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  put(name, 1, (hsize_t)count, 0, type, text);
  free(text);
  return H5Tclose(type) < 0 || H5Fclose(file) < 0;
}

int main(int argc, char **argv) {
  static double x[ROWS * 3], t[ROWS * 2], half[ROWS];
  static int y[ROWS];
  if (argc > 4 && strcmp(argv[1], "words") == 0)
    return add_words(argv[2], argv[3], argc - 4, argv + 4);
  if (argc == 5) return mark_missing(argv[2], argv[3], strtod(argv[4], NULL));
  if (argc != 3) return 64;
  kind = argv[1];
  file = H5Fcreate(argv[2], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  for (int i = 0; i < ROWS * 3; i++) x[i] = sin(i);
  for (int i = 0; i < ROWS; i++)
    y[i] = i % 3, t[2 * i] = x[3 * i], t[2 * i + 1] = x[3 * i + 1] * x[3 * i + 2];
  for (int i = 0; i < ROWS; i++) half[i] = i == 23 ? (is("half") ? 0.5 : (double)NAN) : y[i];
  if (is("label")) y[23] = 3;
  if (is("negative")) y[23] = -1;
  if (is("infinite")) t[2 * 41 + 1] = (double)INFINITY;
  put_x(x);
  if (is("half") || is("missing-label"))
    put("/y", 1, ROWS, 0, H5T_IEEE_F64LE, half);
  else
    put("/y", 1, is("short") ? ROWS - 1 : is("wide") ? ROWS / 2 : ROWS, 0, H5T_STD_I32LE, y);
  put("/t", 2, ROWS, 2, H5T_IEEE_F64LE, t);
  return H5Fclose(file) < 0;
}
