/* h5.c - the side that asks. A thread keeps up to four helpers that wait with a file open,
 * knows the file again by its stat, drops a helper that has failed and checks what one says.
 * Begin with ls_h5set_read: plain rows, or take -> receive_rows -> give_back. */
#include "io/h5.h"

#include <string.h>
#include <sys/stat.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "io/h5helper.h"
#include "io/regular.h"

enum { HELPERS = 4, SILENCE_SECONDS = 60 };

struct ls_h5set {
  char *file, *name;
  bool transpose;
  ls_h5_shape shape; /* rows 0: not known yet */
  ls_h5_layout layout;
  int64_t *offset;     /* (pieces) */
  struct stat was;     /* of the file, when all this was said of it */
  ls_h5plain *plain;   /* NULL: not being read, or not without a helper */
  int64_t helper, set; /* its number with the helper of that number */
};

/* ---- helpers ---- */

typedef struct {
  ls_child *child;
  char *file;
  struct stat was; /* of the file, before it was opened */
  int64_t number;  /* no other one's */
} helper;

/* Those that wait, the last one asked first. A helper dies with the thread that started it. */
static _Thread_local helper *idle[HELPERS];

static void stop(helper **h) {
  if (!*h) return;
  ls_child_stop(&(*h)->child);
  LS_FREE((*h)->file);
  LS_FREE(*h);
}

static ls_status start(const char *file, const struct stat *now, helper **out) {
  static _Atomic int64_t started;
  LS_NEW(*out, 1);
  **out = (helper){.file = ls_mem_text(file), .was = *now, .number = ++started};
  ls_status status = ls_child_start(&ls_h5_job, SILENCE_SECONDS, &(*out)->child);
  if (status == LS_OK) status = ls_child_send_text((*out)->child, file, file);
  if (status != LS_OK) stop(out);
  return status;
}

/* The one that waits with this file open, or a new one. */
static ls_status take(const char *file, helper **out) {
  struct stat now = {0};
  (void)stat(file, &now); /* what is wrong with it the helper will say */
  *out = NULL;
  for (int i = 0; i < HELPERS && !*out; i++) {
    if (!idle[i] || strcmp(idle[i]->file, file) != 0) continue;
    *out = idle[i];
    idle[i] = NULL;
    if (!ls_file_same(&(*out)->was, &now)) stop(out);
  }
  return *out ? LS_OK : start(file, &now, out);
}

/* One that has failed may have crashed, or be in the middle of an answer. */
static ls_status give_back(helper *h, ls_status status) {
  int place = 0;
  if (status != LS_OK) {
    stop(&h);
    return status;
  }
  while (place < HELPERS - 1 && idle[place]) place++;
  stop(&idle[place]);
  memmove(idle + 1, idle, (size_t)place * sizeof *idle);
  idle[0] = h;
  return LS_OK;
}

void ls_h5_rest(void) {
  for (int i = 0; i < HELPERS; i++) stop(&idle[i]);
}

static ls_status ask(const helper *h, const ls_h5_question *question, const char *dataset,
                     const char *attribute) {
  LS_TRY(ls_child_send(h->child, h->file, question, sizeof *question));
  LS_TRY(ls_child_send_text(h->child, h->file, dataset));
  return ls_child_send_text(h->child, h->file, attribute);
}

/* One answer into `data`, which has room for just what is expected. */
static ls_status receive(const helper *h, void *data, size_t bytes) {
  ls_h5_answer head;
  char text[2048] = "";
  LS_TRY(ls_child_receive(h->child, h->file, &head, sizeof head));
  if (head.status == LS_OK) return ls_child_receive(h->child, h->file, data, bytes);
  const int64_t told = ls_clamp(head.bytes, 0, (int64_t)sizeof text - 1);
  LS_TRY(ls_child_receive(h->child, h->file, text, (size_t)told));
  return ls_fail((ls_status)head.status, "%s", text);
}

/* ---- a set ---- */

/* What a helper says may be the doing of the file: it must fit what will be done with it. */
static bool makes_sense(const ls_h5_shape *shape, const ls_h5_layout *layout) {
  int64_t values;
  if (shape->rows < 1 || shape->width < 1 || layout->pieces < 0 ||
      layout->pieces > LS_H5_PIECES_MAX ||
      __builtin_mul_overflow(shape->rows, shape->width, &values))
    return false;
  return layout->pieces == 0 ||
         (layout->length > 0 && (values - 1) / layout->length < layout->pieces);
}

static ls_status receive_set(ls_h5set *set, const helper *h) {
  ls_h5_answer_set about;
  LS_TRY(receive(h, &about, sizeof about));
  if (!makes_sense(&about.shape, &about.layout))
    return ls_fail(LS_EDATA, "%s: %s is damaged", set->file, set->name);
  if (set->shape.rows > 0 &&
      (set->shape.rows != about.shape.rows || set->shape.width != about.shape.width))
    return ls_fail(LS_EDATA, "%s: %s has changed while it was read", set->file, set->name);
  set->shape = about.shape;
  set->layout = about.layout;
  set->set = about.set;
  set->helper = h->number;
  set->was = h->was;
  LS_FREE(set->offset);
  if (about.layout.pieces == 0) return LS_OK;
  LS_NEW(set->offset, about.layout.pieces);
  return receive(h, set->offset, (size_t)about.layout.pieces * sizeof *set->offset);
}

