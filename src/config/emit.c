/* emit.c - JSON values as YAML: blocks for mappings, a line for each item of a list of mappings,
 * all else in flow style. What needs no quotes has none (plain), so that a resolved config reads
 * like one that a person wrote. */
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

static void add_scalar(ls_buffer *out, const json_t *value) {
  char number[LS_NUMBER_TEXT];
  if (json_is_string(value))
    add_text(out, json_string_value(value));
  else if (json_is_integer(value))
    ls_buffer_add(out, "%lld", (long long)json_integer_value(value));
  else if (json_is_boolean(value))
    ls_buffer_add(out, "%s", json_is_true(value) ? "true" : "false");
  else {
    ls_number_print(json_real_value(value), number);
    ls_buffer_add(out, "%s", number);
  }
}

void ls_emit_flow(ls_buffer *out, json_t *value) {
  const char *key, *comma = "";
  json_t *child;
  size_t i;
  if (json_is_object(value)) {
    ls_buffer_add(out, "{");
    json_object_foreach(value, key, child) {
      ls_buffer_add(out, "%s", comma);
      add_text(out, key);
      ls_buffer_add(out, ": ");
      ls_emit_flow(out, child);
      comma = ", ";
    }
    ls_buffer_add(out, "}");
  } else if (json_is_array(value)) {
    ls_buffer_add(out, "[");
    json_array_foreach(value, i, child) {
      ls_buffer_add(out, "%s", comma);
      ls_emit_flow(out, child);
      comma = ", ";
    }
    ls_buffer_add(out, "]");
  } else {
    add_scalar(out, value);
  }
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

static void add_items(emitter *e, json_t *list, int indent) {
  size_t length = strlen(e->path), i;
  json_t *item;
  json_array_foreach(list, i, item) {
    snprintf(e->path + length, sizeof e->path - length, "[%zu]", i);
    ls_buffer_add(e->out, "%*s- ", indent, "");
    ls_emit_flow(e->out, item);
    end_line(e);
  }
}

static void add_block(emitter *e, json_t *map, int indent) {
  size_t length = strlen(e->path);
  const char *key;
  json_t *child;
  json_object_foreach(map, key, child) {
    bool items = ls_emit_has_maps(child), block = items || json_object_size(child) > 0;
    snprintf(e->path + length, sizeof e->path - length, "%s%s", length ? "." : "", key);
    ls_buffer_add(e->out, "%*s", indent, "");
    add_text(e->out, key);
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

void ls_emit_yaml(ls_buffer *out, json_t *root, ls_note *note, void *context) {
  add_block(&(emitter){.out = out, .note = note, .context = context}, root, 0);
}

/* ---- values ---- */

bool ls_emit_has_maps(const json_t *value) { return json_is_object(json_array_get(value, 0)); }

json_t *ls_emit_number(double value) {
  char text[LS_NUMBER_TEXT];
  ls_number_print(value, text);
  return ls_emit_value(text);
}

json_t *ls_emit_value(const char *text) {
  double value;
  if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return json_boolean(*text == 't');
  if (ls_number_parse(text, &value) != NULL) return json_string(text);
  if (text[strspn(text, "-0123456789")] || strcmp(text, "-0") == 0) return json_real(value);
  return json_integer(strtoll(text, NULL, 10));
}
