/* The file is made in memory: on a disk that is full the library may call a write done that was
 * not, and crash when the process ends. It is a file all the same (memfd), because the library
 * leaves holes in one, where its own driver for memory would fill in gigabytes of weights. */
#include "io/h5skeleton.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/h5type.h"

enum { ALIGN = LS_ALIGN };

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

static bool make_file(const char *path, size_t user_block, ls_h5_item *item, int items) {
  hid_t create = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
  bool ok = H5Pset_userblock(create, user_block) >= 0 && H5Pset_obj_track_times(create, 0) >= 0 &&
            H5Pset_fapl_stdio(access) >= 0 &&
            H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0 &&
            H5Pset_alignment(access, 1, ALIGN) >= 0;
  hid_t file = ok ? H5Fcreate(path, H5F_ACC_TRUNC, create, access) : -1;
  ok = file >= 0 && make_datasets(file, item, items);
  if (file >= 0 && H5Fclose(file) < 0) ok = false;
  H5Pclose(access);
  H5Pclose(create);
  return ok;
}

/* Bytes [at, end) of the file. */
static bool read_all(int fd, char *to, off_t at, off_t end) {
  while (at < end) {
    const ssize_t got = pread(fd, to + at, (size_t)(end - at), at);
    if (got <= 0) return false;
    at += got;
  }
  return true;
}

/* What the library has written, and nothing where it has not: that memory is not touched. */
static ls_status take_image(int fd, char **image, size_t *bytes) {
  struct stat file;
  bool ok = fstat(fd, &file) == 0;
  *bytes = ok ? (size_t)file.st_size : 0;
  LS_TRY(ls_mem_new((void **)image, *bytes, 1));
  for (off_t hole = 0, at; ok && (at = lseek(fd, hole, SEEK_DATA)) >= 0;) {
    hole = lseek(fd, at, SEEK_HOLE);
    ok = hole > at && read_all(fd, *image, at, hole);
  }
  if (ok) return LS_OK;
  LS_FREE(*image);
  return ls_fail(LS_FAIL, "cannot read back the layout of a checkpoint: %s", strerror(errno));
}

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* the library's calls */

/* Quietly: the library's errors may be another program's to print. */
static bool make_quietly(int fd, size_t user_block, ls_h5_item *item, int items) {
  char path[32];
  H5E_auto2_t print;
  void *arg;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  pthread_mutex_lock(&one_at_a_time);
  H5Eget_auto2(H5E_DEFAULT, &print, &arg);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const bool ok = make_file(path, user_block, item, items);
  H5Eset_auto2(H5E_DEFAULT, print, arg);
  pthread_mutex_unlock(&one_at_a_time);
  return ok;
}

ls_status ls_h5_skeleton(size_t user_block, ls_h5_item *item, int items, char **image,
                         size_t *bytes) {
  *image = NULL;
  const int fd = memfd_create("lockstep-skeleton", MFD_CLOEXEC);
  if (fd < 0) return ls_fail(LS_FAIL, "cannot lay out a checkpoint: %s", strerror(errno));
  ls_status status = make_quietly(fd, user_block, item, items)
                         ? take_image(fd, image, bytes)
                         : ls_fail(LS_FAIL, "cannot lay out a checkpoint: out of memory?");
  close(fd);
  return status;
}
