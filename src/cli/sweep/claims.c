/* claims.c - O_EXCL decides who is first. A file with a random name, made by rank 0 and looked
 * for by all, says whether it is the same folder everywhere. */
#include "cli/sweep/claims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/regular.h"

static char *path_of(const char *dir, const char *name) {
  return ls_mem_format("%s/.claims%s%s", dir, *name ? "/" : "", name);
}

static bool exists(const char *dir, const char *name) {
  char *folder = path_of(dir, "");
  const bool there = ls_file_in(folder, name);
  LS_FREE(folder);
  return there;
}

/* LS_OK with *made false where the file was there. */
static ls_status make_file(const char *dir, const char *name, bool *made) {
  char *path = path_of(dir, name);
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  ls_status status = LS_OK;
  *made = fd >= 0;
  if (fd < 0 && errno != EEXIST)
    status = ls_fail(LS_EIO, "%s: cannot make it: %s", path, strerror(errno));
  if (fd >= 0) close(fd);
  LS_FREE(path);
  return status;
}

static char *path_of_group(const char *dir, int group) {
  char name[32];
  snprintf(name, sizeof name, "group-%d", group);
  return path_of(dir, name);
}

static void remove_entry(const char *dir, const char *name) {
  char *path = path_of(dir, name);
  if (unlink(path) != 0 && (errno == EISDIR || errno == EPERM)) {
    char *lock = ls_mem_format("%s/.lock", path);
    unlink(lock);
    rmdir(path);
    LS_FREE(lock);
  }
  LS_FREE(path);
}

void ls_claims_close(const char *dir) {
  char *folder = path_of(dir, "");
  DIR *open = opendir(folder);
  for (struct dirent *entry; open && (entry = readdir(open));) {
    if (entry->d_name[0] != '.') remove_entry(dir, entry->d_name);
  }
  if (open) closedir(open);
  rmdir(folder);
  LS_FREE(folder);
}

/* The session's name, which no other sweep has had. */
static ls_status make(const char *dir, const char *session) {
  char *folder = path_of(dir, "");
  bool made;
  ls_claims_close(dir); /* a killed sweep's */
  ls_status status = mkdir(folder, 0777) == 0
                         ? LS_OK
                         : ls_fail(LS_EIO, "%s: cannot make it: %s", folder, strerror(errno));
  LS_FREE(folder);
  if (status == LS_OK) status = make_file(dir, session, &made);
  return status;
}

ls_status ls_claims_open(ls_comm *comm, const char *dir) {
  char session[40];
  uint64_t number = 0;
  const bool root = ls_comm_rank(comm) == 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) < 0) number = (uint64_t)getpid();
  ls_comm_bcast(comm, &number, sizeof number, 0);
  snprintf(session, sizeof session, "session-%016jx", number);
  LS_TRY(ls_comm_agree(comm, root ? make(dir, session) : LS_OK));
  const bool seen = exists(dir, session);
  return ls_comm_agree(comm, seen ? LS_OK
                                  : ls_fail(LS_EIO,
                                            "%s is not the folder that rank 0 has: a sweep needs "
                                            "one that all hosts share",
                                            dir));
}

ls_status ls_claims_take(const char *dir, int64_t index, bool *mine) {
  char name[32];
  snprintf(name, sizeof name, "%jd", index);
  return make_file(dir, name, mine);
}

bool ls_claims_taken(const char *dir, int64_t index) {
  char name[32];
  snprintf(name, sizeof name, "%jd", index);
  return exists(dir, name);
}

ls_status ls_claims_join(const char *dir, int group, ls_lock **lock) {
  char *path = path_of_group(dir, group);
  ls_status status = LS_OK;
  if (mkdir(path, 0777) != 0)
    status = ls_fail(LS_EIO, "%s: cannot make it: %s", path, strerror(errno));
  if (status == LS_OK) status = ls_lock_take(path, lock);
  LS_FREE(path);
  return status;
}

uint64_t ls_claims_beats(const char *dir, int groups, char *words, size_t room) {
  uint64_t all = 1;
  char who[320];
  for (int g = 0; g < groups; g++) {
    char *path = path_of_group(dir, g);
    uint64_t beat = 0;
    const size_t used = strlen(words);
    const bool there = ls_lock_beat(path, who, sizeof who, &beat);
    if (there) snprintf(words + used, room - used, "%s%s", used ? ", " : "", who);
    all = 31 * all + (there ? beat + 1 : 0);
    LS_FREE(path);
  }
  return all;
}

void ls_claims_stop(const char *dir) {
  bool made;
  (void)make_file(dir, "stop", &made); /* where it fails, each group has its own signal */
}

bool ls_claims_stopped(const char *dir) { return exists(dir, "stop"); }
