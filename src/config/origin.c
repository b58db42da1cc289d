/* origin.c - a list of paths and places. */
#include "config/origin.h"

#include <string.h>

#include "base/mem.h"

typedef struct ls_origin {
  struct ls_origin *next;
  char *path;
  ls_place at;
} origin;

void ls_origin_add(ls_config *config, const char *path, ls_place at) {
  if (at.source == LS_SOURCE_DEFAULT) return;
  void *block;
  if (ls_mem_new(&block, 1, sizeof(origin)) != LS_OK)
    return; /* a note for people: the config is whole without it */
  origin *fresh = block;
  *fresh = (origin){config->origin, ls_mem_text(path), at};
  config->origin = fresh;
}

ls_place ls_origin_find(const ls_config *config, const char *path) {
  for (const origin *it = config->origin; it; it = it->next)
    if (strcmp(it->path, path) == 0) return it->at;
  return (ls_place){.source = LS_SOURCE_DEFAULT};
}

void ls_origin_free(ls_config *config) {
  while (config->origin) {
    origin *gone = config->origin;
    config->origin = gone->next;
    LS_FREE(gone->path);
    LS_FREE(gone);
  }
}
