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
  return split == LS_SPLIT_ALL ? i : data->cut[split].first + i;
}

/* The part that sample i of a split lies in, and what is to be added to i to get its row there. */
static const ls_part *locate(const ls_data *data, ls_split split, int64_t i, int64_t *offset) {
  if (split != LS_SPLIT_ALL) {
    *offset = data->cut[split].first;
    return &data->part[data->cut[split].part];
  }
  *offset = 0;
  const ls_part *part = data->part;
  for (; i + *offset >= part->shape.rows; part++) *offset -= part->shape.rows;
  return part;
}

ls_status ls_data_gather(const ls_data *data, ls_split split, const int64_t *index, int64_t rows,
                         void *x, int64_t ldx, int32_t *labels, void *targets) {
  assert((!x || ldx >= data->features) && (!labels || data->labels));
  size_t width_x = (size_t)ldx * ls_real_size(data->precision),
         width_y = (size_t)data->outputs * ls_real_size(data->precision);
  for (int64_t k = 0, run; k < rows;
       k += run) { /* runs of samples that lie in one part: all of them, but for split `all` */
    assert(index[k] >= 0 && index[k] < ls_data_rows(data, split));
    int64_t offset, other;
    const ls_part *part = locate(data, split, index[k], &offset);
    for (run = 1; k + run < rows &&
                  (split != LS_SPLIT_ALL || locate(data, split, index[k + run], &other) == part);)
      run++;
    void *to_x = x ? (char *)x + (size_t)k * width_x : NULL,
         *to_y = targets ? (char *)targets + (size_t)k * width_y : NULL;
    int32_t *to_label = labels ? labels + k : NULL;
    if (part->source) {
      LS_TRY(ls_stream_gather(data, part, index + k, offset, run, to_x, ldx, to_label, to_y));
      continue;
    }
    ls_rows from = {part->x.data, part->cell, data->features, data->bytes, data->x_affine};
    if (x) ls_gather(data->precision, &from, index + k, offset, run, to_x, ldx);
    if (to_label || to_y)
      ls_target_copy(data, part->y.data, index + k, offset, run, to_label, to_y);
  }
  return LS_OK;
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
