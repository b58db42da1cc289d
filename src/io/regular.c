/* regular.c - a file is opened without waiting (O_NONBLOCK) and then looked at by its
 * descriptor, so that nobody can put another one in between; only then it is emptied, where
 * that was asked. Begin with ls_regular_open. */
#include "io/regular.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"

enum { CHUNK = 1 << 16, READ_MAX = 1 << 24 };

/* ---- opening ---- */

static const char *kind_of(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

static ls_status refuse(const char *path, mode_t mode) {
  errno = EINVAL;
  return ls_fail(LS_EIO, "'%s' is %s, where a regular file must be; move it away", path,
                 kind_of(mode));
}

ls_status ls_regular_check(const char *path) {
  struct stat info;
  if (lstat(path, &info) != 0 || S_ISREG(info.st_mode)) return LS_OK;
  return refuse(path, info.st_mode);
}

/* Of a link, a folder or a pipe open's own error says less than what it is. */
static ls_status open_failed(const char *path, int flags) {
  int error = errno;
  struct stat info;
  bool telling = error == ELOOP || error == ENXIO || error == EISDIR;
  bool known = (flags & O_NOFOLLOW ? lstat : stat)(path, &info) == 0;
  if (telling && known && !S_ISREG(info.st_mode)) return refuse(path, info.st_mode);
  ls_status status = ls_fail(LS_EIO, "cannot open '%s': %s", path, strerror(error));
  errno = error;
  return status;
}

static ls_status look_at(int fd, const char *path, int flags) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return ls_fail(LS_EIO, "cannot look at '%s': %s", path, strerror(errno));
  if (!S_ISREG(info.st_mode)) return refuse(path, info.st_mode);
  if ((flags & O_ACCMODE) == O_RDONLY || info.st_nlink <= 1) return LS_OK;
  errno = EMLINK;
  return ls_fail(LS_EIO,
                 "'%s' has another name too (a hard link), and what is written here would change "
                 "that file; put a copy in its place",
                 path);
}

/* O_TRUNC waits until it is known what would be emptied. */
ls_status ls_regular_open(const char *path, int flags, int *fd) {
  do *fd = open(path, (flags & ~O_TRUNC) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
  while (*fd < 0 && errno == EINTR);
  if (*fd < 0) return open_failed(path, flags);
  ls_status status = look_at(*fd, path, flags);
  if (status == LS_OK && flags & O_TRUNC && ftruncate(*fd, 0) != 0)
    status = ls_fail(LS_EIO, "cannot empty '%s': %s", path, strerror(errno));
  if (status == LS_OK) return LS_OK;
  int error = errno;
  close(*fd);
  *fd = -1;
  errno = error;
  return status;
}

bool ls_file_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* ---- reading ---- */

/* More in a pipe, or its end. A signal ends the wait: nobody else would. */
static bool await(int fd) {
  struct pollfd more = {.fd = fd, .events = POLLIN};
  return poll(&more, 1, -1) >= 0;
}

ssize_t ls_file_fill_at(int fd, void *out, size_t bytes, int64_t offset) {
  size_t done = 0;
  while (done < bytes) {
    char *to = (char *)out + done;
    size_t most = MIN(bytes - done, READ_MAX);
    ls_alive();
    ssize_t got = offset < 0 ? read(fd, to, most) : pread(fd, to, most, offset + (int64_t)done);
    if (got < 0 && (errno == EINTR || (errno == EAGAIN && await(fd)))) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

ssize_t ls_file_fill(int fd, void *out, size_t bytes) {
  return ls_file_fill_at(fd, out, bytes, -1);
}

static ls_status failed(const char *verb, const char *path) {
  return ls_fail(LS_EIO, "cannot %s '%s': %s", verb, path, strerror(errno));
}

/* In blocks that double: a pipe has no size, and a file may grow while it is read. */
static ls_status read_growing(int fd, const char *path, size_t limit, char **data, size_t *bytes) {
  struct stat info;
  bool sized = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size >= 0;
  ssize_t got = 0;
  size_t room = sized ? (size_t)info.st_size + 1 : CHUNK;
  for (*bytes = 0;; room *= 2) {
    if ((sized && room - 1 > limit) || *bytes > limit)
      return ls_fail(LS_EIO, "'%s' is larger than %zu bytes, the most allowed here", path, limit);
    LS_TRY(ls_mem_grow((void **)data, room + 1, 1));
    got = ls_file_fill(fd, *data + *bytes, room - *bytes);
    if (got < 0) return failed("read", path);
    *bytes += (size_t)got;
    sized = false;
    if (*bytes < room && *bytes <= limit) return LS_OK;
  }
}

static ls_status read_opened(int fd, const char *path, char **data, size_t *bytes, size_t limit) {
  assert(limit < SIZE_MAX / 4);
  ls_status status = read_growing(fd, path, limit, data, bytes);
  if (status != LS_OK) LS_FREE(*data);
  close(fd);
  return status;
}

ls_status ls_file_read(const char *path, char **data, size_t *bytes, size_t limit) {
  struct stat info;
  int fd;
  *data = NULL;
  do
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* or a pipe without a writer would block */
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return failed("open", path);
  const bool pipe = fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
  LS_TRY(read_opened(fd, path, data, bytes, limit));
  if (!pipe || *bytes > 0) return LS_OK;
  LS_FREE(*data);
  return ls_fail(LS_EIO, "'%s' is a pipe that nothing comes through", path);
}

ls_status ls_regular_read(const char *path, int flags, char **data, size_t *bytes, size_t limit) {
  int fd;
  *data = NULL;
  LS_TRY(ls_regular_open(path, O_RDONLY | flags, &fd));
  return read_opened(fd, path, data, bytes, limit);
}

bool ls_file_in(const char *dir, const char *name) {
  char *path = ls_mem_format("%s/%s", dir, name);
  const bool there = access(path, F_OK) == 0;
  LS_FREE(path);
  return there;
}

bool ls_is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}
