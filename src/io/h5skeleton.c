/* h5skeleton.c - the library writes into zeroed memory by a driver of ours (sheet), which
 * leaves untouched what nobody writes; its own driver would fill in gigabytes. No file: on a
 * full disk the library may call a write done that was not. Begin at the bottom. */
#include "io/h5skeleton.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5type.h"
#if H5_VERSION_GE(1, 13, 0)
#include <hdf5dev.h> /* drivers moved there */
#endif

enum { ALIGN = LS_ALIGN };

/* Groups too must not keep their times, so none is left to the library to make on the way. */
static bool make_groups(hid_t file, const char *path) {
  char above[LS_H5_PATH];
  snprintf(above, sizeof above, "%s", path);
  hid_t plist = H5Pcreate(H5P_GROUP_CREATE);
  bool ok = H5Pset_obj_track_times(plist, 0) >= 0;
  for (char *slash = strchr(above + 1, '/'); ok && slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (H5Lexists(file, above, H5P_DEFAULT) <= 0) {
      hid_t group = H5Gcreate2(file, above, H5P_DEFAULT, plist, H5P_DEFAULT);
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

/* ---- a file that is memory ----
 *
 * The library's own driver for memory fills in what lies between two writes, gigabytes of weights,
 * and a file in memory (memfd) may be no longer than the process's files may be (RLIMIT_FSIZE). */

typedef struct {
  H5FD_t head; /* the library's */
  char *data;  /* (room) zeros where nothing was written */
  size_t room;
  haddr_t end;
} sheet;

static sheet the_sheet; /* of the one call that is at work */

static H5FD_t *sheet_open(const char *name, unsigned flags, hid_t access, haddr_t most) {
  (void)name, (void)flags, (void)access, (void)most;
  return &the_sheet.head;
}
static herr_t sheet_close(H5FD_t *file) {
  (void)file;
  return 0;
}
/* What the library may do to its writes: as to those of a file on a disk. */
static herr_t sheet_query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}
static haddr_t sheet_end(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const sheet *)file)->end;
}
static herr_t sheet_set_end(H5FD_t *file, H5FD_mem_t type, haddr_t end) {
  (void)type;
  ((sheet *)file)->end = end;
  return 0;
}
static bool within(const sheet *s, haddr_t at, size_t size) {
  return at <= s->room && size <= s->room - at;
}
static herr_t sheet_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size,
                         void *to) {
  const sheet *s = (const sheet *)file;
  (void)type, (void)transfer;
  if (!within(s, at, size)) return -1;
  memcpy(to, s->data + at, size);
  return 0;
}
static herr_t sheet_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size,
                          const void *from) {
  const sheet *s = (const sheet *)file;
  (void)type, (void)transfer;
  if (!within(s, at, size)) return -1;
  memcpy(s->data + at, from, size);
  return 0;
}

static const H5FD_class_t sheet_driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = 600, /* of those that anyone may take for a try */
#endif
    .name = "lockstep-sheet",
    .maxaddr = (haddr_t)1 << 62,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = sheet_open,
    .close = sheet_close,
    .query = sheet_query,
    .get_eoa = sheet_end,
    .set_eoa = sheet_set_end,
    .get_eof = sheet_end,
    .read = sheet_read,
    .write = sheet_write,
    .fl_map = H5FD_FLMAP_DICHOTOMY};

static bool make_file(size_t user_block, ls_h5_item *item, int items) {
  const hid_t driver = H5FDregister(&sheet_driver);
  hid_t create = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
  bool ok = H5Pset_userblock(create, user_block) >= 0 && H5Pset_obj_track_times(create, 0) >= 0 &&
            driver >= 0 && H5Pset_driver(access, driver, NULL) >= 0 &&
            H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0 &&
            H5Pset_alignment(access, 1, ALIGN) >= 0;
  hid_t file = ok ? H5Fcreate("lockstep-skeleton", H5F_ACC_TRUNC, create, access) : -1;
  ok = file >= 0 && make_datasets(file, item, items);
  if (file >= 0 && H5Fclose(file) < 0) ok = false;
  H5Pclose(access);
  H5Pclose(create);
  if (driver >= 0) H5FDunregister(driver);
  return ok;
}

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* the library's calls */

/* Quietly: the library's errors may be another program's to print. */
static bool make_quietly(size_t user_block, ls_h5_item *item, int items) {
  H5E_auto2_t print;
  void *arg;
  H5Eget_auto2(H5E_DEFAULT, &print, &arg);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const bool ok = make_file(user_block, item, items);
  H5Eset_auto2(H5E_DEFAULT, print, arg);
  return ok;
}

/* More than a file of these has: what is not used of it is never touched. */
static size_t room_for(size_t user_block, const ls_h5_item *item, int items) {
  enum { EACH = 4096, ALL = 1 << 16 };
  size_t room = user_block + ALL;
  for (int i = 0; i < items; i++) room += item[i].bytes + EACH;
  return room;
}

ls_status ls_h5_skeleton(size_t user_block, ls_h5_item *item, int items, char **image,
                         size_t *bytes) {
  const size_t room = room_for(user_block, item, items);
  LS_TRY(ls_mem_new((void **)image, room, 1));
  pthread_mutex_lock(&one_at_a_time);
  the_sheet = (sheet){.data = *image, .room = room};
  const bool ok = make_quietly(user_block, item, items);
  *bytes = (size_t)the_sheet.end;
  pthread_mutex_unlock(&one_at_a_time);
  if (ok && *bytes <= room) return LS_OK;
  LS_FREE(*image);
  return ls_fail(LS_FAIL, "cannot lay out a checkpoint: out of memory?");
}
