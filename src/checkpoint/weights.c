/* weights.c - weights by themselves: their hash, and their reading for `init: {type:
 * file}`. */
#include "checkpoint/weights.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/block.h"
#include "checkpoint/read.h"
#include "io/h5helper.h"

void ls_weights_hash(const void *weights, int64_t parameters, ls_precision precision, char *out) {
  memcpy(out, "xxh3-128:", 9);
  ls_digest_hex(weights, (size_t)parameters * ls_real_size(precision), out + 9);
}

/* Tensors of a plain HDF5 file, which other people's programs may have made. */
static ls_status read_plain(const char *path, const ls_tensor *tensor, int tensors,
                            ls_precision precision, void *w) {
  ls_h5_item *want;
  LS_NEW(want, tensors);
  ls_status status = LS_OK;
  for (int i = 0; status == LS_OK && i < tensors; i++)
    status = ls_tensor_item(&tensor[i], NULL, precision, &want[i]);
  if (status == LS_OK) status = ls_h5helper_read(path, "/model", want, tensors, precision, w);
  LS_FREE(want);
  return status;
}

static ls_status check_tensor(const char *path, const ls_tensor *have, const ls_tensor *want) {
  if (have->layer == want->layer && !strcmp(have->name, want->name) && have->rows == want->rows &&
      have->cols == want->cols)
    return LS_OK;
  return ls_fail(LS_EDATA,
                 "'%s': /model/%04d/%s is (%lld, %lld), where this model has /model/%04d/%s (%lld, "
                 "%lld)",
                 path, have->layer, have->name, (long long)have->rows, (long long)have->cols,
                 want->layer, want->name, (long long)want->rows, (long long)want->cols);
}

static ls_status check_tensors(const char *path, const ls_checkpoint *c, const ls_tensor *tensor,
                               int tensors) {
  for (int i = 0; i < tensors && i < c->tensors; i++)
    LS_TRY(check_tensor(path, &c->tensor[i], &tensor[i]));
  if (c->tensors == tensors) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': /model holds %d tensors, and this model has %d", path, c->tensors,
                 tensors);
}

static void convert(const ls_checkpoint *c, ls_precision precision, void *w) {
  for (int64_t i = 0; i < c->parameters; i++) {
    double value = ls_real_at(c->weights, c->precision, i);
    if (precision == LS_F32)
      ((float *)w)[i] = (float)value;
    else
      ((double *)w)[i] = value;
  }
}

static ls_status read_checkpoint(const char *path, const ls_tensor *tensor, int tensors,
                                 ls_precision precision, void *w) {
  ls_checkpoint *c;
  LS_TRY(ls_checkpoint_read(path, &c));
  ls_status status = check_tensors(path, c, tensor, tensors);
  if (status == LS_OK) convert(c, precision, w);
  ls_checkpoint_free(&c);
  return status;
}

/* A checkpoint that is whole is read as one. No digest is asked of any other file, but one that is
 * there and wrong is worth a word. */
ls_status ls_weights_read(const char *path, const ls_tensor *tensor, int tensors,
                          ls_precision precision, void *w) {
  ls_block block;
  if (ls_block_peek(path, &block) != LS_OK) return read_plain(path, tensor, tensors, precision, w);
  if (ls_checkpoint_verify(path) == LS_OK)
    return read_checkpoint(path, tensor, tensors, precision, w);
  ls_log(LS_LOG_WARN, "%s; its weights are used as they are", ls_error_text());
  return read_plain(path, tensor, tensors, precision, w);
}
