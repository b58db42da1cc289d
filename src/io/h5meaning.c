/* h5meaning.c - attributes are read as the widest number of their kind and turned into what the
 * dataset's own type would store, so that "missing" is a comparison of stored values, never of
 * unpacked ones. Begin with ls_h5_meaning_read, then ls_h5_meaning_apply. */
#include "io/h5meaning.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/status.h"
#include "io/h5text.h"
#include "io/h5type.h"

static const char *const missing_names[] = {"_FillValue", "missing_value"};

/* ---- attributes ---- */

/* The numbers of an attribute, as they are stored there. */
typedef struct {
  ls_dtype kind;
  int count; /* 0: there is no such attribute; -1: it holds no numbers, or too many */
  ls_h5_stored value[LS_H5_MISSING_MAX];
  bool same; /* of the dataset's own type */
} numbers;

/* The widest type of the same kind. */
static ls_dtype kind_of(hid_t type) {
  if (H5Tget_class(type) != H5T_INTEGER) return LS_F64;
  return H5Tget_sign(type) == H5T_SGN_NONE ? LS_U64 : LS_I64;
}

static ls_dtype kind_of_values(const ls_h5object *o) {
  return o->truths ? LS_U64 : kind_of(o->type);
}

static int count_of(hid_t attribute, hid_t type) {
  hid_t space = H5Aget_space(attribute);
  hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
  H5T_class_t class = H5Tget_class(type);
  if (space >= 0) H5Sclose(space);
  bool fits = count >= 1 && count <= LS_H5_MISSING_MAX;
  return fits && (class == H5T_INTEGER || class == H5T_FLOAT) ? (int)count : -1;
}

static numbers read_numbers(const ls_h5object *o, const char *name) {
  numbers found = {.count = 0};
  if (H5Aexists(o->id, name) <= 0) return found;
  hid_t attribute = H5Aopen(o->id, name, H5P_DEFAULT),
        type = attribute >= 0 ? H5Aget_type(attribute) : -1;
  found.count = type >= 0 ? count_of(attribute, type) : -1;
  if (found.count > 0) {
    found.kind = kind_of(type);
    found.same = kind_of_values(o) == found.kind && o->width == H5Tget_size(type);
    if (H5Aread(attribute, ls_h5_type_native(found.kind), found.value) < 0) found.count = -1;
  }
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  return found;
}

/* _Unsigned = "true": NetCDF's classic model had signed types only. */
static bool says_unsigned(hid_t set) {
  ls_h5text text;
  ls_h5text_read(set, "_Unsigned", &text);
  bool yes = text.count == 1 && strcasecmp(text.block, "true") == 0;
  free(text.block);
  return yes;
}

/* ---- an attribute's number as the dataset would store it ---- */

static double as_real(ls_dtype kind, ls_h5_stored v) { return ls_dtype_get(kind, &v, 0); }

static bool as_whole(ls_dtype kind, ls_h5_stored v, int64_t *whole, bool *negative) {
  if (kind == LS_F64) {
    if (!(v.real == floor(v.real) && v.real >= -0x1p63 && v.real < 0x1p64)) return false;
    *negative = v.real < 0;
    *whole = v.real < 0 ? (int64_t)v.real : (int64_t)(uint64_t)v.real;
    return true;
  }
  *negative = kind == LS_I64 && v.whole < 0;
  *whole = v.whole;
  return true;
}

/* false: the dataset's type does not have it, so no value of it is equal. */
static bool as_stored(const ls_h5_meaning *m, size_t bytes, ls_dtype kind, ls_h5_stored v,
                      ls_h5_stored *out) {
  if (m->kind == LS_F64) {
    double real = as_real(kind, v);
    out->real = bytes == sizeof(float) ? (double)(float)real : real;
    return !isnan(real);
  }
  int bits = 8 * (int)bytes;
  int64_t whole;
  bool negative;
  if (!as_whole(kind, v, &whole, &negative)) return false;
  uint64_t size = negative ? -(uint64_t)whole - 1 : (uint64_t)whole;
  bool is_signed = m->kind == LS_I64;
  out->whole = (int64_t)((uint64_t)whole & m->mask); /* read as unsigned, as the values are */
  if (negative) return (is_signed || m->reread) && size >> (bits - 1) == 0;
  return is_signed ? size >> (bits - 1) == 0 : size >> (bits - 1) >> 1 == 0;
}

/* ---- what they mean together ---- */

static ls_status read_factor(const ls_h5object *o, const char *name, double *value) {
  numbers found = read_numbers(o, name);
  if (found.count == 0) return LS_OK;
  double given = found.count == 1 ? as_real(found.kind, found.value[0]) : (double)NAN;
  if (!isfinite(given)) return ls_fail(LS_EDATA, "its attribute %s is not one finite number", name);
  *value = given;
  return LS_OK;
}

/* What NetCDF fills a variable with that has no _FillValue: types of one byte have no such mark. */
static bool is_unwritten(ls_dtype kind, size_t bytes, ls_h5_stored v) {
  const int spare = 64 - 8 * (int)bytes;
  const int64_t most = INT64_MAX >> spare;
  if (kind == LS_F64) return v.real == 0x1.ep+122;
  if (kind == LS_I64) return v.whole == (spare ? -most : 1 - most);
  return (uint64_t)v.whole == (UINT64_MAX >> spare) - (spare ? 0 : 1);
}

