/* h5rows.c - what must hold before a row is believed, in the order of open_rows: type, shape,
 * storage (filters, sizes, chunks all written), meaning. At the end, when the values need no
 * HDF5 at all (ls_h5rows_layout): no filter, whole rows a chunk, no user block. */
#include "io/h5rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/typed.h"
#include "io/h5text.h"
#include "io/h5type.h"
#include "io/h5view.h"

enum { EXPANSION = 1032, CACHE_MAX = 1 << 30 }; /* deflate makes at most so much of a byte */

struct ls_h5rows {
  ls_h5object object;
  bool transpose;
  int row; /* the dimension that samples are an index of */
  ls_h5_shape shape;
  ls_h5_meaning meaning;
  ls_h5view *view; /* NULL: rows are as they lie in the file */
};

#define WRONG(s, text, ...) \
  ls_fail(LS_EDATA, "%s: %s " text, (s)->object.core->path, (s)->object.name, ##__VA_ARGS__)

/* ---- type and shape ---- */

static bool has_members(const ls_h5object *o, const char *first, const char *second) {
  return o->class == H5T_COMPOUND && H5Tget_member_index(o->type, first) >= 0 &&
         H5Tget_member_index(o->type, second) >= 0;
}

/* h5py's complex numbers; Matlab's and Octave's. */
static bool is_complex(const ls_h5object *o) {
  return has_members(o, "r", "i") || has_members(o, "real", "imag");
}

static bool is_matlab(const ls_h5object *o, const char *class) {
  ls_h5text text;
  ls_h5text_read(o->id, "MATLAB_class", &text);
  bool yes = text.count == 1 && strcmp(text.block, class) == 0;
  free(text.block);
  return yes;
}

/* What whoever wrote it can do. */
static const char *hint_of(const ls_h5object *o) {
  static const char *const hint[] = {
      [H5T_ENUM] = "; write them as numbers: x.astype('u1')",
      [H5T_BITFIELD] = "; write them as numbers: x.astype('u1')",
      [H5T_COMPOUND] = "; write its fields as datasets of their own (h5py: f['a'] = f['t']['a'])",
      [H5T_STRING] = "; texts are classes, as y, with loss: cross_entropy",
      [H5T_VLEN] = "; rows of one length become an array: numpy.stack(x)",
      [H5T_ARRAY] = "; write them as plain numbers (h5py: f['b'] = f['a'][:])",
      [H5T_REFERENCE] = "; name the dataset that is referred to",
      [H5T_NCLASSES] = NULL};
  if (is_complex(o)) return "; write its real and imaginary parts as datasets of their own";
  if (has_members(o, "base", "limit")) return "; a range of Octave: save x(:)";
  if (is_matlab(o, "cell"))
    return "; a cell array of Matlab: number its texts, [~, ~, y] = unique(x), and save y - 1";
  return o->class >= 0 && hint[o->class] ? hint[o->class] : "";
}

static ls_status read_type(ls_h5rows *s) {
  const ls_h5object *o = &s->object;
  ls_h5_shape *shape = &s->shape;
  memcpy(shape->type, o->kind, sizeof shape->type);
  if (o->class != H5T_INTEGER && o->class != H5T_FLOAT)
    return WRONG(s, "holds no numbers but %s values%s", o->kind, hint_of(o));
  if (H5Aexists(o->id, "MATLAB_empty") > 0) /* its dimensions are what is stored */
    return WRONG(s, "holds no samples: an empty matrix");
  if (is_matlab(o, "char"))
    return WRONG(s,
                 "holds letters; number its texts in Matlab, [~, ~, y] = unique(cellstr(x)), and "
                 "save y - 1");
  shape->integer = o->class == H5T_INTEGER;
  shape->bytes = o->truths || (strcmp(o->kind, "uint8") == 0 && H5Tget_precision(o->type) == 8);
  if (shape->integer)
    shape->single = o->width <= 2;
  else
    shape->single = H5Tequal(o->type, H5T_IEEE_F32LE) > 0 || H5Tequal(o->type, H5T_IEEE_F32BE) > 0;
  return LS_OK;
}

static ls_status read_shape(ls_h5rows *s) {
  const ls_h5object *o = &s->object;
  ls_h5_shape *shape = &s->shape;
  if (o->dims < 1) return WRONG(s, "has no rows: a single value or none");
  shape->dims = o->dims;
  shape->width = 1;
  s->row = s->transpose ? o->dims - 1 : 0;
  for (int k = 0; k < o->dims; k++) {
    int64_t extent = (int64_t)o->extent[k];
    if (extent == 0) return WRONG(s, "holds no samples: dimension %d is 0", k + 1);
    if (o->extent[k] > INT64_MAX / 16 ||
        (k != s->row && __builtin_mul_overflow(shape->width, extent, &shape->width)))
      return WRONG(s, "declares more values than can be");
    shape->dim[s->transpose ? o->dims - 1 - k : k] = extent;
  }
  shape->rows = shape->dim[0];
  return LS_OK;
}

static ls_status read_meaning(ls_h5rows *s) {
  ls_h5_meaning *m = &s->meaning;
  ls_h5_shape *shape = &s->shape;
  ls_status status = ls_h5_meaning_read(&s->object, m, shape->meaning, sizeof shape->meaning);
  if (status != LS_OK)
    return ls_fail_prefix(status, "%s: %s", s->object.core->path, s->object.name);
  if (ls_h5_meaning_any(m)) shape->bytes = false;
  if (m->packed) shape->integer = shape->single = false;
  if (!s->transpose && !ls_h5_meaning_any(m)) return LS_OK;
  return ls_h5view_new(&s->object, s->transpose, m, &s->view);
}

/* ---- is all there that is declared? ---- */

static ls_status check_filters(const ls_h5rows *s) {
  for (int i = 0; i < H5Pget_nfilters(s->object.plist); i++) {
    unsigned flags, config;
    size_t values = 0;
    char name[64] = "";
    H5Z_filter_t filter = H5Pget_filter2(s->object.plist, (unsigned)i, &flags, &values, NULL,
                                         sizeof name, name, &config);
    if (filter < 0 || filter >= H5Z_FILTER_RESERVED || H5Zfilter_avail(filter) <= 0)
      return ls_fail_remedy(
          WRONG(s, "is stored with filter %d (%s), which is not built into HDF5", (int)filter,
                name),
          "write it again by gzip: ptrepack --complib=zlib FILE NEW (PyTables), or h5py's "
          "compression='gzip'",
          s->object.core->path);
  }
  return LS_OK;
}

/* How many chunks the declared shape needs, and a cache for all those that one row touches. */
static bool count_chunks(const ls_h5rows *s, hsize_t *chunks, hsize_t *across, hsize_t *bytes) {
  const ls_h5object *o = &s->object;
  hsize_t chunk[H5S_MAX_RANK];
  if (H5Pget_chunk(o->plist, o->dims, chunk) != o->dims) return false;
  *chunks = *bytes = *across = 1;
  for (int k = 0; k < o->dims; k++) {
    if (chunk[k] == 0) return false;
    hsize_t n = (o->extent[k] + chunk[k] - 1) / chunk[k];
    if (__builtin_mul_overflow(*chunks, n, chunks) ||
        __builtin_mul_overflow(*bytes, chunk[k], bytes))
      return false;
    if (k != s->row) *across *= n;
  }
  return true;
}

/* Room for one row of chunks, so that none is unpacked twice. It is a property of opening: open
 * again. */
static ls_status cache_chunks(ls_h5rows *s, hsize_t bytes) {
  ls_h5object *o = &s->object;
  if (bytes <= 1 << 20 || bytes > CACHE_MAX) return LS_OK;
  hid_t access = H5Pcopy(o->core->access);
  H5Pset_chunk_cache(access, 12421, (size_t)bytes + (1 << 20), 1.0);
  H5Oclose(o->id);
  o->id = H5Dopen2(o->core->id, o->name, access);
  H5Pclose(access);
  return o->id >= 0 ? LS_OK : WRONG(s, "cannot be opened");
}

static ls_status check_chunks(ls_h5rows *s) {
  const ls_h5object *o = &s->object;
  hsize_t chunks, across, bytes, written;
  if (!count_chunks(s, &chunks, &across, &bytes) ||
      H5Dget_num_chunks(o->id, o->space, &written) < 0)
    return WRONG(s, "has a damaged chunk index");
  if (written < chunks)
    return WRONG(s, "has never been written in full: %llu of its %llu chunks are there",
                 (unsigned long long)written, (unsigned long long)chunks);
  return cache_chunks(s, across * bytes * o->width);
}

/* NetCDF's dimensions have a place in the file, and values only where a variable is called so. */
static bool is_dimension(const ls_h5object *o) {
  static const char begin[] = "This is a netCDF dimension but not a netCDF variable";
  ls_h5text text;
  ls_h5text_read(o->id, "NAME", &text);
  const bool is = text.count == 1 && strncmp(text.block, begin, sizeof begin - 1) == 0;
  free(text.block);
  return is;
}

static ls_status check_storage(ls_h5rows *s) {
  const ls_h5object *o = &s->object;
  if (is_dimension(o)) return WRONG(s, "is a dimension of NetCDF without values");
  LS_TRY(check_filters(s));
  hsize_t stored = H5Dget_storage_size(o->id), declared;
  hsize_t most = H5Pget_nfilters(o->plist) > 0 ? EXPANSION : 1;
  struct stat about;
  if (stat(o->core->path, &about) != 0 || stored > (hsize_t)about.st_size ||
      __builtin_mul_overflow((hsize_t)s->shape.rows, (hsize_t)s->shape.width, &declared) ||
      __builtin_mul_overflow(declared, (hsize_t)o->width, &declared) || declared / most > stored)
    return WRONG(s,
                 "declares %jd rows of %jd values, more than is stored: never written "
                 "in full, truncated or damaged",
                 s->shape.rows, s->shape.width);
  return H5Pget_layout(o->plist) == H5D_CHUNKED ? check_chunks(s) : LS_OK;
}

/* ---- opening, reading ---- */

static ls_status open_rows(ls_h5rows *s, const ls_h5core *core, const char *name) {
  LS_TRY(ls_h5object_open(core, name, &s->object));
  LS_TRY(read_type(s));
  LS_TRY(read_shape(s));
  LS_TRY(check_storage(s));
  return read_meaning(s);
}

ls_status ls_h5rows_open(const ls_h5core *core, const char *name, bool transpose, ls_h5rows **out) {
  LS_NEW(*out, 1);
  (*out)->transpose = transpose;
  return open_rows(*out, core, name);
}

const ls_h5_shape *ls_h5rows_shape(const ls_h5rows *s) { return &s->shape; }

bool ls_h5rows_is(const ls_h5rows *s, const char *name, bool transpose) {
  return s->transpose == transpose && strcmp(s->object.name, name) == 0;
}

ls_status ls_h5rows_read(ls_h5rows *s, int64_t lo, int64_t count, ls_dtype cell, void *out) {
  bool ok = s->view ? ls_h5view_read(s->view, lo, count, cell, out)
                    : ls_h5object_read(&s->object, 0, lo, count, ls_h5_type_native(cell), out);
  return ok ? LS_OK
            : WRONG(s, "cannot be read in rows %jd to %jd: truncated or damaged", lo,
                    lo + count - 1);
}

/* ---- where it is ---- */

/* Rows of a chunk, or all of them where there are no chunks. 0: filtered, or chunks of parts of
 * rows, or values that are not what they look like, or the file has a user block, which some
 * versions of HDF5 forget to count. */
static int64_t rows_of_piece(const ls_h5rows *s) {
  const ls_h5object *o = &s->object;
  hsize_t chunk[H5S_MAX_RANK], user = 0;
  hid_t made = H5Fget_create_plist(o->core->id);
  bool known = H5Pget_userblock(made, &user) >= 0 && user == 0 && H5Pget_nfilters(o->plist) == 0;
  H5Pclose(made);
  if (!known || s->view) return 0;
  if (H5Pget_layout(o->plist) == H5D_CONTIGUOUS) return s->shape.rows;
  if (H5Pget_layout(o->plist) != H5D_CHUNKED || H5Pget_chunk(o->plist, o->dims, chunk) != o->dims)
    return 0;
  for (int k = 1; k < o->dims; k++)
    if (chunk[k] != o->extent[k]) return 0;
  return (int64_t)chunk[0];
}

static bool find_piece(const ls_h5rows *s, int64_t row, int64_t *offset) {
  hsize_t at[H5S_MAX_RANK] = {(hsize_t)row}, bytes = 0;
  haddr_t where = HADDR_UNDEF;
  unsigned mask = 0;
  if (H5Pget_layout(s->object.plist) != H5D_CHUNKED)
    where = H5Dget_offset(s->object.id);
  else if (H5Dget_chunk_info_by_coord(s->object.id, at, &mask, &where, &bytes) < 0 || mask != 0)
    return false;
  *offset = (int64_t)where;
  return where != HADDR_UNDEF && where <= INT64_MAX / 2;
}

ls_status ls_h5rows_layout(const ls_h5rows *s, ls_h5_layout *layout, int64_t **offset) {
  ls_dtype type;
  *offset = NULL;
  *layout = (ls_h5_layout){0};
  if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || !ls_h5_type_find(s->object.type, &type))
    return LS_OK;
  int64_t rows = rows_of_piece(s), pieces = rows > 0 ? (s->shape.rows - 1) / rows + 1 : 0;
  if (pieces == 0 || pieces > LS_H5_PIECES_MAX) return LS_OK;
  LS_NEW(*offset, pieces);
  for (int64_t i = 0; i < pieces; i++)
    if (!find_piece(s, i * rows, &(*offset)[i])) return LS_OK;
  *layout = (ls_h5_layout){pieces, rows * s->shape.width, type};
  return LS_OK;
}
