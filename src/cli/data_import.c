/* data_import.c - lockstep data import and split: any source into one HDF5 file, /train/x,
 * /train/y, /train/weights, /test/x ... (docs/data.md). A sample is read and kept as training would
 * have it, but for the scaling. Begin with write_file -> copy -> deal. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cmd_data.h"
#include "data/columns.h"
#include "data/format.h"
#include "data/guess.h"
#include "data/order.h"
#include "data/recipe.h"
#include "data/splits.h"
#include "data/weights.h"
#include "io/h5.h"
#include "io/h5write.h"
#include "io/regular.h"

enum { CHUNK_VALUES = 1 << 18, LIST_MAX = 1024 };

typedef struct {
  ls_cli *cli;
  const ls_data_options *options;
  double test, validation; /* split: fractions to draw */
  ls_data_spec spec;
  bool classes;
  ls_source *source[3];
  ls_h5out *out;
  int x[3], y[3];       /* datasets of each split */
  int weights;          /* of train, where there are some */
  int64_t rows[3];      /* of each split in the file to be made */
  unsigned char *split; /* data split: (rows of train) which split each goes to; NULL: all stay
                           where they are */
  ls_recipe recipe;     /* of the numbers as they will lie in the file, unscaled */
  void *xs[3];          /* (step, features) cells waiting to be written, by split */
  double *ys;           /* (step, outputs + weights) as read */
  void *yt[3];          /* (step, outputs) as kept */
  double *wt;           /* (step) weights of train */
  ls_columns columns;
  int64_t step;
} importer;

/* ---- which data ---- */

/* Columns, "a,b,3-7", or datasets, "/T,/u[0:2]". */
typedef struct {
  char *text, *item[LIST_MAX];
} cut_text;

static char **cut_list(const char *text, cut_text *out) {
  int n = 0;
  if (!text) return NULL;
  out->text = ls_mem_text(text);
  char *rest = out->text;
  for (char *word; n < LIST_MAX - 1 && (word = strtok_r(rest, ",", &rest));) out->item[n++] = word;
  return n > 0 ? out->item : NULL;
}

static ls_status need_y(const ls_data_options *o, const char *type, bool x) {
  if (!o->y || (x && !o->x))
    return ls_fail(LS_EUSAGE, "what is what in this %s file? %s--y Y", type, x ? "--x X " : "");
  return LS_OK;
}

/* One file with what --x and --y say of it. */
static ls_status file_spec(const char *path, const ls_data_options *o, cut_text *x, cut_text *y,
                           ls_data_spec *spec) {
  const ls_format *format;
  LS_TRY(ls_format_sniff(path, &format));
  ls_source_spec *train = &spec->source[0];
  *spec = (ls_data_spec){.type = (char *)format->name, .limit = {-1, -1, -1}, .alone = true};
  LS_TRY(need_y(o, format->name, format == &ls_format_hdf5));
  *train = (ls_source_spec){
      .file = (char *)path, .y = (char *)o->y, .transpose = o->transpose, .header = !o->no_header};
  if (o->transpose && format != &ls_format_hdf5)
    return ls_fail(LS_EUSAGE, "--transpose is for HDF5 files%s",
                   format == &ls_format_npy ? "; in NumPy save x.T.copy()" : "");
  if (format != &ls_format_csv && format != &ls_format_hdf5) return LS_OK;
  train->x_cols = cut_list(o->x, x);
  train->y_cols = cut_list(o->y, y);
  return LS_OK;
}

/* ---- split: who goes where ---- */

/* The last positions of a shuffled order go to test, those before them to validation: exact counts,
 * the order of the file kept. */
