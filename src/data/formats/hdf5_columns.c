/* hdf5_columns.c - what the columns are called, by the file or by their datasets; and which of them
 * a checkpoint means. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/formats/dataset.h"
#include "data/formats/hdf5.h"
#include "data/trained.h"

enum { X = LS_ROLE_X, Y = LS_ROLE_Y, WEIGHTS = LS_HDF5_WEIGHTS };

/* ---- what they are called ---- */

/* The type, the shape of a sample where it is more than a row, and what its values mean. */
static void describe_piece(const ls_hdf5_piece *p, char *text, size_t size) {
  const ls_h5_shape *shape = ls_hdf5_shape(p);
  size_t at = (size_t)snprintf(text, size, "%s", shape->type);
  for (int k = 1; k < shape->dims && shape->dims > 2 && at < size; k++)
    at += (size_t)snprintf(text + at, size - at, "%s%jd", k == 1 ? ", " : " x ", shape->dim[k]);
  if (shape->dims > 2 && at < size) at += (size_t)snprintf(text + at, size - at, " each");
  if (p->transpose && at < size) at += (size_t)snprintf(text + at, size - at, ", in columns");
  if (*shape->meaning && at < size) snprintf(text + at, size - at, ", %s", shape->meaning);
}

/* Texts that the file of a piece has for the columns of x or y, to the places of those taken;
 * *known: it has them. */
static ls_status take_texts(const ls_hdf5 *h, const ls_hdf5_piece *p, const char *attribute,
                            ls_texts *out, bool *known) {
  ls_texts all;
  LS_TRY(ls_h5_texts(ls_hdf5_path(h, p), ls_columns_path[p->role], attribute, &all));
  *known = all.count == p->width;
  for (int64_t c = 0; *known && c < p->columns; c++)
    out->text[p->to[c]] = ls_mem_text(all.text[p->from[c]]);
  ls_texts_free(&all);
  return LS_OK;
}

/* Columns that are put together are called by their datasets: "T", "u_0". */
static void name_by_dataset(const ls_hdf5 *h, int role, ls_texts *out) {
  for (int i = 0; i < h->pieces; i++) {
    const ls_hdf5_piece *p = &h->piece[i];
    for (int64_t c = 0; c < p->columns && p->role == role; c++) {
      LS_FREE(out->text[p->to[c]]);
      out->text[p->to[c]] = p->width == 1
                                ? ls_mem_text(p->name + 1)
                                : ls_mem_format("%s_%jd", p->name + (*p->name == '/'), p->from[c]);
    }
  }
}

/* Is x or y more than one dataset as it stands? */
static bool is_composed(const ls_hdf5 *h, int role) {
  int pieces = 0;
  bool part = false;
  for (int i = 0; i < h->pieces; i++) {
    pieces += h->piece[i].role == role;
    part = part || (h->piece[i].role == role && !h->piece[i].whole);
  }
  return pieces > 1 || part;
}

/* None unless all pieces have some. */
static ls_status texts_of(const ls_hdf5 *h, int role, const char *attribute, ls_texts *out) {
  bool known = true;
  out->count = role == X ? h->base.shape.features : h->base.shape.outputs;
  LS_NEW(out->text, out->count);
  for (int i = 0; i < h->pieces && known; i++)
    if (h->piece[i].role == role) LS_TRY(take_texts(h, &h->piece[i], attribute, out, &known));
  if (!known && !attribute && is_composed(h, role))
    name_by_dataset(h, role, out);
  else if (!known)
    ls_texts_free(out);
  return LS_OK;
}

/* Targets of one dataset without names: "flux" of /targets/flux, "flux_0" and so on. */
static ls_status call_targets(const ls_hdf5 *h, ls_texts *out) {
  const ls_hdf5_piece *p = &h->piece[0];
  for (int i = 0; i < h->pieces && p->role != Y; i++) p = &h->piece[i];
  if (p->role != Y) return LS_OK;
  const char *slash = strrchr(p->name, '/'), *name = slash ? slash + 1 : p->name;
  LS_NEW(out->text, p->columns);
  for (; out->count < p->columns; out->count++)
    out->text[out->count] =
        p->width == 1 ? ls_mem_text(name) : ls_mem_format("%s_%jd", name, p->from[out->count]);
  return LS_OK;
}

