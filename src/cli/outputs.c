/* outputs.c - a format is three functions and the endings that name it (`formats`, near the
 * bottom). HDF5 is io/h5write.h's; CSV and .npy are written as NAME.partial, and renamed once
 * they are on the disk. */
#include "cli/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "cli/cli.h"
#include "data/columns.h"
#include "io/h5write.h"
#include "io/npy.h"
#include "io/partial.h"
#include "view/text.h"

typedef struct {
  const char *ending[2];
  ls_status (*open)(ls_outputs *o);
  ls_status (*write)(ls_outputs *o, int64_t rows, const void *y);
  ls_status (*close)(ls_outputs *o, bool commit);
} format;

struct ls_outputs {
  ls_outputs_args args;
  const format *format;
  ls_h5out *h5;
  int predictions, best, spread; /* datasets */
  FILE *file;                    /* of the others */
  char *path, *partial;          /* its name, and until it is whole; NULL: it is a stream */
};

/* ---- HDF5 ---- */

/* What the outputs are called, as `data import` writes it of columns. */
static ls_status name_columns(ls_outputs *o) {
  const ls_texts *names = o->args.names;
  const char *const *text = (const char *const *)names->text;
  char columns[64];
  ls_texts bare = {0}, units = {0};
  int scale;
  if (names->count == 0) return LS_OK;
  snprintf(columns, sizeof columns, "/columns/%s", o->args.what);
  if (o->args.classes) {
    LS_TRY(ls_h5out_texts(o->h5, o->best, LS_COLUMNS_CLASSES, text, names->count));
    return ls_h5out_scale(o->h5, columns, text, names->count, &o->predictions, 1, &scale);
  }
  ls_status status = ls_columns_split(names->text, names->count, &bare, &units);
  if (status == LS_OK)
    status = ls_h5out_scale(o->h5, columns, (const char *const *)bare.text, bare.count,
                            &o->predictions, 1, &scale);
  if (status == LS_OK && units.count > 0)
    status = ls_h5out_texts(o->h5, scale, LS_COLUMNS_UNITS, (const char *const *)units.text,
                            units.count);
  ls_texts_free(&bare);
  ls_texts_free(&units);
  return status;
}

static ls_status h5_open(ls_outputs *o) {
  const ls_outputs_args *p = &o->args;
  char name[64];
  snprintf(name, sizeof name, "/%s", p->what);
  LS_TRY(ls_h5out_open(p->path, p->replace, &o->h5));
  LS_TRY(ls_h5out_set(o->h5, name, p->rows, p->width, p->type, false, &o->predictions));
  if (p->spread)
    LS_TRY(ls_h5out_set(o->h5, "/spread", p->rows, p->width, p->type, false, &o->spread));
  if (p->classes) LS_TRY(ls_h5out_set(o->h5, "/classes", p->rows, 0, LS_I32, false, &o->best));
  return name_columns(o);
}

static ls_status h5_write(ls_outputs *o, int64_t rows, const void *y) {
  ls_dtype type = o->args.type;
  int64_t width = o->args.width;
  int32_t *best;
  LS_TRY(ls_h5out_write(o->h5, o->predictions, rows, y));
  if (o->args.spread)
    LS_TRY(ls_h5out_write(o->h5, o->spread, rows,
                          (const char *)y + (size_t)(rows * width) * ls_dtype_size(type)));
  if (!o->args.classes) return LS_OK;
  LS_NEW(best, rows);
  for (int64_t r = 0; r < rows; r++)
    for (int32_t c = 1; c < width; c++)
      if (ls_dtype_get(type, y, r * width + c) > ls_dtype_get(type, y, r * width + best[r]))
        best[r] = c;
  ls_status status = ls_h5out_write(o->h5, o->best, rows, best);
  LS_FREE(best);
  return status;
}

static ls_status h5_close(ls_outputs *o, bool commit) { return ls_h5out_close(&o->h5, commit); }

/* ---- CSV and .npy ---- */

static ls_status written(const ls_outputs *o) {
  const char *to =
      ls_cli_is_stdout(o->args.path) ? "cannot write the results to stdout" : o->args.path;
  return ferror(o->file) ? ls_fail(LS_EIO, "%s: %s", to, strerror(errno)) : LS_OK;
}

/* A pipe or a device takes what is written as it comes, and is not replaced. */
static bool is_stream(const char *path) {
  struct stat about;
  return ls_cli_is_stdout(path) ||
         (stat(path, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)));
}

static ls_status file_open(ls_outputs *o) {
  const char *path = o->args.path;
  if (ls_cli_is_stdout(path)) {
    o->file = stdout;
    return LS_OK;
  }
  if (!is_stream(path)) LS_TRY(ls_partial_begin(path, o->args.replace, &o->path, &o->partial));
  o->file = fopen(o->partial ? o->partial : path, "we");
  return o->file ? LS_OK : ls_fail(LS_EIO, "%s: cannot make it: %s", path, strerror(errno));
}

