#include "io/h5helper.h"

#include <stdlib.h>

#include "base/mem.h"
#include "io/h5raw.h"

enum { SILENCE_SECONDS = 60, ROWS_MAX = 1 << 20 };

/* What ls_h5helper_read asks for; `items` items follow. */
typedef struct {
  int items;
  ls_dtype precision;
} wish;

/* ---- in the child ---- */

typedef struct {
  ls_h5_file *file;
  ls_h5_row *row; /* (capacity) */
  int64_t rows, capacity;
} listing;

static ls_status list_one(void *arg, const char *path) {
  listing *l = arg;
  ls_h5_item item;
  LS_TRY(ls_h5_find(l->file, path, 1, &item));
  if (l->rows == ROWS_MAX) return ls_fail(LS_EDATA, "%s: more than %d datasets", path, ROWS_MAX);
  if (l->rows == l->capacity) {
    l->capacity = 2 * l->capacity + 64;
    l->row = realloc(l->row, (size_t)l->capacity * sizeof *l->row);
    if (!l->row) return ls_fail(LS_FAIL, "out of memory for a list of datasets");
  }
  ls_h5_row_set(&l->row[l->rows++], &item);
  return LS_OK;
}

static void serve_list(int socket) {
  listing l = {0};
  char *name, *image;
  size_t bytes;
  if (!ls_socket_text(socket, &name) || !ls_socket_receive(socket, &bytes, sizeof bytes)) return;
  image = ls_mem_must(bytes);
  if (!ls_socket_receive(socket, image, bytes)) return;
  ls_status status = ls_h5_open_image(name, image, bytes, &l.file);
  if (status == LS_OK) status = ls_h5_tour(l.file, "/", list_one, &l);
  if (ls_h5_reply(socket, status, &l.rows, sizeof l.rows) && status == LS_OK)
    ls_h5_reply(socket, LS_OK, l.row, (size_t)l.rows * sizeof *l.row);
}

const ls_child_job ls_h5helper_list_job = {"checkpoint-list", serve_list};

static void serve_count(int socket) {
  ls_h5_file *file;
  char *path, *group;
  int64_t datasets = 0;
  if (!ls_socket_text(socket, &path) || !ls_socket_text(socket, &group)) return;
  ls_status status = ls_h5_open_path(path, &file);
  if (status == LS_OK) status = ls_h5_count(file, group, &datasets);
  ls_h5_reply(socket, status, &datasets, sizeof datasets);
}

const ls_child_job ls_h5helper_count_job = {"checkpoint-count", serve_count};

typedef struct {
  char *path, *group;
  wish wish;
  ls_h5_item *want; /* (items) */
} question;

static bool receive_question(int socket, question *ask) {
  if (!ls_socket_text(socket, &ask->path) || !ls_socket_text(socket, &ask->group) ||
      !ls_socket_receive(socket, &ask->wish, sizeof ask->wish))
    return false;
  size_t bytes = (size_t)ask->wish.items * sizeof *ask->want;
  ask->want = ls_mem_must(bytes);
  return ls_socket_receive(socket, ask->want, bytes);
}

static ls_status find_like(ls_h5_file *file, const char *name, const ls_h5_item *want,
                           ls_h5_item *have) {
  LS_TRY(ls_h5_find(file, want->path, 0, have));
  if (have->rank == want->rank && have->dim[0] == want->dim[0] && have->dim[1] == want->dim[1])
    return LS_OK;
  return ls_fail(LS_EDATA,
                 "'%s': %s is (%lld, %lld) of rank %d, and this model's is (%lld, %lld) of rank %d",
                 name, want->path, (long long)have->dim[0], (long long)have->dim[1], have->rank,
                 (long long)want->dim[0], (long long)want->dim[1], want->rank);
}

static ls_status check_group(ls_h5_file *file, const question *ask) {
  int64_t datasets;
  LS_TRY(ls_h5_count(file, ask->group, &datasets));
  if (datasets == ask->wish.items) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': %s holds %lld tensors, and this model has %d", ask->path,
                 ask->group, (long long)datasets, ask->wish.items);
}

