/* index.c - the index of a checkpoint: for every dataset its path, type, dimensions,
 * place and bytes. It lies where the header says and is read without HDF5, which a crafted file
 * could crash, and which can't be trusted to read what was verified. Files of format 1.0 have none:
 * HDF5 makes it, in a process of its own.
 *
 * Either way it is only believed as far as it can be checked: sizes follow from types and
 * dimensions, datasets begin at multiples of 64, lie between header and end of the file and not on
 * one another, and no path comes twice. */
#include "checkpoint/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5helper.h"

void ls_index_write(const ls_layout *layout, void *out) {
  char *at = out;
  for (int i = 0; i < layout->covered; i++, at += sizeof(ls_h5_row)) {
    ls_h5_row row;
    ls_h5_row_set(&row, &layout->item[i]);
    memcpy(at, &row, sizeof row);
  }
}

static bool begins(const char *path, const char *with) {
  return !strncmp(path, with, strlen(with));
}

static ls_status take_row(const char *name, const ls_h5_row *row, size_t bytes, ls_h5_item *item) {
  if (ls_h5_row_item(row, item) != LS_OK) return ls_fail_prefix(LS_EDATA, "'%s': the index", name);
  if (item->offset % LS_ALIGN != 0)
    return ls_fail(LS_EDATA, "'%s': %s does not begin at a multiple of %d bytes", name, item->path,
                   LS_ALIGN);
  if (item->offset < LS_CKPT_BLOCK || item->offset > bytes || item->bytes > bytes - item->offset)
    return ls_fail(LS_EDATA, "'%s': %s reaches beyond the end of the file, or into its header",
                   name, item->path);
  return LS_OK;
}

static ls_status take_rows(const char *name, const ls_h5_row *row, int64_t rows, size_t bytes,
                           ls_layout *toc) {
  LS_NEW(toc->item, rows);
  for (int64_t i = 0; i < rows; i++) {
    ls_h5_item *item = &toc->item[toc->items];
    LS_TRY(take_row(name, &row[i], bytes, item));
    if (!begins(item->path, "/optional/")) toc->items++;
  }
  return LS_OK;
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const ls_h5_row *)a)->path, ((const ls_h5_row *)b)->path);
}

static int by_offset(const void *a, const void *b) {
  const ls_h5_row *x = a, *y = b;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Of rows that take_row has found good, also those that nothing else looks at. Sorts them. */
static ls_status check_apart(const char *name, ls_h5_row *row, int64_t rows) {
  qsort(row, (size_t)rows, sizeof *row, by_path);
  for (int64_t i = 1; i < rows; i++)
    if (!by_path(&row[i - 1], &row[i]))
      return ls_fail(LS_EDATA, "'%s': the index lists %s twice", name, row[i].path);
  qsort(row, (size_t)rows, sizeof *row, by_offset);
  for (int64_t i = 1; i < rows; i++)
    if (row[i].offset < row[i - 1].offset + row[i - 1].bytes)
      return ls_fail(LS_EDATA, "'%s': %s shares its place with %s", name, row[i].path,
                     row[i - 1].path);
  return LS_OK;
}

/* ---- the file's own ---- */

static ls_status read_own(const char *name, const char *data, size_t bytes, const ls_block *block,
                          ls_layout *toc) {
  ls_h5_row *row;
  bool inside = block->index >= LS_CKPT_BLOCK && block->index <= bytes &&
                block->rows <= (bytes - block->index) / sizeof *row;
  if (!inside || block->index % LS_ALIGN != 0 || block->rows < 1 || block->rows > INT32_MAX)
    return ls_fail(LS_EDATA,
                   "'%s': the header says %llu rows of an index at %llu: not in this file", name,
                   (unsigned long long)block->rows, (unsigned long long)block->index);
  int64_t rows = (int64_t)block->rows;
  LS_NEW(row, rows + 1);
  memcpy(row, data + block->index, (size_t)rows * sizeof *row);
  ls_status status = take_rows(name, row, rows, bytes, toc);
  row[rows] = (ls_h5_row){
      .path = LS_CKPT_INDEX, .offset = (int64_t)block->index, .bytes = rows * (int64_t)sizeof *row};
  if (status == LS_OK) status = check_apart(name, row, rows + 1);
  LS_FREE(row);
  return status;
}

/* ---- format 1.0: HDF5 says where the datasets are, and /integrity/path their order ---- */

static int to_path(const void *path, const void *row) {
  return strcmp(path, ((const ls_h5_row *)row)->path);
}

static const ls_h5_row *find_row(const ls_h5_row *row, int64_t rows, const char *path) {
  return bsearch(path, row, (size_t)rows, sizeof *row, to_path);
}

static ls_status put_in_order(const char *name, const char *data, size_t bytes,
                              const ls_h5_row *row, int64_t rows, ls_layout *toc) {
  enum { OWN = 6 }; /* datasets below /integrity, which it does not list */
  char path[LS_H5_PATH] = "";
  ls_h5_item list = {0};
  const ls_h5_row *found = find_row(row, rows, "/integrity/path");
  if (!found || take_row(name, found, bytes, &list) != LS_OK || list.type != LS_H5_TEXT ||
      list.width > LS_H5_PATH || list.count != rows - OWN)
    return ls_fail(LS_EDATA, "'%s': /integrity does not list every dataset of the file", name);
  LS_NEW(toc->item, list.count);
  for (int64_t i = 0; i < list.count; i++) {
    memcpy(path, data + list.offset + (size_t)(i * list.width), (size_t)list.width);
    path[LS_H5_PATH - 1] = 0;
    if (!(found = find_row(row, rows, path)))
      return ls_fail(LS_EDATA, "'%s': /integrity lists '%s', and there is no such dataset", name,
                     path);
    LS_TRY(take_row(name, found, bytes, &toc->item[toc->items]));
    if (!begins(path, "/optional/")) toc->items++;
  }
  return LS_OK;
}

static ls_status read_first_format(const char *name, const char *data, size_t bytes,
                                   ls_layout *toc) {
  ls_h5_row *row;
  ls_layout all = {0};
  int64_t rows;
  LS_TRY(ls_h5helper_list(name, data, bytes, &row, &rows));
  ls_status status = take_rows(name, row, rows, bytes, &all);
  if (status == LS_OK) status = check_apart(name, row, rows);
  if (rows) qsort(row, (size_t)rows, sizeof *row, by_path);
  if (status == LS_OK) status = put_in_order(name, data, bytes, row, rows, toc);
  ls_layout_free(&all);
  LS_FREE(row);
  return status;
}

ls_status ls_index_read(const char *name, const void *data, size_t bytes, const ls_block *block,
                        ls_layout *toc) {
  return block->version == 1 ? read_first_format(name, data, bytes, toc)
                             : read_own(name, data, bytes, block, toc);
}
