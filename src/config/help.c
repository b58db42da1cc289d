/* help.c - the table in words: one key, a section, or all. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "config/key.h"
#include "config/section.h"
#include "config/table.h"

/* A key as help shows it; types that share it are listed together. */
typedef struct entry {
  const char *path, *types, *takes;
  const char *value; /* the default, or "required" or "optional" */
  ls_key key;
  struct entry *next;
} entry;

typedef struct {
  ls_node_arena *arena;
  entry *first, *last;
} collection;

static bool same(const entry *a, const entry *b) {
  return strcmp(a->path, b->path) == 0 && strcmp(a->takes, b->takes) == 0 &&
         strcmp(a->value, b->value) == 0 && strcmp(a->key.help, b->key.help) == 0;
}

static const char *copy(const collection *all, const char *text) {
  return text ? ls_node_arena_text(all->arena, text, strlen(text)) : NULL;
}

static bool collect(void *context, const char *path, const char *type, const ls_key *key) {
  collection *all = context;
  entry fresh = {.path = copy(all, path),
                 .types = type,
                 .takes = ls_key_describe(all->arena, key),
                 .key = *key};
  fresh.value = copy(all, key->value); /* which goes with the row */
  if (!key->example) fresh.key.example = fresh.value;
  if (!key->value) fresh.value = "required";
  if (strcmp(fresh.value, "{}") == 0) fresh.value = "optional";
  for (entry *it = all->first; it; it = it->next) {
    if (!same(it, &fresh)) continue;
    it->types =
        it->types && type ? ls_node_arena_format(all->arena, "%s, %s", it->types, type) : NULL;
    return true;
  }
  entry *kept = ls_node_arena_new(all->arena, sizeof *kept);
  *kept = fresh;
  *(all->last ? &all->last->next : &all->first) = kept;
  all->last = kept;
  return true;
}

static void add_entry(ls_buffer *out, const entry *e) {
  ls_buffer_add(out, "%s", e->path);
  if (e->types) ls_buffer_add(out, " (type %s)", e->types);
  ls_buffer_add(out, ": %s\n    %s; ", e->key.help, e->takes);
  bool plain = strcmp(e->value, "required") == 0 || strcmp(e->value, "optional") == 0;
  ls_buffer_add(out, "%s%s\n", plain ? "" : "default ", e->value);
}

/* Types that come from other rooms explain themselves. */
static void add_types(ls_buffer *out, const entry *e) {
  const ls_key *key = &e->key;
  for (const char *const *type = key->choices; key->kind->explain && *type; type++) {
    const char *help = key->kind->explain(*type);
    if (help) ls_buffer_add(out, "    %s: %s\n", *type, help);
  }
}

/* KEY as help's paths have it: items of lists without their number. */
static char *without_numbers(ls_node_arena *arena, const char *key) {
  char *plain = ls_node_arena_text(arena, key, strlen(key)), *to = plain;
  for (const char *from = key; *from; from++)
    if (!isdigit((unsigned char)*from) || !strchr("[0123456789", from == key ? ' ' : from[-1]))
      *to++ = *from;
  *to = '\0';
  return plain;
}

static bool below(const char *path, const char *key) {
  size_t length = strlen(key);
  return strncmp(path, key, length) == 0 && (path[length] == '.' || path[length] == '[');
}

/* The whole path, or its end. */
static bool names(const char *path, const char *key) {
  size_t length = strlen(path), tail = strlen(key);
  return tail <= length && strcmp(path + length - tail, key) == 0 &&
         (tail == length || path[length - tail - 1] == '.');
}

static bool has_exact(const collection *all, const char *key) {
  for (const entry *e = all->first; e; e = e->next)
    if (strcmp(e->path, key) == 0) return true;
  return false;
}

char *ls_config_help(const char *key) {
  ls_node_arena arena = {0};
  ls_buffer out = {0};
  collection all = {.arena = &arena};
  ls_key_walk(ls_table(), collect, &all);
  if (key) key = without_numbers(&arena, key);
  bool exact = key && has_exact(&all, key);
  for (const entry *e = all.first; e; e = e->next) {
    bool chosen = key && (exact ? strcmp(e->path, key) == 0 : names(e->path, key));
    if (key && !chosen && !(exact && below(e->path, key))) continue;
    add_entry(&out, e);
    if (!chosen) continue;
    add_types(&out, e);
    if (e->key.example) ls_buffer_add(&out, "    example: %s: %s\n", e->key.name, e->key.example);
  }
  ls_node_arena_free(&arena);
  return out.text;
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
    if (names(e->path, key)) return e->path;
  const char **paths = ls_node_arena_new(all->arena, (size_t)(n + 1) * sizeof *paths);
  n = 0;
  for (const entry *e = all->first; e; e = e->next) paths[n++] = e->path;
  return ls_nearest(key, paths);
}

ls_status ls_config_has_key(const ls_config *config, const char *key) {
  ls_node_arena arena = {0};
  collection all = {.arena = &arena};
  ls_status status = LS_OK;
  ls_key_walk(ls_table(), collect, &all);
  const char *plain = without_numbers(&arena, key);
  bool known = has_exact(&all, plain) || is_printed(config, key);
  for (const entry *e = all.first; e && !known; e = e->next) known = below(e->path, plain);
  const char *near = known ? NULL : meant(&all, plain);
  if (near)
    status = ls_fail(LS_ECONFIG, "no config key is called '%s'; did you mean '%s'?", key, near);
  else if (!known)
    status =
        ls_fail(LS_ECONFIG, "no config key is called '%s'; lockstep help keys lists them all", key);
  ls_node_arena_free(&arena);
  return status;
}
