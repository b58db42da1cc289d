#include "io/h5helper.h"

#include <stdlib.h>

#include "base/mem.h"
#include "io/h5raw.h"

enum { SILENCE_SECONDS = 60, ROWS_MAX = 1 << 20 };

typedef struct {
  const char *name, *group; /* name: of the file, for messages */
  const void *image;        /* (bytes), or */
  size_t bytes;
  const ls_h5_item *want; /* (items) */
  int items;
  ls_precision precision;
} question;

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

static void serve_list(int socket, void *arg) {
  const question *ask = arg;
  listing l = {0};
  ls_status status = ls_h5_open_image(ask->name, ask->image, ask->bytes, &l.file);
  if (status == LS_OK) status = ls_h5_tour(l.file, "/", list_one, &l);
  if (ls_h5_reply(socket, status, &l.rows, sizeof l.rows) && status == LS_OK)
    ls_h5_reply(socket, LS_OK, l.row, (size_t)l.rows * sizeof *l.row);
}

static void serve_count(int socket, void *arg) {
  const question *ask = arg;
  ls_h5_file *file;
  int64_t datasets = 0;
  ls_status status = ls_h5_open_path(ask->name, &file);
  if (status == LS_OK) status = ls_h5_count(file, ask->group, &datasets);
  ls_h5_reply(socket, status, &datasets, sizeof datasets);
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
  if (datasets == ask->items) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': %s holds %lld tensors, and this model has %d", ask->name,
                 ask->group, (long long)datasets, ask->items);
}

static ls_status open_group(const question *ask, ls_h5_file **file, ls_h5_item *have) {
  LS_TRY(ls_h5_open_path(ask->name, file));
  for (int i = 0; i < ask->items; i++) LS_TRY(find_like(*file, ask->name, &ask->want[i], &have[i]));
  return check_group(*file, ask);
}

/* The verdict on all, then each dataset's values. */
static void serve_read(int socket, void *arg) {
  const question *ask = arg;
  ls_h5_file *file;
  ls_h5_item *have = calloc((size_t)ask->items + 1, sizeof *have);
  ls_status status = have ? open_group(ask, &file, have) : ls_fail(LS_FAIL, "out of memory");
  bool there = ls_h5_reply(socket, status, NULL, 0);
  for (int i = 0; there && status == LS_OK && i < ask->items; i++) {
    size_t bytes = (size_t)have[i].count * ls_real_size(ask->precision);
    void *values = malloc(bytes);
    status = values ? ls_h5_read_real(file, &have[i], ask->precision, values)
                    : ls_fail(LS_FAIL, "out of memory for %s", have[i].path);
    there = ls_h5_reply(socket, status, values, bytes);
    free(values);
  }
}

/* ---- here ---- */

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
  question ask = {.name = name, .image = image, .bytes = bytes};
  ls_child *child;
  *row = NULL;
  LS_TRY(ls_child_start(serve_list, &ask, SILENCE_SECONDS, &child));
  ls_status status = receive_list(child, name, row, rows);
  ls_child_stop(&child);
  if (status != LS_OK) LS_FREE(*row);
  return status;
}

ls_status ls_h5helper_count(const char *path, const char *group, int64_t *datasets) {
  question ask = {.name = path, .group = group};
  ls_child *child;
  LS_TRY(ls_child_start(serve_count, &ask, SILENCE_SECONDS, &child));
  ls_status status = ls_h5_receive(child, path, datasets, sizeof *datasets);
  ls_child_stop(&child);
  return status;
}

ls_status ls_h5helper_read(const char *path, const char *group, const ls_h5_item *want, int items,
                           ls_precision precision, void *out) {
  question ask = {path, group, NULL, 0, want, items, precision};
  ls_child *child;
  char *to = out;
  LS_TRY(ls_child_start(serve_read, &ask, SILENCE_SECONDS, &child));
  ls_status status = ls_h5_receive(child, path, NULL, 0);
  for (int i = 0; status == LS_OK && i < items; i++) {
    size_t bytes = (size_t)want[i].count * ls_real_size(precision);
    status = ls_h5_receive(child, path, to, bytes);
    to += bytes;
  }
  ls_child_stop(&child);
  return status;
}
