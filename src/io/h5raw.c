#include "io/h5raw.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "io/h5sign.h"
#include "io/h5type.h"
#include "io/h5view.h"

enum { EXPANSION = 1032, CACHE_MAX = 1 << 30, LIST_MAX = 10000 };

struct ls_h5raw {
  char *file, *name;
  hid_t id, set, space;
  hid_t access; /* how links are followed and datasets opened */
  bool transpose;
  int64_t extent[LS_H5_DIMS]; /* as stored */
  int row;                    /* the dimension that samples are an index of */
  ls_h5_shape shape;
  ls_h5_meaning meaning;
  ls_h5view *view; /* NULL: rows are as they lie in the file */
};

/* ---- the file ---- */

static herr_t refuse_external(const char *parent, const char *group, const char *file,
                              const char *object, unsigned *flags, hid_t access, void *arg) {
  (void)parent, (void)group, (void)file, (void)object, (void)flags, (void)access, (void)arg;
  return -1;
}

/* Our messages say what the library's stack of errors says; plug-in filters are code from who knows
 * where. */
static hid_t open_file(const char *path) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_sec2(access);
  H5Pset_file_locking(access, 0, 1);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  hid_t id = H5Fopen(path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return id;
}

static ls_status open_checked(const char *path, hid_t *id) {
  struct stat about;
  if (stat(path, &about) != 0) return ls_fail(LS_EDATA, "%s: no such file", path);
  if (!S_ISREG(about.st_mode)) return ls_fail(LS_EDATA, "%s: not a regular file", path);
  *id = open_file(path);
  if (*id >= 0) return LS_OK;
  const char *relative = ls_h5_relative(path);
  return relative ? ls_fail(LS_EDATA, "%s: %s", path, relative)
                  : ls_fail(LS_EDATA, "%s: no HDF5 file, or a truncated or damaged one", path);
}

/* ---- the path ---- */

/* Every component is a hard link, or a soft one (which stays within the file as each of its own
 * components is one of these). */
static ls_status check_path(const ls_h5raw *s) {
  char part[1024];
  if (snprintf(part, sizeof part, "%s%s", s->name[0] == '/' ? "" : "/", s->name) >=
      (int)sizeof part)
    return ls_fail(LS_EDATA, "%s: the dataset's name is too long", s->file);
  for (char *slash = part; slash; *slash = '/') {
    slash = strchr(slash + 1, '/');
    if (slash) *slash = 0;
    H5L_info_t link;
    if (part[1] && H5Lget_info(s->id, part, &link, s->access) < 0)
      return ls_fail(LS_EDATA, "%s: there is no %s in it; lockstep data info lists what there is",
                     s->file, part);
    if (part[1] && link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT)
      return ls_fail(
          LS_EDATA,
          "%s: %s is a link to another file, which is not followed; name that file itself", s->file,
          part);
    if (!slash) break;
  }
  return LS_OK;
}

static ls_status open_set(ls_h5raw *s) {
  s->access = H5Pcreate(H5P_DATASET_ACCESS);
  H5Pset_elink_cb(s->access, refuse_external, NULL);
  LS_TRY(check_path(s));
  hid_t object = H5Oopen(s->id, s->name, s->access);
  if (object < 0)
    return ls_fail(LS_EDATA,
                   "%s: %s can't be opened: a broken link, a link to another file, or damage",
                   s->file, s->name);
  if (H5Iget_type(object) != H5I_DATASET) {
    H5Oclose(object);
    return ls_fail(
        LS_EDATA, "%s: %s is no dataset but a group or type; lockstep data info lists the datasets",
        s->file, s->name);
  }
  s->set = object;
  return LS_OK;
}

/* ---- type and shape ---- */

static const char *class_name(H5T_class_t class) {
  static const char *const name[] = {"integer",   "float",           "time",     "text",
                                     "bit field", "opaque",          "compound", "reference",
                                     "enum",      "variable-length", "array"};
  return class >= 0 && class < (int)(sizeof name / sizeof *name) ? name[class] : "unknown";
}

