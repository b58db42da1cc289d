/* image.h - a whole checkpoint file in memory: made once, filled at fixed offsets, sealed and
 * committed. */
#ifndef LS_CHECKPOINT_IMAGE_H
#define LS_CHECKPOINT_IMAGE_H

#include "checkpoint/fields.h"
#include "io/lock.h"

typedef struct ls_image ls_image;
/* Makes the skeleton; no file is touched. c: what a save does not change; what it points to lives
 * as long as the image. */
ls_status ls_image_new(const ls_checkpoint *c, ls_image **out);
/* The second buffer, of an image that has not been filled yet. */
ls_status ls_image_clone(const ls_image *image, ls_image **out);
void ls_image_free(ls_image **image);
/* Where a tensor's values go: rows*cols of the precision. */
void *ls_image_weights(ls_image *image, int tensor);
void *ls_image_slot(ls_image *image, int slot, int tensor);
/* slice_sums: (slices) running sums of the epoch. */
void ls_image_state(ls_image *image, const ls_state *state, const ls_stats *slice_sums);
size_t ls_image_bytes(const ls_image *image);
/* The digest of all that it holds goes into its user block: (bytes) as a file has them. */
const void *ls_image_seal(ls_image *image);
/* Seal and commit as dir/name. Only this call does I/O; may run on a writer
 * thread. An old final.h5 is replaced, by a link where the checkpoint of its step has its bytes;
 * another name that exists is an error, unless it holds the same bytes. */
ls_status ls_image_commit(ls_image *image, const char *dir, const char *name);
/* The same; LS_EIO where `lock`, the folder's, is another run's before the file has its name. */
ls_status ls_image_commit_locked(ls_image *image, ls_lock *lock, const char *dir, const char *name);

#endif
