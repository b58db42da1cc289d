#include "checkpoint/weights.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/read.h"
#include "io/h5helper.h"

void ls_weights_hash(const void *weights, int64_t parameters, ls_dtype precision, char *out) {
  memcpy(out, "xxh3-128:", 9);
  ls_digest_hex(weights, (size_t)parameters * ls_dtype_size(precision), out + 9);
}

/* Tensors of a plain HDF5 file, which other people's programs may have made. */
static ls_status read_plain(const char *path, const ls_tensor *tensor, int tensors,
                            ls_dtype precision, void *w) {
  ls_h5_item *want;
  LS_NEW(want, tensors);
  ls_status status = LS_OK;
  for (int i = 0; status == LS_OK && i < tensors; i++)
    status = ls_tensor_item(&tensor[i], NULL, precision, &want[i]);
  if (status == LS_OK) status = ls_h5helper_read(path, "/model", want, tensors, precision, w);
  LS_FREE(want);
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
