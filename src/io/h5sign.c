#include "io/h5sign.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, HEAD = 8 };

static int open_regular(const char *path, int64_t *bytes) {
  struct stat about;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not be waited for */
  bool regular = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  if (regular) *bytes = about.st_size;
  if (!regular && fd >= 0) close(fd);
  return regular ? fd : -1;
}

bool ls_h5_recognized(const char *path) {
  static const char signature[HEAD + 1] = "\x89HDF\r\n\x1a\n";
  char head[HEAD];
  int64_t bytes = 0;
  bool found = false;
  int fd = open_regular(path, &bytes);
  for (int64_t at = 0; fd >= 0 && at <= bytes - HEAD && !found; at = at ? 2 * at : BLOCK)
    found = pread(fd, head, HEAD, at) == HEAD && memcmp(head, signature, HEAD) == 0;
  if (fd >= 0) close(fd);
  return found;
}

const char *ls_h5_relative(const char *path) {
  static const char matlab[] = "MATLAB 5.0 MAT-file";
  char head[sizeof matlab] = "";
  int64_t bytes;
  int fd = open_regular(path, &bytes);
  if (fd < 0) return NULL;
  ssize_t got = pread(fd, head, sizeof head - 1, 0);
  close(fd);
  if (got == (ssize_t)sizeof head - 1 && strcmp(head, matlab) == 0)
    return "a MAT-file of version 5, which is no HDF5; save it with -v7.3 (Matlab) or -hdf5 "
           "(Octave)";
  if (got >= 4 && memcmp(head, "CDF", 3) == 0 && (head[3] == 1 || head[3] == 2 || head[3] == 5))
    return "a NetCDF file of the classic format, which is no HDF5; nccopy -k nc4 makes one that is";
  return NULL;
}
