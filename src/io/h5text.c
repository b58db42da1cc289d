#include "io/h5text.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/child.h"
#include "io/h5raw.h"

enum { COUNT_MAX = 1 << 16, BYTES_MAX = 1 << 22, SILENCE_SECONDS = 60 };

void ls_texts_free(ls_texts *texts) {
  for (int64_t i = 0; i < texts->count; i++) LS_FREE(texts->text[i]);
  LS_FREE(texts->text);
  *texts = (ls_texts){0};
}

/* ---- in a process of its own, as everything that HDF5 reads ---- */

typedef struct {
  int64_t count, bytes;
} summary;

/* An attribute or a dataset. */
typedef struct {
  hid_t id;
  bool attribute;
} holder;

static hid_t type_of(holder h) { return h.attribute ? H5Aget_type(h.id) : H5Dget_type(h.id); }
static hid_t space_of(holder h) { return h.attribute ? H5Aget_space(h.id) : H5Dget_space(h.id); }
static bool read_of(holder h, hid_t type, void *out) {
  return (h.attribute ? H5Aread(h.id, type, out)
                      : H5Dread(h.id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out)) >= 0;
}

static void add(char *block, summary *found, const char *text, size_t length) {
  if (found->bytes + (int64_t)length + 1 > BYTES_MAX) return;
  memcpy(block + found->bytes, text, length);
  found->bytes += (int64_t)length + 1; /* the block is zeroed */
  found->count++;
}

/* Fixed width: padded with NULs or blanks. */
static void take_fixed(holder h, hid_t type, int64_t count, char *block, summary *found) {
  size_t width = H5Tget_size(type);
  char *text =
      width > 0 && width <= (size_t)(BYTES_MAX / count) ? calloc((size_t)count, width) : NULL;
  if (text && read_of(h, type, text))
    for (int64_t i = 0; i < count; i++) {
      size_t length = strnlen(text + (size_t)i * width, width);
      while (H5Tget_strpad(type) == H5T_STR_SPACEPAD && length > 0 &&
             text[(size_t)i * width + length - 1] == ' ')
        length--;
      add(block, found, text + (size_t)i * width, length);
    }
  free(text);
}

static void take_variable(holder h, hid_t type, int64_t count, char *block, summary *found) {
  char **text = calloc((size_t)count, sizeof *text);
  if (text && read_of(h, type, text))
    for (int64_t i = 0; i < count; i++)
      add(block, found, text[i] ? text[i] : "", text[i] ? strlen(text[i]) : 0);
  free(text); /* and what it points to with the process */
}

static void take(holder h, char *block, summary *found) {
  hid_t type = type_of(h), space = space_of(h);
  hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
  if (type < 0 || count < 1 || count > COUNT_MAX || H5Tget_class(type) != H5T_STRING) return;
  if (H5Tis_variable_str(type) > 0)
    take_variable(h, type, count, block, found);
  else
    take_fixed(h, type, count, block, found);
}

static void serve(int socket) {
  ls_h5raw *raw;
  char *file, *dataset, *attribute;
  summary found = {0, 0};
  if (!ls_socket_text(socket, &file) || !ls_socket_text(socket, &dataset) ||
      !ls_socket_text(socket, &attribute))
    return;
  char *block = calloc(1, BYTES_MAX);
  ls_status status = block ? ls_h5raw_object(file, dataset, &raw) : LS_FAIL;
  hid_t set = status == LS_OK ? (hid_t)ls_h5raw_id(raw) : -1;
  holder h = {set, attribute != NULL};
  if (set >= 0 && attribute)
    h.id = H5Aexists(set, attribute) > 0 ? H5Aopen(set, attribute, H5P_DEFAULT) : -1;
  if (h.id >= 0) take(h, block, &found);
  if (ls_h5_reply(socket, LS_OK, &found, sizeof found))
    ls_h5_reply(socket, LS_OK, block, (size_t)found.bytes);
}

const ls_child_job ls_h5_texts_job = {"h5-texts", serve};

/* ---- here ---- */

static ls_status receive(ls_child *child, const char *file, ls_texts *out) {
  summary found;
  char *block;
  LS_TRY(ls_h5_receive(child, file, &found, sizeof found));
  LS_NEW(block, found.bytes + 1);
  ls_status status = ls_h5_receive(child, file, block, (size_t)found.bytes);
  if (status == LS_OK)
    status = ls_mem_new((void **)&out->text, (size_t)found.count, sizeof(char *));
  const char *at = block;
  for (; status == LS_OK && out->count < found.count; at += strlen(at) + 1)
    out->text[out->count++] = ls_mem_text(at);
  LS_FREE(block);
  return status;
}

static ls_status ask(ls_child *child, const char *file, const char *dataset,
                     const char *attribute) {
  LS_TRY(ls_child_send_text(child, file, file));
  LS_TRY(ls_child_send_text(child, file, dataset));
  return ls_child_send_text(child, file, attribute);
}

ls_status ls_h5_texts(const char *file, const char *dataset, const char *attribute, ls_texts *out) {
  ls_child *child;
  *out = (ls_texts){0};
  LS_TRY(ls_child_start(&ls_h5_texts_job, SILENCE_SECONDS, &child));
  ls_status status = ask(child, file, dataset, attribute);
  if (status == LS_OK) status = receive(child, file, out);
  ls_child_stop(&child);
  return status;
}
