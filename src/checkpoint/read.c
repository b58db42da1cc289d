/* read.c - in this order: the whole file into memory; its digest; the index, which says where the
 * datasets are (index.c), so that HDF5 has nothing to parse; the fields of the table; from their
 * values the writer's list is made again, and must be the one found, and the fields' bytes too.
 * What is read is copied out, the file let go, and every field checked against every other
 * (check.c). Begin with judge -> get_all. */
#include "checkpoint/read.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/check.h"
#include "checkpoint/get.h"
#include "checkpoint/index.h"
#include "io/h5sign.h"
#include "io/regular.h"

typedef struct {
  const char *path; /* for messages */
  const char *data; /* (bytes) the file, verified */
  size_t bytes;
  ls_block block;
  ls_layout toc; /* what the index lists, without what is unknown below /optional */
} reader;

static ls_status wrong(const reader *r, const char *what, const char *problem) {
  return ls_fail(LS_EDATA, "'%s': %s %s", r->path, what, problem);
}

/* ---- fields ---- */

static ls_status check_version(const reader *r, const ls_checkpoint *c) {
  if (c->major != LS_CKPT_MAJOR)
    return ls_fail(LS_EIO, "'%s' is of format %jd.%jd; this lockstep reads format %d", r->path,
                   c->major, c->minor, LS_CKPT_MAJOR);
  if (c->minor >= 0 && (c->minor > 0) == (r->block.version > 1)) return LS_OK;
  return wrong(r, "/meta/format_minor", "is not one that this header goes with");
}

static ls_status get_fields(const reader *r, ls_checkpoint *c) {
  const ls_fields_source from = {r->path, r->data, &r->toc};
  ls_checkpoint_format(c);
  c->writer = NULL; /* its own */
  LS_TRY(ls_fields_get(&from, 0, LS_FIELDS_VERSION, c));
  LS_TRY(check_version(r, c));
  LS_TRY(ls_fields_get(&from, LS_FIELDS_VERSION, ls_field_count, c));
  if (c->minor < 2) c->state.early.value = c->state.best_value; /* they were one number */
  if (c->minor < 3) c->state.plateau = ls_state_fresh.plateau;
  if (c->state.global_step == r->block.step) return LS_OK;
  return wrong(r, "/meta/global_step", "contradicts the header, which has another step");
}

/* ---- tensors ---- */

/* "/model/NNNN/name" to a tensor; the rest of the check is the comparison of the lists. */
static bool tensor_of(const ls_h5_item *item, ls_tensor *tensor) {
  int end = 0;
  if (sscanf(item->path, "/model/%d/%15s%n", &tensor->layer, tensor->name, &end) != 2 ||
      item->path[end])
    return false;
  tensor->rows = item->rank == 2 ? item->dim[0] : 1;
  tensor->cols = item->rank == 2 ? item->dim[1] : item->dim[0];
  return true;
}

static ls_status get_tensors(const reader *r, ls_checkpoint *c) {
  ls_tensor *tensor;
  LS_NEW(tensor, r->toc.items);
  c->tensor = tensor;
  for (int i = 0; i < r->toc.items; i++) {
    const ls_h5_item *item = &r->toc.item[i];
    if (strncmp(item->path, "/model/", 7)) continue;
    if (!tensor_of(item, tensor)) return wrong(r, item->path, "is no tensor's name");
    if (item->type != c->precision)
      return wrong(r, item->path, "contradicts /numerics/precision: it has another type");
    tensor++->offset = c->parameters;
    c->tensors++;
    c->parameters += item->count; /* bounded by the file's size */
  }
  if (!c->tensors) return wrong(r, "/model", "is empty");
  if (c->slots <= r->toc.items / c->tensors) return LS_OK;
  return wrong(r, "/optim/slots", "has more names than there are datasets");
}

/* The weights, or a slot: datasets that follow each other. */
static ls_status get_array(const reader *r, const ls_checkpoint *c, const ls_h5_item *item,
                           void **out) {
  LS_TRY(ls_mem_new(out, (size_t)c->parameters, ls_dtype_size(c->precision)));
  char *to = *out;
  for (int i = 0; i < c->tensors; to += item[i++].bytes)
    memcpy(to, r->data + item[i].offset, item[i].bytes);
  return LS_OK;
}

static ls_status get_arrays(const reader *r, ls_checkpoint *c, const ls_h5_item *first) {
  LS_TRY(get_array(r, c, first, &c->weights));
  LS_NEW(c->slot, c->slots);
  for (int64_t s = 0; s < c->slots; s++)
    LS_TRY(get_array(r, c, first + (1 + s) * c->tensors, &c->slot[s]));
  return LS_OK;
}

