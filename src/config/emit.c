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

static void add_flow(ls_buffer *out, const ls_node *node, bool json) {
  if (node->kind == LS_NODE_SCALAR) {
    add_scalar(out, node, json);
    return;
  }
  bool map = node->kind == LS_NODE_MAP;
  ls_buffer_add(out, map ? "{" : "[");
  for (const ls_node *child = node->child; child; child = child->next) {
    if (map && json) add_quoted(out, child->key);
    if (map) ls_buffer_add(out, json ? ": " : "%s: ", child->key);
    add_flow(out, child, json);
    if (child->next) ls_buffer_add(out, ", ");
  }
  ls_buffer_add(out, map ? "}" : "]");
}

typedef struct {
  ls_buffer *out;
  ls_note *note;
  void *context;
} emitter;

static void end_line(const emitter *e, const char *path) {
  const char *note = e->note ? e->note(e->context, path) : NULL;
  ls_buffer_add(e->out, note ? "  # %s\n" : "\n", note);
}

static void add_block(const emitter *e, const ls_node *map, const char *path, int indent) {
  for (const ls_node *child = map->child; child; child = child->next) {
    char full[512];
    snprintf(full, sizeof full, "%s%s%s", path, *path ? "." : "", child->key);
    ls_buffer_add(e->out, "%*s%s:", indent, "", child->key);
    bool rows = child->kind == LS_NODE_LIST && child->child && child->child->kind == LS_NODE_MAP;
    if (!rows && (child->kind != LS_NODE_MAP || !child->child)) {
      ls_buffer_add(e->out, " ");
      add_flow(e->out, child, false);
      end_line(e, full);
      continue;
    }
    ls_buffer_add(e->out, "\n");
    if (!rows) {
      add_block(e, child, full, indent + 2);
      continue;
    }
    int i = 0;
    for (const ls_node *item = child->child; item; item = item->next, i++) {
      char path_of_item[560];
      snprintf(path_of_item, sizeof path_of_item, "%s[%d]", full, i);
      ls_buffer_add(e->out, "%*s- ", indent + 2, "");
      add_flow(e->out, item, false);
      end_line(e, path_of_item);
    }
  }
}

void ls_emit_yaml(ls_buffer *out, const ls_node *root, ls_note *note, void *context) {
  add_block(&(emitter){out, note, context}, root, "", 0);
}

void ls_emit_flow(ls_buffer *out, const ls_node *root) { add_flow(out, root, false); }

void ls_emit_json(ls_buffer *out, const ls_node *root) { add_flow(out, root, true); }
