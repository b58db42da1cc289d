/* hdf5.c - datasets of an HDF5 file (io/h5.h): x, y and weights, one sample a row; further
 * dimensions are flattened, the last one fastest.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "data/trained.h"
#include "io/gz.h"
#include "io/h5.h"

enum { X, Y, WEIGHTS, SETS };

/* Sets are open only while they are read: a source may have thousands of files, and each open set
 * is a process. */
typedef struct {
  ls_source base;
  ls_h5set *set[SETS];    /* of read; NULL: not open */
  ls_h5set *at[2];        /* of read_at: X and Y */
  char *name[SETS];       /* their paths in their files; NULL: there is none */
  int file[SETS];         /* which of the source's files each is in */
  bool transpose[SETS];   /* its samples are columns */
  struct stat seen[SETS]; /* of the files, when their digests were made */
  double *one;            /* (rows_room) weights as read */
  int64_t rows_room, row;
} hdf5;

/* "/data/x" lies in the source's file, "labels.h5:/y" in another one. */
static void split_name(const char *text, const char *own, char **file, char **name) {
  const char *colon = text[0] == '/' ? NULL : strstr(text, ":/");
  *file = colon ? ls_mem_format("%.*s", (int)(colon - text), text) : ls_mem_text(own);
  *name = ls_mem_text(colon ? colon + 1 : text);
}

/* Train's source has perhaps been through this file a moment ago. */
static ls_status digest(const ls_opening *what, ls_data_file *file) {
  for (int i = 0; what->first && i < what->first->files; i++) {
    const ls_data_file *known = &what->first->file[i];
    if (!*known->digest || strcmp(known->path, file->path) != 0) continue;
    file->bytes = known->bytes;
    memcpy(file->digest, known->digest, sizeof file->digest);
    return LS_OK;
  }
  return ls_file_digest(file->path, &file->bytes, file->digest);
}

/* The number of a file among the source's, which it is put into where it is new. */
static int file_number(hdf5 *h, char *path) {
  for (int i = 0; i < h->base.files; i++) {
    if (strcmp(h->base.file[i].path, path) != 0) continue;
    LS_FREE(path);
    return i;
  }
  h->base.file[h->base.files].path = path;
  return h->base.files++;
}

static const char *path_of(const hdf5 *h, int i) { return h->base.file[h->file[i]].path; }

/* One number for each sample of x is that whichever way it lies: Matlab's vectors are rows or
 * columns. */
static ls_status turn_vector(hdf5 *h, int i) {
  const ls_h5_shape *x = ls_h5set_shape(h->set[X]), *set = ls_h5set_shape(h->set[i]);
  if (x->rows == 1 || set->rows != 1 || set->width != x->rows || set->dims != 2) return LS_OK;
  h->transpose[i] = !h->transpose[i];
  ls_h5set_close(&h->set[i]);
  return ls_h5set_open(path_of(h, i), h->name[i], h->transpose[i], &h->set[i]);
}

static ls_status open_one(hdf5 *h, int i, const char *text, const ls_opening *what) {
  char *path;
  int before = h->base.files;
  split_name(text, what->file, &path, &h->name[i]);
  h->file[i] = file_number(h, path);
  ls_data_file *file = &h->base.file[h->file[i]];
  if (h->file[i] == before) {
    (void)stat(file->path, &h->seen[before]); /* opening it tells of any trouble */
    if (!what->quick) LS_TRY(digest(what, file));
  }
  h->transpose[i] = what->spec->source[what->split].transpose;
  LS_TRY(ls_h5set_open(file->path, h->name[i], h->transpose[i], &h->set[i]));
  LS_TRY(turn_vector(h, i));
  file->samples = ls_h5set_shape(h->set[i])->rows;
  return LS_OK;
}

/* How many samples there would be the other way round; 0: they are rows of one number. */
static int64_t rows_across(const ls_h5_shape *shape) {
  return shape->dims > 1 ? shape->dim[shape->dims - 1] : 0;
}

static const char *turned_hint(const hdf5 *h, int i) {
  const ls_h5_shape *x = ls_h5set_shape(h->set[X]), *set = ls_h5set_shape(h->set[i]);
  bool fits = rows_across(x) == set->rows || rows_across(set) == x->rows ||
              (rows_across(x) > 0 && rows_across(x) == rows_across(set));
  if (!fits) return "";
  return h->transpose[X] ? "; are samples the rows here? say transpose: false"
                         : "; are samples the columns here? say transpose: true";
}

