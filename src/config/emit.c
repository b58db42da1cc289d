/* emit.c - what a config looks like when it is written. */
#include "config/emit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
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

static void add_text(ls_buffer *out, const char *text) {
  if (plain(text))
    ls_buffer_add(out, "%s", text);
  else
    add_quoted(out, text);
}

void ls_emit_flow(ls_buffer *out, const ls_node *node) {
  bool map = node->kind == LS_NODE_MAP;
  if (node->kind == LS_NODE_SCALAR) {
    if (node->quoted)
      add_text(out, node->text);
    else
      ls_buffer_add(out, "%s", node->text);
    return;
  }
  ls_buffer_add(out, map ? "{" : "[");
  for (const ls_node *child = node->child; child; child = child->next) {
    if (map) add_text(out, child->key);
    if (map) ls_buffer_add(out, ": ");
    ls_emit_flow(out, child);
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
    ls_emit_flow(e->out, item);
    end_line(e);
  }
}

static void add_block(emitter *e, const ls_node *map, int indent) {
  size_t length = strlen(e->path);
  for (const ls_node *child = map->child; child; child = child->next) {
    bool items = ls_node_has_maps(child);
    bool block = items || (child->kind == LS_NODE_MAP && child->child);
    snprintf(e->path + length, sizeof e->path - length, "%s%s", length ? "." : "", child->key);
    ls_buffer_add(e->out, "%*s", indent, "");
    add_text(e->out, child->key);
    ls_buffer_add(e->out, block ? ":\n" : ": ");
    if (items)
      add_items(e, child, indent + 2);
    else if (block)
      add_block(e, child, indent + 2);
    else {
      ls_emit_flow(e->out, child);
      end_line(e);
    }
  }
  e->path[length] = '\0';
}

void ls_emit_yaml(ls_buffer *out, const ls_node *root, ls_note *note, void *context) {
  add_block(&(emitter){.out = out, .note = note, .context = context}, root, 0);
}

/* ---- JSON ---- */

json_t *ls_emit_value(const char *text) {
  double value;
  if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return json_boolean(*text == 't');
  if (ls_number_parse(text, &value) != NULL) return json_string(text);
  if (text[strspn(text, "-0123456789")]) return json_real(value);
  return json_integer(strtoll(text, NULL, 10));
}

json_t *ls_emit_json(const ls_node *node) {
  if (node->kind == LS_NODE_SCALAR)
    return node->quoted ? json_string(node->text) : ls_emit_value(node->text);
  json_t *all = node->kind == LS_NODE_MAP ? json_object() : json_array();
  for (const ls_node *child = node->child; child; child = child->next) {
    if (node->kind == LS_NODE_MAP)
      json_object_set_new(all, child->key, ls_emit_json(child));
    else
      json_array_append_new(all, ls_emit_json(child));
  }
  return all;
}