static ls_status draw(importer *m) {
  int64_t n = m->source[0]->shape.rows, test = ls_data_portion(m->test, n),
          validation = ls_data_portion(m->validation, n);
  if (m->test + m->validation <= 0) return LS_OK;
  if ((m->test > 0 && test == 0) || (m->validation > 0 && validation == 0) ||
      test + validation >= n)
    return ls_fail(LS_EDATA, "%s: %jd samples are too few for these shares",
                   m->source[0]->file[0].path, n);
  ls_order order;
  LS_NEW(m->split, n);
  ls_order_init(&order, n, LS_ORDER_SHUFFLE, 1, (uint64_t)m->options->seed, 0);
  for (int64_t p = n - test - validation; p < n; p++)
    m->split[ls_order_at(&order, p)] = p < n - test ? LS_SPLIT_VALIDATION : LS_SPLIT_TEST;
  m->rows[LS_SPLIT_TRAIN] = n - test - validation;
  m->rows[LS_SPLIT_VALIDATION] += validation;
  m->rows[LS_SPLIT_TEST] += test;
  return LS_OK;
}

/* ---- writing ---- */

static ls_dtype y_type(const importer *m) {
  if (m->classes) return LS_I32;
  return m->options->single ? LS_F32 : LS_F64;
}

static ls_status make_sets(importer *m) {
  const ls_shape *shape = &m->source[0]->shape;
  if (shape->weights)
    LS_TRY(ls_h5out_set(m->out, "/train/weights", m->rows[0], 0, LS_F64, m->options->pack,
                        &m->weights));
  for (int s = 0; s < 3; s++) {
    if (m->rows[s] == 0) continue;
    char name[64];
    snprintf(name, sizeof name, "/%s/x", ls_split_names[s]);
    LS_TRY(ls_h5out_set(m->out, name, m->rows[s], shape->features, m->recipe.kept, m->options->pack,
                        &m->x[s]));
    snprintf(name, sizeof name, "/%s/y", ls_split_names[s]);
    LS_TRY(ls_h5out_set(m->out, name, m->rows[s], shape->outputs > 1 ? shape->outputs : 0,
                        y_type(m), m->options->pack, &m->y[s]));
    const ls_texts *classes = &m->columns.classes;
    if (m->classes && classes->count > 0)
      LS_TRY(ls_h5out_texts(m->out, m->y[s], LS_COLUMNS_CLASSES, (const char *const *)classes->text,
                            classes->count));
  }
  return LS_OK;
}

/* Names of the columns, once for all splits, with their units. */
static ls_status make_columns(importer *m) {
  for (int i = 0; i < 2; i++) {
    const ls_texts *names = &m->columns.name[i], *units = &m->columns.unit[i];
    int set[3], sets = 0, scale;
    for (int s = 0; s < 3; s++)
      if (m->rows[s] > 0) set[sets++] = i == 0 ? m->x[s] : m->y[s];
    if (names->count == 0) continue;
    LS_TRY(ls_h5out_scale(m->out, ls_columns_path[i], (const char *const *)names->text,
                          names->count, set, sets, &scale));
    if (units->count > 0)
      LS_TRY(ls_h5out_texts(m->out, scale, LS_COLUMNS_UNITS, (const char *const *)units->text,
                            units->count));
  }
  return LS_OK;
}

static ls_status make_buffers(importer *m) {
  const ls_shape *shape = &m->source[0]->shape;
  m->step = CHUNK_VALUES / (shape->features + shape->outputs);
  if (m->step < 1) m->step = 1;
  for (int s = 0; s < 3; s++) {
    LS_TRY(
        ls_mem_new(&m->xs[s], (size_t)(m->step * shape->features), ls_dtype_size(m->recipe.kept)));
    LS_TRY(ls_mem_new(&m->yt[s], (size_t)(m->step * shape->outputs), sizeof(double)));
  }
  LS_NEW(m->ys, m->step * ls_shape_columns(shape));
  LS_NEW(m->wt, m->step);
  return LS_OK;
}

/* Rows row .. row + rows of a source, already read into xs[0] and ys, to where each belongs. xs[0]
 * is compacted in place. */
