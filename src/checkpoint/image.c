/* image.c - the file in memory: made once, filled at fixed offsets, sealed and
 * committed. */
#include "checkpoint/image.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/index.h"
#include "io/durable.h"

struct ls_image {
  char *data; /* (bytes) the file */
  size_t bytes;
  int tensors, slots;
  ls_layout layout;
};

static char *place_of(ls_image *image, const char *path) {
  const ls_h5_item *item = ls_layout_find(&image->layout, path);
  return item ? image->data + item->offset : NULL;
}

static void put(ls_image *image, const char *path, const void *value, size_t bytes) {
  char *at = place_of(image, path);
  if (at && bytes) memcpy(at, value, bytes);
}

static void put_i64(ls_image *image, const char *path, int64_t value) {
  put(image, path, &value, sizeof value);
}
static void put_text(ls_image *image, const char *path, const char *text) {
  put(image, path, text, text ? strlen(text) : 0);
}

/* Row i of a list of texts. */
static void put_row(ls_image *image, const ls_h5_item *item, int i, const char *text) {
  assert((int64_t)strlen(text) < item->width && i < item->dim[0]);
  memcpy(image->data + item->offset + (size_t)i * (size_t)item->width, text, strlen(text));
}

static void put_affine(ls_image *image, const char *shift, const char *divisor,
                       const ls_affine *affine) {
  if (!affine) return;
  put(image, shift, affine->shift, (size_t)affine->n * sizeof(double));
  put(image, divisor, affine->divisor, (size_t)affine->n * sizeof(double));
}

static void put_data_files(ls_image *image, const ls_checkpoint_plan *plan) {
  const ls_h5_item *path = ls_layout_find(&image->layout, "/data/path"),
                   *digest = ls_layout_find(&image->layout, "/data/digest");
  int64_t *bytes = (int64_t *)(void *)place_of(image, "/data/bytes"),
          *samples = (int64_t *)(void *)place_of(image, "/data/samples");
  for (int i = 0; i < plan->files; i++) {
    put_row(image, path, i, plan->file[i].path);
    put_row(image, digest, i, plan->file[i].digest);
    bytes[i] = plan->file[i].bytes;
    samples[i] = plan->file[i].samples;
  }
}

static void put_trained(ls_image *image, const ls_trained *t) {
  if (!t || !t->name.count) return;
  const ls_h5_item *columns = ls_layout_find(&image->layout, "/data/columns");
  for (int i = 0; i < t->name.count; i++) put_row(image, columns, i, t->name.text[i]);
  put(image, "/data/x_columns", t->at[0], (size_t)t->n[0] * sizeof *t->at[0]);
  put(image, "/data/y_columns", t->at[1], (size_t)t->n[1] * sizeof *t->at[1]);
}

void ls_model_digest(const ls_layout *layout, int tensors, char *out) {
  char row[LS_H5_PATH + 80], rows[2 * (LS_CKPT_DIGEST + 1)] = "";
  for (int i = 0; i < tensors; i++) { /* a chain of digests, so that no text grows with the model */
    const ls_h5_item *item = &layout->item[layout->first_tensor + i];
    int length =
        snprintf(row, sizeof row, "%s %s %d %lld %lld", item->path, ls_h5_type_name(item->type),
                 item->rank, (long long)item->dim[0], (long long)item->dim[1]);
    ls_digest_hex(row, (size_t)length, rows + LS_CKPT_DIGEST);
    ls_digest_hex(rows, 2 * LS_CKPT_DIGEST, rows);
  }
  memcpy(out, rows, LS_CKPT_DIGEST);
  out[LS_CKPT_DIGEST] = 0;
}

