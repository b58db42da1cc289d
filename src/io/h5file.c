#include "io/h5file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "io/h5file_private.h"

enum { LEVELS = 4, LINKS_MAX = 1 << 20 };

struct ls_h5_file {
  hid_t id;
  size_t bytes;
  const char *name;
};

ls_status ls_h5_item_set(ls_h5_item *item, const char *path, ls_dtype type, int64_t width, int rank,
                         int64_t d0, int64_t d1) {
  int64_t dim[2] = {rank > 0 ? d0 : 1, rank > 1 ? d1 : 1}, bytes;
  memset(item, 0, sizeof *item);
  if (snprintf(item->path, sizeof item->path, "%s", path) >= LS_H5_PATH)
    return ls_fail(LS_EDATA, "%s: a dataset's path has at most %d characters", path,
                   LS_H5_PATH - 1);
  if (width < 1 || dim[0] < 1 || dim[1] < 1 ||
      __builtin_mul_overflow(dim[0], dim[1], &item->count) ||
      __builtin_mul_overflow(item->count, width, &bytes) || (uint64_t)bytes > SIZE_MAX / 4)
    return ls_fail(LS_EDATA, "%s: a size of %lld x %lld elements of %lld bytes is not possible",
                   path, (long long)dim[0], (long long)dim[1], (long long)width);
  item->type = type;
  item->width = width;
  item->rank = rank;
  item->bytes = (size_t)bytes;
  memcpy(item->dim, dim, sizeof dim);
  return LS_OK;
}

void ls_h5_row_set(ls_h5_row *row, const ls_h5_item *item) {
  *row = (ls_h5_row){.rank = item->rank,
                     .dim = {item->dim[0], item->dim[1]},
                     .offset = (int64_t)item->offset,
                     .bytes = (int64_t)item->bytes};
  memcpy(row->path, item->path, strlen(item->path)); /* both are shorter than their room */
  memcpy(row->type, ls_dtype_name(item->type), strlen(ls_dtype_name(item->type)));
}

/* A text that is padded with zeros, and has one at its end. */
static bool is_padded(const char *text, size_t room) {
  size_t length = strnlen(text, room);
  for (size_t i = length; i < room; i++)
    if (text[i]) return false;
  return length < room;
}

/* "/group/name": no empty part, no control character. */
static bool is_path(const char *path) {
  if (*path != '/') return false;
  for (const char *c = path; *c; c++)
    if ((unsigned char)*c < ' ' || (*c == '/' && (c[1] == '/' || !c[1]))) return false;
  return true;
}

/* Those that checkpoints use. */
static bool is_used(ls_dtype type) {
  return type == LS_I64 || type == LS_U64 || type == LS_F32 || type == LS_F64 ||
         type == LS_FIXED_TEXT;
}

/* Of one element: the type's, or a text's share of all bytes. */
static int64_t width_of(const ls_h5_row *row, ls_dtype type) {
  int64_t count;
  if (type != LS_FIXED_TEXT) return (int64_t)ls_dtype_size(type);
  bool whole = !__builtin_mul_overflow(row->dim[0], row->dim[1], &count) && count > 0;
  return whole && row->bytes % count == 0 ? row->bytes / count : 0;
}

ls_status ls_h5_row_item(const ls_h5_row *row, ls_h5_item *item) {
  ls_dtype type = LS_I64;
  if (!is_padded(row->path, sizeof row->path) || !is_path(row->path))
    return ls_fail(LS_EDATA, "a dataset's path in the index is no path");
  if (!is_padded(row->type, sizeof row->type) || !ls_dtype_named(row->type, &type) ||
      !is_used(type))
    return ls_fail(LS_EDATA, "%s: the index gives it a type that checkpoints do not use",
                   row->path);
  if (row->rank < 0 || row->rank > 2 || (row->rank < 1 && row->dim[0] != 1) ||
      (row->rank < 2 && row->dim[1] != 1))
    return ls_fail(LS_EDATA, "%s: the index gives it %lld x %lld elements at rank %lld", row->path,
                   (long long)row->dim[0], (long long)row->dim[1], (long long)row->rank);
  LS_TRY(ls_h5_item_set(item, row->path, type, width_of(row, type), (int)row->rank, row->dim[0],
                        row->dim[1]));
  if (row->bytes != (int64_t)item->bytes || row->offset < 0)
    return ls_fail(
        LS_EDATA, "%s: the index gives it %lld bytes at %lld, and its elements take %lld",
        row->path, (long long)row->bytes, (long long)row->offset, (long long)item->bytes);
  item->offset = (size_t)row->offset;
  return LS_OK;
}

