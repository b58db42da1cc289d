/* h5plain.c - value lo lies in piece lo / length at a known offset: pread there, and through a
 * buffer of 64 KiB where cells are of another type. Begin with stretch. */
#include "io/h5plain.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "io/regular.h"

enum { BUFFER_BYTES = 1 << 16 };

struct ls_h5plain {
  int fd;
  const ls_h5_layout *layout;
  const int64_t *offset; /* (pieces) */
  void *buffer;          /* (BUFFER_BYTES) values that become cells of another type */
};

ls_status ls_h5plain_open(const char *file, const ls_h5_layout *layout, const int64_t *offset,
                          ls_h5plain **out) {
  LS_NEW(*out, 1);
  **out = (ls_h5plain){.fd = -1, .layout = layout, .offset = offset};
  ls_status status = ls_regular_open(file, O_RDONLY, &(*out)->fd);
  if (status != LS_OK) status = ls_fail(LS_EDATA, "%s", ls_error_text());
  if (status == LS_OK) status = ls_mem_new(&(*out)->buffer, BUFFER_BYTES, 1);
  if (status != LS_OK) ls_h5plain_close(out);
  return status;
}

void ls_h5plain_close(ls_h5plain **out) {
  ls_h5plain *p = *out;
  if (!p) return;
  if (p->fd >= 0) close(p->fd);
  LS_FREE(p->buffer);
  LS_FREE(*out);
}

/* All of it or false: a file may have become shorter since. */
static bool read_bytes(int fd, int64_t offset, int64_t bytes, void *out) {
  return ls_file_fill_at(fd, out, (size_t)bytes, offset) == bytes;
}

static int64_t size_of(ls_dtype type) { return (int64_t)ls_dtype_size(type); }

/* As far as they lie in one stretch; n values from lo on begin at *at. */
static int64_t stretch(const ls_h5plain *p, int64_t lo, int64_t count, int64_t *at) {
  int64_t within = lo % p->layout->length;
  *at = p->offset[lo / p->layout->length] + within * size_of(p->layout->type);
  return ls_min(count, p->layout->length - within);
}

void ls_h5plain_soon(const ls_h5plain *p, int64_t lo, int64_t count) {
  for (int64_t n, at; count > 0; lo += n, count -= n) {
    n = stretch(p, lo, count, &at);
    posix_fadvise(p->fd, at, n * size_of(p->layout->type), POSIX_FADV_WILLNEED);
  }
}

bool ls_h5plain_read(ls_h5plain *p, int64_t lo, int64_t count, ls_dtype cell, void *out) {
  const ls_dtype type = p->layout->type;
  for (int64_t n, at; count > 0; lo += n, count -= n, out = (char *)out + n * size_of(cell)) {
    n = stretch(p, lo, count, &at);
    if (type == cell) {
      if (!read_bytes(p->fd, at, n * size_of(type), out)) return false;
      continue;
    }
    n = ls_min(n, BUFFER_BYTES / size_of(type));
    if (!read_bytes(p->fd, at, n * size_of(type), p->buffer)) return false;
    ls_dtype_convert(type, p->buffer, n, cell, out);
  }
  return true;
}