ls_status ls_hdf5_columns(const ls_source *source, ls_columns *out) {
  const ls_hdf5 *h = (const ls_hdf5 *)source;
  for (int i = h->pieces - 1; i >= 0; i--) /* the first piece of each tells */
    if (h->piece[i].role != WEIGHTS)
      describe_piece(&h->piece[i], out->stored[h->piece[i].role], sizeof out->stored[0]);
  for (int role = X; role <= Y; role++) {
    LS_TRY(texts_of(h, role, NULL, &out->name[role]));
    if (out->name[role].count > 0) LS_TRY(texts_of(h, role, LS_COLUMNS_UNITS, &out->unit[role]));
  }
  if (out->name[Y].count == 0) LS_TRY(call_targets(h, &out->called));
  for (int i = 0; i < h->pieces; i++)
    if (h->piece[i].role == Y)
      return ls_h5_texts(ls_hdf5_path(h, &h->piece[i]), h->piece[i].name, LS_COLUMNS_CLASSES,
                         &out->classes);
  return LS_OK;
}

void ls_hdf5_mark(const ls_source *source, const char *name, bool *const meant[2]) {
  const ls_hdf5 *h = (const ls_hdf5 *)source;
  const ls_dataset d = ls_dataset_of(name);
  for (int i = 0; i < h->pieces; i++) {
    const ls_hdf5_piece *p = &h->piece[i];
    bool same = (int)strlen(p->name) == d.path && strncmp(p->name, d.here, (size_t)d.path) == 0;
    if (!same || p->role == WEIGHTS || !meant[p->role]) continue;
    for (int64_t c = 0; c < p->columns; c++)
      meant[p->role][p->to[c]] = !d.some || (p->from[c] >= d.lo && (d.hi < 0 || p->from[c] < d.hi));
  }
}

/* ---- the columns that a checkpoint knows ---- */

/* Of a piece those of its columns, which stand behind `before` others, that a list names. */
static ls_status take_some(ls_hdf5_piece *p, int64_t before, const int64_t *column, int64_t n) {
  const int64_t *from = p->from, had = p->columns;
  LS_NEW(p->from, p->width);
  p->columns = 0;
  p->whole = false;
  for (int64_t k = 0; k < n; k++) {
    if (column[k] < before || column[k] >= before + had) continue;
    p->from[p->columns] = from[column[k] - before];
    p->to[p->columns++] = k;
  }
  LS_FREE(from);
  return LS_OK;
}

/* Of all columns of x or y as they stand only those of a list, in its order. */
static ls_status take_columns(ls_hdf5 *h, int role, const int64_t *column, int64_t n) {
  int64_t before = 0;
  for (int i = 0; i < h->pieces; i++) {
    ls_hdf5_piece *p = &h->piece[i];
    if (p->role == WEIGHTS && role == Y) p->to[0] = n;
    if (p->role != role) continue;
    const int64_t had = p->columns;
    LS_TRY(take_some(p, before, column, n));
    before += had;
  }
  if (role == X)
    h->base.shape.features = n;
  else
    h->base.shape.outputs = n;
  return LS_OK;
}

static bool as_they_are(const int64_t *column, int64_t n, int64_t wide) {
  for (int64_t k = 0; k < n; k++)
    if (column[k] != k) return false;
  return n == wide;
}

/* By their names, where both have names, and stand in another order. */
static ls_status choose_known(ls_hdf5 *h, const ls_data_spec *spec, int role,
                              const ls_columns *have) {
  const int64_t wide[2] = {h->base.shape.features, h->base.shape.outputs};
  ls_newcomer data = {.path = h->base.file[0].path, .columns = wide[role]};
  int64_t found, *column = NULL;
  if (have->name[role].count == 0 || !ls_trained_named(spec->trained, role)) return LS_OK;
  LS_TRY(ls_columns_whole(&have->name[role], &have->unit[role], &data.name));
  ls_status status = ls_trained_find(spec->trained, role, &data, &column, &found);
  ls_texts_free(&data.name);
  if (status == LS_EDATA && !spec->foreign) {
    ls_log(LS_LOG_WARN, "%s; the columns are taken as they stand", ls_error_text());
    return LS_OK;
  }
  if (status == LS_OK && !as_they_are(column, spec->trained->n[role], wide[role]))
    status = take_columns(h, role, column, spec->trained->n[role]);
  LS_FREE(column);
  return status;
}

ls_status ls_hdf5_choose(ls_hdf5 *h, const ls_data_spec *spec) {
  ls_columns have;
  if (!spec->trained) return LS_OK;
  LS_TRY(ls_columns_of(&h->base, &have));
  ls_status status = choose_known(h, spec, X, &have);
  if (status == LS_OK && h->base.shape.outputs > 0) status = choose_known(h, spec, Y, &have);
  ls_columns_free(&have);
  return status;
}
