#include "io/h5sign.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/regular.h"

enum { BLOCK = 512, HEAD = 8 };

bool ls_h5_signed(const void *head) { return memcmp(head, "\x89HDF\r\n\x1a\n", HEAD) == 0; }

int64_t ls_h5_signature(const char *path) {
  char head[HEAD];
  int fd;
  bool found = false;
  int64_t at = 0;
  if (ls_regular_open(path, O_RDONLY, &fd) != LS_OK) return -1;
  while (pread(fd, head, HEAD, at) == HEAD && !(found = ls_h5_signed(head)))
    at = at ? 2 * at : BLOCK;
  close(fd);
  return found ? at : -1;
}

const char *ls_h5_relative(const char *path) {
  static const char matlab[] = "MATLAB 5.0 MAT-file";
  char head[sizeof matlab] = "";
  int fd;
  if (ls_regular_open(path, O_RDONLY, &fd) != LS_OK) return NULL;
  ssize_t got = pread(fd, head, sizeof head - 1, 0);
  close(fd);
  if (strcmp(head, matlab) == 0)
    return "a MAT-file of version 5, which is no HDF5; save it with -v7.3 (Matlab) or -hdf5 "
           "(Octave)";
  if (got >= 4 && memcmp(head, "CDF", 3) == 0 && (head[3] == 1 || head[3] == 2 || head[3] == 5))
    return "a NetCDF file of the classic format, which is no HDF5; nccopy -k nc4 makes one that is";
  return NULL;
}
