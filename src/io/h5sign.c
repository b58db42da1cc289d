/* h5sign.c - looks for the signature at 0, 512, 1024 and so on, each place twice the one
 * before, until the file ends. */
#include "io/h5sign.h"

#include <fcntl.h>
#include <unistd.h>

#include "io/regular.h"

enum { BLOCK = 512, HEAD = 8 };

bool ls_h5_signed(const void *head) { return ls_signature_of(head, HEAD) == ls_signature_hdf5; }

static int64_t place_behind(int64_t at) { return at ? 2 * at : BLOCK; }

int64_t ls_h5_signature_in(const void *data, size_t bytes) {
  for (int64_t at = 0; (size_t)at + HEAD <= bytes; at = place_behind(at))
    if (ls_h5_signed((const char *)data + at)) return at;
  return -1;
}

int64_t ls_h5_signature(const char *path) {
  char head[HEAD];
  int fd;
  bool found = false;
  int64_t at = 0;
  if (ls_regular_open(path, O_RDONLY, &fd) != LS_OK) return -1;
  while (pread(fd, head, HEAD, at) == HEAD && !(found = ls_h5_signed(head))) at = place_behind(at);
  close(fd);
  return found ? at : -1;
}

const ls_signature *ls_h5_instead(const char *path) {
  char head[LS_SIGNATURE_HEAD];
  int fd;
  if (ls_regular_open(path, O_RDONLY, &fd) != LS_OK) return NULL;
  const ssize_t got = pread(fd, head, sizeof head, 0);
  close(fd);
  const ls_signature *it = got > 0 ? ls_signature_of(head, (size_t)got) : NULL;
  return it == ls_signature_hdf5 ? NULL : it;
}
