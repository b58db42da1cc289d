/* write.c - struct fields back to nodes. */
#include <string.h>

#include "config/number.h"
#include "config/read.h"
#include "config/yaml.h"

#define FIELD_AT(base, type, offset) ((type const *)((const char *)(base) + (offset)))
#define FIELD(base, type) (*FIELD_AT(base, type, key->at))

/* quoted: a text, where JSON wants quotes and YAML may. */
static ls_node *scalar(ls_node_arena *arena, const char *text, bool quoted) {
  ls_node *node = ls_node_new(arena, LS_NODE_SCALAR, text);
  node->quoted = quoted;
  return node;
}

static ls_node *number(ls_node_arena *arena, double value) {
  return scalar(arena, ls_number_text(arena, value), false);
}

static ls_node *write_int(ls_node_arena *arena, const ls_key *key, const void *base) {
  int64_t value = FIELD(base, int64_t);
  if (key->word && value == key->word_value) return scalar(arena, key->word, true);
  return scalar(arena, ls_node_arena_format(arena, "%lld", (long long)value), false);
}

static ls_node *write_real(ls_node_arena *arena, const ls_key *key, const void *base) {
  double value = FIELD(base, double);
  return key->word && value == 0 ? scalar(arena, key->word, true) : number(arena, value);
}

static ls_node *write_bool(ls_node_arena *arena, const ls_key *key, const void *base) {
  bool value = key->kind == LS_KEY_FLAG ? FIELD(base, double) != 0 : FIELD(base, bool);
  return scalar(arena, value ? "true" : "false", false);
}

static ls_node *write_choice(ls_node_arena *arena, const ls_key *key, const void *base) {
  int i;
  if (key->kind == LS_KEY_SWITCH)
    i = FIELD(base, bool);
  else if (key->kind == LS_KEY_ENUM)
    i = FIELD(base, int);
  else
    i = (int)FIELD(base, double);
  return scalar(arena, key->choices[i], true);
}

/* Of a layer made by hand NULL is the default; else NULL is the word, or nothing to print; "" is
 * the choice none. */
static ls_node *write_text(ls_node_arena *arena, const ls_key *key, const void *base) {
  const char *text = FIELD(base, char *),
             *absent = key->kind == LS_KEY_WORD ? key->value : key->word;
  if (!text) return absent ? scalar(arena, absent, true) : NULL;
  return scalar(arena, *text ? text : "none", true);
}

static ls_node *write_file(ls_node_arena *arena, const ls_key *key, const void *base) {
  const char *text = FIELD(base, char *);
  return text ? scalar(arena, text, true) : NULL;
}

static ls_node *write_set(ls_node_arena *arena, const ls_key *key, const void *base) {
  if (key->extra && !*FIELD_AT(base, bool, key->extra)) return scalar(arena, key->word, true);
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (int i = 0; key->choices[i]; i++)
    if ((&FIELD(base, bool))[i]) ls_node_append(list, scalar(arena, key->choices[i], true));
  return list;
}

static ls_node *every(ls_node_arena *arena, ls_every every) {
  if (every.unit == LS_EVERY_NEVER || every.n == 0) return scalar(arena, "never", true);
  const char *unit = every.unit == LS_EVERY_STEPS ? "step" : "epoch";
  if (every.unit == LS_EVERY_SECONDS) unit = "s";
  bool plural = every.unit != LS_EVERY_SECONDS && every.n != 1;
  return scalar(arena,
                ls_node_arena_format(arena, "%s %s%s", ls_number_text(arena, every.n), unit,
                                     plural ? "s" : ""),
                true);
}

static ls_node *write_every(ls_node_arena *arena, const ls_key *key, const void *base) {
  return every(arena, FIELD(base, ls_every));
}

static ls_node *write_seconds(ls_node_arena *arena, const ls_key *key, const void *base) {
  return every(arena, (ls_every){LS_EVERY_SECONDS, FIELD(base, double)});
}

static ls_node *steps(ls_node_arena *arena, double value, bool epochs) {
  return epochs && value != 0 ? every(arena, (ls_every){LS_EVERY_EPOCHS, value})
                              : number(arena, value);
}

static ls_node *write_steps(ls_node_arena *arena, const ls_key *key, const void *base) {
  return steps(arena, FIELD(base, double), key->extra && *FIELD_AT(base, bool, key->extra));
}

static ls_node *write_list(ls_node_arena *arena, const ls_key *key, const void *base) {
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (int i = 0; i < (int)FIELD(base, double); i++) {
    bool epochs = key->kind == LS_KEY_STEPLIST && FIELD_AT(base, bool, key->extra)[i];
    ls_node_append(list, steps(arena, FIELD_AT(base, double, key->list)[i], epochs));
  }
  return list;
}

static ls_node *write_columns(ls_node_arena *arena, const ls_key *key, const void *base) {
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (char **column = FIELD(base, char **); column && *column; column++)
    ls_node_append(list, scalar(arena, *column, true));
  return list;
}

static ls_node *write_fill(ls_node_arena *arena, const ls_key *key, const void *base) {
  bool there = *FIELD_AT(base, bool, key->extra);
  return there ? number(arena, FIELD(base, double)) : scalar(arena, key->choices[0], true);
}

