/* iotrap.c - for LD_PRELOAD: records what a program does to the files of one folder, and makes
 * chosen calls fail.
 *
 *   IOTRAP_DIR    the folder, as the program names it
 *   IOTRAP_LOG    where to record (iotrap.h); none: nothing is recorded
 *   IOTRAP_FAULT  op:n:error:when - the n-th (from 1) open, read, write, fsync or rename in the
 * folder fails with error (EIO, EACCES, ENOSPC, EDQUOT, EINTR; write also `short`: half is
 * written); when: once, or ever (the n-th and all behind it) IOTRAP_HIT    a file made when that
 * has happened IOTRAP_SLOW microseconds that each fsync takes longer */
#include "iotrap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS = 4096, SHORT = -1 };
typedef enum { OP_OPEN, OP_READ, OP_WRITE, OP_FSYNC, OP_RENAME, OPS } operation;
static const char *const op_name[OPS] = {"open", "read", "write", "fsync", "rename"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool watched[FDS];
static int log_fd = -1;
static const char *folder;
static struct {
  int op, error;
  long n, count;
  bool ever;
} fault = {.op = -1};
static long slow, quick; /* microseconds that an fsync takes, but for the first `quick` */

__attribute__((constructor)) static void start(void) {
  const char *log = getenv("IOTRAP_LOG"), *text = getenv("IOTRAP_FAULT"),
             *late = getenv("IOTRAP_SLOW");
  char op[16], error[16], when[16];
  static const struct {
    const char *name;
    int value;
  } errors[] = {{"EIO", EIO},       {"EACCES", EACCES}, {"ENOSPC", ENOSPC},
                {"EDQUOT", EDQUOT}, {"EINTR", EINTR},   {"short", SHORT}};
  folder = getenv("IOTRAP_DIR");
  if (late) sscanf(late, "%ld:%ld", &slow, &quick);
  if (log)
    log_fd =
        (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (!text || sscanf(text, "%15[^:]:%ld:%15[^:]:%15s", op, &fault.n, error, when) != 4) return;
  for (int i = 0; i < OPS; i++)
    if (!strcmp(op, op_name[i])) fault.op = i;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (!strcmp(error, errors[i].name)) fault.error = errors[i].value;
  fault.ever = !strcmp(when, "ever");
}

/* The name inside the folder, "" for the folder; NULL: not ours. */
static const char *inside(const char *path) {
  size_t n = folder ? strlen(folder) : 0;
  if (!n || !path || strncmp(path, folder, n) || (path[n] && path[n] != '/')) return NULL;
  return path[n] ? path + n + 1 : path + n;
}

static bool is_watched(int fd) { return fd >= 0 && fd < FDS && watched[fd]; }

/* 0 or the error that this call must fail with. */
static int tripped(operation op) {
  if (fault.op != (int)op || ++fault.count < fault.n || (fault.count > fault.n && !fault.ever))
    return 0;
  const char *hit = getenv("IOTRAP_HIT");
  if (hit) syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, hit, O_WRONLY | O_CREAT, 0666));
  return fault.error;
}

static void put(const void *data, size_t bytes) {
  for (const char *at = data; bytes > 0;) {
    long wrote = syscall(SYS_write, log_fd, at, bytes);
    if (wrote <= 0) abort();
    at += wrote;
    bytes -= (size_t)wrote;
  }
}

static void record(io_kind kind, int fd, int error, int64_t offset, int64_t bytes, const char *a,
                   const char *b, const void *data) {
  int before = errno;
  io_record r = {.kind = (int)kind, .fd = fd, .error = error, .offset = offset, .bytes = bytes};
  if (log_fd < 0) return;
  if (a) snprintf(r.a, sizeof r.a, "%s", a);
  if (b) snprintf(r.b, sizeof r.b, "%s", b);
  put(&r, sizeof r);
  if (data) put(data, (size_t)bytes);
  errno = before;
}

