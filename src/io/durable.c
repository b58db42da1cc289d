/* durable.c - the order that makes a file last: temporary, write, fsync (once, never again),
 * read back, look at the lock, rename, fsync of the folder. Begin with commit. LS_MUTANT_...
 * build one step wrong, for tests that must notice it. */
#include "io/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"
#include "io/regular.h"

enum { CHUNK = 1 << 16, WRITE_MAX = 1 << 30 };

static ls_status io_error(const char *verb, const char *path) {
  int error = errno;
  const char *hint = error == ENOSPC || error == EDQUOT
                         ? "; free some space or choose another folder with -o"
                         : "";
  return ls_fail(LS_EIO, "cannot %s '%s': %s%s", verb, path, strerror(error), hint);
}

static int open_retry(const char *path, int flags) {
  int fd;
  do fd = open(path, flags | O_CLOEXEC, 0666);
  while (fd < 0 && errno == EINTR);
  return fd;
}

static ls_status write_all(int fd, const char *path, const char *data, size_t bytes) {
  while (bytes > 0) {
    ls_alive();
    ssize_t wrote = write(fd, data, bytes < WRITE_MAX ? bytes : WRITE_MAX);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote == 0) errno = ENOSPC;
    if (wrote <= 0) return io_error("write", path);
    data += wrote;
    bytes -= (size_t)wrote;
  }
  return LS_OK;
}

/* Never twice: after a failed fsync the kernel may have dropped the dirty pages, and a second one
 * would say all is well. */
static ls_status sync_fd(int fd, const char *path) {
#ifdef LS_MUTANT_NO_FSYNC
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return LS_OK;
#endif
#ifdef LS_MUTANT_NO_DIR_FSYNC
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) return LS_OK;
#endif
  return fsync(fd) == 0 ? LS_OK : io_error("flush to disk", path);
}

/* A temporary of a run that was killed may be in the way: the folder's lock says that nobody is
 * writing it. */
static ls_status create(const char *path, int *fd) {
#ifdef LS_MUTANT_IN_PLACE
  *fd = open_retry(path, O_WRONLY | O_CREAT | O_TRUNC);
  return *fd < 0 ? io_error("create", path) : LS_OK;
#endif
  *fd = open_retry(path, O_WRONLY | O_CREAT | O_EXCL);
  if (*fd < 0 && errno == EEXIST && unlink(path) == 0)
    *fd = open_retry(path, O_WRONLY | O_CREAT | O_EXCL);
  return *fd < 0 ? io_error("create", path) : LS_OK;
}

static ls_status write_file(const char *path, const void *data, size_t bytes) {
  int fd;
  LS_TRY(create(path, &fd));
  ls_status status = write_all(fd, path, data, bytes);
  if (status == LS_OK) status = sync_fd(fd, path);
  if (status == LS_OK)
    posix_fadvise(fd, 0, 0,
                  POSIX_FADV_DONTNEED); /* so that the check reads the disk, where it can */
  if (close(fd) != 0 && status == LS_OK) status = io_error("close", path);
  return status;
}

/* Does the file hold these bytes and no others? -1: cannot be read (errno). */
static int file_equals(const char *path, const char *data, size_t bytes) {
  char chunk[CHUNK];
  int fd;
  if (ls_regular_open(path, O_RDONLY | O_NOFOLLOW, &fd) != LS_OK) return -1;
  int same = 1;
  for (size_t done = 0; same == 1;) {
    ssize_t got = ls_file_fill(fd, chunk, sizeof chunk);
    if (got < 0) same = -1;
    if (got <= 0) {
      if (got == 0) same = done == bytes;
      break;
    }
    same = (size_t)got <= bytes - done && memcmp(chunk, data + done, (size_t)got) == 0;
    done += (size_t)got;
  }
  int error = errno;
  close(fd);
  errno = error;
  return same;
}

static ls_status check_file(const char *path, const void *data, size_t bytes) {
  int same = file_equals(path, data, bytes);
  if (same < 0) return io_error("read back", path);
  return same ? LS_OK
              : ls_fail(LS_EIO,
                        "'%s' reads back different from what was written: the disk or its driver "
                        "is at fault",
                        path);
}

/* Move temp to path where no path is. File systems without renameat2's flag get a hard link, which
 * also refuses an old name. */
static int move_new(const char *temp, const char *path) {
  if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  return link(temp, path) == 0 ? unlink(temp) : -1;
}

static ls_status give_name(const char *temp, const char *path, const void *data, size_t bytes,
                           bool replace) {
#ifdef LS_MUTANT_UNLINK_FIRST
  unlink(path);
#endif
  if (replace) return rename(temp, path) == 0 ? LS_OK : io_error("rename to", path);
  if (move_new(temp, path) == 0) return LS_OK;
  if (errno != EEXIST) return io_error("rename to", path);
  if (file_equals(path, data, bytes) != 1)
    return ls_fail(
        LS_EIO,
        "'%s' is there already, with other content; move it away, or choose another folder with -o",
        path);
  return rename(temp, path) == 0
             ? LS_OK
             : io_error("rename to", path); /* the same bytes, now known to be on the disk */
}

