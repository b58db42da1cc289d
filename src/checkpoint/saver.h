/* saver.h - the writer: two image buffers and one thread that commits, so that training goes on
 * while a checkpoint reaches the disk. Rank 0 only. It also keeps the folder tidy: after a commit
 * all but the newest `keep_last` and the best are removed. */
#ifndef LS_CHECKPOINT_SAVER_H
#define LS_CHECKPOINT_SAVER_H

#include <stdbool.h>

#include "checkpoint/image.h"
#include "io/lock.h"

typedef struct ls_saver ls_saver;

typedef struct {
  int64_t step;
  char name[64];
  ls_status status; /* of the commit; the older files are untouched when it is not LS_OK */
  char error[512];
  double stall_ms, commit_ms;
} ls_saver_outcome;

/* async: a thread and a second buffer; else submit commits before it returns. */
ls_status ls_saver_new(const ls_checkpoint *checkpoint, const char *dir, bool async,
                       int64_t keep_last, ls_saver **out);
/* No file takes its name in the folder once `lock` is another run's. */
void ls_saver_guard(ls_saver *saver, ls_lock *lock);
void ls_saver_free(ls_saver **saver); /* waits for what is under way */
/* The idle image to fill, or NULL where the writer still has both and wait is false. */
ls_image *ls_saver_begin(ls_saver *saver, bool wait);
/* The image of the last begin is filled: commit it as `name` (final.h5 replaces an older one).
 * best_step: step of the checkpoint to keep beside the newest, -1: none. stall_s is passed on to
 * the outcome. */
void ls_saver_submit(ls_saver *saver, int64_t step, const char *name, int64_t best_step,
                     double stall_s);
bool ls_saver_poll(ls_saver *saver,
                   ls_saver_outcome *out); /* next finished commit, oldest first; does not wait */
void ls_saver_finish(ls_saver *saver);     /* wait until nothing is under way */

#endif
