/* find.c - the newest good checkpoint of a run folder, and what is done with the others.
 */
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
#include "checkpoint/read.h"
#include "io/durable.h"
#include "io/h5helper.h"
#include "io/h5sign.h"
#include "io/regular.h"

typedef struct {
  ls_saved *row; /* (capacity) */
  int count, capacity, damaged;
  bool repair, strict; /* strict: what is a checkpoint by its name must be a file */
} listing;

static bool ends_with(const char *name, const char *end) {
  size_t a = strlen(name), b = strlen(end);
  return a >= b && !strcmp(name + a - b, end);
}

/* "ckpt-1200.h5" to 1200; -1: no checkpoint's name. */
static int64_t step_of(const char *name) {
  char *end;
  if (strncmp(name, "ckpt-", 5) || name[5] < '0' || name[5] > '9') return -1;
  errno = 0;
  long long step = strtoll(name + 5, &end, 10);
  return errno == 0 && !strcmp(end, ".h5") ? step : -1;
}

/* final.h5 has its step in its header; without a good one it is looked at, and found bad, first. */
static int64_t final_step(const char *dir) {
  char path[PATH_MAX];
  ls_block block;
  snprintf(path, sizeof path, "%s/final.h5", dir);
  return ls_block_peek(path, &block) == LS_OK ? block.step : INT64_MAX;
}

static ls_status add(listing *list, const char *name, int64_t step) {
  if (list->count == list->capacity) {
    ls_saved *larger;
    LS_NEW(larger, 2 * list->capacity + 16);
    if (list->count) memcpy(larger, list->row, (size_t)list->count * sizeof *larger);
    ls_mem_free(list->row);
    list->row = larger;
    list->capacity = 2 * list->capacity + 16;
  }
  ls_saved *row = &list->row[list->count++];
  snprintf(row->name, sizeof row->name, "%s", name);
  row->step = step;
  return LS_OK;
}

static ls_status add_file(listing *list, const char *dir, const char *name) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", dir, name) >= PATH_MAX)
    return ls_fail(LS_EIO, "'%s': the path is too long", dir);
  ls_status status = ls_regular_check(path);
  if (status == LS_OK)
    return add(list, name, strcmp(name, "final.h5") ? step_of(name) : final_step(dir));
  if (list->strict) return status;
  ls_log(LS_LOG_WARN, "%s; it is left out", ls_error_text());
  return LS_OK;
}

static ls_status consider(listing *list, const char *dir, int fd, const char *name) {
  if (!strncmp(name, ".tmp-", 5)) {
    if (list->repair) unlinkat(fd, name, 0); /* a save that a kill cut short */
    return LS_OK;
  }
  if (!strcmp(name, "final.h5") || (step_of(name) >= 0 && strlen(name) < sizeof list->row->name))
    return add_file(list, dir, name);
  if (ends_with(name, ".h5.damaged") &&
      (!strncmp(name, "ckpt-", 5) || !strncmp(name, "final.h5", 8)))
    list->damaged++;
  return LS_OK;
}

static int newer(const void *a, const void *b) {
  const ls_saved *x = a, *y = b;
  if (x->step == y->step) return strcmp(y->name, x->name);
  return x->step < y->step ? 1 : -1;
}

/* A folder that is not there holds nothing. */
static ls_status scan(const char *dir, listing *list) {
  DIR *folder = opendir(dir);
  if (!folder && errno == ENOENT) return LS_OK;
  if (!folder) return ls_fail(LS_EIO, "cannot list the folder '%s': %s", dir, strerror(errno));
  ls_status status = LS_OK;
  for (struct dirent *entry; status == LS_OK && (errno = 0, entry = readdir(folder));)
    status = consider(list, dir, dirfd(folder), entry->d_name);
  if (status == LS_OK && errno)
    status = ls_fail(LS_EIO, "cannot list the folder '%s': %s", dir, strerror(errno));
  closedir(folder);
  if (list->count) qsort(list->row, (size_t)list->count, sizeof *list->row, newer);
  return status;
}

ls_status ls_checkpoint_list(const char *dir, ls_saved **row, int *count, int *damaged) {
  listing list = {0};
  ls_status status = scan(dir, &list);
  if (status != LS_OK) LS_FREE(list.row);
  *row = list.row;
  *count = status == LS_OK ? list.count : 0;
  if (damaged) *damaged = list.damaged;
  return status;
}

/* Read as a resume would: a right digest is no proof that the file can be gone on from. */
static ls_status verify(const char *path, ls_saved *row) {
  ls_checkpoint *c;
  LS_TRY(ls_checkpoint_judge(path, &c));
  int64_t step = c->state.global_step;
  ls_checkpoint_free(&c);
  if (!strcmp(row->name, "final.h5")) row->step = step;
  if (step == row->step) return LS_OK;
  return ls_fail(LS_EDATA, "'%s' holds the state of step %lld, not of the one in its name", path,
                 (long long)step);
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

static ls_status first_good(const char *dir, listing *list, char **out) {
  for (int i = 0; i < list->count; i++) {
    char path[PATH_MAX];
    int64_t step = list->row[i].step;
    snprintf(path, sizeof path, "%s/%s", dir, list->row[i].name);
    ls_status status = verify(path, &list->row[i]);
    if (status == LS_OK && step == INT64_MAX) { /* its header could not be read a moment ago */
      qsort(list->row, (size_t)list->count, sizeof *list->row, newer);
      i = -1;
      continue;
    }
    if (status == LS_OK) return *out = ls_mem_text(path), LS_OK;
    if (status != LS_EDATA) return unreadable(status);
    ls_log(LS_LOG_WARN, "%s%s", ls_error_text(),
           list->repair ? "; it is set aside as *.damaged" : "");
    if (list->repair) LS_TRY(set_aside(dir, path));
    list->damaged++;
  }
  if (!list->damaged) return LS_OK;
  return ls_fail(LS_EDATA,
                 "'%s' holds no good checkpoint, and %d damaged: not starting afresh by itself. "
                 "Give another file with --resume=FILE, "
                 "or start again with --force or in another folder",
                 dir, list->damaged);
}

ls_status ls_checkpoint_newest(const char *dir, bool repair, char **path) {
  listing list = {.repair = repair, .strict = true};
  *path = NULL;
  if (repair) LS_TRY(ls_lock_check(dir)); /* what looks stale may be another run's work */
  ls_status status = scan(dir, &list);
  if (status == LS_OK) status = first_good(dir, &list, path);
  ls_mem_free(list.row);
  return status;
}

/* ---- is it one at all? ---- */

static bool has_model(const char *path) {
  int64_t datasets;
  return ls_h5helper_count(path, "/model", &datasets) == LS_OK;
}

bool ls_checkpoint_probe(const char *path) {
  static const char hdf5[] = "\211HDF\r\n\032\n";
  char inner[8];
  ls_block block;
  if (ls_block_peek(path, &block) == LS_OK) return true;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  bool behind = pread(fd, inner, 8, LS_CKPT_BLOCK) == 8 && !memcmp(inner, hdf5, 8);
  close(fd);
  return behind || (ls_h5_recognized(path) && has_model(path));
}
