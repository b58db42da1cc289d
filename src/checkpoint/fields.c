/* fields.c - the table itself (ls_fields), in the order of the file; all else asks its rows:
 * where a value is in ls_checkpoint, how wide, how many. Begin there, then `fill`, which lists
 * every dataset: fields, weights, slots, index. */
#include "checkpoint/fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "data/trained.h"

#define WRITER "lockstep " LOCKSTEP_VERSION ", compiler " __VERSION__
#define ORDER "feistel-1" /* data/order.c's permutation, keyed by seed and epoch */

/* ---- the table ---- */

#define AT(member) offsetof(ls_checkpoint, member)
#define VALUE(path_, type_, member) .path = path_, .type = LS_##type_, .at = AT(member)
#define CHARS(path_, member) \
  VALUE(path_, FIXED_TEXT, member), .width = sizeof((ls_checkpoint *)NULL)->member
#define LIST(path_, type_, member, count) \
  VALUE(path_, type_, member), .rows = AT(count), .row = sizeof(void *)
#define FILES(path_, type_, member)                                                             \
  VALUE(path_, type_, file), .rows = AT(files), .like = AT(files), .row = sizeof(ls_data_file), \
                             .inside = offsetof(ls_data_file, member)
_Static_assert(sizeof(char *) == 8, "texts and numbers take the same space in a list");

const ls_field ls_fields[] = {
    {VALUE("/meta/format_major", I64, major)},
    {VALUE("/meta/format_minor", I64, minor)},
    {VALUE("/meta/writer", FIXED_TEXT, writer)},
    {CHARS("/meta/run_id", run_id)},
    {VALUE("/config/text", FIXED_TEXT, config_text)},
    {CHARS("/config/digest", config_digest), .again = "/config/text: it is not its digest"},
    {CHARS("/config/model_digest", model_digest), .again = "/model: it is not the tensors' digest"},
    {FILES("/data/path", FIXED_TEXT, path)},
    {FILES("/data/bytes", I64, bytes)},
    {FILES("/data/samples", I64, samples)},
    {FILES("/data/digest", FIXED_TEXT, digest), .width = sizeof((ls_data_file *)NULL)->digest},
    {VALUE("/data/order", FIXED_TEXT, order), .again = "this format: another order of samples"},
    {VALUE("/data/seed", U64, seed)},
    {VALUE("/data/batch", I64, batch)},
    {VALUE("/data/slices", I64, slices)},
    {VALUE("/data/inputs", I64, inputs)},
    {VALUE("/data/outputs", I64, outputs)},
    {LIST("/data/x_shift", F64, x_affine.shift, x_affine.n), .like = AT(inputs)},
    {LIST("/data/x_divisor", F64, x_affine.divisor, x_affine.n), .like = AT(inputs)},
    {LIST("/data/x_log", I64, x_affine.log, x_affine.logs), .like = AT(inputs)},
    {LIST("/data/x_mean", F64, x_mean.value, x_mean.n), .like = AT(inputs)},
    {LIST("/data/y_shift", F64, y_affine.shift, y_affine.n), .like = AT(outputs)},
    {LIST("/data/y_divisor", F64, y_affine.divisor, y_affine.n), .like = AT(outputs)},
    {LIST("/data/y_log", I64, y_affine.log, y_affine.logs), .like = AT(outputs)},
    {LIST("/data/names", FIXED_TEXT, names.text, names.count), .like = AT(outputs)},
    {LIST("/data/columns", FIXED_TEXT, trained.name.text, trained.name.count)},
    {LIST("/data/x_columns", I64, trained.at[0], trained.n[0]), .like = AT(inputs)},
    {LIST("/data/y_columns", I64, trained.at[1], trained.n[1])},
    {LIST("/data/x_values", FIXED_TEXT, trained.value.text, trained.value.count),
     .like = AT(inputs)},
    {VALUE("/numerics/precision", FIXED_TEXT, precision)},
    {VALUE("/numerics/kernel", FIXED_TEXT, kernel)},
    {LIST("/optim/slots", FIXED_TEXT, slot_name, slots)},
    {VALUE("/meta/global_step", I64, state.global_step)},
    {VALUE("/meta/epoch", I64, state.epoch)},
    {VALUE("/meta/samples_seen", I64, state.samples_seen)},
    {VALUE("/optim/t", I64, state.t)},
    {VALUE("/data/epoch", I64, state.epoch), .again = "/meta/epoch: they say the same"},
    {VALUE("/data/position", I64, state.samples_seen),
     .again = "/meta/samples_seen: they say the same"},
    {VALUE("/train/epoch_samples", I64, state.epoch_samples)},
    {VALUE("/train/best_value", F64, state.best_value)},
    {VALUE("/train/best_step", I64, state.best_step)},
    {VALUE("/train/early_bad", I64, state.early.bad)},
    {VALUE("/train/nonfinite_total", I64, state.nonfinite_total)},
    {VALUE("/train/nonfinite_row", I64, state.nonfinite_row)},
    {VALUE("/train/rollbacks", I64, state.rollbacks)},
    {VALUE("/train/last_loss", F64, state.last_loss)},
    {VALUE("/train/last_grad_norm", F64, state.last_grad_norm)},
    {VALUE("/data/begin_step", I64, state.begin_step), .minor = 1},
    {VALUE("/data/begin_sample", I64, state.begin_sample), .minor = 1},
    {VALUE("/train/sums", F64, slice_sums), .rows = AT(slices), .like = AT(slices),
     .row = sizeof(ls_stats), .columns = LS_STATS_N},
    {VALUE("/optional/train/early_value", F64, state.early.value), .minor = 2},
    {VALUE("/optional/train/restored", I64, state.restored), .minor = 2},
    {VALUE("/optional/train/plateau_value", F64, state.plateau.value), .minor = 3},
    {VALUE("/optional/train/plateau_bad", I64, state.plateau.bad), .minor = 3},
    {VALUE("/optional/train/plateau_rest", I64, state.plateau_rest), .minor = 3},
    {VALUE("/optional/train/plateau_cuts", I64, state.plateau_cuts), .minor = 3},
};
const int ls_field_count = sizeof ls_fields / sizeof *ls_fields;

