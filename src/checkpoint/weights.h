/* weights.h - weights by themselves: their hash, and their reading for `init: {type: file}`. */
#ifndef LS_CHECKPOINT_WEIGHTS_H
#define LS_CHECKPOINT_WEIGHTS_H

#include "base/real.h"
#include "model/model.h"

/* XXH3-128 of the flat weights as docs/checkpoints.md's weights_hash: "xxh3-128:<32 hex>". out has
 * room for 48. */
void ls_weights_hash(const void *weights, int64_t parameters, ls_dtype precision, char *out);

/* /model/NNNN/W and b of init->file, a plain HDF5 file or a checkpoint, into flat w: all of them,
 * or those of the layers that init takes. Their shapes must agree (LS_EDATA, located). Says in a
 * line which they are. */
ls_status ls_weights_read(const ls_init_spec *init, const ls_tensor *tensor, int tensors,
                          ls_dtype precision, void *w);

#endif