/* The helper has it open. */
static ls_status introduce(ls_h5set *set, const helper *h) {
  if (set->helper == h->number) return LS_OK;
  LS_TRY(ask(h, &(ls_h5_question){.what = LS_H5_ASK_SET, .transpose = set->transpose}, set->name,
             NULL));
  return receive_set(set, h);
}

static ls_status look(ls_h5set *set) {
  helper *h;
  LS_TRY(take(set->file, &h));
  return give_back(h, introduce(set, h));
}

ls_status ls_h5set_open(const char *file, const char *dataset, bool transpose, ls_h5set **out) {
  LS_NEW(*out, 1);
  **out =
      (ls_h5set){.file = ls_mem_text(file), .name = ls_mem_text(dataset), .transpose = transpose};
  ls_status status = look(*out);
  if (status != LS_OK) ls_h5set_close(out);
  return status;
}

void ls_h5set_close(ls_h5set **out) {
  ls_h5set *set = *out;
  if (!set) return;
  ls_h5set_rest(set);
  LS_FREE(set->offset);
  LS_FREE(set->file);
  LS_FREE(set->name);
  LS_FREE(*out);
}

void ls_h5set_rest(ls_h5set *set) { ls_h5plain_close(&set->plain); }

const ls_h5_shape *ls_h5set_shape(const ls_h5set *set) { return &set->shape; }

void ls_h5set_soon(const ls_h5set *set, int64_t lo, int64_t rows) {
  if (set->plain) ls_h5plain_soon(set->plain, lo * set->shape.width, rows * set->shape.width);
}

/* What was said of the file must be true of the one that is read. */
static ls_status open_plain(ls_h5set *set) {
  struct stat now;
  if (stat(set->file, &now) != 0 || !ls_file_same(&now, &set->was)) LS_TRY(look(set));
  if (set->layout.pieces == 0) return LS_OK;
  return ls_h5plain_open(set->file, &set->layout, set->offset, &set->plain);
}

static ls_status read_plain(const ls_h5set *set, int64_t lo, int64_t rows, ls_dtype cell,
                            void *out) {
  int64_t width = set->shape.width;
  if (ls_h5plain_read(set->plain, lo * width, rows * width, cell, out)) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %s cannot be read in rows %jd to %jd: truncated or damaged",
                 set->file, set->name, lo, lo + rows - 1);
}

static ls_status receive_rows(ls_h5set *set, const helper *h, int64_t lo, int64_t rows,
                              ls_dtype cell, char *out) {
  LS_TRY(introduce(set, h));
  const ls_h5_question question = {
      .what = LS_H5_ASK_ROWS, .set = (int32_t)set->set, .cell = cell, .lo = lo, .rows = rows};
  int64_t most = ls_h5_rows_together(set->shape.width, cell);
  size_t width = (size_t)set->shape.width * ls_dtype_size(cell);
  LS_TRY(ask(h, &question, NULL, NULL));
  for (int64_t some; rows > 0; rows -= some, out += (size_t)some * width) {
    some = ls_min(most, rows);
    LS_TRY(receive(h, out, (size_t)some * width));
  }
  return LS_OK;
}

ls_status ls_h5set_read(ls_h5set *set, int64_t lo, int64_t rows, ls_dtype cell, void *out) {
  helper *h;
  if (!set->plain && set->layout.pieces > 0) LS_TRY(open_plain(set));
  if (set->plain) return read_plain(set, lo, rows, cell, out);
  LS_TRY(take(set->file, &h));
  return give_back(h, receive_rows(set, h, lo, rows, cell, out));
}

/* ---- texts, lists ---- */

static ls_status receive_texts(const helper *h, ls_texts *out) {
  ls_h5_answer_texts found;
  char *block;
  LS_TRY(receive(h, &found, sizeof found));
  LS_NEW(block, found.bytes + 1);
  ls_status status = receive(h, block, (size_t)found.bytes);
  if (status == LS_OK)
    status = ls_mem_new((void **)&out->text, (size_t)found.count, sizeof(char *));
  const char *at = block, *end = block + found.bytes;
  for (; status == LS_OK && out->count < found.count && at < end; at += strlen(at) + 1)
    out->text[out->count++] = ls_mem_text(at);
  LS_FREE(block);
  return status;
}

ls_status ls_h5_texts(const char *file, const char *dataset, const char *attribute, ls_texts *out) {
  helper *h;
  *out = (ls_texts){0};
  LS_TRY(take(file, &h));
  ls_status status = ask(h, &(ls_h5_question){.what = LS_H5_ASK_TEXTS}, dataset, attribute);
  if (status == LS_OK) status = receive_texts(h, out);
  return give_back(h, status);
}

ls_status ls_h5_list(const char *file, ls_h5_visit *visit, void *arg) {
  helper *h;
  LS_TRY(take(file, &h));
  ls_status status = ask(h, &(ls_h5_question){.what = LS_H5_ASK_LIST}, NULL, NULL);
  for (ls_h5_entry entry; status == LS_OK;) {
    status = receive(h, &entry, sizeof entry);
    if (status != LS_OK || !entry.path[0]) break;
    visit(arg, &entry);
  }
  return give_back(h, status);
}