const ls_state ls_state_fresh = {.best_value = (double)NAN,
                                 .early = {.value = (double)NAN},
                                 .plateau = {.value = (double)NAN},
                                 .last_loss = (double)NAN,
                                 .last_grad_norm = (double)NAN};

void ls_checkpoint_format(ls_checkpoint *c) {
  c->major = LS_CKPT_MAJOR;
  c->minor = LS_CKPT_MINOR;
  c->writer = (char *)WRITER;
  c->order = (char *)ORDER;
}

/* ---- a field's values ---- */

bool ls_field_known(const char *path) {
  bool known = false;
  for (int i = 0; i < ls_field_count; i++) known = known || !strcmp(ls_fields[i].path, path);
  return known;
}

int64_t ls_field_rows(const ls_checkpoint *c, const ls_field *f) {
  return f->rows ? *(const int64_t *)(const void *)((const char *)c + f->rows) : 1;
}

bool ls_field_there(const ls_checkpoint *c, const ls_field *f) {
  return f->minor <= c->minor && ls_field_rows(c, f) > 0;
}

void *ls_field_at(const ls_checkpoint *c, const ls_field *f, int64_t i) {
  char *at = (char *)(uintptr_t)c + f->at;
  if (f->rows) at = *(char **)(void *)at; /* the list that it points to */
  return at + (size_t)i * f->row + f->inside;
}

static const char *text_of(const ls_checkpoint *c, const ls_field *f, int64_t i) {
  const char *text = ls_field_at(c, f, i);
  if (f->at == AT(precision)) return ls_dtype_name(c->precision);
  if (!f->width) text = *(const char *const *)(const void *)text;
  return text ? text : "";
}

