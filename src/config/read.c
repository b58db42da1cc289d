/* read.c - sections: which keys are there, which are missing, which do not belong. */
#include "config/read.h"

#include <stdio.h>
#include <string.h>

#include "config/emit.h"
#include "config/origin.h"
#include "config/yaml.h"

static const char *join(ls_node_arena *arena, const char *path, const char *name) {
  return *path ? ls_node_arena_format(arena, "%s.%s", path, name) : name;
}

static ls_place named_at(const ls_node *node) {
  return node->key_at.line ? node->key_at : node->at;
}

/* Present, or its default; NULL after a complaint that it is missing. */
static ls_node *member(ls_reader *rd, const ls_key *key, ls_node *map, const char *path) {
  ls_node *child = ls_node_get(map, key->name);
  if (child) {
    child->known = true;
    return child;
  }
  if (ls_key_required(key)) {
    ls_report_add(rd->report, named_at(map), path, "missing key '%s' (%s)", key->name,
                  ls_key_describe(rd->arena, key));
    return NULL;
  }
  const char *value = ls_key_default(rd->arena, key);
  child = ls_yaml_parse(rd->report, LS_SOURCE_DEFAULT, path, value, strlen(value));
  child->key_at = named_at(map); /* where a complaint about it goes */
  return child;
}

static void note_origin(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path) {
  ls_place at = node->at;
  if (at.source == LS_SOURCE_DEFAULT && key->hyper && key->number != key->hyper->value)
    at.source = LS_SOURCE_PRESET;
  ls_origin_add(rd->config, path, at);
}

static bool read_member(ls_reader *rd, const ls_key *key, ls_node *map, const char *path,
                        void *base) {
  const char *full = join(rd->arena, path, key->name);
  ls_node *node = member(rd, key, map, full);
  if (!node) return false;
  note_origin(rd, key, node, full);
  return ls_key_read(rd, key, node, full, base);
}

/* ---- keys that do not belong ---- */

/* Names of the section's other types that have this key, "a, b"; NULL if none. */
static const char *types_with(ls_reader *rd, const ls_key *section, const char *name) {
  const char *types = NULL;
  if (!section->by_type) return NULL;
  for (const char *const *type = section->sub->choices; *type; type++) {
    ls_key space[LS_HYPER_MAX + 1];
    for (const ls_key *row = section->by_type(*type, NULL, space); row->name; row++)
      if (strcmp(row->name, name) == 0)
        types = types ? ls_node_arena_format(rd->arena, "%s, %s", types, *type) : *type;
  }
  return types;
}

typedef struct {
  ls_node_arena *arena;
  const char *name;
  const char *found; /* "output or train" */
  const char *last;
} search;

static bool look(void *context, const char *path, const char *type, const ls_key *key) {
  search *s = context;
  (void)type;
  if (strcmp(key->name, s->name) != 0) return true;
  size_t length = strlen(path) - strlen(key->name);
  const char *section = length ? ls_node_arena_text(s->arena, path, length - 1) : "the top level";
  if (s->last && strcmp(s->last, section) == 0) return true;
  s->found = s->found ? ls_node_arena_format(s->arena, "%s or %s", s->found, section) : section;
  s->last = section;
  return true;
}

static const char *place_of_key(ls_reader *rd, const char *name) {
  search s = {.arena = rd->arena, .name = name};
  ls_table_walk(look, &s);
  return s.found;
}

static const char *row_hint(ls_reader *rd, const ls_key_rows *rows, const char *name) {
  const char *names[LS_ROWS_MAX + 1];
  for (int i = 0; i < rows->count; i++) names[i] = rows->row[i]->name;
  names[rows->count] = NULL;
  return ls_report_hint(rd->report, name, names);
}

static const char *row_list(ls_reader *rd, const ls_key_rows *rows) {
  const char *list = "";
  for (int i = 0; i < rows->count; i++)
    list = ls_node_arena_format(rd->arena, "%s%s%s", list, i ? ", " : "", rows->row[i]->name);
  return list;
}

