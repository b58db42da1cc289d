/* config.c - a config's way in (file, overrides, table, checks) and out (YAML, JSON, differences).
 * Begin with read_all. */
#include "config/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "config/check.h"
#include "config/emit.h"
#include "config/instead.h"
#include "config/origin.h"
#include "config/override.h"
#include "config/section.h"
#include "config/table.h"
#include "config/yaml.h"
#include "io/regular.h"

static void read_all(ls_reader *rd, const char *text, size_t bytes, int overrides) {
  if (ls_config_is_else(rd->report, text, bytes)) return;
  ls_node *root = ls_yaml_parse(rd->report, LS_SOURCE_FILE, "", text, bytes);
  if (!root && rd->report->count) return;
  if (!root || ls_node_is_null(root)) {
    ls_report_add(rd->report, (ls_place){LS_SOURCE_FILE, 1, 1}, "",
                  "the file is empty; lockstep config init prints one to start from");
    return;
  }
  for (int i = 0; i < overrides && root->kind == LS_NODE_MAP; i++)
    ls_override_apply(rd->report, root, i);
  ls_key_parse(&(ls_value){rd->report->arena, ls_table(), rd->config, root, "", rd});
  if (root->kind == LS_NODE_MAP) ls_config_check(rd, root);
}

static ls_status parse(const char *name, const char *text, size_t bytes, char *const *override,
                       int overrides, bool plugins, ls_config **out) {
  ls_config *config;
  *out = NULL;
  /* the byte order mark of some editors */
  if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    bytes -= 3;
  }
  LS_NEW(config, 1);
  config->file = ls_mem_text(name);
  ls_node_arena arena = {0};
  ls_report report = {
      .arena = &arena, .name = name, .text = text, .bytes = bytes, .override = override};
  ls_reader rd = {&report, config, plugins, ls_table()};
  read_all(&rd, text, bytes, overrides);
  ls_status status = ls_report_end(&report);
  ls_node_arena_free(&arena);
  if (status != LS_OK)
    ls_config_free(&config);
  else
    *out = config;
  return status;
}

ls_status ls_config_parse(const char *name, const char *text, size_t bytes, char *const *override,
                          int overrides, ls_config **out) {
  return parse(name, text, bytes, override, overrides, false, out);
}

ls_status ls_config_parse_and_load(const char *name, const char *text, size_t bytes,
                                   char *const *override, int overrides, ls_config **out) {
  return parse(name, text, bytes, override, overrides, true, out);
}

void ls_config_was_written(ls_config *config) {
  if (config->data.validation.bare) config->data.validation.how = LS_DRAW_LAST;
}

ls_status ls_config_of_run(const char *dir, char *const *override, int overrides, ls_config **out) {
  enum { BYTES_MAX = 16 << 20 };
  char *path = ls_mem_format("%s/config.yaml", dir), *text = NULL;
  size_t bytes = 0;
  *out = NULL;
  ls_status status = ls_regular_read(path, O_NOFOLLOW, &text, &bytes, BYTES_MAX);
  if (status == LS_OK) status = ls_config_parse(path, text, bytes, override, overrides, out);
  if (status == LS_OK) ls_config_was_written(*out);
  LS_FREE(text);
  LS_FREE(path);
  return status;
}

void ls_config_free(ls_config **config) {
  ls_config *c = *config;
  if (!c) return;
  ls_section_free(&(ls_value){.key = ls_table(), .base = c});
  LS_FREE(c->file);
  ls_origin_free(c);
  LS_FREE(*config);
}

static const char *origin_note(void *context, const char *path) {
  static char text[4200];
  const ls_config *config = context;
  ls_place at = ls_origin_find(config, path);
  if (at.source > LS_SOURCE_FILE) return "command line";
  if (at.source == LS_SOURCE_PRESET) return "preset";
  if (at.source == LS_SOURCE_DEFAULT) return "default";
  snprintf(text, sizeof text, "%s:%d", config->file, at.line);
  return text;
}

json_t *ls_config_print(const ls_config *config) {
  return ls_section_print(&(ls_value){.key = ls_table(), .base = (void *)config});
}

char *ls_config_dump(const ls_config *config, ls_dump_kind kind) {
  ls_buffer out = {0};
  json_t *root = ls_config_print(config);
  for (const ls_key *row = ls_table()->sub; row->name && kind == LS_DUMP_CHECKPOINT; row++)
    if (row->flags & LS_KEY_NOT_SAVED) json_object_del(root, row->name);
  ls_emit_yaml(&out, root, kind == LS_DUMP_ORIGIN ? origin_note : NULL, (void *)config);
  json_decref(root);
  return out.text;
}

char *ls_config_dump_json(const ls_config *config) { return ls_json_text(ls_config_print(config)); }

char *ls_config_schema(void) {
  json_t *schema =
      json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                "lockstep config");
  json_t *root = ls_section_schema(ls_table());
  json_object_update(schema, root);
  json_decref(root);
  return ls_json_text(schema);
}
