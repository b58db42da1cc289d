/* weights.c - a checkpoint that is whole is read as one; any other HDF5, or a choice of layers,
 * tensor by tensor by path (read_tensors). A layer fits if all its tensors do. Begin with
 * ls_weights_read -> read_weights. */
#include "checkpoint/weights.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/read.h"
#include "io/h5.h"

void ls_weights_hash(const void *weights, int64_t parameters, ls_dtype precision, char *out) {
  memcpy(out, "xxh3-128:", 9);
  ls_digest_hex(weights, (size_t)parameters * ls_dtype_size(precision), out + 9);
}

/* ---- tensors of any HDF5 file, which other people's programs may have made ---- */

typedef struct {
  const ls_init_spec *init;
  const ls_tensor *tensor; /* (tensors) */
  int tensors;
  ls_dtype precision;
  ls_h5_item *want; /* (tensors) as they would be in the file */
  bool *taken;      /* (tensors) */
  int others;       /* what else /model holds */
} reading;

static ls_status check_set(const char *path, const ls_h5_item *want, const ls_h5_shape *have) {
  int64_t dim[2] = {have->dim[0], have->dims > 1 ? have->dim[1] : 1};
  if (have->integer)
    return ls_fail(LS_EDATA, "'%s': %s is not of floating-point numbers", path, want->path);
  if (have->dims == want->rank && dim[0] == want->dim[0] && dim[1] == want->dim[1]) return LS_OK;
  return ls_fail(
      LS_EDATA, "'%s': %s is (%jd, %jd) of rank %d, and this model's is (%jd, %jd) of rank %d",
      path, want->path, dim[0], dim[1], have->dims, want->dim[0], want->dim[1], want->rank);
}

/* Into its place in flat w. */
static ls_status read_tensor(const reading *r, int i, char *w) {
  const ls_h5_item *want = &r->want[i];
  ls_h5set *set;
  LS_TRY(ls_h5set_open(r->init->file, want->path, false, &set));
  ls_status status = check_set(r->init->file, want, ls_h5set_shape(set));
  w += (size_t)r->tensor[i].offset * ls_dtype_size(r->precision);
  if (status == LS_OK) status = ls_h5set_read(set, 0, want->dim[0], r->precision, w);
  ls_h5set_close(&set);
  return status;
}

/* Is it there? What else is there is counted. */
static void note_tensor(void *arg, const ls_h5_entry *entry) {
  reading *r = arg;
  bool known = strncmp(entry->path, "/model/", 7) != 0;
  for (int i = 0; i < r->tensors && !known; i++) {
    known = strcmp(entry->path, r->want[i].path) == 0;
    r->taken[i] = r->taken[i] || known;
  }
  r->others += !known;
}

static ls_status drop_unfit(const reading *r, int i) {
  ls_h5set *set;
  if (!r->taken[i]) return LS_OK;
  LS_TRY(ls_h5set_open(r->init->file, r->want[i].path, false, &set));
  r->taken[i] = check_set(r->init->file, &r->want[i], ls_h5set_shape(set)) == LS_OK;
  ls_h5set_close(&set);
  return LS_OK;
}

/* A layer fits if all its tensors do. */
static ls_status choose_fitting(const reading *r) {
  int taken = 0;
  for (int i = 0; i < r->tensors; i++) LS_TRY(drop_unfit(r, i));
  for (int lo = 0, hi; lo < r->tensors; lo = hi) {
    bool all = true;
    for (hi = lo; hi < r->tensors && r->tensor[hi].layer == r->tensor[lo].layer; hi++)
      all = all && r->taken[hi];
    for (int i = lo; i < hi; i++) r->taken[i] = all;
    taken += all;
  }
  if (taken > 0) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': no layer of this model is there with the same shapes",
                 r->init->file);
}

/* Other programs call weights otherwise, so how they are written says more than what is there. */
static ls_status check_any(const reading *r) {
  bool any = r->others > 0;
  for (int i = 0; i < r->tensors; i++) any = any || r->taken[i];
  if (any) return LS_OK;
  return ls_fail(LS_EDATA,
                 "'%s': no weights are in it as /model/0000/W (inputs, units), /model/0000/b "
                 "(units), and so on; of a Keras model of dense layers, in Python: with "
                 "h5py.File(\"init.h5\", \"w\") as f: [f.create_dataset(f\"model/{i // 2:04d}/"
                 "{'Wb'[i %% 2]}\", data=w) for i, w in enumerate(model.get_weights())]",
                 r->init->file);
}

