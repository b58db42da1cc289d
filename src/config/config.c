/* config.c - a config's way in (file, overrides, table, checks) and out (YAML, JSON, differences).
 */
#include "config/config.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/check.h"
#include "config/emit.h"
#include "config/origin.h"
#include "config/override.h"
#include "config/read.h"
#include "config/yaml.h"

static void read_all(ls_reader *rd, const char *text, size_t bytes, int overrides) {
  ls_node *root = ls_yaml_parse(rd->report, LS_SOURCE_FILE, "", text, bytes);
  if (!root && rd->report->count) return;
  if (!root || ls_node_is_null(root)) {
    ls_report_add(rd->report, (ls_place){LS_SOURCE_FILE, 1, 1}, "",
                  "the file is empty; lockstep config init prints one to start from");
    return;
  }
  for (int i = 0; i < overrides && root->kind == LS_NODE_MAP; i++)
    ls_override_apply(rd->report, root, i);
  ls_section_read(rd, &ls_table, root, "", rd->config);
  if (root->kind == LS_NODE_MAP) ls_config_check(rd, root);
}

static ls_status parse(const char *name, const char *text, size_t bytes, char *const *override,
                       int overrides, bool plugins, ls_config **out) {
  ls_config *config;
  *out = NULL;
  if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
    text += 3, bytes -= 3; /* the byte order mark of some editors */
  LS_NEW(config, 1);
  config->file = ls_mem_text(name);
  ls_table_init();
  ls_node_arena arena = {0};
  ls_report report = {
      .arena = &arena, .name = name, .text = text, .bytes = bytes, .override = override};
  ls_reader rd = {&arena, &report, config, plugins};
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

static void free_columns(char **column) {
  for (char **it = column; it && *it; it++) LS_FREE(*it);
  LS_FREE(column);
}

static void free_data(ls_data_spec *data) {
  for (int i = 0; i < data->class_weights.count; i++) LS_FREE(data->class_weights.item[i].name);
  LS_FREE(data->class_weights.item);
  LS_FREE(data->weights);
  free_columns(data->missing.text);
  for (int i = 0; i < 3; i++) {
    ls_source_spec *source = &data->source[i];
    LS_FREE(source->file);
    LS_FREE(source->x);
    LS_FREE(source->y);
    free_columns(source->x_cols);
    free_columns(source->y_cols);
  }
  LS_FREE(data->type);
  LS_FREE(data->dir);
}

void ls_config_free(ls_config **config) {
  ls_config *c = *config;
  if (!c) return;
  free_data(&c->data);
  char **texts[] = {&c->file,           &c->init.file,          &c->loss,
                    &c->optimizer.file, &c->optimizer.preset,   &c->schedule.file,
                    &c->exchange,       &c->early_metric,       &c->keep_best,
                    &c->out_dir,        &c->optimizer.own_keys, &c->schedule.own_keys};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) LS_FREE(*texts[i]);
  LS_FREE(c->layer);
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

ls_node *ls_config_write(ls_node_arena *arena, const ls_config *config, ls_dump_kind kind) {
  bool checkpoint = kind == LS_DUMP_CHECKPOINT;
  ls_table_init();
  ls_node *root = ls_section_write(arena, &ls_table, config);
  for (ls_node **link = &root->child; checkpoint && *link;) {
    bool left_out = strcmp((*link)->key, "output") == 0 || strcmp((*link)->key, "checkpoint") == 0;
    if (left_out)
      *link = (*link)->next;
    else
      link = &(*link)->next;
  }
  return root;
}

char *ls_config_dump(const ls_config *config, ls_dump_kind kind) {
  ls_node_arena arena = {0};
  ls_buffer out = {0};
  ls_emit_yaml(&out, ls_config_write(&arena, config, kind),
               kind == LS_DUMP_ORIGIN ? origin_note : NULL, (void *)config);
  ls_node_arena_free(&arena);
  return out.text;
}

char *ls_config_dump_json(const ls_config *config) {
  ls_node_arena arena = {0};
  ls_buffer out = {0};
  ls_emit_json(&out, ls_config_write(&arena, config, LS_DUMP_PLAIN));
  ls_node_arena_free(&arena);
  return out.text;
}
