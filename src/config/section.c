/* section.c - a section's rows to and from a struct. They are asked for in order
 * (ls_key_rows_next), since the first may be a type, which says what the others are; a default is
 * parsed as if it stood in the file. Begin with ls_section_parse. */
#include "config/section.h"

#include <string.h>

#include "base/mem.h"
#include "config/emit.h"
#include "config/kinds.h"
#include "config/origin.h"
#include "config/yaml.h"

/* ---- parse ---- */

/* Present, or its default; NULL after a complaint that it is missing. */
static ls_node *member(const ls_value *v, const ls_key *key, const char *path) {
  ls_node *map = v->node, *child = ls_node_get(map, key->name);
  ls_report *report = v->rd->report;
  ls_place at = map->key_at.line ? map->key_at : map->at;
  if (child) {
    child->known = true;
  } else if (key->value) {
    child = ls_yaml_parse(report, LS_SOURCE_DEFAULT, path, key->value, strlen(key->value));
    if (child) child->key_at = at; /* where a complaint about it goes */
  } else {
    ls_report_add(report, at, path, "missing key '%s' (%s)", key->name,
                  ls_key_describe(v->arena, key));
  }
  return child;
}

/* in: the section's mapping and its own struct. */
static bool parse_member(const ls_value *in, const ls_key *key) {
  const char *path = ls_key_join(in->arena, in->path, key->name);
  ls_node *node = member(in, key, path);
  if (!node) return false;
  ls_place at = node->at;
  if (at.source == LS_SOURCE_DEFAULT && key->preset) at.source = LS_SOURCE_PRESET;
  ls_origin_add(in->rd->config, path, at);
  return ls_key_parse(&(ls_value){in->arena, key, in->base, node, path, in->rd});
}

/* A mapping; a lone value stands for {type: value} or the like. NULL after a complaint. */
static ls_node *as_mapping(const ls_value *v) {
  ls_node *map = v->node, *lone = map->lone;
  const char *name = v->key->by_type ? "type" : v->key->lone;
  if (map->kind == LS_NODE_SCALAR && name) {
    lone = map;
    map = ls_node_new(v->arena, LS_NODE_MAP, NULL);
    map->at = lone->at;
    map->key_at = lone->key_at;
  }
  if (map->kind != LS_NODE_MAP || (lone && !name)) {
    ls_value wrong = *v;
    if (lone) wrong.node = lone;
    ls_key_refuse(&wrong, "");
    return NULL;
  }
  if (lone && !ls_node_get(map, name)) {
    ls_node *value = ls_node_new(v->arena, LS_NODE_SCALAR, lone->text);
    value->at = value->key_at = lone->at;
    ls_node_put(map, name, value);
  }
  return map;
}

static json_t *json_of(const ls_node *node) {
  if (node->kind == LS_NODE_SCALAR)
    return node->quoted ? json_string(node->text) : ls_emit_value(node->text);
  json_t *all = node->kind == LS_NODE_MAP ? json_object() : json_array();
  for (const ls_node *child = node->child; child; child = child->next)
    if (child->key)
      ls_put(all, child->key, json_of(child));
    else
      json_array_append_new(all, json_of(child));
  return all;
}

/* A plug-in that is not loaded says neither which keys it has nor which values they take. */
static void keep_unknown(const ls_value *v, char **out) {
  json_t *own = json_object();
  for (const ls_node *child = v->node->child; child; child = child->next)
    if (!child->known) ls_put(own, child->key, json_of(child));
  if (json_object_size(own) > 0) *out = ls_json_line(own);
  json_decref(own);
}

bool ls_section_parse(const ls_value *v) {
  const ls_key *section = v->key, *row;
  const char *type = NULL;
  bool good = true;
  ls_value map = *v;
  map.base = &LS_FIELD(v, char);
  map.node = as_mapping(v);
  if (!map.node) return false;
  ls_key_rows rows = {.next = section->sub};
  while ((row = ls_key_rows_next(&rows, section, type, map.base))) {
    bool read = parse_member(&map, row);
    if (read && section->by_type && row == section->sub) {
      const ls_node *node = ls_node_get(map.node, row->name);
      type = node ? node->text : row->value;
    }
    good = good && read;
  }
  if (section->own && !v->rd->plugins && type && strcmp(type, "plugin") == 0) {
    keep_unknown(&map, &LS_FIELD_AT(&map, own, char *));
    return good;
  }
  for (const ls_node *child = map.node->child; child; child = child->next) {
    if (child->known) continue;
    ls_section_unknown(&map, type, child);
    good = false;
  }
  return good;
}

/* ---- print ---- */

static bool absent(const ls_key *section, const char *base) {
  static const char zeros[8];
  return section->word && memcmp(base + section->sub->at, zeros, sizeof zeros) == 0;
}

json_t *ls_section_print(const ls_value *v) {
  const ls_key *section = v->key, *row;
  ls_value inner = {.base = &LS_FIELD(v, char)};
  if (absent(section, inner.base)) return json_string(section->word);
  json_t *map = json_object();
  const char *type = NULL;
  ls_key_rows rows = {.next = section->sub};
  while ((row = ls_key_rows_next(&rows, section, type, inner.base))) {
    inner.key = row;
    ls_put(map, row->name, row->kind->print(&inner));
    if (section->by_type) type = json_string_value(json_object_get(map, "type"));
  }
  inner.key = section;
  const char *kept = section->own ? LS_FIELD_AT(&inner, own, char *) : NULL;
  json_t *own = kept ? json_loads(kept, 0, NULL) : NULL;
  if (own) json_object_update(map, own);
  json_decref(own);
  return map;
}

