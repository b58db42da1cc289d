/* read.c - a checkpoint from its file. In this order: the whole file into memory; its
 * digest; the index, which says where the datasets are (index.c), so that HDF5 has
 * nothing to parse; from their values the writer's list is made again, and must be the one found.
 * What is read is copied out, the file let go, and every field checked against every other
 * (check.c). */
#include "checkpoint/read.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/check.h"
#include "checkpoint/index.h"
#include "data/trained.h"
#include "io/regular.h"
#include "lockstep/optim.h"

typedef struct {
  const char *path; /* for messages */
  char *data;       /* (bytes) the file, verified */
  size_t bytes;
  ls_block block;
  ls_layout toc; /* what the index lists, without /optional */
} reader;

static ls_status wrong(const reader *r, const char *what, const char *problem) {
  return ls_fail(LS_EDATA, "'%s': %s %s", r->path, what, problem);
}

static const void *at(const reader *r, const ls_h5_item *item, int64_t index) {
  return r->data + item->offset + (size_t)index * (size_t)item->width;
}

/* Texts come NUL-padded; one that fills its width has no NUL. */
static char *text_at(const reader *r, const ls_h5_item *item, int64_t index) {
  return ls_mem_format("%.*s", item->width < INT_MAX ? (int)item->width : INT_MAX,
                       (const char *)at(r, item, index));
}

/* ---- values ---- */

static ls_status need(const reader *r, const char *path, ls_h5_type type, int rank,
                      const ls_h5_item **out) {
  *out = ls_layout_find(&r->toc, path);
  if (!*out) return wrong(r, path, "is missing");
  return (*out)->type == type && (*out)->rank == rank
             ? LS_OK
             : wrong(r, path, "has another type or shape than this format's");
}

static ls_status get_number(const reader *r, const char *path, ls_h5_type type, void *out) {
  const ls_h5_item *item;
  LS_TRY(need(r, path, type, 0, &item));
  memcpy(out, at(r, item, 0), 8);
  return LS_OK;
}

static ls_status check_version(const reader *r, int64_t *minor) {
  int64_t major;
  LS_TRY(get_number(r, "/meta/format_major", LS_H5_I64, &major));
  LS_TRY(get_number(r, "/meta/format_minor", LS_H5_I64, minor));
  if (major != LS_CKPT_MAJOR)
    return ls_fail(LS_EIO, "'%s' is of format %lld.%lld; this lockstep reads format %d", r->path,
                   (long long)major, (long long)*minor, LS_CKPT_MAJOR);
  return *minor >= 0 && (*minor > 0) == (r->block.version > 1)
             ? LS_OK
             : wrong(r, "/meta/format_minor", "is not one that this header goes with");
}

static ls_status get_text(const reader *r, const char *path, char **out) {
  const ls_h5_item *item;
  LS_TRY(need(r, path, LS_H5_TEXT, 0, &item));
  *out = text_at(r, item, 0);
  return LS_OK;
}

static ls_status get_doubles(const reader *r, const char *path, int64_t n, double **out) {
  const ls_h5_item *item;
  LS_TRY(need(r, path, LS_H5_F64, 1, &item));
  if (item->dim[0] != n) return wrong(r, path, "does not have one value a column");
  LS_NEW(*out, n);
  memcpy(*out, at(r, item, 0), item->bytes);
  return LS_OK;
}

static ls_status get_affine(const reader *r, const char *shift, const char *divisor, int64_t n,
                            ls_affine *out) {
  const ls_h5_item *item = ls_layout_find(&r->toc, shift);
  if (!item) return LS_OK;
  out->n = n;
  LS_TRY(get_doubles(r, shift, n, &out->shift));
  return get_doubles(r, divisor, n, &out->divisor);
}

static ls_status get_data_files(const reader *r, ls_checkpoint *c) {
  const ls_h5_item *path, *bytes, *samples, *digest;
  if (!ls_layout_find(&r->toc, "/data/path")) return LS_OK;
  LS_TRY(need(r, "/data/path", LS_H5_TEXT, 1, &path));
  LS_TRY(need(r, "/data/bytes", LS_H5_I64, 1, &bytes));
  LS_TRY(need(r, "/data/samples", LS_H5_I64, 1, &samples));
  LS_TRY(need(r, "/data/digest", LS_H5_TEXT, 1, &digest));
  int64_t n = path->dim[0];
  if (bytes->dim[0] != n || samples->dim[0] != n || digest->dim[0] != n)
    return wrong(r, "/data", "has lists of different length");
  LS_NEW(c->file, n);
  for (c->files = 0; c->files < n; c->files++) {
    ls_data_file *file = &c->file[c->files];
    file->path = text_at(r, path, c->files);
    memcpy(&file->bytes, at(r, bytes, c->files), sizeof file->bytes);
    memcpy(&file->samples, at(r, samples, c->files), sizeof file->samples);
    snprintf(file->digest, sizeof file->digest, "%.*s", (int)digest->width,
             (const char *)at(r, digest, c->files));
  }
  return LS_OK;
}

