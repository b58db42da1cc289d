/* pick.c - a source whose columns stand elsewhere, seen with the columns that a checkpoint knows: a
 * source around another one, for formats that read whole rows. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/trained.h"

enum { ROWS = 256 }; /* read at once */

typedef struct {
  ls_source base;
  ls_source *inner;
  int64_t
      *column[2]; /* of x (features), y (outputs): where each is in inner; NULL: all as they are */
  void *wide_x;   /* (ROWS, features of inner) cells */
  double *wide_y; /* (ROWS, outputs of inner) */
} pick;

static void narrow(const pick *p, int what, int64_t rows, size_t size, const char *from, char *to) {
  const ls_shape *in = &p->inner->shape, *out = &p->base.shape;
  const int64_t wide[2] = {in->features, in->outputs}, n[2] = {out->features, out->outputs};
  for (int64_t r = 0; r < rows; r++)
    for (int64_t k = 0; k < n[what]; k++, to += size)
      memcpy(to, from + (size_t)(r * wide[what] + p->column[what][k]) * size, size);
}

/* Rows lo .. lo + rows, or the next ones (lo < 0). x and y may be NULL. */
static ls_status read_rows(pick *p, int64_t lo, int64_t rows, ls_dtype cell, void *x, double *y) {
  const ls_format *format = p->inner->format;
  char *to_x = x;
  for (int64_t done = 0, step; done < rows; done += step) {
    step = rows - done < ROWS ? rows - done : ROWS;
    void *read_x = x && p->column[0] ? p->wide_x : to_x;
    double *read_y = y && p->column[1] ? p->wide_y : y;
    LS_TRY(lo < 0 ? format->read(p->inner, step, cell, read_x, read_y)
                  : format->read_at(p->inner, lo + done, step, cell, read_x, read_y));
    if (x && p->column[0]) narrow(p, 0, step, ls_dtype_size(cell), p->wide_x, to_x);
    if (y && p->column[1]) narrow(p, 1, step, sizeof *y, (const char *)p->wide_y, (char *)y);
    if (x) to_x += (size_t)(step * p->base.shape.features) * ls_dtype_size(cell);
    if (y) y += step * p->base.shape.outputs;
  }
  return LS_OK;
}

static ls_status read_pick(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  return read_rows((pick *)source, -1, rows, cell, x, y);
}

static ls_status read_pick_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                              double *y) {
  return read_rows((pick *)source, lo, rows, cell, x, y);
}

static void soon_pick(ls_source *source, int64_t lo, int64_t rows) {
  ls_source *inner = ((pick *)source)->inner;
  if (inner->format->soon) inner->format->soon(inner, lo, rows);
}

static void rest_pick(ls_source *source) {
  ls_source *inner = ((pick *)source)->inner;
  if (inner->format->rest) inner->format->rest(inner);
}

static ls_status keys_pick(ls_source *source, const char *by, uint64_t *key) {
  return ls_source_keys(((pick *)source)->inner, by, key);
}

static void place_pick(const ls_source *source, int64_t row, int64_t column, char *text,
                       size_t size) {
  const pick *p = (const pick *)source;
  if (column >= 0 && p->column[0]) column = p->column[0][column];
  if (column < 0 && p->column[1]) column = -1 - p->column[1][-1 - column];
  p->inner->format->place(p->inner, row, column, text, size);
}

/* Texts in the order of the columns; the list of another number of them is left for who asks. */
static ls_status pick_texts(const int64_t *column, int64_t n, int64_t wide, ls_texts *texts) {
  ls_texts out = {0};
  if (!column || texts->count != wide) return LS_OK;
  LS_NEW(out.text, n);
  for (; out.count < n; out.count++)
    out.text[out.count] = ls_mem_text(texts->text[column[out.count]]);
  ls_texts_free(texts);
  *texts = out;
  return LS_OK;
}