/* ---- describe and schema ---- */

const char *ls_section_describe(const ls_value *v) {
  const char *lone = v->key->lone;
  if (lone) return ls_node_arena_format(v->arena, "a mapping, or its %s alone", lone);
  return v->key->by_type ? "a mapping or the name of a type" : "a mapping";
}

/* The section for one type, or for all where it has none. */
static json_t *object(const ls_key *section, const char *type) {
  json_t *properties = json_object(), *required = json_array();
  const ls_key *row;
  ls_key_rows rows = {.next = section->sub};
  while ((row = ls_key_rows_next(&rows, section, type, NULL))) {
    bool is_type = type && row == section->sub, needed = !row->value;
    json_t *schema = is_type ? json_pack("{s:s}", "const", type) : ls_key_schema(row);
    ls_put(properties, row->name, schema);
    if (is_type && !needed) needed = strcmp(row->value, type) != 0;
    if (needed) json_array_append_new(required, json_string(row->name));
  }
  json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
  if (json_array_size(required) > 0) json_object_set(schema, "required", required);
  json_decref(required);
  if (!type || strcmp(type, "plugin") != 0) ls_put(schema, "additionalProperties", json_false());
  return schema;
}

json_t *ls_section_schema(const ls_key *key) {
  for (const ls_key *row = key->sub; key->lone && row->name; row++)
    if (strcmp(row->name, key->lone) == 0)
      return ls_schema_either(object(key, NULL), ls_key_schema(row));
  if (!key->by_type) return object(key, NULL);
  json_t *types = json_array();
  for (const char *const *type = key->sub->choices; *type; type++)
    json_array_append_new(types, object(key, *type));
  json_array_append_new(types, ls_schema_choice(key->sub));
  return json_pack("{s:o}", "anyOf", types);
}

/* ---- free ---- */

static void free_rows(const ls_key *section, const ls_key *row, void *base) {
  for (; row->name; row++) {
    if (row->kind && row->kind->free) row->kind->free(&(ls_value){.key = row, .base = base});
    for (const char *const *type = section->sub->choices; !row->kind && *type; type++) {
      ls_key_space space;
      free_rows(section, section->by_type(*type, NULL, &space), base);
    }
  }
}

void ls_section_free(const ls_value *v) {
  ls_value inner = {.key = v->key, .base = &LS_FIELD(v, char)};
  free_rows(v->key, v->key->sub, inner.base);
  if (v->key->own) LS_FREE(LS_FIELD_AT(&inner, own, char *));
}

/* ---- layers: a list of sections ---- */

/* The layers with every repeat written out. */
static bool put_layers(const ls_value *v, const ls_layer_item *item, int64_t layers) {
  ls_config *config = v->base;
  if (layers > LS_LAYERS_MAX) {
    ls_report_add(v->rd->report, v->node->at, v->path, "%jd layers, and %d are the most", layers,
                  LS_LAYERS_MAX);
    return false;
  }
  config->layer = ls_mem_must((size_t)layers * sizeof *config->layer);
  for (const ls_node *it = v->node->child; it; it = it->next, item++)
    for (int64_t k = 0; k < item->repeat; k++) {
      ls_origin_add(config, ls_node_arena_format(v->arena, "%s[%d]", v->path, config->layers),
                    it->at);
      config->layer[config->layers++] = item->spec;
    }
  return true;
}

/* All items, with their errors, then the list. */
static bool parse_layers(const ls_value *v) {
  if (v->node->kind != LS_NODE_LIST) return ls_key_refuse(v, "is no list");
  if (!v->node->child) {
    ls_report_add(v->rd->report, v->node->at, v->path,
                  "layers is empty: the last layer, {units: out}, is needed at least");
    return false;
  }
  ls_key section = *v->key;
  section.kind = &ls_kind_section;
  section.name = "a layer";
  size_t count = (size_t)ls_node_count(v->node);
  ls_layer_item *item = ls_node_arena_new(v->arena, count * sizeof *item);
  int64_t n = 0, layers = 0;
  bool good = true;
  for (ls_node *it = v->node->child; it; it = it->next, n++) {
    const char *path = ls_node_arena_format(v->arena, "%s[%d]", v->path, (int)n);
    good = ls_key_parse(&(ls_value){v->arena, &section, &item[n], it, path, v->rd}) && good;
    layers += item[n].repeat;
  }
  return good && put_layers(v, item, layers);
}

static json_t *print_layers(const ls_value *v) {
  const ls_config *config = v->base;
  json_t *list = json_array();
  for (int i = 0; i < config->layers; i++) {
    ls_layer_item item = {.spec = config->layer[i]};
    json_array_append_new(list, ls_section_print(&(ls_value){.key = v->key, .base = &item}));
  }
  return list;
}

static json_t *schema_layers(const ls_key *key) {
  json_t *list = ls_schema_list(ls_section_schema(key));
  ls_put(list, "minItems", 1);
  return list;
}

static void free_layers(const ls_value *v) {
  ls_config *config = v->base;
  LS_FREE(config->layer);
}

const ls_kind ls_kind_section = LS_KIND(ls_section_parse, ls_section_print, ls_section_describe,
                                        ls_section_schema, .free = ls_section_free, .nested = true);
const ls_kind ls_kind_layers =
    LS_KIND(parse_layers, print_layers, NULL, schema_layers, .words = "a list of layers",
            .free = free_layers, .nested = true, .items = "[]");