/* Everything that a save does not change. */
static void put_plan(ls_image *image, const ls_checkpoint_plan *plan) {
  char digest[LS_CKPT_DIGEST + 1] = "";
  const char *config = plan->config_text ? plan->config_text : "";
  put_i64(image, "/meta/format_major", LS_CKPT_MAJOR);
  put_i64(image, "/meta/format_minor", LS_CKPT_MINOR);
  put_text(image, "/meta/writer", LS_CKPT_WRITER);
  put_text(image, "/meta/run_id", plan->run_id);
  put_text(image, "/config/text", config);
  ls_digest_hex(config, strlen(config), digest);
  put_text(image, "/config/digest", digest);
  ls_model_digest(&image->layout, image->tensors, digest);
  put_text(image, "/config/model_digest", digest);
  put_data_files(image, plan);
  put_text(image, "/data/order", LS_CKPT_ORDER);
  put(image, "/data/seed", &plan->seed, sizeof plan->seed);
  put_i64(image, "/data/batch", plan->batch);
  put_i64(image, "/data/slices", plan->slices);
  put_i64(image, "/data/inputs", plan->inputs);
  put_i64(image, "/data/outputs", plan->outputs);
  put_affine(image, "/data/x_shift", "/data/x_divisor", plan->x_affine);
  put_affine(image, "/data/y_shift", "/data/y_divisor", plan->y_affine);
  for (int i = 0; plan->names && i < plan->names->count; i++)
    put_row(image, ls_layout_find(&image->layout, "/data/names"), i, plan->names->text[i]);
  put_trained(image, plan->trained);
  put_text(image, "/numerics/precision", ls_real_name(plan->precision));
  put_text(image, "/numerics/kernel", plan->kernel);
  for (int i = 0; i < plan->slots; i++)
    put_row(image, ls_layout_find(&image->layout, "/optim/slots"), i, plan->slot_name[i]);
  ls_index_write(&image->layout, place_of(image, LS_CKPT_INDEX));
}

static ls_status build(ls_image *image, const ls_checkpoint_plan *plan) {
  LS_TRY(ls_layout_new(plan, LS_CKPT_WRITER, LS_CKPT_MINOR, &image->layout));
  LS_TRY(ls_h5_skeleton(LS_CKPT_BLOCK, image->layout.item, image->layout.items, &image->data,
                        &image->bytes));
  image->tensors = plan->tensors;
  image->slots = plan->slots;
  put_plan(image, plan);
  return LS_OK;
}

ls_status ls_image_new(const ls_checkpoint_plan *plan, ls_image **out) {
  LS_NEW(*out, 1);
  ls_status status = build(*out, plan);
  if (status != LS_OK) ls_image_free(out);
  return status;
}

ls_status ls_image_clone(const ls_image *image, ls_image **out) {
  LS_NEW(*out, 1);
  (*out)->bytes = image->bytes;
  (*out)->tensors = image->tensors;
  (*out)->slots = image->slots;
  ls_status status = ls_layout_copy(&image->layout, &(*out)->layout);
  if (status == LS_OK) status = ls_mem_new((void **)&(*out)->data, image->bytes, 1);
  if (status != LS_OK)
    ls_image_free(out);
  else
    memcpy((*out)->data, image->data, image->bytes);
  return status;
}

void ls_image_free(ls_image **image) {
  if (!*image) return;
  ls_mem_free((*image)->data);
  ls_layout_free(&(*image)->layout);
  LS_FREE(*image);
}

void *ls_image_weights(ls_image *image, int tensor) {
  assert(tensor >= 0 && tensor < image->tensors);
  return image->data + image->layout.item[image->layout.first_tensor + tensor].offset;
}

void *ls_image_slot(ls_image *image, int slot, int tensor) {
  assert(slot >= 0 && slot < image->slots && tensor >= 0 && tensor < image->tensors);
  return image->data +
         image->layout.item[image->layout.first_tensor + (1 + slot) * image->tensors + tensor]
             .offset;
}

void ls_image_state(ls_image *image, const ls_state *state, const ls_stats *slice_sums) {
  for (int i = 0; i < ls_state_field_count; i++)
    put(image, ls_state_fields[i].path, (const char *)state + ls_state_fields[i].offset, 8);
  const ls_h5_item *sums = ls_layout_find(&image->layout, "/train/sums");
  memcpy(image->data + sums->offset, slice_sums, sums->bytes);
}

size_t ls_image_bytes(const ls_image *image) { return image->bytes; }

/* The digest of everything, and where the index is. */
static void seal(ls_image *image) {
  const ls_h5_item *index = ls_layout_find(&image->layout, LS_CKPT_INDEX);
  ls_block block = {.version = LS_CKPT_HEADER,
                    .payload = image->bytes - LS_CKPT_BLOCK,
                    .index = index->offset,
                    .rows = (uint64_t)index->count};
  memcpy(&block.step, place_of(image, "/meta/global_step"), sizeof block.step);
  ls_sha256(image->data + LS_CKPT_BLOCK, (size_t)block.payload, block.sha);
  ls_block_write(&block, image->data);
}

ls_status ls_image_commit(ls_image *image, const char *dir, const char *name) {
  seal(image);
  return ls_durable_write(dir, name, image->data, image->bytes, !strcmp(name, "final.h5"));
}
