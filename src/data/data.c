#include "data/data.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "data/data_private.h"
#include "data/stream.h"
#include "data/trained.h"

int64_t ls_data_features(const ls_data *data) { return data->features; }
const char ls_columns_hint[] =
    "; are samples the columns here, or were they in training? data import --transpose turns them";
bool ls_data_columns_fit(const ls_data *data, int64_t features) {
  return data->turnable && data->part[0].shape.rows == features;
}
const ls_texts *ls_data_names(const ls_data *data) { return &data->names; }
const ls_trained *ls_data_trained(const ls_data *data) { return &data->trained; }
int64_t ls_data_outputs(const ls_data *data) { return data->outputs; }
const ls_affine *ls_data_x_affine(const ls_data *data) { return data->x_affine; }
const ls_affine *ls_data_y_affine(const ls_data *data) { return data->y_affine; }

const ls_data_file *ls_data_files(const ls_data *data, int *count) {
  *count = data->files;
  return data->file;
}

int64_t ls_data_rows(const ls_data *data, ls_split split) {
  if (split != LS_SPLIT_ALL) return data->cut[split].rows;
  return data->part[0].shape.rows + data->part[1].shape.rows + data->part[2].shape.rows;
}

int64_t ls_data_file_row(const ls_data *data, ls_split split, int64_t i) {
  return split == LS_SPLIT_ALL ? i : ls_cut_row(&data->cut[split], i);
}

/* The part that sample i of a split lies in, and its row there. */
static const ls_part *locate(const ls_data *data, ls_split split, int64_t i, int64_t *row) {
  if (split != LS_SPLIT_ALL) {
    *row = ls_cut_row(&data->cut[split], i);
    return &data->part[data->cut[split].part];
  }
  const ls_part *part = data->part;
  for (*row = i; *row >= part->shape.rows; part++) *row -= part->shape.rows;
  return part;
}

enum { TOGETHER = 256 }; /* samples whose rows are looked up at once */

/* Rows of samples from index[0] on that lie in one part; how many, TOGETHER at most. */
static int64_t locate_some(const ls_data *data, ls_split split, const int64_t *index, int64_t most,
                           int64_t *row, const ls_part **part) {
  int64_t run = 0;
  for (; run < most && run < TOGETHER; run++) {
    assert(index[run] >= 0 && index[run] < ls_data_rows(data, split));
    const ls_part *in = locate(data, split, index[run], &row[run]);
    if (run == 0) *part = in;
    if (in != *part) break;
  }
  return run;
}

ls_status ls_data_gather(const ls_data *data, ls_split split, const int64_t *index, int64_t rows,
                         void *x, int64_t ldx, int32_t *labels, void *targets) {
  assert((!x || ldx >= data->features) && (!labels || data->labels));
  size_t width_x = (size_t)ldx * ls_dtype_size(data->precision),
         width_y = (size_t)data->outputs * ls_dtype_size(data->precision);
  int64_t row[TOGETHER];
  const ls_part *part;
  for (int64_t k = 0, run; k < rows; k += run) {
    run = locate_some(data, split, index + k, rows - k, row, &part);
    void *to_x = x ? (char *)x + (size_t)k * width_x : NULL,
         *to_y = targets ? (char *)targets + (size_t)k * width_y : NULL;
    int32_t *to_label = labels ? labels + k : NULL;
    if (part->source) {
      LS_TRY(ls_stream_gather(data, part, row, run, to_x, ldx, to_label, to_y));
      continue;
    }
    ls_rows from = {part->x.data, part->cell, data->features, data->bytes, data->x_affine};
    if (x) ls_gather(data->precision, &from, row, 0, run, to_x, ldx);
    if (to_label || to_y) ls_target_copy(data, part->y.data, row, 0, run, to_label, to_y);
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
  for (int s = 0; s < 3; s++) {
    ls_comm_shared_free(comm, &data->part[s].x);
    ls_comm_shared_free(comm, &data->part[s].y);
    ls_source_close(&data->part[s].source);
  }
  ls_comm_shared_free(comm, &data->weight);
  ls_comm_shared_free(comm, &data->drawn_memory);
  for (int i = 0; i < 2; i++) LS_FREE(data->class_count[i]);
  for (int i = 0; i < data->files; i++) LS_FREE(data->file[i].path);
  ls_texts_free(&data->names);
  ls_trained_free(&data->trained);
  ls_source_close(&data->ahead);
  LS_FREE(data->scratch.x);
  LS_FREE(data->scratch.y);
  LS_FREE(data->kept);
  LS_FREE(data->counter);
  LS_FREE(data->file);
  LS_FREE(data->bytes);
  ls_affine_free(&data->x_affine);
  ls_affine_free(&data->y_affine);
  LS_FREE(*out);
}
