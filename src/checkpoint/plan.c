/* plan.c - the list of a checkpoint's datasets, from the plan: docs/checkpoints.md in
 * code. */
#include "checkpoint/plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define FIELD(path, type, member) \
  { path, type, offsetof(ls_state, member), 0 }
#define FIELD_1(path, type, member) \
  { path, type, offsetof(ls_state, member), 1 } /* since format 1.1 */
const ls_state_field ls_state_fields[] = {
    FIELD("/meta/global_step", LS_H5_I64, global_step),
    FIELD("/meta/epoch", LS_H5_I64, epoch),
    FIELD("/meta/samples_seen", LS_H5_I64, samples_seen),
    FIELD("/optim/t", LS_H5_I64, t),
    FIELD("/data/epoch", LS_H5_I64, epoch),
    FIELD("/data/position", LS_H5_I64, samples_seen),
    FIELD("/train/epoch_samples", LS_H5_I64, epoch_samples),
    FIELD("/train/best_value", LS_H5_F64, best_value),
    FIELD("/train/best_step", LS_H5_I64, best_step),
    FIELD("/train/early_bad", LS_H5_I64, early_bad),
    FIELD("/train/nonfinite_total", LS_H5_I64, nonfinite_total),
    FIELD("/train/nonfinite_row", LS_H5_I64, nonfinite_row),
    FIELD("/train/rollbacks", LS_H5_I64, rollbacks),
    FIELD("/train/last_loss", LS_H5_F64, last_loss),
    FIELD("/train/last_grad_norm", LS_H5_F64, last_grad_norm),
    FIELD_1("/data/begin_step", LS_H5_I64, begin_step),
    FIELD_1("/data/begin_sample", LS_H5_I64, begin_sample),
};
const int ls_state_field_count = sizeof ls_state_fields / sizeof *ls_state_fields;

/* Datasets that are not tensors: fields, fixed ones below, and the index. A bound, asserted. */
enum { OTHERS_MAX = 64 };

static ls_status add(ls_layout *layout, const char *path, ls_h5_type type, int64_t width, int rank,
                     int64_t d0, int64_t d1) {
  return ls_h5_item_set(&layout->item[layout->items++], path, type, width, rank, d0, d1);
}

static ls_status add_number(ls_layout *layout, const char *path, ls_h5_type type) {
  return add(layout, path, type, 8, 0, 1, 1);
}

static ls_status add_text(ls_layout *layout, const char *path, const char *text) {
  return add(layout, path, LS_H5_TEXT, (int64_t)(text ? strlen(text) : 0) + 1, 0, 1, 1);
}

/* A list of texts as wide as its longest; none where it is empty. */
static ls_status add_texts(ls_layout *layout, const char *path, const char *const *text,
                           int count) {
  size_t width = 0;
  for (int i = 0; i < count; i++)
    if (strlen(text[i]) > width) width = strlen(text[i]);
  return count ? add(layout, path, LS_H5_TEXT, (int64_t)width + 1, 1, count, 1) : LS_OK;
}

static ls_status add_data_files(ls_layout *layout, const ls_checkpoint_plan *plan) {
  size_t width = 0;
  if (!plan->files) return LS_OK;
  for (int i = 0; i < plan->files; i++)
    if (strlen(plan->file[i].path) > width) width = strlen(plan->file[i].path);
  LS_TRY(add(layout, "/data/path", LS_H5_TEXT, (int64_t)width + 1, 1, plan->files, 1));
  LS_TRY(add(layout, "/data/bytes", LS_H5_I64, 8, 1, plan->files, 1));
  LS_TRY(add(layout, "/data/samples", LS_H5_I64, 8, 1, plan->files, 1));
  return add(layout, "/data/digest", LS_H5_TEXT, sizeof plan->file->digest, 1, plan->files, 1);
}

static ls_status add_affine(ls_layout *layout, const char *shift, const char *divisor,
                            const ls_affine *affine) {
  if (!affine || !affine->n) return LS_OK;
  LS_TRY(add(layout, shift, LS_H5_F64, 8, 1, affine->n, 1));
  return add(layout, divisor, LS_H5_F64, 8, 1, affine->n, 1);
}

static ls_status add_trained(ls_layout *layout, const ls_trained *t) {
  if (!t || !t->name.count) return LS_OK;
  LS_TRY(add_texts(layout, "/data/columns", (const char *const *)t->name.text, (int)t->name.count));
  LS_TRY(add(layout, "/data/x_columns", LS_H5_I64, 8, 1, t->n[0], 1));
  return add(layout, "/data/y_columns", LS_H5_I64, 8, 1, t->n[1], 1);
}

