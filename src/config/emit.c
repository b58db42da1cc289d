#include "config/emit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/number.h"

static void add_quoted(ls_buffer *out, const char *text) {
  ls_buffer_add(out, "\"");
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      ls_buffer_add(out, "\\%c", c);
    else if (c < 0x20 || c == 0x7f)
      ls_buffer_add(out, "\\u%04x", c);
    else
      ls_buffer_add(out, "%c", c);
  }
  ls_buffer_add(out, "\"");
}

/* May a text stand in YAML without quotes, also in a flow list? Words, paths and "1 epoch" may. */
static bool plain(const char *text) {
  if (!isalnum((unsigned char)*text) && *text != '/' && *text != '.' && *text != '_') return false;
  if (strcmp(text, "null") == 0) return false;
  for (const char *c = text; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("/._-+", *c) && !(*c == ' ' && c[1])) return false;
  return true;
}

static void add_scalar(ls_buffer *out, const ls_node *node, bool json) {
  if (!node->quoted || (!json && plain(node->text)))
    ls_buffer_add(out, "%s", node->text);
  else
    add_quoted(out, node->text);
}

static void add_key(ls_buffer *out, const char *key, bool json) {
  if (!json && plain(key))
    ls_buffer_add(out, "%s", key);
  else
    add_quoted(out, key);
}

static void add_flow(ls_buffer *out, const ls_node *node, bool json) {
  if (node->kind == LS_NODE_SCALAR) {
    add_scalar(out, node, json);
    return;
  }
  bool map = node->kind == LS_NODE_MAP;
  ls_buffer_add(out, map ? "{" : "[");
  for (const ls_node *child = node->child; child; child = child->next) {
    if (map) add_key(out, child->key, json);
    if (map) ls_buffer_add(out, ": ");
    add_flow(out, child, json);
    if (child->next) ls_buffer_add(out, ", ");
  }
  ls_buffer_add(out, map ? "}" : "]");
}

typedef struct {
  ls_buffer *out;
  ls_note *note;
  void *context;
  char path[512]; /* of what is being printed */
} emitter;

static void end_line(emitter *e) {
  const char *note = e->note ? e->note(e->context, e->path) : NULL;
  ls_buffer_add(e->out, note ? "  # %s\n" : "\n", note);
}

static void add_items(emitter *e, const ls_node *list, int indent) {
  size_t length = strlen(e->path);
  int i = 0;
  for (const ls_node *item = list->child; item; item = item->next, i++) {
    snprintf(e->path + length, sizeof e->path - length, "[%d]", i);
    ls_buffer_add(e->out, "%*s- ", indent, "");
    add_flow(e->out, item, false);
    end_line(e);
  }
}

static void add_block(emitter *e, const ls_node *map, int indent) {
  size_t length = strlen(e->path);
  for (const ls_node *child = map->child; child; child = child->next) {
    bool items = child->kind == LS_NODE_LIST && child->child && child->child->kind == LS_NODE_MAP;
    bool block = items || (child->kind == LS_NODE_MAP && child->child);
    snprintf(e->path + length, sizeof e->path - length, "%s%s", length ? "." : "", child->key);
    ls_buffer_add(e->out, "%*s", indent, "");
    add_key(e->out, child->key, false);
    ls_buffer_add(e->out, block ? ":\n" : ": ");
    if (items)
      add_items(e, child, indent + 2);
    else if (block)
      add_block(e, child, indent + 2);
    else {
      add_flow(e->out, child, false);
      end_line(e);
    }
  }
  e->path[length] = '\0';
}

void ls_emit_yaml(ls_buffer *out, const ls_node *root, ls_note *note, void *context) {
  add_block(&(emitter){.out = out, .note = note, .context = context}, root, 0);
}

void ls_emit_flow(ls_buffer *out, const ls_node *root) { add_flow(out, root, false); }

void ls_emit_json(ls_buffer *out, const ls_node *root) { add_flow(out, root, true); }
