/* node.h - a config on its way in: a tree of nodes that know where they were written. What YAML
 * gives and what overrides change. Everything lives in an arena and goes at once. */
#ifndef LS_CONFIG_NODE_H
#define LS_CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Blocks that are freed together. */
typedef struct {
  void *newest;
} ls_node_arena;
void *ls_node_arena_new(ls_node_arena *arena, size_t bytes); /* zeroed */
char *ls_node_arena_text(ls_node_arena *arena, const char *text, size_t length);
char *ls_node_arena_format(ls_node_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ls_node_arena_free(ls_node_arena *arena);

enum { LS_SOURCE_DEFAULT = -1, LS_SOURCE_FILE = 0 }; /* 1 + i: override i of the command line */
typedef struct {
  int source, line, column;
} ls_place; /* line and column from 1, column in characters */

typedef enum { LS_NODE_SCALAR, LS_NODE_LIST, LS_NODE_MAP } ls_node_kind;
typedef struct ls_node {
  ls_node_kind kind;
  const char *text; /* scalar */
  bool quoted;      /* scalar: in quotes, so text and never a number */
  ls_place at;
  const char *key; /* as a member of a mapping */
  ls_place key_at;
  struct ls_node *child, *last, *next; /* members in order */
  struct ls_node *lone; /* of a mapping: the value that stood here before an override of a member */
  bool known;           /* some row of the table has asked for it */
} ls_node;

ls_node *ls_node_new(ls_node_arena *arena, ls_node_kind kind, const char *text);
void ls_node_append(ls_node *parent, ls_node *child);
/* Put `child` into a mapping as `key`, instead of what was there. */
void ls_node_put(ls_node *map, const char *key, ls_node *child);
ls_node *ls_node_get(const ls_node *map, const char *key); /* NULL if absent or not a mapping */
ls_node *ls_node_item(const ls_node *list, long index);    /* NULL if out of range */
long ls_node_count(const ls_node *parent);
bool ls_node_is_null(const ls_node *node); /* nothing, ~ or null, not in quotes */
/* For messages: "a mapping", "a list", "a single value", "nothing". */
const char *ls_node_kind_text(const ls_node *node);

#endif
