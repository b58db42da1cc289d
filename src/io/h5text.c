/* h5text.c - texts come in three forms (fixed width, variable, letters along the last
 * dimension), and in any of them all are taken or none. Begin with take. Memory is malloc's and
 * bounded, since the file says how much. */
#include "io/h5text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT_MAX = 1 << 24, BYTES_MAX = 1 << 27 };

/* An attribute or a dataset. */
typedef struct {
  hid_t id;
  bool attribute;
} holder;

static hid_t type_of(holder h) { return h.attribute ? H5Aget_type(h.id) : H5Dget_type(h.id); }
static hid_t space_of(holder h) { return h.attribute ? H5Aget_space(h.id) : H5Dget_space(h.id); }
static bool read_of(holder h, hid_t type, void *out) {
  if (h.attribute) return H5Aread(h.id, type, out) >= 0;
  return H5Dread(h.id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
}

static void add(ls_h5text *out, const char *text, size_t length) {
  if (out->bytes + (int64_t)length + 1 > BYTES_MAX) return;
  memcpy(out->block + out->bytes, text, length);
  out->bytes += (int64_t)length + 1; /* the block is zeroed */
  out->count++;
}

/* Characters along the last of several dimensions are the letters of one text, as NetCDF and
 * Fortran have it: how many; 1: each is a text of its own. */
static size_t letters(holder h, hid_t type, hid_t space) {
  hsize_t extent[H5S_MAX_RANK];
  const int dims = H5Sget_simple_extent_ndims(space);
  if (h.attribute || H5Tget_size(type) != 1 || dims < 2) return 1;
  return H5Sget_simple_extent_dims(space, extent, NULL) == dims ? (size_t)extent[dims - 1] : 1;
}

/* Fixed width: padded with NULs or blanks. */
static void take_fixed(holder h, hid_t type, size_t *texts, size_t joined, ls_h5text *out) {
  const size_t count = *texts / joined, width = H5Tget_size(type) * joined;
  char *text = width > 0 && width <= BYTES_MAX / count ? calloc(count, width) : NULL;
  bool there = text && read_of(h, type, text),
       blanks = joined > 1 || H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  *texts = count;
  for (size_t i = 0; i < count && there; i++) {
    const char *at = text + i * width;
    size_t length = strnlen(at, width);
    while (blanks && length > 0 && at[length - 1] == ' ') length--;
    add(out, at, length);
  }
  free(text);
}

static void take_variable(holder h, hid_t type, size_t count, ls_h5text *out) {
  char **text = calloc(count, sizeof *text);
  bool there = text && read_of(h, type, text);
  for (size_t i = 0; i < count && there; i++) {
    add(out, text[i] ? text[i] : "", text[i] ? strlen(text[i]) : 0);
    if (text[i]) H5free_memory(text[i]);
  }
  free(text);
}

static void take(holder h, hid_t type, hid_t space, ls_h5text *out) {
  const hssize_t points = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
  size_t count = points > 0 ? (size_t)points : 0;
  if (type < 0 || points < 1 || points > COUNT_MAX || H5Tget_class(type) != H5T_STRING) return;
  if (!(out->block = calloc(1, BYTES_MAX))) return;
  if (H5Tis_variable_str(type) > 0)
    take_variable(h, type, count, out);
  else
    take_fixed(h, type, &count, letters(h, type, space), out);
  if (out->count < (int64_t)count) out->count = out->bytes = 0; /* all or none */
}

void ls_h5text_read(hid_t set, const char *attribute, ls_h5text *out) {
  holder h = {set, attribute != NULL};
  *out = (ls_h5text){0};
  if (attribute) h.id = H5Aexists(set, attribute) > 0 ? H5Aopen(set, attribute, H5P_DEFAULT) : -1;
  if (h.id < 0) return;
  hid_t type = type_of(h), space = space_of(h);
  take(h, type, space, out);
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  if (attribute) H5Aclose(h.id);
}