static ls_status columns_pick(const ls_source *source, ls_columns *out) {
  const pick *p = (const pick *)source;
  const int64_t n[2] = {source->shape.features, source->shape.outputs},
                wide[2] = {p->inner->shape.features, p->inner->shape.outputs};
  LS_TRY(p->inner->format->columns(p->inner, out));
  for (int i = 0; i < 2; i++) {
    LS_TRY(pick_texts(p->column[i], n[i], wide[i], &out->name[i]));
    LS_TRY(pick_texts(p->column[i], n[i], wide[i], &out->unit[i]));
  }
  return LS_OK;
}

static void close_pick(ls_source *source) {
  pick *p = (pick *)source;
  ls_source_close(&p->inner);
  for (int i = 0; i < 2; i++) LS_FREE(p->column[i]);
  LS_FREE(p->wide_x);
  LS_FREE(p->wide_y);
}

static const ls_format format_pick = {"",        NULL,      read_pick,  read_pick_at, soon_pick,
                                      rest_pick, keys_pick, place_pick, columns_pick, close_pick};

/* Takes `inner` and the columns over. */
static ls_status wrap(ls_source *inner, const ls_trained *t, int64_t *column[2], pick *p) {
  p->inner = inner;
  p->base.shape = inner->shape;
  p->base.names = inner->names;
  memcpy(p->column, column, sizeof p->column);
  column[0] = column[1] = NULL;
  if (p->column[0]) p->base.shape.features = t->n[0];
  if (p->column[1]) p->base.shape.outputs = t->n[1];
  for (int i = 0; i < inner->files; i++) {
    p->base.file[i] = inner->file[i];
    p->base.file[i].path = ls_mem_text(inner->file[i].path);
  }
  LS_TRY(ls_mem_new(&p->wide_x, (size_t)(ROWS * inner->shape.features), sizeof(double)));
  LS_NEW(p->wide_y, ROWS * inner->shape.outputs);
  return LS_OK;
}

static bool as_they_are(const int64_t *column, int64_t n, int64_t wide) {
  for (int64_t k = 0; k < n; k++)
    if (column[k] != k) return false;
  return n == wide;
}

/* The columns of x or y; NULL in *column where they are as they stand, or have no names. */
static ls_status look(const ls_source *source, const ls_data_spec *spec, int what,
                      const ls_columns *have, int64_t **column) {
  const int64_t wide[2] = {source->shape.features, source->shape.outputs};
  ls_newcomer data = {.path = source->file[0].path, .columns = wide[what]};
  int64_t found;
  if (have->name[what].count == 0 || !ls_trained_named(spec->trained, what)) return LS_OK;
  LS_TRY(ls_columns_whole(&have->name[what], &have->unit[what], &data.name));
  ls_status status = ls_trained_find(spec->trained, what, &data, column, &found);
  ls_texts_free(&data.name);
  if (status == LS_OK && as_they_are(*column, spec->trained->n[what], wide[what])) LS_FREE(*column);
  if (status != LS_EDATA || spec->foreign) return status;
  ls_log(LS_LOG_WARN, "%s; the columns are taken as they stand", ls_error_text());
  return LS_OK;
}

ls_status ls_pick_known(const ls_data_spec *spec, ls_source **source) {
  ls_source *inner = *source, *outer = NULL;
  ls_columns have;
  int64_t *column[2] = {NULL, NULL};
  if (!spec->trained) return LS_OK;
  LS_TRY(ls_columns_of(inner, &have));
  ls_status status = look(inner, spec, LS_TRAINED_X, &have, &column[0]);
  if (status == LS_OK && inner->shape.outputs > 0)
    status = look(inner, spec, LS_TRAINED_Y, &have, &column[1]);
  ls_columns_free(&have);
  bool needed = status == LS_OK && (column[0] || column[1]);
  if (needed) status = ls_source_new(&format_pick, sizeof(pick), inner->files, &outer);
  if (outer) status = wrap(inner, spec->trained, column, (pick *)outer);
  if (outer) *source = outer;
  for (int i = 0; i < 2; i++) LS_FREE(column[i]);
  return status;
}
