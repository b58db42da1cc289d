/* format.c - the list of formats; several files as a source that is a format itself (`many`),
 * with what these can do; patterns, sorted byte by byte. Begin at the bottom:
 * ls_sources_open -> open_each -> ls_source_open -> open_pattern. */
#include "data/format.h"

#include <assert.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clamp.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "data/one_hot.h"

static const ls_format *const formats[] = {&ls_format_idx, &ls_format_csv, &ls_format_hdf5,
                                           &ls_format_npy, NULL};

const ls_format *ls_format_find(const char *name) {
  for (int i = 0; formats[i]; i++) {
    const ls_format *format = formats[i];
    assert(!format->read_at || (format->soon && format->rest));
    if (strcmp(format->name, name) == 0) return format;
  }
  return NULL;
}

char *ls_formats_of_streams(void) {
  ls_buffer names = {0};
  for (int i = 0; formats[i]; i++)
    if (formats[i]->read_at)
      ls_buffer_add(&names, "%s%s", names.length ? ", " : "", formats[i]->name);
  return names.text;
}

/* ---- several files as one source ---- */

typedef struct {
  ls_source base;
  ls_format format; /* base.format: has what theirs has */
  ls_source **each; /* (count) */
  int count, at;    /* at: the one that is being read */
  int64_t row;      /* rows of it that have been read */
  int file;         /* the first of its files among all of the source's */
  ls_source *busy;  /* the one that read_at has open */
} many;

/* One has been read: its digests are known now. */
static void next_source(many *m) {
  ls_source *one = m->each[m->at++];
  for (int i = 0; i < one->files; i++) {
    ls_data_file *file = &m->base.file[m->file++];
    char *path = file->path;
    *file = one->file[i];
    file->path = path;
  }
  m->row = 0;
}

static ls_status read_many(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  many *m = (many *)source;
  const ls_shape *shape = &source->shape;
  for (int64_t done = 0, step; done < rows; done += step) {
    ls_source *one = m->each[m->at];
    int64_t left = one->shape.rows - m->row;
    step = ls_min(rows - done, left);
    one->loose = source->loose;
    void *to = x ? (char *)x + (size_t)(done * shape->features) * ls_dtype_size(cell) : NULL;
    LS_TRY(one->format->read(one, step, cell, to, y + done * ls_shape_columns(shape)));
    m->row += step;
    if (m->row == one->shape.rows) next_source(m);
  }
  return LS_OK;
}

/* One's file is open at a time. */
static ls_status read_many_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                              double *y) {
  many *m = (many *)source;
  size_t width = (size_t)source->shape.features * ls_dtype_size(cell);
  int64_t begin = 0;
  for (int i = 0; i < m->count && rows > 0; begin += m->each[i++]->shape.rows) {
    ls_source *one = m->each[i];
    const int64_t first = lo - begin, step = ls_min(one->shape.rows - first, rows);
    if (step <= 0) continue;
    if (m->busy != one && m->busy) m->busy->format->rest(m->busy);
    m->busy = one;
    one->loose = source->loose;
    LS_TRY(one->format->read_at(one, first, step, cell, x, y));
    if (x) x = (char *)x + (size_t)step * width;
    if (y) y += step * source->shape.outputs;
    lo += step;
    rows -= step;
  }
  return LS_OK;
}

/* Only the one that is open: others are not worth opening for a hint. */
static void soon_many(ls_source *source, int64_t lo, int64_t rows) {
  const many *m = (const many *)source;
  for (int i = 0; i < m->count && lo >= 0; lo -= m->each[i++]->shape.rows) {
    int64_t left = m->each[i]->shape.rows - lo;
    if (left > 0 && m->each[i] == m->busy) m->busy->format->soon(m->busy, lo, ls_min(rows, left));
  }
}

static void rest_many(ls_source *source) {
  many *m = (many *)source;
  if (m->busy) m->busy->format->rest(m->busy);
  m->busy = NULL;
}

