/* lock.c - the lock is the kernel's (an open-file-description lock on dir/.lock), so it is gone
 * with its owner, however that ended. On a file system of several hosts that is not enough: another
 * host's lock may not be seen, or stay behind when its host has died. There the text in the file
 * decides: its owner writes it again and again with a beat, and who wants the lock watches whether
 * it changes. No two clocks are compared, and every look opens the file anew, because that is when
 * network file systems look at the server. Of several who want it at once the last to write its
 * name has it (Fischer's algorithm); an owner that finds another's name knows that it has lost.
 * Begin with take -> judge, watch, elect. */
#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "io/owner.h"
#include "io/regular.h"

enum { LOOKS_A_BEAT = 10, LOOKS = 60, SETTLE = 2 };

struct ls_lock {
  int fd, stop; /* stop: an eventfd that ends the heart */
  bool made;    /* the file was not there */
  char path[PATH_MAX];
  ls_owner self;
  double beat; /* seconds */
  pthread_t heart;
  bool beats;
  atomic_bool lost;
};

static double beat_seconds(void) {
  const char *given = getenv("LOCKSTEP_LOCK_BEAT"); /* for tests */
  double seconds = given ? strtod(given, NULL) : 0;
  return seconds > 0 ? seconds : 10;
}

/* ---- the file ---- */

static ls_status refuse(const char *path, const ls_owner *who) {
  return ls_fail(LS_EIO,
                 "the run folder is in use by process %ld on host %s (job %s); wait for it, or "
                 "choose another folder with -o. If that "
                 "process is gone for sure, remove '%s' and start again",
                 who->pid, who->host, who->job, path);
}

/* May another host hold a lock here without this kernel knowing, or hold one when it is dead? Magic
 * numbers of statfs(2): NFS, SMB, CIFS, SMB2, Lustre, GPFS, Ceph, FUSE, 9P, BeeGFS. */