static ls_status read_tensors(reading *r, void *w) {
  const ls_init_take take = r->init->take;
  LS_TRY(ls_h5_list(r->init->file, note_tensor, r));
  LS_TRY(check_any(r));
  if (take == LS_TAKE_FITTING) LS_TRY(choose_fitting(r));
  for (int i = 0; i < r->tensors; i++) {
    if (take != LS_TAKE_FITTING) r->taken[i] = ls_init_takes(r->init, r->tensor[i].layer);
    if (r->taken[i]) LS_TRY(read_tensor(r, i, w));
  }
  if (take != LS_TAKE_ALL || r->others == 0) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': /model holds %d tensors, and this model has %d", r->init->file,
                 r->tensors + r->others, r->tensors);
}

/* ---- a checkpoint that is whole is read as one ---- */

static ls_status read_checkpoint(reading *r, void *w) {
  ls_checkpoint *c;
  LS_TRY(ls_checkpoint_read(r->init->file, &c));
  ls_status status = ls_tensors_check(r->init->file, c, "this model", r->tensor, r->tensors);
  if (status != LS_OK)
    status = ls_fail(status, "%s; init: {..., layers: fitting} takes the layers that fit",
                     ls_error_text());
  if (status == LS_OK) ls_dtype_convert(c->precision, c->weights, c->parameters, r->precision, w);
  ls_checkpoint_free(&c);
  for (int i = 0; i < r->tensors; i++) r->taken[i] = true;
  return status;
}

/* No digest is asked of any other file, but one that is there and wrong is worth a word. */
static ls_status read_weights(reading *r, void *w) {
  ls_block block;
  const char *path = r->init->file;
  ls_status peeked = ls_block_peek(path, &block);
  bool whole = peeked == LS_OK && ls_checkpoint_verify(path) == LS_OK;
  if (peeked == LS_EIO) return ls_fail(LS_EDATA, "%s", ls_error_text());
  if (peeked == LS_OK && !whole)
    ls_log(LS_LOG_WARN, "%s; its weights are used as they are", ls_error_text());
  if (whole && r->init->take == LS_TAKE_ALL) return read_checkpoint(r, w);
  ls_status status = read_tensors(r, w);
  ls_h5_rest();
  return status;
}

/* ---- saying what was taken ---- */

/* "layers 0-2, 4"; "" where there are none. */
static char *list_layers(const reading *r, bool taken) {
  char *text = ls_mem_text("");
  for (int i = 0, k; i < r->tensors; i = k) {
    for (k = i + 1; k < r->tensors && r->taken[k] == r->taken[i];) k++;
    const int lo = r->tensor[i].layer, hi = r->tensor[k - 1].layer;
    if (r->taken[i] != taken) continue;
    const char *before = *text ? "," : "layer";
    if (!*text && lo < hi) before = "layers";
    char *more = ls_mem_format("%s%s %d", text, before, lo);
    LS_FREE(text);
    text = more;
    if (lo == hi) continue;
    more = ls_mem_format("%s-%d", text, hi);
    LS_FREE(text);
    text = more;
  }
  return text;
}

static void say_taken(const reading *r) {
  char *taken = list_layers(r, true), *drawn = list_layers(r, false);
  ls_log(LS_LOG_INFO, "model.init: %s from %s%s%s", taken, r->init->file,
         *drawn ? "; drawn as by auto: " : "", drawn);
  LS_FREE(taken);
  LS_FREE(drawn);
}

ls_status ls_weights_read(const ls_init_spec *init, const ls_tensor *tensor, int tensors,
                          ls_dtype precision, void *w) {
  reading r = {.init = init, .tensor = tensor, .tensors = tensors, .precision = precision};
  LS_NEW(r.want, tensors);
  ls_status status = ls_mem_new((void **)&r.taken, (size_t)tensors, sizeof *r.taken);
  for (int i = 0; status == LS_OK && i < tensors; i++)
    status = ls_tensor_item(&tensor[i], NULL, precision, &r.want[i]);
  if (status == LS_OK) status = read_weights(&r, w);
  if (status == LS_OK) say_taken(&r);
  LS_FREE(r.want);
  LS_FREE(r.taken);
  return status;
}
