#include "data/format.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static const ls_format *const formats[] = {&ls_format_idx, NULL};

const ls_format *ls_format_find(const char *name) {
  for (int i = 0; formats[i]; i++)
    if (strcmp(formats[i]->name, name) == 0) return formats[i];
  return NULL;
}

ls_status ls_reader_open(const ls_data_spec *spec, ls_split split, ls_reader **out) {
  *out = NULL;
  const ls_format *format = ls_format_find(spec->type);
  if (!format) return ls_fail(LS_ECONFIG, "data.type: %s is not available", spec->type);
  LS_TRY(format->open(spec, split, out));
  if (*out) assert((*out)->shape.rows > 0 && (*out)->shape.features > 0);
  return LS_OK;
}

void ls_reader_close(ls_reader **out) {
  ls_reader *reader = *out;
  if (!reader) return;
  for (int i = 0; i < reader->files; i++) LS_FREE(reader->file[i].path);
  reader->format->close(reader);
  LS_FREE(*out);
}
