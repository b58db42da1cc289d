/* key.c - what holds for keys of every kind, and the way through the table. */
#include "config/key.h"

#include <stdio.h>
#include <string.h>

#include "config/emit.h"

const char *ls_key_join(ls_node_arena *arena, const char *path, const char *name) {
  return *path ? ls_node_arena_format(arena, "%s.%s", path, name) : name;
}

json_t *ls_schema_list(json_t *items) {
  return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

json_t *ls_schema_either(json_t *a, json_t *b) { return json_pack("{s:[o, o]}", "anyOf", a, b); }

/* ---- one key ---- */

bool ls_key_refuse(const ls_value *v, const char *why) {
  const ls_key *key = v->key;
  const ls_node *node = v->node;
  ls_report *report = v->rd->report;
  const char *what = ls_key_describe(v->arena, key), *hint = "";
  if (!*why || node->kind != LS_NODE_SCALAR || ls_node_is_null(node)) {
    ls_report_add(report, node->at, v->path, "%s, where %s must be %s", ls_node_kind_text(node),
                  key->name, what);
    return false;
  }
  const char *const word[] = {key->word, NULL};
  if (key->word) hint = ls_report_hint(report, node->text, word);
  if (key->choices && !*hint) hint = ls_report_hint(report, node->text, key->choices);
  ls_place at = node->at.source == LS_SOURCE_DEFAULT ? node->key_at : node->at;
  ls_report_add(report, at, v->path, "'%s' %s: %s must be %s%s", node->text, why, key->name, what,
                hint);
  return false;
}

bool ls_key_parse(const ls_value *v) {
  const ls_key *key = v->key;
  bool single = v->node->kind == LS_NODE_SCALAR;
  if (single && key->word && strcmp(v->node->text, key->word) == 0) {
    if (key->word_value) LS_FIELD(v, int64_t) = key->word_value;
    return true;
  }
  if (ls_node_is_null(v->node) || (!single && !key->kind->nested)) return ls_key_refuse(v, "");
  return key->kind->parse(v);
}

const char *ls_key_describe(ls_node_arena *arena, const ls_key *key) {
  const char *words = key->kind->words;
  if (!words) words = key->kind->describe(&(ls_value){.arena = arena, .key = key});
  return key->word ? ls_node_arena_format(arena, "%s, or %s", words, key->word) : words;
}

json_t *ls_key_schema(const ls_key *key) {
  json_t *schema = key->kind->schema(key);
  if (key->word) schema = ls_schema_either(schema, json_pack("{s:s}", "const", key->word));
  ls_put(schema, "description", key->help);
  if (key->value && !strchr("{[", *key->value))
    ls_put(schema, "default", ls_emit_value(key->value));
  return schema;
}

/* ---- many ---- */

static bool stands_for_type(const ls_key *row) { return row->name && !*row->name; }

const ls_key *ls_key_rows_next(ls_key_rows *rows, const ls_key *section, const char *type,
                               const void *base) {
  if (stands_for_type(rows->next)) {
    ++rows->next;
    if (type) rows->rest = rows->next;
    if (type) rows->next = section->by_type(type, base, &rows->space);
  }
  if (!rows->next->name && rows->rest) {
    rows->next = rows->rest;
    rows->rest = NULL;
  }
  return rows->next->name ? rows->next++ : NULL;
}

typedef struct {
  ls_key_visit *visit;
  void *context;
} walker;

static bool walk_section(const walker *w, const ls_key *section, const char *path,
                         const char *type);

static bool walk_key(const walker *w, const ls_key *key, const char *path, const char *type) {
  char full[256];
  snprintf(full, sizeof full, "%s%s%s", path, *path ? "." : "", key->name);
  if (!w->visit(w->context, full, type, key)) return false;
  if (key->drawn && !walk_section(w, &(ls_key){.sub = key->drawn}, full, type)) return false;
  if (!key->sub) return true;
  if (key->kind->items) strcat(full, key->kind->items);
  return walk_section(w, key, full, key->by_type ? NULL : type);
}

/* Common rows once, then each type's own. */
static bool walk_section(const walker *w, const ls_key *section, const char *path,
                         const char *type) {
  for (const ls_key *key = section->sub; key->name; key++) {
    if (!stands_for_type(key)) {
      if (!walk_key(w, key, path, type)) return false;
      continue;
    }
    for (const char *const *name = section->sub->choices; *name; name++) {
      ls_key_space space;
      for (const ls_key *row = section->by_type(*name, NULL, &space); row->name; row++)
        if (!walk_key(w, row, path, *name)) return false;
    }
  }
  return true;
}

void ls_key_walk(const ls_key *root, ls_key_visit *visit, void *context) {
  walk_section(&(walker){visit, context}, root, "", NULL);
}
