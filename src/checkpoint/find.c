/* find.c - names say the step, but for final.h5, whose header does. Begin with first_good:
 * newest first, each judged by reading it all as a resume would; a damaged one is passed over
 * (and set aside, with repair), one that cannot be read ends the search. */
#include "checkpoint/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/block.h"
#include "io/durable.h"
#include "io/h5.h"
#include "io/h5sign.h"
#include "io/regular.h"

/* ---- names ---- */

bool ls_saved_final(const ls_saved *saved) { return !strcmp(saved->name, "final.h5"); }

/* "ckpt-1200.h5" to 1200; -1: no checkpoint's name. */
static int64_t step_of(const char *name) {
  char *end;
  if (strncmp(name, "ckpt-", 5) || name[5] < '0' || name[5] > '9') return -1;
  errno = 0;
  int64_t step = strtoll(name + 5, &end, 10);
  return errno == 0 && !strcmp(end, ".h5") ? step : -1;
}

static bool is_damaged(const char *name) {
  size_t length = strlen(name);
  return length > 11 && !strcmp(name + length - 11, ".h5.damaged") &&
         (!strncmp(name, "ckpt-", 5) || !strncmp(name, "final", 5));
}

/* ---- the folder ---- */

typedef struct {
  const char *dir;
  ls_saved *row; /* (capacity) */
  int count, capacity, damaged;
  bool repair, strict; /* strict: what is a checkpoint by its name must be a file */
} listing;

static ls_status path_of(const listing *list, const char *name, char *path) {
  if (snprintf(path, PATH_MAX, "%s/%s", list->dir, name) < PATH_MAX) return LS_OK;
  return ls_fail(LS_EIO, "'%s': the path is too long", list->dir);
}

/* step < 0: it is in the header (final.h5). One without a good header is put first, so that it is
 * found bad before others are looked at. */
static ls_status add(listing *list, const char *name, int64_t step, const char *path) {
  ls_block block;
  if (list->count == list->capacity) {
    LS_GROW(list->row, 2 * list->capacity + 16);
    list->capacity = 2 * list->capacity + 16;
  }
  ls_saved *row = &list->row[list->count++];
  snprintf(row->name, sizeof row->name, "%s", name);
  row->step = step;
  if (step < 0) row->step = ls_block_peek(path, &block) == LS_OK ? block.step : INT64_MAX;
  return LS_OK;
}

static ls_status consider(listing *list, int fd, const char *name) {
  char path[PATH_MAX];
  int64_t step = step_of(name);
  if (!strncmp(name, ".tmp-", 5) && list->repair)
    unlinkat(fd, name, 0); /* a save that a kill cut short */
  list->damaged += is_damaged(name);
  if (strcmp(name, "final.h5") && (step < 0 || strlen(name) >= sizeof list->row->name))
    return LS_OK;
  LS_TRY(path_of(list, name, path));
  ls_status status = ls_regular_check(path);
  if (status == LS_OK) return add(list, name, step, path);
  if (list->strict) return status;
  ls_log(LS_LOG_WARN, "%s; it is left out", ls_error_text());
  return LS_OK;
}

static int newer(const void *a, const void *b) {
  const ls_saved *x = a, *y = b;
  if (x->step == y->step) return strcmp(y->name, x->name);
  return x->step < y->step ? 1 : -1;
}

static void sort(listing *list) {
  if (list->count) qsort(list->row, (size_t)list->count, sizeof *list->row, newer);
}

/* NULL at the end, with errno 0. */
static struct dirent *next_entry(DIR *folder) {
  errno = 0;
  return readdir(folder);
}

/* A folder that is not there holds nothing. */
static ls_status scan(listing *list) {
  DIR *folder = opendir(list->dir);
  if (!folder && errno == ENOENT) return LS_OK;
  ls_status status = LS_OK;
  for (struct dirent *entry; folder && status == LS_OK && (entry = next_entry(folder));)
    status = consider(list, dirfd(folder), entry->d_name);
  if (status == LS_OK && errno)
    status = ls_fail(LS_EIO, "cannot list the folder '%s': %s", list->dir, strerror(errno));
  if (folder) closedir(folder);
  sort(list);
  return status;
}

