/* bcast.c - fields travel as they are in a file: a list of items, then their bytes, so that the
 * table's ways in and out of bytes (ls_fields_put, ls_fields_get) serve here too; the weights come
 * behind. Begin at the bottom: ls_checkpoint_bcast -> pack, unpack. */
#include "checkpoint/bcast.h"

#include <string.h>

#include "base/mem.h"
#include "checkpoint/get.h"

static ls_status pack(const ls_checkpoint *c, void **out, size_t *bytes) {
  ls_layout layout;
  LS_TRY(ls_layout_new(c, &layout));
  const size_t count = (size_t)layout.first_tensor, head = count * sizeof *layout.item;
  *bytes = sizeof count + head;
  for (size_t i = 0; i < count; i++) {
    layout.item[i].offset = *bytes;
    *bytes += layout.item[i].bytes;
  }
  ls_status status = ls_mem_new(out, *bytes, 1);
  if (status == LS_OK) {
    memcpy(*out, &count, sizeof count);
    memcpy((char *)*out + sizeof count, layout.item, head);
    ls_fields_put(c, layout.item, *out);
  }
  ls_layout_free(&layout);
  return status;
}

static ls_status unpack(const char *data, ls_checkpoint **out) {
  ls_layout toc = {0};
  size_t count;
  memcpy(&count, data, sizeof count);
  toc.items = (int)count;
  LS_NEW(*out, 1);
  LS_NEW(toc.item, count);
  memcpy(toc.item, data + sizeof count, count * sizeof *toc.item);
  ls_checkpoint_format(*out);
  (*out)->writer = NULL;
  const ls_fields_source from = {"the checkpoint", data, &toc};
  ls_status status = ls_fields_get(&from, 0, ls_field_count, *out);
  ls_layout_free(&toc);
  return status;
}

static ls_status bcast_weights(ls_comm *comm, ls_checkpoint *c) {
  ls_comm_bcast(comm, &c->parameters, sizeof c->parameters, 0);
  size_t bytes = (size_t)c->parameters * ls_dtype_size(c->precision);
  LS_TRY(ls_comm_agree(comm, c->weights ? LS_OK : ls_mem_new(&c->weights, bytes, 1)));
  ls_comm_bcast(comm, c->weights, bytes, 0);
  return LS_OK;
}

ls_status ls_checkpoint_bcast(ls_comm *comm, ls_checkpoint **c) {
  void *data = NULL;
  size_t bytes = 0;
  ls_status status = *c ? pack(*c, &data, &bytes) : LS_OK;
  status = ls_comm_bcast_block(comm, status, &data, &bytes, 0);
  if (status == LS_OK) status = ls_comm_agree(comm, *c ? LS_OK : unpack(data, c));
  LS_FREE(data);
  return status == LS_OK ? bcast_weights(comm, *c) : status;
}