static ls_status open_group(const question *ask, ls_h5_file **file, ls_h5_item *have) {
  LS_TRY(ls_h5_open_path(ask->path, file));
  for (int i = 0; i < ask->wish.items; i++)
    LS_TRY(find_like(*file, ask->path, &ask->want[i], &have[i]));
  return check_group(*file, ask);
}

/* The verdict on all, then each dataset's values. */
static void serve_read(int socket) {
  question ask;
  ls_h5_file *file;
  if (!receive_question(socket, &ask)) return;
  ls_dtype precision = ask.wish.precision;
  ls_h5_item *have = calloc((size_t)ask.wish.items + 1, sizeof *have);
  ls_status status = have ? open_group(&ask, &file, have) : ls_fail(LS_FAIL, "out of memory");
  bool there = ls_h5_reply(socket, status, NULL, 0);
  for (int i = 0; there && status == LS_OK && i < ask.wish.items; i++) {
    size_t bytes = (size_t)have[i].count * ls_dtype_size(precision);
    void *values = malloc(bytes);
    status = values ? ls_h5_read_real(file, &have[i], precision, values)
                    : ls_fail(LS_FAIL, "out of memory for %s", have[i].path);
    there = ls_h5_reply(socket, status, values, bytes);
    free(values);
  }
}

const ls_child_job ls_h5helper_read_job = {"checkpoint-read", serve_read};

/* ---- here ---- */

static ls_status ask_list(ls_child *child, const char *name, const void *image, size_t bytes) {
  LS_TRY(ls_child_send_text(child, name, name));
  LS_TRY(ls_child_send(child, name, &bytes, sizeof bytes));
  return ls_child_send(child, name, image, bytes);
}

static ls_status ask_group(ls_child *child, const char *path, const char *group) {
  LS_TRY(ls_child_send_text(child, path, path));
  return ls_child_send_text(child, path, group);
}

static ls_status ask_read(ls_child *child, const char *path, const char *group,
                          const ls_h5_item *want, const wish *what) {
  LS_TRY(ask_group(child, path, group));
  LS_TRY(ls_child_send(child, path, what, sizeof *what));
  return ls_child_send(child, path, want, (size_t)what->items * sizeof *want);
}

static ls_status receive_list(ls_child *child, const char *name, ls_h5_row **row, int64_t *rows) {
  LS_TRY(ls_h5_receive(child, name, rows, sizeof *rows));
  if (*rows < 0 || *rows > ROWS_MAX)
    return ls_fail(LS_EDATA, "%s: damaged: the library that reads it lists %lld datasets", name,
                   (long long)*rows);
  LS_NEW(*row, *rows + 1);
  return ls_h5_receive(child, name, *row, (size_t)*rows * sizeof **row);
}

ls_status ls_h5helper_list(const char *name, const void *image, size_t bytes, ls_h5_row **row,
                           int64_t *rows) {
  ls_child *child;
  *row = NULL;
  LS_TRY(ls_child_start(&ls_h5helper_list_job, SILENCE_SECONDS, &child));
  ls_status status = ask_list(child, name, image, bytes);
  if (status == LS_OK) status = receive_list(child, name, row, rows);
  ls_child_stop(&child);
  if (status != LS_OK) LS_FREE(*row);
  return status;
}

ls_status ls_h5helper_count(const char *path, const char *group, int64_t *datasets) {
  ls_child *child;
  LS_TRY(ls_child_start(&ls_h5helper_count_job, SILENCE_SECONDS, &child));
  ls_status status = ask_group(child, path, group);
  if (status == LS_OK) status = ls_h5_receive(child, path, datasets, sizeof *datasets);
  ls_child_stop(&child);
  return status;
}

ls_status ls_h5helper_read(const char *path, const char *group, const ls_h5_item *want, int items,
                           ls_dtype precision, void *out) {
  ls_child *child;
  char *to = out;
  LS_TRY(ls_child_start(&ls_h5helper_read_job, SILENCE_SECONDS, &child));
  ls_status status = ask_read(child, path, group, want, &(wish){items, precision});
  if (status == LS_OK) status = ls_h5_receive(child, path, NULL, 0);
  for (int i = 0; status == LS_OK && i < items; i++) {
    size_t bytes = (size_t)want[i].count * ls_dtype_size(precision);
    status = ls_h5_receive(child, path, to, bytes);
    to += bytes;
  }
  ls_child_stop(&child);
  return status;
}