static bool shared_file_system(int fd) {
  static const long magic[] = {0x6969,     0x517b,     0xff534d42, 0xfe534d42, 0x0bd00bd0,
                               0x47504653, 0x00c36400, 0x65735546, 0x01021997, 0x19830326};
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return true;
  for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
    if ((unsigned long)info.f_type == (unsigned long)magic[i]) return true;
  return false;
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

static void text_of(int fd, char *text) {
  ssize_t got = pread(fd, text, LS_OWNER_TEXT - 1, 0);
  text[got > 0 ? got : 0] = 0;
}

/* What the file says now, opened anew; LS_EIO, with errno ENOENT where it is gone. */
static ls_status look(const char *path, char *text) {
  int fd;
  LS_TRY(ls_regular_open(path, O_RDONLY | O_NOFOLLOW, &fd));
  text_of(fd, text);
  close(fd);
  return LS_OK;
}

/* ---- the heart ---- */

/* Another's name, or no file: the lock is lost. Whatever else fails may not fail the next time; -1
 * then, else the open file. */
static int open_own(ls_lock *lock, int flags) {
  char text[LS_OWNER_TEXT];
  ls_owner who;
  int fd;
  if (ls_regular_open(lock->path, flags | O_NOFOLLOW, &fd) != LS_OK) {
    if (errno == ENOENT) atomic_store(&lock->lost, true);
    return -1;
  }
  text_of(fd, text);
  if (ls_owner_parse(text, &who) && !ls_owner_same(&who, &lock->self))
    atomic_store(&lock->lost, true);
  return fd;
}

/* The file has our name: write it with the next beat. */
static void beat(ls_lock *lock) {
  const int fd = open_own(lock, O_RDWR);
  if (fd < 0) return;
  lock->self.beat++;
  if (!atomic_load(&lock->lost)) (void)ls_owner_write(fd, lock->path, &lock->self);
  close(fd);
}

static void *heart(void *arg) {
  ls_lock *lock = arg;
  struct pollfd stop = {.fd = lock->stop, .events = POLLIN};
  for (bool stopped = false; !stopped && !atomic_load(&lock->lost);) {
    stopped = poll(&stop, 1, (int)(lock->beat * 1000)) > 0;
    beat(lock); /* at the end too: is it still ours to remove? */
  }
  return NULL;
}

static ls_status start_heart(ls_lock *lock) {
  lock->stop = eventfd(0, EFD_CLOEXEC);
  if (lock->stop < 0)
    return ls_fail(LS_FAIL, "cannot make an event descriptor: %s", strerror(errno));
  LS_TRY(ls_thread_start(&lock->heart, "the lock's thread", heart, lock));
  lock->beats = true;
  return LS_OK;
}

static void stop_heart(ls_lock *lock) {
  uint64_t one = 1;
  if (lock->beats && write(lock->stop, &one, sizeof one) == sizeof one)
    pthread_join(lock->heart, NULL);
  if (lock->stop >= 0) close(lock->stop);
}

/* ---- taking it ---- */

typedef enum { FREE, TAKEN, UNCERTAIN, GONE } verdict;

/* What the kernel's answer and the owner's text settle at once. */
static verdict judge(const ls_lock *lock, int held, bool known, const ls_owner *who) {
  if (held >= 0 && !shared_file_system(lock->fd)) return held ? FREE : TAKEN;
  bool near = known && ls_owner_near(who, &lock->self);
  if (near && who->pid != lock->self.pid && ls_owner_lives(who)) return TAKEN;
  if (held != 0 && (lock->made || near || (known && ls_owner_requeued(who, &lock->self))))
    return FREE;
  return known && who->beat == 0 ? TAKEN : UNCERTAIN;
}

static void wait_looks(const ls_lock *lock, int looks) {
  for (int i = 0; i < looks; i++) {
    ls_alive();
    usleep((useconds_t)(lock->beat / LOOKS_A_BEAT * 1e6));
  }
}

/* Does the text change within so many looks, and who has written it then? A look that fails does
 * not count: what hinders it may hinder the owner too. */
static verdict watch(const ls_lock *lock, ls_owner *who, const char *before) {
  char text[LS_OWNER_TEXT];
  for (int looks = 0; looks < LOOKS;) {
    wait_looks(lock, 1);
    bool seen = look(lock->path, text) == LS_OK;
    if (!seen && errno == ENOENT) return GONE;
    if (seen && strcmp(text, before) != 0) {
      (void)ls_owner_parse(text, who);
      return TAKEN;
    }
    looks += seen;
  }
  return FREE;
}

/* Write our name, wait until everyone has who wrote at the same time, and see whose it is. */
static ls_status elect(ls_lock *lock, bool contested) {
  char text[LS_OWNER_TEXT];
  ls_owner who;
  LS_TRY(ls_owner_write(lock->fd, lock->path, &lock->self));
  if (!contested) return LS_OK;
  fsync(lock->fd);
  wait_looks(lock, SETTLE);
  LS_TRY(look(lock->path, text));
  if (!ls_owner_parse(text, &who)) return ls_fail(LS_EIO, "'%s' is not a lock", lock->path);
  return ls_owner_same(&who, &lock->self) ? LS_OK : refuse(lock->path, &who);
}

static verdict watch_aloud(const ls_lock *lock, ls_owner *who, const char *text) {
  const double seconds = ls_lock_patience();
  ls_log(
      LS_LOG_WARN,
      "the run folder's lock has process %ld on host %s (job %s), and from here it cannot be seen "
      "whether that lives: watching for %g s whether it does anything",
      who->pid, who->host, who->job, seconds);
  verdict found = watch(lock, who, text);
  if (found == FREE)
    ls_log(LS_LOG_WARN, "it has done nothing for %g s: this run takes the folder over", seconds);
  return found;
}

/* The file, made by us or another: two hosts that make it at once can tell which of them did. */
static ls_status open_file(ls_lock *lock) {
  int flags = O_RDWR | O_NOFOLLOW;
  lock->made = ls_regular_open(lock->path, flags | O_CREAT | O_EXCL, &lock->fd) == LS_OK;
  if (lock->made || errno != EEXIST) return lock->made ? LS_OK : LS_EIO;
  return ls_regular_open(lock->path, flags | O_CREAT, &lock->fd);
}

static ls_status take(ls_lock *lock) {
  for (int attempt = 0; attempt < 100; attempt++) {
    char text[LS_OWNER_TEXT];
    ls_owner who;
    LS_TRY(open_file(lock));
    int held = hold(lock->fd);
    bool named = held == 0 || still_named(lock->fd, lock->path); /* not removed by its owner */
    text_of(lock->fd, text);
    bool known = ls_owner_parse(text, &who);
    verdict found = named ? judge(lock, held, known, &who) : GONE;
    bool contested = found == UNCERTAIN;
    if (contested) found = watch_aloud(lock, &who, text);
    if (found == TAKEN) return refuse(lock->path, &who);
    if (found == FREE) return elect(lock, contested);
    close(lock->fd);
    lock->fd = -1;
  }
  return ls_fail(LS_EIO, "'%s' keeps vanishing: runs start and stop in this folder", lock->path);
}

ls_status ls_lock_take(const char *dir, ls_lock **out) {
  ls_lock *lock;
  *out = NULL;
  LS_NEW(lock, 1);
  lock->fd = lock->stop = -1;
  lock->beat = beat_seconds();
  ls_owner_self(&lock->self);
  ls_status status = LS_OK;
  if (snprintf(lock->path, sizeof lock->path, "%s/.lock", dir) >= PATH_MAX)
    status = ls_fail(LS_EIO, "'%s': the path is too long", dir);
  if (status == LS_OK) status = take(lock);
  if (status == LS_OK) status = start_heart(lock);
  if (status == LS_OK) {
    *out = lock;
    return LS_OK;
  }
  if (lock->stop >= 0) close(lock->stop);
  if (lock->fd >= 0) close(lock->fd);
  ls_mem_free(lock);
  return status;
}

ls_status ls_lock_check(const ls_lock *lock) {
  if (!lock || !atomic_load(&lock->lost)) return LS_OK;
  return ls_fail(LS_EIO,
                 "another run has taken this run's folder over, or '%s' was removed: this run ends "
                 "here, without writing any more",
                 lock->path);
}

ls_status ls_lock_check_disk(ls_lock *lock) {
  if (!lock) return LS_OK;
  const int fd = open_own(lock, O_RDONLY);
  if (fd >= 0) close(fd);
  return ls_lock_check(lock);
}

void ls_lock_release(ls_lock **lock) {
  if (!*lock) return;
  stop_heart(*lock);
  if (!atomic_load(&(*lock)->lost)) unlink((*lock)->path);
  close((*lock)->fd);
  LS_FREE(*lock);
}

bool ls_lock_beat(const char *dir, char *who, size_t room, uint64_t *beat) {
  char path[PATH_MAX], text[LS_OWNER_TEXT];
  ls_owner owner;
  if (snprintf(path, sizeof path, "%s/.lock", dir) >= PATH_MAX) return false;
  if (look(path, text) != LS_OK || !ls_owner_parse(text, &owner)) return false;
  snprintf(who, room, "process %ld on host %s", owner.pid, owner.host);
  *beat = owner.beat;
  return true;
}

double ls_lock_patience(void) { return beat_seconds() / LOOKS_A_BEAT * LOOKS; }
