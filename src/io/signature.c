/* signature.c - the table: bytes, where they stand, what the file is and how it comes to be
 * read. The first row that fits is the answer; only ARFF, which may begin with comments, has a
 * function. */
#include "io/signature.h"

#include <ctype.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { HDF5, NPY, ARFF, MAT4 };

typedef struct {
  ls_signature it;
  const char *begin;
  size_t length, at; /* at: where the bytes stand */
} row;

#define NETCDF                                                                               \
  .what = "a NetCDF file of the classic format", .remedy =                                   \
                                                     "nccopy -k nc4 FILE NEW makes HDF5 of " \
                                                     "it"
#define R                             \
  .what = "a file of R's own format", \
  .remedy = "write.csv(x, \"new.csv\", row.names = FALSE) writes CSV"
#define BY_PANDAS(reader) "pandas." reader "(FILE).to_csv(\"new.csv\", index=False) makes CSV of it"
#define JSON                    \
  .what = "JSON", .text = true, \
  .remedy = BY_PANDAS("read_json") " (lines=True where a line is a sample)"
#define PAGE                                                                            \
  .what = "a page of the web, or XML", .remedy = "fetch the file itself", .text = true, \
  .wrapper = true
#define PICKLE \
  .what = "a pickle of Python", .remedy = "df.to_csv(\"new.csv\", index=False) writes CSV"
#define MATLAB "save it with -v7.3 (Matlab) or -hdf5 (Octave); Python: scipy.io.loadmat(FILE), h5py"
#define PICTURE                                                                             \
  .what = "a picture",                                                                      \
  .remedy =                                                                                 \
      "numpy.asarray(PIL.Image.open(FILE)) is its array; stacked, numpy.save and lockstep " \
      "data import take them"
#define UNPACK(program) program " FILE unpacks it"
#define STREAM(program) program " <FILE >NEW unpacks it" /* whatever the file is called */
#define BYTES(text) text, sizeof(text) - 1, 0

static const row rows[] = {
    [HDF5] = {{.what = "an HDF5 file", .remedy = "data.type: hdf5 reads it"},
              BYTES("\x89HDF\r\n\x1a\n")},
    [NPY] = {{.what = "a NumPy array",
              .remedy = "lockstep data import x.npy --y y.npy -o xy.h5 makes HDF5 of such arrays"},
             BYTES("\x93NUMPY")},
    [ARFF] = {{.what = "an ARFF file",
               .remedy = "its samples are CSV without a header: sed '1,/^@data/Id' FILE >t.csv",
               .text = true},
              BYTES("@relation")},
    [MAT4] = {{.what = "a MAT-file of version 4", .remedy = MATLAB}, NULL, 0, 0},
    {{.what = "a zip archive", .remedy = UNPACK("unzip"), .wrapper = true}, BYTES("PK\3\4")},
    {{.what = "an Excel file of the old format", .remedy = "save the sheet as CSV"},
     BYTES("\xd0\xcf\x11\xe0")},
    {{.what = "a MAT-file of version 5", .remedy = MATLAB}, BYTES("MATLAB 5.0 MAT-file")},
    {{NETCDF}, BYTES("CDF\1")},
    {{NETCDF}, BYTES("CDF\2")},
    {{NETCDF}, BYTES("CDF\5")},
    {{.what = "a Parquet file", .remedy = BY_PANDAS("read_parquet")}, BYTES("PAR1")},
    {{PICKLE}, BYTES("\x80\x04\x95")},
    {{PICKLE}, BYTES("\x80\x05\x95")},
    {{PICKLE}, BYTES("\x80\x02")},
    {{PICKLE}, BYTES("\x80\x03")},
    {{R}, BYTES("RDX")},
    {{R, .text = true}, BYTES("RDA2\nA\n")},
    {{R, .text = true}, BYTES("RDA3\nA\n")},
    {{R}, BYTES("X\n\0\0\0")},
    {{R, .text = true}, BYTES("A\n2\n")},
    {{R, .text = true}, BYTES("A\n3\n")},
    {{R, .text = true}, BYTES("structure(list(")},
    {{.what = "a Feather file", .remedy = BY_PANDAS("read_feather")}, BYTES("ARROW1")},
    {{.what = "a Feather file", .remedy = BY_PANDAS("read_feather")}, BYTES("FEA1")},
    {{.what = "a data base of SQLite",
      .remedy = "sqlite3 -header -csv FILE 'select * from TABLE' >t.csv"},
     BYTES("SQLite format 3")},
    {{.what = "a file of Stata", .remedy = BY_PANDAS("read_stata")}, BYTES("<stata_dta>")},
    {{.what = "a file of SPSS", .remedy = BY_PANDAS("read_spss")}, BYTES("$FL2")},
    {{.what = "a file of SPSS", .remedy = BY_PANDAS("read_spss")}, BYTES("$FL3")},
    {{.what = "an ORC file", .remedy = BY_PANDAS("read_orc")}, BYTES("ORC")},
    {{.what = "a FITS file",
      .text = true,
      .remedy = "astropy.table.Table.read(FILE).write(\"new.csv\") makes CSV of it"},
     BYTES("SIMPLE  =")},
    {{PICTURE}, BYTES("\x89PNG\r\n")},
    {{PICTURE}, BYTES("\xff\xd8\xff")},
    {{.what = "a PDF document", .remedy = "its table as CSV is read", .text = true},
     BYTES("%PDF-")},
    {{.what = "a file of Stata", .remedy = BY_PANDAS("read_stata")}, BYTES("r\2\1")},
    {{.what = "a file of Stata", .remedy = BY_PANDAS("read_stata")}, BYTES("s\2\1")},
    {{JSON}, BYTES("{\"")},
    {{JSON}, BYTES("{\n")},
    {{JSON}, BYTES("[{")},
    {{JSON}, BYTES("[[")},
    {{JSON}, BYTES("[\n")},
    {{PAGE}, BYTES("<!DOCTYPE")},
    {{PAGE}, BYTES("<!doctype")},
    {{PAGE}, BYTES("<html")},
    {{PAGE}, BYTES("<table")},
    {{PAGE}, BYTES("<?xml")},
    {{.what = "what Git LFS keeps for a file",
      .remedy = "git lfs pull fetches the file itself",
      .text = true,
      .wrapper = true},
     BYTES("version https://git-lfs")},
    {{.what = "Octave's own text format",
      .remedy = "save it with -hdf5, or dlmwrite(FILE, x, \"precision\", \"%.17g\")",
      .text = true},
     BYTES("# Created by Octave")},
    {{.what = "Octave's own binary format", .remedy = "save it with -hdf5"}, BYTES("Octave-1-")},
    {{.what = "a file packed with gzip", .remedy = STREAM("gunzip"), .wrapper = true},
     BYTES("\x1f\x8b")},
    {{.what = "a file packed with xz", .remedy = STREAM("unxz"), .wrapper = true},
     BYTES("\xfd"
           "7zXZ")},
    {{.what = "a file packed with bzip2", .remedy = STREAM("bunzip2"), .wrapper = true},
     BYTES("BZh")},
    {{.what = "a 7-Zip archive", .remedy = UNPACK("7z x"), .wrapper = true}, BYTES("7z\xbc\xaf")},
    {{.what = "a RAR archive", .remedy = UNPACK("unrar x"), .wrapper = true}, BYTES("Rar!")},
    {{.what = "a file packed with zstd", .remedy = STREAM("unzstd"), .wrapper = true},
     BYTES("\x28\xb5\x2f\xfd")},
    {{.what = "a tar archive", .remedy = UNPACK("tar -xf"), .wrapper = true}, "ustar", 5, 257},
};

