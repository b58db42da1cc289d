/* hdf5.c - datasets of an HDF5 file (io/h5.h), one sample a row; further dimensions are flattened,
 * the last one fastest. A row of x, and of y with the weight behind it, is put together of pieces:
 * columns of a dataset and where each goes. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/utf8.h"
#include "data/format.h"
#include "data/formats/dataset.h"
#include "data/names.h"
#include "data/trained.h"
#include "data/words.h"
#include "io/gz.h"
#include "io/h5.h"
#include "io/regular.h"

enum { X = LS_ROLE_X, Y = LS_ROLE_Y, WEIGHTS, ROLES };
enum { TOGETHER = 256 }; /* rows of a dataset of which not all columns are taken, at once */

typedef struct {
  int role;
  int file;        /* which of the source's files it is in */
  char *name;      /* its path there */
  bool transpose;  /* samples are its columns */
  int64_t width;   /* columns that it has */
  int64_t columns; /* those that are taken: */
  int64_t *from;   /* (width) their numbers in the dataset */
  int64_t *to;     /* (width) their places in the row of x or of y */
  bool whole;      /* all, as they stand */
  ls_h5set *set;
  ls_texts text;     /* labels that are texts: all of them, and no set; */
  ls_h5_shape shape; /* what would be the set's */
} piece;

typedef struct {
  ls_source base;
  piece *piece; /* (pieces) of x first */
  int pieces;
  struct stat *seen;   /* (pieces) of each file, when its digest was made */
  char *wide;          /* (TOGETHER, the most columns of a dataset) doubles */
  ls_names *own_names; /* of train's source, where labels are texts; the others look into it */
  char *const *words;  /* that are missing besides the usual ones, or NULL */
  int64_t row;
} hdf5;

static const char *path_of(const hdf5 *h, const piece *p) { return h->base.file[p->file].path; }

static const ls_h5_shape *shape_of(const piece *p) {
  return p->text.count > 0 ? &p->shape : ls_h5set_shape(p->set);
}

static int64_t rows_of(const piece *p) { return shape_of(p)->rows; }

/* ---- opening ---- */

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

/* One number for each sample of x is that whichever way it lies: Matlab's vectors are rows or
 * columns. */
static ls_status turn_vector(const hdf5 *h, piece *p) {
  const ls_h5_shape *x = shape_of(&h->piece[0]), *set = shape_of(p);
  if (!p->set || x->rows == 1 || set->rows != 1 || set->width != x->rows || set->dims != 2)
    return LS_OK;
  p->transpose = !p->transpose;
  ls_h5set_close(&p->set);
  return ls_h5set_open(path_of(h, p), p->name, p->transpose, &p->set);
}

/* How many samples there would be the other way round; 0: they are rows of one number. */
static int64_t rows_across(const ls_h5_shape *shape) {
  return shape->dims > 1 ? shape->dim[shape->dims - 1] : 0;
}

static ls_status check_rows(const hdf5 *h, const piece *p) {
  const piece *first = &h->piece[0];
  const ls_h5_shape *x = shape_of(first), *set = shape_of(p);
  if (set->rows == x->rows) return LS_OK;
  const int64_t across = rows_across(x);
  const bool turned = across == set->rows || rows_across(set) == x->rows ||
                      (across > 0 && across == rows_across(set));
  const char *hint = "";
  if (turned)
    hint = first->transpose ? "; are samples the rows here? say transpose: false"
                            : "; are samples the columns here? say transpose: true";
  return ls_fail(LS_EDATA, "%s: %s has %jd rows for the %jd of %s%s", path_of(h, p), p->name,
                 set->rows, x->rows, first->name, hint);
}

