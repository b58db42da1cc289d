/* guess.c - begin with sniff (which format, by first bytes) and guess_like. Of HDF5 it is asked
 * whether the file has the training data's datasets, else those that `data import` writes; a
 * layout is a list of names for each split. */
#include "data/guess.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "data/format.h"
#include "data/formats/dataset.h"
#include "data/refuse.h"
#include "io/gz.h"
#include "io/h5.h"
#include "io/h5sign.h"

/* "C:\new.csv", which names no dataset. */
static bool has_drive(const char *text) {
  return isalpha((unsigned char)text[0]) && text[1] == ':' && strchr("\\/", text[2]) &&
         (text[2] == '\\' || access((const char[]){text[0], 0}, F_OK) != 0);
}

static ls_status sniff(const char *path, const ls_format **out) {
  unsigned char head[LS_SIGNATURE_HEAD];
  size_t got;
  ls_dtype type;
  ls_gz *gz;
  LS_TRY(ls_gz_open(path, &gz));
  ls_status status = ls_gz_read(gz, head, sizeof head, &got);
  ls_gz_close(&gz);
  LS_TRY(status);
  const ls_signature *known = ls_signature_of(head, got);
  bool there = access(path, F_OK) == 0;                  /* not in an archive */
  bool named_h5 = there && ls_path_ends_in(path, ".h5"); /* damaged? */
  if (known == ls_signature_hdf5 && ls_h5_signature(path) < 0)
    return ls_fail(LS_EDATA, "%s: HDF5 is not read out of an archive; unzip it", path);
  *out = &ls_format_csv; /* which says what a file is that is no text */
  if (named_h5 || ls_h5_signature(path) >= 0) *out = &ls_format_hdf5;
  if (known == ls_signature_npy) *out = &ls_format_npy;
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

/* Lists of the datasets of x and y of each split; NULL: there is no such split. */
typedef struct {
  char *const *name[3][2];
} layout;

/* As `data import` makes it. */
#define LIST(name) ((char *const[]){(char *)(name), NULL})
static const layout own_layout = {{{LIST("/train/x"), LIST("/train/y")},
                                   {LIST("/validation/x"), LIST("/validation/y")},
                                   {LIST("/test/x"), LIST("/test/y")}}};
static const char weights_name[] = "/train/weights";

/* ---- which datasets a file has ---- */

typedef struct {
  ls_texts path;
  ls_status status; /* of making the list */
} contents;

static void note(void *arg, const ls_h5_entry *entry) {
  contents *c = arg;
  if (c->status == LS_OK) c->status = ls_texts_add(&c->path, ls_mem_text(entry->path));
}

static ls_status look_into(const char *path, contents *c) {
  LS_TRY(ls_h5_list(path, note, c));
  return c->status;
}

static bool has_one(const contents *c, const char *name) {
  const ls_dataset d = ls_dataset_of(name);
  for (int64_t k = 0; k < c->path.count; k++) {
    const char *path = c->path.text[k];
    if (strncmp(path, d.here, (size_t)d.path) == 0 && !path[d.path]) return true;
  }
  return false;
}

static bool has_all(const contents *c, char *const *list) {
  for (; list && *list; list++)
    if (!has_one(c, *list)) return false;
  return true;
}

/* A split that the layout has and the file too. */
static bool has(const contents *c, const layout *l, int split) {
  return l->name[split][0] && has_all(c, l->name[split][0]) && has_all(c, l->name[split][1]);
}

/* ---- whose layout it has ---- */

/* The datasets without the files that they were in: those of this one are meant. */
static char **here(char *const *list) {
  int n = ls_list_length(list);
  char **copy = ls_mem_must((size_t)(n + 1) * sizeof *copy);
  for (int k = 0; k < n; k++) copy[k] = ls_mem_text(ls_dataset_of(list[k]).here);
  return copy;
}

static void take_layout(const char *path, const contents *c, const layout *l, ls_data_spec *spec) {
  for (int s = 0; s < 3; s++) {
    if (!has(c, l, s)) continue;
    spec->source[s].file = ls_mem_text(path);
    spec->source[s].x_cols = here(l->name[s][0]);
    spec->source[s].y_cols = here(l->name[s][1]);
  }
}

static ls_status no_train(const char *path) {
  return ls_fail(LS_EDATA,
                 "%s: no /train/x and /train/y in it; a config says where the samples are", path);
}

static ls_status guess_hdf5(const char *path, ls_data_spec *spec) {
  contents c = {0};
  ls_status status = look_into(path, &c);
  if (status == LS_OK && !has(&c, &own_layout, 0)) status = no_train(path);
  if (status == LS_OK && has_one(&c, weights_name)) spec->weights = ls_mem_text(weights_name);
  if (status == LS_OK) take_layout(path, &c, &own_layout, spec);
  ls_texts_free(&c.path);
  return status;
}

static bool same_list(char *const *a, char *const *b) {
  int n = ls_list_length(a);
  bool same = n == ls_list_length(b);
  for (int k = 0; k < n && same; k++)
    same = strcmp(ls_dataset_of(a[k]).here, ls_dataset_of(b[k]).here) == 0;
  return same;
}

/* The training data's datasets; splits that are other files with the same datasets are one here. */
static layout layout_of(const ls_data_spec *like) {
  layout l = {0};
  for (int s = 0; s < 3 && strcmp(like->type, "hdf5") == 0; s++) {
    const ls_source_spec *source = &like->source[s];
    char *const *x = source->x_cols, *const *y = source->y_cols;
    if (!source->file || !x || !y) continue;
    if (l.name[0][0] && same_list(x, l.name[0][0]) && same_list(y, l.name[0][1])) continue;
    l.name[s][0] = x;
    l.name[s][1] = y;
  }
  return l;
}

static ls_status guess_hdf5_like(const char *path, const ls_data_spec *like, ls_data_spec *spec) {
  const layout known = layout_of(like);
  contents c = {0};
  ls_status status = look_into(path, &c);
  bool as_known = status == LS_OK && has(&c, &known, 0);
  const layout *l = as_known ? &known : &own_layout;
  take_layout(path, &c, l, spec);
  for (int s = 0; s < 3; s++) spec->source[s].transpose = as_known && like->source[s].transpose;
  bool found = has(&c, l, 0), inputs = known.name[0][0] && has_all(&c, known.name[0][0]);
  ls_texts_free(&c.path);
  if (status != LS_OK || found) return status;
  if (!known.name[0][0]) return no_train(path);
  status = ls_fail(LS_EDATA,
                   "%s: no %s and %s, where the checkpoint's training data were; lockstep data "
                   "info lists what there is, and a config says where the samples are",
                   path, ls_dataset_of(known.name[0][0][0]).here,
                   ls_dataset_of(known.name[0][1][0]).here);
  return inputs ? ls_refuse_targetless(status) : status;
}

static ls_status kind_of(const char *path, const ls_format **format, bool *folder) {
  struct stat about;
  *format = &ls_format_idx;
  *folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
  return *folder ? LS_OK : ls_format_sniff(path, format);
}

/* What a run leaves is no data, but its config names some. */
static ls_status refuse_run(const char *path) {
  char config[4096];
  snprintf(config, sizeof config, "%s/config.yaml", path);
  if (access(config, F_OK) != 0) return LS_OK;
  return ls_fail(LS_EDATA, "%s is a run folder; %s names its data", path, config);
}

static ls_status guess(const char *path, ls_data_spec *spec) {
  const ls_format *format;
  bool folder;
  if (access(path, F_OK) != 0 && errno == ENOENT && !has_drive(path))
    return ls_fail(LS_EDATA, "%s: no such file or folder", path);
  LS_TRY(kind_of(path, &format, &folder));
  spec->type = ls_mem_text(format->name);
  if (folder) LS_TRY(refuse_run(path));
  if (folder) spec->dir = ls_mem_text(path);
  if (folder) return LS_OK;
  if (format == &ls_format_hdf5) return guess_hdf5(path, spec);
  if (format == &ls_format_npy)
    return ls_fail(LS_EDATA, "%s: which file has the targets? --y Y.npy", path);
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

static char **copy_list(char *const *list) {
  int n = ls_list_length(list);
  char **copy = list ? ls_mem_must((size_t)(n + 1) * sizeof *copy) : NULL;
  for (int k = 0; k < n; k++) copy[k] = ls_mem_text(list[k]);
  return copy;
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
  if (same && format == &ls_format_csv) to->x_cols = copy_list(from->x_cols);
  if (same && format == &ls_format_csv && !spec->inputs) to->y_cols = copy_list(from->y_cols);
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
  if (folder) LS_TRY(refuse_run(path));
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

static void free_list(char ***list) {
  for (char **text = *list; text && *text; text++) LS_FREE(*text);
  LS_FREE(*list);
}

void ls_data_guess_free(ls_data_spec *spec) {
  for (int s = 0; s < 3; s++) {
    LS_FREE(spec->source[s].file);
    free_list(&spec->source[s].x_cols);
    free_list(&spec->source[s].y_cols);
  }
  LS_FREE(spec->weights);
  LS_FREE(spec->type);
  LS_FREE(spec->dir);
}

/* ---- inputs ---- */

/* Where ":DATASET" begins, which is a path; NULL: there is none. */
static const char *find_dataset(const char *text) {
  const char *last = NULL, *colon = strstr(text, ":/");
  for (; colon; colon = strstr(colon + 1, ":/")) last = colon;
  return last ? last : strrchr(text, ':');
}

/* "FILE:DATASET", unless a file has just this name. */
static void split_dataset(const char *text, ls_source_spec *source) {
  const bool whole = access(text, F_OK) == 0 || has_drive(text);
  const char *colon = whole ? NULL : find_dataset(text);
  source->file = colon ? ls_mem_format("%.*s", (int)(colon - text), text) : ls_mem_text(text);
  if (colon) source->x_cols = here(LIST(colon + 1));
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
  char *const *own = like->spec->source[0].x_cols;
  bool same = format == &ls_format_hdf5 && strcmp(like->spec->type, name) == 0;
  if (same && own && !spec->source[0].x_cols) spec->source[0].x_cols = here(own);
  return ls_data_open(comm, spec, LS_TARGET_REAL, precision, out);
}

ls_status ls_data_open_inputs(ls_comm *comm, const char *file, const ls_data_like *like,
                              const ls_affine *x_affine, const ls_filling *x_mean,
                              ls_dtype precision, ls_data **out) {
  ls_data_spec spec = {
      .limit = {-1, -1, -1}, .inputs = true, .x_affine = x_affine, .x_mean = x_mean};
  *out = NULL;
  split_dataset(file, &spec.source[0]);
  ls_status status = open_inputs(comm, &spec, like, precision, out);
  ls_data_guess_free(&spec);
  return status;
}
