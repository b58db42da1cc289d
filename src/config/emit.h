/* emit.h - what is printed of a config is a JSON value; here is its text, as YAML. */
#ifndef LS_CONFIG_EMIT_H
#define LS_CONFIG_EMIT_H

#include "base/buffer.h"
#include "config/node.h"
#include "io/json.h"

/* Block YAML; lists and mappings inside lists on one line. note: what to put behind the value at
 * `path` as a comment, or NULL. */
typedef const char *ls_note(void *context, const char *path);
void ls_emit_yaml(ls_buffer *out, json_t *root, ls_note *note, void *context);
void ls_emit_flow(ls_buffer *out, json_t *value); /* on one line */
/* A list of mappings: layers. */
bool ls_emit_has_maps(const json_t *value);

json_t *ls_emit_number(double value); /* whole ones as integers */
/* What is written without quotes: a number, true or false; else a text. */
json_t *ls_emit_value(const char *text);

#endif
