#include "io/h5view.h"

#include <string.h>
#include <sys/param.h>

#include "base/mem.h"

/* Samples that are columns are read in blocks: each of a block's values is a stretch of its own in
 * the file. */
enum { BLOCK_VALUES = 1 << 22, PART_VALUES = 1 << 16 };

struct ls_h5view {
  int dims;
  hsize_t extent[LS_H5_DIMS];
  bool transpose;
  const ls_h5_meaning *meaning;
  int64_t samples, width;
  int64_t block;        /* samples of a block */
  int64_t first, rows;  /* those that are there now */
  int64_t *at;          /* (width) transpose: where in the stored order each value of a sample is */
  ls_h5_stored *value;  /* (block, width), in the order of the file */
  ls_h5_stored *sample; /* (width) transpose: one, in its own order */
};

/* at[k]: the stored number of value k, of all dimensions but the last one, which are reversed. */
static void find_values(ls_h5view *v) {
  for (int64_t k = 0; k < v->width; k++) {
    int64_t rest = k, stride = 1, index[LS_H5_DIMS];
    for (int d = 0; d < v->dims - 1; d++) { /* the first one is the fastest */
      index[d] = rest % (int64_t)v->extent[d];
      rest /= (int64_t)v->extent[d];
    }
    v->at[k] = 0;
    for (int d = v->dims - 2; d >= 0; d--) {
      v->at[k] += index[d] * stride;
      stride *= (int64_t)v->extent[d];
    }
  }
}

static ls_status make_room(ls_h5view *v) {
  int64_t most = (v->transpose ? BLOCK_VALUES : PART_VALUES) / v->width;
  v->block = MIN(MAX(most, 1), v->samples);
  LS_NEW(v->value, v->block * v->width);
  if (!v->transpose) return LS_OK;
  LS_NEW(v->at, v->width);
  LS_NEW(v->sample, v->width);
  find_values(v);
  return LS_OK;
}

ls_status ls_h5view_new(int dims, const int64_t *extent, bool transpose,
                        const ls_h5_meaning *meaning, ls_h5view **out) {
  LS_NEW(*out, 1);
  ls_h5view *v = *out;
  *v = (ls_h5view){.dims = dims, .transpose = transpose, .meaning = meaning, .width = 1};
  for (int d = 0; d < dims; d++) v->extent[d] = (hsize_t)extent[d];
  int row = transpose ? dims - 1 : 0;
  for (int d = 0; d < dims; d++)
    if (d != row) v->width *= extent[d];
  v->samples = extent[row];
  ls_status status = make_room(v);
  if (status != LS_OK) ls_h5view_free(out);
  return status;
}

void ls_h5view_free(ls_h5view **out) {
  ls_h5view *v = *out;
  if (!v) return;
  LS_FREE(v->value);
  LS_FREE(v->at);
  LS_FREE(v->sample);
  LS_FREE(*out);
}

/* Samples [lo, lo + rows) as they are stored, into value. */
static bool fetch(ls_h5view *v, hid_t set, hid_t space, int64_t lo, int64_t rows) {
  hsize_t start[LS_H5_DIMS] = {0}, count[LS_H5_DIMS];
  int row = v->transpose ? v->dims - 1 : 0;
  memcpy(count, v->extent, sizeof count);
  start[row] = (hsize_t)lo;
  count[row] = (hsize_t)rows;
  hid_t memory = H5Screate_simple(v->dims, count, NULL);
  bool ok = memory >= 0 &&
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
            H5Dread(set, ls_h5_meaning_type(v->meaning), memory, space, H5P_DEFAULT, v->value) >= 0;
  if (memory >= 0) H5Sclose(memory);
  v->first = lo;
  v->rows = ok ? rows : 0;
  return ok;
}

static bool read_columns(ls_h5view *v, hid_t set, hid_t space, int64_t lo, int64_t rows,
                         ls_dtype cell, char *out) {
  size_t width = (size_t)v->width * ls_dtype_size(cell);
  for (int64_t r = lo; r < lo + rows; r++, out += width) {
    int64_t first = r / v->block * v->block;
    bool there = r >= v->first && r < v->first + v->rows;
    if (!there && !fetch(v, set, space, first, MIN(v->block, v->samples - first))) return false;
    for (int64_t k = 0; k < v->width; k++)
      v->sample[k] = v->value[v->at[k] * v->rows + r - v->first];
    ls_h5_meaning_apply(v->meaning, v->sample, v->width, cell, out);
  }
  return true;
}

bool ls_h5view_read(ls_h5view *v, hid_t set, hid_t space, int64_t lo, int64_t rows, ls_dtype cell,
                    void *out) {
  if (v->transpose) return read_columns(v, set, space, lo, rows, cell, out);
  for (int64_t done = 0, n; done < rows; done += n) {
    n = MIN(v->block, rows - done);
    if (!fetch(v, set, space, lo + done, n)) return false;
    ls_h5_meaning_apply(v->meaning, v->value, n * v->width, cell,
                        (char *)out + (size_t)(done * v->width) * ls_dtype_size(cell));
  }
  return true;
}
