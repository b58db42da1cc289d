/* checkpoint_weights.c - weights by themselves: their hash, and their reading for `init: {type:
 * file}`. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "train/checkpoint_private.h"

void ls_weights_hash(const void *weights, int64_t parameters, ls_precision precision, char *out) {
  memcpy(out, "xxh3-128:", 9);
  ls_digest_hex(weights, (size_t)parameters * ls_real_size(precision), out + 9);
}

static ls_status read_tensor(ls_h5_file *file, const char *path, const ls_tensor *tensor,
                             ls_precision precision, char *w) {
  ls_h5_item want, have;
  LS_TRY(ls_tensor_item(tensor, NULL, precision, &want));
  LS_TRY(ls_h5_find(file, want.path, 0, &have));
  if (have.rank != want.rank || have.dim[0] != want.dim[0] || have.dim[1] != want.dim[1])
    return ls_fail(
        LS_EDATA,
        "'%s': %s is (%lld, %lld) of rank %d, and this model's is (%lld, %lld) of rank %d", path,
        want.path, (long long)have.dim[0], (long long)have.dim[1], have.rank,
        (long long)want.dim[0], (long long)want.dim[1], want.rank);
  return ls_h5_read_real(file, &have, precision,
                         w + (size_t)tensor->offset * ls_real_size(precision));
}

static ls_status read_tensors(ls_h5_file *file, const char *path, const ls_tensor *tensor,
                              int tensors, ls_precision precision, char *w) {
  int64_t datasets;
  for (int i = 0; i < tensors; i++) LS_TRY(read_tensor(file, path, &tensor[i], precision, w));
  LS_TRY(ls_h5_count(file, "/model", &datasets));
  if (datasets == tensors) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': /model holds %lld tensors, and this model has %d", path,
                 (long long)datasets, tensors);
}

/* No digest is asked of such a file, but one that is there and wrong is worth a word. */
static void warn_if_damaged(const char *path) {
  ls_block block;
  if (ls_block_peek(path, &block) == LS_OK && ls_checkpoint_verify(path) != LS_OK)
    ls_log(LS_LOG_WARN, "%s; its weights are used as they are", ls_error_text());
}

ls_status ls_weights_read(const char *path, const ls_tensor *tensor, int tensors,
                          ls_precision precision, void *w) {
  ls_h5_file *file;
  warn_if_damaged(path);
  LS_TRY(ls_h5_open_path(path, &file));
  ls_status status = read_tensors(file, path, tensor, tensors, precision, w);
  ls_h5_close(&file);
  return status;
}