static ls_status get_precision(const reader *r, ls_precision *out) {
  char *name = NULL;
  LS_TRY(get_text(r, "/numerics/precision", &name));
  bool f32 = !strcmp(name, ls_real_name(LS_F32)), f64 = !strcmp(name, ls_real_name(LS_F64));
  ls_mem_free(name);
  *out = f64 ? LS_F64 : LS_F32;
  return f32 || f64 ? LS_OK : wrong(r, "/numerics/precision", "is neither float32 nor float64");
}

/* Where a field is kept twice, once as well. */
static ls_status check_twin(const reader *r, int field, const void *value) {
  for (int i = 0; i < field; i++)
    if (ls_state_fields[i].offset == ls_state_fields[field].offset &&
        memcmp(at(r, ls_layout_find(&r->toc, ls_state_fields[i].path), 0), value, 8))
      return ls_fail(LS_EDATA, "'%s': %s contradicts %s: they say the same", r->path,
                     ls_state_fields[field].path, ls_state_fields[i].path);
  return LS_OK;
}

static ls_status get_state(const reader *r, int64_t minor, ls_state *state) {
  for (int i = 0; i < ls_state_field_count; i++) {
    char *to = (char *)state + ls_state_fields[i].offset;
    if (ls_state_fields[i].minor > minor) continue;
    LS_TRY(get_number(r, ls_state_fields[i].path, ls_state_fields[i].type, to));
    LS_TRY(check_twin(r, i, to));
  }
  return state->global_step == r->block.step
             ? LS_OK
             : wrong(r, "/meta/global_step", "contradicts the header, which has another step");
}

static ls_status get_scalars(const reader *r, ls_checkpoint *c) {
  LS_TRY(get_precision(r, &c->precision));
  LS_TRY(get_state(r, c->minor, &c->state));
  LS_TRY(get_number(r, "/data/seed", LS_H5_U64, &c->seed));
  LS_TRY(get_number(r, "/data/batch", LS_H5_I64, &c->batch));
  LS_TRY(get_number(r, "/data/inputs", LS_H5_I64, &c->inputs));
  LS_TRY(get_number(r, "/data/outputs", LS_H5_I64, &c->outputs));
  LS_TRY(get_text(r, "/meta/writer", &c->writer));
  LS_TRY(get_text(r, "/meta/run_id", &c->run_id));
  LS_TRY(get_text(r, "/config/text", &c->config_text));
  return get_text(r, "/numerics/kernel", &c->kernel);
}

static ls_status get_sums(const reader *r, ls_checkpoint *c) {
  const ls_h5_item *item;
  int64_t slices;
  LS_TRY(get_number(r, "/data/slices", LS_H5_I64, &slices));
  LS_TRY(need(r, "/train/sums", LS_H5_F64, 2, &item));
  if (item->dim[1] != LS_STATS_N || item->dim[0] != slices || slices > LS_SLICES_MAX)
    return wrong(r, "/train/sums", "has an impossible shape");
  c->slices = (int)item->dim[0];
  LS_NEW(c->slice_sums, c->slices);
  memcpy(c->slice_sums, at(r, item, 0), item->bytes);
  return LS_OK;
}

static ls_status get_slot_names(const reader *r, ls_checkpoint *c) {
  const ls_h5_item *item = ls_layout_find(&r->toc, "/optim/slots");
  if (!item) return LS_OK;
  if (item->type != LS_H5_TEXT || item->rank != 1 || item->dim[0] > LS_SLOTS_MAX)
    return wrong(r, "/optim/slots", "is not a short list of names");
  LS_NEW(c->slot_name, item->dim[0]);
  for (c->slots = 0; c->slots < item->dim[0]; c->slots++)
    c->slot_name[c->slots] = text_at(r, item, c->slots);
  return LS_OK;
}

static ls_status get_names(const reader *r, ls_checkpoint *c) {
  const ls_h5_item *item = ls_layout_find(&r->toc, "/data/names");
  if (!item) return LS_OK;
  if (item->type != LS_H5_TEXT || item->rank != 1 || item->dim[0] != c->outputs)
    return wrong(r, "/data/names", "is not a list of one name for each output");
  LS_NEW(c->names.text, item->dim[0]);
  for (; c->names.count < item->dim[0]; c->names.count++)
    c->names.text[c->names.count] = text_at(r, item, c->names.count);
  return LS_OK;
}

