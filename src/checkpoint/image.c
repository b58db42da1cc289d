/* image.c - a file that is written by memcpy: places come from the skeleton, made once. A
 * second image copies all but the tensors, whose pages stay untouched (copy_skeleton). Begin
 * with build, then ls_image_seal. */
#include "checkpoint/image.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/index.h"
#include "io/durable.h"
#include "io/h5skeleton.h"

struct ls_image {
  char *data; /* (bytes) the file */
  size_t bytes;
  ls_checkpoint c; /* arrays are borrowed */
  ls_layout layout;
};

static const ls_h5_item *index_of(const ls_image *image) {
  return &image->layout.item[image->layout.covered];
}

static ls_status build(ls_image *image) {
  ls_checkpoint_format(&image->c);
  LS_TRY(ls_layout_new(&image->c, &image->layout));
  LS_TRY(ls_h5_skeleton(LS_CKPT_BLOCK, image->layout.item, image->layout.items, &image->data,
                        &image->bytes));
  ls_run_id(&image->c, image->c.run_id);
  ls_checkpoint_derive(&image->c, &image->layout);
  ls_index_write(&image->layout, image->data + index_of(image)->offset);
  return LS_OK;
}

ls_status ls_image_new(const ls_checkpoint *c, ls_image **out) {
  LS_NEW(*out, 1);
  (*out)->c = *c;
  ls_status status = build(*out);
  if (status != LS_OK) ls_image_free(out);
  return status;
}

static int by_offset(const void *a, const void *b) {
  const ls_h5_item *const *p = a, *const *q = b;
  return ((*p)->offset > (*q)->offset) - ((*p)->offset < (*q)->offset);
}

/* All but the tensors, which are zeros still and would be written for nothing. */
static ls_status copy_skeleton(const ls_image *from, char *to) {
  const ls_layout *layout = &from->layout;
  const int tensors = from->c.tensors * (1 + from->c.slots);
  const ls_h5_item **tensor;
  LS_NEW(tensor, tensors);
  for (int i = 0; i < tensors; i++) tensor[i] = &layout->item[layout->first_tensor + i];
  qsort(tensor, (size_t)tensors, sizeof *tensor, by_offset);
  size_t at = 0;
  for (int i = 0; i < tensors; i++) {
    memcpy(to + at, from->data + at, tensor[i]->offset - at);
    at = tensor[i]->offset + tensor[i]->bytes;
  }
  memcpy(to + at, from->data + at, from->bytes - at);
  LS_FREE(tensor);
  return LS_OK;
}

static ls_status copy(const ls_image *from, ls_image *to) {
  const ls_layout *layout = &from->layout;
  to->layout.item = NULL;
  to->data = NULL;
  LS_NEW(to->layout.item, layout->items);
  LS_NEW(to->data, from->bytes);
  memcpy(to->layout.item, layout->item, (size_t)layout->items * sizeof *layout->item);
  return copy_skeleton(from, to->data);
}

ls_status ls_image_clone(const ls_image *image, ls_image **out) {
  LS_NEW(*out, 1);
  **out = *image;
  ls_status status = copy(image, *out);
  if (status != LS_OK) ls_image_free(out);
  return status;
}

void ls_image_free(ls_image **image) {
  if (!*image) return;
  LS_FREE((*image)->data);
  ls_layout_free(&(*image)->layout);
  LS_FREE(*image);
}

void *ls_image_slot(ls_image *image, int slot, int tensor) {
  assert(slot >= -1 && slot < image->c.slots && tensor >= 0 && tensor < image->c.tensors);
  int item = image->layout.first_tensor + (1 + slot) * image->c.tensors + tensor;
  return image->data + image->layout.item[item].offset;
}

void *ls_image_weights(ls_image *image, int tensor) { return ls_image_slot(image, -1, tensor); }

void ls_image_state(ls_image *image, const ls_state *state, const ls_stats *slice_sums) {
  image->c.state = *state;
  image->c.slice_sums = (ls_stats *)(uintptr_t)slice_sums;
  ls_fields_put(&image->c, image->layout.item, image->data);
}

size_t ls_image_bytes(const ls_image *image) { return image->bytes; }

/* The digest of everything, and where the index is. */
const void *ls_image_seal(ls_image *image) {
  ls_block block = {.version = LS_CKPT_HEADER,
                    .payload = image->bytes - LS_CKPT_BLOCK,
                    .step = image->c.state.global_step,
                    .index = index_of(image)->offset,
                    .rows = (uint64_t)index_of(image)->count};
  ls_sha256(image->data + LS_CKPT_BLOCK, (size_t)block.payload, block.sha);
  ls_block_write(&block, image->data);
  return image->data;
}

ls_status ls_image_commit_locked(ls_image *image, ls_lock *lock, const char *dir,
                                 const char *name) {
  char twin[48];
  const bool final = strcmp(name, "final.h5") == 0;
  ls_image_seal(image);
  snprintf(twin, sizeof twin, "ckpt-%jd.h5", image->c.state.global_step);
  return ls_durable_guarded(lock, dir, name, final ? twin : NULL, image->data, image->bytes);
}

ls_status ls_image_commit(ls_image *image, const char *dir, const char *name) {
  return ls_image_commit_locked(image, NULL, dir, name);
}
