/* npy.c - NumPy's .npy (x in `file`, y in the file that `y` names), for import, info and predict.
 * Format: numpy.lib.format, versions 1 to 3:
 * "\x93NUMPY", version, header length, a Python dict {'descr': '<f4', 'fortran_order': False,
 * 'shape': (60000, 784)}, the values. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/columns.h"
#include "io/gz.h"

enum { HEADER_MAX = 1 << 16, CHUNK = 1 << 12 };

typedef struct {
  const char *path;
  ls_gz *gz;
  char kind; /* u i b f */
  int size;  /* bytes of a value */
  bool big;  /* big-endian */
  int64_t rows, width;
} array;

typedef struct {
  ls_source base;
  array a[2]; /* x, y */
  int64_t row;
} npy;

static ls_status wrong(const array *a, const char *what) {
  return ls_fail(LS_EDATA, "%s: %s", a->path, what);
}

/* ---- header ---- */

static ls_status read_dict(array *a, char text[HEADER_MAX]) {
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
  return got == length ? LS_OK : wrong(a, "truncated within its header");
}

static const char *value_of(const char *dict, const char *key) {
  const char *at = strstr(dict, key);
  at = at ? strchr(at + strlen(key), ':') : NULL;
  return at ? at + 1 + strspn(at + 1, " ") : "";
}

static ls_status read_type(array *a, const char *dict) {
  const char *descr = value_of(dict, "'descr'");
  char order, kind;
  int size, used = 0;
  if (sscanf(descr, "'%c%c%2d'%n", &order, &kind, &size, &used) != 3 || used == 0 ||
      !strchr("<>|=", order) || !strchr("uifb", kind))
    return ls_fail(LS_EDATA, "%s: holds no plain numbers (type %.20s)", a->path, descr);
  bool wide = size == 4 || size == 8, known = size == 1 || size == 2 || wide;
  if (kind == 'f') known = wide;
  if (kind == 'b') known = size == 1;
  if (!known)
    return ls_fail(LS_EDATA, "%s: numbers of type %c%d are not read; save it as float32 or float64",
                   a->path, kind, size);
  *a = (array){a->path, a->gz, kind, size, order == '>', 0, 0};
  if (strncmp(value_of(dict, "'fortran_order'"), "False", 5) != 0)
    return wrong(a, "column by column (fortran_order); save numpy.ascontiguousarray(x)");
  return LS_OK;
}

static ls_status read_shape(array *a, const char *dict) {
  const char *at = value_of(dict, "'shape'");
  int64_t values = 1, bytes;
  if (*at++ != '(') return wrong(a, "its header has no shape");
  for (int k = 0; *at != ')'; k++) {
    long long dim;
    int used = 0;
    if (sscanf(at, "%18lld%n", &dim, &used) != 1 || dim < 0)
      return wrong(a, "its header has no shape");
    if (dim == 0)
      return ls_fail(LS_EDATA, "%s: holds no samples: dimension %d is 0", a->path, k + 1);
    if (k == 0) a->rows = dim;
    if (__builtin_mul_overflow(values, dim, &values)) values = INT64_MAX / 64;
    at += used;
    at += strspn(at, ", ");
  }
  if (a->rows == 0) return wrong(a, "a single value, no rows");
  if (__builtin_mul_overflow(values, a->size, &bytes) || bytes > ls_gz_bound(a->gz))
    return wrong(a, "its header declares more values than the file can hold; truncated or damaged");
  a->width = values / a->rows;
  return LS_OK;
}

static ls_status open_array(array *a, const char *path) {
  char dict[HEADER_MAX];
  a->path = path;
  LS_TRY(ls_gz_open(path, &a->gz));
  LS_TRY(read_dict(a, dict));
  LS_TRY(read_type(a, dict));
  return read_shape(a, dict);
}

/* ---- values ---- */

static double number(const array *a, const unsigned char *at) {
  uint64_t bits = 0;
  for (int i = 0; i < a->size; i++) bits |= (uint64_t)at[a->big ? a->size - 1 - i : i] << 8 * i;
  if (a->kind == 'f' && a->size == 8) {
    double value;
    return memcpy(&value, &bits, sizeof value), value;
  }
  if (a->kind == 'f') {
    uint32_t half = (uint32_t)bits;
    float value;
    return memcpy(&value, &half, sizeof value), (double)value;
  }
  int unused = 64 - 8 * a->size;
  return a->kind == 'i' ? (double)((int64_t)(bits << unused) >> unused) : (double)bits;
}