ls_status ls_checkpoint_list(const char *dir, ls_saved **row, int *count, int *damaged) {
  listing list = {.dir = dir};
  ls_status status = scan(&list);
  if (status != LS_OK) {
    LS_FREE(list.row);
    list.count = 0;
  }
  *row = list.row;
  *count = list.count;
  if (damaged) *damaged = list.damaged;
  return status;
}

/* ---- the newest good one ---- */

/* As a resume would: a right digest is no proof that the file can be gone on from. */
static ls_status judge_for_resume(const char *path, ls_saved *row, ls_checkpoint **out) {
  LS_TRY(ls_checkpoint_judge(path, out));
  int64_t step = (*out)->state.global_step;
  if (ls_saved_final(row)) row->step = step;
  if (step == row->step) return LS_OK;
  ls_checkpoint_free(out);
  return ls_fail(LS_EDATA, "'%s' holds the state of step %jd, not of the one in its name", path,
                 step);
}

/* Out of the way, so that its step can be written again; kept, because someone may want to look. */
static ls_status set_aside(const char *dir, const char *path) {
  char aside[PATH_MAX + 16];
  snprintf(aside, sizeof aside, "%s.damaged", path);
  if (rename(path, aside) != 0)
    return ls_fail(LS_EIO, "cannot rename '%s' to '%s': %s", path, aside, strerror(errno));
  return ls_durable_sync_dir(dir);
}

/* What cannot be read may be the newest good one: going on from an older one would lose its work.
 */
static ls_status unreadable(ls_status status) {
  if (status != LS_EIO) return status;
  return ls_fail(LS_EDATA,
                 "%s: it may well be good, so nothing is renamed and no older one is taken; mend "
                 "that, or give a checkpoint with --resume=FILE",
                 ls_error_text());
}

static ls_status first_good(listing *list, char **good, ls_checkpoint **out) {
  for (int i = 0; i < list->count; i++) {
    char path[PATH_MAX];
    int64_t step = list->row[i].step;
    LS_TRY(path_of(list, list->row[i].name, path));
    ls_status status = judge_for_resume(path, &list->row[i], out);
    /* final.h5, whose header could not be read a moment ago, was put first and is good after all:
     * now that its step is known, it takes its turn among the others */
    if (status == LS_OK && step == INT64_MAX) {
      ls_checkpoint_free(out);
      sort(list);
      i = -1;
      continue;
    }
    if (status == LS_OK) {
      *good = ls_mem_text(path);
      return LS_OK;
    }
    if (status != LS_EDATA) return unreadable(status);
    ls_log(LS_LOG_WARN, "%s%s", ls_error_text(),
           list->repair ? "; it is set aside as *.damaged" : "");
    if (list->repair) LS_TRY(set_aside(list->dir, path));
    list->damaged++;
  }
  if (!list->damaged) return LS_OK;
  return ls_fail(LS_EDATA,
                 "'%s' holds no good checkpoint, and %d damaged: not starting afresh by itself. "
                 "Give another file with --resume=FILE, "
                 "or start again with --force or in another folder",
                 list->dir, list->damaged);
}

ls_status ls_checkpoint_newest(const char *dir, bool repair, char **path, ls_checkpoint **out) {
  listing list = {.dir = dir, .repair = repair, .strict = true};
  ls_checkpoint *read = NULL;
  *path = NULL;
  if (out) *out = NULL;
  ls_status status = scan(&list);
  if (status == LS_OK) status = first_good(&list, path, &read);
  if (out)
    *out = read;
  else
    ls_checkpoint_free(&read);
  ls_mem_free(list.row);
  return status;
}

/* ---- is it one at all? ---- */

static void note_model(void *arg, const ls_h5_entry *entry) {
  *(bool *)arg = *(bool *)arg || strncmp(entry->path, "/model/", 7) == 0;
}

bool ls_checkpoint_probe(const char *path) {
  ls_block block;
  bool model = false;
  if (ls_block_peek(path, &block) == LS_OK) return true;
  int64_t inner = ls_h5_signature(path);
  if (inner < 0 || inner == LS_CKPT_BLOCK) return inner > 0;
  ls_status status = ls_h5_list(path, note_model, &model);
  ls_h5_rest();
  return status == LS_OK && model;
}
