#include "data/guess.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/gz.h"
#include "io/h5.h"
#include "io/h5sign.h"

static ls_status sniff(const char *path, const ls_format **out) {
  unsigned char head[8];
  size_t got, length = strlen(path);
  ls_dtype type;
  ls_gz *gz;
  const char *relative = ls_h5_relative(path);
  if (relative) return ls_fail(LS_EDATA, "%s: %s", path, relative);
  LS_TRY(ls_gz_open(path, &gz));
  ls_status status = ls_gz_read(gz, head, sizeof head, &got);
  ls_gz_close(&gz);
  LS_TRY(status);
  bool named_h5 = length > 3 && strcmp(path + length - 3, ".h5") == 0; /* damaged, perhaps */
  *out = &ls_format_csv;
  if (named_h5 || ls_h5_signature(path) >= 0) *out = &ls_format_hdf5;
  if (got >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) *out = &ls_format_npy;
  if (got >= 4 && ls_idx_magic(head, &type)) *out = &ls_format_idx;
  return LS_OK;
}

ls_status ls_format_sniff(const char *path, const ls_format **out) {
  glob_t found;
  if (access(path, F_OK) == 0 || !strpbrk(path, "*?") || glob(path, 0, NULL, &found) != 0)
    return sniff(path, out);
  ls_status status = sniff(found.gl_pathv[0], out);
  globfree(&found);
  return status;
}

/* ---- whole data sets ---- */

/* Where x and y of each split are; NULL: there is no such split. */
typedef struct {
  const char *name[3][2];
} layout;

/* As `data import` makes it. */
static const layout own_layout = {
    {{"/train/x", "/train/y"}, {"/validation/x", "/validation/y"}, {"/test/x", "/test/y"}}};
static const char weights_name[] = "/train/weights";

/* Looking through a file for some layouts. */
typedef struct {
  layout wanted[2], there[2]; /* own_layout, that of the training data; what there is of each */
  bool weights;
} search;

static void look_for(const layout *wanted, const char *path, layout *there) {
  for (int s = 0; s < 3; s++)
    for (int k = 0; k < 2; k++) {
      const char *name = wanted->name[s][k];
      if (name && strcmp(path, name) == 0) there->name[s][k] = name;
    }
}

static void note(void *arg, const ls_h5_entry *entry) {
  search *look = arg;
  look->weights = look->weights || strcmp(entry->path, weights_name) == 0;
  for (int i = 0; i < 2; i++) look_for(&look->wanted[i], entry->path, &look->there[i]);
}

static bool has(const layout *l, int split) { return l->name[split][0] && l->name[split][1]; }

static void take_layout(const char *path, const layout *l, ls_data_spec *spec) {
  for (int s = 0; s < 3; s++) {
    if (!has(l, s)) continue;
    spec->source[s].file = ls_mem_text(path);
    spec->source[s].x = ls_mem_text(l->name[s][0]);
    spec->source[s].y = ls_mem_text(l->name[s][1]);
  }
}

static ls_status no_train(const char *path) {
  return ls_fail(LS_EDATA,
                 "%s: no /train/x and /train/y in it; a config says where the samples are", path);
}

static ls_status guess_hdf5(const char *path, ls_data_spec *spec) {
  search look = {.wanted = {own_layout}};
  LS_TRY(ls_h5_list(path, note, &look));
  if (!has(&look.there[0], 0)) return no_train(path);
  if (look.weights) spec->weights = ls_mem_text(weights_name);
  take_layout(path, &look.there[0], spec);
  return LS_OK;
}

/* The dataset that a config names, without the file that it may say: "labels.h5:/y". */
static const char *dataset_of(const char *text) {
  const char *colon = text && text[0] != '/' ? strstr(text, ":/") : NULL;
  return colon ? colon + 1 : text;
}

/* The training data's datasets; splits that are other files with the same datasets are one here. */
static layout layout_of(const ls_data_spec *like) {
  layout l = {0};
  for (int s = 0; s < 3 && strcmp(like->type, "hdf5") == 0; s++) {
    const ls_source_spec *source = &like->source[s];
    if (!source->file || !source->x || !source->y) continue;
    const char *x = dataset_of(source->x), *y = dataset_of(source->y);
    if (l.name[0][0] && strcmp(x, l.name[0][0]) == 0 && strcmp(y, l.name[0][1]) == 0) continue;
    l.name[s][0] = x;
    l.name[s][1] = y;
  }
  return l;
}

static ls_status guess_hdf5_like(const char *path, const ls_data_spec *like, ls_data_spec *spec) {
  search look = {.wanted = {own_layout, layout_of(like)}};
  LS_TRY(ls_h5_list(path, note, &look));
  const layout *known = &look.wanted[1];
  bool as_known = has(&look.there[1], 0);
  const layout *l = &look.there[as_known];
  take_layout(path, l, spec);
  for (int s = 0; s < 3; s++) spec->source[s].transpose = as_known && like->source[s].transpose;
  if (has(l, 0)) return LS_OK;
  if (!known->name[0][0]) return no_train(path);
  return ls_fail(LS_EDATA,
                 "%s: no %s and %s, where the checkpoint's training data were; lockstep data info "
                 "lists what there is, and a config says where the samples are",
                 path, known->name[0][0], known->name[0][1]);
}

static ls_status kind_of(const char *path, const ls_format **format, bool *folder) {
  struct stat about;
  *format = &ls_format_idx;
  *folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
  return *folder ? LS_OK : ls_format_sniff(path, format);
}

