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

/* ---- a plain HDF5 file, which other people's programs may have made ---- */

static void count_tensor(void *arg, const ls_h5_entry *entry) {
  *(int *)arg += strncmp(entry->path, "/model/", 7) == 0;
}

static ls_status check_set(const char *path, const ls_h5_item *want, const ls_h5_shape *have) {
  int64_t dim[2] = {have->dim[0], have->dims > 1 ? have->dim[1] : 1};
  if (have->integer)
    return ls_fail(LS_EDATA, "'%s': %s is not of floating-point numbers", path, want->path);
  if (have->dims == want->rank && dim[0] == want->dim[0] && dim[1] == want->dim[1]) return LS_OK;
  return ls_fail(LS_EDATA,
                 "'%s': %s is (%lld, %lld) of rank %d, and this model's is (%lld, %lld) of rank %d",
                 path, want->path, (long long)dim[0], (long long)dim[1], have->dims,
                 (long long)want->dim[0], (long long)want->dim[1], want->rank);
}

static ls_status read_tensor(const char *path, const ls_tensor *tensor, ls_dtype precision,
                             void *w) {
  ls_h5_item want;
  ls_h5set *set;
  LS_TRY(ls_tensor_item(tensor, NULL, precision, &want));
  LS_TRY(ls_h5set_open(path, want.path, false, &set));
  ls_status status = check_set(path, &want, ls_h5set_shape(set));
  if (status == LS_OK) status = ls_h5set_read(set, 0, want.dim[0], precision, w);
  ls_h5set_close(&set);
  return status;
}

static ls_status read_tensors(const char *path, const ls_tensor *tensor, int tensors,
                              ls_dtype precision, char *w) {
  int there = 0;
  for (int i = 0; i < tensors; i++) {
    LS_TRY(read_tensor(path, &tensor[i], precision, w));
    w += (size_t)(tensor[i].rows * tensor[i].cols) * ls_dtype_size(precision);
  }
  LS_TRY(ls_h5_list(path, count_tensor, &there));
  if (there == tensors) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': /model holds %d tensors, and this model has %d", path, there,
                 tensors);
}

static ls_status read_plain(const char *path, const ls_tensor *tensor, int tensors,
                            ls_dtype precision, void *w) {
  ls_status status = read_tensors(path, tensor, tensors, precision, w);
  ls_h5_rest();
  return status;
}

/* A checkpoint that is whole is read as one. No digest is asked of any other file, but one that is
 * there and wrong is worth a word. */
ls_status ls_weights_read(const char *path, const ls_tensor *tensor, int tensors,
                          ls_dtype precision, void *w) {
  ls_block block;
  ls_checkpoint *c;
  if (ls_block_peek(path, &block) != LS_OK) return read_plain(path, tensor, tensors, precision, w);
  if (ls_checkpoint_verify(path) != LS_OK) {
    ls_log(LS_LOG_WARN, "%s; its weights are used as they are", ls_error_text());
    return read_plain(path, tensor, tensors, precision, w);
  }
  LS_TRY(ls_checkpoint_read(path, &c));
  ls_status status = ls_tensors_check(path, c, "this model", tensor, tensors);
  if (status == LS_OK) ls_dtype_convert(c->precision, c->weights, c->parameters, precision, w);
  ls_checkpoint_free(&c);
  return status;
}
