/* folder.c - the list of names that are lockstep's own (`own`): only these are removed by
 * --force, and may be no links or pipes. Checkpoints later than where a run goes on are
 * renamed, never removed. Begin with ls_folder_check and ls_folder_take. */
#include "train/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "checkpoint/find.h"
#include "io/durable.h"
#include "io/regular.h"

/* Everything lockstep leaves in a run folder. */
static const char *const own[] = {"config.yaml", "metrics.jsonl", "metrics.csv",  "record.json",
                                  "ckpt-*.h5",   "final.h5",      "*.h5.damaged", "*.h5.superseded",
                                  ".tmp-*",      "log.txt",       "failed.json",  NULL};

static bool is_own(const char *name) {
  for (int i = 0; own[i]; i++)
    if (fnmatch(own[i], name, 0) == 0) return true;
  return false;
}

/* Call visit(dir, name) for every entry but . and .. and the lock; stops at the first failure. */
static ls_status each_entry(const char *dir,
                            ls_status (*visit)(const char *dir, const char *name)) {
  DIR *folder = opendir(dir);
  if (!folder) return ls_fail(LS_EIO, "%s: cannot open the run folder: %s", dir, strerror(errno));
  ls_status status = LS_OK;
  for (struct dirent *entry; status == LS_OK && (entry = readdir(folder));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
        strcmp(entry->d_name, ".lock") != 0)
      status = visit(dir, entry->d_name);
  closedir(folder);
  return status;
}

/* runs/<name of the config file without its ending> */
static char *default_parent(const ls_config *config) {
  char *stem = ls_path_stem(config->file), *parent = ls_mem_format("runs/%s", stem);
  LS_FREE(stem);
  return parent;
}

static int last_number(const char *parent) {
  int last = 0;
  DIR *folder = opendir(parent);
  if (!folder) return 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    char *end;
    long number = strtol(entry->d_name, &end, 10);
    if (*end == '\0' && end != entry->d_name && number > last && number < 1000000)
      last = (int)number;
  }
  closedir(folder);
  return last;
}

char *ls_folder_name(const ls_config *config, const char *given, bool resume) {
  const char *named = given ? given : config->out_dir;
  if (named) return ls_mem_text(named);
  char *parent = default_parent(config);
  int number = last_number(parent);
  char *dir = ls_mem_format("%s/%d", parent, resume && number > 0 ? number : number + 1);
  LS_FREE(parent);
  return dir;
}

static ls_status refuse_entry(const char *dir, const char *name) {
  return ls_fail(LS_EIO,
                 "%s: the run folder is not empty (it holds %s); choose another with -o, go on "
                 "with --resume=auto, or replace the old run "
                 "with --force",
                 dir, name);
}

/* What a run that goes on would write through, or wait for. */
static ls_status refuse_special(const char *dir, const char *name) {
  if (!is_own(name)) return LS_OK;
  char *path = ls_mem_format("%s/%s", dir, name);
  ls_status status = ls_regular_check(path);
  LS_FREE(path);
  return status;
}

const char ls_folder_sweep[] = "sweep.json";

ls_status ls_folder_not_sweep(const char *dir) {
  char *path = ls_mem_format("%s/%s", dir, ls_folder_sweep);
  const bool there = access(path, F_OK) == 0;
  LS_FREE(path);
  if (!there) return LS_OK;
  return ls_fail(LS_EIO,
                 "%s holds the runs of a sweep, and is no run folder itself; 'lockstep sweep' goes "
                 "on with it; choose another with -o, as %s/best",
                 dir, dir);
}

ls_status ls_folder_check(const char *dir, bool fresh, bool force) {
  struct stat st;
  if (stat(dir, &st) != 0)
    return errno == ENOENT
               ? LS_OK
               : ls_fail(LS_EIO, "%s: cannot use this run folder: %s", dir, strerror(errno));
  if (!S_ISDIR(st.st_mode))
    return ls_fail(LS_EIO, "%s: is not a folder; choose another with -o", dir);
  if (access(dir, W_OK | X_OK) != 0)
    return ls_fail(LS_EIO, "%s: cannot write into this run folder: %s", dir, strerror(errno));
  if (fresh) return force ? LS_OK : each_entry(dir, refuse_entry);
  return each_entry(dir, refuse_special);
}

static ls_status remove_own(const char *dir, const char *name) {
  if (!is_own(name)) return LS_OK;
  char *path = ls_mem_format("%s/%s", dir, name);
  ls_status status =
      unlink(path) == 0 ? LS_OK : ls_fail(LS_EIO, "%s: cannot remove: %s", path, strerror(errno));
  LS_FREE(path);
  return status;
}

ls_status ls_folder_take(const char *dir, bool force, ls_lock **lock) {
  LS_TRY(ls_make_dirs(dir));
  if (!*lock) LS_TRY(ls_lock_take(dir, lock));
  return force ? each_entry(dir, remove_own) : LS_OK;
}

static ls_status set_aside(const char *dir, const char *name, int64_t step) {
  char *from = ls_mem_format("%s/%s", dir, name),
       *to = ls_mem_format("%s/%s.superseded", dir, name);
  ls_status status = rename(from, to) == 0
                         ? LS_OK
                         : ls_fail(LS_EIO, "%s: cannot set it aside: %s", from, strerror(errno));
  if (status == LS_OK)
    ls_log(LS_LOG_INFO,
           "%s lies behind step %jd, where this run goes on; set aside as %s.superseded", name,
           step, name);
  LS_FREE(from);
  LS_FREE(to);
  return status;
}

ls_status ls_folder_supersede(const char *dir, int64_t step, const char *keep) {
  ls_saved *row;
  int count;
  LS_TRY(ls_checkpoint_list(dir, &row, &count, NULL));
  ls_status status = LS_OK;
  for (int i = 0; status == LS_OK && i < count; i++) {
    bool kept = keep && strcmp(row[i].name, keep) == 0;
    if (ls_saved_final(&row[i]) ? !kept : row[i].step > step)
      status = set_aside(dir, row[i].name, step);
  }
  LS_FREE(row);
  return status;
}
