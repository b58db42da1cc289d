/* yaml.c - libyaml's events to nodes; refused is what a config has no use for: anchors, tags,
 * duplicate keys, a second document. Begin at the bottom: ls_yaml_parse -> document -> value. */
#include "config/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/utf8.h"

typedef struct {
  ls_report *report;
  char path[512]; /* of what is being read */
  int source;
  const char *text;
  size_t bytes;
  int nodes;
  yaml_parser_t parser;
} reader;

static ls_place place(const reader *rd, yaml_mark_t mark) {
  return (ls_place){rd->source, (int)mark.line + 1, (int)mark.column + 1};
}

/* Line and column of a byte, for what libyaml knows by its offset only. */
static ls_place place_of_byte(const reader *rd, size_t byte) {
  ls_place at = {rd->source, 1, 1};
  for (size_t i = 0; i < byte && i < rd->bytes; i++) {
    if (rd->text[i] != '\n') {
      at.column += ls_utf8_begins(rd->text[i]);
      continue;
    }
    at.line++;
    at.column = 1;
  }
  return at;
}

static ls_node *refuse(reader *rd, ls_place at, const char *what) {
  ls_report_add(rd->report, at, rd->path, "%s", what);
  return NULL;
}

static ls_node *syntax_error(reader *rd) {
  const yaml_parser_t *parser = &rd->parser;
  if (parser->error == YAML_READER_ERROR) {
    ls_report_add(rd->report, place_of_byte(rd, parser->problem_offset), rd->path,
                  "not UTF-8 text: %s", parser->problem);
    return NULL;
  }
  if (parser->error == YAML_MEMORY_ERROR)
    return refuse(rd, place(rd, parser->problem_mark), "out of memory");
  size_t byte = parser->problem_mark.index < rd->bytes ? parser->problem_mark.index : 0;
  const char at = rd->bytes ? rd->text[byte] : 0;
  const char *remedy = at == '\t' ? "; a tab cannot indent, use spaces" : "";
  if (at == '[') remedy = "; a text with brackets in it belongs in quotes";
  ls_report_add(rd->report, place(rd, parser->problem_mark), rd->path, "not YAML: %s%s%s%s",
                parser->problem ? parser->problem : "cannot be read", parser->context ? " " : "",
                parser->context ? parser->context : "", remedy);
  return NULL;
}

static bool next_event(reader *rd, yaml_event_t *event) {
  if (yaml_parser_parse(&rd->parser, event)) return true;
  syntax_error(rd);
  return false;
}

static ls_node *value(reader *rd, yaml_event_t *event, int depth);

static ls_node *scalar(reader *rd, const yaml_event_t *event) {
  ls_place at = place(rd, event->start_mark);
  const char *text = (const char *)event->data.scalar.value;
  size_t length = event->data.scalar.length;
  if (memchr(text, 0, length)) return refuse(rd, at, "a text with a NUL character");
  ls_node *node = ls_node_new(rd->report->arena, LS_NODE_SCALAR,
                              ls_node_arena_text(rd->report->arena, text, length));
  node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  node->at = at;
  return node;
}

/* Go down to a member, "path.key" or "path[3]"; returns the length to come back to. */
static size_t enter(reader *rd, const char *key, long index) {
  size_t length = strlen(rd->path);
  char *end = rd->path + length;
  if (key)
    snprintf(end, sizeof rd->path - length, "%s%s", length ? "." : "", key);
  else
    snprintf(end, sizeof rd->path - length, "[%ld]", index);
  return length;
}

static bool item(reader *rd, ls_node *list, yaml_event_t *event, long index, int depth) {
  size_t up = enter(rd, NULL, index);
  ls_node *node = value(rd, event, depth + 1);
  rd->path[up] = '\0';
  if (node) ls_node_append(list, node);
  return node != NULL;
}

/* One key and its value. False: the document cannot be read further. */
static bool member(reader *rd, ls_node *map, yaml_event_t *event, int depth) {
  ls_place at = place(rd, event->start_mark);
  if (event->type != YAML_SCALAR_EVENT) {
    refuse(rd, at, "a key must be a word");
    return false;
  }
  ls_node *key = value(rd, event, depth + 1);
  yaml_event_t next;
  if (!key || !next_event(rd, &next)) return false;
  size_t up = enter(rd, key->text, 0);
  ls_node *node = value(rd, &next, depth + 1);
  yaml_event_delete(&next);
  const ls_node *first = ls_node_get(map, key->text);
  if (node && first)
    ls_report_add(rd->report, at, rd->path, "key '%s' is here twice, first on line %d", key->text,
                  first->key_at.line);
  rd->path[up] = '\0';
  if (!node) return false;
  node->key = key->text;
  node->key_at = at;
  if (!first) ls_node_append(map, node);
  return true;
}