/* false: not numbers; text then names the class. */
static bool describe_type(hid_t type, char *text, size_t size, bool *bytes, bool *integer) {
  H5T_class_t class = H5Tget_class(type);
  size_t width = H5Tget_size(type);
  *integer = class == H5T_INTEGER;
  bool is_unsigned = *integer && H5Tget_sign(type) == H5T_SGN_NONE;
  *bytes = is_unsigned && width == 1 && H5Tget_precision(type) == 8;
  bool big = width > 1 && H5Tget_order(type) == H5T_ORDER_BE;
  if (class == H5T_INTEGER || class == H5T_FLOAT)
    snprintf(text, size, "%s%s%zu", big ? "big-endian " : "",
             class == H5T_FLOAT ? "float"
             : is_unsigned      ? "uint"
                                : "int",
             8 * width);
  else
    snprintf(text, size, "%s", class_name(class));
  return class == H5T_INTEGER || class == H5T_FLOAT;
}

static bool is_single(hid_t type, const ls_h5_shape *shape) {
  return shape->integer ? H5Tget_size(type) <= 2
                        : H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0;
}

static ls_status read_type(ls_h5raw *s) {
  hid_t type = H5Dget_type(s->set);
  bool numbers = type >= 0 && describe_type(type, s->shape.type, sizeof s->shape.type,
                                            &s->shape.bytes, &s->shape.integer);
  if (numbers) s->shape.single = is_single(type, &s->shape);
  if (type >= 0) H5Tclose(type);
  return numbers ? LS_OK
                 : ls_fail(LS_EDATA, "%s: %s holds no numbers but %s values", s->file, s->name,
                           s->shape.type);
}

static ls_status read_shape(ls_h5raw *s) {
  hsize_t dim[H5S_MAX_RANK];
  ls_h5_shape *shape = &s->shape;
  s->space = H5Dget_space(s->set);
  shape->dims = s->space >= 0 && H5Sget_simple_extent_type(s->space) == H5S_SIMPLE
                    ? H5Sget_simple_extent_dims(s->space, dim, NULL)
                    : 0;
  if (shape->dims < 1)
    return ls_fail(LS_EDATA, "%s: %s has no rows: a single value or none", s->file, s->name);
  s->row = s->transpose ? shape->dims - 1 : 0;
  shape->width = 1;
  for (int k = 0; k < shape->dims; k++) {
    if (dim[k] == 0)
      return ls_fail(LS_EDATA, "%s: %s holds no samples: dimension %d is 0", s->file, s->name,
                     k + 1);
    if (dim[k] > INT64_MAX / 16 ||
        (k != s->row && __builtin_mul_overflow(shape->width, (int64_t)dim[k], &shape->width)))
      return ls_fail(LS_EDATA, "%s: %s declares more values than can be", s->file, s->name);
    s->extent[k] = (int64_t)dim[k];
    shape->dim[s->transpose ? shape->dims - 1 - k : k] = (int64_t)dim[k];
  }
  shape->rows = shape->dim[0];
  return LS_OK;
}

/* ---- meaning ---- */

static ls_status read_meaning(ls_h5raw *s) {
  ls_h5_meaning *m = &s->meaning;
  ls_h5_shape *shape = &s->shape;
  ls_status status = ls_h5_meaning_read(s->set, m, shape->meaning, sizeof shape->meaning);
  if (status != LS_OK) return ls_fail_prefix(status, "%s: %s", s->file, s->name);
  if (ls_h5_meaning_any(m)) shape->bytes = false;
  if (m->packed) shape->integer = shape->single = false;
  if (!s->transpose && !ls_h5_meaning_any(m)) return LS_OK;
  return ls_h5view_new(shape->dims, s->extent, s->transpose, m, &s->view);
}

/* ---- storage ---- */

static ls_status check_filters(const ls_h5raw *s, hid_t plist) {
  for (int i = 0; i < H5Pget_nfilters(plist); i++) {
    unsigned flags, config;
    size_t values = 0;
    char name[64] = "";
    H5Z_filter_t filter =
        H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, sizeof name, name, &config);
    if (filter < 0 || filter >= H5Z_FILTER_RESERVED || H5Zfilter_avail(filter) <= 0)
      return ls_fail(LS_EDATA,
                     "%s: %s is stored with filter %d (%s), which is not built into HDF5; h5repack "
                     "-f GZIP=4 makes a copy that is",
                     s->file, s->name, (int)filter, name);
  }
  return LS_OK;
}

