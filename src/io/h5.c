/* h5.c - io/h5raw.h in a process of its own (io/child.h): requests and answers over a socket. Where
 * it says that the values lie in the file as they are (io/h5plain.h), it has done its work, and
 * they are read here. */
#include "io/h5.h"

#include <string.h>
#include <sys/param.h>

#include "base/mem.h"
#include "io/child.h"
#include "io/h5raw.h"

enum { PIECE_BYTES = 4 << 20, SILENCE_SECONDS = 60 };

typedef struct {
  int64_t lo, rows;
  int32_t cell;
} request;

/* In front of every answer: its bytes, which are the error's text where the status says so. */
typedef struct {
  int32_t status;
  int64_t bytes;
} answer;

struct ls_h5set {
  ls_child *child;   /* or, once it has told, */
  ls_h5plain *plain; /* where the values are */
  char *file, *name;
  ls_h5_shape shape;
};

/* Rows that travel together. */
static int64_t piece_rows(const ls_h5_shape *shape, ls_dtype cell) {
  int64_t rows = PIECE_BYTES / (int64_t)ls_dtype_size(cell) / shape->width;
  return rows < 1 ? 1 : rows;
}

/* ---- in the child ---- */

bool ls_h5_reply(int socket, ls_status status, const void *data, size_t bytes) {
  const char *text = ls_error_text();
  answer head = {(int32_t)status, (int64_t)(status == LS_OK ? bytes : strlen(text))};
  return ls_socket_send(socket, &head, sizeof head) &&
         ls_socket_send(socket, status == LS_OK ? data : text, (size_t)head.bytes);
}

static bool serve_rows(int socket, ls_h5raw *raw, const request *ask, void **buffer, size_t *room) {
  const ls_h5_shape *shape = ls_h5raw_shape(raw);
  ls_dtype cell = (ls_dtype)ask->cell;
  int64_t most = MIN(piece_rows(shape, cell), ask->rows);
  ls_status status = LS_OK;
  size_t need = (size_t)(most * shape->width) * ls_dtype_size(cell);
  if (need > *room) {
    LS_FREE(*buffer);
    status = ls_mem_new(buffer, need, 1);
    *room = status == LS_OK ? need : 0;
  }
  for (int64_t done = 0, rows; done < ask->rows && status == LS_OK; done += rows) {
    rows = MIN(most, ask->rows - done);
    status = ls_h5raw_read(raw, ask->lo + done, rows, cell, *buffer);
    if (status == LS_OK &&
        !ls_h5_reply(socket, LS_OK, *buffer, (size_t)(rows * shape->width) * ls_dtype_size(cell)))
      return false;
  }
  return status == LS_OK || ls_h5_reply(socket, status, NULL, 0);
}

/* Shape, layout, and the pieces' places if there are any. */
static bool introduce(int socket, const ls_h5raw *raw) {
  ls_h5_layout layout;
  int64_t *offset;
  ls_status status = ls_h5raw_layout(raw, &layout, &offset);
  return ls_h5_reply(socket, status, ls_h5raw_shape(raw), sizeof(ls_h5_shape)) && status == LS_OK &&
         ls_h5_reply(socket, LS_OK, &layout, sizeof layout) &&
         (layout.pieces == 0 ||
          ls_h5_reply(socket, LS_OK, offset, (size_t)layout.pieces * sizeof *offset));
}

static void serve_set(int socket) {
  ls_h5raw *raw = NULL;
  char *file, *name;
  void *buffer = NULL;
  size_t room = 0;
  bool transpose;
  request ask;
  if (!ls_socket_text(socket, &file) || !ls_socket_text(socket, &name) ||
      !ls_socket_receive(socket, &transpose, sizeof transpose))
    return;
  ls_status status = ls_h5raw_open(file, name, transpose, &raw);
  if (status != LS_OK) ls_h5_reply(socket, status, NULL, 0);
  if (status != LS_OK || !introduce(socket, raw)) return;
  while (ls_socket_receive(socket, &ask, sizeof ask) &&
         serve_rows(socket, raw, &ask, &buffer, &room))
    continue;
}

const ls_child_job ls_h5_set_job = {"h5-set", serve_set};

/* ---- here ---- */

/* One answer into `data`, which has room for just what is expected. */
ls_status ls_h5_receive(ls_child *child, const char *file, void *data, size_t bytes) {
  answer head;
  char text[2048] = "";
  LS_TRY(ls_child_receive(child, file, &head, sizeof head));
  if (head.status == LS_OK) return ls_child_receive(child, file, data, bytes);
  LS_TRY(ls_child_receive(child, file, text, MIN((size_t)head.bytes, sizeof text - 1)));
  return ls_fail((ls_status)head.status, "%s", text);
}

