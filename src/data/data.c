/* data.c - questions to open data, and their end. What is done here is finding samples: a
 * number within a split becomes a source and a row of it (locate), and runs of one source go to
 * the store together (ls_data_gather). */
#include "data/data.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "data/data_private.h"
#include "data/trained.h"

int64_t ls_data_features(const ls_data *data) { return data->recipe.features; }
const char ls_columns_hint[] =
    "; are samples the columns here, or were they in training? data import --transpose turns them";
bool ls_data_columns_fit(const ls_data *data, int64_t features) {
  return data->turnable && data->rows[LS_SPLIT_TRAIN] == features;
}
const ls_texts *ls_data_names(const ls_data *data) { return &data->names; }
const ls_account *ls_data_account(const ls_data *data) { return &data->account; }
ls_separator ls_data_separator(const ls_data *data) { return data->separator; }

const ls_trained *ls_data_trained(const ls_data *data) { return &data->trained; }
int64_t ls_data_outputs(const ls_data *data) { return data->recipe.outputs; }
const ls_filling *ls_data_x_mean(const ls_data *data) { return &data->recipe.x_mean; }
bool ls_data_masked(const ls_data *data) { return data->recipe.gaps[LS_ROLE_Y]; }
bool ls_data_soft(const ls_data *data) { return data->recipe.soft; }
const ls_affine *ls_data_x_affine(const ls_data *data) { return data->recipe.x_affine; }
const ls_affine *ls_data_y_affine(const ls_data *data) { return data->recipe.y_affine; }

const ls_data_file *ls_data_files(const ls_data *data, int *count) {
  *count = data->files;
  return data->file;
}

int64_t ls_data_rows(const ls_data *data, ls_split split) {
  if (split != LS_SPLIT_ALL) return data->splits.cut[split].rows;
  return data->splits.all[0].rows + data->splits.all[1].rows + data->splits.all[2].rows;
}

int64_t ls_data_file_row(const ls_data *data, ls_split split, int64_t i) {
  return split == LS_SPLIT_ALL ? i : ls_cut_row(&data->splits.cut[split], i);
}

ls_status ls_data_train_rows(const ls_data *data, const ls_data_spec *spec, int64_t *rows) {
  ls_splits splits = {0};
  memcpy(splits.kept, data->splits.kept, sizeof splits.kept);
  LS_TRY(ls_splits_cut(spec, data->rows, &splits));
  *rows = splits.cut[LS_SPLIT_TRAIN].rows;
  return LS_OK;
}

/* The source that sample i of a split lies in, and its row there. */
static int locate(const ls_data *data, ls_split split, int64_t i, int64_t *row) {
  if (split != LS_SPLIT_ALL) {
    *row = ls_cut_row(&data->splits.cut[split], i);
    return data->splits.cut[split].source;
  }
  int s = 0;
  for (; i >= data->splits.all[s].rows; s++) i -= data->splits.all[s].rows;
  *row = ls_cut_row(&data->splits.all[s], i);
  return s;
}

enum { TOGETHER = 256 }; /* samples whose rows are looked up at once */

/* Rows of samples from index[0] on that lie in one source; how many, TOGETHER at most. */
static int64_t locate_some(const ls_data *data, ls_split split, const int64_t *index, int64_t most,
                           int64_t *row, int *source) {
  int64_t run = 0;
  for (; run < most && run < TOGETHER; run++) {
    assert(index[run] >= 0 && index[run] < ls_data_rows(data, split));
    int in = locate(data, split, index[run], &row[run]);
    if (run == 0) *source = in;
    if (in != *source) break;
  }
  return run;
}

ls_status ls_data_gather(const ls_data *data, ls_split split, const int64_t *index, int64_t rows,
                         const ls_batch *to) {
  const ls_recipe *r = &data->recipe;
  assert((!to->x || to->ldx >= r->features) && (!to->labels || r->labels || r->soft));
  int64_t row[TOGETHER];
  int source;
  for (int64_t k = 0, run; k < rows; k += run) {
    run = locate_some(data, split, index + k, rows - k, row, &source);
    const ls_batch part = ls_recipe_behind(r, to, k);
    LS_TRY(data->kind->gather(data->store, source, row, run, &part));
  }
  return LS_OK;
}

const int64_t *ls_data_class_counts(const ls_data *data, ls_split split) {
  assert(split == LS_SPLIT_TRAIN || split == LS_SPLIT_VALIDATION);
  return data->class_count[split];
}

void ls_data_close(ls_comm *comm, ls_data **out) {
  ls_data *data = *out;
  if (!data) return;
  if (data->store) data->kind->close(comm, data->store);
  ls_comm_shared_free(comm, &data->there_memory);
  ls_comm_shared_free(comm, &data->weight_memory);
  ls_comm_shared_free(comm, &data->drawn);
  ls_comm_shared_free(comm, &data->kept);
  for (int i = 0; i < 2; i++) LS_FREE(data->class_count[i]);
  for (int i = 0; i < data->files; i++) LS_FREE(data->file[i].path);
  LS_FREE(data->file);
  ls_texts_free(&data->names);
  ls_trained_free(&data->trained);
  ls_account_free(&data->account);
  ls_recipe_free(&data->recipe);
  LS_FREE(*out);
}