/* Whole, and on the disk where it is there. */
static bool close_whole(const ls_outputs *o) {
  bool good = fflush(o->file) == 0 && (!o->partial || fsync(fileno(o->file)) == 0);
  return fclose(o->file) == 0 && good;
}

static ls_status file_close(ls_outputs *o, bool commit) {
  ls_status status = LS_OK;
  if (o->file == stdout) return LS_OK; /* main looks at stdout's errors */
  bool good = o->file && close_whole(o);
  if (good && commit && o->partial) good = rename(o->partial, o->path) == 0;
  if (commit && !good) status = ls_fail(LS_EIO, "%s: %s", o->args.path, strerror(errno));
  if (o->partial && !(commit && good)) unlink(o->partial);
  if (o->partial) ls_partial_end();
  LS_FREE(o->path);
  LS_FREE(o->partial);
  return status;
}

/* Columns without names: classes are their numbers, targets y1, y2 ... */
static void write_names(const ls_outputs *o, const char *before) {
  const ls_outputs_args *p = &o->args;
  for (int64_t c = 0; c < p->width; c++) {
    if (c > 0) fputc(',', o->file);
    if (c < p->names->count)
      ls_text_put_field(o->file, before, p->names->text[c]);
    else if (p->classes)
      fprintf(o->file, "%s%jd", before, c);
    else
      fprintf(o->file, "%sy%jd", before, c + 1);
  }
}

static ls_status csv_open(ls_outputs *o) {
  LS_TRY(file_open(o));
  write_names(o, "");
  if (o->args.spread) fputc(',', o->file);
  if (o->args.spread) write_names(o, "spread of ");
  fputc('\n', o->file);
  return written(o);
}

/* As short as it can be where so many digits give the number back. */
static void write_number(const ls_outputs *o, double x) {
  char text[40];
  bool single = o->args.type == LS_F32;
  snprintf(text, sizeof text, "%.*g", single ? 7 : 15, x);
  double back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
  if (back != x) snprintf(text, sizeof text, "%.*g", single ? 9 : 17, x);
  fputs(text, o->file);
}

static ls_status csv_write(ls_outputs *o, int64_t rows, const void *y) {
  const int64_t width = o->args.width, tables = o->args.spread ? 2 : 1;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t t = 0; t < tables; t++)
      for (int64_t c = 0; c < width; c++) {
        write_number(o, ls_dtype_get(o->args.type, y, (t * rows + r) * width + c));
        fputc(t + 1 < tables || c + 1 < width ? ',' : '\n', o->file);
      }
  return written(o);
}

static ls_status npy_open(ls_outputs *o) {
  LS_TRY(file_open(o));
  ls_npy_begin(o->file, o->args.type == LS_F32 ? "<f4" : "<f8", o->args.rows, o->args.width);
  return written(o);
}

static ls_status npy_write(ls_outputs *o, int64_t rows, const void *y) {
  fwrite(y, ls_dtype_size(o->args.type), (size_t)(rows * o->args.width), o->file);
  return written(o);
}

/* ---- which of them ---- */

static const format formats[] = {{{".h5", ".hdf5"}, h5_open, h5_write, h5_close},
                                 {{".csv", NULL}, csv_open, csv_write, file_close},
                                 {{".npy", NULL}, npy_open, npy_write, file_close}};

enum { H5, CSV, NPY, FORMATS };

/* By the end of its name; a stream that has none takes CSV. */
static const format *find(const char *path) {
  for (int i = 0; i < FORMATS; i++)
    for (int k = 0; k < 2 && formats[i].ending[k]; k++)
      if (ls_path_ends_in(path, formats[i].ending[k])) return &formats[i];
  return is_stream(path) ? &formats[CSV] : NULL;
}

bool ls_outputs_are_h5(const char *path) { return find(path) == &formats[H5]; }

bool ls_outputs_have_spread(const char *path) { return find(path) != &formats[NPY]; }

ls_status ls_outputs_check(const char *path) {
  if (ls_outputs_are_h5(path) && is_stream(path))
    return ls_fail(LS_EUSAGE, "-o %s: HDF5 is not written into a pipe or device; .csv and .npy are",
                   path);
  if (find(path)) return LS_OK;
  return ls_fail(LS_EUSAGE, "-o %s: a name ends in .h5, .csv or .npy; - prints CSV", path);
}

ls_status ls_outputs_open(const ls_outputs_args *args, ls_outputs **out) {
  LS_NEW(*out, 1);
  (*out)->args = *args;
  (*out)->format = find(args->path);
  ls_status status = (*out)->format->open(*out);
  if (status != LS_OK) ls_outputs_close(out, false);
  return status;
}

ls_status ls_outputs_write(ls_outputs *o, int64_t rows, const void *y) {
  return o->format->write(o, rows, y);
}

ls_status ls_outputs_close(ls_outputs **outputs, bool commit) {
  if (!*outputs) return LS_OK;
  ls_status status = (*outputs)->format->close(*outputs, commit);
  LS_FREE(*outputs);
  return status;
}