/* Columns of a set that has a row for each of x; 0 where there is no set. */
static ls_status width_of(const hdf5 *h, int i, int64_t *width) {
  const ls_h5_shape *x = ls_h5set_shape(h->set[X]),
                    *set = h->set[i] ? ls_h5set_shape(h->set[i]) : NULL;
  *width = set ? set->width : 0;
  if (!set || set->rows == x->rows) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %s has %lld rows for the %lld of %s%s", path_of(h, i), h->name[i],
                 (long long)set->rows, (long long)x->rows, h->name[X], turned_hint(h, i));
}

static ls_status check_shapes(hdf5 *h) {
  const ls_h5_shape *x = ls_h5set_shape(h->set[X]);
  ls_shape *shape = &h->base.shape;
  *shape =
      (ls_shape){.rows = x->rows, .features = x->width, .bytes = x->bytes, .single = x->single};
  LS_TRY(width_of(h, Y, &shape->outputs));
  LS_TRY(width_of(h, WEIGHTS, &shape->weights));
  return shape->weights <= 1
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: %s has %lld values a sample, and a weight is one",
                       path_of(h, WEIGHTS), h->name[WEIGHTS], (long long)shape->weights);
}

/* What a file of columns looks like to who takes its rows. */
static void warn_of_one(const hdf5 *h, const ls_opening *what) {
  const ls_shape *shape = &h->base.shape;
  if (what->quick || what->spec->inputs || shape->rows > 1 || shape->features == 1) return;
  ls_log(LS_LOG_WARN,
         "%s: %s is one sample of %lld numbers; are samples the %s here? say "
         "transpose: %s",
         path_of(h, X), h->name[X], (long long)shape->features,
         h->transpose[X] ? "rows" : "columns", h->transpose[X] ? "false" : "true");
}

static void close_sets(hdf5 *h) {
  for (int i = 0; i < SETS; i++) ls_h5set_close(&h->set[i]);
}

static ls_status open_sets(hdf5 *h, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  const char *weights = ls_opening_weights(what);
  h->base.files = 0;
  if (!spec->x)
    return ls_fail(LS_EDATA, "%s: which dataset are the inputs? lockstep data info lists them",
                   what->file);
  LS_TRY(open_one(h, X, spec->x, what));
  if (spec->y && !what->spec->inputs) LS_TRY(open_one(h, Y, spec->y, what));
  if (weights) LS_TRY(open_one(h, WEIGHTS, weights, what));
  LS_TRY(check_shapes(h));
  warn_of_one(h, what);
  close_sets(h);
  return LS_OK;
}