static ls_status get_columns(const reader *r, const char *path, int64_t columns, int64_t **out,
                             int64_t *n) {
  const ls_h5_item *item;
  LS_TRY(need(r, path, LS_H5_I64, 1, &item));
  LS_NEW(*out, item->dim[0]);
  *n = item->dim[0];
  memcpy(*out, at(r, item, 0), item->bytes);
  for (int64_t i = 0; i < *n; i++)
    if ((*out)[i] < 0 || (*out)[i] >= columns)
      return wrong(r, path, "names a column that /data/columns does not have");
  return LS_OK;
}

static ls_status get_trained(const reader *r, ls_checkpoint *c) {
  const ls_h5_item *item = ls_layout_find(&r->toc, "/data/columns");
  ls_trained *t = &c->trained;
  if (!item) return LS_OK;
  if (item->type != LS_H5_TEXT || item->rank != 1)
    return wrong(r, "/data/columns", "is not a list of names");
  LS_NEW(t->name.text, item->dim[0]);
  for (; t->name.count < item->dim[0]; t->name.count++)
    t->name.text[t->name.count] = text_at(r, item, t->name.count);
  LS_TRY(get_columns(r, "/data/x_columns", t->name.count, &t->at[0], &t->n[0]));
  LS_TRY(get_columns(r, "/data/y_columns", t->name.count, &t->at[1], &t->n[1]));
  if (t->n[0] != c->inputs)
    return wrong(r, "/data/x_columns", "does not have one column for each input");
  return t->n[1] == c->outputs || t->n[1] == 1
             ? LS_OK
             : wrong(r, "/data/y_columns",
                     "does not have one column for each output, or for the class");
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
  LS_NEW(c->tensor, r->toc.items);
  for (int i = 0; i < r->toc.items; i++) {
    const ls_h5_item *item = &r->toc.item[i];
    if (strncmp(item->path, "/model/", 7)) continue;
    ls_tensor *tensor = &c->tensor[c->tensors++];
    if (!tensor_of(item, tensor)) return wrong(r, item->path, "is no tensor's name");
    if (item->type != (c->precision == LS_F32 ? LS_H5_F32 : LS_H5_F64))
      return wrong(r, item->path, "contradicts /numerics/precision: it has another type");
    tensor->offset = c->parameters;
    c->parameters += item->count; /* bounded by the file's size */
  }
  return c->tensors ? LS_OK : wrong(r, "/model", "is empty");
}

/* The list that a writer of these values would have made: the one found must be it, dataset for
 * dataset. */
static ls_status check_layout(const reader *r, const ls_checkpoint *c, ls_layout *layout) {
  ls_checkpoint_plan plan = {.precision = c->precision,
                             .tensor = c->tensor,
                             .tensors = c->tensors,
                             .slots = c->slots,
                             .slot_name = (const char *const *)c->slot_name,
                             .slices = c->slices,
                             .seed = c->seed,
                             .batch = c->batch,
                             .config_text = c->config_text,
                             .file = c->file,
                             .files = c->files,
                             .kernel = c->kernel,
                             .run_id = c->run_id,
                             .x_affine = &c->x_affine,
                             .y_affine = &c->y_affine,
                             .names = &c->names,
                             .trained = &c->trained,
                             .outputs = c->outputs,
                             .inputs = c->inputs};
  LS_TRY(ls_layout_new(&plan, c->writer, c->minor, layout));
  for (int i = 0; i < layout->covered; i++) {
    const ls_h5_item *want = &layout->item[i], *have = &r->toc.item[i];
    if (i >= r->toc.items || strcmp(want->path, have->path))
      return wrong(r, want->path, "is missing or out of its place");
    if (want->type != have->type || want->width != have->width || want->rank != have->rank ||
        memcmp(want->dim, have->dim, sizeof want->dim))
      return wrong(r, want->path, "has another type or shape than the rest of the file asks for");
    layout->item[i].offset = have->offset;
  }
  return r->toc.items == layout->covered
             ? LS_OK
             : wrong(r, r->toc.item[layout->covered].path, "does not belong into a checkpoint");
}

static ls_status must_read(const reader *r, const char *path, const char *want, const char *of) {
  char *have = NULL;
  LS_TRY(get_text(r, path, &have));
  bool same = !strcmp(have, want);
  ls_mem_free(have);
  return same ? LS_OK : ls_fail(LS_EDATA, "'%s': %s contradicts %s", r->path, path, of);
}

/* Fields that only say again what others say. */
static ls_status check_derived(const reader *r, const ls_checkpoint *c, const ls_layout *layout) {
  char digest[LS_CKPT_DIGEST + 1];
  LS_TRY(must_read(r, "/data/order", LS_CKPT_ORDER, "this format: another order of samples"));
  ls_digest_hex(c->config_text, strlen(c->config_text), digest);
  LS_TRY(must_read(r, "/config/digest", digest, "/config/text: it is not its digest"));
  ls_model_digest(layout, c->tensors, digest);
  return must_read(r, "/config/model_digest", digest, "/model: it is not the tensors' digest");
}

