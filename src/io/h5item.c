/* h5item.c - an item is made by ls_h5_item_set alone, which checks its products; a row of a
 * file's index, which may say anything, is taken apart and made again in this way
 * (ls_h5_row_item). */
#include "io/h5item.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
    return ls_fail(LS_EDATA, "%s: a size of %jd x %jd elements of %jd bytes is not possible", path,
                   dim[0], dim[1], width);
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
    return ls_fail(LS_EDATA, "%s: the index gives it %jd x %jd elements at rank %jd", row->path,
                   row->dim[0], row->dim[1], row->rank);
  LS_TRY(ls_h5_item_set(item, row->path, type, width_of(row, type), (int)row->rank, row->dim[0],
                        row->dim[1]));
  if (row->bytes != (int64_t)item->bytes || row->offset < 0)
    return ls_fail(LS_EDATA, "%s: the index gives it %jd bytes at %jd, and its elements take %jd",
                   row->path, row->bytes, row->offset, item->bytes);
  item->offset = (size_t)row->offset;
  return LS_OK;
}
