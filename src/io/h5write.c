/* h5write.c - what is written is whole rows in chunks of about a megabyte, without times, so
 * that the same data make the same file. Begin at the bottom: ls_h5out_close -> read_back (by
 * the helper process) -> give_name. */
#include "io/h5write.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "io/durable.h"
#include "io/h5.h"
#include "io/h5type.h"
#include "io/partial.h"

enum { CHUNK_BYTES = 1 << 20, ATTRIBUTE_MAX = 60000 };

typedef struct {
  char *name;
  hid_t id;
  int dims;
  int64_t rows, width, written;
  ls_dtype type;
} set;

struct ls_h5out {
  char *path, *partial;
  hid_t id;
  set set[LS_H5_OUT_SETS];
  int sets;
};

static ls_status failed(const ls_h5out *out, const char *what) {
  return ls_fail(LS_EIO, "%s: cannot %s; is the disk full?", out->path, what);
}

ls_status ls_h5out_open(const char *path, bool replace, ls_h5out **result) {
  LS_NEW(*result, 1);
  ls_h5out *out = *result;
  ls_status status = ls_partial_begin(path, replace, &out->path, &out->partial);
  if (status != LS_OK) LS_FREE(*result);
  LS_TRY(status);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  hid_t access_list = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_file_locking(access_list, 0, 1);
  out->id = H5Fcreate(out->partial, H5F_ACC_TRUNC, H5P_DEFAULT, access_list);
  H5Pclose(access_list);
  if (out->id >= 0) return LS_OK;
  status = ls_fail(LS_EIO, "%s: cannot make it: %s", out->partial, strerror(errno));
  ls_h5out_close(result, false);
  return status;
}

/* The set's own type, space and way of storing it are taken over. */
static bool create(ls_h5out *out, const set *like, hid_t type, hid_t space, hid_t plist,
                   int *index) {
  assert(out->sets < LS_H5_OUT_SETS && like->rows > 0);
  hid_t links = H5Pcreate(H5P_LINK_CREATE);
  *index = out->sets++;
  set *s = &out->set[*index];
  *s = *like;
  s->name = ls_mem_text(like->name);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_obj_track_times(plist, 0); /* the same data, the same file */
  s->id = H5Dcreate2(out->id, s->name, type, space, links, plist, H5P_DEFAULT);
  H5Sclose(space), H5Pclose(plist), H5Pclose(links);
  return s->id >= 0;
}

/* Whole rows, about a megabyte: what a minibatch or a window reads is what is unpacked. */
static hid_t chunks_of(const set *s, bool packed) {
  hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
  int64_t rows = CHUNK_BYTES / (s->width * (int64_t)ls_dtype_size(s->type));
  if (rows > s->rows) rows = s->rows;
  hsize_t chunk[2] = {rows < 1 ? 1 : (hsize_t)rows, (hsize_t)s->width};
  H5Pset_chunk(plist, s->dims, chunk);
  if (packed) H5Pset_shuffle(plist), H5Pset_deflate(plist, 4);
  return plist;
}

ls_status ls_h5out_set(ls_h5out *out, const char *name, int64_t rows, int64_t width, ls_dtype type,
                       bool packed, int *index) {
  const set s = {(char *)(uintptr_t)name, -1, width ? 2 : 1, rows, width ? width : 1, 0, type};
  hsize_t dim[2] = {(hsize_t)rows, (hsize_t)s.width};
  bool ok = create(out, &s, ls_h5_type_stored(type), H5Screate_simple(s.dims, dim, NULL),
                   chunks_of(&s, packed), index);
  return ok ? LS_OK : failed(out, "make a dataset");
}

ls_status ls_h5out_write(ls_h5out *out, int index, int64_t rows, const void *data) {
  set *s = &out->set[index];
  assert(s->written + rows <= s->rows);
  if (rows == 0) return LS_OK;
  hsize_t start[2] = {(hsize_t)s->written, 0}, count[2] = {(hsize_t)rows, (hsize_t)s->width};
  hid_t memory = H5Screate_simple(s->dims, count, NULL), space = H5Dget_space(s->id);
  bool ok = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
            H5Dwrite(s->id, ls_h5_type_native(s->type), memory, space, H5P_DEFAULT, data) >= 0;
  H5Sclose(memory), H5Sclose(space);
  s->written += rows;
  return ok ? LS_OK : failed(out, "write");
}

/* ---- texts ---- */

/* A list as one block (count, *width), padded with NULs. */
static ls_status block_of(const char *const *text, int64_t count, size_t *width, char **block) {
  *width = 1;
  for (int64_t i = 0; i < count; i++)
    if (strlen(text[i]) > *width) *width = strlen(text[i]);
  LS_NEW(*block, (size_t)count * *width + 1);
  for (int64_t i = 0; i < count; i++) memcpy(*block + (size_t)i * *width, text[i], strlen(text[i]));
  return LS_OK;
}