/* ---- is it what a writer of these values would have made? ---- */

static ls_status check_list(const reader *r, ls_layout *layout) {
  for (int i = 0; i < layout->covered; i++) {
    const ls_h5_item *want = &layout->item[i], *have = &r->toc.item[i];
    if (i >= r->toc.items || strcmp(want->path, have->path))
      return wrong(r, want->path, "is missing or out of its place");
    if (want->type != have->type || want->width != have->width || want->rank != have->rank ||
        memcmp(want->dim, have->dim, sizeof want->dim))
      return wrong(r, want->path, "has another type or shape than the rest of the file asks for");
    layout->item[i].offset = have->offset;
  }
  if (r->toc.items == layout->covered) return LS_OK;
  return wrong(r, r->toc.item[layout->covered].path, "does not belong into a checkpoint");
}

static ls_status check_bytes(const reader *r, const ls_checkpoint *c, const ls_field *f,
                             const ls_h5_item *item) {
  char *want;
  LS_NEW(want, item->bytes);
  ls_field_put(c, f, item, want);
  bool same = !memcmp(want, r->data + item->offset, item->bytes);
  LS_FREE(want);
  if (same) return LS_OK;
  if (!f->again) return wrong(r, f->path, "is not what the rest of the file says");
  return ls_fail(LS_EDATA, "'%s': %s contradicts %s", r->path, f->path, f->again);
}

static ls_status check_fields(const reader *r, ls_checkpoint *c, const ls_layout *layout) {
  const ls_h5_item *item = layout->item;
  ls_checkpoint_derive(c, layout);
  for (int i = 0; i < ls_field_count; i++)
    if (ls_field_there(c, &ls_fields[i])) LS_TRY(check_bytes(r, c, &ls_fields[i], item++));
  return LS_OK;
}

/* ---- all of it ---- */

static ls_status get_all(reader *r, ls_checkpoint *c) {
  ls_layout layout = {0};
  LS_TRY(ls_index_read(r->path, r->data, r->bytes, &r->block, &r->toc));
  LS_TRY(get_fields(r, c));
  LS_TRY(get_tensors(r, c));
  ls_status status = ls_layout_new(c, &layout);
  if (status == LS_OK) status = check_list(r, &layout);
  if (status == LS_OK) status = check_fields(r, c, &layout);
  if (status == LS_OK) status = get_arrays(r, c, layout.item + layout.first_tensor);
  ls_layout_free(&layout);
  return status;
}

/* An HDF5 file that is no checkpoint gets a hint at what it can be used for. */
static ls_status verify(reader *r) {
  if (r->bytes >= 8 && ls_h5_signed(r->data))
    return ls_fail(LS_EDATA,
                   "'%s' is a plain HDF5 file without a checkpoint's header; to start from its "
                   "weights use model.init: {type: file, file: %s}",
                   r->path, r->path);
  return ls_block_verify(r->path, r->data, r->bytes, &r->block);
}

static ls_status judge(const char *name, const char *data, size_t bytes, ls_checkpoint **out) {
  reader r = {.path = name, .data = data, .bytes = bytes};
  *out = NULL;
  ls_status status = verify(&r);
  if (status == LS_OK) status = ls_mem_new((void **)out, 1, sizeof **out);
  if (status == LS_OK) status = get_all(&r, *out);
  if (status == LS_OK) status = ls_checkpoint_check(name, *out);
  if (status != LS_OK) ls_checkpoint_free(out);
  ls_layout_free(&r.toc);
  return status;
}

ls_status ls_checkpoint_judge(const char *path, ls_checkpoint **out) {
  char *data;
  size_t bytes;
  *out = NULL;
  LS_TRY(ls_regular_read(path, 0, &data, &bytes, SIZE_MAX / 8));
  ls_status status = judge(path, data, bytes, out);
  LS_FREE(data);
  return status;
}

static ls_status as_data(ls_status status) {
  return status == LS_EIO ? ls_fail(LS_EDATA, "%s", ls_error_text()) : status;
}

ls_status ls_checkpoint_read(const char *path, ls_checkpoint **out) {
  return as_data(ls_checkpoint_judge(path, out));
}

ls_status ls_checkpoint_read_bytes(const char *name, const void *data, size_t bytes,
                                   ls_checkpoint **out) {
  return as_data(judge(name, data, bytes, out));
}
