/* node.c - an arena of blocks, which is freed as a whole, and the tree of a config's text in it. */
#include "config/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

typedef struct block {
  struct block *older;
  _Alignas(max_align_t) char data[];
} block;

void *ls_node_arena_new(ls_node_arena *arena, size_t bytes) {
  block *fresh = ls_mem_must(sizeof(block) + bytes);
  fresh->older = arena->newest;
  arena->newest = fresh;
  return fresh->data;
}

char *ls_node_arena_text(ls_node_arena *arena, const char *text, size_t length) {
  char *copy = ls_node_arena_new(arena, length + 1);
  return memcpy(copy, text, length);
}

char *ls_node_arena_format(ls_node_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = ls_mem_vformat(format, args), *kept = ls_node_arena_text(arena, text, strlen(text));
  va_end(args);
  ls_mem_free(text);
  return kept;
}

void ls_node_arena_free(ls_node_arena *arena) {
  while (arena->newest) {
    block *gone = arena->newest;
    arena->newest = gone->older;
    ls_mem_free(gone);
  }
}

ls_node *ls_node_new(ls_node_arena *arena, ls_node_kind kind, const char *text) {
  ls_node *node = ls_node_arena_new(arena, sizeof *node);
  node->kind = kind;
  node->text = text;
  node->at.source = node->key_at.source = LS_SOURCE_DEFAULT;
  return node;
}

void ls_node_append(ls_node *parent, ls_node *child) {
  if (parent->last)
    parent->last->next = child;
  else
    parent->child = child;
  parent->last = child;
}

void ls_node_put(ls_node *map, const char *key, ls_node *child) {
  child->key = key;
  for (ls_node **link = &map->child; *link; link = &(*link)->next) {
    if (strcmp((*link)->key, key) != 0) continue;
    child->next = (*link)->next;
    if (map->last == *link) map->last = child;
    *link = child;
    return;
  }
  ls_node_append(map, child);
}

ls_node *ls_node_get(const ls_node *map, const char *key) {
  if (!map || map->kind != LS_NODE_MAP) return NULL;
  for (ls_node *child = map->child; child; child = child->next)
    if (strcmp(child->key, key) == 0) return child;
  return NULL;
}

ls_node *ls_node_item(const ls_node *list, long index) {
  ls_node *item = list && list->kind == LS_NODE_LIST && index >= 0 ? list->child : NULL;
  while (item && index-- > 0) item = item->next;
  return item;
}

long ls_node_count(const ls_node *parent) {
  long count = 0;
  for (const ls_node *child = parent->child; child; child = child->next) count++;
  return count;
}

bool ls_node_is_null(const ls_node *node) {
  if (node->kind != LS_NODE_SCALAR || node->quoted) return false;
  return !node->text[0] || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0;
}

const char *ls_node_kind_text(const ls_node *node) {
  if (ls_node_is_null(node)) return "nothing";
  if (node->kind == LS_NODE_MAP) return "a mapping";
  if (node->kind != LS_NODE_LIST) return "a single value";
  return node->child ? "a list" : "an empty list";
}
