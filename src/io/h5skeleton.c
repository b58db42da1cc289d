/* The file is made in memory: on a disk that is full the library may call a write done that was
 * not, and crash when the process ends. */
#include "io/h5skeleton.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5type.h"

enum {
  ALIGN = LS_ALIGN,
  STEP = 16 << 20,
  AT_END = 28
}; /* growth of the library's memory; end-of-file address in superblock 3 */

/* Groups too must not keep their times, so none is left to the library to make on the way. */
static bool make_groups(hid_t file, const char *path) {
  char part[LS_H5_PATH];
  snprintf(part, sizeof part, "%s", path);
  hid_t plist = H5Pcreate(H5P_GROUP_CREATE);
  bool ok = H5Pset_obj_track_times(plist, 0) >= 0;
  for (char *slash = strchr(part + 1, '/'); ok && slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (H5Lexists(file, part, H5P_DEFAULT) <= 0) {
      hid_t group = H5Gcreate2(file, part, H5P_DEFAULT, plist, H5P_DEFAULT);
      ok = group >= 0 && H5Gclose(group) >= 0;
    }
    *slash = '/';
  }
  H5Pclose(plist);
  return ok;
}

/* ls_h5_row, for other people's tools. */
static hid_t row_type(void) {
  const hsize_t two = 2;
  hid_t row = H5Tcreate(H5T_COMPOUND, sizeof(ls_h5_row)),
        path = ls_h5_type_text(LS_H5_PATH, H5T_STR_NULLTERM),
        type = ls_h5_type_text(LS_H5_TYPE, H5T_STR_NULLTERM),
        dims = H5Tarray_create2(H5T_STD_I64LE, 1, &two);
  H5Tinsert(row, "path", offsetof(ls_h5_row, path), path);
  H5Tinsert(row, "type", offsetof(ls_h5_row, type), type);
  H5Tinsert(row, "rank", offsetof(ls_h5_row, rank), H5T_STD_I64LE);
  H5Tinsert(row, "dims", offsetof(ls_h5_row, dim), dims);
  H5Tinsert(row, "offset", offsetof(ls_h5_row, offset), H5T_STD_I64LE);
  H5Tinsert(row, "bytes", offsetof(ls_h5_row, bytes), H5T_STD_I64LE);
  H5Tclose(path), H5Tclose(type), H5Tclose(dims);
  return row;
}

static hid_t item_type(const ls_h5_item *item) {
  if (item->type == LS_FIXED_TEXT) return ls_h5_type_text((size_t)item->width, H5T_STR_NULLTERM);
  return item->type == LS_RECORD ? row_type() : H5Tcopy(ls_h5_type_stored(item->type));
}

/* Its place is known at once, as storage is allocated early. */
static bool make_dataset(hid_t file, hid_t plist, ls_h5_item *item) {
  hsize_t dim[2] = {(hsize_t)item->dim[0], (hsize_t)item->dim[1]};
  hid_t type = item_type(item);
  hid_t space = item->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(item->rank, dim, NULL);
  hid_t set = make_groups(file, item->path)
                  ? H5Dcreate2(file, item->path, type, space, H5P_DEFAULT, plist, H5P_DEFAULT)
                  : -1;
  item->offset = set >= 0 ? (size_t)H5Dget_offset(set) : 0;
  bool ok = set >= 0 && H5Dclose(set) >= 0;
  assert(!ok || item->offset % ALIGN == 0);
  H5Sclose(space);
  H5Tclose(type);
  return ok;
}

static bool make_datasets(hid_t file, ls_h5_item *item, int items) {
  hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
  bool ok = H5Pset_layout(plist, H5D_CONTIGUOUS) >= 0 &&
            H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY) >= 0 &&
            H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER) >= 0 &&
            H5Pset_obj_track_times(plist, 0) >= 0;
  for (int i = 0; ok && i < items; i++) ok = make_dataset(file, plist, &item[i]);
  H5Pclose(plist);
  return ok;
}

/* The library's memory for the file. It is ours when the file is closed, and only so
 * (H5Fget_file_image gives a file with a wrong checksum). */
typedef struct {
  char *data;
  size_t bytes;
} made;

static void *made_malloc(size_t size, H5FD_file_image_op_t op, void *udata) {
  (void)op;
  ((made *)udata)->bytes = size;
  return malloc(size);
}
static void *made_realloc(void *block, size_t size, H5FD_file_image_op_t op, void *udata) {
  (void)op;
  ((made *)udata)->bytes = size;
  return realloc(block, size);
}
static herr_t made_keep(void *block, H5FD_file_image_op_t op, void *udata) {
  (void)op;
  ((made *)udata)->data = block;
  return 0;
}
static void *same_udata(void *udata) { return udata; }
static herr_t keep_udata(void *udata) {
  (void)udata;
  return 0;
}

static bool make_file(size_t user_block, ls_h5_item *item, int items, made *out) {
  H5FD_file_image_callbacks_t callbacks = {made_malloc, NULL,       made_realloc, made_keep,
                                           same_udata,  keep_udata, out};
  hid_t create = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
  bool ok = H5Pset_userblock(create, user_block) >= 0 && H5Pset_obj_track_times(create, 0) >= 0 &&
            H5Pset_fapl_core(access, STEP, 0) >= 0 &&
            H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
            H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0 &&
            H5Pset_alignment(access, 1, ALIGN) >= 0;
  hid_t file = ok ? H5Fcreate("lockstep-skeleton", H5F_ACC_TRUNC, create, access) : -1;
  ok = file >= 0 && make_datasets(file, item, items);
  if (file >= 0 && H5Fclose(file) < 0) ok = false;
  H5Pclose(access);
  H5Pclose(create);
  return ok && out->data;
}

/* The library's memory ends after its last write; the file after the last dataset, as the
 * superblock says. */
static ls_status take_image(const made *from, size_t user_block, char **image, size_t *bytes) {
  uint64_t end;
  assert(from->data && from->bytes >= user_block + AT_END + sizeof end);
  memcpy(&end, from->data + user_block + AT_END, sizeof end);
  *bytes = (size_t)end;
  LS_TRY(ls_mem_new((void **)image, *bytes, 1));
  memcpy(*image, from->data, from->bytes < *bytes ? from->bytes : *bytes);
  return LS_OK;
}

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* the library's calls */

ls_status ls_h5_skeleton(size_t user_block, ls_h5_item *item, int items, char **image,
                         size_t *bytes) {
  made library = {0};
  H5E_auto2_t print;
  void *arg;
  *image = NULL;
  pthread_mutex_lock(&one_at_a_time);
  H5Eget_auto2(H5E_DEFAULT, &print, &arg);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  ls_status status = LS_OK;
  if (!make_file(user_block, item, items, &library))
    status = ls_fail(LS_FAIL, "cannot lay out a checkpoint: out of memory?");
  H5Eset_auto2(H5E_DEFAULT, print, arg); /* it may be another program's */
  pthread_mutex_unlock(&one_at_a_time);
  if (status == LS_OK) status = take_image(&library, user_block, image, bytes);
  free(library.data);
  return status;
}
