/* array.c - 64 KiB at a time: read, turned round where the bytes are the other way, converted.
 * That the header is true is checked twice: could the file hold as much, and does it end there
 * (check_end)? */
#include "data/formats/array.h"

#include <stdio.h>

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
                 "%s: its header declares %lld samples, more than its %lld bytes can hold; "
                 "truncated or damaged",
                 a->path, (long long)a->rows, (long long)ls_gz_size(a->gz));
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
  return ls_fail(LS_EDATA, "%s: longer than its header declares (%lld samples)", a->path,
                 (long long)a->rows);
}

ls_status ls_array_read(ls_array *a, int64_t rows, ls_dtype cell, void *out) {
  _Alignas(8) unsigned char part[CHUNK_BYTES];
  const size_t size = ls_dtype_size(a->type);
  const int64_t count = rows * a->width, most = CHUNK_BYTES / (int64_t)size;
  const bool swaps = a->big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
  for (int64_t done = 0, n; done < count; done += n) {
    size_t got;
    n = count - done < most ? count - done : most;
    LS_TRY(ls_gz_read(a->gz, part, (size_t)n * size, &got));
    if (got < (size_t)n * size)
      return ls_fail(LS_EDATA, "%s: truncated: ends within sample %lld, its header declares %lld",
                     a->path, (long long)(a->row + (done + (int64_t)(got / size)) / a->width),
                     (long long)a->rows);
    if (swaps) swap(part, n, size);
    ls_dtype_convert(a->type, part, n, cell, (char *)out + (size_t)done * ls_dtype_size(cell));
  }
  a->row += rows;
  return a->row == a->rows ? check_end(a) : LS_OK;
}

ls_status ls_array_rewind(ls_array *a) {
  char part[4096];
  size_t got = 1;
  LS_TRY(ls_gz_rewind(a->gz));
  a->row = 0;
  for (size_t left = a->header; left > 0 && got > 0; left -= got)
    LS_TRY(ls_gz_read(a->gz, part, left < sizeof part ? left : sizeof part, &got));
  return LS_OK;
}

void ls_array_about(const ls_array *a, ls_data_file *file) {
  file->bytes = ls_gz_size(a->gz);
  file->samples = a->rows;
  ls_gz_digest(a->gz, file->digest);
}

void ls_array_inputs(const ls_array *a, ls_shape *shape) {
  shape->rows = a->rows;
  shape->features = a->width;
  shape->bytes = a->type == LS_U8;
  shape->single = a->type == LS_F32 || ls_dtype_size(a->type) <= 2;
}

void ls_array_type(const ls_array *a, char *text, size_t size) {
  snprintf(text, size, "%s%s", a->big && ls_dtype_size(a->type) > 1 ? "big-endian " : "",
           ls_dtype_name(a->type));
}
