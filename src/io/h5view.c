/* h5view.c - samples that are columns lie scattered, so a block of them is read in the file's
 * order and kept, and at[] says where in it each value of a sample is. Begin with
 * ls_h5view_read. */
#include "io/h5view.h"

#include "base/clamp.h"
#include "base/mem.h"

/* Samples that are columns are read in blocks: each of a block's values is a stretch of its own in
 * the file. */
enum { BLOCK_VALUES = 1 << 22, PART_VALUES = 1 << 16 };

struct ls_h5view {
  const ls_h5object *object;
  bool transpose;
  const ls_h5_meaning *meaning;
  int row; /* the dimension that samples are an index of */
  int64_t samples, width;
  int64_t block;        /* samples of a block */
  int64_t first, rows;  /* those that are there now */
  int64_t *at;          /* (width) transpose: where in the stored order each value of a sample is */
  ls_h5_stored *value;  /* (block, width), in the order of the file */
  ls_h5_stored *sample; /* (width) transpose: one, in its own order */
};

/* at[k]: the stored number of value k, of all dimensions but the last one, which are reversed. */
static void find_values(ls_h5view *v) {
  const hsize_t *extent = v->object->extent;
  for (int64_t k = 0; k < v->width; k++) {
    int64_t rest = k, stride = 1, index[LS_H5_DIMS];
    for (int d = 0; d < v->row; d++) { /* the first one is the fastest */
      index[d] = rest % (int64_t)extent[d];
      rest /= (int64_t)extent[d];
    }
    v->at[k] = 0;
    for (int d = v->row - 1; d >= 0; d--) {
      v->at[k] += index[d] * stride;
      stride *= (int64_t)extent[d];
    }
  }
}

ls_status ls_h5view_new(const ls_h5object *object, bool transpose, const ls_h5_meaning *meaning,
                        ls_h5view **out) {
  LS_NEW(*out, 1);
  ls_h5view *v = *out;
  *v = (ls_h5view){.object = object, .transpose = transpose, .meaning = meaning, .width = 1};
  v->row = transpose ? object->dims - 1 : 0;
  v->samples = (int64_t)object->extent[v->row];
  for (int d = 0; d < object->dims; d++)
    if (d != v->row) v->width *= (int64_t)object->extent[d];
  int64_t most = (transpose ? BLOCK_VALUES : PART_VALUES) / v->width;
  v->block = ls_clamp(most, 1, v->samples);
  LS_NEW(v->value, v->block * v->width);
  if (!transpose) return LS_OK;
  LS_NEW(v->at, v->width);
  LS_NEW(v->sample, v->width);
  find_values(v);
  return LS_OK;
}

/* Samples [lo, lo + rows) as they are stored, into value. */
static bool fetch(ls_h5view *v, int64_t lo, int64_t rows) {
  hid_t type = ls_h5_meaning_type(v->meaning);
  bool ok = ls_h5object_read(v->object, v->row, lo, rows, type, v->value);
  v->first = lo;
  v->rows = ok ? rows : 0;
  return ok;
}

static bool read_columns(ls_h5view *v, int64_t lo, int64_t rows, ls_dtype cell, char *out) {
  size_t width = (size_t)v->width * ls_dtype_size(cell);
  for (int64_t r = lo; r < lo + rows; r++, out += width) {
    int64_t first = r / v->block * v->block;
    bool there = r >= v->first && r < v->first + v->rows;
    if (!there && !fetch(v, first, ls_min(v->block, v->samples - first))) return false;
    for (int64_t k = 0; k < v->width; k++)
      v->sample[k] = v->value[v->at[k] * v->rows + r - v->first];
    ls_h5_meaning_apply(v->meaning, v->sample, v->width, cell, out);
  }
  return true;
}

bool ls_h5view_read(ls_h5view *v, int64_t lo, int64_t rows, ls_dtype cell, void *out) {
  if (v->transpose) return read_columns(v, lo, rows, cell, out);
  for (int64_t done = 0, n; done < rows; done += n) {
    n = ls_min(v->block, rows - done);
    if (!fetch(v, lo + done, n)) return false;
    ls_h5_meaning_apply(v->meaning, v->value, n * v->width, cell,
                        (char *)out + (size_t)(done * v->width) * ls_dtype_size(cell));
  }
  return true;
}