void ls_field_put(const ls_checkpoint *c, const ls_field *f, const ls_h5_item *item, char *out) {
  size_t row = item->bytes / (size_t)ls_field_rows(c, f);
  for (int64_t i = 0; i < ls_field_rows(c, f); i++, out += row)
    if (f->type == LS_FIXED_TEXT)
      memcpy(out, text_of(c, f, i), strlen(text_of(c, f, i)));
    else
      memcpy(out, ls_field_at(c, f, i), row);
}

void ls_fields_put(const ls_checkpoint *c, const ls_h5_item *item, char *file) {
  for (int i = 0; i < ls_field_count; i++)
    if (ls_field_there(c, &ls_fields[i])) {
      ls_field_put(c, &ls_fields[i], item, file + item->offset);
      item++;
    }
}

static int64_t width_of(const ls_checkpoint *c, const ls_field *f) {
  size_t longest = 0;
  if (f->type != LS_FIXED_TEXT) return 8;
  if (f->width) return f->width;
  for (int64_t i = 0; i < ls_field_rows(c, f); i++)
    if (strlen(text_of(c, f, i)) > longest) longest = strlen(text_of(c, f, i));
  return (int64_t)longest + 1;
}

static void free_texts(ls_checkpoint *c, const ls_field *f) {
  bool owned = f->type == LS_FIXED_TEXT && !f->width && f->at != AT(precision) && !f->again;
  void *first = ls_field_at(c, f, 0);
  for (int64_t i = 0; owned && first && i < ls_field_rows(c, f); i++)
    ls_mem_free(*(void **)ls_field_at(c, f, i));
}

void ls_checkpoint_free(ls_checkpoint **checkpoint) {
  ls_checkpoint *c = *checkpoint;
  if (!c) return;
  for (int64_t i = 0; c->slot && i < c->slots; i++) ls_mem_free(c->slot[i]);
  for (int i = 0; i < ls_field_count; i++) free_texts(c, &ls_fields[i]);
  for (int i = 0; i < ls_field_count; i++) {
    void **list = (void **)(void *)((char *)c + ls_fields[i].at);
    if (ls_fields[i].rows) LS_FREE(*list); /* that of the files is several fields' */
  }
  LS_FREE(c->tensor);
  LS_FREE(c->weights);
  LS_FREE(c->slot);
  LS_FREE(*checkpoint);
}

/* ---- the list of datasets ---- */

ls_status ls_tensor_item(const ls_tensor *tensor, const char *slot, ls_dtype precision,
                         ls_h5_item *out) {
  char path[2 * LS_H5_PATH];
  bool matrix = tensor->rows > 1 || !strcmp(tensor->name, "W");
  if (slot)
    snprintf(path, sizeof path, "/optim/%04d/%s_%s", tensor->layer, slot, tensor->name);
  else
    snprintf(path, sizeof path, "/model/%04d/%s", tensor->layer, tensor->name);
  return ls_h5_item_set(out, path, precision, (int64_t)ls_dtype_size(precision), matrix ? 2 : 1,
                        matrix ? tensor->rows : tensor->cols, tensor->cols);
}

static ls_status add_field(const ls_checkpoint *c, const ls_field *f, ls_layout *to) {
  int rank = f->rows ? 1 + (f->columns > 0) : 0;
  if (!ls_field_there(c, f)) return LS_OK;
  return ls_h5_item_set(&to->item[to->items++], f->path, f->type, width_of(c, f), rank,
                        ls_field_rows(c, f), rank == 2 ? f->columns : 1);
}

static ls_status fill(const ls_checkpoint *c, ls_layout *to) {
  for (int i = 0; i < ls_field_count; i++) LS_TRY(add_field(c, &ls_fields[i], to));
  to->first_tensor = to->items;
  for (int64_t s = -1; s < c->slots; s++)
    for (int i = 0; i < c->tensors; i++)
      LS_TRY(ls_tensor_item(&c->tensor[i], s < 0 ? NULL : c->slot_name[s], c->precision,
                            &to->item[to->items++]));
  to->covered = to->items;
  return ls_h5_item_set(&to->item[to->items++], LS_CKPT_INDEX, LS_RECORD, sizeof(ls_h5_row), 1,
                        to->covered, 1);
}

