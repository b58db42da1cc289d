/* hdf5.c - datasets of an HDF5 file (io/h5.h), one sample a row; further dimensions are flattened,
 * the last one fastest. A row of x, and of y with the weight behind it, is put together of pieces:
 * columns of a dataset and where each goes. */
#include "data/formats/hdf5.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "data/format.h"
#include "data/formats/dataset.h"
#include "data/words.h"
#include "io/gz.h"
#include "io/regular.h"

enum { X = LS_ROLE_X, Y = LS_ROLE_Y, WEIGHTS = LS_HDF5_WEIGHTS, ROLES = LS_HDF5_ROLES };
enum { TOGETHER = 256 }; /* rows of a dataset of which not all columns are taken, at once */

static int64_t rows_of(const ls_hdf5_piece *p) { return ls_hdf5_shape(p)->rows; }

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
static int file_number(ls_hdf5 *h, char *path) {
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
static ls_status turn_vector(const ls_hdf5 *h, ls_hdf5_piece *p) {
  const ls_h5_shape *x = ls_hdf5_shape(&h->piece[0]), *set = ls_hdf5_shape(p);
  if (!p->set || x->rows == 1 || set->rows != 1 || set->width != x->rows || set->dims != 2)
    return LS_OK;
  p->transpose = !p->transpose;
  ls_h5set_close(&p->set);
  return ls_h5set_open(ls_hdf5_path(h, p), p->name, p->transpose, &p->set);
}

/* How many samples there would be the other way round; 0: they are rows of one number. */
static int64_t rows_across(const ls_h5_shape *shape) {
  return shape->dims > 1 ? shape->dim[shape->dims - 1] : 0;
}

static ls_status check_rows(const ls_hdf5 *h, const ls_hdf5_piece *p) {
  const ls_hdf5_piece *first = &h->piece[0];
  const ls_h5_shape *x = ls_hdf5_shape(first), *set = ls_hdf5_shape(p);
  if (set->rows == x->rows) return LS_OK;
  const int64_t across = rows_across(x);
  const bool turned = across == set->rows || rows_across(set) == x->rows ||
                      (across > 0 && across == rows_across(set));
  const char *hint = "";
  if (turned)
    hint = first->transpose ? "; are samples the rows here? say transpose: false"
                            : "; are samples the columns here? say transpose: true";
  return ls_fail(LS_EDATA, "%s: %s has %jd rows for the %jd of %s%s", ls_hdf5_path(h, p), p->name,
                 set->rows, x->rows, first->name, hint);
}

/* All columns, or those that the config names. */
static ls_status choose_part(const ls_hdf5 *h, ls_hdf5_piece *p, const ls_dataset *d) {
  p->width = ls_hdf5_shape(p)->width;
  const int64_t lo = d->some ? d->lo : 0;
  int64_t hi = p->width;
  if (d->some && d->hi >= 0) hi = d->hi;
  if (lo >= hi || hi > p->width)
    return ls_fail(LS_EDATA, "%s: %s: there are no such columns: %s has %jd, from 0 to %jd",
                   ls_hdf5_path(h, p), d->here, p->name, p->width, p->width - 1);
  LS_NEW(p->from, p->width);
  LS_NEW(p->to, p->width);
  p->whole = hi - lo == p->width;
  p->columns = hi - lo;
  for (int64_t c = 0; c < p->columns; c++) p->from[c] = lo + c;
  return LS_OK;
}

static bool is_missing(const ls_hdf5 *h, const char *text, bool any_case) {
  return ls_word_missing(text, strlen(text), h->words, any_case);
}

/* As in CSV files: "none" may be a name. */
static ls_status add_names(const ls_hdf5 *h, const ls_hdf5_piece *p, int64_t skipped) {
  for (int64_t k = ls_max(skipped, 0); k < p->text.count; k++) {
    const char *text = p->text.text[k];
    if (is_missing(h, text, false)) continue;
    ls_status status =
        ls_utf8_wrong(text)
            ? ls_fail(LS_EDATA, "a class that is not UTF-8 text; in Python: text.encode(\"utf-8\")")
            : ls_names_add(h->base.names, text, strlen(text), is_missing(h, text, true));
    if (status != LS_OK)
      return ls_fail_prefix(status, "%s: %s: row %jd", ls_hdf5_path(h, p), p->name, k);
  }
  return LS_OK;
}

/* Names of train are collected, unless a checkpoint knows them. */
static ls_status collect_names(ls_hdf5 *h, const ls_hdf5_piece *p, const ls_opening *what) {
  LS_TRY(ls_names_begin(what, &h->own_names, &h->base.names));
  if (!h->base.names)
    return ls_fail(LS_EDATA, "%s: %s holds texts, and the labels of %s are numbers",
                   ls_hdf5_path(h, p), p->name, what->first->file[0].path);
  if (what->spec->classes_named || what->split != LS_SPLIT_TRAIN) return LS_OK;
  LS_TRY(add_names(h, p, what->skipped));
  if (h->base.names->numbers || (!what->spec->trained && !what->spec->foreign)) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: %s holds texts, and the checkpoint knows its classes by numbers only",
                 ls_hdf5_path(h, p), p->name);
}

