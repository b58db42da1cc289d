/* npy.c - NumPy's .npy (x in `file`, y in the file that `y` names), for import, info and predict.
 * Format: numpy.lib.format, versions 1 to 3:
 * "\x93NUMPY", version, header length, a Python dict {'descr': '<f4', 'fortran_order': False,
 * 'shape': (60000, 784)}, the values. */
#include <stdio.h>
#include <string.h>

#include "data/format.h"
#include "data/formats/array.h"

enum { HEADER_MAX = 1 << 16, DIMENSIONS_MAX = 32, TYPE_SHOWN = 60 };

static ls_status wrong(const ls_array *a, const char *what) {
  return ls_fail(LS_EDATA, "%s: %s", a->path, what);
}

/* ---- header ---- */

static ls_status read_dict(ls_array *a, char text[HEADER_MAX]) {
  unsigned char head[12];
  size_t got, length;
  LS_TRY(ls_gz_read(a->gz, head, 10, &got));
  if (got < 10 || memcmp(head, "\x93NUMPY", 6) != 0)
    return wrong(a, "no .npy file (its first bytes are not those of NumPy)");
  length = head[8] | (size_t)head[9] << 8;
  if (head[6] >= 2) {
    LS_TRY(ls_gz_read(a->gz, head + 10, 2, &got));
    length |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
  }
  if (head[6] < 1 || head[6] > 3 || length >= HEADER_MAX)
    return wrong(a, "a .npy version or header that is not known");
  LS_TRY(ls_gz_read(a->gz, text, length, &got));
  text[got] = 0;
  a->header = (head[6] >= 2 ? 12 : 10) + length;
  return got == length ? LS_OK : wrong(a, "truncated within its header");
}

static const char *value_of(const char *dict, const char *key) {
  const char *at = strstr(dict, key);
  at = at ? strchr(at + strlen(key), ':') : NULL;
  return at ? at + 1 + strspn(at + 1, " ") : "";
}

/* From where a value of the dictionary begins to its end. */
static int length_of(const char *value) {
  if (*value == '[') return (int)(strcspn(value, "]") + 1); /* of a structure; shown in part */
  return (int)strcspn(value, ",}");
}

/* What makes numbers of an array of another type, such as '<U8' or [('a', '<f4'), ('b', '<i4')]. */
static const char *way_to_numbers(const char *descr) {
  if (*descr == '[')
    return "; save its columns side by side: numpy.column_stack([x[n] for n in names])";
  if (strstr(descr, "O'")) return "; save it as numbers: x.astype(float)";
  switch (length_of(descr) > 2 ? descr[2] : 0) {
    case 'U':
    case 'S':
      return "; texts are numbered by numpy.unique(y, return_inverse=True)[1]";
    case 'c':
      return "; save its parts side by side: numpy.column_stack([x.real, x.imag])";
    case 'M':
    case 'm':
      return "; save times as numbers, such as seconds: x.astype(\"M8[s]\").astype(float)";
    default:
      return "";
  }
}

static ls_status no_numbers(const ls_array *a, const char *descr) {
  const int length = length_of(descr);
  const bool cut = length > TYPE_SHOWN;
  return ls_fail(LS_EDATA, "%s: holds no plain numbers (type %.*s%s)%s", a->path,
                 cut ? TYPE_SHOWN : length, descr, cut ? "..." : "", way_to_numbers(descr));
}

/* "'<f4'" */
static ls_status read_type(ls_array *a, const char *dict) {
  static const struct {
    char kind;
    int size;
    ls_dtype type;
  } known[] = {{'b', 1, LS_U8},  {'u', 1, LS_U8},  {'u', 2, LS_U16}, {'u', 4, LS_U32},
               {'u', 8, LS_U64}, {'i', 1, LS_I8},  {'i', 2, LS_I16}, {'i', 4, LS_I32},
               {'i', 8, LS_I64}, {'f', 4, LS_F32}, {'f', 8, LS_F64}};
  const char *descr = value_of(dict, "'descr'");
  char order, kind;
  int size, used = 0;
  if (sscanf(descr, "'%c%c%2d'%n", &order, &kind, &size, &used) != 3 || used == 0 ||
      !strchr("<>|=", order) || !strchr("uifb", kind))
    return no_numbers(a, descr);
  size_t k = 0, n = sizeof known / sizeof *known;
  while (k < n && (known[k].kind != kind || known[k].size != size)) k++;
  if (k == n)
    return ls_fail(LS_EDATA, "%s: numbers of type %c%d are not read; save it as float32 or float64",
                   a->path, kind, size);
  a->type = known[k].type;
  a->big = order == '>';
  if (strncmp(value_of(dict, "'fortran_order'"), "False", 5) != 0)
    return wrong(a, "column by column (fortran_order); save numpy.ascontiguousarray(x)");
  return LS_OK;
}

/* "(60000, 28, 28)" */
static ls_status read_shape(ls_array *a, const char *dict) {
  const char *at = value_of(dict, "'shape'");
  int64_t dimension[DIMENSIONS_MAX];
  int n = 0;
  if (*at++ != '(') return wrong(a, "its header has no shape");
  while (*at != ')') {
    int used = 0;
    if (n == DIMENSIONS_MAX || sscanf(at, "%18jd%n", &dimension[n], &used) != 1 || dimension[n] < 0)
      return wrong(a, "its header has no shape");
    n++;
    at += used;
    at += strspn(at, ", ");
  }
  return n > 0 ? ls_array_shape(a, dimension, n) : wrong(a, "a single value, no rows");
}

static ls_status read_header(ls_array *a, int role, const ls_opening *what) {
  char dict[HEADER_MAX];
  (void)role, (void)what;
  LS_TRY(read_dict(a, dict));
  LS_TRY(read_type(a, dict));
  return read_shape(a, dict);
}

/* ---- the format ---- */

static ls_status check_rows(const ls_arrays *files, bool classes) {
  const ls_array *x = &files->array[0], *y = &files->array[1];
  (void)classes;
  if (y->rows == x->rows) return LS_OK;
  const char *remedy = "";
  if (y->width == x->rows) remedy = "; are samples its columns? save y.T.copy()";
  if (x->width == y->rows) remedy = "; are samples the columns of the latter? save x.T.copy()";
  return ls_fail(LS_EDATA, "%s: %jd rows for the %jd of %s%s", y->path, y->rows, x->rows, x->path,
                 remedy);
}

static ls_status open_npy(const ls_opening *what, ls_source **out) {
  static const ls_array_kind kind = {&ls_format_npy, read_header, check_rows};
  const ls_data_spec *spec = what->spec;
  char *path[2] = {(char *)what->file, spec->inputs ? NULL : spec->source[what->split].y};
  return ls_arrays_open(&kind, what, path, out);
}

static void place_npy(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  snprintf(text, size, "%s: row %jd, value %jd", source->file[column < 0].path, row,
           column < 0 ? -1 - column : column);
}

const ls_format ls_format_npy = {
    .name = "npy",
    .open = open_npy,
    .read = ls_arrays_read,
    .rewind = ls_arrays_rewind,
    .place = place_npy,
    .columns = ls_arrays_columns,
    .close = ls_arrays_close,
};
