/* emit.h - nodes to text. */
#ifndef LS_CONFIG_EMIT_H
#define LS_CONFIG_EMIT_H

#include "config/node.h"

/* Block YAML; lists and mappings inside lists on one line. note: what to put behind the value at
 * `path` as a comment, or NULL. */
typedef const char *ls_note(void *context, const char *path);
void ls_emit_yaml(ls_buffer *out, const ls_node *root, ls_note *note, void *context);
/* YAML and JSON on one line. */
void ls_emit_flow(ls_buffer *out, const ls_node *root);
void ls_emit_json(ls_buffer *out, const ls_node *root);

#endif
