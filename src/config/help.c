/* help.c - the table in words: one key, a section, or all. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "config/key.h"
#include "config/kinds.h"
#include "config/section.h"
#include "config/table.h"

/* Types that share a key are listed together. */
typedef struct entry {
  ls_key_help help;
  const char *plain; /* help.path without_brackets */
  ls_key key;
  struct entry *next;
} entry;

typedef struct {
  ls_node_arena *arena;
  entry *first, *last;
} collection;

static bool same(const entry *a, const entry *b) {
  return strcmp(a->help.path, b->help.path) == 0 && strcmp(a->help.takes, b->help.takes) == 0 &&
         strcmp(a->help.value, b->help.value) == 0 && strcmp(a->key.help, b->key.help) == 0;
}

static const char *copy(const collection *all, const char *text) {
  return text ? ls_node_arena_text(all->arena, text, strlen(text)) : NULL;
}

/* Of items of lists neither brackets nor numbers: layers[].units and layers[0].units are
 * layers.units. */
static char *without_brackets(ls_node_arena *arena, const char *key) {
  char *plain = ls_node_arena_text(arena, key, strlen(key)), *to = plain;
  while (*key) {
    if (*key == '[') key += strcspn(key, "]");
    if (*key && *key != ']') *to++ = *key;
    if (*key) key++;
  }
  *to = '\0';
  return plain;
}

static bool collect(void *context, const char *path, const char *type, const ls_key *key) {
  collection *all = context;
  entry fresh = {.help = {.path = copy(all, path),
                          .types = type,
                          .text = key->help,
                          .takes = ls_key_describe(all->arena, key),
                          .value = "required"},
                 .plain = without_brackets(all->arena, path),
                 .key = *key};
  if (!key->example) fresh.key.example = copy(all, key->value); /* the row's own goes with it */
  if (key->value) fresh.help.value = ls_node_arena_format(all->arena, "default %s", key->value);
  if (key->value && strcmp(key->value, "{}") == 0) fresh.help.value = "optional";
  for (entry *it = all->first; it; it = it->next) {
    if (!same(it, &fresh)) continue;
    bool both = it->help.types && type;
    it->help.types = both ? ls_node_arena_format(all->arena, "%s, %s", it->help.types, type) : NULL;
    return true;
  }
  entry *kept = ls_node_arena_new(all->arena, sizeof *kept);
  *kept = fresh;
  *(all->last ? &all->last->next : &all->first) = kept;
  all->last = kept;
  return true;
}

static void add_entry(ls_buffer *out, const ls_key_help *help) {
  ls_buffer_add(out, "%s", help->path);
  if (help->types) ls_buffer_add(out, " (type %s)", help->types);
  ls_buffer_add(out, ": %s\n    %s; %s\n", help->text, help->takes, help->value);
}

/* Types that come from other rooms explain themselves. */
static void add_types(ls_buffer *out, const entry *e) {
  const ls_key *key = &e->key;
  for (const char *const *type = key->choices; key->kind->explain && *type; type++) {
    const char *help = key->kind->explain(*type);
    if (help) ls_buffer_add(out, "    %s: %s\n", *type, help);
  }
}

static bool below(const char *path, const char *key) {
  size_t length = strlen(key);
  return strncmp(path, key, length) == 0 && path[length] == '.';
}

/* The whole path, or its end. */
static bool names(const char *path, const char *key) {
  size_t length = strlen(path), tail = strlen(key);
  return tail <= length && strcmp(path + length - tail, key) == 0 &&
         (tail == length || path[length - tail - 1] == '.');
}

static bool has_exact(const collection *all, const char *key) {
  for (const entry *e = all->first; e; e = e->next)
    if (strcmp(e->plain, key) == 0) return true;
  return false;
}

char *ls_config_help(const char *key) {
  ls_node_arena arena = {0};
  ls_buffer out = {0};
  collection all = {.arena = &arena};
  ls_key_walk(ls_table(), collect, &all);
  if (key) key = without_brackets(&arena, key);
  bool exact = key && has_exact(&all, key);
  for (const entry *e = all.first; e; e = e->next) {
    bool chosen = key && (exact ? strcmp(e->plain, key) == 0 : names(e->plain, key));
    if (key && !chosen && !(exact && below(e->plain, key))) continue;
    if (!key && out.text && !strchr(e->plain, '.')) ls_buffer_add(&out, "\n");
    add_entry(&out, &e->help);
    if (!chosen) continue;
    add_types(&out, e);
    if (e->key.example) ls_buffer_add(&out, "    example: %s: %s\n", e->key.name, e->key.example);
  }
  ls_node_arena_free(&arena);
  return out.text;
}

void ls_config_each_key(ls_config_key *tell, void *context) {
  ls_node_arena arena = {0};
  collection all = {.arena = &arena};
  ls_key_walk(ls_table(), collect, &all);
  for (const entry *e = all.first; e; e = e->next) tell(context, &e->help);
  ls_node_arena_free(&arena);
}

/* ---- is there such a key? ---- */

/* A plug-in's own keys are no rows of the table. */
static bool is_printed(const ls_config *config, const char *key) {
  json_t *root = ls_config_print(config), *at = root;
  char name[64];
  for (int used; at && sscanf(key, "%63[^.]%n", name, &used) == 1; key += used + (key[used] == '.'))
    at = json_object_get(at, name);
  bool found = at && !*key;
  json_decref(root);
  return found;
}

/* What a wrong key is meant to be: one that ends so, or the nearest. */
static const char *meant(const collection *all, const char *key) {
  int n = 0;
  for (const entry *e = all->first; e; e = e->next, n++)
    if (names(e->help.path, key)) return e->help.path;
  const char **paths = ls_node_arena_new(all->arena, (size_t)(n + 1) * sizeof *paths);
  n = 0;
  for (const entry *e = all->first; e; e = e->next) paths[n++] = e->help.path;
  return ls_nearest(key, paths);
}

ls_status ls_config_has_key(const ls_config *config, const char *key) {
  ls_node_arena arena = {0};
  collection all = {.arena = &arena};
  ls_status status = LS_OK;
  ls_key_walk(ls_table(), collect, &all);
  const char *plain = without_brackets(&arena, key);
  bool known = has_exact(&all, plain) || is_printed(config, key);
  for (const entry *e = all.first; e && !known; e = e->next) known = below(e->help.path, plain);
  if (!known)
    status = ls_fail_near(LS_ECONFIG, meant(&all, plain), "; lockstep help keys lists them all",
                          "no config key is called '%s'", key);
  ls_node_arena_free(&arena);
  return status;
}

typedef struct {
  const char *path;
  bool found, whole;
} kind_search;

static bool look_for_kind(void *context, const char *path, const char *type, const ls_key *key) {
  kind_search *s = context;
  (void)type;
  if (strcmp(path, s->path) != 0) return true;
  s->whole = (!s->found || s->whole) && (key->kind == &ls_kind_int || key->kind == &ls_kind_whole ||
                                         key->kind == &ls_kind_steps);
  s->found = true;
  return true;
}

bool ls_config_key_is_whole(const char *key) {
  ls_node_arena arena = {0};
  kind_search s = {.path = without_brackets(&arena, key)};
  ls_key_walk(ls_table(), look_for_kind, &s);
  ls_node_arena_free(&arena);
  return s.whole;
}
