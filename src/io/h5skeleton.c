/* h5skeleton.c - an empty file of the HDF5 library's making, for others to fill. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/durable.h"
#include "io/h5file_private.h"

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

static hid_t item_type(const ls_h5_item *item) {
  if (item->type != LS_H5_TEXT) return H5Tcopy(ls_h5_number(item->type));
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, (size_t)item->width);
  H5Tset_strpad(type, H5T_STR_NULLTERM);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

static bool make_dataset(hid_t file, hid_t plist, const ls_h5_item *item) {
  hsize_t dim[2] = {(hsize_t)item->dim[0], (hsize_t)item->dim[1]};
  hid_t type = item_type(item);
  hid_t space = item->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(item->rank, dim, NULL);
  hid_t set = make_groups(file, item->path) ? H5Dcreate2(file, item->path, type, space, H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
  bool ok = set >= 0 && H5Dclose(set) >= 0;
  H5Sclose(space);
  H5Tclose(type);
  return ok;
}

static bool make_datasets(hid_t file, const ls_h5_item *item, int items) {
  hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
  bool ok = H5Pset_layout(plist, H5D_CONTIGUOUS) >= 0 && H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY) >= 0 &&
            H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER) >= 0 && H5Pset_obj_track_times(plist, 0) >= 0;
  for (int i = 0; ok && i < items; i++) ok = make_dataset(file, plist, &item[i]);
  H5Pclose(plist);
  return ok;
}

static bool make_file(const char *path, size_t user_block, const ls_h5_item *item, int items) {
  hid_t create = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
  bool ok = H5Pset_userblock(create, user_block) >= 0 && H5Pset_obj_track_times(create, 0) >= 0 && H5Pset_fapl_sec2(access) >= 0 &&
            H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0 && H5Pset_alignment(access, 1, ALIGN) >= 0;
  hid_t file = ok ? H5Fcreate(path, H5F_ACC_TRUNC, create, access) : -1;
  ok = file >= 0 && make_datasets(file, item, items);
  if (file >= 0 && H5Fclose(file) < 0) ok = false;
  H5Pclose(access);
  H5Pclose(create);
  return ok;
}

/* The library may have called a write done that was not (disk full), so offsets come from the image read back, whose parts carry checksums.
 */
static ls_status locate(const char *image, size_t bytes, ls_h5_item *item, int items) {
  ls_h5_file *file;
  LS_TRY(ls_h5_open_image("the checkpoint's skeleton", image, bytes, &file));
  ls_status status = LS_OK;
  for (int i = 0; status == LS_OK && i < items; i++) {
    ls_h5_item found;
    status = ls_h5_find(file, item[i].path, 1, &found);
    assert(status != LS_OK || (found.bytes == item[i].bytes && found.offset % ALIGN == 0));
    item[i].offset = found.offset;
  }
  ls_h5_close(&file);
  return status;
}

ls_status ls_h5_skeleton(const char *dir, size_t user_block, ls_h5_item *item, int items, char **image, size_t *bytes) {
  char path[PATH_MAX];
  *image = NULL;
  ls_h5_quiet();
  if (snprintf(path, sizeof path, "%s/.tmp-skeleton-XXXXXX", dir) >= PATH_MAX) return ls_fail(LS_EIO, "'%s': the path is too long", dir);
  int fd = mkstemp(path);
  if (fd < 0) return ls_fail(LS_EIO, "cannot create a file in '%s': %s", dir, strerror(errno));
  close(fd);
  ls_status status = LS_OK;
  if (!make_file(path, user_block, item, items))
    status = ls_fail(LS_EIO, "cannot lay out a checkpoint in '%s': is there room for it?", dir);
  if (status == LS_OK) status = ls_file_read(path, image, bytes, SIZE_MAX / 8);
  unlink(path);
  if (status == LS_OK) status = locate(*image, *bytes, item, items);
  if (status != LS_OK) {
    LS_FREE(*image);
    return ls_fail_prefix(status == LS_EDATA ? LS_EIO : status, "checkpoint");
  }
  return LS_OK;
}
