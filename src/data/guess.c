/* guess.c - data named by a path alone: what kind of file it is, and where its samples are. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/format.h"
#include "io/gz.h"
#include "io/h5.h"
#include "io/h5sign.h"

static ls_status sniff(const char *path, const ls_format **out) {
  unsigned char head[8];
  size_t got, length = strlen(path);
  ls_gz *gz;
  const char *relative = ls_h5_relative(path);
  if (relative) return ls_fail(LS_EDATA, "%s: %s", path, relative);
  LS_TRY(ls_gz_open(path, &gz));
  ls_status status = ls_gz_read(gz, head, sizeof head, &got);
  ls_gz_close(&gz);
  LS_TRY(status);
  bool named_h5 = length > 3 && strcmp(path + length - 3, ".h5") == 0; /* damaged, perhaps */
  *out = &ls_format_csv;
  if (named_h5 || ls_h5_recognized(path)) *out = &ls_format_hdf5;
  if (got >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) *out = &ls_format_npy;
  if (got >= 4 && memcmp(head, "\0\0\x08\x03", 4) == 0) *out = &ls_format_idx;
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

static const char *const layout_names[3][2] = {
    {"/train/x", "/train/y"}, {"/validation/x", "/validation/y"}, {"/test/x", "/test/y"}};

static const char weights_name[] = "/train/weights";

typedef struct {
  bool there[3][2], weights;
} layout;

static void note(void *arg, const char *path, const char *dims, const char *type) {
  layout *found = arg;
  (void)dims, (void)type;
  found->weights = found->weights || strcmp(path, weights_name) == 0;
  for (int s = 0; s < 3; s++)
    for (int k = 0; k < 2; k++)
      found->there[s][k] = found->there[s][k] || strcmp(path, layout_names[s][k]) == 0;
}

static ls_status guess_hdf5(const char *path, ls_data_spec *spec) {
  layout found = {0};
  LS_TRY(ls_h5_list(path, note, &found));
  if (!found.there[0][0] || !found.there[0][1])
    return ls_fail(LS_EDATA,
                   "%s: no /train/x and /train/y in it; a config says where the samples are", path);
  if (found.weights) spec->weights = ls_mem_text(weights_name);
  for (int s = 0; s < 3; s++) {
    if (!found.there[s][0] || !found.there[s][1]) continue;
    spec->source[s].file = ls_mem_text(path);
    spec->source[s].x = ls_mem_text(layout_names[s][0]);
    spec->source[s].y = ls_mem_text(layout_names[s][1]);
  }
  return LS_OK;
}

static ls_status guess(const char *path, ls_data_spec *spec) {
  struct stat about;
  const ls_format *format = &ls_format_idx;
  if (stat(path, &about) != 0) return ls_fail(LS_EDATA, "%s: no such file or folder", path);
  if (!S_ISDIR(about.st_mode)) LS_TRY(ls_format_sniff(path, &format));
  spec->type = ls_mem_text(format->name);
  if (S_ISDIR(about.st_mode)) spec->dir = ls_mem_text(path);
  if (S_ISDIR(about.st_mode)) return LS_OK;
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

static ls_status open_inputs(ls_comm *comm, ls_data_spec *spec, const ls_data_spec *like,
                             ls_precision precision, ls_data **out) {
  const ls_format *format = NULL;
  char name[16] = "";
  ls_status status =
      ls_comm_node_rank(comm) == 0 ? ls_format_sniff(spec->source[0].file, &format) : LS_OK;
  LS_TRY(ls_comm_agree(comm, status));
  if (format) snprintf(name, sizeof name, "%s", format->name);
  ls_comm_node_bcast(comm, name, sizeof name);
  spec->type = ls_mem_text(name);
  const ls_source_spec *model = like && strcmp(like->type, name) == 0 ? &like->source[0] : NULL;
  if (model && !spec->source[0].x && model->x) spec->source[0].x = ls_mem_text(model->x);
  spec->source[0].header = model ? model->header : true;
  spec->source[0].transpose = model && model->transpose;
  spec->source[0].x_cols = model ? model->x_cols : NULL;
  if (like) spec->missing = like->missing;
  return ls_data_open(comm, spec, LS_TARGET_REAL, precision, out);
}

ls_status ls_data_open_inputs(ls_comm *comm, const char *file, const ls_data_spec *like,
                              const ls_affine *x_affine, ls_precision precision, ls_data **out) {
  ls_data_spec spec = {.limit = {-1, -1, -1}, .inputs = true, .x_affine = x_affine};
  *out = NULL;
  split_dataset(file, &spec.source[0]);
  ls_status status = open_inputs(comm, &spec, like, precision, out);
  spec.source[0].x_cols = NULL; /* borrowed, as missing is */
  ls_data_guess_free(&spec);
  return status;
}