/* Texts are names of classes, as in CSV files; labels of another kind, in all files, are left to be
 * opened as numbers. */
static ls_status open_labels(ls_hdf5 *h, ls_hdf5_piece *p, const ls_opening *what) {
  LS_TRY(ls_h5_texts(ls_hdf5_path(h, p), p->name, NULL, &p->text));
  if (p->text.count == 0 && (!what->first || !what->first->names)) return LS_OK;
  if (p->text.count == 0)
    return ls_fail(LS_EDATA, "%s: %s holds no texts, and the labels of %s are texts",
                   ls_hdf5_path(h, p), p->name, what->first->file[0].path);
  p->shape = (ls_h5_shape){
      .dims = 1, .dim = {p->text.count}, .rows = p->text.count, .width = 1, .type = "text"};
  return collect_names(h, p, what);
}

static ls_status open_piece(ls_hdf5 *h, int role, const char *text, const ls_opening *what) {
  ls_hdf5_piece *p = &h->piece[h->pieces++];
  const ls_dataset d = ls_dataset_of(text);
  int before = h->base.files;
  *p = (ls_hdf5_piece){.role = role, .transpose = what->spec->source[what->split].transpose};
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
static ls_status place_pieces(ls_hdf5 *h) {
  int64_t n[2] = {0}, most = 0;
  for (int i = 0; i < h->pieces; i++) {
    ls_hdf5_piece *p = &h->piece[i];
    int64_t *next = &n[p->role == X ? X : Y];
    for (int64_t c = 0; c < p->columns; c++) p->to[c] = (*next)++;
    if (p->role == WEIGHTS) h->base.shape.weights = 1;
    most = ls_max(most, p->width);
  }
  h->base.shape.features = n[X];
  h->base.shape.outputs = n[Y] - h->base.shape.weights;
  return ls_mem_new((void **)&h->wide, (size_t)(TOGETHER * most), sizeof(double));
}

static ls_status check_pieces(ls_hdf5 *h) {
  ls_shape *shape = &h->base.shape;
  *shape = (ls_shape){.rows = rows_of(&h->piece[0]), .bytes = true, .single = true};
  for (int i = 0; i < h->pieces; i++) {
    const ls_hdf5_piece *p = &h->piece[i];
    const ls_h5_shape *set = ls_hdf5_shape(p);
    LS_TRY(check_rows(h, p));
    if (p->role == X) shape->bytes = shape->bytes && set->bytes;
    if (p->role == X) shape->single = shape->single && set->single;
    if (p->role == WEIGHTS && p->columns > 1)
      return ls_fail(LS_EDATA, "%s: %s has %jd values a sample, and a weight is one",
                     ls_hdf5_path(h, p), p->name, p->columns);
  }
  return place_pieces(h);
}

/* What a file of columns looks like to who takes its rows. */
static void warn_of_one(const ls_hdf5 *h, const ls_opening *what) {
  const ls_shape *shape = &h->base.shape;
  const ls_hdf5_piece *x = &h->piece[0];
  if (what->quick || what->spec->inputs || shape->rows > 1 || shape->features == 1) return;
  ls_log(LS_LOG_WARN,
         "%s: %s is one sample of %jd numbers; are samples the %s here? say "
         "transpose: %s",
         ls_hdf5_path(h, x), x->name, shape->features, x->transpose ? "rows" : "columns",
         x->transpose ? "false" : "true");
}

/* The first column that both pieces take, each of which takes one behind the other; -1: none. */
static int64_t common_column(const ls_hdf5_piece *a, const ls_hdf5_piece *b) {
  const char *mine = a->name + strspn(a->name, "/"), *other = b->name + strspn(b->name, "/");
  if (a->file != b->file || strcmp(mine, other) != 0) return -1;
  const int64_t lo = ls_max(a->from[0], b->from[0]);
  return lo < ls_min(a->from[0] + a->columns, b->from[0] + b->columns) ? lo : -1;
}

/* As csv.c says it of columns. */
static void warn_of_twice(const ls_hdf5 *h, const ls_opening *what) {
  if (what->quick || what->first) return;
  for (int i = 0; i < h->pieces; i++)
    for (int k = 0; k < i; k++) {
      const ls_hdf5_piece *p = &h->piece[i], *before = &h->piece[k];
      const int64_t column = common_column(before, p);
      if (column < 0 || p->role == WEIGHTS || before->role != X) continue;
      ls_log(LS_LOG_WARN, "%s: column %jd of %s is %s", ls_hdf5_path(h, p), column, p->name,
             p->role == X ? "an input twice"
                          : "an input and a target: the network only has to copy it");
      return;
    }
}

static ls_status open_pieces(ls_hdf5 *h, const ls_opening *what) {
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
  warn_of_twice(h, what);
  return LS_OK;
}

static ls_status open_hdf5(const ls_opening *what, ls_source **out) {
  const ls_source_spec *spec = &what->spec->source[what->split];
  const int most = ls_list_length(spec->x_cols) + ls_list_length(spec->y_cols) + 1;
  LS_TRY(ls_source_new(&ls_format_hdf5, sizeof(ls_hdf5), most, out));
  ls_hdf5 *h = (ls_hdf5 *)*out;
  h->words = what->spec->missing.text;
  ls_status status = open_pieces(h, what);
  if (status == LS_OK) status = ls_hdf5_choose(h, what->spec);
  if (status != LS_OK) ls_source_close(out);
  return status;
}

/* ---- reading ---- */

/* Behind each read: the values belong to the digest only if the file is still what it was then. */
static ls_status check_unchanged(const ls_hdf5 *h, int file) {
  struct stat now;
  const char *path = h->base.file[file].path;
  const bool same = stat(path, &now) == 0 && ls_file_same(&now, &h->seen[file]);
  if (same) return LS_OK;
  return ls_fail(LS_EDATA, "%s: has changed since training began to read it", path);
}

/* Columns of rows of a dataset to their places in rows of `stride`. */
static void spread(const ls_hdf5_piece *p, const char *wide, int64_t rows, size_t size, char *out,
                   int64_t stride) {
  for (int64_t r = 0; r < rows; r++, wide += (size_t)p->width * size, out += (size_t)stride * size)
    for (int64_t c = 0; c < p->columns; c++)
      memcpy(out + (size_t)p->to[c] * size, wide + (size_t)p->from[c] * size, size);
}

/* The class that a text is, NaN where it is missing; false: it is none. A name that the training
 * data have is a class, whatever it says. */
static bool class_of(const ls_hdf5 *h, const char *text, double *class) {
  const ls_names *names = h->base.names;
  const bool missing = is_missing(h, text, names->numbers);
  if (!(missing && names->numbers) && ls_names_number(names, text, class)) return true;
  *class = missing ? (double)NAN : HUGE_VAL;
  return missing;
}

/* The classes of rows [lo, lo + rows). */
static ls_status read_labels(const ls_hdf5 *h, const ls_hdf5_piece *p, int64_t lo, int64_t rows,
                             double *out, int64_t stride) {
  for (int64_t k = 0; k < rows; k++) {
    const char *text = p->text.text[lo + k];
    if (class_of(h, text, &out[k * stride + p->to[0]]) || h->base.loose) continue;
    ls_status status =
        ls_fail(LS_EDATA, "%s: %s: row %jd: '%s': a class that the training data do not have",
                ls_hdf5_path(h, p), p->name, lo + k, text);
    return ls_names_meant(h->base.names, text, status);
  }
  return LS_OK;
}

/* Rows [lo, lo + rows) of a piece into out (rows, stride). */
static ls_status read_piece(const ls_hdf5 *h, const ls_hdf5_piece *p, int64_t lo, int64_t rows,
                            ls_dtype cell, void *out, int64_t stride) {
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
static ls_status read_pieces(ls_hdf5 *h, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                             double *y, bool weights) {
  const ls_shape *shape = &h->base.shape;
  const int64_t stride = weights ? ls_shape_columns(shape) : shape->outputs;
  for (int i = 0; i < h->pieces; i++) {
    ls_hdf5_piece *p = &h->piece[i];
    if (p->role == X && x) LS_TRY(read_piece(h, p, lo, rows, cell, x, shape->features));
    if ((p->role == Y || (p->role == WEIGHTS && weights)) && y)
      LS_TRY(read_piece(h, p, lo, rows, LS_F64, y, stride));
  }
  return LS_OK;
}

static void close_files(const ls_hdf5 *h) {
  for (int i = 0; i < h->pieces; i++)
    if (h->piece[i].set) ls_h5set_rest(h->piece[i].set);
}

static ls_status read_hdf5(ls_source *source, int64_t rows, ls_dtype cell, void *x, double *y) {
  ls_hdf5 *h = (ls_hdf5 *)source;
  LS_TRY(read_pieces(h, h->row, rows, cell, x, y, true));
  h->row += rows;
  if (h->row < source->shape.rows) return LS_OK;
  close_files(h); /* a source may have thousands */
  for (int i = 0; i < source->files; i++) LS_TRY(check_unchanged(h, i));
  return LS_OK;
}

static ls_status read_hdf5_at(ls_source *source, int64_t lo, int64_t rows, ls_dtype cell, void *x,
                              double *y) {
  ls_hdf5 *h = (ls_hdf5 *)source;
  LS_TRY(read_pieces(h, lo, rows, cell, x, y, false));
  for (int i = 0; i < h->pieces; i++)
    if (h->piece[i].role == X ? x != NULL : y != NULL) LS_TRY(check_unchanged(h, h->piece[i].file));
  return LS_OK;
}

static void soon_hdf5(ls_source *source, int64_t lo, int64_t rows) {
  const ls_hdf5 *h = (const ls_hdf5 *)source;
  for (int i = 0; i < h->pieces; i++)
    if (h->piece[i].role == X) ls_h5set_soon(h->piece[i].set, lo, rows);
}

static void rest_hdf5(ls_source *source) {
  close_files((const ls_hdf5 *)source);
  ls_h5_rest();
}

static ls_status rewind_hdf5(ls_source *source) {
  ((ls_hdf5 *)source)->row = 0;
  return LS_OK;
}

/* ---- groups ---- */

static ls_status check_keys(const ls_hdf5 *h, const char *by, int64_t rows) {
  return rows == h->base.shape.rows
             ? LS_OK
             : ls_fail(LS_EDATA, "%s: %s has %jd values for %jd samples (data.validation.by)",
                       ls_hdf5_path(h, &h->piece[0]), by, rows, h->base.shape.rows);
}

static ls_status text_keys(const ls_hdf5 *h, const char *by, const ls_texts *texts,
                           const bool *asked, uint64_t *key) {
  LS_TRY(check_keys(h, by, texts->count));
  for (int64_t row = 0; row < texts->count; row++) {
    if (asked[row] && is_missing(h, texts->text[row], false))
      return ls_fail(LS_EDATA, "%s: %s: row %jd: no value to group by (data.validation.by)",
                     ls_hdf5_path(h, &h->piece[0]), by, row);
    key[row] = XXH3_64bits(texts->text[row], strlen(texts->text[row]));
  }
  return LS_OK;
}

/* Whole numbers, of whatever type. */
static ls_status check_whole(const ls_hdf5 *h, const char *by, const bool *asked,
                             const double *value) {
  for (int64_t row = 0; row < h->base.shape.rows; row++)
    if (asked[row] && (value[row] != floor(value[row]) || !isfinite(value[row])))
      return ls_fail(LS_EDATA,
                     "%s: %s: row %jd: not a whole number to group by (data.validation.by): %g",
                     ls_hdf5_path(h, &h->piece[0]), by, row, value[row]);
  return LS_OK;
}

static ls_status number_keys(const ls_hdf5 *h, const char *by, const bool *asked, uint64_t *key) {
  ls_h5set *set = NULL;
  LS_TRY(ls_h5set_open(ls_hdf5_path(h, &h->piece[0]), by, false, &set));
  if (ls_h5set_shape(set)->rows == 1 && h->base.shape.rows > 1) { /* one row, as Matlab has it */
    ls_h5set_close(&set);
    LS_TRY(ls_h5set_open(ls_hdf5_path(h, &h->piece[0]), by, true, &set));
  }
  const ls_h5_shape *shape = ls_h5set_shape(set);
  ls_status status = check_keys(h, by, shape->rows);
  if (status == LS_OK && shape->width != 1)
    status = ls_fail(LS_EDATA,
                     "%s: %s is %s, %jd values a sample; to group by it must be one whole number "
                     "or text a sample (data.validation.by)",
                     ls_hdf5_path(h, &h->piece[0]), by, shape->type, shape->width);
  double *value = (double *)(void *)key; /* as wide as a key */
  if (status == LS_OK) status = ls_h5set_read(set, 0, shape->rows, LS_F64, value);
  ls_h5set_close(&set);
  return status == LS_OK ? check_whole(h, by, asked, value) : status;
}

static ls_status keys_hdf5(ls_source *source, const char *by, const bool *asked, uint64_t *key) {
  const ls_hdf5 *h = (const ls_hdf5 *)source;
  ls_texts texts = {0};
  if (*by != '/')
    return ls_fail(LS_ECONFIG, "data.validation.by: '%s' is no dataset's path, which begins with /",
                   by);
  LS_TRY(ls_h5_texts(ls_hdf5_path(h, &h->piece[0]), by, NULL, &texts));
  ls_status status =
      texts.count > 0 ? text_keys(h, by, &texts, asked, key) : number_keys(h, by, asked, key);
  ls_texts_free(&texts);
  return status;
}

/* ---- where a value stands, and the end ---- */

/* The piece that a column of x or y comes from, and its number there. */
static const ls_hdf5_piece *origin_of(const ls_hdf5 *h, int64_t column, int64_t *value) {
  const int64_t k = column < 0 ? -1 - column : column;
  for (int i = 0; i < h->pieces; i++) {
    const ls_hdf5_piece *p = &h->piece[i];
    for (int64_t c = 0; c < p->columns; c++) {
      *value = p->from[c];
      if ((p->role == X) == (column >= 0) && p->to[c] == k) return p;
    }
  }
  return &h->piece[0];
}

static void place_hdf5(const ls_source *source, int64_t row, int64_t column, char *text,
                       size_t size) {
  const ls_hdf5 *h = (const ls_hdf5 *)source;
  int64_t value = 0;
  const ls_hdf5_piece *p = origin_of(h, column, &value);
  snprintf(text, size, "%s: %s: %s %jd, value %jd", ls_hdf5_path(h, p), p->name,
           p->transpose ? "column" : "row", row, value);
}

static void close_hdf5(ls_source *source) {
  ls_hdf5 *h = (ls_hdf5 *)source;
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
    .columns = ls_hdf5_columns,
    .mark = ls_hdf5_mark,
    .close = close_hdf5,
};