void ls_h5_quiet(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

/* ---- opening ---- */

/* The image is lent to the library: every copy it asks for is the same block, and none is freed. */
typedef struct {
  void *data;
  size_t bytes;
} lent;

static void *lend(size_t size, H5FD_file_image_op_t op, void *udata) {
  (void)op;
  const lent *image = udata;
  return size == image->bytes ? image->data : NULL;
}
static void *lend_copy(void *to, const void *from, size_t size, H5FD_file_image_op_t op,
                       void *udata) {
  (void)op, (void)udata, (void)size;
  return to == from ? to : NULL;
}
static void *lend_resize(void *block, size_t size, H5FD_file_image_op_t op, void *udata) {
  (void)block, (void)size, (void)op, (void)udata;
  return NULL;
}
static herr_t lend_end(void *block, H5FD_file_image_op_t op, void *udata) {
  (void)block, (void)op, (void)udata;
  return 0;
}
static void *lend_udata(void *udata) { return udata; }
static herr_t lend_udata_end(void *udata) {
  (void)udata;
  return 0;
}

static hid_t open_lent(lent *image) {
  static int opened; /* the library takes two images of one name for one file */
  char name[64];
  snprintf(name, sizeof name, "lockstep-image-%d", opened++);
  H5FD_file_image_callbacks_t callbacks = {lend,       lend_copy,      lend_resize, lend_end,
                                           lend_udata, lend_udata_end, image};
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  hid_t file = -1;
  if (H5Pset_fapl_core(access, 1 << 16, 0) >= 0 &&
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
      H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
      H5Pset_file_image(access, image->data, image->bytes) >= 0)
    file = H5Fopen(name, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return file;
}

/* The file, its name and what is lent in one block: callbacks may come until the library has closed
 * the file. */
typedef struct {
  ls_h5_file file;
  lent image;
  char name[PATH_MAX];
} opened_file;

static ls_status opened_new(const char *name, opened_file **out) {
  ls_h5_quiet();
  LS_NEW(*out, 1);
  snprintf((*out)->name, sizeof(*out)->name, "%s", name);
  (*out)->file.name = (*out)->name;
  return LS_OK;
}

static ls_status opened_done(opened_file *self, ls_h5_file **out) {
  if (self->file.id < 0) {
    ls_status status = ls_fail(LS_EDATA, "'%s' is not an HDF5 file, or damaged", self->name);
    ls_mem_free(self);
    return status;
  }
  *out = &self->file;
  return LS_OK;
}

ls_status ls_h5_open_image(const char *name, const void *image, size_t bytes, ls_h5_file **out) {
  opened_file *self;
  *out = NULL;
  LS_TRY(opened_new(name, &self));
  memcpy(&self->image.data, &image,
         sizeof image); /* the library's type is not const; opened for reading it writes nothing */
  self->image.bytes = self->file.bytes = bytes;
  self->file.id = open_lent(&self->image);
  return opened_done(self, out);
}

ls_status ls_h5_open_path(const char *path, ls_h5_file **out) {
  opened_file *self;
  struct stat info;
  *out = NULL;
  if (stat(path, &info) != 0)
    return ls_fail(LS_EDATA, "cannot open '%s': %s", path, strerror(errno));
  if (!S_ISREG(info.st_mode)) return ls_fail(LS_EDATA, "'%s' is not a file", path);
  LS_TRY(opened_new(path, &self));
  self->file.bytes = (size_t)info.st_size;
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  self->file.id = H5Fopen(path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return opened_done(self, out);
}

void ls_h5_close(ls_h5_file **file) {
  if (!*file) return;
  H5Fclose((*file)->id);
  LS_FREE(*file);
}

/* ---- looking up ---- */

static ls_status wrong(const ls_h5_file *file, const char *path, const char *what) {
  return ls_fail(LS_EDATA, "'%s': %s %s", file->name, path, what);
}

static bool is_hard(hid_t at, const char *path) {
  H5L_info_t link;
  return H5Lget_info(at, path, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD;
}

/* Soft and external links could lead to anything, so each step of the path must be the thing
 * itself. */
static ls_status check_links(const ls_h5_file *file, const char *path) {
  char part[LS_H5_PATH];
  snprintf(part, sizeof part, "%s", path);
  for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
    if (slash) *slash = 0;
    if (H5Lexists(file->id, part, H5P_DEFAULT) <= 0) return wrong(file, path, "is missing");
    if (!is_hard(file->id, part))
      return wrong(file, path,
                   "is reached through a soft or external link; only the dataset itself is read");
    if (!slash) return LS_OK;
    *slash = '/';
  }
}

static bool type_known(hid_t type, int exact, ls_dtype *out, int64_t *width) {
  H5T_class_t class = H5Tget_class(type);
  *width = (int64_t)H5Tget_size(type);
  if (class == H5T_STRING && exact && H5Tis_variable_str(type) == 0) {
    *out = LS_FIXED_TEXT;
    return true;
  }
  if (class == H5T_COMPOUND && exact) {
    *out = LS_RECORD;
    return *width == sizeof(ls_h5_row);
  }
  if (!exact) {
    *out = *width == 4 ? LS_F32 : LS_F64;
    return class == H5T_FLOAT && (*width == 4 || *width == 8);
  }
  return ls_h5_type_find(type, out) && is_used(*out);
}

static ls_status check_storage(const ls_h5_file *file, hid_t set, const char *path) {
  hid_t plist = H5Dget_create_plist(set);
  bool plain = plist >= 0 && H5Pget_layout(plist) == H5D_CONTIGUOUS &&
               H5Pget_nfilters(plist) == 0 && H5Pget_external_count(plist) == 0;
  if (plist >= 0) H5Pclose(plist);
  return plain ? LS_OK
               : wrong(file, path,
                       "is chunked, compressed, virtual or kept in another file; only contiguous "
                       "datasets are read");
}

static ls_status check_place(const ls_h5_file *file, hid_t set, ls_h5_item *item) {
  haddr_t offset = H5Dget_offset(set);
  if (offset == HADDR_UNDEF || H5Dget_storage_size(set) != item->bytes)
    return wrong(file, item->path, "holds no data");
  if (offset > file->bytes || item->bytes > file->bytes - offset)
    return wrong(file, item->path, "reaches beyond the end of the file");
  item->offset = (size_t)offset;
  return LS_OK;
}

static ls_status describe(const ls_h5_file *file, hid_t set, const char *path, int exact,
                          ls_h5_item *out) {
  hid_t type = H5Dget_type(set), space = H5Dget_space(set);
  hsize_t dim[2] = {1, 1};
  ls_dtype kind = LS_I64;
  int64_t width = 0;
  int rank = space < 0 || H5Sget_simple_extent_type(space) == H5S_NULL
                 ? -1
                 : H5Sget_simple_extent_ndims(space);
  bool known = type >= 0 && type_known(type, exact, &kind, &width);
  if (rank == 1 || rank == 2) H5Sget_simple_extent_dims(space, dim, NULL);
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  if (!known)
    return wrong(file, path,
                 exact ? "has a type that checkpoints do not use"
                       : "is not of 32- or 64-bit floating-point numbers");
  if (rank < 0 || rank > 2 || dim[0] > INT64_MAX || dim[1] > INT64_MAX)
    return wrong(file, path, "has more than two dimensions, or none at all");
  if (ls_h5_item_set(out, path, kind, width, rank, (int64_t)dim[0], (int64_t)dim[1]) != LS_OK)
    return ls_fail_prefix(LS_EDATA, "'%s'", file->name);
  LS_TRY(check_storage(file, set, path));
  return check_place(file, set, out);
}

ls_status ls_h5_find(ls_h5_file *file, const char *path, int exact, ls_h5_item *out) {
  LS_TRY(check_links(file, path));
  H5O_info_t info;
  if (H5Oget_info_by_name(file->id, path, &info, H5P_DEFAULT) < 0 || info.type != H5O_TYPE_DATASET)
    return wrong(file, path, "is not a dataset");
  hid_t set = H5Dopen2(file->id, path, H5P_DEFAULT);
  if (set < 0) return wrong(file, path, "cannot be opened: the file is damaged");
  ls_status status = describe(file, set, path, exact, out);
  H5Dclose(set);
  return status;
}

ls_status ls_h5_read_real(ls_h5_file *file, const ls_h5_item *item, ls_dtype precision, void *out) {
  hid_t set = H5Dopen2(file->id, item->path, H5P_DEFAULT);
  herr_t done = -1;
  if (set >= 0)
    done = H5Dread(set, ls_h5_type_native(precision), H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  if (set >= 0) H5Dclose(set);
  return done < 0 ? wrong(file, item->path, "cannot be read: the file is damaged") : LS_OK;
}

typedef struct {
  const ls_h5_file *file;
  char path[LS_H5_PATH]; /* of the group that is being toured */
  int level;
  int64_t links;
  ls_h5_each *visit;
  void *arg;
  ls_status status;
} tour;

static herr_t tour_link(hid_t group, const char *name, const H5L_info_t *link, void *data);

static herr_t tour_group(hid_t group, tour *t) {
  if (++t->level > LEVELS)
    t->status = ls_fail(LS_EDATA, "'%s': more than %d levels of groups", t->file->name, LEVELS);
  herr_t done = t->status != LS_OK
                    ? -1
                    : H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, tour_link, t);
  t->level--;
  return done;
}

static herr_t tour_inside(hid_t group, const char *name, bool dataset, tour *t) {
  if (dataset) return (t->status = t->visit(t->arg, t->path)) == LS_OK ? 0 : -1;
  hid_t inner = H5Gopen2(group, name, H5P_DEFAULT);
  herr_t done = inner < 0 ? -1 : tour_group(inner, t);
  if (inner >= 0) H5Gclose(inner);
  return done;
}

static herr_t tour_link(hid_t group, const char *name, const H5L_info_t *link, void *data) {
  tour *t = data;
  H5O_info_t info = {.type = H5O_TYPE_UNKNOWN};
  if (link->type == H5L_TYPE_HARD) H5Oget_info_by_name(group, name, &info, H5P_DEFAULT);
  if (++t->links > LINKS_MAX || (info.type != H5O_TYPE_GROUP && info.type != H5O_TYPE_DATASET)) {
    t->status = ls_fail(LS_EDATA, "'%s': '%s' is neither a group nor a dataset of this file",
                        t->file->name, name);
    return -1;
  }
  size_t length = strlen(t->path), room = sizeof t->path - length;
  if ((size_t)snprintf(t->path + length, room, "/%s", name) >= room) {
    t->status =
        ls_fail(LS_EDATA, "'%s': a path of more than %d characters", t->file->name, LS_H5_PATH - 1);
    return -1;
  }
  herr_t done = tour_inside(group, name, info.type == H5O_TYPE_DATASET, t);
  t->path[length] = 0;
  return done;
}

ls_status ls_h5_tour(ls_h5_file *file, const char *group, ls_h5_each *visit, void *arg) {
  tour t = {.file = file, .visit = visit, .arg = arg};
  if (strcmp(group, "/")) snprintf(t.path, sizeof t.path, "%s", group);
  hid_t id = H5Gopen2(file->id, group, H5P_DEFAULT);
  herr_t done = id < 0 ? -1 : tour_group(id, &t);
  if (id >= 0) H5Gclose(id);
  if (t.status != LS_OK) return t.status;
  return done < 0 ? wrong(file, group, "cannot be listed: the file is damaged") : LS_OK;
}

static ls_status count_one(void *arg, const char *path) {
  (void)path;
  ++*(int64_t *)arg;
  return LS_OK;
}

ls_status ls_h5_count(ls_h5_file *file, const char *group, int64_t *datasets) {
  *datasets = 0;
  return ls_h5_tour(file, group, count_one, datasets);
}