/* The fill value of HDF5 means nothing, unless it is NetCDF's own. */
static void read_unwritten(const ls_h5object *o, ls_h5_meaning *m) {
  H5D_fill_value_t defined;
  ls_h5_stored fill;
  if (o->truths || o->width < 2 || o->width > sizeof fill) return;
  if (H5Pfill_value_defined(o->plist, &defined) < 0 || defined != H5D_FILL_VALUE_USER_DEFINED)
    return;
  if (H5Pget_fill_value(o->plist, ls_h5_type_native(m->kind), &fill) < 0) return;
  if (is_unwritten(m->kind, o->width, fill)) m->value[m->missing++] = fill;
}

static ls_status read_missing(const ls_h5object *o, ls_h5_meaning *m) {
  if (H5Aexists(o->id, missing_names[0]) <= 0) read_unwritten(o, m);
  for (int k = 0; k < 2; k++) {
    numbers found = read_numbers(o, missing_names[k]);
    if (found.count < 0)
      return ls_fail(LS_EDATA, "its attribute %s holds no numbers, or too many", missing_names[k]);
    for (int i = 0; i < found.count; i++)
      m->missing += as_stored(m, o->width, found.kind, found.value[i], &m->value[m->missing]);
  }
  return LS_OK;
}

/* Only what cannot mean anything else: limits of the type that is stored, or of values that mean
 * themselves. */
static void read_limit(const ls_h5object *o, const char *name, int count, int i, ls_h5_meaning *m,
                       double *limit) {
  numbers found = read_numbers(o, name);
  ls_h5_stored stored;
  if (found.count != count || (m->packed && !found.same)) return;
  if (!as_stored(m, o->width, found.kind, found.value[i], &stored)) return;
  *limit = as_real(m->kind, stored);
  m->ranged = true;
}

static void read_limits(const ls_h5object *o, ls_h5_meaning *m) {
  m->least = -INFINITY;
  m->most = INFINITY;
  read_limit(o, "valid_min", 1, 0, m, &m->least);
  read_limit(o, "valid_max", 1, 0, m, &m->most);
  read_limit(o, "valid_range", 2, 0, m, &m->least);
  read_limit(o, "valid_range", 2, 1, m, &m->most);
}

/* "packed: times 0.1 plus 20; missing: -1, -2; valid: 0 to 100" */
static void describe(const ls_h5_meaning *m, char *text, size_t size) {
  FILE *to = fmemopen(text, size, "w");
  if (!to) return;
  const char *between = "";
  if (m->reread) fputs("read as unsigned", to), between = "; ";
  if (m->packed) {
    fprintf(to, "%spacked: times %.9g plus %.9g", between, m->scale, m->offset);
    between = "; ";
  }
  for (int i = 0; i < m->missing; i++) {
    fprintf(to, "%s%s%.9g", i ? ", " : between,
            i ? "" : "missing: ", as_real(m->kind, m->value[i]));
    if (i == m->missing - 1) between = "; ";
  }
  if (m->ranged) fprintf(to, "%svalid: %.9g to %.9g", between, m->least, m->most);
  fclose(to);
}

ls_status ls_h5_meaning_read(const ls_h5object *o, ls_h5_meaning *m, char *text, size_t size) {
  *m = (ls_h5_meaning){.kind = kind_of_values(o), .mask = UINT64_MAX, .scale = 1};
  *text = 0;
  if (m->kind != LS_F64 && o->width > sizeof(int64_t))
    return ls_fail(LS_EDATA, "integers of %zu bytes are not read", o->width);
  if (m->kind == LS_I64 && says_unsigned(o->id)) {
    m->mask = UINT64_MAX >> (64 - 8 * o->width);
    m->kind = LS_U64;
    m->reread = true;
  }
  LS_TRY(read_factor(o, "scale_factor", &m->scale));
  if (m->scale == 0)
    return ls_fail(LS_EDATA, "its attribute scale_factor is 0: all values would be the same");
  LS_TRY(read_factor(o, "add_offset", &m->offset));
  m->packed = m->scale != 1 || m->offset != 0;
  LS_TRY(read_missing(o, m));
  read_limits(o, m);
  describe(m, text, size);
  return LS_OK;
}

/* ---- values ---- */

hid_t ls_h5_meaning_type(const ls_h5_meaning *m) {
  return ls_h5_type_native(m->reread ? LS_I64 : m->kind);
}

static bool is_missing(const ls_h5_meaning *m, ls_h5_stored v) {
  for (int i = 0; i < m->missing; i++)
    if (m->kind == LS_F64 ? v.real == m->value[i].real : v.whole == m->value[i].whole) return true;
  double real = as_real(m->kind, v);
  return m->ranged && (real < m->least || real > m->most);
}

static double unpacked(const ls_h5_meaning *m, ls_h5_stored v) {
  double real = as_real(m->kind, v);
  return m->packed ? real * m->scale + m->offset : real;
}

/* A whole number that means itself is rounded to float32 in one step. */
static float single(const ls_h5_meaning *m, ls_h5_stored v) {
  if (m->packed || m->kind == LS_F64) return (float)unpacked(m, v);
  return m->kind == LS_I64 ? (float)v.whole : (float)(uint64_t)v.whole;
}

void ls_h5_meaning_apply(const ls_h5_meaning *m, const ls_h5_stored *in, int64_t n, ls_dtype cell,
                         void *out) {
  for (int64_t i = 0; i < n; i++) {
    ls_h5_stored v = in[i];
    if (m->kind != LS_F64) v.whole = (int64_t)((uint64_t)v.whole & m->mask);
    bool missing = is_missing(m, v);
    if (cell == LS_U8)
      ((uint8_t *)out)[i] = (uint8_t)v.whole;
    else if (cell == LS_F32)
      ((float *)out)[i] = missing ? NAN : single(m, v);
    else
      ((double *)out)[i] = missing ? (double)NAN : unpacked(m, v);
  }
}
