/* dtype.c - the header's list of types spelt out by macros: a table of names and sizes, and one
 * plain loop for each type that becomes a real. Numbers are converted to the two reals only. */
#include "base/dtype.h"

#include <string.h>

#define ROW(type, c, name) [type] = {name, sizeof(c)},
static const struct {
  const char *name;
  size_t size;
} types[] = {LS_DTYPES(ROW)[LS_FIXED_TEXT] = {"text", 0}, [LS_RECORD] = {"row", 0}};

size_t ls_dtype_size(ls_dtype type) { return types[type].size; }

const char *ls_dtype_name(ls_dtype type) { return types[type].name; }

bool ls_dtype_named(const char *name, ls_dtype *out) {
  for (int t = 0; t <= LS_RECORD; t++) {
    *out = (ls_dtype)t;
    if (strcmp(name, types[t].name) == 0) return true;
  }
  return false;
}

#define TO_F32(type, c, name)                                                      \
  case type:                                                                       \
    for (int64_t i = 0; i < n; i++) ((float *)out)[i] = (float)((const c *)in)[i]; \
    break;
#define TO_F64(type, c, name)                                                        \
  case type:                                                                         \
    for (int64_t i = 0; i < n; i++) ((double *)out)[i] = (double)((const c *)in)[i]; \
    break;

static void to_f32(ls_dtype from, const void *in, int64_t n, void *out) {
  switch (from) {
    LS_DTYPES(TO_F32)
    default:
      break;
  }
}

static void to_f64(ls_dtype from, const void *in, int64_t n, void *out) {
  switch (from) {
    LS_DTYPES(TO_F64)
    default:
      break;
  }
}

void ls_dtype_convert(ls_dtype from, const void *in, int64_t n, ls_dtype to, void *out) {
  if (from == to)
    memcpy(out, in, (size_t)n * ls_dtype_size(to));
  else if (to == LS_F32)
    to_f32(from, in, n, out);
  else if (to == LS_F64)
    to_f64(from, in, n, out);
}