static ls_status deal(importer *m, int s, int64_t row, int64_t rows) {
  const ls_recipe *r = &m->recipe;
  const ls_shape *shape = &m->source[s]->shape;
  const size_t x_width = ls_recipe_x(r), y_width = ls_recipe_y(r);
  const int64_t columns = ls_shape_columns(shape);
  int64_t waiting[3] = {0};
  for (int64_t k = 0; k < rows; k++) {
    const ls_chunk one = {.source = m->source[s],
                          .first = row + k,
                          .rows = 1,
                          .y = m->ys + k * columns,
                          .stride = columns};
    int to = s == 0 && m->split ? m->split[row + k] : s;
    memmove((char *)m->xs[to] + (size_t)waiting[to] * x_width,
            (const char *)m->xs[0] + (size_t)k * x_width, x_width);
    LS_TRY(ls_recipe_keep_y(r, &one, (char *)m->yt[to] + (size_t)waiting[to] * y_width));
    if (to == 0 && shape->weights) LS_TRY(ls_weights_store(&m->wt[waiting[0]], &one));
    waiting[to]++;
  }
  for (int to = 0; to < 3; to++) {
    if (waiting[to] == 0) continue;
    LS_TRY(ls_h5out_write(m->out, m->x[to], waiting[to], m->xs[to]));
    LS_TRY(ls_h5out_write(m->out, m->y[to], waiting[to], m->yt[to]));
    if (to == 0 && shape->weights) LS_TRY(ls_h5out_write(m->out, m->weights, waiting[to], m->wt));
  }
  return LS_OK;
}

static ls_status copy(importer *m) {
  for (int s = 0; s < 3; s++) {
    ls_source *source = m->source[s];
    for (int64_t row = 0, rows; source && row < source->shape.rows; row += rows) {
      rows = source->shape.rows - row < m->step ? source->shape.rows - row : m->step;
      const ls_chunk chunk = {.source = source, .first = row, .rows = rows, .x = m->xs[0]};
      LS_TRY(ls_source_read(source, rows, m->recipe.raw, m->xs[0], m->ys));
      LS_TRY(ls_recipe_keep_x(&m->recipe, &chunk, m->xs[0]));
      LS_TRY(deal(m, s, row, rows));
    }
  }
  return LS_OK;
}

static bool skips(const ls_data_spec *spec) {
  return spec->skip[0] > 0 || spec->skip[1] > 0 || spec->skip[2] > 0;
}

/* What is missing stays so where training is to make something of it, or not to look at it; class
 * numbers are whole. */
static void keep_gaps(importer *m) {
  const ls_missing_spec *missing = &m->spec.missing;
  const bool all = m->options->gaps || skips(&m->spec);
  m->recipe.gaps[LS_ROLE_X] =
      all || missing->x_how == LS_MISSING_DROP || missing->x_how == LS_MISSING_MEAN;
  m->recipe.remedy[LS_ROLE_X] = "; --keep-missing keeps it so, for data.missing of the config";
  m->recipe.remedy[LS_ROLE_Y] = m->classes
                                    ? "; a class that is missing cannot be kept: take such samples "
                                      "out before"
                                    : m->recipe.remedy[LS_ROLE_X];
  m->recipe.gaps[LS_ROLE_Y] = !m->classes && (all || missing->y != LS_MISSING_Y_REFUSE);
}