static ls_status guess(const char *path, ls_data_spec *spec) {
  const ls_format *format;
  bool folder;
  if (access(path, F_OK) != 0) return ls_fail(LS_EDATA, "%s: no such file or folder", path);
  LS_TRY(kind_of(path, &format, &folder));
  spec->type = ls_mem_text(format->name);
  if (folder) spec->dir = ls_mem_text(path);
  if (folder) return LS_OK;
  if (format == &ls_format_hdf5) return guess_hdf5(path, spec);
  return ls_fail(LS_EDATA,
                 "%s: which columns are inputs and which targets? a config says so; data import "
                 "and split: --x and --y",
                 path);
}

ls_status ls_data_guess(const char *path, ls_data_spec *out) {
  *out = (ls_data_spec){.limit = {-1, -1, -1}, .order = LS_ORDER_SHUFFLE};
  ls_status status = guess(path, out);
  if (status != LS_OK) ls_data_guess_free(out);
  return status;
}

/* What is the training data's for any file: what its columns are, and what a missing value is. */
static ls_source_spec *take_like(const ls_data_like *like, const ls_format *format,
                                 ls_data_spec *spec) {
  bool same = strcmp(like->spec->type, format->name) == 0;
  const ls_source_spec *from = &like->spec->source[LS_SPLIT_TRAIN];
  ls_source_spec *to = &spec->source[0];
  spec->type = ls_mem_text(format->name);
  spec->trained = like->trained;
  spec->foreign = true;
  spec->missing = like->spec->missing;
  spec->csv = like->spec->csv;
  spec->csv.likely = true;
  to->header = !like->no_header && (!same || from->header);
  to->transpose = same && from->transpose;
  to->x_cols = same ? from->x_cols : NULL;
  to->y_cols = same && !spec->inputs ? from->y_cols : NULL;
  if (!like->no_header || format == &ls_format_csv) return to;
  ls_fail(LS_EUSAGE, "--no-header is for CSV files");
  return NULL;
}

static ls_status guess_csv_like(const char *path, const ls_data_like *like, ls_data_spec *spec) {
  spec->source[0].file = ls_mem_text(path);
  if (like->trained || spec->source[0].y_cols) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: the checkpoint knows no names of columns; a config says which are inputs and "
                 "which targets",
                 path);
}

static ls_status guess_like(const char *path, const ls_data_like *like, ls_data_spec *spec) {
  const ls_format *format;
  bool folder;
  LS_TRY(kind_of(path, &format, &folder));
  if (!take_like(like, format, spec)) return LS_EUSAGE;
  if (folder) spec->dir = ls_mem_text(path);
  if (folder) return LS_OK;
  if (format == &ls_format_csv) return guess_csv_like(path, like, spec);
  if (format == &ls_format_hdf5) return guess_hdf5_like(path, like->spec, spec);
  return ls_fail(LS_EDATA,
                 "%s: inputs without targets, so there is nothing to compare with; "
                 "predict takes such a file",
                 path);
}

ls_status ls_data_guess_like(const char *path, const ls_data_like *like, ls_data_spec *out) {
  *out = (ls_data_spec){.limit = {-1, -1, -1}, .order = LS_ORDER_SHUFFLE};
  ls_status status = guess_like(path, like, out);
  if (status != LS_OK) ls_data_guess_free(out);
  return status;
}

void ls_data_guess_free(ls_data_spec *spec) {
  for (int s = 0; s < 3; s++) {
    LS_FREE(spec->source[s].file);
    LS_FREE(spec->source[s].x);
    LS_FREE(spec->source[s].y);
  }
  LS_FREE(spec->weights);
  LS_FREE(spec->type);
  LS_FREE(spec->dir);
}

/* ---- inputs ---- */

/* "FILE:DATASET", unless a file has just this name. */
static void split_dataset(const char *text, ls_source_spec *source) {
  const char *colon = access(text, F_OK) == 0 ? NULL : strrchr(text, ':');
  source->file = colon ? ls_mem_format("%.*s", (int)(colon - text), text) : ls_mem_text(text);
  source->x = colon ? ls_mem_text(colon + 1) : NULL;
}

static ls_status open_inputs(ls_comm *comm, ls_data_spec *spec, const ls_data_like *like,
                             ls_dtype precision, ls_data **out) {
  const ls_format *format = NULL;
  char name[16] = "";
  ls_status status =
      ls_comm_node_rank(comm) == 0 ? ls_format_sniff(spec->source[0].file, &format) : LS_OK;
  LS_TRY(ls_comm_agree(comm, status));
  if (format) snprintf(name, sizeof name, "%s", format->name);
  ls_comm_node_bcast(comm, name, sizeof name);
  format = ls_format_find(name);
  if (!take_like(like, format, spec)) return LS_EUSAGE;
  const char *dataset = dataset_of(like->spec->source[0].x);
  bool same = format == &ls_format_hdf5 && strcmp(like->spec->type, name) == 0;
  if (same && dataset && !spec->source[0].x) spec->source[0].x = ls_mem_text(dataset);
  return ls_data_open(comm, spec, LS_TARGET_REAL, precision, out);
}

ls_status ls_data_open_inputs(ls_comm *comm, const char *file, const ls_data_like *like,
                              const ls_affine *x_affine, ls_dtype precision, ls_data **out) {
  ls_data_spec spec = {.limit = {-1, -1, -1}, .inputs = true, .x_affine = x_affine};
  *out = NULL;
  split_dataset(file, &spec.source[0]);
  ls_status status = open_inputs(comm, &spec, like, precision, out);
  ls_data_guess_free(&spec);
  return status;
}
