/* help.c - the table in words: one key, a section, or all. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "config/read.h"

/* A key as help shows it; types that share it are listed together. */
typedef struct entry {
  const char *path, *types, *takes, *value, *help, *example;
  const ls_key *key; /* of the table itself, or NULL for rows of optimizers and schedules */
  struct entry *next;
} entry;

typedef struct {
  ls_node_arena *arena;
  entry *first, *last;
} collection;

static bool same(const entry *a, const entry *b) {
  return strcmp(a->path, b->path) == 0 && strcmp(a->takes, b->takes) == 0 &&
         strcmp(a->value, b->value) == 0 && strcmp(a->help, b->help) == 0;
}

static bool collect(void *context, const char *path, const char *type, const ls_key *key) {
  collection *all = context;
  const char *value = ls_key_default(all->arena, key);
  const char *meaning = *value ? value : "required";
  if (strcmp(value, "{}") == 0) meaning = "optional";
  const char *example = key->example;
  if (!example && *value) example = value;
  entry fresh = {.path = ls_node_arena_text(all->arena, path, strlen(path)),
                 .types = type,
                 .takes = ls_key_describe(all->arena, key),
                 .value = meaning,
                 .help = key->help,
                 .example = example,
                 .key = key->hyper ? NULL : key};
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
  ls_buffer_add(out, ": %s\n    %s; ", e->help, e->takes);
  bool plain = strcmp(e->value, "required") == 0 || strcmp(e->value, "optional") == 0;
  ls_buffer_add(out, "%s%s\n", plain ? "" : "default ", e->value);
}

/* The types that come from other rooms explain themselves. */
static void add_types(ls_buffer *out, const entry *e) {
  if (e->key && e->key->kind == LS_KEY_OPTIMIZER)
    for (const ls_optim_ops *const *ops = ls_optim_table; *ops; ops++)
      ls_buffer_add(out, "    %s: %s\n", (*ops)->name, (*ops)->help);
  if (e->key && e->key->kind == LS_KEY_SCHEDULE)
    for (const ls_schedule_ops *const *ops = ls_schedule_table; *ops; ops++)
      ls_buffer_add(out, "    %s: %s\n", (*ops)->name, (*ops)->help);
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
  ls_table_walk(collect, &all);
  if (key) key = without_numbers(&arena, key);
  bool exact = key && has_exact(&all, key);
  for (const entry *e = all.first; e; e = e->next) {
    bool chosen = key && (exact ? strcmp(e->path, key) == 0 : names(e->path, key));
    if (key && !chosen && !(exact && below(e->path, key))) continue;
    add_entry(&out, e);
    if (!chosen) continue;
    add_types(&out, e);
    if (e->example)
      ls_buffer_add(&out, "    example: %s: %s\n",
                    strrchr(e->path, '.') ? strrchr(e->path, '.') + 1 : e->path, e->example);
  }
  ls_node_arena_free(&arena);
  return out.text;
}
