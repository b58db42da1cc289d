/* diff.c - two resolved configs, key by key: what is printed of them is compared. */
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "config/emit.h"
#include "config/section.h"
#include "config/table.h"

typedef struct {
  ls_node_arena *arena;
  ls_config_difference *tell;
  void *context;
} comparison;

/* ---- flags of a key, by its path ---- */

typedef struct {
  const char *key;
  unsigned flags;
} search;

static bool add_flags(void *context, const char *path, const char *type, const ls_key *key) {
  search *s = context;
  size_t n = strlen(path);
  (void)type;
  bool within = strncmp(s->key, path, n) == 0 && strchr(".[", s->key[n]);
  if (within) s->flags |= key->flags;
  return true;
}

static unsigned flags_of(const char *key) {
  search s = {.key = key};
  ls_key_walk(ls_table(), add_flags, &s);
  return s.flags;
}

/* ---- values ---- */

static char *flat(const json_t *value) {
  ls_buffer out = {0};
  if (!value) return ls_mem_text("(none)");
  ls_emit_flow(&out, (json_t *)value);
  return out.text;
}

static void compare(const comparison *c, const json_t *a, const json_t *b, const char *path);

static void compare_maps(const comparison *c, json_t *a, json_t *b, const char *path) {
  const char *key;
  json_t *child;
  json_object_foreach(a, key, child) {
    compare(c, child, json_object_get(b, key), ls_key_join(c->arena, path, key));
  }
  json_object_foreach(b, key, child) {
    if (!json_object_get(a, key)) compare(c, NULL, child, ls_key_join(c->arena, path, key));
  }
}

static void compare_lists(const comparison *c, const json_t *a, const json_t *b, const char *path) {
  for (size_t i = 0; i < json_array_size(a) || i < json_array_size(b); i++)
    compare(c, json_array_get(a, i), json_array_get(b, i),
            ls_node_arena_format(c->arena, "%s[%zu]", path, i));
}

/* Layers one by one, other lists as a whole. */
static void compare(const comparison *c, const json_t *a, const json_t *b, const char *path) {
  if (json_is_object(a) && json_is_object(b)) {
    compare_maps(c, (json_t *)a, (json_t *)b, path);
    return;
  }
  if (ls_emit_has_maps(a) && ls_emit_has_maps(b)) {
    compare_lists(c, a, b, path);
    return;
  }
  char *before = flat(a), *after = flat(b);
  if (strcmp(before, after) != 0) c->tell(c->context, path, flags_of(path), before, after);
  LS_FREE(before);
  LS_FREE(after);
}

void ls_config_diff(const ls_config *a, const ls_config *b, ls_config_difference *tell,
                    void *context) {
  ls_node_arena arena = {0};
  json_t *before = ls_config_print(a), *after = ls_config_print(b);
  compare(&(comparison){&arena, tell, context}, before, after, "");
  json_decref(before);
  json_decref(after);
  ls_node_arena_free(&arena);
}