static int open_as(const char *path, int flags, mode_t mode) {
  const char *name = inside(path);
  struct stat info;
  if (!name) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  pthread_mutex_lock(&lock);
  bool was = stat(path, &info) == 0;
  int error = tripped(OP_OPEN);
  int fd = error ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (error) errno = error;
  if (fd >= 0 && fd < FDS) {
    watched[fd] = true;
    record(IO_OPEN, fd, 0, 0, was ? (flags & O_TRUNC ? 2 : 0) : 1, name, NULL, NULL);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN_LIKE(function)                                   \
  int function(const char *path, int flags, ...) {            \
    va_list args;                                             \
    va_start(args, flags);                                    \
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0; \
    va_end(args);                                             \
    return open_as(path, flags, mode);                        \
  }
OPEN_LIKE(open)
OPEN_LIKE(open64)

static int read_error(int fd) {
  if (!is_watched(fd)) return 0;
  pthread_mutex_lock(&lock);
  int error = tripped(OP_READ);
  pthread_mutex_unlock(&lock);
  return error;
}

ssize_t read(int fd, void *data, size_t bytes) {
  int error = read_error(fd);
  return error ? (errno = error, -1) : syscall(SYS_read, fd, data, bytes);
}

#define PREAD_LIKE(function)                                                            \
  ssize_t function(int fd, void *data, size_t bytes, off_t offset) {                    \
    int error = read_error(fd);                                                         \
    return error ? (errno = error, -1) : syscall(SYS_pread64, fd, data, bytes, offset); \
  }
PREAD_LIKE(pread)
PREAD_LIKE(pread64)

static ssize_t write_watched(int fd, const void *data, size_t bytes) {
  pthread_mutex_lock(&lock);
  int error = tripped(OP_WRITE);
  if (error == SHORT && bytes > 1) bytes /= 2, error = 0;
  ssize_t wrote = error > 0 ? (errno = error, -1) : syscall(SYS_write, fd, data, bytes);
  if (wrote > 0)
    record(IO_WRITE, fd, 0, syscall(SYS_lseek, fd, 0, SEEK_CUR) - wrote, wrote, NULL, NULL, data);
  pthread_mutex_unlock(&lock);
  return wrote;
}

ssize_t write(int fd, const void *data, size_t bytes) {
  long long step;
  if (is_watched(fd)) return write_watched(fd, data, bytes);
  ssize_t wrote = syscall(SYS_write, fd, data, bytes);
  char line[64];
  snprintf(line, sizeof line, "%.*s", bytes < sizeof line ? (int)bytes : (int)sizeof line - 1,
           (const char *)data);
  if (fd == STDERR_FILENO && sscanf(line, "committed %lld ", &step) == 1) {
    pthread_mutex_lock(&lock);
    record(IO_COMMITTED, -1, 0, step, 0, NULL, NULL, NULL);
    pthread_mutex_unlock(&lock);
  }
  return wrote;
}

int ftruncate(int fd, off_t size) {
  int done = (int)syscall(SYS_ftruncate, fd, size);
  if (done == 0 && is_watched(fd)) {
    pthread_mutex_lock(&lock);
    record(IO_CUT, fd, 0, 0, size, NULL, NULL, NULL);
    pthread_mutex_unlock(&lock);
  }
  return done;
}

int fsync(int fd) {
  if (!is_watched(fd)) return (int)syscall(SYS_fsync, fd);
  if (slow && --quick < 0) usleep((unsigned)slow);
  pthread_mutex_lock(&lock);
  int error = tripped(OP_FSYNC);
  record(IO_SYNC, fd, error, 0, 0, NULL, NULL, NULL);
  pthread_mutex_unlock(&lock);
  return error ? (errno = error, -1) : 0; /* nothing here needs the real one */
}
int fdatasync(int fd) { return fsync(fd); }

int close(int fd) {
  if (is_watched(fd)) {
    pthread_mutex_lock(&lock);
    watched[fd] = false;
    record(IO_CLOSE, fd, 0, 0, 0, NULL, NULL, NULL);
    pthread_mutex_unlock(&lock);
  }
  return (int)syscall(SYS_close, fd);
}

static int move_as(const char *from, const char *to, unsigned flags) {
  const char *a = inside(from), *b = inside(to);
  pthread_mutex_lock(&lock);
  int error = a && b ? tripped(OP_RENAME) : 0;
  int done = error ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
  if (error) errno = error;
  if (done == 0 && a && b) record(IO_RENAME, -1, 0, 0, 0, a, b, NULL);
  pthread_mutex_unlock(&lock);
  return done;
}
int rename(const char *from, const char *to) { return move_as(from, to, 0); }
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
  (void)from_fd, (void)to_fd; /* lockstep gives AT_FDCWD */
  return move_as(from, to, flags);
}

int link(const char *from, const char *to) {
  int done = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
  pthread_mutex_lock(&lock);
  if (done == 0 && inside(from) && inside(to))
    record(IO_LINK, -1, 0, 0, 0, inside(from), inside(to), NULL);
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (done == 0 && inside(path)) record(IO_UNLINK, -1, 0, 0, 0, inside(path), NULL, NULL);
  pthread_mutex_unlock(&lock);
  return done;
}