static ls_status take_layout(ls_h5set *set) {
  ls_h5_layout layout;
  int64_t *offset;
  LS_TRY(ls_h5_receive(set->child, set->file, &layout, sizeof layout));
  if (layout.pieces == 0) return LS_OK;
  LS_NEW(offset, layout.pieces);
  ls_status status =
      ls_h5_receive(set->child, set->file, offset, (size_t)layout.pieces * sizeof *offset);
  ls_child_stop(&set->child);
  if (status == LS_OK) return ls_h5plain_open(set->file, &layout, offset, &set->plain);
  LS_FREE(offset);
  return status;
}

static ls_status open_set(ls_h5set *set, bool transpose) {
  LS_TRY(ls_child_start(&ls_h5_set_job, SILENCE_SECONDS, &set->child));
  LS_TRY(ls_child_send_text(set->child, set->file, set->file));
  LS_TRY(ls_child_send_text(set->child, set->file, set->name));
  LS_TRY(ls_child_send(set->child, set->file, &transpose, sizeof transpose));
  LS_TRY(ls_h5_receive(set->child, set->file, &set->shape, sizeof set->shape));
  return take_layout(set);
}

ls_status ls_h5set_open(const char *file, const char *dataset, bool transpose, ls_h5set **out) {
  LS_NEW(*out, 1);
  (*out)->file = ls_mem_text(file);
  (*out)->name = ls_mem_text(dataset);
  ls_status status = open_set(*out, transpose);
  if (status != LS_OK) ls_h5set_close(out);
  return status;
}

void ls_h5set_close(ls_h5set **out) {
  ls_h5set *set = *out;
  if (!set) return;
  ls_child_stop(&set->child);
  ls_h5plain_close(&set->plain);
  LS_FREE(set->file);
  LS_FREE(set->name);
  LS_FREE(*out);
}

const ls_h5_shape *ls_h5set_shape(const ls_h5set *set) { return &set->shape; }

void ls_h5set_soon(const ls_h5set *set, int64_t lo, int64_t rows) {
  if (set->plain) ls_h5plain_soon(set->plain, lo * set->shape.width, rows * set->shape.width);
}

ls_status ls_h5set_read(ls_h5set *set, int64_t lo, int64_t rows, ls_dtype cell, void *out) {
  if (set->plain &&
      ls_h5plain_read(set->plain, lo * set->shape.width, rows * set->shape.width, cell, out))
    return LS_OK;
  if (set->plain)
    return ls_fail(LS_EDATA, "%s: %s can't be read in rows %lld to %lld: truncated or damaged",
                   set->file, set->name, (long long)lo, (long long)(lo + rows - 1));
  request ask = {lo, rows, cell};
  int64_t most = piece_rows(&set->shape, cell);
  LS_TRY(ls_child_send(set->child, set->file, &ask, sizeof ask));
  for (int64_t done = 0, part; done < rows; done += part) {
    part = MIN(most, rows - done);
    size_t width = (size_t)set->shape.width * ls_dtype_size(cell);
    LS_TRY(ls_h5_receive(set->child, set->file, (char *)out + (size_t)done * width,
                         (size_t)part * width));
  }
  return LS_OK;
}

/* ---- listing: answers of three texts, then an empty one ---- */

typedef struct {
  char path[1024], dims[256], type[32];
} entry;

static void send_entry(void *arg, const char *path, const char *dims, const char *type) {
  entry e = {"", "", ""};
  strncpy(e.path, path, sizeof e.path - 1);
  strncpy(e.dims, dims, sizeof e.dims - 1);
  strncpy(e.type, type, sizeof e.type - 1);
  ls_h5_reply(*(int *)arg, LS_OK, &e, sizeof e);
}

static void serve_list(int socket) {
  entry end = {"", "", ""};
  char *file;
  if (!ls_socket_text(socket, &file)) return;
  ls_h5_reply(socket, ls_h5raw_list(file, send_entry, &socket), &end, sizeof end);
}

const ls_child_job ls_h5_list_job = {"h5-list", serve_list};

ls_status ls_h5_list(const char *file, ls_h5_visit *visit, void *arg) {
  ls_child *child;
  LS_TRY(ls_child_start(&ls_h5_list_job, SILENCE_SECONDS, &child));
  ls_status status = ls_child_send_text(child, file, file);
  for (entry e = {"", "", ""}; status == LS_OK;) {
    status = ls_h5_receive(child, file, &e, sizeof e);
    if (status != LS_OK || !e.path[0]) break;
    visit(arg, e.path, e.dims, e.type);
  }
  ls_child_stop(&child);
  return status;
}
