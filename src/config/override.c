/* override.c - KEY=VALUE of the command line: walking a dotted path through the tree, and making
 * the sections it names. The value gets the place of the override, by which complaints find it.
 * Begin with ls_override_apply -> set. */
#include "config/override.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"

typedef struct {
  ls_report *report;
  ls_place at;
  const char *path; /* the whole KEY */
} setter;

static bool refuse(const setter *s, const char *what) {
  ls_report_add(s->report, s->at, s->path, "%s", what);
  return false;
}

/* "[12]": the number, and past the bracket in *end; -1 if it is none. */
static long index_of(const char *text, const char **end) {
  if (!isdigit((unsigned char)text[1])) return -1;
  char *stop;
  long index = strtol(text + 1, &stop, 10);
  *end = stop + 1;
  return *stop == ']' ? index : -1;
}

static bool put_item(ls_node *list, long index, ls_node *value) {
  ls_node **link = &list->child;
  while (index-- > 0) link = &(*link)->next;
  value->next = (*link)->next;
  if (list->last == *link) list->last = value;
  *link = value;
  return true;
}

static bool set(const setter *s, ls_node *node, const char *rest, ls_node *value);

static bool set_item(const setter *s, ls_node *list, const char *rest, ls_node *value) {
  const char *end;
  long index = index_of(rest, &end), count = ls_node_count(list);
  if (index < 0) return refuse(s, "an item of a list is written as key[0]");
  if (list->kind != LS_NODE_LIST) return refuse(s, "[...] asks for an item, and this is no list");
  if (index >= count) {
    ls_report_add(s->report, s->at, s->path,
                  "there is no item %ld: the list has %ld, counted from 0", index, count);
    return false;
  }
  if (!*end) return put_item(list, index, value);
  return set(s, ls_node_item(list, index), end + (*end == '.'), value);
}

/* A section that was absent or a single value becomes a mapping. */
static ls_node *make_section(const setter *s, ls_node *node, const char *key, ls_node *before) {
  ls_node *section = ls_node_new(s->report->arena, LS_NODE_MAP, NULL);
  section->at = section->key_at = s->at;
  ls_node_put(node, key, section);
  if (before && !ls_node_is_null(before) && strcmp(before->text, "none") != 0)
    section->lone = before;
  return section;
}

static bool set(const setter *s, ls_node *node, const char *rest, ls_node *value) {
  if (*rest == '[') return set_item(s, node, rest, value);
  size_t length = strcspn(rest, ".[");
  if (!length || (rest[length] == '.' && !rest[length + 1]))
    return refuse(s, "a part of the key's path is empty");
  if (node->kind != LS_NODE_MAP)
    return refuse(
        s, "the path goes through a single value or a list; give the whole section as KEY={...}");
  const char *key = ls_node_arena_text(s->report->arena, rest, length), *next = rest + length;
  ls_node *child = ls_node_get(node, key);
  value->key_at = s->at;
  if (!*next) {
    ls_node_put(node, key, value);
    return true;
  }
  if (!child || child->kind == LS_NODE_SCALAR) child = make_section(s, node, key, child);
  return set(s, child, next + (*next == '.'), value);
}

/* A lone mark means itself, whatever it means in YAML: data.separator=| */
static bool is_mark(const char *text) {
  return (*text == ',' || *text == '|' || *text == '#') && !text[1];
}

void ls_override_apply(ls_report *report, ls_node *root, int index) {
  const char *text = report->override[index], *equals = strchr(text, '=');
  setter s = {report, {1 + index, 1, 1}, ""};
  if (!equals || equals == text) {
    refuse(&s, "an override is written KEY=VALUE");
    return;
  }
  s.path = ls_node_arena_text(report->arena, text, (size_t)(equals - text));
  int before = report->count;
  ls_node *value = is_mark(equals + 1)
                       ? ls_node_new(report->arena, LS_NODE_SCALAR,
                                     ls_node_arena_text(report->arena, equals + 1, 1))
                       : ls_yaml_parse(report, s.at.source, s.path, equals + 1, strlen(equals + 1));
  if (report->count > before) return;
  if (!value)
    refuse(&s, "no value behind '='");
  else
    set(&s, root, s.path, value);
}
