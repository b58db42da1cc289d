/* saves DIR COUNT - go on from the newest checkpoint in DIR and save COUNT more, a step each; says
 * "found N" of the first, and "committed N FILE" as training does. Of four steps two go to
 * ckpt-N.h5 and two to final.h5, the second replacing the first. Exit: 0, 65 where checkpoints are
 * there and none is good, 70 where one holds something else than was saved, 74 after three failures
 * in a row. */
#include "saves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/find.h"
#include "checkpoint/saver.h"
#include "io/lock.h"

static void fill(ls_image *image, int64_t step) {
  const ls_state state = {
      .global_step = step, .t = step, .samples_seen = step, .best_value = (double)NAN};
  const ls_stats sums = {0};
  for (int t = 0; t < saves_plan.tensors; t++)
    for (int64_t k = 0; k < saves_tensor[t].rows * saves_tensor[t].cols; k++) {
      ((double *)ls_image_weights(image, t))[k] = saves_value(step, 0, saves_tensor[t].offset + k);
      ((double *)ls_image_slot(image, 0, t))[k] = saves_value(step, 1, saves_tensor[t].offset + k);
    }
  ls_image_state(image, &state, &sums);
}

static ls_status newest(const char *dir, int64_t *step) {
  char *path;
  ls_checkpoint *c;
  *step = 0;
  LS_TRY(ls_checkpoint_newest(dir, true, &path, &c));
  if (!path) return LS_OK;
  ls_mem_free(path);
  *step = c->state.global_step;
  ls_status status = saves_is(c, *step) ? LS_OK
                                        : ls_fail(LS_EINTERNAL, "step %lld is not what was saved",
                                                  (long long)*step);
  ls_checkpoint_free(&c);
  return status;
}

static ls_status save_as(ls_saver *saver, int64_t step, const char *name, int *failed) {
  ls_saver_outcome out;
  fill(ls_saver_begin(saver, true), step);
  ls_saver_submit(saver, step, name, -1, 0);
  ls_saver_finish(saver);
  while (ls_saver_poll(saver, &out)) {
    *failed = out.status == LS_OK ? 0 : *failed + 1;
    if (out.status == LS_OK)
      ls_log_plain("committed %lld %s", (long long)step, name);
    else
      ls_log(LS_LOG_WARN, "step %lld: %s", (long long)step, out.error);
  }
  return *failed < 3 ? LS_OK : ls_fail(LS_EIO, "three failures in a row");
}

/* As ckpt-N.h5, as that and final.h5 (which is a link then), or as final.h5 alone. */
static ls_status save(ls_saver *saver, int64_t step, int *failed) {
  char name[48];
  const int64_t turn = step % 4;
  snprintf(name, sizeof name, "ckpt-%lld.h5", (long long)step);
  ls_status status = turn == 1 || turn == 2 ? save_as(saver, step, name, failed) : LS_OK;
  if (status == LS_OK && turn != 1) status = save_as(saver, step, "final.h5", failed);
  return status;
}

static ls_status run(const char *dir, int64_t count) {
  ls_saver *saver;
  ls_lock *lock;
  int64_t first;
  int failed = 0;
  ls_checkpoint plan = saves_plan;
  LS_TRY(ls_lock_take(dir, &lock));
  ls_status status = newest(dir, &first);
  if (status == LS_OK) ls_log_plain("found %lld", (long long)first);
  if (status == LS_OK) status = ls_saver_new(&plan, dir, true, 2, &saver);
  for (int64_t i = 1; status == LS_OK && i <= count; i++) status = save(saver, first + i, &failed);
  if (status == LS_OK) ls_saver_free(&saver);
  ls_lock_release(&lock);
  return status;
}

int main(int argc, char **argv) {
  if (argc != 3) return LS_EUSAGE;
  ls_status status = run(argv[1], atoll(argv[2]));
  if (status != LS_OK) ls_log(LS_LOG_ERROR, "%s", ls_error_text());
  return (int)status;
}
