/* emit.h - nodes to text: YAML, written here; JSON, written by jansson. */
#ifndef LS_CONFIG_EMIT_H
#define LS_CONFIG_EMIT_H

#include "config/node.h"
#include "io/json.h"

/* Block YAML; lists and mappings inside lists on one line. note: what to put behind the value at
 * `path` as a comment, or NULL. */
typedef const char *ls_note(void *context, const char *path);
void ls_emit_yaml(ls_buffer *out, const ls_node *root, ls_note *note, void *context);
/* YAML on one line. */
void ls_emit_flow(ls_buffer *out, const ls_node *root);
json_t *ls_emit_json(const ls_node *root);
/* What is not in quotes: a number, true or false; else a text. */
json_t *ls_emit_value(const char *text);

#endif
