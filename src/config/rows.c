/* rows.c - going through the table. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config/table.h"

static void take(ls_key_rows *rows, const ls_key *key) {
  assert(rows->count < LS_ROWS_MAX);
  rows->row[rows->count++] = key;
}

void ls_key_rows_get(ls_key_rows *rows, const ls_key *section, const char *type, const void *base) {
  rows->count = 0;
  for (const ls_key *key = section->sub; key->name; key++) {
    if (key->kind != LS_KEY_BY_TYPE) take(rows, key);
    if (key->kind != LS_KEY_BY_TYPE || !type) continue;
    for (const ls_key *row = section->by_type(type, base, rows->space); row->name; row++)
      take(rows, row);
  }
}

const ls_key *ls_key_rows_find(const ls_key_rows *rows, const char *name) {
  for (int i = 0; i < rows->count; i++)
    if (strcmp(rows->row[i]->name, name) == 0) return rows->row[i];
  return NULL;
}

bool ls_key_required(const ls_key *key) { return key->hyper ? key->hyper->required : !key->value; }

typedef struct {
  ls_visit *visit;
  void *context;
} walker;

static bool walk_section(const walker *w, const ls_key *section, const char *path,
                         const char *type);

static bool walk_key(const walker *w, const ls_key *key, const char *path, const char *type) {
  char full[256];
  snprintf(full, sizeof full, "%s%s%s", path, *path ? "." : "", key->name);
  if (!w->visit(w->context, full, type, key)) return false;
  if (!key->sub) return true;
  if (key->kind == LS_KEY_LAYERS) strcat(full, "[]");
  return walk_section(w, key, full, key->by_type ? NULL : type);
}

/* Common rows once, then each type's own. */
static bool walk_section(const walker *w, const ls_key *section, const char *path,
                         const char *type) {
  for (const ls_key *key = section->sub; key->name; key++) {
    if (key->kind != LS_KEY_BY_TYPE) {
      if (!walk_key(w, key, path, type)) return false;
      continue;
    }
    for (const char *const *name = section->sub->choices; *name; name++) {
      ls_key space[LS_HYPER_MAX + 1];
      for (const ls_key *row = section->by_type(*name, NULL, space); row->name; row++)
        if (!walk_key(w, row, path, *name)) return false;
    }
  }
  return true;
}

void ls_table_walk(ls_visit *visit, void *context) {
  ls_table_init();
  walk_section(&(walker){visit, context}, &ls_table, "", NULL);
}