/* What a commit is about: the folder's name, the temporary's and the file's. */
typedef struct {
  const char *folder;
  ls_lock *lock; /* of the folder, or NULL */
  char temp[PATH_MAX], path[PATH_MAX];
} commit_paths;

static ls_status find_paths(ls_lock *lock, const char *dir, const char *name, commit_paths *at) {
  at->folder = dir;
  at->lock = lock;
  if (snprintf(at->path, sizeof at->path, "%s/%s", dir, name) < PATH_MAX &&
      snprintf(at->temp, sizeof at->temp, "%s/.tmp-%s", dir, name) < PATH_MAX)
    return LS_OK;
  return ls_fail(LS_EIO, "'%s/%s': the path is longer than %d bytes", dir, name, PATH_MAX);
}

static ls_status commit(const commit_paths *at, int folder, const void *data, size_t bytes,
                        bool replace) {
#ifdef LS_MUTANT_IN_PLACE
  (void)replace, (void)give_name;
  LS_TRY(write_file(at->path, data, bytes));
  return sync_fd(folder, at->folder);
#endif
  ls_status status = write_file(at->temp, data, bytes);
  if (status == LS_OK) status = check_file(at->temp, data, bytes);
  if (status == LS_OK) status = ls_lock_check_disk(at->lock);
  if (status == LS_OK) status = give_name(at->temp, at->path, data, bytes, replace);
  if (status != LS_OK) {
    unlink(at->temp);
    return status;
  }
  status = sync_fd(folder, at->folder);
  if (status != LS_OK && !replace) unlink(at->path); /* not promised, so not left to be found */
  return status;
}

static ls_status write_durably(ls_lock *lock, const char *dir, const char *name, const void *data,
                               size_t bytes, bool replace) {
  commit_paths at;
  LS_TRY(find_paths(lock, dir, name, &at));
  int folder = open_retry(dir, O_RDONLY | O_DIRECTORY);
  if (folder < 0) return io_error("open the folder", dir);
  ls_status status = commit(&at, folder, data, bytes, replace);
  close(folder);
  return status;
}

ls_status ls_durable_write(const char *dir, const char *name, const void *data, size_t bytes,
                           bool replace) {
  return write_durably(NULL, dir, name, data, bytes, replace);
}

/* Whoever wrote it: its bytes are to be on the disk too. */
static ls_status sync_file(const char *path) {
  const int fd = open_retry(path, O_RDONLY | O_NOFOLLOW);
  if (fd < 0) return io_error("open", path);
  const ls_status status = sync_fd(fd, path);
  close(fd);
  return status;
}

static ls_status link_durably(ls_lock *lock, const char *dir, const char *name, const char *twin,
                              const void *data, size_t bytes) {
  commit_paths at, of;
  LS_TRY(find_paths(lock, dir, name, &at));
  LS_TRY(find_paths(lock, dir, twin, &of));
  unlink(at.temp);
  if (link(of.path, at.temp) != 0) return write_durably(lock, dir, name, data, bytes, true);
  if (file_equals(at.temp, data, bytes) != 1 || sync_file(at.temp) != LS_OK) {
    unlink(at.temp);
    return write_durably(lock, dir, name, data, bytes, true);
  }
  ls_status status = ls_lock_check_disk(lock);
  if (status == LS_OK) status = give_name(at.temp, at.path, data, bytes, true);
  unlink(at.temp); /* still there where path was a link to the same file already */
  return status == LS_OK ? ls_durable_sync_dir(dir) : status;
}

ls_status ls_durable_guarded(ls_lock *lock, const char *dir, const char *name, const char *twin,
                             const void *data, size_t bytes) {
  return twin ? link_durably(lock, dir, name, twin, data, bytes)
              : write_durably(lock, dir, name, data, bytes, false);
}

ls_status ls_durable_sync_dir(const char *dir) {
  int fd = open_retry(dir, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return io_error("open the folder", dir);
  ls_status status = sync_fd(fd, dir);
  close(fd);
  return status;
}

/* Make one folder, and its entry in the folder above durable; one that is there already is fine. */
static ls_status make_dir(char *path) {
  struct stat info;
  if (mkdir(path, 0777) != 0) {
    int error = errno;
    if (error == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return LS_OK;
    errno = error == EEXIST ? ENOTDIR : error;
    return io_error("make the folder", path);
  }
  char *slash = strrchr(path, '/');
  if (!slash) return ls_durable_sync_dir(".");
  if (slash == path) return ls_durable_sync_dir("/");
  *slash = 0;
  ls_status status = ls_durable_sync_dir(path);
  *slash = '/';
  return status;
}

ls_status ls_make_dirs(const char *path) {
  char above[PATH_MAX];
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  if (length == 0 || length >= sizeof above)
    return ls_fail(LS_EIO, "'%s' is not a usable folder name", path);
  memcpy(above, path, length);
  above[length] = 0;
  for (size_t i = 1; i < length; i++) {
    if (above[i] != '/' || above[i - 1] == '/') continue;
    above[i] = 0;
    LS_TRY(make_dir(above));
    above[i] = '/';
  }
  return make_dir(above);
}
