/* get.c - a loop over rows of ls_fields (get_field). What a row says again of another
 * (`again`) is not got but made anew, and compared by read.c; lists that share a length are
 * held to it. */
#include "checkpoint/get.h"

#include <string.h>

#include "base/mem.h"

static ls_status wrong(const ls_fields_source *r, const char *path, const char *problem) {
  return ls_fail(LS_EDATA, "'%s': %s %s", r->name, path, problem);
}

/* Room for a list: as long as the others that share its length, and as the number that says it. */
static ls_status make_list(const ls_fields_source *r, const ls_h5_item *item, const ls_field *f,
                           ls_checkpoint *c) {
  int64_t *rows = (int64_t *)(void *)((char *)c + f->rows), like = item->dim[0];
  void **list = (void **)(void *)((char *)c + f->at);
  if (*rows == 0) *rows = item->dim[0];
  if (f->like) memcpy(&like, (char *)c + f->like, sizeof like);
  if (*rows != item->dim[0] || *rows != like)
    return wrong(r, f->path, "has another length than what goes with it");
  return *list ? LS_OK : ls_mem_new(list, (size_t)*rows, f->row);
}

/* Texts come NUL-padded; one that fills its width has no NUL. */
static ls_status get_text(const char *from, const ls_h5_item *item, const ls_field *f, char *to) {
  char *text;
  LS_NEW(text, item->width + 1);
  memcpy(text, from, (size_t)item->width);
  if (f->width) {
    memcpy(to, text, (size_t)f->width - 1);
    LS_FREE(text);
  } else {
    memcpy(to, &text, sizeof text);
  }
  return LS_OK;
}

static ls_status get_values(const ls_fields_source *r, const ls_h5_item *item, const ls_field *f,
                            ls_checkpoint *c) {
  int64_t rows = ls_field_rows(c, f);
  size_t row = item->bytes / (size_t)rows;
  const char *from = r->data + item->offset;
  for (int64_t i = 0; i < rows; i++, from += row)
    if (f->type == LS_FIXED_TEXT)
      LS_TRY(get_text(from, item, f, ls_field_at(c, f, i)));
    else
      memcpy(ls_field_at(c, f, i), from, row);
  return LS_OK;
}

static ls_status get_precision(const ls_fields_source *r, const ls_h5_item *item, ls_dtype *out) {
  for (*out = LS_F32; *out <= LS_F64; ++*out)
    if (!strncmp(r->data + item->offset, ls_dtype_name(*out), (size_t)item->width)) return LS_OK;
  return wrong(r, item->path, "is neither float32 nor float64");
}

static ls_status get_field(const ls_fields_source *r, const ls_field *f, ls_checkpoint *c) {
  const ls_h5_item *item = ls_layout_find(r->toc, f->path);
  int rank = f->rows ? 1 + (f->columns > 0) : 0;
  if (f->minor > c->minor || f->again || (f->rows && !item)) return LS_OK;
  if (!item) return wrong(r, f->path, "is missing");
  bool fits = item->type == f->type && item->rank == rank && (!f->width || f->width == item->width);
  if (!fits || (rank == 2 && item->dim[1] != f->columns))
    return wrong(r, f->path, "has another type or shape than this format's");
  if (f->at == offsetof(ls_checkpoint, precision)) return get_precision(r, item, &c->precision);
  if (f->rows) LS_TRY(make_list(r, item, f, c));
  return get_values(r, item, f, c);
}

ls_status ls_fields_get(const ls_fields_source *from, int first, int behind, ls_checkpoint *c) {
  for (int i = first; i < behind; i++) LS_TRY(get_field(from, &ls_fields[i], c));
  return LS_OK;
}