/* UTF-8 only where it is needed: Octave reads ASCII alone. */
static hid_t type_of(const char *block, size_t bytes, size_t width) {
  bool ascii = true;
  for (size_t i = 0; i < bytes; i++) ascii = ascii && !(block[i] & 0x80);
  hid_t type = ls_h5_type_text(width, H5T_STR_NULLPAD);
  if (ascii) H5Tset_cset(type, H5T_CSET_ASCII);
  return type;
}

ls_status ls_h5out_texts(ls_h5out *out, int index, const char *attribute, const char *const *text,
                         int64_t count) {
  size_t width;
  char *block;
  hsize_t dim = (hsize_t)count;
  LS_TRY(block_of(text, count, &width, &block));
  if (width > ATTRIBUTE_MAX / (size_t)count) { /* HDF5 keeps attributes below 64 KiB; the texts are
                                                  a comfort only */
    LS_FREE(block);
    return LS_OK;
  }
  hid_t type = type_of(block, (size_t)count * width, width),
        space = count > 1 ? H5Screate_simple(1, &dim, NULL) : H5Screate(H5S_SCALAR),
        id = H5Acreate2(out->set[index].id, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
  bool ok = id >= 0 && H5Awrite(id, type, block) >= 0;
  if (id >= 0) H5Aclose(id);
  H5Tclose(type), H5Sclose(space);
  LS_FREE(block);
  return ok ? LS_OK : failed(out, "write an attribute");
}

/* A scale of the last dimension of each of `sets` that has two. */
static bool attach(const ls_h5out *out, const set *scale, const int *index, int sets) {
  bool ok = H5DSset_scale(scale->id, scale->name) >= 0;
  for (int i = 0; i < sets && ok; i++)
    if (out->set[index[i]].dims == 2)
      ok = H5DSattach_scale(out->set[index[i]].id, scale->id, 1) >= 0;
  return ok;
}

ls_status ls_h5out_scale(ls_h5out *out, const char *name, const char *const *text, int64_t count,
                         const int *index, int sets, int *result) {
  size_t width;
  char *block;
  LS_TRY(block_of(text, count, &width, &block));
  const set s = {(char *)(uintptr_t)name, -1, 1, count, 1, count, LS_FIXED_TEXT};
  hsize_t dim = (hsize_t)count;
  hid_t type = type_of(block, (size_t)count * width, width);
  bool ok =
      create(out, &s, type, H5Screate_simple(1, &dim, NULL), H5Pcreate(H5P_DATASET_CREATE), result);
  const set *scale = &out->set[*result];
  ok = ok && H5Dwrite(scale->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, block) >= 0 &&
       attach(out, scale, index, sets);
  H5Tclose(type);
  LS_FREE(block);
  return ok ? LS_OK : failed(out, "write names of columns");
}

/* ---- the end ---- */

static bool close_sets(ls_h5out *out) {
  bool ok = true;
  for (int i = 0; i < out->sets; i++)
    if (out->set[i].id >= 0) ok = H5Dclose(out->set[i].id) >= 0 && ok;
  if (out->id >= 0) ok = H5Fclose(out->id) >= 0 && ok;
  return ok;
}

/* HDF5 may have reported writes as done that were not: every chunk must be found again. */
static ls_status read_back(const ls_h5out *out) {
  for (int i = 0; i < out->sets; i++) {
    ls_h5set *s;
    assert(out->set[i].written == out->set[i].rows);
    if (out->set[i].type == LS_FIXED_TEXT) continue;
    LS_TRY(ls_h5set_open(out->partial, out->set[i].name, false, &s));
    bool same = ls_h5set_shape(s)->rows == out->set[i].rows &&
                ls_h5set_shape(s)->width == out->set[i].width;
    ls_h5set_close(&s);
    if (!same) return failed(out, "find again what was written");
  }
  return LS_OK;
}

static ls_status give_name(const ls_h5out *out) {
  int fd = open(out->partial, O_RDONLY | O_CLOEXEC);
  bool synced = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (!synced || rename(out->partial, out->path) != 0)
    return ls_fail(LS_EIO, "%s: cannot finish it: %s", out->path, strerror(errno));
  char *dir = ls_path_folder(out->path);
  const ls_status status = ls_durable_sync_dir(dir);
  LS_FREE(dir);
  return status;
}

ls_status ls_h5out_close(ls_h5out **result, bool commit) {
  ls_h5out *out = *result;
  if (!out) return LS_OK;
  bool ok = close_sets(out);
  ls_status status = LS_OK;
  if (commit) {
    status = ok ? read_back(out) : failed(out, "close it");
    ls_h5_rest();
    if (status == LS_EDATA) status = failed(out, "find again what was written");
    if (status == LS_OK) status = give_name(out);
  }
  if (!commit || status != LS_OK) unlink(out->partial);
  ls_partial_end();
  for (int i = 0; i < out->sets; i++) LS_FREE(out->set[i].name);
  LS_FREE(out->path);
  LS_FREE(out->partial);
  LS_FREE(*result);
  return status;
}
