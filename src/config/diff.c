/* diff.c - two resolved configs, key by key: what is printed of them is compared. */
#include <string.h>

#include "base/mem.h"
#include "config/emit.h"
#include "config/section.h"

typedef struct {
  ls_node_arena *arena;
  ls_config_difference *tell;
  void *context;
} comparison;

static const char *flat(ls_node_arena *arena, const ls_node *node) {
  if (!node) return "(none)";
  ls_buffer out = {0};
  ls_emit_flow(&out, node);
  const char *text = ls_node_arena_text(arena, out.text, out.length);
  LS_FREE(out.text);
  return text;
}

static void compare(const comparison *c, const ls_node *a, const ls_node *b, const char *path,
                    unsigned flags);

static void compare_maps(const comparison *c, const ls_node *a, const ls_node *b, const char *path,
                         unsigned flags) {
  for (const ls_node *child = a->child; child; child = child->next)
    compare(c, child, ls_node_get(b, child->key), ls_section_join(c->arena, path, child->key),
            flags | child->flags);
  for (const ls_node *child = b->child; child; child = child->next)
    if (!ls_node_get(a, child->key))
      compare(c, NULL, child, ls_section_join(c->arena, path, child->key), flags | child->flags);
}

static void compare_lists(const comparison *c, const ls_node *a, const ls_node *b, const char *path,
                          unsigned flags) {
  const ls_node *x = a->child, *y = b->child;
  for (int i = 0; x || y; i++) {
    compare(c, x, y, ls_node_arena_format(c->arena, "%s[%d]", path, i), flags);
    if (x) x = x->next;
    if (y) y = y->next;
  }
}

static void compare(const comparison *c, const ls_node *a, const ls_node *b, const char *path,
                    unsigned flags) {
  if (a && b && a->kind == LS_NODE_MAP && b->kind == LS_NODE_MAP) {
    compare_maps(c, a, b, path, flags);
    return;
  }
  if (a && b && ls_node_has_maps(a) && ls_node_has_maps(b)) {
    compare_lists(c, a, b, path, flags);
    return;
  }
  const char *before = flat(c->arena, a), *after = flat(c->arena, b);
  if (strcmp(before, after) != 0) c->tell(c->context, path, flags, before, after);
}

void ls_config_diff(const ls_config *a, const ls_config *b, ls_config_difference *tell,
                    void *context) {
  ls_node_arena arena = {0};
  ls_node *before = ls_config_print(&arena, a);
  ls_node *after = ls_config_print(&arena, b);
  compare(&(comparison){&arena, tell, context}, before, after, "", 0);
  ls_node_arena_free(&arena);
}