static void refuse_unknown(ls_reader *rd, const ls_key *section, const ls_node *map,
                           const char *type, const void *base, const ls_node *child,
                           const char *path) {
  const char *name = child->key, *full = join(rd->arena, path, name),
             *types = types_with(rd, section, name), *elsewhere;
  if (types && !type) return; /* the type is wrong, so this key may be right */
  if (types) {
    const ls_node *type_node = ls_node_get(map, "type");
    bool changed =
        type_node && type_node->at.source > LS_SOURCE_FILE && child->at.source == LS_SOURCE_FILE;
    ls_report_add(rd->report, child->key_at, full,
                  "key '%s' does not go with type %s, but with %s%s", name, type, types,
                  changed ? "; the command line changes the type: give the whole section there, "
                            "SECTION={type: ..., ...}"
                          : "");
    return;
  }
  ls_key_rows rows;
  ls_key_rows_get(&rows, section, type, base);
  const char *hint = row_hint(rd, &rows, name), *where = *path ? path : "the top level";
  if (!*hint && (elsewhere = place_of_key(rd, name)))
    ls_report_add(rd->report, child->key_at, full,
                  "misplaced key '%s': it is no key of %s, it belongs in %s", name, where,
                  elsewhere);
  else if (*hint)
    ls_report_add(rd->report, child->key_at, full, "unknown key '%s'%s", name, hint);
  else
    ls_report_add(rd->report, child->key_at, full, "unknown key '%s': %s takes %s", name, where,
                  row_list(rd, &rows));
}

/* ---- sections ---- */

/* A mapping, or the lone value that stands for {type: word} or the like; NULL after a complaint. */
static ls_node *as_mapping(ls_reader *rd, const ls_key *section, ls_node *node, const char *path) {
  if (node->kind == LS_NODE_MAP) return node;
  const char *lone = section->by_type ? "type" : section->lone;
  if (node->kind == LS_NODE_SCALAR && lone && !ls_node_is_null(node)) {
    ls_node *map = ls_node_new(rd->arena, LS_NODE_MAP, NULL),
            *value = ls_node_new(rd->arena, LS_NODE_SCALAR, node->text);
    map->at = value->at = value->key_at = node->at;
    map->key_at = node->key_at;
    ls_node_put(map, lone, value);
    return map;
  }
  ls_report_add(rd->report, node->at, path, "%s, where %s must be %s", ls_node_kind_text(node),
                *path ? section->name : "a config", ls_key_describe(rd->arena, section));
  return NULL;
}

static bool read_rows(ls_reader *rd, const ls_key *section, ls_node *map, const char *path,
                      char *base, const char **type) {
  bool good = true;
  for (const ls_key *key = section->sub; key->name; key++) {
    ls_key space[LS_HYPER_MAX + 1];
    bool by_type = key->kind == LS_KEY_BY_TYPE;
    const ls_key *row = key;
    if (by_type) row = *type ? section->by_type(*type, base, space) : NULL;
    for (; row && row->name; row++) {
      bool read = read_member(rd, row, map, path, base);
      if (row == section->sub && section->by_type && read)
        *type = ls_key_write(rd->arena, row, base)->text;
      good = good && read;
      if (!by_type) break;
    }
  }
  return good;
}

/* A plug-in that is not loaded says neither which keys it has nor which values they take. */
static bool keep_plugin_keys(ls_reader *rd, const ls_key *section, ls_node *map, char *base,
                             const char *type) {
  if (rd->plugins || !section->list || !type || strcmp(type, "plugin") != 0) return false;
  ls_node *own = ls_node_new(rd->arena, LS_NODE_MAP, NULL);
  for (const ls_node *child = map->child; child; child = child->next) {
    if (child->known) continue;
    ls_node *copy = ls_node_arena_new(rd->arena, sizeof *copy);
    *copy = *child;
    copy->next = NULL;
    ls_node_append(own, copy);
  }
  ls_buffer text = {0};
  if (own->child) ls_emit_flow(&text, own);
  *(char **)(base + section->list) = text.text;
  return true;
}

bool ls_section_read(ls_reader *rd, const ls_key *section, ls_node *node, const char *path,
                     void *outer) {
  char *base = (char *)outer + section->at;
  if (section->word && node->kind == LS_NODE_SCALAR && strcmp(node->text, section->word) == 0)
    return true;
  ls_node *map = as_mapping(rd, section, node, path);
  if (!map) return false;
  const char *type = NULL;
  bool good = read_rows(rd, section, map, path, base, &type);
  if (keep_plugin_keys(rd, section, map, base, type)) return good;
  for (const ls_node *child = map->child; child; child = child->next) {
    if (child->known) continue;
    refuse_unknown(rd, section, map, type, base, child, path);
    good = false;
  }
  return good;
}