const ls_signature *const ls_signature_hdf5 = &rows[HDF5].it, *const ls_signature_npy =
                                                                  &rows[NPY].it;

/* Lines of comments go before the first word of an ARFF file, whatever its capitals. */
static bool is_arff(const char *at, size_t bytes) {
  const char *end = at + bytes;
  while (at < end && (*at == '%' || *at == '\n' || *at == '\r')) {
    const char *line = memchr(at, '\n', (size_t)(end - at));
    at = line ? line + 1 : end;
  }
  return (size_t)(end - at) >= rows[ARFF].length &&
         strncasecmp(at, rows[ARFF].begin, rows[ARFF].length) == 0;
}

/* Five whole numbers (type and byte order, rows, columns, complex or not, the name's length) and a
 * name of a variable. */
static bool is_mat4(const unsigned char *at, size_t bytes) {
  enum { NUMBERS = 5, NAME_MAX = 64, TYPE_MAX = 52 };
  uint32_t n[NUMBERS];
  if (bytes < sizeof n + 2) return false;
  const bool big = at[0] == 0 && at[1] == 0 && at[2] == 3; /* 1000 and more */
  for (int k = 0; k < NUMBERS; k++) {
    memcpy(&n[k], at + 4 * k, sizeof *n);
    n[k] = big ? be32toh(n[k]) : le32toh(n[k]);
  }
  const size_t room = bytes - sizeof n, length = n[4];
  const char *name = (const char *)at + sizeof n;
  if (n[0] > (big ? 1000u : 0u) + TYPE_MAX || n[1] == 0 || n[2] == 0 || n[3] > 1) return false;
  return length >= 2 && length <= NAME_MAX && length <= room && isalpha((unsigned char)*name) &&
         memchr(name, 0, room) == name + length - 1;
}

const ls_signature *ls_signature_of(const void *head, size_t bytes) {
  if (is_mat4(head, bytes)) return &rows[MAT4].it;
  if (is_arff(head, bytes)) return &rows[ARFF].it;
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
    if (rows[k].begin && bytes >= rows[k].at + rows[k].length &&
        memcmp((const char *)head + rows[k].at, rows[k].begin, rows[k].length) == 0)
      return &rows[k].it;
  return NULL;
}
