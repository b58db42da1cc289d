/* The lock is the kernel's (an open-file-description lock on dir/.lock), so it is gone with its
 * owner, however that ended; the text in the file is for people, and for file systems on which
 * another host's lock cannot be seen. */
#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/regular.h"

struct ls_lock {
  int fd;
  char path[PATH_MAX];
};

typedef struct {
  char host[256], job[64];
  long pid;
} owner;

static owner owner_self(void) {
  owner self = {.host = "unknown"};
  const char *job = getenv("SLURM_JOB_ID");
  if (gethostname(self.host, sizeof self.host - 1) != 0) strcpy(self.host, "unknown");
  self.pid = (long)getpid();
  snprintf(self.job, sizeof self.job, "%s", job && *job ? job : "-");
  return self;
}

static bool owner_read(int fd, owner *who) {
  char text[512];
  ssize_t got = pread(fd, text, sizeof text - 1, 0);
  text[got > 0 ? got : 0] = 0;
  return sscanf(text, "host %255s pid %ld job %63s", who->host, &who->pid, who->job) == 3;
}

static ls_status owner_write(int fd, const char *path, const owner *who) {
  char text[512];
  int length =
      snprintf(text, sizeof text, "host %s pid %ld job %s\n", who->host, who->pid, who->job);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
    return ls_fail(LS_EIO, "cannot write '%s': %s", path, strerror(errno));
  return LS_OK;
}

/* May another host hold a lock here without this kernel knowing? Magic numbers of statfs(2): NFS,
 * SMB, CIFS, SMB2, Lustre, GPFS, Ceph, FUSE, 9P, BeeGFS. */
static bool shared_file_system(int fd) {
  static const long magic[] = {0x6969,     0x517b,     0xff534d42, 0xfe534d42, 0x0bd00bd0,
                               0x47504653, 0x00c36400, 0x65735546, 0x01021997, 0x19830326};
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return true;
  for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
    if ((unsigned long)info.f_type == (unsigned long)magic[i]) return true;
  return false;
}

static ls_status refuse(const char *path, const owner *who) {
  return ls_fail(LS_EIO,
                 "the run folder is in use by process %ld on host %s (job %s); wait for it, or "
                 "choose another folder with -o. If that "
                 "process is gone for sure, remove '%s' and start again",
                 who->pid, who->host, who->job, path);
}

/* The kernel's lock on the file that path names now: 1 held, 0 someone else's, -1 no locks here
 * (errno). */
static int hold(int fd) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, F_OFD_SETLK, &whole) == 0) return 1;
  return errno == EAGAIN || errno == EACCES ? 0 : -1;
}

static bool still_named(int fd, const char *path) {
  struct stat mine, named;
  return fstat(fd, &mine) == 0 && lstat(path, &named) == 0 && mine.st_ino == named.st_ino &&
         mine.st_dev == named.st_dev;
}

/* Is the owner that the text names alive, as far as the kernel's answer does not settle it? A job
 * that Slurm requeues keeps its number. */
static bool seems_alive(int fd, int held, const owner *who, const owner *self) {
  if (!strcmp(who->host, self->host))
    return held < 0 && who->pid != self->pid && (kill((pid_t)who->pid, 0) == 0 || errno == EPERM);
  if (*who->job != '-' && !strcmp(who->job, self->job)) return false;
  return held < 0 || shared_file_system(fd);
}

static ls_status take(ls_lock *lock) {
  owner self = owner_self(), who = {.host = "unknown", .job = "-"};
  for (int attempt = 0; attempt < 100; attempt++) {
    LS_TRY(ls_regular_open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW, &lock->fd));
    int held = hold(lock->fd);
    if (held != 0 &&
        !still_named(lock->fd,
                     lock->path)) { /* its owner removed it between our open and our lock */
      close(lock->fd);
      continue;
    }
    bool known = owner_read(lock->fd, &who);
    if (held == 0 || (known && seems_alive(lock->fd, held, &who, &self)))
      return refuse(lock->path, &who);
    return owner_write(lock->fd, lock->path, &self);
  }
  lock->fd = -1;
  return ls_fail(LS_EIO, "'%s' keeps vanishing: runs start and stop in this folder", lock->path);
}

ls_status ls_lock_take(const char *dir, ls_lock **out) {
  ls_lock *lock;
  *out = NULL;
  LS_NEW(lock, 1);
  lock->fd = -1;
  ls_status status = LS_OK;
  if (snprintf(lock->path, sizeof lock->path, "%s/.lock", dir) >= PATH_MAX)
    status = ls_fail(LS_EIO, "'%s': the path is too long", dir);
  if (status == LS_OK) status = take(lock);
  if (status == LS_OK) {
    *out = lock;
    return LS_OK;
  }
  if (lock->fd >= 0) close(lock->fd);
  ls_mem_free(lock);
  return status;
}

void ls_lock_release(ls_lock **lock) {
  if (!*lock) return;
  unlink((*lock)->path);
  close((*lock)->fd);
  LS_FREE(*lock);
}

ls_status ls_lock_check(const char *dir) {
  char path[PATH_MAX];
  owner self = owner_self(), who = {.host = "unknown", .job = "-"};
  struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
  if (snprintf(path, sizeof path, "%s/.lock", dir) >= PATH_MAX)
    return ls_fail(LS_EIO, "'%s': the path is too long", dir);
  int fd;
  LS_TRY(ls_regular_check(path));
  if (ls_regular_open(path, O_RDONLY | O_NOFOLLOW, &fd) != LS_OK)
    return LS_OK; /* whoever wants to write here will hear of it from ls_lock_take */
  bool known = owner_read(fd, &who),
       held = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  close(fd);
  bool mine = known && who.pid == self.pid && !strcmp(who.host, self.host);
  return held && !mine ? refuse(path, &who) : LS_OK;
}