static ls_node *write_classes(ls_node_arena *arena, const ls_key *key, const void *base) {
  const ls_class_weights *weights = FIELD_AT(base, ls_class_weights, key->at);
  if (!ls_class_weights_given(weights)) return scalar(arena, key->word, true);
  if (weights->balanced) return scalar(arena, key->choices[0], true);
  ls_node *map = ls_node_new(arena, LS_NODE_MAP, NULL);
  for (int i = 0; i < weights->count; i++)
    ls_node_put(map,
                ls_node_arena_text(arena, weights->item[i].name, strlen(weights->item[i].name)),
                number(arena, weights->item[i].weight));
  return map;
}

static ls_node *write_validation(ls_node_arena *arena, const ls_key *key, const void *base) {
  const ls_data_spec *data = base;
  if (data->source[LS_SPLIT_VALIDATION].file) return ls_section_write(arena, key, base);
  return data->validation == 0 ? scalar(arena, key->word, true) : number(arena, data->validation);
}

static ls_node *write_layers(ls_node_arena *arena, const ls_key *key, const void *base) {
  const ls_config *config = base;
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (int i = 0; i < config->layers; i++)
    ls_node_append(list, ls_section_write(arena, key, &(ls_layer_item){.spec = config->layer[i]}));
  return list;
}

/* The layers are written out one by one. */
static ls_node *write_repeat(ls_node_arena *arena, const ls_key *key, const void *base) {
  (void)arena, (void)key, (void)base;
  return NULL;
}

static ls_node *write_optimizer(ls_node_arena *arena, const ls_key *key, const void *base) {
  const ls_optim_spec *spec = base;
  (void)key;
  return scalar(arena, spec->file ? "plugin" : spec->ops->name, true);
}

static ls_node *write_schedule(ls_node_arena *arena, const ls_key *key, const void *base) {
  const ls_schedule_spec *spec = base;
  (void)key;
  return scalar(arena, spec->file ? "plugin" : spec->ops->name, true);
}

ls_node *ls_key_write(ls_node_arena *arena, const ls_key *key, const void *base) {
  static ls_node *(*const kinds[])(ls_node_arena *, const ls_key *, const void *) = {
      [LS_KEY_SECTION] = ls_section_write,
      [LS_KEY_INT] = write_int,
      [LS_KEY_REAL] = write_real,
      [LS_KEY_BOOL] = write_bool,
      [LS_KEY_SWITCH] = write_choice,
      [LS_KEY_ENUM] = write_choice,
      [LS_KEY_WORD] = write_text,
      [LS_KEY_NAME] = write_text,
      [LS_KEY_TEXT] = write_text,
      [LS_KEY_SET] = write_set,
      [LS_KEY_EVERY] = write_every,
      [LS_KEY_SECONDS] = write_seconds,
      [LS_KEY_COLUMNS] = write_columns,
      [LS_KEY_TEXTS] = write_columns,
      [LS_KEY_FILL] = write_fill,
      [LS_KEY_SOURCE] = ls_section_write,
      [LS_KEY_VALIDATION] = write_validation,
      [LS_KEY_LAYERS] = write_layers,
      [LS_KEY_REPEAT] = write_repeat,
      [LS_KEY_CLASSES] = write_classes,
      [LS_KEY_OPTIMIZER] = write_optimizer,
      [LS_KEY_SCHEDULE] = write_schedule,
      [LS_KEY_OPTIMIZER_FILE] = write_file,
      [LS_KEY_SCHEDULE_FILE] = write_file,
      [LS_KEY_WHOLE] = write_real,
      [LS_KEY_FLAG] = write_bool,
      [LS_KEY_INDEX] = write_choice,
      [LS_KEY_STEPS] = write_steps,
      [LS_KEY_REALS] = write_list,
      [LS_KEY_STEPLIST] = write_list,
  };
  return kinds[key->kind](arena, key, base);
}

static bool absent(const ls_key *section, const char *base) {
  static const char zeros[8];
  return section->word && memcmp(base + section->extra, zeros, sizeof zeros) == 0;
}

/* Keys of a plug-in that was not loaded, kept as text by ls_section_read. */
static void write_plugin_keys(ls_node_arena *arena, const char *text, ls_node *map) {
  if (!text) return;
  ls_report report = {.arena = arena, .name = "", .text = text, .bytes = strlen(text)};
  ls_node *own = ls_yaml_parse(&report, LS_SOURCE_DEFAULT, "", text, report.bytes);
  for (ls_node *child = own ? own->child : NULL, *next; child; child = next) {
    next = child->next;
    ls_node_put(map, child->key, child);
  }
}

ls_node *ls_section_write(ls_node_arena *arena, const ls_key *section, const void *outer) {
  const char *base = (const char *)outer + section->at;
  if (absent(section, base)) return scalar(arena, section->word, true);
  ls_node *map = ls_node_new(arena, LS_NODE_MAP, NULL);
  const char *type = section->by_type ? ls_key_write(arena, section->sub, base)->text : NULL;
  ls_key_rows rows;
  ls_key_rows_get(&rows, section, type, base);
  for (int i = 0; i < rows.count; i++) {
    ls_node *node = ls_key_write(arena, rows.row[i], base);
    if (node) ls_node_put(map, rows.row[i]->name, node);
  }
  if (section->list) write_plugin_keys(arena, *(char *const *)(base + section->list), map);
  return map;
}