ls_status ls_layout_new(const ls_checkpoint *c, ls_layout *out) {
  *out = (ls_layout){0};
  LS_NEW(out->item, ls_field_count + (int64_t)c->tensors * (1 + c->slots) + 1);
  ls_status status = fill(c, out);
  if (status != LS_OK) ls_layout_free(out);
  return status;
}

void ls_layout_free(ls_layout *layout) { LS_FREE(layout->item); }

const ls_h5_item *ls_layout_find(const ls_layout *layout, const char *path) {
  for (int i = 0; i < layout->items; i++)
    if (!strcmp(layout->item[i].path, path)) return &layout->item[i];
  return NULL;
}

/* ---- what follows from other fields ---- */

static void hex(XXH128_hash_t hash, char *out) {
  snprintf(out, LS_CKPT_DIGEST, "%016jx%016jx", hash.high64, hash.low64);
}

void ls_digest_hex(const void *data, size_t bytes, char *out) {
  hex(XXH3_128bits(data, bytes), out);
}

void ls_run_id(const ls_checkpoint *c, char *out) {
  XXH3_state_t *hash = XXH3_createState();
  XXH3_128bits_reset(hash);
  if (c->config_text) XXH3_128bits_update(hash, c->config_text, strlen(c->config_text));
  for (int64_t i = 0; i < c->files; i++)
    XXH3_128bits_update(hash, c->file[i].digest, strlen(c->file[i].digest));
  hex(XXH3_128bits_digest(hash), out);
  XXH3_freeState(hash);
}

/* A chain of digests, so that no text grows with the model. */
static void digest_model(const ls_checkpoint *c, const ls_layout *layout, char *out) {
  enum { HEX = LS_CKPT_DIGEST - 1 };
  char row[LS_H5_PATH + 80], pair[2 * HEX + 1] = "";
  for (int i = 0; i < c->tensors; i++) {
    const ls_h5_item *item = &layout->item[layout->first_tensor + i];
    int length = snprintf(row, sizeof row, "%s %s %d %jd %jd", item->path,
                          ls_dtype_name(item->type), item->rank, item->dim[0], item->dim[1]);
    ls_digest_hex(row, (size_t)length, pair + HEX);
    ls_digest_hex(pair, 2 * HEX, pair);
  }
  memcpy(out, pair, HEX);
  out[HEX] = 0;
}

void ls_checkpoint_derive(ls_checkpoint *c, const ls_layout *layout) {
  const char *text = c->config_text ? c->config_text : "";
  ls_digest_hex(text, strlen(text), c->config_digest);
  digest_model(c, layout, c->model_digest);
}

/* ---- tensors ---- */

static bool same_tensor(const ls_tensor *a, const ls_tensor *b) {
  return a->layer == b->layer && !strcmp(a->name, b->name) && a->rows == b->rows &&
         a->cols == b->cols;
}

ls_status ls_tensors_check(const char *name, const ls_checkpoint *c, const char *model,
                           const ls_tensor *want, int tensors) {
  for (int i = 0; i < tensors && i < c->tensors; i++) {
    const ls_tensor *a = &c->tensor[i], *b = &want[i];
    if (!same_tensor(a, b))
      return ls_fail(LS_EDATA,
                     "'%s': /model/%04d/%s is (%jd, %jd), where %s has /model/%04d/%s (%jd, "
                     "%jd)",
                     name, a->layer, a->name, a->rows, a->cols, model, b->layer, b->name, b->rows,
                     b->cols);
  }
  if (c->tensors == tensors) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': /model holds %d tensors, and %s has %d", name, c->tensors, model,
                 tensors);
}