static ls_status open_hdf5(const ls_opening *what, ls_source **out) {
  LS_TRY(ls_source_new(&ls_format_hdf5, sizeof(hdf5), SETS, out));
  ls_status status = open_sets((hdf5 *)*out, what);
  if (status == LS_OK) status = ls_pick_known(what->spec, out);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* Behind each read: the values belong to the digest only if the file is still what it was then. */
static ls_status check_unchanged(const hdf5 *h, int file) {
  struct stat now;
  const struct stat *then = &h->seen[file];
  const char *path = h->base.file[file].path;
  bool same = stat(path, &now) == 0 && now.st_ino == then->st_ino && now.st_size == then->st_size &&
              now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
              now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
  return same || ls_without("data-watch")
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: has changed since training began to read it", path);
}

/* Open a set again: it must be what it was. */
static ls_status open_again(const hdf5 *h, int i, ls_h5set **set) {
  const ls_shape *was = &h->base.shape;
  const int64_t width[SETS] = {was->features, was->outputs, was->weights};
  if (*set) return LS_OK;
  LS_TRY(ls_h5set_open(path_of(h, i), h->name[i], h->transpose[i], set));
  const ls_h5_shape *shape = ls_h5set_shape(*set);
  if (shape->rows == was->rows && shape->width == width[i]) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %s has changed while it was read", path_of(h, i), h->name[i]);
}

static ls_status read_set(hdf5 *h, int i, int64_t rows, ls_dtype cell, void *to) {
  LS_TRY(open_again(h, i, &h->set[i]));
  return ls_h5set_read(h->set[i], h->row, rows, cell, to);
}

/* Behind the targets of each row its weight. The targets lie at the start of y, and go to their
 * places from the last one on. */
static ls_status read_weights(hdf5 *h, int64_t rows, double *y) {
  const int64_t outputs = h->base.shape.outputs, columns = outputs + 1;
  if (rows > h->rows_room) {
    LS_FREE(h->one);
    LS_NEW(h->one, rows);
    h->rows_room = rows;
  }
  LS_TRY(read_set(h, WEIGHTS, rows, LS_F64, h->one));
  for (int64_t r = rows - 1; r >= 0; r--) {
    memmove(y + r * columns, y + r * outputs, (size_t)outputs * sizeof *y);
    y[r * columns + outputs] = h->one[r];
  }
  return LS_OK;
}

static ls_status read_hdf5(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  hdf5 *h = (hdf5 *)source;
  if (x) LS_TRY(read_set(h, X, rows, cell, x));
  if (h->name[Y]) LS_TRY(read_set(h, Y, rows, LS_F64, y));
  if (h->name[WEIGHTS]) LS_TRY(read_weights(h, rows, y));
  h->row += rows;
  if (h->row < source->shape.rows) return LS_OK;
  close_sets(h);
  for (int i = 0; i < source->files; i++) LS_TRY(check_unchanged(h, i));
  return LS_OK;
}

static ls_status read_hdf5_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                              double *y) {
  hdf5 *h = (hdf5 *)source;
  if (x) LS_TRY(open_again(h, X, &h->at[X]));
  if (x) LS_TRY(ls_h5set_read(h->at[X], lo, rows, cell, x));
  if (y) LS_TRY(open_again(h, Y, &h->at[Y]));
  if (y) LS_TRY(ls_h5set_read(h->at[Y], lo, rows, LS_F64, y));
  if (y) LS_TRY(check_unchanged(h, h->file[Y]));
  return x ? check_unchanged(h, h->file[X]) : LS_OK;
}

static void soon_hdf5(ls_source *source, int64_t lo, int64_t rows) {
  const hdf5 *h = (const hdf5 *)source;
  if (h->at[0]) ls_h5set_soon(h->at[0], lo, rows);
}

static void rest_hdf5(ls_source *source) {
  for (int i = 0; i < 2; i++) ls_h5set_close(&((hdf5 *)source)->at[i]);
}

static ls_status check_keys(const hdf5 *h, const char *by, int64_t rows) {
  return rows == h->base.shape.rows
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: %s has %lld values for %lld samples (data.validation.by)",
                       path_of(h, X), by, (long long)rows, (long long)h->base.shape.rows);
}

static ls_status text_keys(const hdf5 *h, const char *by, const ls_texts *texts, uint64_t *key) {
  LS_TRY(check_keys(h, by, texts->count));
  for (int64_t row = 0; row < texts->count; row++) {
    if (!*texts->text[row])
      return ls_fail(LS_EDATA, "%s: %s: row %lld: no value to group by (data.validation.by)",
                     path_of(h, X), by, (long long)row);
    key[row] = XXH3_64bits(texts->text[row], strlen(texts->text[row]));
  }
  return LS_OK;
}

/* Whole numbers, of whatever type. */
static ls_status check_whole(const hdf5 *h, const char *by, const double *value) {
  for (int64_t row = 0; row < h->base.shape.rows; row++)
    if (value[row] != floor(value[row]) || !isfinite(value[row]))
      return ls_fail(LS_EDATA,
                     "%s: %s: row %lld: not a whole number to group by (data.validation.by): %g",
                     path_of(h, X), by, (long long)row, value[row]);
  return LS_OK;
}