static ls_node *collection(reader *rd, const yaml_event_t *start, int depth) {
  bool map = start->type == YAML_MAPPING_START_EVENT;
  ls_node *node = ls_node_new(rd->report->arena, map ? LS_NODE_MAP : LS_NODE_LIST, NULL);
  node->at = place(rd, start->start_mark);
  for (long i = 0;; i++) {
    yaml_event_t event;
    if (!next_event(rd, &event)) return NULL;
    bool end = event.type == (map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT), good = true;
    if (!end) good = map ? member(rd, node, &event, depth) : item(rd, node, &event, i, depth);
    yaml_event_delete(&event);
    if (end) return node;
    if (!good) return NULL;
  }
}

/* Anchor and tag stand at the same place in the three events that may carry them, but under three
 * names. */
static bool decorated(const yaml_event_t *event) {
  if (event->type == YAML_SCALAR_EVENT) return event->data.scalar.anchor || event->data.scalar.tag;
  if (event->type == YAML_SEQUENCE_START_EVENT)
    return event->data.sequence_start.anchor || event->data.sequence_start.tag;
  return event->type == YAML_MAPPING_START_EVENT &&
         (event->data.mapping_start.anchor || event->data.mapping_start.tag);
}

static ls_node *value(reader *rd, yaml_event_t *event, int depth) {
  ls_place at = place(rd, event->start_mark);
  if (event->type == YAML_ALIAS_EVENT)
    return refuse(rd, at, "aliases (*name) are not accepted: write the value out");
  if (decorated(event))
    return refuse(rd, at,
                  "anchors (&name) and tags (!name) are not accepted: write the plain value");
  if (depth > LS_YAML_DEPTH_MAX) return refuse(rd, at, "more than 64 levels deep");
  if (++rd->nodes > LS_YAML_NODES_MAX) return refuse(rd, at, "more than 100000 values");
  return event->type == YAML_SCALAR_EVENT ? scalar(rd, event) : collection(rd, event, depth);
}

/* The root of the first document; a second one is an error. */
static ls_node *document(reader *rd) {
  ls_node *root = NULL;
  for (int documents = 0;;) {
    yaml_event_t event;
    if (!next_event(rd, &event)) return NULL;
    bool end = event.type == YAML_STREAM_END_EVENT, good = true;
    if (event.type == YAML_DOCUMENT_START_EVENT && documents++ > 0) {
      refuse(rd, place(rd, event.start_mark), "a second document: a config is one");
      good = false;
    }
    bool is_value = event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
                    event.type == YAML_SEQUENCE_START_EVENT ||
                    event.type == YAML_MAPPING_START_EVENT;
    if (good && is_value) good = (root = value(rd, &event, 1)) != NULL;
    yaml_event_delete(&event);
    if (end || !good) return good ? root : NULL;
  }
}

ls_node *ls_yaml_parse(ls_report *report, int source, const char *path, const char *text,
                       size_t bytes) {
  reader rd = {.report = report, .source = source, .text = text, .bytes = bytes};
  snprintf(rd.path, sizeof rd.path, "%s", path);
  const char *nul = bytes ? memchr(text, 0, bytes) : NULL;
  if (bytes > LS_YAML_BYTES_MAX)
    return refuse(&rd, (ls_place){source, 1, 1}, "larger than 1 MiB: this is no config");
  if (nul)
    return refuse(&rd, place_of_byte(&rd, (size_t)(nul - text)),
                  "a NUL byte: this is no text file");
  if (!yaml_parser_initialize(&rd.parser))
    return refuse(&rd, (ls_place){source, 1, 1}, "out of memory");
  yaml_parser_set_encoding(&rd.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&rd.parser, (const unsigned char *)text, bytes);
  ls_node *root = document(&rd);
  yaml_parser_delete(&rd.parser);
  return root;
}