static void place_many(const ls_source *source, int64_t row, int64_t column, char *text,
                       size_t size) {
  ls_source *const *one = ((const many *)source)->each;
  for (; row >= (*one)->shape.rows; one++) row -= (*one)->shape.rows;
  (*one)->format->place(*one, row, column, text, size);
}

static ls_status rewind_many(ls_source *source) {
  many *m = (many *)source;
  for (int i = 0; i < m->count; i++) LS_TRY(m->each[i]->format->rewind(m->each[i]));
  m->at = m->file = 0;
  m->row = 0;
  return LS_OK;
}

static ls_status keys_many(ls_source *source, const char *by, const bool *asked, uint64_t *key) {
  const many *m = (const many *)source;
  int64_t first = 0;
  for (int i = 0; i < m->count; first += m->each[i++]->shape.rows)
    LS_TRY(ls_source_keys(m->each[i], by, asked + first, key + first));
  return LS_OK;
}

static ls_status columns_many(const ls_source *source, struct ls_columns *out) {
  const ls_source *first = ((const many *)source)->each[0];
  return first->format->columns ? first->format->columns(first, out) : LS_OK;
}

static void mark_many(const ls_source *source, const char *name, bool *const meant[2]) {
  const ls_source *first = ((const many *)source)->each[0];
  first->format->mark(first, name, meant);
}

static void close_many(ls_source *source) {
  many *m = (many *)source;
  for (int i = m->count - 1; i >= 0; i--)
    ls_source_close(&m->each[i]); /* the first one last: it may lend the others its class names */
  LS_FREE(m->each);
}

static const ls_format format_many = {
    .name = "",
    .read = read_many,
    .read_at = read_many_at,
    .soon = soon_many,
    .rest = rest_many,
    .rewind = rewind_many,
    .keys = keys_many,
    .place = place_many,
    .columns = columns_many,
    .mark = mark_many,
    .close = close_many,
};

static ls_status add_source(many *m, const ls_source *one) {
  ls_shape *whole = &m->base.shape;
  const ls_shape *shape = &one->shape;
  if (m->count == 1) *whole = *shape, whole->rows = 0;
  if (shape->features != whole->features || shape->outputs != whole->outputs)
    return ls_fail(LS_EDATA, "%s: %jd features and %jd targets a sample; %s has %jd and %jd",
                   one->file[0].path, shape->features, shape->outputs, m->each[0]->file[0].path,
                   whole->features, whole->outputs);
  whole->bytes = whole->bytes && shape->bytes;
  whole->single = whole->single && shape->single;
  bool over = __builtin_add_overflow(whole->rows, shape->rows, &whole->rows);
  return over ? ls_fail(LS_EDATA, "%s: too many samples", one->file[0].path) : LS_OK;
}

static ls_status list_files(many *m) {
  int files = 0;
  for (int i = 0; i < m->count; i++) files += m->each[i]->files;
  LS_NEW(m->base.file, files);
  for (int i = 0; i < m->count; i++)
    for (int k = 0; k < m->each[i]->files; k++)
      m->base.file[m->base.files++].path = ls_mem_text(m->each[i]->file[k].path);
  return LS_OK;
}

static ls_status open_each_file(many *m, const ls_opening *what, const ls_format *format,
                                char *const *path, int paths) {
  ls_opening with = *what;
  LS_TRY(ls_mem_new((void **)&m->each, (size_t)paths, sizeof(void *)));
  for (int i = 0; i < paths; i++) {
    with.file = path[i];
    with.more = i == 0 ? path + 1 : NULL;
    LS_TRY(format->open(&with, &m->each[i]));
    m->count = i + 1;
    LS_TRY(add_source(m, m->each[i]));
    if (!with.first) with.first = m->each[0];
    with.skipped -= m->each[i]->shape.rows;
  }
  m->format = format_many;
  if (!format->read_at) m->format.read_at = NULL;
  if (!format->mark) m->format.mark = NULL;
  m->base.format = &m->format;
  m->base.names = m->each[0]->names;
  m->base.separator = m->each[0]->separator;
  return list_files(m);
}