static ls_status add_described(ls_layout *layout, const ls_checkpoint_plan *plan,
                               const char *writer, int64_t minor) {
  LS_TRY(add_number(layout, "/meta/format_major", LS_H5_I64));
  LS_TRY(add_number(layout, "/meta/format_minor", LS_H5_I64));
  LS_TRY(add_text(layout, "/meta/writer", writer));
  LS_TRY(add_text(layout, "/meta/run_id", plan->run_id));
  LS_TRY(add_text(layout, "/config/text", plan->config_text));
  LS_TRY(add(layout, "/config/digest", LS_H5_TEXT, LS_CKPT_DIGEST + 1, 0, 1, 1));
  LS_TRY(add(layout, "/config/model_digest", LS_H5_TEXT, LS_CKPT_DIGEST + 1, 0, 1, 1));
  LS_TRY(add_data_files(layout, plan));
  LS_TRY(add_text(layout, "/data/order", LS_CKPT_ORDER));
  LS_TRY(add_number(layout, "/data/seed", LS_H5_U64));
  LS_TRY(add_number(layout, "/data/batch", LS_H5_I64));
  LS_TRY(add_number(layout, "/data/slices", LS_H5_I64));
  LS_TRY(add_number(layout, "/data/inputs", LS_H5_I64));
  LS_TRY(add_number(layout, "/data/outputs", LS_H5_I64));
  LS_TRY(add_affine(layout, "/data/x_shift", "/data/x_divisor", plan->x_affine));
  LS_TRY(add_affine(layout, "/data/y_shift", "/data/y_divisor", plan->y_affine));
  if (plan->names)
    LS_TRY(add_texts(layout, "/data/names", (const char *const *)plan->names->text,
                     (int)plan->names->count));
  LS_TRY(add_trained(layout, plan->trained));
  LS_TRY(add_text(layout, "/numerics/precision", ls_real_name(plan->precision)));
  LS_TRY(add_text(layout, "/numerics/kernel", plan->kernel));
  LS_TRY(add_texts(layout, "/optim/slots", plan->slot_name, plan->slots));
  for (int i = 0; i < ls_state_field_count; i++)
    if (ls_state_fields[i].minor <= minor)
      LS_TRY(add_number(layout, ls_state_fields[i].path, ls_state_fields[i].type));
  return add(layout, "/train/sums", LS_H5_F64, 8, 2, plan->slices, LS_STATS_N);
}

ls_status ls_tensor_item(const ls_tensor *tensor, const char *slot, ls_precision precision,
                         ls_h5_item *out) {
  char path[2 * LS_H5_PATH];
  bool matrix = tensor->rows > 1 || !strcmp(tensor->name, "W");
  if (slot)
    snprintf(path, sizeof path, "/optim/%04d/%s_%s", tensor->layer, slot, tensor->name);
  else
    snprintf(path, sizeof path, "/model/%04d/%s", tensor->layer, tensor->name);
  return ls_h5_item_set(out, path, precision == LS_F32 ? LS_H5_F32 : LS_H5_F64,
                        (int64_t)ls_real_size(precision), matrix ? 2 : 1,
                        matrix ? tensor->rows : tensor->cols, tensor->cols);
}

static ls_status add_tensors(ls_layout *layout, const ls_checkpoint_plan *plan, const char *slot) {
  for (int i = 0; i < plan->tensors; i++)
    LS_TRY(ls_tensor_item(&plan->tensor[i], slot, plan->precision, &layout->item[layout->items++]));
  return LS_OK;
}

static ls_status fill(ls_layout *layout, const ls_checkpoint_plan *plan, const char *writer,
                      int64_t minor) {
  LS_TRY(add_described(layout, plan, writer, minor));
  layout->first_tensor = layout->items;
  LS_TRY(add_tensors(layout, plan, NULL));
  for (int i = 0; i < plan->slots; i++) LS_TRY(add_tensors(layout, plan, plan->slot_name[i]));
  layout->covered = layout->items;
  LS_TRY(add(layout, LS_CKPT_INDEX, LS_H5_ROW, sizeof(ls_h5_row), 1, layout->covered, 1));
  assert(layout->first_tensor < OTHERS_MAX);
  return LS_OK;
}

ls_status ls_layout_new(const ls_checkpoint_plan *plan, const char *writer, int64_t minor,
                        ls_layout *out) {
  *out = (ls_layout){0};
  LS_NEW(out->item, OTHERS_MAX + (size_t)plan->tensors * (size_t)(1 + plan->slots));
  ls_status status = fill(out, plan, writer, minor);
  if (status != LS_OK) ls_layout_free(out);
  return status;
}

ls_status ls_layout_copy(const ls_layout *from, ls_layout *out) {
  *out = *from;
  LS_NEW(out->item, from->items);
  memcpy(out->item, from->item, (size_t)from->items * sizeof *from->item);
  return LS_OK;
}

void ls_layout_free(ls_layout *layout) { LS_FREE(layout->item); }

const ls_h5_item *ls_layout_find(const ls_layout *layout, const char *path) {
  for (int i = 0; i < layout->items; i++)
    if (!strcmp(layout->item[i].path, path)) return &layout->item[i];
  return NULL;
}
