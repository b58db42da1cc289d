/* diff.c - two resolved configs, key by key. */
#include <string.h>

#include "base/mem.h"
#include "config/emit.h"
#include "config/read.h"

typedef struct {
  ls_node_arena *arena;
  ls_buffer text;
  ls_node keys; /* a list of the paths */
  int count;
} differences;

static const char *flat(ls_node_arena *arena, const ls_node *node) {
  if (!node) return "(none)";
  ls_buffer out = {0};
  ls_emit_flow(&out, node);
  const char *text = ls_node_arena_text(arena, out.text, out.length);
  LS_FREE(out.text);
  return text;
}

static void compare(differences *d, const ls_node *a, const ls_node *b, const char *path);

static const char *member_path(differences *d, const char *path, const ls_node *child, int index) {
  if (!child->key) return ls_node_arena_format(d->arena, "%s[%d]", path, index);
  return *path ? ls_node_arena_format(d->arena, "%s.%s", path, child->key) : child->key;
}

static void compare_maps(differences *d, const ls_node *a, const ls_node *b, const char *path) {
  for (const ls_node *child = a->child; child; child = child->next)
    compare(d, child, ls_node_get(b, child->key), member_path(d, path, child, 0));
  for (const ls_node *child = b->child; child; child = child->next)
    if (!ls_node_get(a, child->key)) compare(d, NULL, child, member_path(d, path, child, 0));
}

static void compare_lists(differences *d, const ls_node *a, const ls_node *b, const char *path) {
  const ls_node *x = a->child, *y = b->child;
  for (int i = 0; x || y; i++) {
    compare(d, x, y, member_path(d, path, x ? x : y, i));
    if (x) x = x->next;
    if (y) y = y->next;
  }
}

/* Layers are compared one by one, other lists as a whole. */
static bool of_maps(const ls_node *node) {
  return node->kind == LS_NODE_LIST && node->child && node->child->kind == LS_NODE_MAP;
}

static void compare(differences *d, const ls_node *a, const ls_node *b, const char *path) {
  if (a && b && a->kind == LS_NODE_MAP && b->kind == LS_NODE_MAP) {
    compare_maps(d, a, b, path);
    return;
  }
  if (a && b && of_maps(a) && of_maps(b)) {
    compare_lists(d, a, b, path);
    return;
  }
  const char *before = flat(d->arena, a), *after = flat(d->arena, b);
  if (strcmp(before, after) == 0) return;
  ls_buffer_add(&d->text, "%s: %s -> %s\n", path, before, after);
  ls_node_append(&d->keys, ls_node_new(d->arena, LS_NODE_SCALAR, path));
  d->count++;
}

int ls_config_diff(const ls_config *a, const ls_config *b, ls_dump_kind kind, char **out,
                   char ***keys) {
  ls_node_arena arena = {0};
  differences d = {.arena = &arena};
  compare(&d, ls_config_write(&arena, a, kind), ls_config_write(&arena, b, kind), "");
  ls_buffer_add(&d.text, "%s", "");
  *out = d.text.text;
  *keys = ls_mem_must((size_t)(d.count + 1) * sizeof **keys);
  int n = 0;
  for (const ls_node *key = d.keys.child; key; key = key->next)
    (*keys)[n++] = ls_mem_text(key->text);
  ls_node_arena_free(&arena);
  return d.count;
}