/* How many chunks the declared shape needs, and a cache for all those that one row touches. */
static bool count_chunks(const ls_h5raw *s, hid_t plist, hsize_t *chunks, hsize_t *across,
                         hsize_t *bytes) {
  hsize_t chunk[H5S_MAX_RANK];
  if (H5Pget_chunk(plist, s->shape.dims, chunk) != s->shape.dims) return false;
  *chunks = *bytes = *across = 1;
  for (int k = 0; k < s->shape.dims; k++) {
    if (chunk[k] == 0) return false;
    hsize_t n = ((hsize_t)s->extent[k] + chunk[k] - 1) / chunk[k];
    if (__builtin_mul_overflow(*chunks, n, chunks) ||
        __builtin_mul_overflow(*bytes, chunk[k], bytes))
      return false;
    if (k != s->row) *across *= n;
  }
  return true;
}

/* Room for one row of chunks, so that none is unpacked twice. It is a property of opening: open
 * again. */
static ls_status cache_chunks(ls_h5raw *s, hsize_t bytes) {
  if (bytes <= 1 << 20 || bytes > CACHE_MAX) return LS_OK;
  H5Pset_chunk_cache(s->access, 12421, (size_t)bytes + (1 << 20), 1.0);
  H5Dclose(s->set);
  s->set = H5Dopen2(s->id, s->name, s->access);
  return s->set >= 0 ? LS_OK : ls_fail(LS_EDATA, "%s: %s can't be opened", s->file, s->name);
}

static ls_status check_chunks(ls_h5raw *s, hid_t plist, size_t value) {
  hsize_t chunks, across, bytes, written;
  if (!count_chunks(s, plist, &chunks, &across, &bytes) ||
      H5Dget_num_chunks(s->set, s->space, &written) < 0)
    return ls_fail(LS_EDATA, "%s: %s has a damaged chunk index", s->file, s->name);
  if (written < chunks)
    return ls_fail(LS_EDATA,
                   "%s: %s has never been written in full: %llu of its %llu chunks are there",
                   s->file, s->name, (unsigned long long)written, (unsigned long long)chunks);
  return cache_chunks(s, across * bytes * value);
}

/* Virtual and external datasets live in other files, which must not even be looked at for their
 * extent. */
static ls_status check_inside(const ls_h5raw *s) {
  hid_t plist = H5Dget_create_plist(s->set);
  bool inside =
      plist >= 0 && H5Pget_layout(plist) != H5D_VIRTUAL && H5Pget_external_count(plist) == 0;
  if (plist >= 0) H5Pclose(plist);
  return inside ? LS_OK
                : ls_fail(LS_EDATA,
                          "%s: %s keeps its values in other files, which are not followed; "
                          "h5repack makes one file",
                          s->file, s->name);
}

static ls_status check_layout(ls_h5raw *s, hid_t plist, size_t value) {
  LS_TRY(check_filters(s, plist));
  hsize_t stored = H5Dget_storage_size(s->set), declared;
  hsize_t most = H5Pget_nfilters(plist) > 0 ? EXPANSION : 1;
  struct stat about;
  if (stat(s->file, &about) != 0 || stored > (hsize_t)about.st_size ||
      __builtin_mul_overflow((hsize_t)s->shape.rows, (hsize_t)s->shape.width, &declared) ||
      __builtin_mul_overflow(declared, (hsize_t)value, &declared) || declared / most > stored)
    return ls_fail(LS_EDATA,
                   "%s: %s declares %lld rows of %lld values, more than is stored: never written "
                   "in full, truncated or damaged",
                   s->file, s->name, (long long)s->shape.rows, (long long)s->shape.width);
  return H5Pget_layout(plist) == H5D_CHUNKED ? check_chunks(s, plist, value) : LS_OK;
}

static ls_status check_storage(ls_h5raw *s) {
  hid_t plist = H5Dget_create_plist(s->set), type = H5Dget_type(s->set);
  ls_status status = plist < 0 || type < 0
                         ? ls_fail(LS_EDATA, "%s: %s is damaged", s->file, s->name)
                         : check_layout(s, plist, H5Tget_size(type));
  if (plist >= 0) H5Pclose(plist);
  if (type >= 0) H5Tclose(type);
  return status;
}

/* ---- up, down, reading ---- */

static ls_status open_object(ls_h5raw *s) {
  LS_TRY(open_checked(s->file, &s->id));
  LS_TRY(open_set(s));
  return check_inside(s);
}

