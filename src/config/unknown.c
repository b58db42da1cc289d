/* unknown.c - keys that do not belong: is the type another, the place another, or is it a slip of
 * the pen? Begin at the bottom. */
#include <string.h>

#include "config/kinds.h"
#include "config/section.h"

/* Names of the section's types that have this key, "a, b"; NULL if none. */
static const char *types_with(ls_node_arena *arena, const ls_key *section, const char *name) {
  const char *types = NULL;
  if (!section->by_type) return NULL;
  for (const char *const *type = section->sub->choices; *type; type++) {
    ls_key_space space;
    for (const ls_key *row = section->by_type(*type, NULL, &space); row->name; row++)
      if (strcmp(row->name, name) == 0)
        types = types ? ls_node_arena_format(arena, "%s, %s", types, *type) : *type;
  }
  return types;
}

static void refuse_type(const ls_value *v, const char *type, const char *types,
                        const ls_node *child, const char *path) {
  const ls_node *given = ls_node_get(v->node, "type");
  bool changed = given && given->at.source > LS_SOURCE_FILE && child->at.source == LS_SOURCE_FILE;
  ls_report_add(v->rd->report, child->key_at, path,
                "key '%s' does not go with type %s, but with %s%s", child->key, type, types,
                changed ? "; the command line changes the type: give the whole section there, "
                          "SECTION={type: ..., ...}"
                        : "");
}

/* ---- elsewhere in the table ---- */

typedef struct {
  ls_node_arena *arena;
  const char *name;
  const char *found; /* "output or train" */
} search;

/* Several types of a section may have the key, and their rows come in turn. */
static bool is_among(const char *found, const char *section) {
  const size_t length = strlen(section);
  for (const char *at = found; at && (at = strstr(at, section)); at++) {
    const bool begins = at == found || at[-1] == ' ', ends = !at[length] || at[length] == ' ';
    if (begins && ends) return true;
  }
  return false;
}

static bool look(void *context, const char *path, const char *type, const ls_key *key) {
  search *s = context;
  (void)type;
  if (strcmp(key->name, s->name) != 0) return true;
  size_t length = strlen(path) - strlen(key->name);
  const char *section = length ? ls_node_arena_text(s->arena, path, length - 1) : "the top level";
  if (is_among(s->found, section)) return true;
  s->found = s->found ? ls_node_arena_format(s->arena, "%s or %s", s->found, section) : section;
  return true;
}

/* Where the key is: "output or train"; NULL: nowhere. */
static const char *find_section(const ls_value *v, const char *name) {
  search s = {.arena = v->arena, .name = name};
  ls_key_walk(v->rd->root, look, &s);
  return s.found;
}

/* What it is called elsewhere. */
static const char *own_word(const char *name) {
  static const char *const word[][2] = {
      {"rate", "lr"},          {"learning_rate", "lr"},  {"step_size", "lr"},
      {"batch_size", "batch"}, {"max_epochs", "epochs"}, {"num_epochs", "epochs"},
      {"neurons", "units"},    {"width", "units"},       {"max_steps", "steps"}};
  for (size_t i = 0; i < sizeof word / sizeof *word; i++)
    if (strcmp(name, word[i][0]) == 0) return word[i][1];
  return NULL;
}

/* ---- in this section ---- */

enum { NAMES_MAX = 48 };

static bool is_name(const char *name, const char *const *names) {
  for (; *names; names++)
    if (strcmp(*names, name) == 0) return true;
  return false;
}

void ls_section_unknown(const ls_value *v, const char *type, const ls_node *child) {
  ls_node_arena *arena = v->arena;
  const char *name = child->key, *path = ls_key_join(arena, v->path, name);
  const char *types = types_with(arena, v->key, name);
  if (types) { /* where the type itself is wrong, this key may be right */
    if (type) refuse_type(v, type, types, child, path);
    return;
  }
  const char *names[NAMES_MAX + 1] = {0};
  const ls_key *row;
  ls_key_rows rows = {.next = v->key->sub};
  for (int n = 0; n < NAMES_MAX && (row = ls_key_rows_next(&rows, v->key, type, v->base)); n++)
    names[n] = row->name;
  const char *own = own_word(name);
  const char *hint = ls_report_hint(v->rd->report, own && is_name(own, names) ? own : name, names);
  const char *where = *v->path ? v->path : "the top level";
  const char *found = *hint ? NULL : find_section(v, name),
             *own_found = own && !found ? find_section(v, own) : NULL;
  if (*hint)
    ls_report_add(v->rd->report, child->key_at, path, "unknown key '%s'%s", name, hint);
  else if (found)
    ls_report_add(v->rd->report, child->key_at, path,
                  "misplaced key '%s': it is no key of %s, it belongs in %s", name, where, found);
  else if (own_found)
    ls_report_add(v->rd->report, child->key_at, path,
                  "unknown key '%s': it is called '%s' and belongs in %s", name, own, own_found);
  else
    ls_report_add(v->rd->report, child->key_at, path, "unknown key '%s': %s takes %s", name, where,
                  ls_describe_words(arena, names));
}