static ls_status write_file(importer *m) {
  bool bytes = true;
  LS_TRY(ls_sources_open(&m->spec, m->classes, false, m->source));
  assert(m->source[0]);
  const ls_shape *shape = &m->source[0]->shape;
  m->classes = m->classes && !shape->soft;
  if (shape->outputs == 0)
    return ls_fail(LS_EDATA, "%s: there are no targets", m->source[0]->file[0].path);
  for (int s = 0; s < 3; s++) {
    m->rows[s] = m->source[s] ? m->source[s]->shape.rows : 0;
    bytes = bytes && (!m->source[s] || m->source[s]->shape.bytes);
  }
  m->recipe = (ls_recipe){.precision = m->options->single ? LS_F32 : LS_F64,
                          .labels = m->classes,
                          .features = shape->features,
                          .columns = shape->outputs,
                          .outputs = shape->outputs};
  keep_gaps(m);
  m->recipe.raw = m->recipe.kept = bytes ? LS_U8 : m->recipe.precision;
  LS_TRY(draw(m));
  LS_TRY(make_buffers(m));
  LS_TRY(ls_columns_of(m->source[0], &m->columns));
  LS_TRY(ls_h5out_open(m->options->out, m->options->force, &m->out));
  ls_status status = make_sets(m);
  if (status == LS_OK) status = make_columns(m);
  if (status == LS_OK) status = copy(m);
  ls_status closed = ls_h5out_close(&m->out, status == LS_OK);
  return status != LS_OK ? status : closed;
}

static void report(const importer *m) {
  const ls_shape *shape = &m->source[0]->shape;
  json_t *o = json_object(), *samples = json_object();
  for (int s = 0; s < 3; s++) ls_put(samples, ls_split_names[s], m->rows[s]);
  ls_put(o, "file", m->options->out);
  ls_put(o, "features", shape->features);
  ls_put(o, "targets", shape->outputs);
  ls_put(o, "samples", samples);
  ls_print(m->cli, o, "{file}:{*samples}{?.} {.} {@}{/}{/}, {features} features\n");
}

static ls_status run(importer *m) {
  ls_status status = write_file(m);
  if (status == LS_OK) report(m);
  for (int s = 0; s < 3; s++) {
    LS_FREE(m->xs[s]);
    LS_FREE(m->yt[s]);
  }
  LS_FREE(m->ys);
  LS_FREE(m->wt);
  LS_FREE(m->split);
  ls_columns_free(&m->columns);
  ls_sources_close(m->source);
  return status;
}

/* ---- by what was named ---- */

static ls_status import_config(importer *m, const char *name) {
  ls_config *config;
  LS_TRY(ls_cli_config(m->cli, name, NULL, &config));
  m->spec = config->data;
  m->classes = ls_config_has_classes(config);
  ls_status status = run(m);
  ls_config_free(&config);
  return status;
}

/* An HDF5 file of ours says it by its type: whole numbers are classes. */
static bool has_classes(const ls_source_spec *train) {
  ls_h5set *y;
  char **list = train->y_cols;
  if (ls_list_length(list) != 1 ||
      ls_h5set_open(train->file, list[0], train->transpose, &y) != LS_OK)
    return false; /* opening it as a source will tell */
  bool classes = ls_h5set_shape(y)->integer && ls_h5set_shape(y)->width == 1;
  ls_h5set_close(&y);
  return classes;
}

static ls_status import_guessed(importer *m, const char *name) {
  LS_TRY(ls_data_guess(name, &m->spec));
  m->classes = m->spec.dir || m->options->classes || has_classes(&m->spec.source[0]);
  ls_data_spec spec = m->spec;
  ls_status status = run(m);
  ls_data_guess_free(&spec);
  return status;
}

static ls_status import_named(importer *m, const char *path) {
  cut_text x = {0}, y = {0};
  ls_status status = file_spec(path, m->options, &x, &y, &m->spec);
  if (status == LS_OK) status = run(m);
  LS_FREE(x.text);
  LS_FREE(y.text);
  return status;
}

ls_status ls_data_import(ls_cli *cli, const ls_data_options *options, double test,
                         double validation) {
  importer m = {.cli = cli,
                .options = options,
                .test = test,
                .validation = validation,
                .classes = options->classes};
  const char *name = cli->args[0];
  if (ls_cli_is_config(name)) return import_config(&m, name);
  if (ls_is_folder(name) || (!options->x && !options->y)) return import_guessed(&m, name);
  return import_named(&m, name);
}
