#include "io/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/durable.h"

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