static void copy_flat(const reader *r, const ls_layout *layout, int first, int count, char *out) {
  for (int i = first; i < first + count; out += layout->item[i++].bytes)
    memcpy(out, r->data + layout->item[i].offset, layout->item[i].bytes);
}

static ls_status get_arrays(const reader *r, const ls_layout *layout, ls_checkpoint *c) {
  size_t size = ls_real_size(c->precision);
  LS_TRY(ls_mem_new(&c->weights, (size_t)c->parameters, size));
  copy_flat(r, layout, layout->first_tensor, c->tensors, c->weights);
  LS_NEW(c->slot, c->slots);
  for (int s = 0; s < c->slots; s++) {
    LS_TRY(ls_mem_new(&c->slot[s], (size_t)c->parameters, size));
    copy_flat(r, layout, layout->first_tensor + (1 + s) * c->tensors, c->tensors, c->slot[s]);
  }
  return LS_OK;
}

static ls_status read_all(reader *r, ls_checkpoint *c) {
  ls_layout layout = {0};
  LS_TRY(ls_index_read(r->path, r->data, r->bytes, &r->block, &r->toc));
  LS_TRY(check_version(r, &c->minor));
  LS_TRY(get_scalars(r, c));
  LS_TRY(get_data_files(r, c));
  LS_TRY(get_affine(r, "/data/x_shift", "/data/x_divisor", c->inputs, &c->x_affine));
  LS_TRY(get_affine(r, "/data/y_shift", "/data/y_divisor", c->outputs, &c->y_affine));
  LS_TRY(get_sums(r, c));
  LS_TRY(get_slot_names(r, c));
  LS_TRY(get_names(r, c));
  LS_TRY(get_trained(r, c));
  LS_TRY(get_tensors(r, c));
  ls_status status = check_layout(r, c, &layout);
  if (status == LS_OK) status = check_derived(r, c, &layout);
  if (status == LS_OK) status = get_arrays(r, &layout, c);
  ls_layout_free(&layout);
  return status;
}

/* An HDF5 file that is no checkpoint gets a hint at what it can be used for. */
static ls_status verify(const char *path, const char *data, size_t bytes, ls_block *block) {
  static const char hdf5[] = "\211HDF\r\n\032\n";
  if (bytes >= 8 && !memcmp(data, hdf5, 8))
    return ls_fail(LS_EDATA,
                   "'%s' is a plain HDF5 file without a checkpoint's header; to start from its "
                   "weights use model.init: {type: file, file: %s}",
                   path, path);
  return ls_block_verify(path, data, bytes, block);
}

ls_status ls_checkpoint_judge(const char *path, ls_checkpoint **out) {
  reader r = {.path = path};
  *out = NULL;
  LS_TRY(ls_regular_read(path, 0, &r.data, &r.bytes, SIZE_MAX / 8));
  ls_status status = verify(path, r.data, r.bytes, &r.block);
  if (status == LS_OK) status = ls_mem_new((void **)out, 1, sizeof **out);
  if (status == LS_OK) status = read_all(&r, *out);
  if (status == LS_OK) status = ls_checkpoint_check(path, *out);
  if (status != LS_OK) ls_checkpoint_free(out);
  ls_layout_free(&r.toc);
  LS_FREE(r.data);
  return status;
}

ls_status ls_checkpoint_read(const char *path, ls_checkpoint **out) {
  ls_status status = ls_checkpoint_judge(path, out);
  return status == LS_EIO ? ls_fail(LS_EDATA, "%s", ls_error_text()) : status;
}

void ls_checkpoint_free(ls_checkpoint **checkpoint) {
  ls_checkpoint *c = *checkpoint;
  if (!c) return;
  for (int i = 0; i < c->slots; i++) {
    ls_mem_free(c->slot_name[i]);
    if (c->slot) ls_mem_free(c->slot[i]);
  }
  for (int i = 0; i < c->files; i++) ls_mem_free(c->file[i].path);
  ls_texts_free(&c->names);
  ls_trained_free(&c->trained);
  void *block[] = {c->tensor,         c->weights,         c->slot_name,
                   c->slot,           c->slice_sums,      c->config_text,
                   c->run_id,         c->kernel,          c->writer,
                   c->file,           c->x_affine.shift,  c->x_affine.divisor,
                   c->y_affine.shift, c->y_affine.divisor};
  for (size_t i = 0; i < sizeof block / sizeof *block; i++) ls_mem_free(block[i]);
  LS_FREE(*checkpoint);
}