static ls_status open_numbers(ls_h5raw *s) {
  LS_TRY(open_object(s));
  LS_TRY(read_type(s));
  LS_TRY(read_shape(s));
  LS_TRY(check_storage(s));
  return read_meaning(s);
}

static ls_status open_by(ls_status (*open)(ls_h5raw *s), const char *file, const char *dataset,
                         bool transpose, ls_h5raw **out) {
  LS_NEW(*out, 1);
  (*out)->transpose = transpose;
  (*out)->id = (*out)->set = (*out)->space = (*out)->access = -1;
  (*out)->file = ls_mem_text(file);
  (*out)->name = ls_mem_text(dataset);
  ls_status status = open(*out);
  if (status != LS_OK) ls_h5raw_close(out);
  return status;
}

ls_status ls_h5raw_open(const char *file, const char *dataset, bool transpose, ls_h5raw **out) {
  return open_by(open_numbers, file, dataset, transpose, out);
}
ls_status ls_h5raw_object(const char *file, const char *dataset, ls_h5raw **out) {
  return open_by(open_object, file, dataset, false, out);
}
int64_t ls_h5raw_id(const ls_h5raw *set) { return set->set; }

void ls_h5raw_close(ls_h5raw **out) {
  ls_h5raw *s = *out;
  if (!s) return;
  if (s->space >= 0) H5Sclose(s->space);
  if (s->set >= 0) H5Dclose(s->set);
  if (s->access >= 0) H5Pclose(s->access);
  if (s->id >= 0) H5Fclose(s->id);
  ls_h5view_free(&s->view);
  LS_FREE(s->file);
  LS_FREE(s->name);
  LS_FREE(*out);
}

const ls_h5_shape *ls_h5raw_shape(const ls_h5raw *set) { return &set->shape; }

