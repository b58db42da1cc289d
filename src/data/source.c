/* What every open source has, whatever its format (format.h). */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/format.h"

double ls_opening_filling(const ls_opening *what) {
  return what->spec->missing.fill ? what->spec->missing.x : (double)NAN;
}

void ls_fill_missing(double filling, ls_dtype cell, int64_t n, void *x) {
  if (isnan(filling)) return;
  for (int64_t i = 0; i < n && cell == LS_F32; i++)
    if (isnan(((float *)x)[i])) ((float *)x)[i] = (float)filling;
  for (int64_t i = 0; i < n && cell == LS_F64; i++)
    if (isnan(((double *)x)[i])) ((double *)x)[i] = filling;
}

ls_status ls_source_new(const ls_format *format, size_t size, int files, ls_source **out) {
  LS_TRY(ls_mem_new((void **)out, 1, size));
  (*out)->format = format;
  ls_status status =
      files ? ls_mem_new((void **)&(*out)->file, (size_t)files, sizeof *(*out)->file) : LS_OK;
  if (status != LS_OK)
    LS_FREE(*out);
  else
    (*out)->files = files;
  return status;
}

void ls_source_close(ls_source **out) {
  ls_source *source = *out;
  if (!source) return;
  source->format->close(source);
  for (int i = 0; i < source->files; i++) LS_FREE(source->file[i].path);
  LS_FREE(source->file);
  LS_FREE(*out);
}

ls_status ls_source_keys(ls_source *source, const char *by, uint64_t *key) {
  if (source->format->keys) return source->format->keys(source, by, key);
  return ls_fail(LS_ECONFIG,
                 "data.validation.how: group: %s files have no column or dataset to group by; use "
                 "random or last",
                 source->format->name);
}
