/* array.c - 64 KiB at a time: read, turned round where the bytes are the other way, converted.
 * That the header is true is checked twice: could the file hold as much, and does it end there
 * (check_end)? A source of x and y is a pair of these. */
#include "data/formats/array.h"

#include <stdio.h>

#include "base/clamp.h"
#include "base/mem.h"

enum { CHUNK_BYTES = 1 << 16 };

ls_status ls_array_shape(ls_array *a, const int64_t *dimension, int dimensions) {
  int64_t values = 1, bytes;
  for (int k = 0; k < dimensions; k++) {
    if (dimension[k] == 0)
      return ls_fail(LS_EDATA, "%s: holds no samples: dimension %d is 0", a->path, k + 1);
    if (__builtin_mul_overflow(values, dimension[k], &values)) values = INT64_MAX;
  }
  a->rows = dimension[0];
  a->width = values / a->rows;
  bool over = __builtin_mul_overflow(values, (int64_t)ls_dtype_size(a->type), &bytes);
  if (!over && bytes <= ls_gz_bound(a->gz) - (int64_t)a->header) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: its header declares %jd samples, more than its %jd bytes can hold; "
                 "truncated or damaged",
                 a->path, a->rows, ls_gz_size(a->gz));
}

static void swap(unsigned char *value, int64_t n, size_t size) {
  for (; n > 0; n--, value += size)
    for (size_t i = 0; i < size / 2; i++) {
      unsigned char byte = value[i];
      value[i] = value[size - 1 - i];
      value[size - 1 - i] = byte;
    }
}

static ls_status check_end(const ls_array *a) {
  char more;
  size_t got;
  LS_TRY(ls_gz_read(a->gz, &more, 1, &got));
  if (got == 0) return LS_OK;
  return ls_fail(LS_EDATA, "%s: longer than its header declares (%jd samples)", a->path, a->rows);
}

ls_status ls_array_read(ls_array *a, int64_t rows, ls_dtype cell, void *out) {
  _Alignas(8) unsigned char part[CHUNK_BYTES];
  const size_t size = ls_dtype_size(a->type);
  const int64_t count = rows * a->width, most = CHUNK_BYTES / (int64_t)size;
  const bool swaps = a->big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
  for (int64_t done = 0, n; done < count; done += n) {
    size_t got;
    n = ls_min(count - done, most);
    LS_TRY(ls_gz_read(a->gz, part, (size_t)n * size, &got));
    if (got < (size_t)n * size)
      return ls_fail(LS_EDATA, "%s: truncated: ends within sample %jd, its header declares %jd",
                     a->path, a->row + (done + (int64_t)(got / size)) / a->width, a->rows);
    if (swaps) swap(part, n, size);
    ls_dtype_convert(a->type, part, n, cell, (char *)out + (size_t)done * ls_dtype_size(cell));
  }
  a->row += rows;
  return a->row == a->rows ? check_end(a) : LS_OK;
}

/* ---- x and y ---- */

static ls_status open_array(const ls_array_kind *kind, const ls_opening *what, const char *path,
                            int role, ls_arrays *r) {
  ls_array *a = &r->array[role];
  a->path = r->base.file[role].path = ls_mem_text(path);
  LS_TRY(ls_gz_open(path, &a->gz));
  return kind->header(a, role, what);
}

static ls_status open_arrays(const ls_array_kind *kind, const ls_opening *what, char *const path[2],
                             ls_arrays *r) {
  const ls_array *x = &r->array[0], *y = &r->array[1];
  for (int role = 0; role < r->base.files; role++)
    LS_TRY(open_array(kind, what, path[role], role, r));
  r->base.shape = (ls_shape){.rows = x->rows,
                             .features = x->width,
                             .outputs = y->width,
                             .bytes = x->type == LS_U8,
                             .single = x->type == LS_F32 || ls_dtype_size(x->type) <= 2};
  return path[1] ? kind->check(r, what->classes) : LS_OK;
}

ls_status ls_arrays_open(const ls_array_kind *kind, const ls_opening *what, char *const path[2],
                         ls_source **out) {
  LS_TRY(ls_source_new(kind->format, sizeof(ls_arrays), path[1] ? 2 : 1, out));
  ls_status status = open_arrays(kind, what, path, (ls_arrays *)*out);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* Once it has been read: what is kept of the file. */
static void describe(const ls_array *a, ls_data_file *file) {
  file->bytes = ls_gz_size(a->gz);
  file->samples = a->rows;
  ls_gz_digest(a->gz, file->digest);
}

ls_status ls_arrays_read(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  ls_arrays *r = (ls_arrays *)source;
  if (x) LS_TRY(ls_array_read(&r->array[0], rows, cell, x));
  if (source->files == 2) LS_TRY(ls_array_read(&r->array[1], rows, LS_F64, y));
  if (r->array[0].row < source->shape.rows) return LS_OK;
  for (int k = 0; k < source->files; k++) describe(&r->array[k], &source->file[k]);
  return LS_OK;
}

static ls_status rewind_array(ls_array *a) {
  char part[4096];
  size_t got = 1;
  LS_TRY(ls_gz_rewind(a->gz));
  a->row = 0;
  for (size_t left = a->header; left > 0 && got > 0; left -= got)
    LS_TRY(ls_gz_read(a->gz, part, left < sizeof part ? left : sizeof part, &got));
  return LS_OK;
}

ls_status ls_arrays_rewind(ls_source *source) {
  for (int k = 0; k < source->files; k++) LS_TRY(rewind_array(&((ls_arrays *)source)->array[k]));
  return LS_OK;
}

/* Stored as "big-endian int16". */
ls_status ls_arrays_columns(const ls_source *source, ls_columns *out) {
  for (int k = 0; k < source->files; k++) {
    const ls_array *a = &((const ls_arrays *)source)->array[k];
    const bool turned = a->big && ls_dtype_size(a->type) > 1;
    snprintf(out->stored[k], sizeof out->stored[k], "%s%s", turned ? "big-endian " : "",
             ls_dtype_name(a->type));
  }
  return LS_OK;
}

void ls_arrays_close(ls_source *source) {
  for (int k = 0; k < 2; k++) ls_gz_close(&((ls_arrays *)source)->array[k].gz);
}