static ls_status read_array(array *a, int64_t row, int64_t rows, ls_dtype cell, void *out) {
  unsigned char part[CHUNK * 8];
  int64_t count = rows * a->width;
  size_t got;
  for (int64_t done = 0, step; done < count; done += step) {
    step = count - done < CHUNK ? count - done : CHUNK;
    LS_TRY(ls_gz_read(a->gz, part, (size_t)(step * a->size), &got));
    if (got < (size_t)(step * a->size))
      return ls_fail(LS_EDATA, "%s: truncated: ends within row %lld of %lld", a->path,
                     (long long)(row + done / a->width), (long long)a->rows);
    for (int64_t i = 0; i < step; i++)
      ls_dtype_put(cell, out, done + i, number(a, part + i * a->size));
  }
  return LS_OK;
}

static ls_status finish(npy *n, int i) {
  char more;
  size_t got;
  LS_TRY(ls_gz_read(n->a[i].gz, &more, 1, &got));
  if (got) return wrong(&n->a[i], "longer than its header declares");
  n->base.file[i].bytes = ls_gz_size(n->a[i].gz);
  n->base.file[i].samples = n->a[i].rows;
  ls_gz_digest(n->a[i].gz, n->base.file[i].digest);
  return LS_OK;
}

/* ---- the format ---- */

static ls_status open_files(npy *n, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  const char *path[2] = {what->file, what->spec->inputs ? NULL : spec->y};
  for (int i = 0; i < 2 && path[i]; i++) {
    n->base.file[i].path = ls_mem_text(path[i]);
    LS_TRY(open_array(&n->a[i], n->base.file[i].path));
  }
  if (n->base.files == 2 && n->a[0].rows != n->a[1].rows)
    return ls_fail(LS_EDATA, "%s: %lld rows for the %lld of %s", path[1], (long long)n->a[1].rows,
                   (long long)n->a[0].rows, path[0]);
  const array *x = &n->a[0];
  n->base.shape = (ls_shape){.rows = x->rows,
                             .features = x->width,
                             .outputs = n->a[1].width,
                             .bytes = x->kind == 'u' && x->size == 1,
                             .single = x->size <= (x->kind == 'f' ? 4 : 2)};
  return LS_OK;
}

static ls_status open_npy(const ls_opening *what, ls_source **out) {
  bool has_y = what->spec->source[what->split].y && !what->spec->inputs;
  LS_TRY(ls_source_new(&ls_format_npy, sizeof(npy), has_y ? 2 : 1, out));
  ls_status status = open_files((npy *)*out, what);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

static ls_status read_npy(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  npy *n = (npy *)source;
  LS_TRY(read_array(&n->a[0], n->row, rows, cell, x));
  if (source->files == 2) LS_TRY(read_array(&n->a[1], n->row, rows, LS_F64, y));
  n->row += rows;
  for (int i = 0; i < source->files && n->row == source->shape.rows; i++) LS_TRY(finish(n, i));
  return LS_OK;
}

static void place_npy(const ls_source *source, int64_t row, int64_t column, char *text,
                      size_t size) {
  snprintf(text, size, "%s: row %lld, value %lld", source->file[column < 0].path, (long long)row,
           (long long)(column < 0 ? -1 - column : column));
}

static void close_npy(ls_source *source) {
  for (int i = 0; i < 2; i++) ls_gz_close(&((npy *)source)->a[i].gz);
}

static ls_status columns_npy(const ls_source *source, ls_columns *out) {
  const npy *n = (const npy *)source;
  for (int k = 0; k < 2; k++) {
    const array *a = &n->a[k];
    const char *kind = a->kind == 'i' ? "int" : "uint";
    if (a->kind == 'f') kind = "float";
    if (a->size)
      snprintf(out->stored[k], sizeof out->stored[k], "%s%s%d", a->big ? "big-endian " : "", kind,
               8 * a->size);
  }
  return LS_OK;
}

const ls_format ls_format_npy = {"npy", open_npy, read_npy,  NULL,        NULL,
                                 NULL,  NULL,     place_npy, columns_npy, close_npy};
