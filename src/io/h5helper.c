/* h5helper.c - the side that answers: `serve`, one question after the other. A file and its
 * sets are never closed; they live as long as the process. */
#include "io/h5helper.h"

#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "io/h5rows.h"
#include "io/h5text.h"

enum { BLOCK_BYTES = 4 << 20 };

/* Lives as long as the process. */
typedef struct {
  int socket;
  ls_h5core *core;
  ls_h5rows **set; /* (sets) that were asked for */
  int sets;
  void *block;
  size_t room;
} helper;

int64_t ls_h5_rows_together(int64_t width, ls_dtype cell) {
  return ls_max(BLOCK_BYTES / (int64_t)ls_dtype_size(cell) / width, 1);
}

/* false: nobody is there any more. */
static bool answer(const helper *h, ls_status status, const void *data, size_t bytes) {
  const char *text = ls_error_text();
  ls_h5_answer head = {(int32_t)status, (int64_t)(status == LS_OK ? bytes : strlen(text))};
  return ls_socket_send(h->socket, &head, sizeof head) &&
         ls_socket_send(h->socket, status == LS_OK ? data : text, (size_t)head.bytes);
}

static void answer_entry(void *arg, const ls_h5_entry *entry) {
  answer(arg, LS_OK, entry, sizeof *entry);
}

static bool answer_list(const helper *h) {
  const ls_h5_entry end = {.path = ""};
  ls_status status = ls_h5core_list(h->core, answer_entry, (void *)h);
  return answer(h, status, &end, sizeof end);
}

static bool answer_texts(const helper *h, const char *dataset, const char *attribute) {
  ls_h5object object;
  ls_h5text found = {0};
  if (ls_h5object_open(h->core, dataset, &object) == LS_OK)
    ls_h5text_read(object.id, attribute, &found);
  ls_h5object_close(&object);
  ls_h5_answer_texts head = {found.count, found.bytes};
  bool there =
      answer(h, LS_OK, &head, sizeof head) && answer(h, LS_OK, found.block, (size_t)found.bytes);
  free(found.block);
  return there;
}

static ls_status open_set(helper *h, const char *name, bool transpose, int32_t *number) {
  for (*number = 0; *number < h->sets; ++*number)
    if (ls_h5rows_is(h->set[*number], name, transpose)) return LS_OK;
  ls_h5rows **more = realloc(h->set, (size_t)(h->sets + 1) * sizeof *more);
  if (!more) return ls_fail(LS_FAIL, "out of memory");
  h->set = more;
  LS_TRY(ls_h5rows_open(h->core, name, transpose, &h->set[h->sets]));
  h->sets++;
  return LS_OK;
}

static bool answer_set(helper *h, const char *name, bool transpose) {
  ls_h5_answer_set about = {.set = 0};
  int64_t *offset = NULL;
  ls_status status = open_set(h, name, transpose, &about.set);
  if (status == LS_OK) status = ls_h5rows_layout(h->set[about.set], &about.layout, &offset);
  if (status == LS_OK) about.shape = *ls_h5rows_shape(h->set[about.set]);
  bool there = answer(h, status, &about, sizeof about);
  if (there && about.layout.pieces > 0)
    there = answer(h, LS_OK, offset, (size_t)about.layout.pieces * sizeof *offset);
  LS_FREE(offset);
  return there;
}

static bool answer_rows(helper *h, const ls_h5_question *ask) {
  ls_h5rows *set = h->set[ask->set];
  int64_t width = ls_h5rows_shape(set)->width, most = ls_h5_rows_together(width, ask->cell);
  size_t row = (size_t)width * ls_dtype_size(ask->cell),
         need = row * (size_t)ls_min(most, ask->rows);
  if (need > h->room) {
    LS_FREE(h->block);
    h->block = ls_mem_must(need);
    h->room = need;
  }
  for (int64_t done = 0, rows; done < ask->rows; done += rows) {
    rows = ls_min(most, ask->rows - done);
    ls_status status = ls_h5rows_read(set, ask->lo + done, rows, ask->cell, h->block);
    if (!answer(h, status, h->block, row * (size_t)rows)) return false;
    if (status != LS_OK) return true;
  }
  return true;
}

static bool answer_one(helper *h, const ls_h5_question *ask, const char *dataset,
                       const char *attribute) {
  switch (ask->what) {
    case LS_H5_ASK_LIST:
      return answer_list(h);
    case LS_H5_ASK_TEXTS:
      return answer_texts(h, dataset, attribute);
    case LS_H5_ASK_SET:
      return answer_set(h, dataset, ask->transpose);
    default:
      return answer_rows(h, ask);
  }
}

static void serve(int socket) {
  helper h = {.socket = socket};
  ls_h5_question ask;
  char *path, *dataset, *attribute;
  if (!ls_socket_text(socket, &path)) return;
  ls_status status = ls_h5core_open(path, &h.core);
  while (ls_socket_receive(socket, &ask, sizeof ask) && ls_socket_text(socket, &dataset) &&
         ls_socket_text(socket, &attribute)) {
    bool there =
        status == LS_OK ? answer_one(&h, &ask, dataset, attribute) : answer(&h, status, NULL, 0);
    LS_FREE(dataset);
    LS_FREE(attribute);
    if (!there) return;
  }
}

const ls_child_job ls_h5_job = {"hdf5", serve};