/* All columns, or those that the config names. */
static ls_status choose_part(const hdf5 *h, piece *p, const ls_dataset *d) {
  p->width = shape_of(p)->width;
  const int64_t lo = d->some ? d->lo : 0;
  int64_t hi = p->width;
  if (d->some && d->hi >= 0) hi = d->hi;
  if (lo >= hi || hi > p->width)
    return ls_fail(LS_EDATA, "%s: %s: there are no such columns: %s has %jd, from 0 to %jd",
                   path_of(h, p), d->here, p->name, p->width, p->width - 1);
  LS_NEW(p->from, p->width);
  LS_NEW(p->to, p->width);
  p->whole = hi - lo == p->width;
  p->columns = hi - lo;
  for (int64_t c = 0; c < p->columns; c++) p->from[c] = lo + c;
  return LS_OK;
}

static bool is_missing(const hdf5 *h, const char *text, bool any_case) {
  return ls_word_missing(text, strlen(text), h->words, any_case);
}

/* As in CSV files: "none" may be a name. */
static ls_status add_names(const hdf5 *h, const piece *p, int64_t skipped) {
  for (int64_t k = ls_max(skipped, 0); k < p->text.count; k++) {
    const char *text = p->text.text[k];
    if (is_missing(h, text, false)) continue;
    ls_status status =
        ls_utf8_wrong(text)
            ? ls_fail(LS_EDATA, "a class that is not UTF-8 text; in Python: text.encode(\"utf-8\")")
            : ls_names_add(h->base.names, text, strlen(text), is_missing(h, text, true));
    if (status != LS_OK)
      return ls_fail_prefix(status, "%s: %s: row %jd", path_of(h, p), p->name, k);
  }
  return LS_OK;
}

/* Names of train are collected, unless a checkpoint knows them. */
static ls_status collect_names(hdf5 *h, const piece *p, const ls_opening *what) {
  LS_TRY(ls_names_begin(what, &h->own_names, &h->base.names));
  if (!h->base.names)
    return ls_fail(LS_EDATA, "%s: %s holds texts, and the labels of %s are numbers", path_of(h, p),
                   p->name, what->first->file[0].path);
  if (what->spec->classes_named || what->split != LS_SPLIT_TRAIN) return LS_OK;
  LS_TRY(add_names(h, p, what->skipped));
  if (h->base.names->numbers || (!what->spec->trained && !what->spec->foreign)) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: %s holds texts, and the checkpoint knows its classes by numbers only",
                 path_of(h, p), p->name);
}

/* Texts are names of classes, as in CSV files; labels of another kind, in all files, are left to be
 * opened as numbers. */
static ls_status open_labels(hdf5 *h, piece *p, const ls_opening *what) {
  LS_TRY(ls_h5_texts(path_of(h, p), p->name, NULL, &p->text));
  if (p->text.count == 0 && (!what->first || !what->first->names)) return LS_OK;
  if (p->text.count == 0)
    return ls_fail(LS_EDATA, "%s: %s holds no texts, and the labels of %s are texts", path_of(h, p),
                   p->name, what->first->file[0].path);
  p->shape = (ls_h5_shape){
      .dims = 1, .dim = {p->text.count}, .rows = p->text.count, .width = 1, .type = "text"};
  return collect_names(h, p, what);
}

static ls_status open_piece(hdf5 *h, int role, const char *text, const ls_opening *what) {
  piece *p = &h->piece[h->pieces++];
  const ls_dataset d = ls_dataset_of(text);
  int before = h->base.files;
  *p = (piece){.role = role, .transpose = what->spec->source[what->split].transpose};
  p->name = ls_mem_format("%.*s", d.path, d.here);
  p->file =
      file_number(h, d.file > 0 ? ls_mem_format("%.*s", d.file, text) : ls_mem_text(what->file));
  ls_data_file *file = &h->base.file[p->file];
  if (p->file == before) {
    (void)stat(file->path, &h->seen[before]); /* opening it tells of any trouble */
    if (!what->quick) LS_TRY(digest(what, file));
  }
  if (role == Y && what->classes) LS_TRY(open_labels(h, p, what));
  if (p->text.count == 0) LS_TRY(ls_h5set_open(file->path, p->name, p->transpose, &p->set));
  LS_TRY(turn_vector(h, p));
  file->samples = rows_of(p);
  return choose_part(h, p, &d);
}