static ls_status number_keys(const hdf5 *h, const char *by, uint64_t *key) {
  ls_h5set *set = NULL;
  LS_TRY(ls_h5set_open(path_of(h, X), by, false, &set));
  if (ls_h5set_shape(set)->rows == 1 && h->base.shape.rows > 1) { /* one row, as Matlab has it */
    ls_h5set_close(&set);
    LS_TRY(ls_h5set_open(path_of(h, X), by, true, &set));
  }
  const ls_h5_shape *shape = ls_h5set_shape(set);
  ls_status status = check_keys(h, by, shape->rows);
  if (status == LS_OK && shape->width != 1)
    status = ls_fail(LS_EDATA,
                     "%s: %s is %s, %lld values a sample; to group by it must be one whole number "
                     "or text a sample (data.validation.by)",
                     path_of(h, X), by, shape->type, (long long)shape->width);
  double *value = (double *)(void *)key; /* as wide as a key */
  if (status == LS_OK) status = ls_h5set_read(set, 0, shape->rows, LS_F64, value);
  ls_h5set_close(&set);
  return status == LS_OK ? check_whole(h, by, value) : status;
}

static ls_status keys_hdf5(ls_source *source, const char *by, uint64_t *key) {
  const hdf5 *h = (const hdf5 *)source;
  ls_texts texts = {0};
  if (*by != '/')
    return ls_fail(LS_ECONFIG, "data.validation.by: '%s' is no dataset's path, which begins with /",
                   by);
  LS_TRY(ls_h5_texts(path_of(h, X), by, NULL, &texts));
  ls_status status = texts.count > 0 ? text_keys(h, by, &texts, key) : number_keys(h, by, key);
  ls_texts_free(&texts);
  return status;
}

static void place_hdf5(const ls_source *source, int64_t row, int64_t column, char *text,
                       size_t size) {
  const hdf5 *h = (const hdf5 *)source;
  int i = X;
  int64_t value = column;
  if (column < 0) {
    i = -1 - column < source->shape.outputs ? Y : WEIGHTS;
    value = i == Y ? -1 - column : 0;
  }
  snprintf(text, size, "%s: %s: %s %lld, value %lld", path_of(h, i), h->name[i],
           h->transpose[i] ? "column" : "row", (long long)row, (long long)value);
}

static void close_hdf5(ls_source *source) {
  hdf5 *h = (hdf5 *)source;
  close_sets(h);
  rest_hdf5(source);
  LS_FREE(h->one);
  for (int i = 0; i < SETS; i++) LS_FREE(h->name[i]);
}

/* The type, the shape of a sample where it is more than a row, and what its values mean. */
static ls_status describe_set(const hdf5 *h, int i, char *text, size_t size) {
  ls_h5set *set = NULL;
  LS_TRY(open_again(h, i, &set));
  const ls_h5_shape *shape = ls_h5set_shape(set);
  size_t at = (size_t)snprintf(text, size, "%s", shape->type);
  for (int k = 1; k < shape->dims && shape->dims > 2 && at < size; k++)
    at += (size_t)snprintf(text + at, size - at, "%s%lld", k == 1 ? ", " : " x ",
                           (long long)shape->dim[k]);
  if (shape->dims > 2 && at < size) at += (size_t)snprintf(text + at, size - at, " each");
  if (h->transpose[i] && at < size) at += (size_t)snprintf(text + at, size - at, ", in columns");
  if (*shape->meaning && at < size) snprintf(text + at, size - at, ", %s", shape->meaning);
  ls_h5set_close(&set);
  return LS_OK;
}

static ls_status columns_hdf5(const ls_source *source, ls_columns *out) {
  const hdf5 *h = (const hdf5 *)source;
  for (int i = X; i <= Y; i++) {
    if (!h->name[i]) continue;
    LS_TRY(describe_set(h, i, out->stored[i], sizeof out->stored[i]));
    LS_TRY(ls_h5_texts(path_of(h, i), ls_columns_path[i], NULL, &out->name[i]));
    if (out->name[i].count > 0)
      LS_TRY(ls_h5_texts(path_of(h, i), ls_columns_path[i], LS_COLUMNS_UNITS, &out->unit[i]));
  }
  return h->name[Y] ? ls_h5_texts(path_of(h, Y), h->name[Y], LS_COLUMNS_CLASSES, &out->classes)
                    : LS_OK;
}

const ls_format ls_format_hdf5 = {"hdf5",    open_hdf5, read_hdf5,  read_hdf5_at, soon_hdf5,
                                  rest_hdf5, keys_hdf5, place_hdf5, columns_hdf5, close_hdf5};
