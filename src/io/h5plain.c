#include "io/h5plain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"
#include "io/regular.h"

enum { BUFFER_BYTES = 1 << 16, PREAD_MAX = 1 << 24 };

struct ls_h5plain {
  int fd;
  ls_h5_layout layout;
  int64_t *offset; /* (pieces) */
  void *buffer;    /* (BUFFER_BYTES) values that become cells of another type */
};

static const int64_t size_of[] = {1, 4, 4, 8};

ls_status ls_h5plain_open(const char *file, const ls_h5_layout *layout, int64_t *offset,
                          ls_h5plain **out) {
  ls_status status = ls_mem_new((void **)out, 1, sizeof **out);
  if (status != LS_OK) {
    LS_FREE(offset);
    return status;
  }
  **out = (ls_h5plain){.fd = -1, .layout = *layout, .offset = offset};
  status = ls_regular_open(file, O_RDONLY, &(*out)->fd);
  status = status == LS_OK ? ls_mem_new(&(*out)->buffer, BUFFER_BYTES, 1)
                           : ls_fail(LS_EDATA, "%s", ls_error_text());
  if (status != LS_OK) ls_h5plain_close(out);
  return status;
}

void ls_h5plain_close(ls_h5plain **out) {
  ls_h5plain *p = *out;
  if (!p) return;
  if (p->fd >= 0) close(p->fd);
  LS_FREE(p->offset);
  LS_FREE(p->buffer);
  LS_FREE(*out);
}

/* All of it or false: a file may have become shorter since. */
static bool read_bytes(int fd, int64_t offset, int64_t bytes, void *out) {
  ssize_t got;
  for (char *to = out; bytes > 0; to += got, offset += got, bytes -= got) {
    ls_alive();
    do got = pread(fd, to, (size_t)MIN(bytes, PREAD_MAX), offset);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
  }
  return true;
}

/* ---- as stored -> as wanted; each conversion rounds once, to nearest ---- */

#define CONVERT(name, from, to)                                                 \
  static void name(const void *in, int64_t n, void *out) {                      \
    for (int64_t i = 0; i < n; i++) ((to *)out)[i] = (to)((const from *)in)[i]; \
  }
CONVERT(u8_f32, uint8_t, float)
CONVERT(u8_f64, uint8_t, double)
CONVERT(i32_f32, int32_t, float)
CONVERT(i32_f64, int32_t, double)
CONVERT(f32_f64, float, double)
CONVERT(f64_f32, double, float)
static void (*const convert[4][3])(const void *in, int64_t n, void *out) = {
    /* NULL: they are the same, or (to bytes) never asked for */
    {NULL, u8_f32, u8_f64},
    {NULL, i32_f32, i32_f64},
    {NULL, NULL, f32_f64},
    {NULL, f64_f32, NULL},
};

/* As far as they lie in one stretch; n values from lo on begin at *at. */
static int64_t stretch(const ls_h5plain *p, int64_t lo, int64_t count, int64_t *at) {
  int64_t within = lo % p->layout.length;
  *at = p->offset[lo / p->layout.length] + within * size_of[p->layout.type];
  return MIN(count, p->layout.length - within);
}

void ls_h5plain_soon(const ls_h5plain *p, int64_t lo, int64_t count) {
  for (int64_t n, at; count > 0; lo += n, count -= n) {
    n = stretch(p, lo, count, &at);
    posix_fadvise(p->fd, at, n * size_of[p->layout.type], POSIX_FADV_WILLNEED);
  }
}

bool ls_h5plain_read(ls_h5plain *p, int64_t lo, int64_t count, ls_h5_cell cell, void *out) {
  static const int64_t cell_size[] = {1, sizeof(float), sizeof(double)};
  int64_t size = size_of[p->layout.type], most = BUFFER_BYTES / size;
  for (int64_t n, at; count > 0; lo += n, count -= n, out = (char *)out + n * cell_size[cell]) {
    n = stretch(p, lo, count, &at);
    if (convert[p->layout.type][cell]) {
      n = MIN(n, most);
      if (!read_bytes(p->fd, at, n * size, p->buffer)) return false;
      convert[p->layout.type][cell](p->buffer, n, out);
    } else if (!read_bytes(p->fd, at, n * size, out)) {
      return false;
    }
  }
  return true;
}
