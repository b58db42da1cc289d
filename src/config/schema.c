/* schema.c - the table as JSON schema, for editors that complete and check YAML. */
#include <math.h>
#include <string.h>

#include "config/emit.h"
#include "config/number.h"
#include "config/read.h"

static ls_node *text(ls_node_arena *arena, const char *value) {
  ls_node *node = ls_node_new(arena, LS_NODE_SCALAR, value);
  double number;
  node->quoted =
      ls_number_parse(value, &number) && strcmp(value, "true") != 0 && strcmp(value, "false") != 0;
  return node;
}

static ls_node *map(ls_node_arena *arena) { return ls_node_new(arena, LS_NODE_MAP, NULL); }

static ls_node *put(ls_node_arena *arena, ls_node *to, const char *key, const char *value) {
  ls_node_put(to, key, text(arena, value));
  return to;
}

static ls_node *list(ls_node_arena *arena, const char *const *words) {
  ls_node *node = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (; words && *words; words++) ls_node_append(node, text(arena, *words));
  return node;
}

static ls_node *of_type(ls_node_arena *arena, const char *type) {
  return put(arena, map(arena), "type", type);
}

static ls_node *either(ls_node_arena *arena, ls_node *a, ls_node *b) {
  ls_node *node = map(arena), *both = list(arena, NULL);
  ls_node_append(both, a);
  ls_node_append(both, b);
  ls_node_put(node, "anyOf", both);
  return node;
}

static ls_node *number(ls_node_arena *arena, const ls_key *key, const char *type) {
  ls_node *node = of_type(arena, type);
  if (key->min > -INFINITY)
    put(arena, node, key->open_min ? "exclusiveMinimum" : "minimum",
        ls_number_text(arena, key->min));
  if (key->max < INFINITY)
    put(arena, node, key->open_max ? "exclusiveMaximum" : "maximum",
        ls_number_text(arena, key->max));
  return node;
}

static ls_node *choice(ls_node_arena *arena, const char *const *choices) {
  ls_node *node = map(arena);
  ls_node_put(node, "enum", list(arena, choices));
  return node;
}

static ls_node *list_of(ls_node_arena *arena, ls_node *items) {
  ls_node *node = of_type(arena, "array");
  ls_node_put(node, "items", items);
  return node;
}

static ls_node *number_or_text(ls_node_arena *arena) {
  return either(arena, of_type(arena, "number"), of_type(arena, "string"));
}

static ls_node *schema_of(ls_node_arena *arena, const ls_key *key);

/* The section for one type, or for all where it has none. */
static ls_node *object(ls_node_arena *arena, const ls_key *section, const char *type) {
  ls_node *node = of_type(arena, "object"), *properties = map(arena), *required = list(arena, NULL);
  ls_key_rows rows;
  ls_key_rows_get(&rows, section, type, NULL);
  for (int i = 0; i < rows.count; i++) {
    const ls_key *key = rows.row[i];
    bool is_type = type && key == section->sub;
    ls_node_put(properties, key->name,
                is_type ? put(arena, map(arena), "const", type) : schema_of(arena, key));
    bool assumed = is_type && key->value && strcmp(key->value, type) == 0;
    if (ls_key_required(key) || (is_type && !assumed))
      ls_node_append(required, text(arena, key->name));
  }
  ls_node_put(node, "properties", properties);
  if (required->child) ls_node_put(node, "required", required);
  if (!type || strcmp(type, "plugin") != 0) put(arena, node, "additionalProperties", "false");
  return node;
}

static ls_node *lone_value(ls_node_arena *arena, const ls_key *section) {
  ls_key_rows rows;
  ls_key_rows_get(&rows, section, NULL, NULL);
  return schema_of(arena, ls_key_rows_find(&rows, section->lone));
}

static ls_node *section(ls_node_arena *arena, const ls_key *key) {
  if (key->lone) return either(arena, object(arena, key, NULL), lone_value(arena, key));
  if (!key->by_type) return object(arena, key, NULL);
  ls_node *node = map(arena), *types = list(arena, NULL);
  for (const char *const *type = key->sub->choices; *type; type++)
    ls_node_append(types, object(arena, key, *type));
  ls_node_append(types, choice(arena, key->sub->choices));
  ls_node_put(node, "anyOf", types);
  return node;
}

static ls_node *bare(ls_node_arena *arena, const ls_key *key) {
  switch (key->kind) {
    case LS_KEY_SECTION:
    case LS_KEY_SOURCE:
      return section(arena, key);
    case LS_KEY_LAYERS:
      return put(arena, list_of(arena, section(arena, key)), "minItems", "1");
    case LS_KEY_CLASSES: {
      ls_node *weights = of_type(arena, "object");
      ls_node_put(weights, "additionalProperties", number(arena, key, "number"));
      return either(arena, choice(arena, key->choices), weights);
    }
    case LS_KEY_VALIDATION:
      return either(arena, number(arena, key, "number"), section(arena, key));
    case LS_KEY_INT:
    case LS_KEY_REPEAT:
    case LS_KEY_WHOLE:
      return number(arena, key, "integer");
    case LS_KEY_REAL:
      return number(arena, key, "number");
    case LS_KEY_BOOL:
    case LS_KEY_FLAG:
      return of_type(arena, "boolean");
    case LS_KEY_TEXT:
    case LS_KEY_OPTIMIZER_FILE:
    case LS_KEY_SCHEDULE_FILE:
    case LS_KEY_SECONDS:
      return of_type(arena, "string");
    case LS_KEY_SET:
      return list_of(arena, choice(arena, key->choices));
    case LS_KEY_COLUMNS:
    case LS_KEY_TEXTS:
      return list_of(arena, number_or_text(arena));
    case LS_KEY_FILL:
      return either(arena, of_type(arena, "number"), choice(arena, key->choices));
    case LS_KEY_EVERY:
    case LS_KEY_STEPS:
      return number_or_text(arena);
    case LS_KEY_REALS:
      return list_of(arena, of_type(arena, "number"));
    case LS_KEY_STEPLIST:
      return list_of(arena, number_or_text(arena));
    default:
      return choice(arena, key->choices);
  }
}

static ls_node *schema_of(ls_node_arena *arena, const ls_key *key) {
  ls_node *node = bare(arena, key);
  if (key->word && key->kind != LS_KEY_TEXT)
    node = either(arena, node, put(arena, map(arena), "const", key->word));
  put(arena, node, "description", key->help)->last->quoted = true;
  const char *value = ls_key_default(arena, key);
  if (*value && *value != '{' && *value != '[') put(arena, node, "default", value);
  return node;
}

char *ls_config_schema(void) {
  ls_node_arena arena = {0};
  ls_buffer out = {0};
  ls_table_init();
  ls_node *root =
      put(&arena, map(&arena), "$schema", "https://json-schema.org/draft/2020-12/schema");
  put(&arena, root, "title", "lockstep config");
  for (ls_node *child = object(&arena, &ls_table, NULL)->child, *next; child; child = next) {
    next = child->next;
    child->next = NULL;
    ls_node_append(root, child);
  }
  ls_emit_json(&out, root);
  ls_node_arena_free(&arena);
  return out.text;
}
