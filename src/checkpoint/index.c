/* index.c - rows are believed one by one (read_row), then together: sorted by place none may
 * overlap the one before, sorted by path none may come twice. Begin with read_own;
 * read_first_format is for files of format 1.0. */
#include "checkpoint/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5.h"

void ls_index_write(const ls_layout *layout, void *out) {
  char *at = out;
  for (int i = 0; i < layout->covered; i++, at += sizeof(ls_h5_row)) {
    ls_h5_row row;
    ls_h5_row_set(&row, &layout->item[i]);
    memcpy(at, &row, sizeof row);
  }
}

typedef struct {
  const char *name; /* of the file, for messages */
  const char *data; /* (bytes) */
  size_t bytes;
  ls_h5_row *row; /* (rows) of everything that takes space behind the header */
  int64_t rows;
} places;

static ls_status read_row(const places *p, const ls_h5_row *row, ls_h5_item *item) {
  if (ls_h5_row_item(row, item) != LS_OK)
    return ls_fail_prefix(LS_EDATA, "'%s': the index", p->name);
  if (item->offset % LS_ALIGN != 0)
    return ls_fail(LS_EDATA, "'%s': %s does not begin at a multiple of %d bytes", p->name,
                   item->path, LS_ALIGN);
  if (item->offset < LS_CKPT_BLOCK || item->offset > p->bytes ||
      item->bytes > p->bytes - item->offset)
    return ls_fail(LS_EDATA, "'%s': %s reaches beyond the end of the file, or into its header",
                   p->name, item->path);
  return LS_OK;
}

static ls_status list_row(const places *p, const ls_h5_row *row, ls_layout *toc) {
  ls_h5_item *item = &toc->item[toc->items];
  LS_TRY(read_row(p, row, item));
  toc->items += strncmp(item->path, "/optional/", 10) != 0 || ls_field_known(item->path);
  return LS_OK;
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const ls_h5_row *)a)->path, ((const ls_h5_row *)b)->path);
}

static int by_offset(const void *a, const void *b) {
  const ls_h5_row *x = a, *y = b;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Of rows that read_row has found good, also those that nothing else looks at. Leaves them sorted
 * by path. */
static ls_status check_apart(const places *p) {
  ls_h5_row *row = p->row;
  qsort(row, (size_t)p->rows, sizeof *row, by_offset);
  for (int64_t i = 1; i < p->rows; i++)
    if (row[i].offset < row[i - 1].offset + row[i - 1].bytes)
      return ls_fail(LS_EDATA, "'%s': %s shares its place with %s", p->name, row[i].path,
                     row[i - 1].path);
  qsort(row, (size_t)p->rows, sizeof *row, by_path);
  for (int64_t i = 1; i < p->rows; i++)
    if (!by_path(&row[i - 1], &row[i]))
      return ls_fail(LS_EDATA, "'%s': the index lists %s twice", p->name, row[i].path);
  return LS_OK;
}

/* ---- the file's own ---- */

static ls_status read_own(places *p, const ls_block *block, ls_layout *toc) {
  bool inside = block->index >= LS_CKPT_BLOCK && block->index <= p->bytes &&
                block->rows <= (p->bytes - block->index) / sizeof *p->row;
  if (!inside || block->index % LS_ALIGN != 0 || block->rows < 1 || block->rows > INT32_MAX)
    return ls_fail(LS_EDATA, "'%s': the header says %ju rows of an index at %ju: not in this file",
                   p->name, block->rows, block->index);
  int64_t rows = (int64_t)block->rows, bytes = rows * (int64_t)sizeof *p->row;
  LS_NEW(p->row, rows + 1);
  LS_NEW(toc->item, rows);
  memcpy(p->row, p->data + block->index, (size_t)bytes);
  p->row[rows] =
      (ls_h5_row){.path = LS_CKPT_INDEX, .offset = (int64_t)block->index, .bytes = bytes};
  p->rows = rows + 1;
  for (int64_t i = 0; i < rows; i++) LS_TRY(list_row(p, &p->row[i], toc));
  return check_apart(p);
}

/* ---- format 1.0: HDF5 says where the datasets are, and /integrity/path their order ---- */

static int to_path(const void *path, const void *row) {
  return strcmp(path, ((const ls_h5_row *)row)->path);
}

static const ls_h5_row *find_row(const places *p, const char *path) {
  return bsearch(path, p->row, (size_t)p->rows, sizeof *p->row, to_path);
}

/* What HDF5 says of every dataset. */
typedef struct {
  places *places;
  int64_t room;
  ls_status status;
} listing;

static ls_status add_row(listing *l, const ls_h5_entry *entry) {
  places *p = l->places;
  if (entry->place.offset < 0)
    return ls_fail(LS_EDATA, "'%s': %s is stored in a way that checkpoints do not use", p->name,
                   entry->path);
  if (p->rows == l->room) {
    l->room = 2 * l->room + 64;
    LS_GROW(p->row, l->room);
  }
  p->row[p->rows++] = entry->place;
  return LS_OK;
}

static void note_row(void *arg, const ls_h5_entry *entry) {
  listing *l = arg;
  if (l->status == LS_OK) l->status = add_row(l, entry);
}

static ls_status read_first_format(places *p, ls_layout *toc) {
  enum { OWN = 6 }; /* datasets below /integrity, which it does not list */
  char path[LS_H5_PATH] = "";
  ls_h5_item list;
  listing all = {.places = p};
  ls_status status = ls_h5_list(p->name, note_row, &all);
  ls_h5_rest();
  LS_TRY(status);
  LS_TRY(all.status);
  for (int64_t i = 0; i < p->rows; i++) LS_TRY(read_row(p, &p->row[i], &list));
  LS_TRY(check_apart(p));
  const ls_h5_row *found = find_row(p, "/integrity/path");
  if (!found || read_row(p, found, &list) != LS_OK || list.type != LS_FIXED_TEXT ||
      list.width > LS_H5_PATH || list.count != p->rows - OWN)
    return ls_fail(LS_EDATA, "'%s': /integrity does not list every dataset of the file", p->name);
  LS_NEW(toc->item, list.count);
  for (int64_t i = 0; i < list.count; i++) {
    memcpy(path, p->data + list.offset + (size_t)(i * list.width), (size_t)list.width);
    path[LS_H5_PATH - 1] = 0;
    if (!(found = find_row(p, path)))
      return ls_fail(LS_EDATA, "'%s': /integrity lists '%s', and there is no such dataset", p->name,
                     path);
    LS_TRY(list_row(p, found, toc));
  }
  return LS_OK;
}

ls_status ls_index_read(const char *name, const void *data, size_t bytes, const ls_block *block,
                        ls_layout *toc) {
  places p = {.name = name, .data = data, .bytes = bytes};
  ls_status status = block->version == 1 ? read_first_format(&p, toc) : read_own(&p, block, toc);
  LS_FREE(p.row);
  return status;
}