static bool read_plainly(ls_h5raw *s, int64_t lo, int64_t rows, ls_dtype cell, void *out) {
  hsize_t start[LS_H5_DIMS] = {(hsize_t)lo}, count[LS_H5_DIMS];
  for (int k = 0; k < s->shape.dims; k++) count[k] = (hsize_t)s->shape.dim[k];
  count[0] = (hsize_t)rows;
  hid_t memory = H5Screate_simple(s->shape.dims, count, NULL);
  bool ok = memory >= 0 &&
            H5Sselect_hyperslab(s->space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
            H5Dread(s->set, ls_h5_type_native(cell), memory, s->space, H5P_DEFAULT, out) >= 0;
  if (memory >= 0) H5Sclose(memory);
  return ok;
}

ls_status ls_h5raw_read(ls_h5raw *s, int64_t lo, int64_t rows, ls_dtype cell, void *out) {
  bool ok = s->view ? ls_h5view_read(s->view, s->set, s->space, lo, rows, cell, out)
                    : read_plainly(s, lo, rows, cell, out);
  return ok ? LS_OK
            : ls_fail(LS_EDATA, "%s: %s can't be read in rows %lld to %lld: truncated or damaged",
                      s->file, s->name, (long long)lo, (long long)(lo + rows - 1));
}

/* ---- where it is ---- */

static bool plain_type(const ls_h5raw *s, ls_dtype *out) {
  hid_t type = H5Dget_type(s->set);
  bool found = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && ls_h5_type_find(type, out);
  H5Tclose(type);
  return found;
}

/* Rows of a chunk, or all of them where there are no chunks. 0: filtered, or chunks of parts of
 * rows, or values that are not what they look like, or the file has a user block, which some
 * versions of HDF5 forget to count. */
static int64_t rows_of_piece(const ls_h5raw *s, hid_t plist) {
  hsize_t chunk[H5S_MAX_RANK], user = 0;
  hid_t made = H5Fget_create_plist(s->id);
  bool known = H5Pget_userblock(made, &user) >= 0 && user == 0 && H5Pget_nfilters(plist) == 0;
  H5Pclose(made);
  if (!known || s->view) return 0;
  if (H5Pget_layout(plist) == H5D_CONTIGUOUS) return s->shape.rows;
  if (H5Pget_layout(plist) != H5D_CHUNKED ||
      H5Pget_chunk(plist, s->shape.dims, chunk) != s->shape.dims)
    return 0;
  for (int k = 1; k < s->shape.dims; k++)
    if (chunk[k] != (hsize_t)s->shape.dim[k]) return 0;
  return (int64_t)chunk[0];
}

static bool find_pieces(const ls_h5raw *s, hid_t plist, int64_t rows, const ls_h5_layout *layout,
                        int64_t *offset) {
  bool chunked = H5Pget_layout(plist) == H5D_CHUNKED, found = true;
  for (int64_t i = 0; i < layout->pieces && found; i++) {
    hsize_t at[H5S_MAX_RANK] = {(hsize_t)(i * rows)}, bytes = 0;
    haddr_t where = HADDR_UNDEF;
    unsigned mask = 0;
    if (!chunked) where = H5Dget_offset(s->set);
    if (chunked)
      found = H5Dget_chunk_info_by_coord(s->set, at, &mask, &where, &bytes) >= 0 && mask == 0;
    offset[i] = (int64_t)where;
    found = found && where != HADDR_UNDEF && where <= INT64_MAX / 2;
  }
  return found;
}

ls_status ls_h5raw_layout(const ls_h5raw *s, ls_h5_layout *layout, int64_t **offset) {
  hid_t plist = H5Dget_create_plist(s->set);
  ls_dtype type = LS_F64;
  int64_t rows = plain_type(s, &type) ? rows_of_piece(s, plist) : 0,
          pieces = rows > 0 ? (s->shape.rows - 1) / rows + 1 : 0;
  ls_status status = LS_OK;
  *offset = NULL;
  *layout = (ls_h5_layout){0, 0, type};
  if (pieces > 0 && pieces <= LS_H5_PIECES_MAX) {
    *layout = (ls_h5_layout){pieces, rows * s->shape.width, type};
    status = ls_mem_new((void **)offset, (size_t)pieces, sizeof **offset);
    if (status == LS_OK && !find_pieces(s, plist, rows, layout, *offset)) {
      LS_FREE(*offset);
      layout->pieces = 0;
    }
  }
  H5Pclose(plist);
  return status;
}

/* ---- what there is ---- */

typedef struct {
  ls_h5_visit *visit;
  void *arg;
  int left;
} listing;

static bool is_virtual(hid_t set) {
  hid_t plist = H5Dget_create_plist(set);
  bool yes = plist < 0 || H5Pget_layout(plist) == H5D_VIRTUAL;
  if (plist >= 0) H5Pclose(plist);
  return yes;
}

static void show(const listing *l, hid_t set, const char *path) {
  char dims[256] = "", type[24] = "";
  bool bytes, integer;
  hsize_t dim[H5S_MAX_RANK];
  if (is_virtual(set)) {
    l->visit(l->arg, path, "virtual", "in other files");
    return;
  }
  hid_t space = H5Dget_space(set), kind = H5Dget_type(set);
  int n = space >= 0 ? H5Sget_simple_extent_dims(space, dim, NULL) : 0;
  for (int k = 0, at = 0; k < n && at < (int)sizeof dims - 24; k++)
    at += snprintf(dims + at, sizeof dims - (size_t)at, "%s%llu", k ? " x " : "",
                   (unsigned long long)dim[k]);
  if (kind >= 0) describe_type(kind, type, sizeof type, &bytes, &integer);
  l->visit(l->arg, path, n > 0 ? dims : "scalar", type);
  if (space >= 0) H5Sclose(space);
  if (kind >= 0) H5Tclose(kind);
}

static herr_t visit_object(hid_t file, const char *name, const H5O_info_t *about, void *arg) {
  listing *l = arg;
  char path[1024];
  if (about->type != H5O_TYPE_DATASET) return 0;
  if (l->left-- == 0) return 1;
  snprintf(path, sizeof path, "/%s", name);
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) return 0;
  show(l, set, path);
  H5Dclose(set);
  return 0;
}

ls_status ls_h5raw_list(const char *file, ls_h5_visit *visit, void *arg) {
  hid_t id = -1;
  listing l = {visit, arg, LIST_MAX};
  LS_TRY(open_checked(file, &id));
  herr_t result = H5Ovisit2(id, H5_INDEX_NAME, H5_ITER_INC, visit_object, &l, H5O_INFO_BASIC);
  H5Fclose(id);
  return result >= 0 ? LS_OK : ls_fail(LS_EDATA, "%s: its groups can't be listed: damaged", file);
}