/* All side by side, the weight behind those of y. */
static ls_status place_pieces(hdf5 *h) {
  int64_t n[2] = {0}, most = 0;
  for (int i = 0; i < h->pieces; i++) {
    piece *p = &h->piece[i];
    int64_t *next = &n[p->role == X ? X : Y];
    for (int64_t c = 0; c < p->columns; c++) p->to[c] = (*next)++;
    if (p->role == WEIGHTS) h->base.shape.weights = 1;
    most = ls_max(most, p->width);
  }
  h->base.shape.features = n[X];
  h->base.shape.outputs = n[Y] - h->base.shape.weights;
  return ls_mem_new((void **)&h->wide, (size_t)(TOGETHER * most), sizeof(double));
}

static ls_status check_pieces(hdf5 *h) {
  ls_shape *shape = &h->base.shape;
  *shape = (ls_shape){.rows = rows_of(&h->piece[0]), .bytes = true, .single = true};
  for (int i = 0; i < h->pieces; i++) {
    const piece *p = &h->piece[i];
    const ls_h5_shape *set = shape_of(p);
    LS_TRY(check_rows(h, p));
    if (p->role == X) shape->bytes = shape->bytes && set->bytes;
    if (p->role == X) shape->single = shape->single && set->single;
    if (p->role == WEIGHTS && p->columns > 1)
      return ls_fail(LS_EDATA, "%s: %s has %jd values a sample, and a weight is one", path_of(h, p),
                     p->name, p->columns);
  }
  return place_pieces(h);
}

/* What a file of columns looks like to who takes its rows. */
static void warn_of_one(const hdf5 *h, const ls_opening *what) {
  const ls_shape *shape = &h->base.shape;
  const piece *x = &h->piece[0];
  if (what->quick || what->spec->inputs || shape->rows > 1 || shape->features == 1) return;
  ls_log(LS_LOG_WARN,
         "%s: %s is one sample of %jd numbers; are samples the %s here? say "
         "transpose: %s",
         path_of(h, x), x->name, shape->features, x->transpose ? "rows" : "columns",
         x->transpose ? "false" : "true");
}

static ls_status open_pieces(hdf5 *h, const ls_opening *what) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  char *const weights[] = {(char *)ls_opening_weights(what), NULL};
  char *const *list[ROLES] = {spec->x_cols, what->spec->inputs ? NULL : spec->y_cols, weights};
  const int most = h->base.files;
  h->base.files = 0;
  LS_NEW(h->piece, most);
  LS_NEW(h->seen, most);
  if (!spec->x_cols)
    return ls_fail(LS_EDATA,
                   "%s: which dataset are the inputs? -i %s:/DATASET names one, lockstep data "
                   "info lists them",
                   what->file, what->file);
  for (int role = 0; role < ROLES; role++)
    for (char *const *name = list[role]; name && *name; name++)
      LS_TRY(open_piece(h, role, *name, what));
  LS_TRY(check_pieces(h));
  warn_of_one(h, what);
  return LS_OK;
}

/* ---- opening: the columns that a checkpoint knows ---- */