static ls_status open_many(const ls_opening *what, const ls_format *format, char *const *path,
                           int paths, ls_source **out) {
  LS_TRY(ls_source_new(&format_many, sizeof(many), 0, out));
  ls_status status = open_each_file((many *)*out, what, format, path, paths);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* ---- file names ---- */

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted byte by byte, whatever the locale. A file of just this name is meant, whatever characters
 * are in it. */
static ls_status open_pattern(const ls_opening *what, const ls_format *format, const char *pattern,
                              ls_source **out) {
  ls_opening one = *what;
  one.file = pattern;
  if (!strpbrk(pattern, "*?") || access(pattern, F_OK) == 0) return format->open(&one, out);
  glob_t found;
  if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
    return ls_fail(LS_EDATA, "%s: no file has such a name", pattern);
  qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_name);
  one.file = found.gl_pathv[0];
  ls_status status = found.gl_pathc == 1
                         ? format->open(&one, out)
                         : open_many(what, format, found.gl_pathv, (int)found.gl_pathc, out);
  globfree(&found);
  return status;
}

ls_status ls_source_open(const ls_opening *asked, ls_source **out) {
  ls_opening what = *asked;
  const ls_format *format = ls_format_find(what.spec->type);
  const char *pattern = what.spec->source[what.split].file;
  what.skipped = what.spec->whole ? 0 : what.spec->skip[what.split];
  *out = NULL;
  if (!format) return ls_fail(LS_ECONFIG, "data.type: %s is not available", what.spec->type);
  if (pattern)
    LS_TRY(open_pattern(&what, format, pattern, out));
  else if (what.spec->dir)
    LS_TRY(format->open(&what, out));
  if (!*out) return LS_OK;
  assert((*out)->shape.rows > 0 && (*out)->shape.features > 0);
  if (what.classes && (*out)->shape.outputs > 1) LS_TRY(ls_one_hot_open(out, what.spec->classes));
  (*out)->fills = what.spec->missing.x_how == LS_MISSING_FILL;
  (*out)->filling = what.spec->missing.x;
  return LS_OK;
}

/* ---- all splits ---- */

static ls_status open_each(const ls_data_spec *spec, bool classes, bool quick,
                           ls_source *source[3]) {
  ls_opening what = {.spec = spec, .classes = classes, .quick = quick};
  for (int s = 0; s < 3; s++) {
    what.split = (ls_split)s;
    what.first = source[0];
    LS_TRY(ls_source_open(&what, &source[s]));
    if (!source[0]) return ls_fail(LS_EDATA, "data.train: there is no training data");
    if (!source[s]) continue;
    const ls_shape *shape = &source[s]->shape, *train = &source[0]->shape;
    if (shape->classes > 0 && train->classes > 0 && shape->classes != train->classes)
      return ls_fail(LS_EDATA, "%s: %jd columns of y, a class each; %s has %jd",
                     source[s]->file[0].path, shape->classes, source[0]->file[0].path,
                     train->classes);
    if (shape->features != train->features || shape->outputs != train->outputs)
      return ls_fail(LS_EDATA, "%s: %jd features and %jd targets a sample; %s has %jd and %jd",
                     source[s]->file[0].path, shape->features, shape->outputs,
                     source[0]->file[0].path, train->features, train->outputs);
  }
  return LS_OK;
}

ls_status ls_sources_open(const ls_data_spec *spec, bool classes, bool quick,
                          ls_source *source[3]) {
  bool soft = false;
  LS_TRY(open_each(spec, classes, quick, source));
  for (int s = 0; s < 3 && !quick && !soft; s++)
    if (source[s] && source[s]->shape.classes > 0) LS_TRY(ls_one_hot_soft(source[s], &soft));
  if (!soft) return LS_OK;
  ls_sources_close(source);
  LS_TRY(open_each(spec, false, quick, source));
  for (int s = 0; s < 3; s++)
    if (source[s]) source[s]->shape.soft = true;
  return LS_OK;
}

void ls_sources_close(ls_source *source[3]) {
  for (int s = 2; s >= 0; s--) ls_source_close(&source[s]);
}