/* Of a piece those of its columns, which stand behind `before` others, that a list names. */
static ls_status take_some(piece *p, int64_t before, const int64_t *column, int64_t n) {
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
static ls_status take_columns(hdf5 *h, int role, const int64_t *column, int64_t n) {
  int64_t before = 0;
  for (int i = 0; i < h->pieces; i++) {
    piece *p = &h->piece[i];
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
static ls_status choose_known(hdf5 *h, const ls_data_spec *spec, int role, const ls_columns *have) {
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

static ls_status choose_columns(hdf5 *h, const ls_data_spec *spec) {
  ls_columns have;
  if (!spec->trained) return LS_OK;
  LS_TRY(ls_columns_of(&h->base, &have));
  ls_status status = choose_known(h, spec, X, &have);
  if (status == LS_OK && h->base.shape.outputs > 0) status = choose_known(h, spec, Y, &have);
  ls_columns_free(&have);
  return status;
}

static ls_status open_hdf5(const ls_opening *what, ls_source **out) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  const int most = ls_list_length(spec->x_cols) + ls_list_length(spec->y_cols) + 1;
  LS_TRY(ls_source_new(&ls_format_hdf5, sizeof(hdf5), most, out));
  hdf5 *h = (hdf5 *)*out;
  h->words = what->spec->missing.text;
  ls_status status = open_pieces(h, what);
  if (status == LS_OK) status = choose_columns(h, what->spec);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* ---- reading ---- */

/* Behind each read: the values belong to the digest only if the file is still what it was then. */
static ls_status check_unchanged(const hdf5 *h, int file) {
  struct stat now;
  const char *path = h->base.file[file].path;
  const bool same = stat(path, &now) == 0 && ls_file_same(&now, &h->seen[file]);
  if (same || ls_without("data-watch")) return LS_OK;
  return ls_fail(LS_EDATA, "%s: has changed since training began to read it", path);
}

/* Columns of rows of a dataset to their places in rows of `stride`. */
static void spread(const piece *p, const char *wide, int64_t rows, size_t size, char *out,
                   int64_t stride) {
  for (int64_t r = 0; r < rows; r++, wide += (size_t)p->width * size, out += (size_t)stride * size)
    for (int64_t c = 0; c < p->columns; c++)
      memcpy(out + (size_t)p->to[c] * size, wide + (size_t)p->from[c] * size, size);
}

/* The class that a text is, NaN where it is missing; false: it is none. A name that the training
 * data have is a class, whatever it says. */
static bool class_of(const hdf5 *h, const char *text, double *class) {
  const ls_names *names = h->base.names;
  const bool missing = is_missing(h, text, names->numbers);
  if (!(missing && names->numbers) && ls_names_number(names, text, class)) return true;
  *class = missing ? (double)NAN : HUGE_VAL;
  return missing;
}

/* The classes of rows [lo, lo + rows). */
static ls_status read_labels(const hdf5 *h, const piece *p, int64_t lo, int64_t rows, double *out,
                             int64_t stride) {
  for (int64_t k = 0; k < rows; k++) {
    const char *text = p->text.text[lo + k];
    if (class_of(h, text, &out[k * stride + p->to[0]]) || h->base.loose) continue;
    ls_status status =
        ls_fail(LS_EDATA, "%s: %s: row %jd: '%s': a class that the training data do not have",
                path_of(h, p), p->name, lo + k, text);
    return ls_names_meant(h->base.names, text, status);
  }
  return LS_OK;
}

/* Rows [lo, lo + rows) of a piece into out (rows, stride). */
static ls_status read_piece(const hdf5 *h, const piece *p, int64_t lo, int64_t rows, ls_dtype cell,
                            void *out, int64_t stride) {
  const size_t size = ls_dtype_size(cell);
  if (p->text.count > 0) return read_labels(h, p, lo, rows, out, stride);
  if (p->whole && p->columns == stride) return ls_h5set_read(p->set, lo, rows, cell, out);
  for (int64_t k = 0, n; k < rows; k += n) {
    n = ls_min(rows - k, TOGETHER);
    LS_TRY(ls_h5set_read(p->set, lo + k, n, cell, h->wide));
    spread(p, h->wide, n, size, (char *)out + (size_t)(k * stride) * size, stride);
  }
  return LS_OK;
}

/* y NULL: not y; else with the weights where `weights`. */
static ls_status read_pieces(hdf5 *h, int64_t lo, int64_t rows, ls_dtype cell, void *x, double *y,
                             bool weights) {
  const ls_shape *shape = &h->base.shape;
  const int64_t stride = weights ? ls_shape_columns(shape) : shape->outputs;
  for (int i = 0; i < h->pieces; i++) {
    piece *p = &h->piece[i];
    if (p->role == X && x) LS_TRY(read_piece(h, p, lo, rows, cell, x, shape->features));
    if ((p->role == Y || (p->role == WEIGHTS && weights)) && y)
      LS_TRY(read_piece(h, p, lo, rows, LS_F64, y, stride));
  }
  return LS_OK;
}

static void close_files(const hdf5 *h) {
  for (int i = 0; i < h->pieces; i++)
    if (h->piece[i].set) ls_h5set_rest(h->piece[i].set);
}

static ls_status read_hdf5(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  hdf5 *h = (hdf5 *)source;
  LS_TRY(read_pieces(h, h->row, rows, cell, x, y, true));
  h->row += rows;
  if (h->row < source->shape.rows) return LS_OK;
  close_files(h); /* a source may have thousands */
  for (int i = 0; i < source->files; i++) LS_TRY(check_unchanged(h, i));
  return LS_OK;
}

static ls_status read_hdf5_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                              double *y) {
  hdf5 *h = (hdf5 *)source;
  LS_TRY(read_pieces(h, lo, rows, cell, x, y, false));
  for (int i = 0; i < h->pieces; i++)
    if (h->piece[i].role == X ? x != NULL : y != NULL) LS_TRY(check_unchanged(h, h->piece[i].file));
  return LS_OK;
}

static void soon_hdf5(ls_source *source, int64_t lo, int64_t rows) {
  const hdf5 *h = (const hdf5 *)source;
  for (int i = 0; i < h->pieces; i++)
    if (h->piece[i].role == X) ls_h5set_soon(h->piece[i].set, lo, rows);
}

static void rest_hdf5(ls_source *source) {
  close_files((const hdf5 *)source);
  ls_h5_rest();
}

static ls_status rewind_hdf5(ls_source *source) {
  ((hdf5 *)source)->row = 0;
  return LS_OK;
}

/* ---- groups ---- */

static ls_status check_keys(const hdf5 *h, const char *by, int64_t rows) {
  return rows == h->base.shape.rows
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: %s has %jd values for %jd samples (data.validation.by)",
                       path_of(h, &h->piece[0]), by, rows, h->base.shape.rows);
}

static ls_status text_keys(const hdf5 *h, const char *by, const ls_texts *texts, const bool *asked,
                           uint64_t *key) {
  LS_TRY(check_keys(h, by, texts->count));
  for (int64_t row = 0; row < texts->count; row++) {
    if (asked[row] && is_missing(h, texts->text[row], false))
      return ls_fail(LS_EDATA, "%s: %s: row %jd: no value to group by (data.validation.by)",
                     path_of(h, &h->piece[0]), by, row);
    key[row] = XXH3_64bits(texts->text[row], strlen(texts->text[row]));
  }
  return LS_OK;
}

/* Whole numbers, of whatever type. */
static ls_status check_whole(const hdf5 *h, const char *by, const bool *asked,
                             const double *value) {
  for (int64_t row = 0; row < h->base.shape.rows; row++)
    if (asked[row] && (value[row] != floor(value[row]) || !isfinite(value[row])))
      return ls_fail(LS_EDATA,
                     "%s: %s: row %jd: not a whole number to group by (data.validation.by): %g",
                     path_of(h, &h->piece[0]), by, row, value[row]);
  return LS_OK;
}

static ls_status number_keys(const hdf5 *h, const char *by, const bool *asked, uint64_t *key) {
  ls_h5set *set = NULL;
  LS_TRY(ls_h5set_open(path_of(h, &h->piece[0]), by, false, &set));
  if (ls_h5set_shape(set)->rows == 1 && h->base.shape.rows > 1) { /* one row, as Matlab has it */
    ls_h5set_close(&set);
    LS_TRY(ls_h5set_open(path_of(h, &h->piece[0]), by, true, &set));
  }
  const ls_h5_shape *shape = ls_h5set_shape(set);
  ls_status status = check_keys(h, by, shape->rows);
  if (status == LS_OK && shape->width != 1)
    status = ls_fail(LS_EDATA,
                     "%s: %s is %s, %jd values a sample; to group by it must be one whole number "
                     "or text a sample (data.validation.by)",
                     path_of(h, &h->piece[0]), by, shape->type, shape->width);
  double *value = (double *)(void *)key; /* as wide as a key */
  if (status == LS_OK) status = ls_h5set_read(set, 0, shape->rows, LS_F64, value);
  ls_h5set_close(&set);
  return status == LS_OK ? check_whole(h, by, asked, value) : status;
}

static ls_status keys_hdf5(ls_source *source, const char *by, const bool *asked, uint64_t *key) {
  const hdf5 *h = (const hdf5 *)source;
  ls_texts texts = {0};
  if (*by != '/')
    return ls_fail(LS_ECONFIG, "data.validation.by: '%s' is no dataset's path, which begins with /",
                   by);
  LS_TRY(ls_h5_texts(path_of(h, &h->piece[0]), by, NULL, &texts));
  ls_status status =
      texts.count > 0 ? text_keys(h, by, &texts, asked, key) : number_keys(h, by, asked, key);
  ls_texts_free(&texts);
  return status;
}

/* ---- what it is called ---- */

/* The piece that a column of x or y comes from, and its number there. */
static const piece *origin_of(const hdf5 *h, int64_t column, int64_t *value) {
  const int64_t k = column < 0 ? -1 - column : column;
  for (int i = 0; i < h->pieces; i++) {
    const piece *p = &h->piece[i];
    for (int64_t c = 0; c < p->columns; c++) {
      *value = p->from[c];
      if ((p->role == X) == (column >= 0) && p->to[c] == k) return p;
    }
  }
  return &h->piece[0];
}

static void place_hdf5(const ls_source *source, int64_t row, int64_t column, char *text,
                       size_t size) {
  const hdf5 *h = (const hdf5 *)source;
  int64_t value = 0;
  const piece *p = origin_of(h, column, &value);
  snprintf(text, size, "%s: %s: %s %jd, value %jd", path_of(h, p), p->name,
           p->transpose ? "column" : "row", row, value);
}

static void close_hdf5(ls_source *source) {
  hdf5 *h = (hdf5 *)source;
  for (int i = 0; i < h->pieces; i++) {
    ls_h5set_close(&h->piece[i].set);
    LS_FREE(h->piece[i].name);
    LS_FREE(h->piece[i].from);
    LS_FREE(h->piece[i].to);
    ls_texts_free(&h->piece[i].text);
  }
  ls_names_free(&h->own_names);
  LS_FREE(h->piece);
  LS_FREE(h->seen);
  LS_FREE(h->wide);
  ls_h5_rest();
}

/* The type, the shape of a sample where it is more than a row, and what its values mean. */
static void describe_piece(const piece *p, char *text, size_t size) {
  const ls_h5_shape *shape = shape_of(p);
  size_t at = (size_t)snprintf(text, size, "%s", shape->type);
  for (int k = 1; k < shape->dims && shape->dims > 2 && at < size; k++)
    at += (size_t)snprintf(text + at, size - at, "%s%jd", k == 1 ? ", " : " x ", shape->dim[k]);
  if (shape->dims > 2 && at < size) at += (size_t)snprintf(text + at, size - at, " each");
  if (p->transpose && at < size) at += (size_t)snprintf(text + at, size - at, ", in columns");
  if (*shape->meaning && at < size) snprintf(text + at, size - at, ", %s", shape->meaning);
}

/* Texts that the file of a piece has for the columns of x or y, to the places of those taken;
 * *known: it has them. */
static ls_status take_texts(const hdf5 *h, const piece *p, const char *attribute, ls_texts *out,
                            bool *known) {
  ls_texts all;
  LS_TRY(ls_h5_texts(path_of(h, p), ls_columns_path[p->role], attribute, &all));
  *known = all.count == p->width;
  for (int64_t c = 0; *known && c < p->columns; c++)
    out->text[p->to[c]] = ls_mem_text(all.text[p->from[c]]);
  ls_texts_free(&all);
  return LS_OK;
}

/* Columns that are put together are called by their datasets: "T", "u_0". */
static void name_by_dataset(const hdf5 *h, int role, ls_texts *out) {
  for (int i = 0; i < h->pieces; i++) {
    const piece *p = &h->piece[i];
    for (int64_t c = 0; c < p->columns && p->role == role; c++) {
      LS_FREE(out->text[p->to[c]]);
      out->text[p->to[c]] = p->width == 1
                                ? ls_mem_text(p->name + 1)
                                : ls_mem_format("%s_%jd", p->name + (*p->name == '/'), p->from[c]);
    }
  }
}

/* Is x or y more than one dataset as it stands? */
static bool is_composed(const hdf5 *h, int role) {
  int pieces = 0;
  bool part = false;
  for (int i = 0; i < h->pieces; i++) {
    pieces += h->piece[i].role == role;
    part = part || (h->piece[i].role == role && !h->piece[i].whole);
  }
  return pieces > 1 || part;
}

/* None unless all pieces have some. */
static ls_status texts_of(const hdf5 *h, int role, const char *attribute, ls_texts *out) {
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
static ls_status call_targets(const hdf5 *h, ls_texts *out) {
  const piece *p = &h->piece[0];
  for (int i = 0; i < h->pieces && p->role != Y; i++) p = &h->piece[i];
  if (p->role != Y) return LS_OK;
  const char *slash = strrchr(p->name, '/'), *name = slash ? slash + 1 : p->name;
  LS_NEW(out->text, p->columns);
  for (; out->count < p->columns; out->count++)
    out->text[out->count] =
        p->width == 1 ? ls_mem_text(name) : ls_mem_format("%s_%jd", name, p->from[out->count]);
  return LS_OK;
}

static ls_status columns_hdf5(const ls_source *source, ls_columns *out) {
  const hdf5 *h = (const hdf5 *)source;
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
      return ls_h5_texts(path_of(h, &h->piece[i]), h->piece[i].name, LS_COLUMNS_CLASSES,
                         &out->classes);
  return LS_OK;
}

static void mark_hdf5(const ls_source *source, const char *name, bool *const meant[2]) {
  const hdf5 *h = (const hdf5 *)source;
  const ls_dataset d = ls_dataset_of(name);
  for (int i = 0; i < h->pieces; i++) {
    const piece *p = &h->piece[i];
    bool same = (int)strlen(p->name) == d.path && strncmp(p->name, d.here, (size_t)d.path) == 0;
    if (!same || p->role == WEIGHTS || !meant[p->role]) continue;
    for (int64_t c = 0; c < p->columns; c++)
      meant[p->role][p->to[c]] = !d.some || (p->from[c] >= d.lo && (d.hi < 0 || p->from[c] < d.hi));
  }
}

const ls_format ls_format_hdf5 = {
    .name = "hdf5",
    .open = open_hdf5,
    .read = read_hdf5,
    .read_at = read_hdf5_at,
    .soon = soon_hdf5,
    .rest = rest_hdf5,
    .rewind = rewind_hdf5,
    .keys = keys_hdf5,
    .place = place_hdf5,
    .columns = columns_hdf5,
    .mark = mark_hdf5,
    .close = close_hdf5,
};
